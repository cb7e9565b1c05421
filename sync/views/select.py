"""Which files of a manifest a filter keeps, decided in columns.

A cycle (one float, one number, one direction) is chosen by what the indexes say of any of its profiles, and its core,
bio, synthetic and merged files come or stay away together. Of a float that has lost cycles to the filter only ``meta``
and ``tech`` come: trajectories, ``_prof``, ``_Sprof`` and auxiliary files hold what the filter leaves out, so they come
with whole floats. Files that belong to no float (``geo/``, ``latest_data/``, ``etc/``) come where floats are not
filtered. See docs/views.md.
"""

from collections.abc import Collection, Sequence
from typing import Final

import duckdb

from gdac.columns import stream
from gdac.index.grammar import certain
from gdac.paths import ArchivePath, Kind
from sync.views.definition import Area, Filter

#: Indexes whose rows place a cycle in time and space, with the columns that do.
PLACING: Final = (
    "ar_index_global_prof",
    "argo_bio-profile_index",
    "argo_synthetic-profile_index",
    "argo_merge-profile_index",
)
_BGC: Final = (Kind.BIO_PROFILE, Kind.SYNTHETIC_PROFILE, Kind.BIO_TRAJECTORY, Kind.SYNTHETIC_MULTI_PROFILE)
_PROFILES: Final = (Kind.PROFILE, Kind.BIO_PROFILE, Kind.SYNTHETIC_PROFILE, Kind.MERGED_PROFILE)
_CERTAIN: Final = (*_PROFILES, Kind.META, Kind.TECH, Kind.TRAJECTORY, Kind.BIO_TRAJECTORY)
_MULTI: Final = {
    Kind.MULTI_PROFILE: "prof",
    Kind.SYNTHETIC_MULTI_PROFILE: "Sprof",
    Kind.MERGED_MULTI_PROFILE: "Mprof",
}
_WITH_PARTS: Final = (*_PROFILES, Kind.META, Kind.TECH)
_CYCLE: Final = r"_([0-9]{3,4}D?)\.nc$"
_BATCH: Final = 2000


def classify(con: duckdb.DuckDBPyConnection, paths: str, out: str) -> None:
    """Make the table ``out`` (path, kind, dac, wmo): the fields of `ArchivePath` for every path.

    Args:
        con: an open connection.
        paths: table or view with a column ``path``.
        out: table to make.
    """
    whens = [f"when {certain(frozenset({kind}))} then '{kind.value}'" for kind in _CERTAIN]
    for kind, what in _MULTI.items():
        shape = rf"dac/[a-z][a-z0-9_-]{{1,31}}/(?:[0-9]{{7}}|[0-9]{{5}})/(?:[0-9]{{7}}|[0-9]{{5}})_{what}\.nc"
        same = f"split_part(path, '/', 4) = split_part(path, '/', 3) || '_{what}.nc'"
        whens.append(f"when regexp_full_match(path, '{shape}') and {same} then '{kind.value}'")
    con.execute(
        f"create or replace temp table {out} as select path, kind, split_part(path, '/', 2) as dac,"
        f" split_part(path, '/', 3) as wmo from (select path, case {' '.join(whens)} end as kind from {paths})"
        " where kind is not null"
    )
    con.execute(f"create or replace temp view {out}_odd as select path from {paths} anti join {out} using (path)")
    batch: list[tuple[str, str, str | None, str | None]] = []
    found = [ArchivePath.parse(row[0]) for row in stream(con, f"select path from {out}_odd")]
    for at in range(0, len(found), _BATCH):
        batch = [(one.text, one.kind.value, one.dac, one.wmo) for one in found[at : at + _BATCH]]
        columns = [list(column) for column in zip(*batch, strict=True)]
        con.execute(
            f"insert into {out} select unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::varchar[]),"
            " unnest(?::varchar[])",
            columns,
        )


