"""Index files of the sample, straight from its states: the rows that `gdac index build` reads out of the files."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import duckdb

from gdac.columns import connect
from gdac.index import BUILT, SPECS, IndexSpec, new_header
from gdac.index.rows import empty_table
from gdac.index.write import write_index
from gdac.sample.days import FloatState
from gdac.sample.files import Planned, plan
from gdac.sample.profiles import mode_letters, parameters_of
from gdac.sample.trajectory import places

_INDEX_OF: Final = {
    "core": "ar_index_global_prof",
    "bio": "argo_bio-profile_index",
    "synthetic": "argo_synthetic-profile_index",
    "meta": "ar_index_global_meta",
    "tech": "ar_index_global_tech",
    "traj": "ar_index_global_traj",
}
_BATCH: Final = 50_000

Row = dict[str, Any]


def index_paths() -> tuple[str, ...]:
    """The index files of an archive, plain and packed."""
    return tuple(f"{name}{suffix}" for name in BUILT for suffix in (".txt", ".txt.gz"))


def write_indexes(states: Iterable[FloatState], root: Path, updated: datetime) -> None:
    """Write all index files of an archive, plain and packed, all with the same stamp.

    Args:
        states: every float.
        root: of the archive.
        updated: the stamp, aware.
    """
    with connect() as con:
        for name in BUILT:
            con.execute(f'CREATE TABLE "{name}" ({empty_table(SPECS[name].columns)})')
        waiting: dict[str, list[Row]] = {name: [] for name in BUILT}
        for state in states:
            for name, row in rows(state):
                waiting[name].append(row)
                if len(waiting[name]) >= _BATCH:
                    _insert(con, SPECS[name], waiting[name])
        for name in BUILT:
            _insert(con, SPECS[name], waiting[name])
            header = new_header(SPECS[name], updated=updated)
            for suffix in (".txt", ".txt.gz"):
                write_index(con, f'"{name}"', root / f"{name}{suffix}", spec=SPECS[name], header=header)


def rows(state: FloatState) -> Iterator[tuple[str, Row]]:
    """The index rows of one float: the index's name, and the values of its columns."""
    for path, planned in plan(state).items():
        if planned.is_derived:
            continue
        row: Row = {
            "path": path,
            "institution": state.float.dac.code,
            "date_update": _naive(planned.updated),
            "profiler_type": state.float.model.instrument,
        }
        if planned.kind == "traj":
            row |= _extent(state)
        if planned.profile:
            row |= _profile(state, planned)
        yield _INDEX_OF[planned.kind], row


def _profile(state: FloatState, planned: Planned) -> Row:
    each, profile = state.float, planned.profile
    assert profile
    found: Row = {
        "date": _naive(each.surfaced(profile.cycle, descending=profile.descending)),
        "parameters": " ".join(parameters_of(each, planned.kind)),
        "parameter_data_mode": mode_letters(each, profile, planned.kind),
    }
    if each.has_position(profile.cycle):
        latitude, longitude = each.position(profile.cycle)
        found |= {"latitude": latitude, "longitude": longitude, "ocean": each.dac.ocean}
    return found


def _extent(state: FloatState) -> Row:
    north, east = zip(*places(state.float, state.cycles), strict=True)
    return {
        "latitude_max": max(north),
        "latitude_min": min(north),
        "longitude_max": max(east),
        "longitude_min": min(east),
    }


def _naive(when: datetime) -> datetime:
    return when.astimezone(UTC).replace(tzinfo=None)


def _insert(con: duckdb.DuckDBPyConnection, spec: IndexSpec, found: list[Row]) -> None:
    """Append rows, a column at a time, and forget them."""
    if not found:
        return
    columns: Sequence[tuple[str, str]] = con.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index", [spec.name]
    ).fetchall()
    values = [[row.get(name) for row in found] for name, _ in columns]
    unnested = ", ".join(f"unnest(?::{kind}[])" for _, kind in columns)
    con.execute(f'INSERT INTO "{spec.name}" SELECT {unnested}', values)
    found.clear()
