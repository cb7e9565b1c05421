"""The next serial, prepared: manifest, delta, index copies and head in a staging directory, in the order to publish.

Nothing here knows a store or a clock. Whoever publishes writes `Seal.files` in their order and `Seal.head_raw` last, by
compare-and-swap where the store can; a crash before that leaves the old head, and all it names, untouched.
"""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb

from gdac import __version__
from gdac.errors import RefusedError
from gdac.manifest import delta as deltas
from gdac.manifest.files import digest, write_delta, write_manifest
from gdac.manifest.head import (
    MAX_DELTAS,
    DeltaEntry,
    Head,
    IndexEntry,
    Licence,
    ManifestEntry,
    RecordEntry,
    render_head,
)
from gdac.manifest.model import MANIFEST_COLUMNS, DeltaCounts, Link, SealedFile
from gdac.manifest.names import index_key, record_key
from gdac.manifest.record import About as RunAbout
from gdac.manifest.record import DeltaFacts, ManifestFacts, Record, render_record

#: Where `prepare_seal` leaves the rows of the delta, in its connection.
DELTA_TABLE: Final = "sealed_delta"
#: Full manifests that a head lists besides the newest: a year of weeks. Older ones are found by their links.
MAX_MANIFESTS: Final = 52
CC_BY_4: Final = Licence("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/")
#: The Argo GDAC's own DOI (Ifremer/SEANOE).
ARGO_DOI: Final = "10.17882/42182"
TITLE: Final = "Argo float data and metadata"


@dataclass(frozen=True, slots=True)
class About:
    """What a head says for people and catalogues."""

    title: str = TITLE
    licence: Licence = CC_BY_4
    doi: str | None = ARGO_DOI
    generator: str = f"argo-gdac {__version__}"


@dataclass(frozen=True, slots=True)
class IndexFile:
    """An index file of the state to be sealed.

    Attributes:
        path: its path in the archive.
        file: where its bytes lie now.
        updated: stamp in its header ("Date of update"), UTC to the second; None where it has none.
    """

    path: str
    file: Path
    updated: datetime | None


@dataclass(frozen=True, slots=True)
class Seal:
    """A serial ready to be published.

    Attributes:
        head: the new head.
        head_raw: its bytes; published last.
        files: what to publish before it, in this order: index copies, manifest, delta, record. Empty when nothing
            changed.
        counts: what changed; all zero for a re-issued head; None for the first serial. The rows themselves are in the
            connection's table `DELTA_TABLE`.
    """

    head: Head
    head_raw: bytes
    files: tuple[SealedFile, ...]
    counts: DeltaCounts | None

    @property
    def is_new(self) -> bool:
        """Whether there is a new serial (else only the head is new)."""
        return bool(self.files)


def prepare_seal(
    con: duckdb.DuckDBPyConnection,
    *,
    base: Head | None,
    base_table: str | None,
    new_table: str,
    archive: str,
    now: datetime,
    staging: Path,
    expires_after: timedelta,
    indexes: Sequence[IndexFile] = (),
    about: About | None = None,
    run: RunAbout | None = None,
) -> Seal:
    """Prepare the next serial of an archive.

    Args:
        con: an open connection.
        base: newest head; None for the first serial.
        base_table: manifest-shaped table or view of the base's serial; None exactly when ``base`` is.
        new_table: manifest-shaped table or view of the state to seal; its ``serial`` column, if any, is not looked at.
        archive: id of the archive: the base's, or a fresh uuid4 for the first serial.
        now: UTC.
        staging: an empty directory to write into.
        expires_after: how long the head is fresh.
        indexes: all index files of the state; those that changed are copied into ``staging``.
        about: texts of the head; None keeps the base's, or takes the defaults for a first serial.
        run: what the record of the serial says of the run that seals; None for a serial without a record.

    Returns:
        The seal: a new serial, or the base's serial with a re-issued head when no row differs.

    Raises:
        RefusedError: rows break a rule, the base is of another archive, or an index file is not the one in the table.
    """
    if (base is None) != (base_table is None):
        raise ValueError("base and base_table come together")
    if base is not None and base.archive != archive:
        raise RefusedError(f"the base is of archive {base.archive}, not {archive}; nothing was sealed.")
    now = now.astimezone(UTC).replace(microsecond=0)
    if base is not None:
        now = max(now, base.published)  # a clock that was set back must not make the new head look older
    about = about or (About() if base is None else About(base.title, base.licence, base.doi, base.generator))
    order = _Order(con, new_table, archive, now, staging, now + expires_after, tuple(indexes), about, run)
    if base is None or base_table is None:
        return _first(order)
    counts = deltas.diff(con, base_table, new_table, DELTA_TABLE)
    if counts.rows == 0:
        head = replace(base, published=now, expires=order.expires, **order.texts())
        return Seal(head, render_head(head), (), counts)
    return _next(order, base, base_table, counts)


