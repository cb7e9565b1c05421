"""Manifest, index files and head of a view, derived from those of the hub: no store, no clock, the same for everybody.

Tables are in the hub's paths; only the manifest that is written has the paths of the view.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import duckdb

from gdac.manifest.files import digest, write_manifest
from gdac.manifest.head import Head, IndexEntry, ManifestEntry, ViewOf, render_head
from gdac.manifest.model import MANIFEST_COLUMNS
from gdac.manifest.names import index_key, parse_name
from gdac.manifest.seal import kept_manifests
from sync.views.definition import Definition
from sync.views.indexes import filter_index, load_placed, with_ten_lines
from sync.views.select import select_paths

_COLUMNS: Final = ", ".join(MANIFEST_COLUMNS)


@dataclass(frozen=True, slots=True)
class Derived:
    """A view of one serial.

    Attributes:
        head: its head.
        raw: the head's bytes.
        made: files that were made for it, by their keys in the view: index files, copies of them, the manifest.
    """

    head: Head
    raw: bytes
    made: Mapping[str, Path]


def view_of(definition: Definition, hub: Head) -> ViewOf:
    """What the head of a view says of its origin."""
    return ViewOf(hub.archive, hub.serial, hub.manifest.sha256, definition.text)


def issue_again(before: Head, hub: Head) -> Head:
    """The head of a view whose hub has issued its own again: the same serial with other times and texts."""
    return replace(
        before,
        published=hub.published,
        expires=hub.expires,
        title=hub.title,
        licence=hub.licence,
        doi=hub.doi,
        generator=hub.generator,
    )


def derive(
    con: duckdb.DuckDBPyConnection,
    definition: Definition,
    hub: Head,
    hub_rows: str,
    originals: Mapping[str, Path],
    out: str,
    workdir: Path,
    before: Head | None,
) -> Derived:
    """Derive a view.

    Args:
        con: an open connection.
        definition: which view.
        hub: the hub's head.
        hub_rows: manifest-shaped table or view of that head.
        originals: the hub's index files by archive path, each a file under the index's own name.
        out: manifest-shaped view to make: what the view holds, by the hub's paths.
        workdir: an empty directory to write into.
        before: the head that the view shows now, whose manifests are kept as a hub keeps its own; None for a new one.

    Raises:
        RefusedError: an index file is not sound.
    """
    _select_data(con, definition, hub_rows, originals, workdir)
    archive = definition.archive_id(hub.archive)
    made: dict[str, Path] = {}
    entries: list[IndexEntry] = []
    con.execute("create or replace temp table view_indexes (path varchar, size bigint, sha256 blob, md5 blob)")
    for entry in hub.indexes:
        kept = _filtered(con, definition, originals[entry.path], workdir)
        sha256 = digest(kept)
        key = index_key(parse_name(entry.name).serial, sha256, entry.path.rpartition("/")[2])
        entries.append(replace(entry, name=key.partition("/")[2], sha256=sha256, size=kept.stat().st_size))
        shown = _shown(definition, kept, workdir)
        con.execute("insert into view_indexes values (?, ?, ?, ?)", [entry.path, *_measured(shown)])
        made |= {key: kept, definition.how.place(entry.path): shown}
    con.execute(
        f"create or replace temp view {out} as select * from view_data union all"
        " select i.path, i.size, i.sha256, i.md5, h.modified, h.date_update, h.serial"
        f" from view_indexes i join {hub_rows} h on h.path = i.path"
    )
    manifest = _write(con, definition, out, archive, hub, workdir)
    made[manifest.key] = workdir / manifest.name
    head = replace(
        hub,
        archive=archive,
        manifest=manifest,
        manifests=_kept(before, hub),
        deltas=(),
        indexes=tuple(entries),
        view_of=view_of(definition, hub),
    )
    return Derived(head, render_head(head), made)


def _kept(before: Head | None, hub: Head) -> tuple[ManifestEntry, ...]:
    if before is None:
        return ()
    return kept_manifests(before) if before.serial < hub.serial else before.manifests


def _select_data(
    con: duckdb.DuckDBPyConnection,
    definition: Definition,
    hub_rows: str,
    originals: Mapping[str, Path],
    workdir: Path,
) -> None:
    """Make ``view_data``: rows of the hub's manifest that the view holds, without index files."""
    con.execute("create or replace temp table index_paths as select unnest(?::varchar[]) as path", [list(originals)])
    con.execute(
        f"create or replace temp view hub_data as select {_COLUMNS} from {hub_rows} anti join index_paths using (path)"
    )
    if definition.filter.is_empty:
        con.execute(f"create or replace temp view view_data as select {_COLUMNS} from hub_data")
        return
    placed = load_placed(con, list(originals.values()), workdir) if definition.filter.by_cycle else []
    select_paths(con, definition.filter, "hub_data", placed, "view_paths")
    for table in placed:
        con.execute(f"drop table {table}")
    con.execute(
        f"create or replace temp view view_data as select {_COLUMNS} from hub_data semi join view_paths using (path)"
    )


def _filtered(con: duckdb.DuckDBPyConnection, definition: Definition, original: Path, workdir: Path) -> Path:
    if definition.filter.is_empty:
        return original
    dest = workdir / "filtered" / original.name
    dest.parent.mkdir(exist_ok=True)
    filter_index(con, original, "view_paths", dest, workdir)
    return dest


def _shown(definition: Definition, kept: Path, workdir: Path) -> Path:
    if definition.how.header_lines is None:
        return kept
    dest = workdir / "shown" / kept.name
    dest.parent.mkdir(exist_ok=True)
    return dest if with_ten_lines(kept, dest) else kept


def _measured(file: Path) -> tuple[int, bytes, bytes]:
    with file.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").digest()
        stream.seek(0)
        md5 = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).digest()
    return file.stat().st_size, sha256, md5


def _write(
    con: duckdb.DuckDBPyConnection, definition: Definition, rows: str, archive: str, hub: Head, workdir: Path
) -> ManifestEntry:
    values = ", ".join(name for name in MANIFEST_COLUMNS if name != "path")
    con.execute(
        f"create or replace temp view view_placed as select {definition.how.place_sql('path')} as path, {values}"
        f" from {rows}"
    )
    origin = asdict(view_of(definition, hub)) | {"definition": json.loads(definition.text)}
    file = write_manifest(con, "view_placed", workdir, archive=archive, serial=hub.serial, view_of=origin)
    assert file.rows is not None
    assert file.bytes is not None
    return ManifestEntry(hub.serial, file.name, file.sha256, file.size, file.rows, file.bytes, hub.sealed)