def select_paths(con: duckdb.DuckDBPyConnection, kept: Filter, paths: str, placed: Sequence[str], out: str) -> None:
    """Make the table ``out`` (path): what the filter keeps.

    Args:
        con: an open connection.
        kept: the filter.
        paths: table or view with a column ``path``: the data files of the hub, without its index files.
        placed: tables with path, date, latitude, longitude and ocean of single profiles: rows of the indexes named
            `PLACING`; only looked at when the filter goes by cycle.
        out: table to make.
    """
    known = f"{out}_kinds"
    classify(con, paths, known)
    conditions = ["true"]
    if kept.dacs:
        conditions.append(f"dac in ({_literals(kept.dacs)})")
    if kept.wmos:
        conditions.append(f"wmo in ({_literals(kept.wmos)})")
    if kept.kinds:
        conditions.append(f"kind in ({_literals([kind.value for kind in kept.kinds])})")
    if kept.bgc_only:
        bgc = f"select distinct dac, wmo from {known} where kind in ({_literals([kind.value for kind in _BGC])})"
        conditions.append(f"(dac, wmo) in ({bgc})")
    if kept.by_float:
        conditions.append("wmo is not null")
    if kept.by_cycle:
        conditions.append(_chosen_by_cycle(con, kept, known, placed, out))
    con.execute(f"create or replace temp table {out} as select path from {known} where {' and '.join(conditions)}")


def _chosen_by_cycle(con: duckdb.DuckDBPyConnection, kept: Filter, known: str, placed: Sequence[str], out: str) -> str:
    """Make the tables of chosen cycles and floats; returns the condition on a row of ``known``."""
    cycle = f"regexp_extract(path, '{_CYCLE}', 1)"
    profiles = _literals([kind.value for kind in _PROFILES])
    here = " union all ".join(f"select path from {table} where {_condition(kept)}" for table in placed)
    here = here or "select null::varchar as path where false"
    con.execute(
        f"create or replace temp table {out}_cycles as select dac, wmo, {cycle} as cycle,"
        f" bool_or(path in ({here})) as chosen from {known} where kind in ({profiles}) group by all"
    )
    con.execute(
        f"create or replace temp table {out}_floats as"
        f" select dac, wmo, bool_and(chosen) as whole from {out}_cycles group by all having bool_or(chosen)"
    )
    return (
        f"case when kind in ({profiles})"
        f" then (dac, wmo, {cycle}) in (select (dac, wmo, cycle) from {out}_cycles where chosen)"
        f" when kind in ({_literals([kind.value for kind in _WITH_PARTS])})"
        f" then (dac, wmo) in (select (dac, wmo) from {out}_floats)"
        f" else (dac, wmo) in (select (dac, wmo) from {out}_floats where whole) end"
    )


def _condition(kept: Filter) -> str:
    """SQL: a row of a profile index lies within the filter's time and space; missing values lie nowhere."""
    parts = []
    if kept.since is not None:
        parts.append(f"date >= timestamp '{kept.since.isoformat()} 00:00:00'")
    if kept.oceans:
        parts.append(f"ocean in ({_literals(kept.oceans)})")
    if kept.area is not None:
        parts.append(_within(kept.area))
    return f"coalesce({' and '.join(parts)}, false)"


def _within(area: Area) -> str:
    east = "(longitude + 180.0 - 360.0 * floor((longitude + 180.0) / 360.0) - 180.0)"  # -180 to 180, any turn
    edge = "true" if area.east == 180.0 else "false"  # 180 E is written -180 here
    box = f"({east} >= {area.west!r} {'and' if area.west <= area.east else 'or'} {east} <= {area.east!r})"
    return (
        f"latitude between {area.south!r} and {area.north!r} and latitude between -90 and 90"
        f" and longitude between -360 and 360 and ({box} or ({edge} and {east} = -180.0))"
    )


def _literals(texts: Collection[str]) -> str:
    return ", ".join("'" + text.replace("'", "''") + "'" for text in sorted(texts))
