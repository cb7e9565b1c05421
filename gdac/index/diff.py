"""What changed between two indexes: added, changed, removed, and R profiles that came back as D.

Always a hash join over the full indexes: real indexes are sorted like no locale, and a date_update proves nothing about
order. The result is a table, so that a day on which everything moves costs memory of the engine and not Python objects:

``change`` (added, changed, removed, renamed), ``path``, ``old_path`` (of a rename), ``old_update``, ``new_update``
(TIMESTAMP, UTC), ``dac``, ``kind``.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb

from gdac.errors import RefusedError
from gdac.index import grammar, rows
from gdac.index.read import IndexText, OpenIndex, index_text, load_listing, open_index
from gdac.index.stretches import compare

CHANGES: Final = ("added", "changed", "removed", "renamed")


@dataclass(frozen=True, slots=True)
class Count:
    """How many paths of one DAC and kind changed in one way."""

    change: str
    dac: str
    kind: str
    paths: int


@dataclass(frozen=True, slots=True)
class IndexDiff:
    """Counts of a diff; the rows are in its table.

    Attributes:
        table: where the rows are.
        counts: per change, DAC and kind; only those above zero.
    """

    table: str
    counts: tuple[Count, ...]

    def total(self, change: str | None = None) -> int:
        """Paths that changed in one way, or in any."""
        return sum(count.paths for count in self.counts if change in (None, count.change))


def diff_tables(con: duckdb.DuckDBPyConnection, old: str, new: str, into: str) -> IndexDiff:
    """Compare two tables of unique ``path`` with ``date_update``, such as `gdac.index.read.load_listing` makes.

    Args:
        con: where the tables are.
        old: table of the earlier state.
        new: table of the later state.
        into: table of the result, replaced if it exists.
    """
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE index_pairs AS SELECT coalesce(o.path, n.path) AS path, "
        "o.date_update AS old_update, n.date_update AS new_update, "
        "o.path IS NOT NULL AS was, n.path IS NOT NULL AS is_now "
        f"FROM {old} o FULL JOIN {new} n ON o.path = n.path "
        "WHERE o.path IS NULL OR n.path IS NULL OR o.date_update IS DISTINCT FROM n.date_update"
    )
    return _named(con, into)


def diff_files(con: duckdb.DuckDBPyConnection, old: Path, new: Path, into: str, *, workdir: Path) -> IndexDiff:
    """Compare two index files without loading them: one pass over both, and only what differs is kept.

    Args:
        con: where the result goes.
        old: the earlier index, ``.txt`` or ``.txt.gz``.
        new: the later one; of the same kind.
        into: table of the result, replaced if it exists.
        workdir: where gzip files are unpacked for the time of the call.

    Raises:
        RefusedError: as `gdac.index.read.load_index`, for either file.
    """
    with index_text(old, workdir) as was, index_text(new, workdir) as now:
        if _joined_rests(con, was, now, workdir):
            return _named(con, into)
        older, newer = was.scanned(), now.scanned()
        if was.spec.lists_files and was.spec.root == now.spec.root and _joined(con, older, newer):
            return _named(con, into)
    # repeated rows, odd paths or bad lines: the thorough way counts, tolerates or refuses them
    try:
        load_listing(con, [old], "index_old", workdir=workdir)
        load_listing(con, [new], "index_new", workdir=workdir)
        return diff_tables(con, "index_old", "index_new", into)
    finally:
        con.execute("DROP TABLE IF EXISTS index_old; DROP TABLE IF EXISTS index_new")


def _joined_rests(con: duckdb.DuckDBPyConnection, old: IndexText, new: IndexText, workdir: Path) -> bool:
    """Join only the lines that are not in both files into ``index_pairs``; False when only the full join can tell.

    Rows that are in both files are no change if no file has their path twice. The old file is proven free of that as a
    whole; what is left over of the new one is proven free of it here, and none of its paths may be in the old file but
    where it is left over too.
    """
    if old.spec != new.spec or old.columns != new.columns or not old.spec.lists_files:
        return False
    workdir.mkdir(parents=True, exist_ok=True)
    # The proof of the old file needs the column engine, the comparison of bytes does not: side by side.
    cursor = con.cursor()
    try:
        with TemporaryDirectory(prefix=".index-", dir=workdir) as folder, ThreadPoolExecutor(1, "proof") as beside:
            rests = Path(folder) / "old" / f"{old.spec.name}.txt", Path(folder) / "new" / f"{new.spec.name}.txt"
            proof = beside.submit(_hashed, cursor, old)
            if not _left_over(old, new, rests):
                return False
            try:
                with open_index(rests[0], workdir) as was, open_index(rests[1], workdir) as now:
                    whole = proof.result()
                    return whole is not None and _joined(con, was, now) and _apart(con, whole, now)
            except RefusedError:  # the full way names the file and the line
                return False
    finally:
        con.execute("DROP TABLE IF EXISTS index_hashes")
        cursor.close()


def _hashed(con: duckdb.DuckDBPyConnection, old: IndexText) -> OpenIndex | None:
    """Make ``index_hashes`` of the old file's paths and scan its bytes; None when its rows do not parse."""
    try:
        con.execute(
            f"CREATE OR REPLACE TABLE index_hashes AS SELECT hash(file) AS path FROM {_numbers(old)}"
            " WHERE date_update IS NOT NULL",
            [str(old.text)],
        )
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        return None
    return old.scanned()


def _left_over(old: IndexText, new: IndexText, rests: tuple[Path, Path]) -> bool:
    starts = [index.header.encode() for index in (old, new)]
    for rest in rests:
        rest.parent.mkdir()
    with rests[0].open("wb") as old_rest, rests[1].open("wb") as new_rest:
        old_rest.write(starts[0])
        new_rest.write(starts[1])
        return compare(old.text, len(starts[0]), new.text, len(starts[1]), (old_rest, new_rest))


