"""Tables and views of a connection, by name."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb


def clear(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Drop a table or view if there is one; DuckDB's own ``OR REPLACE`` refuses when the kind changes."""
    kinds = con.execute("SELECT table_type FROM information_schema.tables WHERE table_name = $1", [name]).fetchall()
    for (kind,) in kinds:
        con.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {name}")


@contextmanager
def all_or_nothing(con: duckdb.DuckDBPyConnection, name: str) -> Iterator[None]:
    """Clear a name, and clear it again when what is made of it is refused."""
    clear(con, name)
    try:
        yield
    except BaseException:
        clear(con, name)
        raise
