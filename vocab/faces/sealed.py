"""A sealed archive on a local disk, opened for its descriptions."""

from pathlib import Path

from gdac.errors import GdacError
from gdac.manifest.doi import SNAPSHOTS_KEY, Snapshots, parse_snapshots
from gdac.manifest.head import Head
from gdac.manifest.local import need_head
from gdac.manifest.model import Link
from gdac.manifest.record import Record, parse_record
from gdac.manifest.trust import check_sealed
from gdac.paths import MANIFEST_DIR
from vocab.described import Described
from vocab.names import Names


def open_described(tree: Path, names: Names) -> Described:
    """What a sealed tree's own files say of it.

    Args:
        tree: root of the archive.
        names: IRIs.

    Raises:
        GdacError: the tree is not sealed, or a file of it is not what the head says.
    """
    head = need_head(tree)
    return Described(head, _records(tree, head), _snapshots(tree), names)


def _records(tree: Path, head: Head) -> tuple[Record, ...]:
    """Back from the newest, as far as they are there; every one is named by digest."""
    found: list[Record] = []
    newest = head.record
    link = None if newest is None else Link(newest.serial, newest.name, newest.sha256)
    while link is not None:
        file = tree / MANIFEST_DIR / link.name
        if not file.is_file():
            break
        check_sealed(file, link.sha256)
        found.append(parse_record(file.read_bytes()))
        link = found[-1].previous
    return tuple(found)


def _snapshots(tree: Path) -> Snapshots | None:
    try:
        raw = (tree / SNAPSHOTS_KEY).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GdacError(f"{tree / SNAPSHOTS_KEY} cannot be read: {error.strerror or error}.") from error
    return parse_snapshots(raw)
