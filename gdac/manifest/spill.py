"""Rows that Python makes one by one, brought into DuckDB without keeping an object for each: through a text file."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import duckdb

from gdac.manifest.files import quoted


class Spill:
    """An open text file of rows, one per line, tab-separated.

    Fields must hold no control characters; paths that `gdac.paths` accepts never do.
    """

    def __init__(self, file: Path, out: TextIO, columns: Mapping[str, str]) -> None:
        self._file, self._out, self._columns = file, out, columns
        self.rows = 0

    def add(self, *fields: str | int) -> None:
        """Add one row."""
        self._out.write("\t".join(map(str, fields)) + "\n")
        self.rows += 1

    def load(self, con: duckdb.DuckDBPyConnection, table: str) -> None:
        """Make a table of all rows so far; `add` must not be called again."""
        self._out.flush()
        kinds = ", ".join(f"'{name}': '{kind}'" for name, kind in self._columns.items())
        con.execute(
            f"""CREATE OR REPLACE TABLE {table} AS FROM read_csv({quoted(self._file)}, auto_detect = false,
            header = false, delim = '\t', quote = '', escape = '', columns = {{{kinds}}})"""
        )


@contextmanager
def spilling(workdir: Path, name: str, columns: Mapping[str, str]) -> Iterator[Spill]:
    """Open a spill in a directory; its file goes when the context ends.

    Args:
        workdir: a directory of the caller's own.
        name: of the file; unique within the directory.
        columns: names and DuckDB types.
    """
    file = workdir / f"{name}.tsv"
    try:
        with file.open("w", encoding="utf-8", newline="\n") as out:
            yield Spill(file, out, columns)
    finally:
        file.unlink(missing_ok=True)
