"""Reads index files into DuckDB: whole and typed, or as the listing that a plan is made from.

A file is unpacked and scanned to its end first, then parsed as columns, then judged: either all of it is loaded or
nothing is. What real files do wrong (facts of the GDAC: empty fields, repeated rows, odd column rows) is tolerated and
counted; what cannot be an index is refused with the file and line.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from gdac.errors import GdacError, RefusedError
from gdac.index import grammar, repeated, rows
from gdac.index.header import MAX_HEADER_BYTES, IndexHeader, not_an_index, parse_header
from gdac.index.scan import scan
from gdac.index.spec import Column, IndexSpec, spec_of
from gdac.index.unpack import plain


@dataclass(frozen=True, slots=True)
class LoadedIndex:
    """What was read of one index file.

    Attributes:
        file: where it was read.
        spec: which index it is.
        header: its header lines and stamp, byte for byte.
        columns: of its rows, in file order.
        rows: loaded, after repeated ones were collapsed.
        duplicates: rows left out because their path was there already.
        notes: what a reader should know; each one sentence.
    """

    file: Path
    spec: IndexSpec
    header: IndexHeader
    columns: tuple[Column, ...]
    rows: int
    duplicates: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndexText:
    """An index file unpacked and understood as far as its column row; its rows are not looked at.

    Attributes:
        file: as the caller named it; used in messages.
        text: plain text, valid while the context lives.
        spec: which index it is.
        header: its header.
        columns: of its rows.
    """

    file: Path
    text: Path
    spec: IndexSpec
    header: IndexHeader
    columns: tuple[Column, ...]

    def fault(self, error: Exception | None = None) -> RefusedError:
        """The error that names the first bad line."""
        found = rows.first_fault(self.text, self.columns, self.header.count)
        what = found or f"its rows cannot be read as columns ({str(error).splitlines()[0] if error else 'row count'})"
        return RefusedError(f"index file {self.file} is damaged or cut: {what}.", hint="Fetch it again.")

    def scanned(self) -> "OpenIndex":
        """Read the bytes of all rows once.

        Raises:
            RefusedError: as `gdac.index.scan.scan`, or a line has a field too many.
            GdacError: it cannot be read at all.
        """
        with _readable(self.file):
            seen = scan(self.text, str(self.file), len(self.header.encode()), self.header.count)
            if seen.open_ends and rows.first_fault(self.text, self.columns, self.header.count):
                raise self.fault()
        return OpenIndex(self.file, self.text, self.spec, self.header, self.columns, seen.rows, seen.plain)


@dataclass(frozen=True, slots=True)
class OpenIndex(IndexText):
    """An index file that was scanned to its end.

    Attributes:
        rows: how many lines follow the header.
        plain: its bytes prove that every path in it is safe; see `gdac.index.scan.Scan`.
    """

    rows: int
    plain: bool


@contextmanager
def index_text(file: Path, workdir: Path) -> Iterator[IndexText]:
    """Unpack an index file (``.txt`` or ``.txt.gz``) and read its header.

    Raises:
        RefusedError: it is not an index file, or its gzip data are damaged or cut.
        GdacError: it cannot be read at all.
    """
    with _readable(file), plain(file, workdir) as text:
        yield _understood(file, text)


@contextmanager
def open_index(file: Path, workdir: Path) -> Iterator[OpenIndex]:
    """Unpack and scan an index file and read its header.

    Raises:
        RefusedError: it is not an index file, or it is damaged or cut.
        GdacError: it cannot be read at all.
    """
    with index_text(file, workdir) as text:
        yield text.scanned()


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise GdacError(f"index file {file} cannot be read: {error.strerror or error}.") from error


def _understood(file: Path, text: Path) -> IndexText:
    with text.open("rb") as source:
        start = source.read(MAX_HEADER_BYTES)
    if not start:
        raise RefusedError(f"index file {file} is empty.", hint="Fetch it again.")
    header = parse_header(start, str(file))
    spec = rows.spec_for(file, header)
    if spec is None:
        raise not_an_index(str(file), start)
    return IndexText(file, text, spec, header, rows.columns_in(spec, header, str(file)))


def load_index(
    con: duckdb.DuckDBPyConnection, file: Path, table: str, *, workdir: Path, listing_only: bool = False
) -> LoadedIndex:
    """Read one index file into a table (replaced if it exists).

    Args:
        con: where the table goes.
        file: ``.txt`` or ``.txt.gz``; the bytes decide, not the name.
        table: its name; columns as `gdac.index.rows` says, in the file's order.
        workdir: where a gzip file is unpacked for the time of the call.
        listing_only: load only ``path``, ``date_update`` and ``index_name``, which is several times faster.

    Raises:
        RefusedError: not an index, damaged, cut, or a path that no archive may hold; the table is not there then.
    """
    with index_text(file, workdir) as text, _all_or_nothing(con, table):
        if listing_only:
            return _load_listing(con, text, table, (text.spec.name,))
        con.execute(f"CREATE OR REPLACE TABLE {table} ({rows.empty_table(text.columns)})")
        opened = _insert(con, text, table, rows.select_typed(text.columns, text.spec.root, text.header.count))
        return _judged(con, opened, table)


def load_listing(
    con: duckdb.DuckDBPyConnection, files: Sequence[Path], table: str, *, workdir: Path
) -> tuple[LoadedIndex, ...]:
    """Read several indexes into one table: ``path``, ``date_update``, ``index_name``, each path once.

    A path that two indexes list keeps the newer date_update, and of equals the index given first.

    Raises:
        RefusedError: as `load_index`; the table is not there then. Also for an index that lists no files.
    """
    names = tuple(dict.fromkeys(_name_of(file) for file in files))
    with _all_or_nothing(con, table):
        _create_listing(con, table, names)
        loaded: list[LoadedIndex] = []
        for at, file in enumerate(files):
            part = f"{table}_part"
            with index_text(file, workdir) as text, _all_or_nothing(con, part):
                loaded.append(_load_listing(con, text, table if at == 0 else part, names))
                if at:
                    con.execute(f"INSERT INTO {table} SELECT * FROM {part}")
                    con.execute(f"DROP TABLE {part}")
        if len(files) > 1:
            repeated.collapse(con, table)
    return tuple(loaded)


def _name_of(file: Path) -> str:
    spec = spec_of(file.name)
    if spec is None:
        raise RefusedError(f"{file} has no name of an index file.", hint="See docs/commands/index.md for the names.")
    return spec.name


@contextmanager
def _all_or_nothing(con: duckdb.DuckDBPyConnection, table: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        con.execute(f"DROP TABLE IF EXISTS {table}")
        raise


def _create_listing(con: duckdb.DuckDBPyConnection, table: str, names: Sequence[str]) -> None:
    # an ENUM costs one byte per row and compares, joins and reads as text
    enum = ", ".join(f"'{name}'" for name in names)
    con.execute(
        f"CREATE OR REPLACE TABLE {table} "
        f"(path VARCHAR, date_update TIMESTAMP, index_name ENUM({enum or repr('none')}))"
    )


def _load_listing(con: duckdb.DuckDBPyConnection, text: IndexText, table: str, names: Sequence[str]) -> LoadedIndex:
    spec = text.spec
    if not spec.lists_files:
        raise RefusedError(f"{text.file} lists no files, so it can be no part of a listing.")
    _create_listing(con, table, names)
    select = (
        f"SELECT '{spec.root}/' || file AS path, {rows.time_of('date_update')} AS date_update, "
        f"'{spec.name}' AS index_name FROM {rows.from_csv(text.columns, text.header.count)}"
    )
    return _judged(con, _insert(con, text, table, select), table)


def _insert(con: duckdb.DuckDBPyConnection, text: IndexText, table: str, select: str) -> OpenIndex:
    """Parse the rows while their bytes are scanned; what the scan refuses comes first."""
    problem: duckdb.Error | None = None
    with ThreadPoolExecutor(1, "scan") as beside:
        scanned = beside.submit(text.scanned)
        try:
            con.execute(f"INSERT INTO {table} {select}", [str(text.text)])
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            problem = error
        opened = scanned.result()
    if problem:
        raise opened.fault(problem) from problem
    undated = "count(date_update)" if text.spec.lists_files else "count(*)"
    found = con.execute(f"SELECT count(*), {undated} FROM {table}").fetchone()
    if found != (opened.rows, opened.rows):
        raise opened.fault()
    return opened


def _judged(con: duckdb.DuckDBPyConnection, opened: OpenIndex, table: str) -> LoadedIndex:
    notes: list[str] = []
    if opened.header.updated is None and opened.spec.title:
        notes.append("its header has no readable Date of update")
    if not opened.rows:
        notes.append("it lists nothing (0 rows)")
    if opened.spec.lists_files:
        strangers = grammar.judge(con, table, opened.spec)
        if strangers.rows:
            notes.append(
                f"{strangers.rows:,} rows name paths of a kind that this index does not list, "
                f"such as {strangers.example}"
            )
    left_out = repeated.collapse(con, table)
    notes.extend(left_out.notes)
    return LoadedIndex(
        file=opened.file,
        spec=opened.spec,
        header=opened.header,
        columns=opened.columns,
        rows=opened.rows - left_out.rows,
        duplicates=left_out.rows,
        notes=tuple(notes),
    )
