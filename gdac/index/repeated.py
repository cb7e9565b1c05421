"""Rows that an index has twice: equal ones collapse, of conflicting ones the newer date_update counts."""

from dataclasses import dataclass

import duckdb


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows taken out of a table.

    Attributes:
        rows: how many.
        notes: what to tell of them.
    """

    rows: int = 0
    notes: tuple[str, ...] = ()


def collapse(con: duckdb.DuckDBPyConnection, table: str) -> LeftOut:
    """Leave each path (or, without paths, each whole row) once in a table; the order of the others stays."""
    columns = [name for (name,) in con.execute(f"SELECT column_name FROM (DESCRIBE {table})").fetchall()]
    whole = "(" + ", ".join(f'"{name}"' for name in columns if name != "index_name") + ",)"
    keyed = "path" in columns
    key = "path" if keyed else whole
    # equal keys have equal hashes, so as many hashes as rows proves that all keys differ, in a fraction of the memory
    found = con.execute(f"SELECT count(*), count(DISTINCT hash({key})) FROM {table}").fetchone()
    if found is None or found[0] == found[1]:
        return LeftOut()
    newest = "date_update DESC, " if keyed else ""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE repeated_rows AS SELECT rowid AS spot, {key} AS k, hash({whole}) AS whole, "
        f"row_number() OVER (PARTITION BY {key} ORDER BY {newest}rowid) AS place FROM {table} "
        f"WHERE hash({key}) IN (SELECT hash({key}) FROM {table} GROUP BY 1 HAVING count(*) > 1)"
    )
    conflicts = con.execute(
        "SELECT count(*), min(k::VARCHAR) FROM "
        "(SELECT k FROM repeated_rows GROUP BY k HAVING count(DISTINCT whole) > 1)"
    ).fetchone()
    con.execute(f"DELETE FROM {table} WHERE rowid IN (SELECT spot FROM repeated_rows WHERE place > 1)")
    gone = con.execute("SELECT count(*) FROM repeated_rows WHERE place > 1").fetchone()
    con.execute("DROP TABLE repeated_rows")
    rows = gone[0] if gone else 0
    return LeftOut(rows, _notes(rows, *(conflicts or (0, None))))


def _notes(rows: int, conflicts: int, example: str | None) -> tuple[str, ...]:
    notes = [f"{rows:,} repeated rows were left out"] if rows else []
    if conflicts:
        notes.append(f"{conflicts:,} paths are listed twice with different rows, such as {example}; the newer counts")
    return tuple(notes)
