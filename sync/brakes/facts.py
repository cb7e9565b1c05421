"""What the brake looks at, counted in columns: the plan of a hub's day, and the delta of a mirror.

The plan is compared with the last *sealed* state: what a broken-off run has fetched already counts as still to come, so
that its approval stays good.

Tables made here: ``brake`` (change, path, date_update; of renames both ends) and ``brake_pairs`` (path, from_path).
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import duckdb

from gdac.columns import stream
from gdac.index.read import LoadedIndex
from gdac.index.spec import spec_of
from gdac.manifest.head import Head
from gdac.manifest.twins import pair_twins
from policies.deletion import DacDiff, Facts, Hold, IndexDiff, Move
from sync.brakes.kinds import count_by_kind

#: The DAC of a path, or nothing.
_DAC: Final = "case when starts_with({0}, 'dac/') then split_part({0}, '/', 2) else '' end"
#: First paths of each kind of change that a preview shows.
_EXAMPLES: Final = 5


def plan_facts(connection: duckdb.DuckDBPyConnection, indexes: Sequence[IndexDiff]) -> Facts:
    """What a hub's plan would do to the last sealed state, from ``base``, ``pending``, ``todo`` and ``gone``."""
    if not _any(connection, "base"):
        return Facts(is_first=True)
    connection.execute(
        "create or replace temp table coming as select path, date_update from todo"
        " union all select path, date_update from pending"
        " where path not in (select path from todo) and path not in (select path from gone)"
    )
    connection.execute(
        "create or replace temp table brake as"
        " select case when base.path is null then 'added' else 'changed' end as change, coming.path, coming.date_update"
        " from coming left join base on coming.path = base.path"
        " union all select 'removed', path, null from gone semi join base using (path)"
    )
    return Facts(dacs=_dacs(connection, "base"), indexes=tuple(indexes), moves=_moves(connection))


def delta_facts(connection: duckdb.DuckDBPyConnection, changes: str, held: str) -> Facts:
    """What a delta would do to a mirror.

    Args:
        connection: holds both.
        changes: delta-shaped table or view.
        held: table or view of the state that the delta leads *to* (path).
    """
    connection.execute(
        "create or replace temp table brake as"
        f" select case change when 'renamed' then 'added' else change end as change, path,"
        f" null::timestamp as date_update from {changes}"
        f" union all select 'removed', from_path, null from {changes} where change = 'renamed'"
    )
    connection.execute(
        f"create or replace temp view brake_held as select path from {held}"
        " where path not in (select path from brake where change = 'added')"
        " union all select path from brake where change = 'removed'"
    )
    return Facts(dacs=_dacs(connection, "brake_held"), moves=_moves(connection))


def index_diffs(
    connection: duckdb.DuckDBPyConnection,
    loaded: Sequence[LoadedIndex],
    before: Head | None,
    missing: Collection[str],
    retired: Collection[str],
) -> tuple[IndexDiff, ...]:
    """How each index differs from its sealed state, from ``wanted``, ``todo`` and ``gone``.

    Files held of an index are those that it lists, without new ones, with those that have gone: no pass over all files.
    """
    new = dict(
        connection.execute(
            "select index_name, count(*) from wanted where path in (select path from todo where why = 'new') group by 1"
        ).fetchall()
    )
    gone = count_by_kind(connection, "gone")
    stamps = _stamps(before)
    diffs = [
        IndexDiff(
            name=one.spec.name,
            held=one.rows - new.get(one.spec.name, 0) + sum(gone.get(kind, 0) for kind in one.spec.kinds),
            rows=one.rows,
            stamp_before=stamps.get(one.spec.name),
            stamp=one.header.updated,
        )
        for one in loaded
    ]
    diffs += [IndexDiff(name, 0, None, stamps.get(name)) for name in missing]
    return (*diffs, *(IndexDiff(name, 0, None, stamps.get(name), retired=True) for name in retired))


def _stamps(before: Head | None) -> dict[str, datetime]:
    stamps: dict[str, datetime] = {}
    for entry in before.indexes if before else ():
        spec = spec_of(entry.path.rpartition("/")[2])
        if spec and entry.updated:
            stamps[spec.name] = max(entry.updated, stamps.get(spec.name, entry.updated))
    return stamps


