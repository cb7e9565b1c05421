"""What there is to say about a sealed archive on this disk: its head, its records, what is known of DOI snapshots."""

from pathlib import Path

from gdac.errors import RefusedError
from gdac.manifest.doi import SNAPSHOTS_KEY, Snapshots, parse_snapshots
from gdac.manifest.head import Head
from gdac.manifest.local import need_head
from gdac.manifest.model import Link
from gdac.manifest.record import Record, parse_record
from gdac.manifest.trust import check_sealed
from gdac.paths import MANIFEST_DIR
from vocab.described import Described
from vocab.names import Names


def described_tree(tree: Path, names: Names | None = None) -> Described:
    """Read what descriptions of an archive are made from.

    Args:
        tree: directory that holds ``manifest/``: a sealed archive, or copies of its sealed files.
        names: our IRIs; None takes the base under which the hub itself mints them, as its newest record says.

    Raises:
        GdacError: it is not sealed.
        RefusedError: a record is not the one that the head or the record after it names.
    """
    head = need_head(tree)
    records = read_records(tree, head)
    if names is None:
        names = Names(records[0].about.base) if records else Names()
    return Described(head, records, _snapshots(tree), names)


def read_records(tree: Path, head: Head) -> tuple[Record, ...]:
    """The records from the head's serial back, newest first, as far as they are at hand.

    Raises:
        RefusedError: a record is not the one that the head or the record after it names.
    """
    found: list[Record] = []
    link = None if head.record is None else Link(head.record.serial, head.record.name, head.record.sha256)
    while link is not None:
        file = tree / MANIFEST_DIR / link.name
        if not file.is_file():
            break
        check_sealed(file, link.sha256)
        record = parse_record(file.read_bytes())
        if record.serial != link.serial or (found and record.archive != found[0].archive):
            raise RefusedError(f"{file} is the record of serial {record.serial} of archive {record.archive}.")
        found.append(record)
        link = record.previous
    return tuple(found)


def _snapshots(tree: Path) -> Snapshots | None:
    file = tree / SNAPSHOTS_KEY
    return parse_snapshots(file.read_bytes()) if file.is_file() else None