@dataclass(frozen=True, slots=True)
class _Order:
    """What `prepare_seal` was asked for."""

    con: duckdb.DuckDBPyConnection
    table: str
    archive: str
    now: datetime
    staging: Path
    expires: datetime
    indexes: tuple[IndexFile, ...]
    about: About
    run: RunAbout | None

    def texts(self) -> dict[str, Any]:
        return {name: getattr(self.about, name) for name in ("title", "licence", "doi", "generator")}


def _first(order: _Order) -> Seal:
    copies, entries = _copy_indexes(order, (), 1)
    columns = ", ".join(name for name in MANIFEST_COLUMNS if name != "serial")
    order.con.execute(f"CREATE OR REPLACE TEMP VIEW sealed_rows AS SELECT {columns}, 1 AS serial FROM {order.table}")
    manifest = write_manifest(order.con, "sealed_rows", order.staging, archive=order.archive, serial=1)
    head = _head(order, 1, manifest, manifests=(), listed=(), indexes=entries)
    head, records = _recorded(order, head, None)
    return Seal(head, render_head(head), (*copies, manifest, *records), None)


def _next(order: _Order, base: Head, base_table: str, counts: DeltaCounts) -> Seal:
    serial = base.serial + 1
    copies, entries = _copy_indexes(order, base.indexes, serial)
    before = base.deltas[-1] if base.deltas else None
    delta = write_delta(
        order.con,
        DELTA_TABLE,
        order.staging,
        archive=base.archive,
        from_serial=base.serial,
        serial=serial,
        previous=Link(before.serial, before.name, before.sha256) if before else None,
    )
    kept = kept_manifests(base)
    # The delta was made from these two tables, so it fits: no second look at the base.
    state = deltas.state_sql(base_table, DELTA_TABLE, serial)
    order.con.execute(f"CREATE OR REPLACE TEMP VIEW sealed_rows AS {state}")
    manifest = write_manifest(
        order.con,
        "sealed_rows",
        order.staging,
        archive=base.archive,
        serial=serial,
        previous=Link(kept[-1].serial, kept[-1].name, kept[-1].sha256) if kept else None,
    )
    entry = DeltaEntry(
        serial,
        delta.name,
        delta.sha256,
        delta.size,
        counts.rows,
        counts.added,
        counts.changed,
        counts.removed,
        counts.renamed,
        counts.bytes,
        order.now,
    )
    listed = (*base.deltas, entry)[-MAX_DELTAS:]
    head = _head(order, serial, manifest, manifests=kept, listed=listed, indexes=entries)
    head, records = _recorded(order, head, base.record)
    return Seal(head, render_head(head), (*copies, manifest, delta, *records), counts)


