"""What changed between two states of an archive: diff, apply, revert and fold, as SQL over tables of our shapes.

Tables and views are named by the caller (constants of ours, never text from outside) and have the columns of
`gdac.manifest.model`. Nothing here reads or writes files. See docs/formats.md, section "Delta".
"""

from collections.abc import Sequence
from typing import Final

import duckdb

from gdac.manifest.model import CHANGES, DELTA_COLUMNS, MANIFEST_COLUMNS, VALUES, DeltaCounts, DeltaMismatch
from gdac.manifest.tables import clear
from gdac.manifest.twins import pair_twins

_DELTA: Final = ", ".join(DELTA_COLUMNS)
_NEW: Final = ", ".join(VALUES)
_OLD: Final = ", ".join(f"old_{name}" for name in VALUES)


def diff(con: duckdb.DuckDBPyConnection, old: str, new: str, out: str) -> DeltaCounts:
    """Find what turns one manifest into another.

    Args:
        con: an open connection.
        old: manifest-shaped table or view: the base.
        new: the same for the newer state; its ``serial`` column, if any, is not looked at.
        out: delta-shaped table to make, sorted by path. A path counts as changed when its size, digests, modified or
            date_update differ.

    Returns:
        Rows by change and the bytes that would travel.
    """
    same = " AND ".join(f"o.{name} IS NOT DISTINCT FROM n.{name}" for name in VALUES)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {out}_raw AS
        SELECT CASE WHEN o.path IS NULL THEN 'added' WHEN n.path IS NULL THEN 'removed' ELSE 'changed' END AS change,
               coalesce(n.path, o.path) AS path, NULL::VARCHAR AS from_path,
               {", ".join(f"n.{name} AS {name}" for name in VALUES)},
               {", ".join(f"o.{name} AS old_{name}" for name in VALUES)}, o.serial AS old_serial
        FROM {old} o FULL JOIN {new} n ON o.path = n.path
        WHERE o.path IS NULL OR n.path IS NULL OR NOT ({same})"""
    )
    return _with_renames(con, f"{out}_raw", out)


def apply(
    con: duckdb.DuckDBPyConnection, base: str, delta: str, out: str, *, serial: int, as_view: bool = False
) -> None:
    """Turn a base into the state a delta leads to, strictly: every old value must be the base's own.

    Args:
        con: an open connection.
        base: manifest-shaped table or view.
        delta: delta-shaped table.
        out: manifest-shaped table to make. Its rows are in no particular order; `write_manifest` sorts.
        serial: the serial the delta leads to; it becomes the serial of every added, changed and renamed row.
        as_view: make a view instead, which costs no memory but needs base and delta for as long as it is used.

    Raises:
        DeltaMismatch: names the first path that does not fit; ``out`` is not made.
    """
    check_fits(con, base, delta)
    clear(con, out)
    con.execute(f"CREATE {'VIEW' if as_view else 'TABLE'} {out} AS {state_sql(base, delta, serial)}")


def state_sql(base: str, delta: str, serial: int) -> str:
    """The query behind `apply`, for callers that know the delta fits."""
    return f"""SELECT b.path, {", ".join(f"b.{name}" for name in VALUES)}, b.serial FROM {base} b
        WHERE NOT EXISTS (
            FROM (SELECT coalesce(from_path, path) AS gone FROM {delta} WHERE change <> 'added') d
            WHERE d.gone = b.path)
        UNION ALL
        SELECT path, {_NEW}, {int(serial)}::INTEGER FROM {delta} WHERE change <> 'removed'"""


def check_fits(con: duckdb.DuckDBPyConnection, base: str, delta: str) -> None:
    """Refuse a delta that was not made for this base.

    Raises:
        DeltaMismatch: a path to be added is there already, or one to be changed, renamed or removed is missing or has
            other values than the delta states.
    """
    there = con.execute(
        f"""SELECT min(d.path) FROM {delta} d JOIN {base} b ON b.path = d.path
        WHERE d.change IN ('added', 'renamed')"""
    ).fetchone()
    if there and there[0] is not None:
        raise DeltaMismatch(there[0], "is to be added and stands in the base already")
    same = " AND ".join(f"b.{name} IS NOT DISTINCT FROM d.old_{name}" for name in (*VALUES, "serial"))
    wrong = con.execute(
        f"""SELECT coalesce(d.from_path, d.path) AS old_path, d.change, b.path IS NULL
        FROM {delta} d LEFT JOIN {base} b ON b.path = coalesce(d.from_path, d.path)
        WHERE d.change <> 'added' AND (b.path IS NULL OR NOT ({same})) ORDER BY old_path LIMIT 1"""
    ).fetchone()
    if wrong:
        path, change, missing = wrong
        raise DeltaMismatch(path, f"is to be {change} and {'is not in' if missing else 'has other values in'} the base")


def revert(con: duckdb.DuckDBPyConnection, delta: str, out: str, *, serial: int) -> DeltaCounts:
    """Make the delta that undoes another one (a mistake is undone forward: it is sealed as a serial of its own).

    Args:
        con: an open connection.
        delta: delta-shaped table.
        out: delta-shaped table to make; it fits the state that ``delta`` leads to.
        serial: the serial that ``delta`` leads to: the one its rows carry in that state.
    """
    clear(con, out)
    con.execute(
        f"""CREATE TABLE {out} AS
        SELECT CASE change WHEN 'added' THEN 'removed' WHEN 'removed' THEN 'added' ELSE change END AS change,
               coalesce(from_path, path) AS path, CASE WHEN change = 'renamed' THEN path END AS from_path,
               {", ".join(f"old_{name} AS {name}" for name in VALUES)},
               {", ".join(f"{name} AS old_{name}" for name in VALUES)},
               CASE WHEN change <> 'removed' THEN {int(serial)}::INTEGER END AS old_serial
        FROM {delta} ORDER BY path"""
    )
    return count(con, out)


def fold(con: duckdb.DuckDBPyConnection, deltas: Sequence[str], out: str) -> DeltaCounts:
    """Make one delta out of several that follow each other: the net change.

    What was added and removed again, or changed and changed back, is gone; renames stay where they are still true. The
    result is what `diff` finds between the first base and the last state.

    Args:
        con: an open connection.
        deltas: delta-shaped tables in the order of their serials; at least one.
        out: delta-shaped table to make.

    Raises:
        DeltaMismatch: one of them does not follow from those before it.
    """
    steps = " UNION ALL ".join(events(delta, step) for step, delta in enumerate(deltas))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {out}_events AS {steps}")
    _check_follows(con, f"{out}_events")
    first = ", ".join(f"arg_min_null({name}, step) AS {name}" for name in (*_OLD.split(", "), "old_serial", "was"))
    last = ", ".join(f"arg_max_null({name}, step) AS {name}" for name in (*VALUES, "stays"))
    changed = " OR ".join(f"{name} IS DISTINCT FROM old_{name}" for name in VALUES)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {out}_raw AS
        SELECT CASE WHEN NOT was THEN 'added' WHEN NOT stays THEN 'removed' ELSE 'changed' END AS change,
               path, NULL::VARCHAR AS from_path, {_NEW}, {_OLD}, old_serial
        FROM (SELECT path, {first}, {last} FROM {out}_events GROUP BY path)
        WHERE (was OR stays) AND ({changed})"""
    )
    con.execute(f"DROP TABLE {out}_events")
    return _with_renames(con, f"{out}_raw", out)


