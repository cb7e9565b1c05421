"""Small manifests for tests: a state is a dict of path -> content (or a Row)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

ARCHIVE = "0b5a3c52-8a53-4a0e-9d5f-6c1f6f2f4c11"
OTHER_ARCHIVE = "7d6f9f4a-52f1-4f53-8f7e-1a2b3c4d5e6f"


def utc(text: str) -> datetime:
    """A time as our tables hold it: UTC without saying so."""
    return datetime.fromisoformat(text)


MODIFIED = utc("2026-11-01T12:30:15.123456")


@dataclass(frozen=True)
class Row:
    """One file of a state."""

    content: str
    date_update: datetime | None = None
    modified: datetime | None = MODIFIED
    serial: int = 1


State = Mapping[str, Row | str]

COLUMNS = "path VARCHAR, size BIGINT, sha256 BLOB, md5 BLOB, modified TIMESTAMP, date_update TIMESTAMP, serial INTEGER"


def make(con: duckdb.DuckDBPyConnection, table: str, state: State, *, serial: int | None = None) -> None:
    """Make the manifest-shaped table of a state, in the order of the mapping."""
    con.execute(f"CREATE OR REPLACE TABLE {table} ({COLUMNS})")
    rows = []
    for path, entry in state.items():
        row = entry if isinstance(entry, Row) else Row(entry)
        raw = row.content.encode()
        sha256, md5 = hashlib.sha256(raw).digest(), hashlib.md5(raw).digest()
        rows.append((path, len(raw), sha256, md5, row.modified, row.date_update, serial or row.serial))
    if rows:
        con.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def read(con: duckdb.DuckDBPyConnection, table: str, *, serial: bool = True) -> list[tuple[object, ...]]:
    """All rows by path."""
    columns = "path, size, sha256, md5, modified, date_update" + (", serial" if serial else "")
    return con.execute(f"SELECT {columns} FROM {table} ORDER BY path").fetchall()


def delta_rows(con: duckdb.DuckDBPyConnection, table: str) -> list[tuple[object, ...]]:
    """All rows of a delta by path."""
    return con.execute(f"SELECT * FROM {table} ORDER BY path").fetchall()
