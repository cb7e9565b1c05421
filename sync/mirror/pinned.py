"""A mirror pinned to one serial: the archive as that serial had it, from bytes wherever they still are.

It is a view (docs/views.md): an archive of its own, whose id follows from the hub's and from the serial, and which
never moves on. Its manifest follows from the hub's manifests and deltas. Bytes come from the hub where they are still
there (under their path, current or superseded, or under another one), else from the vault; what nobody has any more is
an exception.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import RefusedError, StoreError
from gdac.manifest.chain import Past
from gdac.manifest.files import write_manifest
from gdac.manifest.head import (
    Advance,
    ForkError,
    Head,
    IndexEntry,
    ManifestEntry,
    RecordEntry,
    ViewOf,
    check_successor,
    render_head,
)
from gdac.manifest.model import MANIFEST_COLUMNS, Link
from gdac.manifest.names import index_key
from gdac.manifest.states import open_past
from gdac.paths import ArchivePath, Kind
from gdac.store import NotFoundError, Store
from sync.files import index_stamp
from sync.hub.plan import private_paths
from sync.mirror.aim import Aim, keep_manifest, of_archive
from sync.sealed.copies import Copies, Shown, fetch_file
from sync.sealed.past import PastFiles
from sync.sealed.records import record_entry
from sync.transfer import BadTransferError
from sync.vault.vault import vault_key
from sync.views.definition import Definition
from sync.views.layout import LAYOUTS

#: The head of a state that never moves on is never stale.
NEVER: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
#: More lost files than this are not named one by one: such a state cannot be shown.
MOST_LOST: Final = 100_000
_COLUMNS: Final = ", ".join(MANIFEST_COLUMNS)


@dataclass(frozen=True, slots=True)
class Pin:
    """Which state a mirror shall show for good.

    Attributes:
        when: a serial, or a day (UTC): its last serial is meant.
        vault: where superseded bytes lie by digest, opened; None where there is none.
    """

    when: int | date
    vault: Store | None = None


async def aim_at_serial(
    connection: duckdb.DuckDBPyConnection,
    pin: Pin,
    origin: Store,
    hub: Shown,
    there: Shown | None,
    hub_copies: Copies,
    copies: Copies,
    files: PastFiles,
    workdir: Path,
    *,
    adopt: bool,
) -> Aim:
    """A pinned mirror shows a head derived from the hub's past; makes ``goal`` unless the mirror is there already.

    Args:
        connection: an open connection.
        pin: which state.
        origin: the hub.
        hub: its newest head.
        there: the head that the mirror shows.
        hub_copies: local copies of the hub's newest sealed files.
        copies: those of the mirror.
        files: the hub's past.
        workdir: for temporary files.
        adopt: another archive there is taken over.

    Raises:
        HeadError: the mirror shows another archive, or was made from another serial of that number.
        RefusedError: that state cannot be told, or holds what must not be published.
        GdacError: a store failed.
    """
    past, serial = await files.state(pin.when, with_digest=True)
    definition = Definition(serial=serial)
    archive = definition.archive_id(hub.head.archive)
    before = of_archive(there, archive, adopt=adopt)
    if before is not None and there is not None:
        _check_origin(before, past.manifests.get(serial))
        return Aim(before, there.raw, Advance.SAME, before, copies, LAYOUTS["gdac"], is_view=True)
    open_past(connection, past, serial, "hub_past")
    connection.execute(f"create or replace temp view goal as select {_COLUMNS} from hub_past")
    _check_public(connection, serial)
    await hub_copies.load_manifest(connection, origin, hub.head, "hub_rows")
    made = workdir / "pinned"
    made.mkdir()
    indexes = await _indexes(connection, pin, origin, hub.head, workdir / "originals")
    record = await record_entry(hub_copies, origin, hub.head, serial)
    head, manifest = _head(connection, definition, past, serial, hub.head, indexes, record, made)
    keep_manifest(manifest, copies)
    advance = check_successor(None, head) if there is None else Advance.SNAPSHOT
    return Aim(
        head,
        render_head(head),
        advance,
        None,
        copies,
        LAYOUTS["gdac"],
        sealed={entry.path: entry.key for entry in head.indexes},
        made={
            head.manifest.key: manifest,
            **{entry.key: indexes[entry.path] for entry in head.indexes},
            **{entry.path: indexes[entry.path] for entry in head.indexes},
        },
        is_view=True,
        elsewhere=_elsewhere(connection),
    )


def lost_notes(missing: Mapping[str, str], most: int = 20) -> tuple[str, ...]:
    """What cannot be had any more, for the operator."""
    if not missing:
        return ()
    paths = sorted(missing)
    notes = [f"cannot be had: {path}" for path in paths[:most]]
    if len(paths) > most:
        notes.append(f"and {len(paths) - most:,} more that cannot be had; manifest/mirror.json names them all.")
    return tuple(notes)


def _check_origin(before: Head, known: Link | None) -> None:
    seen = before.view_of
    if seen is not None and known is not None and known.sha256 != seen.sha256:
        raise ForkError(
            f"the hub's manifest of serial {seen.serial} has SHA-256 {known.sha256}, but the mirror was made from"
            f" {seen.sha256}.",
            hint="A sealed serial never changes: ask the hub's operator before you follow either.",
        )


def _check_public(connection: duckdb.DuckDBPyConnection, serial: int) -> None:
    found = private_paths(connection, "goal")
    if found:
        path, why = min(found.items())
        more = f" (and {len(found) - 1:,} more paths)" if len(found) > 1 else ""
        raise RefusedError(
            f"serial {serial} holds {path!a}{more}, which must not be published: {why}. Nothing was touched.",
            hint="Choose a serial without it.",
        )


def _elsewhere(connection: duckdb.DuckDBPyConnection) -> dict[str, str | None]:
    """Where the hub has the bytes of files that it changed or took out since; None: surely not under their own path."""
    connection.execute(
        "create or replace temp table overtaken as select g.path, g.sha256, h.path is not null as is_other"
        " from goal g left join hub_rows h on h.path = g.path where h.path is null or h.sha256 <> g.sha256"
    )
    rows = connection.execute(
        "select o.path, min(h.path), bool_or(o.is_other) from overtaken o left join hub_rows h on h.sha256 = o.sha256"
        " group by o.path having min(h.path) is not null or bool_or(o.is_other)"
    ).fetchall()
    return {path: other for path, other, _ in rows}


async def _indexes(
    connection: duckdb.DuckDBPyConnection, pin: Pin, origin: Store, hub: Head, folder: Path
) -> dict[str, Path]:
    """The index files of that state that somebody still has, as local files by their paths."""
    known = [entry.path for entry in hub.indexes]
    rows = connection.execute(
        "select g.path, g.size, g.sha256, g.serial, h.sha256 is not distinct from g.sha256 from goal g"
        " left join hub_rows h on h.path = g.path"
        " where not contains(g.path, '/') or g.path in (select unnest($1::varchar[])) order by g.path",
        [known],
    ).fetchall()
    kept = {entry.sha256: entry.key for entry in hub.indexes}
    found = {}
    for path, size, raw, serial, is_there in rows:
        if path not in known and ArchivePath.parse(path).kind is not Kind.INDEX:
            continue
        sha256 = bytes(raw).hex()
        places = [(origin, kept.get(sha256) or index_key(serial, sha256, path.rpartition("/")[2]))]
        places += [(origin, path)] if is_there else []
        places += [(pin.vault, vault_key(bytes(raw)))] if pin.vault is not None else []
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if await _fetch_from(places, file, sha256, size):
            found[path] = file
    return found


async def _fetch_from(places: Sequence[tuple[Store, str]], file: Path, sha256: str, size: int) -> bool:
    """Fetch a file from the first place that has these bytes; whether one has."""
    for store, key in places:
        try:
            await fetch_file(store, key, file, sha256, size)
        except StoreError as error:
            if not isinstance(error, BadTransferError) and not isinstance(error.__cause__, NotFoundError):
                raise
        else:
            return True
    return False


def _head(
    connection: duckdb.DuckDBPyConnection,
    definition: Definition,
    past: Past,
    serial: int,
    hub: Head,
    indexes: Mapping[str, Path],
    record: RecordEntry | None,
    folder: Path,
) -> tuple[Head, Path]:
    """The head, and the manifest that it names."""
    archive, sealed = definition.archive_id(hub.archive), _sealed(past, serial)
    view = ViewOf(hub.archive, serial, _digest(connection, past, serial, folder), definition.text)
    told = asdict(view) | {"definition": json.loads(definition.text)}
    file = write_manifest(connection, "goal", folder, archive=archive, serial=serial, view_of=told)
    assert file.rows is not None
    assert file.bytes is not None
    manifest = ManifestEntry(serial, file.name, file.sha256, file.size, file.rows, file.bytes, sealed)
    head = Head(
        archive=archive,
        serial=serial,
        sealed=sealed,
        published=sealed,
        expires=NEVER,
        manifest=manifest,
        manifests=(),
        deltas=(),
        indexes=_index_entries(connection, indexes),
        title=hub.title,
        licence=hub.licence,
        doi=hub.doi,
        generator=hub.generator,
        view_of=view,
        record=record,
    )
    return head, file.path


def _index_entries(connection: duckdb.DuckDBPyConnection, indexes: Mapping[str, Path]) -> tuple[IndexEntry, ...]:
    rows = connection.execute(
        "select path, size, lower(hex(sha256)), serial from goal where path in (select unnest($1::varchar[]))"
        " order by path",
        [list(indexes)],
    ).fetchall()
    entries = []
    for path, size, sha256, serial in rows:
        key = index_key(serial, sha256, path.rpartition("/")[2])
        updated = None
        with suppress(RefusedError, OSError, EOFError):
            updated = index_stamp(indexes[path])
        entries.append(IndexEntry(path, key.partition("/")[2], sha256, size, updated))
    return tuple(entries)


def _sealed(past: Past, serial: int) -> datetime:
    """When it was sealed; no later than the first serial after it of which that is known."""
    return past.times[min(known for known in past.times if known >= serial)]


def _digest(connection: duckdb.DuckDBPyConnection, past: Past, serial: int, folder: Path) -> str:
    """The digest of the hub's manifest of that serial: as the head or a record states it, else made again."""
    known = past.manifests.get(serial)
    if known is not None:
        return known.sha256
    older = max((one for one in past.manifests if one < serial), default=None)
    previous = None if older is None else past.manifests[older]
    file = write_manifest(connection, "goal", folder, archive=past.archive, serial=serial, previous=previous)
    file.path.unlink()
    return file.sha256
