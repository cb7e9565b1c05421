"""Rows on their way from Python into the column engine: a text file between them, so that memory stays flat.

Archive paths hold no control character (`gdac.paths.check_safe`), so tab and newline separate without quoting.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Self

import duckdb

_NULL: Final = "\\N"


class Spool:
    """Writes rows to a file, then loads them as a table; use as a context manager: the file goes with it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._out = file.open("w", encoding="utf-8", newline="\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._out.close()
        self._file.unlink(missing_ok=True)

    def add(self, *values: object) -> None:
        """Append one row; None is SQL null."""
        self._out.write("\t".join(_NULL if value is None else str(value) for value in values) + "\n")

    def extend(self, rows: Iterable[tuple[object, ...]]) -> None:
        """Append rows."""
        for row in rows:
            self.add(*row)

    def load(self, connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]) -> None:
        """Make ``table`` out of the rows; ``columns`` maps names to SQL types, ``HEX`` meaning hex text to a BLOB."""
        self._out.flush()
        raw = {name: "VARCHAR" if kind == "HEX" else kind for name, kind in columns.items()}
        chosen = ", ".join(f"unhex({name}) as {name}" if kind == "HEX" else name for name, kind in columns.items())
        connection.execute(
            f"create or replace table {table} as select {chosen} from read_csv(?, columns = {_struct(raw)},"
            f" delim = '\t', quote = '', escape = '', header = false, auto_detect = false, nullstr = '{_NULL}')",
            [str(self._file)],
        )


def _struct(columns: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items()) + "}"