def count(con: duckdb.DuckDBPyConnection, delta: str) -> DeltaCounts:
    """Rows of a delta-shaped table by change, and the bytes that travel."""
    row = con.execute(
        f"""SELECT {", ".join(f"count(*) FILTER (change = '{word}')" for word in CHANGES)},
               coalesce(sum(size) FILTER (change <> 'removed' AND sha256 IS DISTINCT FROM old_sha256), 0)::BIGINT
        FROM {delta}"""
    ).fetchone()
    assert row is not None
    return DeltaCounts(*row)


def _with_renames(con: duckdb.DuckDBPyConnection, raw: str, out: str) -> DeltaCounts:
    """Turn the removed and added rows of R/D twins into one row each; sort; drop ``raw``."""
    pair_twins(con, raw, f"{out}_pairs")
    clear(con, out)
    con.execute(
        f"""CREATE TABLE {out} AS
        SELECT {_DELTA} FROM (
            SELECT {_DELTA} FROM {raw}
            WHERE change = 'changed'
               OR path NOT IN (SELECT path FROM {out}_pairs UNION ALL SELECT from_path FROM {out}_pairs)
            UNION ALL
            SELECT 'renamed', n.path, p.from_path, {", ".join(f"n.{name}" for name in VALUES)},
                   {", ".join(f"o.old_{name}" for name in VALUES)}, o.old_serial
            FROM {out}_pairs p JOIN {raw} n ON n.path = p.path JOIN {raw} o ON o.path = p.from_path)
        ORDER BY path"""
    )
    con.execute(f"DROP TABLE {out}_pairs")
    con.execute(f"DROP TABLE {raw}")
    return count(con, out)


def events(delta: str, step: int) -> str:
    """SQL: rows of one delta, a rename as a path that left and one that came: (step, path, was, stays, new, old).

    Args:
        delta: delta-shaped table.
        step: a number of its own, in the order of deltas that follow each other.
    """
    nothing = ", ".join(f"NULL::{MANIFEST_COLUMNS[name]}" for name in VALUES)
    return f"""
        SELECT {step} AS step, path, change NOT IN ('added', 'renamed') AS was, change <> 'removed' AS stays, {_NEW},
               {", ".join(f"CASE WHEN change <> 'renamed' THEN old_{name} END AS old_{name}" for name in VALUES)},
               CASE WHEN change <> 'renamed' THEN old_serial END AS old_serial
        FROM {delta}
        UNION ALL
        SELECT {step}, from_path, true, false, {nothing}, {_OLD}, old_serial FROM {delta} WHERE change = 'renamed'"""


def _check_follows(con: duckdb.DuckDBPyConnection, events: str) -> None:
    before = ", ".join(f"lag({name}) OVER w AS before_{name}" for name in (*VALUES, "stays"))
    same = " AND ".join(f"before_{name} IS NOT DISTINCT FROM old_{name}" for name in VALUES)
    wrong = con.execute(
        f"""SELECT min(path) FROM (SELECT *, {before} FROM {events} WINDOW w AS (PARTITION BY path ORDER BY step))
        WHERE before_stays IS NOT NULL AND (before_stays <> was OR NOT ({same}))"""
    ).fetchone()
    if wrong and wrong[0] is not None:
        raise DeltaMismatch(wrong[0], "does not follow from the deltas before it")