def _apart(con: duckdb.DuckDBPyConnection, old: OpenIndex, rest: OpenIndex) -> bool:
    """Every row of the old file is good, no path is there twice, and the rest of the new file names no other of them.

    Equal paths have equal hashes: as many hashes as the old file has rows and the rest adds paths prove all of it.
    """
    added = con.execute("SELECT count(*) FROM index_pairs WHERE NOT was").fetchone()
    assert added is not None
    try:
        found = con.execute(
            "SELECT count(*) FILTER (is_old), count(DISTINCT path) FROM (SELECT path, true AS is_old FROM index_hashes"
            f" UNION ALL SELECT hash(file), false FROM {_numbers(rest)})",
            [str(rest.text)],
        ).fetchone()
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        return False
    return found == (old.rows, old.rows + added[0]) and (old.plain or _safe(con, old))


def _safe(con: duckdb.DuckDBPyConnection, index: OpenIndex) -> bool:
    shape = grammar.safe_shape(index.spec.kinds, "file")
    return con.execute(f"SELECT bool_and({shape}) FROM {_numbers(index)}", [str(index.text)]).fetchone() == (True,)


def _joined(con: duckdb.DuckDBPyConnection, old: OpenIndex, new: OpenIndex) -> bool:
    """Join two files into ``index_pairs``; False when anything in them wants a closer look.

    Equal rows collapse into one group that only counts them. As many pairs as rows on either side proves that no path
    is there twice. Paths of the old file are proven safe by its bytes or matched against the grammar, those of the new
    one are matched where they differ: a row that equals a valid one is valid.
    """
    differs = "o.update_number IS DISTINCT FROM n.update_number OR o.update_number IS NULL"
    only = f"CASE WHEN {differs} THEN"
    good = "true" if old.plain else grammar.safe_shape(old.spec.kinds, "file")
    query = (
        f"SELECT {only} coalesce(o.file, n.file) END AS file, {only} o.update_number END AS old_number, "
        f"{only} n.update_number END AS new_number, {only} o.file IS NOT NULL END AS was, "
        f"{only} n.file IS NOT NULL END AS is_now, "
        f"FROM (SELECT file, CASE WHEN {good} THEN date_update END AS update_number FROM {_numbers(old)}) o "
        f"FULL JOIN (SELECT file, date_update AS update_number FROM {_numbers(new)}) n ON o.file = n.file"
    )
    try:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE index_groups AS SELECT *, count(*) AS pairs FROM ({query}) GROUP BY ALL",
            [str(old.text), str(new.text)],
        )
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        return False
    root = old.spec.root
    con.execute(
        "CREATE OR REPLACE TEMP TABLE index_pairs AS SELECT "
        f"'{root}/' || file AS path, {_time('old_number')} AS old_update, {_time('new_number')} AS new_update, "
        "was, is_now FROM index_groups WHERE file IS NOT NULL"
    )
    found = con.execute(
        "SELECT coalesce(sum(pairs) FILTER (was IS NULL OR was), 0), "
        "coalesce(sum(pairs) FILTER (is_now IS NULL OR is_now), 0), coalesce(max(pairs) FILTER (file IS NOT NULL), 1), "
        "count(*) FILTER ((was AND old_number IS NULL) OR (is_now AND new_number IS NULL)) FROM index_groups"
    ).fetchone()
    con.execute("DROP TABLE index_groups")
    odd = con.execute(
        f"SELECT count(*) FROM index_pairs WHERE (was AND old_update IS NULL) OR (is_now AND new_update IS NULL) "
        f"OR NOT {grammar.certain(new.spec.kinds)}"
    ).fetchone()
    return found == (old.rows, new.rows, 1, 0) and odd == (0,)


def _numbers(index: IndexText) -> str:
    return rows.from_csv(index.columns, index.header.count, date_update="BIGINT")


def _time(number: str) -> str:
    return rows.time_of(f"CAST({number} AS VARCHAR)")


def _named(con: duckdb.DuckDBPyConnection, into: str) -> IndexDiff:
    """Turn ``index_pairs`` into the result: join R paths that went with their D twins that came."""
    con.execute(
        f"""CREATE OR REPLACE TABLE {into} AS
        WITH twins AS (
            SELECT gone.path AS old_path, came.path AS path, gone.old_update, came.new_update
            FROM (SELECT path, {grammar.delayed_twin()} AS twin, old_update FROM index_pairs
                WHERE NOT is_now AND {grammar.kind_of()} <> 'other') gone
            JOIN (SELECT path, new_update FROM index_pairs WHERE NOT was) came ON came.path = gone.twin
        ), changes AS (
            SELECT 'renamed' AS change, path, old_path, old_update, new_update FROM twins
            UNION ALL
            SELECT CASE WHEN NOT was THEN 'added' WHEN NOT is_now THEN 'removed' ELSE 'changed' END, path, NULL,
                old_update, new_update
            FROM index_pairs
            WHERE path NOT IN (SELECT path FROM twins) AND path NOT IN (SELECT old_path FROM twins)
        )
        SELECT *, {grammar.dac_of()} AS dac, {grammar.kind_of()} AS kind FROM changes ORDER BY path"""
    )
    con.execute("DROP TABLE index_pairs")
    counts = con.execute(f"SELECT change, dac, kind, count(*) FROM {into} GROUP BY ALL ORDER BY ALL").fetchall()
    return IndexDiff(into, tuple(Count(*row) for row in counts))
