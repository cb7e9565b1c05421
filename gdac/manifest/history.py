"""Which bytes stood under which path, from which serial to which: questions about single files, asked of deltas.

A *stay* is the time that certain bytes were under a certain path: from the serial that brought them to the one with
which they left. Columns all the way: deltas are read with the paths or digests asked for pushed down into the reader,
and every sealed file is hashed once per process (`gdac.manifest.trust`). A path that any delta names needs no manifest.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import duckdb

from gdac.manifest.chain import Past, survey
from gdac.manifest.files import quoted, readable, scan_of, scan_of_all
from gdac.manifest.head import Head
from gdac.manifest.model import MANIFEST_COLUMNS, VALUES, ManifestError
from gdac.manifest.states import state_at
from gdac.manifest.trust import check_sealed
from gdac.paths import ArchivePath, PathError

__all__ = ["STAY_COLUMNS", "FileState", "History", "file_state", "find_digest", "history_of", "state_at"]

_TIMES: Final = ("modified", "date_update")
#: Columns of tables of stays: the fields of `FileState`.
STAY_COLUMNS: Final = ("path", "size", "sha256", "modified", "date_update", "serial", "until", "how", "from_path")


@dataclass(frozen=True, slots=True)
class FileState:
    """One stay of certain bytes under a path; times are UTC.

    Attributes:
        path: where.
        size: bytes.
        sha256: their digest.
        modified: time of the bytes at their source, as the newest row of the stay has it.
        date_update: DATE_UPDATE as the index listed it, likewise; None where no index does.
        serial: the serial that brought them.
        until: the serial with which they left this path; None while they are there.
        how: ``first`` (there in the first serial, or before the oldest that is known), ``added``, ``changed``
            (other bytes had been there) or ``renamed``.
        from_path: where they, or those of which they are the delayed-mode twin, were before; of a rename only.
    """

    path: str
    size: int
    sha256: bytes
    modified: datetime | None
    date_update: datetime | None
    serial: int
    until: int | None
    how: str
    from_path: str | None = None


def history_of(con: duckdb.DuckDBPyConnection, tree: Path, head: Head, path: str) -> tuple[FileState, ...]:
    """Every stay of any bytes under a path, oldest first, and before a rename under the path it came from.

    Args:
        con: an open connection.
        tree: a directory that holds ``manifest/``: a sealed archive, or copies of its sealed files.
        head: the archive's newest head.
        path: of the archive.

    Raises:
        RefusedError: a sealed file is not what the head or the chain says.
    """
    return History(con, survey(con, tree, head)).of_path(path)


def find_digest(con: duckdb.DuckDBPyConnection, tree: Path, head: Head, sha256: bytes) -> tuple[FileState, ...]:
    """Every stay of certain bytes, anywhere in the known past of an archive, oldest first.

    Args:
        con: an open connection.
        tree: as for `history_of`.
        head: the archive's newest head.
        sha256: digest of the bytes.

    Raises:
        RefusedError: a sealed file is not what the head or the chain says.
    """
    return History(con, survey(con, tree, head)).of_digest(sha256)


@dataclass(frozen=True, slots=True)
class History:
    """Questions about the known past of an archive; its tables in the connection have names of their own.

    Attributes:
        con: an open connection.
        past: the known past; its files are hashed when they are first looked into.
    """

    con: duckdb.DuckDBPyConnection
    past: Past
    _name: str = field(default_factory=lambda: f"history_{uuid.uuid4().hex[:12]}")

    def of_path(self, path: str) -> tuple[FileState, ...]:
        """As `history_of`."""
        found: dict[tuple[str, int], FileState] = {}
        waiting, looked_at = [(path, self.past.newest + 1)], set()
        while waiting:
            one, before = waiting.pop()
            if (one, before) in looked_at:
                continue
            looked_at.add((one, before))
            for state in self._stays_of([one]):
                if state.serial < before and (one, state.serial) not in found:
                    found[one, state.serial] = state
                    if state.from_path is not None:
                        waiting.append((state.from_path, state.serial))
        return tuple(sorted(found.values(), key=lambda state: (state.serial, state.path)))

    def of_digest(self, sha256: bytes) -> tuple[FileState, ...]:
        """As `find_digest`."""
        digests, out = f"{self._name}_digests", f"{self._name}_stays"
        self.con.execute(f"create or replace temp table {digests} as select $1::blob as sha256", [sha256])
        self.of_digests(digests, out)
        return self._take(out, digests)

    def of_digests(self, digests: str, out: str) -> None:
        """Make a table of every stay of any of certain bytes, columns as `FileState`.

        Args:
            digests: table with a column ``sha256``.
            out: table to make.
        """
        wanted = f"select sha256 from {digests}"
        paths = f"{self._name}_paths"
        parts = [f"select path from {self._manifest()} where sha256 in ({wanted})"]
        if events := self._events():
            parts += [
                f"select path from {events} where sha256 in ({wanted})",
                f"select coalesce(from_path, path) from {events} where old_sha256 in ({wanted})",
            ]
        with readable(self.past.folder):
            self.con.execute(f"create or replace temp table {paths} as {' union '.join(parts)}")
            self._make_stays(f"(select path from {paths})", out, f"where sha256 in ({wanted})")
        self.con.execute(f"drop table {paths}")

    def of_paths(self, paths: str, out: str) -> None:
        """Make a table of every stay under any of certain paths, renames not followed, columns as `FileState`.

        Args:
            paths: table or view with a column ``path``.
            out: table to make.
        """
        with readable(self.past.folder):
            self._make_stays(f"(select path from {paths})", out, "")

    def of_names(self, names: str, out: str) -> None:
        """Make a table of every path (``path``) in the known past whose last segment is one of certain names.

        Args:
            names: a query of names, in brackets.
            out: table to make.
        """
        parts = [f"select path from {self._manifest()} where split_part(path, '/', -1) in {names}"]
        if events := self._events():
            parts += [
                f"select {one} from {events} where split_part({one}, '/', -1) in {names}"
                for one in ("path", "from_path")
            ]
        with readable(self.past.folder):
            self.con.execute(f"create or replace temp table {out} as {' union '.join(parts)}")

    def touched(self, out: str) -> None:
        """Make a table of every path (``path``) that a delta at hand names, before or after."""
        events = self._events()
        both = "select null::varchar as path where false"
        if events:
            both = f"select path from {events} union select from_path from {events} where from_path is not null"
        with readable(self.past.folder):
            self.con.execute(f"create or replace temp table {out} as {both}")

    def _stays_of(self, paths: Sequence[str]) -> tuple[FileState, ...]:
        listed, out = ", ".join(quoted(path) for path in paths), f"{self._name}_stays"
        with readable(self.past.folder):
            self._make_stays(f"({listed})", out, "")
        return self._take(out)

    def _take(self, *tables: str) -> tuple[FileState, ...]:
        rows = self.con.execute(f"select {', '.join(STAY_COLUMNS)} from {tables[0]} order by serial, path").fetchall()
        for table in tables:
            self.con.execute(f"drop table {table}")
        return tuple(file_state(row, str(self.past.folder)) for row in rows)

    def _make_stays(self, chosen: str, out: str, where: str) -> None:
        """``chosen`` is a list or a query of paths, in brackets."""
        touched = f"{self._name}_touched"
        self.con.execute(f"create or replace temp table {touched} as {_touched(self._events(), chosen)}")
        query = _FROM_EVENTS.format(touched=touched)
        if chosen.startswith("(select") or not self._is_any(touched):
            untouched = f"path in {chosen} and path not in (select path from {touched})"
            query += (
                f" union all select path, size, sha256, {', '.join(_TIMES)}, serial, null, true, 'first', null"
                f" from {self._manifest()} where {untouched}"
            )
        self.con.execute(f"create or replace temp table {out} as {_GROUPED.format(versions=query)} {where}")
        self.con.execute(f"drop table {touched}")

    def _is_any(self, table: str) -> bool:
        return self.con.execute(f"select 1 from {table} limit 1").fetchone() is not None

    def _manifest(self) -> str:
        """SQL that reads the newest manifest, checked."""
        link = self.past.manifests[self.past.newest]
        check_sealed(self.past.file(link), link.sha256)
        return f"(select {_columns('')} from {scan_of(self.past.file(link))})"

    def _events(self) -> str | None:
        """SQL that reads the deltas at hand, checked, with the serial of each; None where there are none."""
        links = [self.past.deltas[serial] for serial in range(self.past.oldest + 1, self.past.newest + 1)]
        for link in links:
            check_sealed(self.past.file(link), link.sha256)
        if not links:
            return None
        files = scan_of_all([self.past.file(link) for link in links])
        serial = "substr(parse_filename(filename), 1, 9)::integer"
        old = f"{_columns('old_')}, old_serial"
        return f"(select {serial} as serial, change, path, from_path, {_columns('', serial=False)}, {old} from {files})"


def _columns(prefix: str, *, serial: bool = True) -> str:
    """Columns as they are in memory: paths and values, times as UTC without saying so."""
    names = [name for name in MANIFEST_COLUMNS if name in VALUES]
    shown = [
        f"make_timestamp(epoch_us({prefix}{name})) as {prefix}{name}" if name in _TIMES else f"{prefix}{name}"
        for name in names
    ]
    if not prefix and serial:
        return ", ".join(["path", *shown, "serial"])
    return ", ".join(shown)


def _touched(events: str | None, chosen: str) -> str:
    """SQL: what deltas did to certain paths, one row per path and serial; a rename is two."""
    new, old = ", ".join(VALUES), ", ".join(f"old_{name}" for name in VALUES)
    if events is None:
        blank = ", ".join(f"null::{MANIFEST_COLUMNS[name]} as {name}" for name in VALUES)
        blank += ", " + ", ".join(f"null::{MANIFEST_COLUMNS[name]} as old_{name}" for name in VALUES)
        return (
            "select null::integer as serial, null::varchar as path, null::varchar as change,"
            f" null::varchar as from_path, {blank}, null::integer as old_serial where false"
        )
    nothing = ", ".join("null" for _ in VALUES)
    return (
        f"select serial, path, change, from_path, {new}, {old}, old_serial from {events} where path in {chosen}"
        f" union all select serial, from_path, 'left', null, {nothing}, {old}, old_serial from {events}"
        f" where from_path in {chosen}"
    )


#: What stood under a path between two events: path, values, since when, until when, whether other bytes stood there
#: before, and how they came.
_FROM_EVENTS: Final = (
    "with ordered as (select *, row_number() over w as turn, lead(serial) over w as later from {touched}"
    " window w as (partition by path order by serial))"
    " select path, old_size as size, old_sha256 as sha256, old_modified as modified, old_date_update as date_update,"
    " old_serial as serial, serial as until, true as comes, 'first' as how, null::varchar as from_path from ordered"
    " where turn = 1 and change not in ('added', 'renamed')"
    " union all select path, size, sha256, modified, date_update, serial, later,"
    " change <> 'changed' or sha256 is distinct from old_sha256, change, from_path from ordered"
    " where change not in ('removed', 'left')"
)
#: Versions of one path with the same bytes, one after the other, are one stay; its times are those of the newest.
_GROUPED: Final = (
    "select * exclude (stay) from (select path, stay, any_value(size) as size, any_value(sha256) as sha256,"
    " arg_max_null(modified, serial) as modified, arg_max_null(date_update, serial) as date_update,"
    " min(serial)::integer as serial, arg_max_null(until, serial)::integer as until, arg_min(how, serial) as how,"
    " arg_min_null(from_path, serial) as from_path from (select *, count(*) filter (comes) over"
    " (partition by path order by serial) as stay from ({versions})) group by path, stay)"
)


def file_state(row: Iterable[object], where: str) -> FileState:
    """A row of `STAY_COLUMNS` as a record; nothing in it is believed.

    Raises:
        ManifestError: a path that no archive may hold, or no valid size, digest or serial; names ``where``.
    """
    path, size, sha256, modified, date_update, serial, until, how, from_path = row
    try:
        named = [ArchivePath.parse(str(one)).text for one in (path, from_path) if one is not None]
    except PathError as error:
        raise ManifestError(f"{where} holds a path that no archive may hold: {error}") from error
    if not isinstance(sha256, bytes) or len(sha256) != 32 or not isinstance(size, int) or not isinstance(serial, int):
        raise ManifestError(f"{where}: the row of {named[0]!a} has no valid size, sha256 or serial.")
    return FileState(
        named[0],
        size,
        sha256,
        _aware(modified),
        _aware(date_update),
        serial,
        until if isinstance(until, int) else None,
        str(how),
        named[1] if len(named) == 2 else None,
    )


def _aware(moment: object) -> datetime | None:
    return moment.replace(tzinfo=UTC) if isinstance(moment, datetime) else None
