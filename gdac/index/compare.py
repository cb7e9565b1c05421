"""Row by row: two index files that should say the same."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from gdac.index.read import LoadedIndex, load_index
from gdac.index.rows import row_text

_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the rows of one index compare, by path and text.

    Attributes:
        name: of the index.
        equal: paths whose rows are the same text.
        different: paths on both sides whose rows differ.
        only_ours: paths that only the first file lists.
        only_theirs: paths that only the second file lists.
        examples: some of the different rows: ours, theirs.
    """

    name: str
    equal: int
    different: int
    only_ours: int
    only_theirs: int
    examples: tuple[tuple[str, str], ...]

    @property
    def same(self) -> bool:
        """Nothing differs."""
        return not (self.different or self.only_ours or self.only_theirs)


def compare_rows(con: duckdb.DuckDBPyConnection, ours: Path, theirs: Path, *, workdir: Path) -> Comparison:
    """Compare two index files of one kind, whatever their order and headers.

    Raises:
        RefusedError: as `gdac.index.read.load_index`, for either file.
    """
    mine = load_index(con, ours, "rows_ours", workdir=workdir)
    other = load_index(con, theirs, "rows_theirs", workdir=workdir)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE rows_both AS SELECT a.row AS ours, b.row AS theirs "
        f"FROM ({_text(mine, 'rows_ours')}) a FULL JOIN ({_text(other, 'rows_theirs')}) b USING (path)"
    )
    counts = con.execute(
        "SELECT count(*) FILTER (ours = theirs), count(*) FILTER (ours <> theirs), "
        "count(*) FILTER (theirs IS NULL), count(*) FILTER (ours IS NULL) FROM rows_both"
    ).fetchone()
    assert counts is not None
    examples = con.execute(
        f"SELECT ours, theirs FROM rows_both WHERE ours <> theirs ORDER BY ours LIMIT {_EXAMPLES}"
    ).fetchall()
    con.execute("DROP TABLE rows_ours; DROP TABLE rows_theirs; DROP TABLE rows_both")
    return Comparison(mine.spec.name, counts[0], counts[1], counts[2], counts[3], tuple(examples))


def _text(index: LoadedIndex, table: str) -> str:
    return f"SELECT path, coalesce(raw, {row_text(index.columns, index.spec.root)}) AS row FROM {table}"