def _recorded(order: _Order, head: Head, before: RecordEntry | None) -> tuple[Head, tuple[SealedFile, ...]]:
    """The head with the record of its serial, and the record as a file; as it was where no run is told of."""
    if order.run is None:
        return head, ()
    manifest, delta = head.manifest, head.deltas[-1] if head.deltas else None
    words = ("name", "sha256", "size", "rows", "added", "changed", "removed", "renamed", "bytes")
    record = Record(
        archive=head.archive,
        serial=head.serial,
        sealed=head.sealed,
        previous=Link(before.serial, before.name, before.sha256) if before else None,
        manifest=ManifestFacts(manifest.name, manifest.sha256, manifest.size, manifest.rows, manifest.bytes),
        delta=DeltaFacts(*(getattr(delta, word) for word in words)) if delta else None,
        about=replace(order.run, run=replace(order.run.run, started=min(order.run.run.started, head.sealed))),
    )
    raw = render_record(record)
    sha256 = hashlib.sha256(raw).hexdigest()
    file = SealedFile(record_key(head.serial, sha256), order.staging / "record.json", sha256, len(raw))
    file.path.write_bytes(raw)
    return replace(head, record=RecordEntry(head.serial, file.name, sha256, len(raw))), (file,)


def kept_manifests(base: Head) -> tuple[ManifestEntry, ...]:
    """Older full manifests that the head after ``base`` lists: the first of each ISO week, the newest 52 of them."""
    weeks = {entry.sealed.isocalendar()[:2] for entry in base.manifests}
    if base.manifest.sealed.isocalendar()[:2] in weeks:
        return base.manifests
    return (*base.manifests, base.manifest)[-MAX_MANIFESTS:]


def _head(
    order: _Order,
    serial: int,
    manifest: SealedFile,
    *,
    manifests: tuple[ManifestEntry, ...],
    listed: tuple[DeltaEntry, ...],
    indexes: tuple[IndexEntry, ...],
) -> Head:
    assert manifest.rows is not None
    assert manifest.bytes is not None
    newest = ManifestEntry(
        serial, manifest.name, manifest.sha256, manifest.size, manifest.rows, manifest.bytes, order.now
    )
    return Head(
        archive=order.archive,
        serial=serial,
        sealed=order.now,
        published=order.now,
        expires=order.expires,
        manifest=newest,
        manifests=manifests,
        deltas=listed,
        indexes=indexes,
        **order.texts(),
    )


def _copy_indexes(
    order: _Order, before: Sequence[IndexEntry], serial: int
) -> tuple[list[SealedFile], tuple[IndexEntry, ...]]:
    """Copy the index files that changed into the staging directory; check each against the rows to be sealed."""
    known = {entry.path: entry for entry in before}
    sealed = _sealed_digests(order)
    copies, entries = [], []
    for index in sorted(order.indexes, key=lambda index: index.path.encode()):
        sha256 = digest(index.file)
        if sealed.get(index.path) != sha256:
            raise RefusedError(
                f"index {index.path} at {index.file} is not the one in the state to be sealed; nothing was sealed.",
                hint="It changed meanwhile: run again.",
            )
        entry = known.get(index.path)
        if entry is None or entry.sha256 != sha256:
            copy = _copy(index, sha256, serial, order.staging)
            copies.append(copy)
            entry = IndexEntry(index.path, copy.name, sha256, copy.size, index.updated)
        entries.append(entry)
    return copies, tuple(entries)


def _sealed_digests(order: _Order) -> dict[str, str]:
    paths = [index.path for index in order.indexes]
    found = order.con.execute(
        f"SELECT path, lower(hex(sha256)) FROM {order.table} WHERE path IN (SELECT unnest($1::VARCHAR[]))", [paths]
    )
    return dict(found.fetchall())


def _copy(index: IndexFile, sha256: str, serial: int, staging: Path) -> SealedFile:
    key = index_key(serial, sha256, index.path.rpartition("/")[2])
    target = staging / "index" / key.rpartition("/")[2]
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(index.file, target)
    if digest(target) != sha256:
        raise RefusedError(f"index {index.path} changed while it was copied; nothing was sealed.", hint="Run again.")
    return SealedFile(key, target, sha256, target.stat().st_size)