def fingerprint(connection: duckdb.DuckDBPyConnection, hold: Hold, serial: int | None) -> str:
    """Names one plan: equal plans have equal fingerprints, whenever and how often they are made.

    Every path that comes, changes or goes with the date its index gives, on top of which serial, and the reasons.
    """
    digest = hashlib.sha256(f"{serial}\n".encode())
    for change, path, moment in stream(
        connection, "select change = 'removed', path, date_update from brake order by path, 1"
    ):
        digest.update(f"{'-' if change else '+'}{path}\t{moment}\n".encode())
    for reason in hold.reasons:
        digest.update(f"{reason.rule}\t{reason.subject}\t{reason.number}\n".encode())
    return digest.hexdigest()


def preview(connection: duckdb.DuckDBPyConnection, facts: Facts) -> dict[str, Any]:
    """What a person looks at before approving: counts per DAC and the first paths, as plain JSON values."""
    counts = {
        one.dac or "(none)": {
            "held": one.held,
            "added": one.added,
            "changed": one.changed,
            "removed": one.removed,
            "renamed": one.renamed,
        }
        for one in facts.dacs
        if one.added or one.changed or one.removed or one.renamed
    }
    return {
        "dacs": counts,
        **{change: _examples(connection, change) for change in ("removed", "changed", "added")},
    }


def _examples(connection: duckdb.DuckDBPyConnection, change: str) -> list[str]:
    rows = connection.execute(
        f"select path from brake where change = ? and {_IS_NO_RENAME} order by path limit {_EXAMPLES}", [change]
    )
    return [row[0] for row in rows.fetchall()]


_IS_NO_RENAME: Final = "path not in (select path from brake_pairs) and path not in (select from_path from brake_pairs)"


def _dacs(connection: duckdb.DuckDBPyConnection, held: str) -> tuple[DacDiff, ...]:
    """Count per DAC, with renames apart; index files at the root are left out: they change every day."""
    pair_twins(connection, "brake", "brake_pairs")
    dac = _DAC.format("path")
    counts: dict[str, dict[str, int]] = {}
    for name, number in connection.execute(
        f"select {dac}, count(*) from {held} where contains(path, '/') group by 1"
    ).fetchall():
        counts.setdefault(name, {})["held"] = number
    for name, change, number in connection.execute(
        f"select {dac}, change, count(*) from brake where contains(path, '/') and {_IS_NO_RENAME} group by all"
    ).fetchall():
        counts.setdefault(name, {})[change] = number
    for name, number in connection.execute(f"select {dac}, count(*) from brake_pairs group by 1").fetchall():
        counts.setdefault(name, {})["renamed"] = number
    return tuple(_diff(name, numbers) for name, numbers in sorted(counts.items()))


def _diff(dac: str, numbers: Mapping[str, int]) -> DacDiff:
    return DacDiff(dac, **numbers)


def _moves(connection: duckdb.DuckDBPyConnection) -> tuple[Move, ...]:
    """Float directories that leave one DAC whole, and of which the same file names come under another."""
    rest = "substr({0}, strlen('dac/' || split_part({0}, '/', 2)) + 2)"
    rows = connection.execute(
        f"""with left_files as (
            select split_part(path, '/', 2) as dac, split_part(path, '/', 3) as wmo, {rest.format("path")} as rest
            from brake where change = 'removed' and starts_with(path, 'dac/') and {_IS_NO_RENAME}),
        come as (
            select split_part(path, '/', 2) as dac, {rest.format("path")} as rest
            from brake where change = 'added' and starts_with(path, 'dac/') and {_IS_NO_RENAME}),
        paired as (
            select l.dac as source, c.dac as target, l.wmo, count(*) as files
            from left_files l join come c on l.rest = c.rest and l.dac <> c.dac group by all),
        whole as (select dac, wmo, count(*) as files from left_files group by all)
        select source, target, count(*), sum(paired.files)::bigint from paired join whole
        on paired.source = whole.dac and paired.wmo = whole.wmo and paired.files = whole.files
        group by all order by 1, 2"""
    ).fetchall()
    return tuple(Move(*row) for row in rows)


def _any(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    return connection.execute(f"select 1 from {table} limit 1").fetchone() is not None
