"""The one column engine: DuckDB, set up the same way everywhere.

Indexes, manifests and deltas are tables of up to 20 million rows. They are read, joined and written as columns, never
as one Python object per file. Table and view names in our SQL are constants of ours; values go by parameter.
"""

from collections.abc import Iterator
from typing import Any, Final

import duckdb

_BATCH: Final = 2048


def connect(
    *, memory_limit: str = "2GB", threads: int = 2, temp_directory: str | None = None
) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB that never reaches for the network and keeps to its memory.

    Args:
        memory_limit: DuckDB's own buffer limit, such as ``"800MB"``; beyond it DuckDB spills to ``temp_directory``.
        threads: worker threads.
        temp_directory: where spilled data go; None lets a query that outgrows the limit fail instead.

    Returns:
        A connection in UTC with extension loading off.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": memory_limit,
            "threads": threads,
            "temp_directory": temp_directory or "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "enable_external_file_cache": False,
        },
    )
    # Unknown to connect() itself in DuckDB 2.0.
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    return connection


def stream(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, a batch of them in memory at a time.

    Nothing else may be asked of the connection before the last row. (A cursor would allow that, but it is a connection
    of its own, which does not see temporary tables.)
    """
    connection.execute(query)
    while batch := connection.fetchmany(_BATCH):
        yield from batch
