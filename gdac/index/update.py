"""Applies changed and removed files to index files that are there: the same bytes as a rebuild of the whole tree.

An index that we wrote is in the order of its paths, so a row is found by looking into the file at halves, and what lies
between two changes is copied as it is. That the order holds is proven in columns first; an index in another order (the
public ones are sorted like no locale) is loaded, changed and written as a table.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final, Literal

import duckdb

from gdac.errors import UsageError
from gdac.index import grammar, rows
from gdac.index.build import Built
from gdac.index.header import IndexHeader, new_header
from gdac.index.listed import INDEX_OF, listed
from gdac.index.read import OpenIndex, load_index, open_index
from gdac.index.spec import BUILT, SPECS
from gdac.index.write import BinaryWriter, replacing, write_index
from gdac.paths import ArchivePath

_BLOCK: Final = 1 << 20
#: Most lines are found whole in one look of so many bytes.
_LOOK: Final = 512
#: A date_update as a number has 14 digits.
_FIRST, _LAST = 10**13, 3 * 10**13 - 1

#: The new row of each file that changed, by what is in its ``file`` column; None where it has no row any more.
Changes = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class RowChanges:
    """What changed files mean for the seven global indexes.

    Attributes:
        of: by the name of the index.
        problems: files that cannot be listed (they have no row any more), one sentence each, in order.
    """

    of: Mapping[str, Changes]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Altered:
    """What changes did to an index.

    Attributes:
        rows: that it has now.
        altered: how many of the changes made a difference; with none nothing was written.
    """

    rows: int
    altered: int


def update_indexes(
    con: duckdb.DuckDBPyConnection,
    tree: Path,
    indexes: Path,
    changed: Iterable[ArchivePath],
    *,
    updated: datetime,
    gone: Iterable[ArchivePath] = (),
    suffix: Literal[".txt", ".txt.gz"] = ".txt",
    profile: Literal[8, 10] = 8,
    node: str = "CORIOLIS",
    progress: Callable[[int], None] = lambda _: None,
) -> Built:
    """Bring the seven global indexes of a tree up to date: what `gdac.index.build.build_indexes` would write, sooner.

    Args:
        con: an engine.
        tree: root of the archive as it is now.
        indexes: folder with its index files; each is replaced in one step.
        changed: every file that came, changed or went since they were made; what no index lists is passed over.
        updated: the new stamp of all of them, aware.
        gone: files that left the archive although their bytes still lie there.
        suffix: plain text or gzip; of the files that are there, too.
        profile: lines of the header, see `gdac.index.header.new_header`.
        node: of the header.
        progress: called with the number of changed files looked at so far.

    Returns:
        The rows of each index now, and the changed files that could not be listed (they have no row then).

    Raises:
        UsageError: an index file is missing.
        RefusedError: one is damaged; nothing was written.
        GdacError: one cannot be read or written.
    """
    found = row_changes(tree, changed, gone, progress=progress)
    missing = [name for name in BUILT if not (indexes / f"{name}{suffix}").is_file()]
    if missing:
        raise UsageError(f"{indexes} has no {missing[0]}{suffix}.", hint="Make all of them first: gdac index build.")
    counts = {}
    for name in BUILT:
        file = indexes / f"{name}{suffix}"
        header = new_header(SPECS[name], updated=updated, profile=profile, node=node)
        counts[name] = apply_changes(con, file, file, found.of[name], header=header)
    return Built(counts, found.problems)


def row_changes(
    tree: Path,
    changed: Iterable[ArchivePath],
    gone: Iterable[ArchivePath] = (),
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> RowChanges:
    """Read changed files and make their rows.

    Args:
        tree: root of the archive as it is now.
        changed: files that came, changed or went; one that is not there has no row. What no index lists is passed over.
        gone: files that left the archive although their bytes still lie there.
        progress: called with the number of changed files looked at so far.
    """
    changes: dict[str, dict[str, str | None]] = {name: {} for name in BUILT}
    problems: list[str] = []
    for seen, path in enumerate((each for each in changed if each.kind in INDEX_OF), start=1):
        spec = INDEX_OF[path.kind]
        row = None
        if (tree / path.text).is_file():
            one = listed(tree, path)
            row = one.row or None
            problems += [one.problem] if one.problem else []
        changes[spec.name][path.text.removeprefix(f"{spec.root}/")] = row
        progress(seen)
    for path in (each for each in gone if each.kind in INDEX_OF):
        spec = INDEX_OF[path.kind]
        changes[spec.name][path.text.removeprefix(f"{spec.root}/")] = None
    return RowChanges(changes, tuple(sorted(problems)))


def apply_changes(
    con: duckdb.DuckDBPyConnection, old: Path, dest: Path, changes: Changes, *, header: IndexHeader
) -> int:
    """Write an index with some rows replaced, added and left out, in the order of paths.

    Args:
        con: an engine.
        old: the index as it is, ``.txt`` or ``.txt.gz``.
        dest: may be the same file; replaced in one step.
        changes: see `Changes`; rows are whole lines without their ends.
        header: of the new file; its columns are those of the old one.

    Returns:
        How many rows the new file has.

    Raises:
        RefusedError: the old file is no index, damaged or cut; nothing was written.
        GdacError: it cannot be read.
    """
    return _altered(con, old, dest, changes, header, always=True).rows


def alter_index(
    con: duckdb.DuckDBPyConnection, old: Path, dest: Path, changes: Changes, *, header: IndexHeader
) -> Altered:
    """The same as `apply_changes`, but for changes that make no difference: then nothing is written.

    Raises:
        RefusedError: the old file is no index, damaged or cut; nothing was written.
        GdacError: it cannot be read.
    """
    return _altered(con, old, dest, changes, header, always=False)


def _altered(
    con: duckdb.DuckDBPyConnection, old: Path, dest: Path, changes: Changes, header: IndexHeader, *, always: bool
) -> Altered:
    with (
        TemporaryDirectory(prefix=".index-", dir=dest.parent) as folder,
        open_index(old, Path(folder)) as index,
    ):
        if header.column_row != index.header.column_row or not _in_order(con, index):
            return _as_table(con, index, dest, changes, header, Path(folder), always=always)
        with index.text.open("rb", buffering=0) as source:
            start = len(index.header.encode())
            needed = _needed(source, start, changes)
            if not needed and not always:
                return Altered(index.rows, 0)
            with replacing(dest) as target:
                return Altered(index.rows + _spliced(source, start, needed, header, target), len(needed))


def _in_order(con: duckdb.DuckDBPyConnection, index: OpenIndex) -> bool:
    """Whether each path is safe and greater than the one before it, byte by byte; raises when the rows do not parse."""
    source = rows.from_csv(index.columns, index.header.count, date_update="BIGINT")
    dated = f"date_update BETWEEN {_FIRST} AND {_LAST}"
    odd = "false" if index.plain else f"NOT {grammar.safe_shape(index.spec.kinds, 'file')}"
    query = (
        f"SELECT count(*) FILTER ({dated}), count(*) FILTER (file <= before OR {odd}) "
        f"FROM (SELECT file, date_update, lag(file) OVER () AS before FROM {source})"
    )
    try:
        found = con.execute(query, [str(index.text)]).fetchone()
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise index.fault(error) from error
    assert found is not None
    if found[0] != index.rows:
        raise index.fault()
    return bool(found[1] == 0)


def _needed(source: BinaryIO, start: int, changes: Changes) -> Changes:
    """Those of the changes that make a difference to the rows that are there."""
    end = source.seek(0, 2)
    found = {}
    for path, row in sorted(changes.items()):
        place = _place(source, path.encode(), start, end)
        line = _line(source, place) if place < end else b""
        before = line.rstrip(b"\n") if line.partition(b",")[0] == path.encode() else None
        if before != (None if row is None else row.encode()):
            found[path] = row
    return found


def _spliced(source: BinaryIO, start: int, changes: Changes, header: IndexHeader, target: BinaryWriter) -> int:
    """Copy the rows with the changes put in; how many rows more there are now."""
    end = source.seek(0, 2)
    target.write(header.encode())
    at, more = start, 0
    for path, row in sorted((key.encode(), row) for key, row in changes.items()):
        place = _place(source, path, at, end)
        _copied(source, at, place, target)
        line = _line(source, place) if place < end else b""
        replaced = line.partition(b",")[0] == path and bool(line)
        at = place + len(line) if replaced else place
        if row is not None:
            target.write(f"{row}\n".encode())
        more += (row is not None) - replaced
    _copied(source, at, end, target)
    return more


def _place(source: BinaryIO, path: bytes, low: int, high: int) -> int:
    """Where the first row begins, at or after the beginning of a row ``low``, whose path is not before this one."""
    while low < high:
        middle = (low + high) // 2
        begin = low if middle == low else middle - 1 + len(_line(source, middle - 1))
        if begin >= high:  # no row begins between the middle and the upper end
            high = middle
            continue
        line = _line(source, begin)
        if line.partition(b",")[0] < path:
            low = begin + len(line)
        else:
            high = begin
    return low


def _line(source: BinaryIO, at: int) -> bytes:
    """What is there from a byte on to the end of its line; `gdac.index.scan.scan` has proven that it has one."""
    source.seek(at)
    data = source.read(_LOOK)
    while b"\n" not in data and (more := source.read(_BLOCK)):
        data += more
    return data[: data.find(b"\n") + 1]


def _copied(source: BinaryIO, start: int, stop: int, target: BinaryWriter) -> None:
    source.seek(start)
    while start < stop and (data := source.read(min(_BLOCK, stop - start))):
        target.write(data)
        start += len(data)


def _as_table(
    con: duckdb.DuckDBPyConnection,
    index: OpenIndex,
    dest: Path,
    changes: Changes,
    header: IndexHeader,
    folder: Path,
    *,
    always: bool,
) -> Altered:
    """The same for rows in any order: by way of a table."""
    spec = index.spec
    come = folder / f"{spec.name}.txt"
    lines = "".join(f"{row}\n" for row in changes.values() if row is not None)
    come.write_bytes(header.encode() + lines.encode())
    try:
        load_index(con, index.text, "index_whole", workdir=folder)
        load_index(con, come, "index_come", workdir=folder)
        touched = [f"{spec.root}/{path}" for path in changes]
        altered = _differing(con, touched)
        if not altered and not always:
            return Altered(_count(con, "index_whole"), 0)
        con.execute("DELETE FROM index_whole WHERE path IN (SELECT unnest(?::VARCHAR[]))", [touched])
        con.execute("INSERT INTO index_whole SELECT * FROM index_come")
        write_index(con, "index_whole", dest, spec=spec, header=header)
        return Altered(_count(con, "index_whole"), altered)
    finally:
        for table in ("index_whole", "index_come"):
            con.execute(f"DROP TABLE IF EXISTS {table}")


def _differing(con: duckdb.DuckDBPyConnection, touched: list[str]) -> int:
    """Of how many touched paths the rows in ``index_whole`` and ``index_come`` differ."""
    there = "(SELECT * FROM index_whole WHERE path IN (SELECT unnest($1::VARCHAR[])))"
    found = con.execute(
        f"SELECT count(DISTINCT path) FROM ((SELECT * FROM {there} EXCEPT SELECT * FROM index_come)"
        f" UNION ALL (SELECT * FROM index_come EXCEPT SELECT * FROM {there}))",
        [touched],
    ).fetchone()
    assert found is not None
    return int(found[0])


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    found = con.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert found is not None
    return int(found[0])
