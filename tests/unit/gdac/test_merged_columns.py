"""Members of many merged files at once: the same as by the rules for one float and one day."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest

from gdac.merged import (
    float_members_query,
    float_products_query,
    geo_members,
    geo_members_query,
    latest_members,
    latest_members_query,
)
from gdac.paths import ArchivePath

TODAY = date(2026, 3, 1)
FLOATS = ("dac/aoml/13857", "dac/jma/2900001", "dac/coriolis/6900001")
NAMES = ("R{}_001.nc", "D{}_001.nc", "R{}_001D.nc", "R{}_002.nc", "D{}_1000.nc", "BR{}_001.nc", "SD{}_001.nc", "x.nc")


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": 2}) as opened:
        yield opened


def paths() -> list[str]:
    found = [f"{each}/profiles/{name.format(each.rpartition('/')[2])}" for each in FLOATS for name in NAMES]
    return [*found, *(f"{each}/{each.rpartition('/')[2]}_meta.nc" for each in FLOATS), "geo/x.nc", "ar_index.txt"]


def as_table(con: duckdb.DuckDBPyConnection, name: str, columns: str, rows: list[tuple[object, ...]]) -> None:
    con.execute(f"create or replace table {name} ({columns})")
    if rows:
        con.executemany(f"insert into {name} values ({', '.join('?' * len(rows[0]))})", rows)


def grouped(con: duckdb.DuckDBPyConnection, query: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for product, path in con.execute(f"select product, path from ({query}) order by product, path").fetchall():
        found.setdefault(product, []).append(path)
    return {product: tuple(members) for product, members in found.items()}


def test_floats(con):
    as_table(con, "held", "path varchar", [(each,) for each in paths()])
    as_table(con, "touched", "path varchar", [(each,) for each in paths() if "6900001" not in each])
    con.execute(f"create table asked as {float_products_query('touched')}")
    found = grouped(con, float_members_query("held", "asked"))
    assert found == {
        f"{each}/{wmo}_prof.nc": tuple(
            f"{each}/profiles/{name.format(wmo)}" for name in ("D{}_001.nc", "D{}_1000.nc", "R{}_001D.nc", "R{}_002.nc")
        )
        for each in FLOATS[:2]
        if (wmo := each.rpartition("/")[2])
    }


@pytest.mark.parametrize("seed", range(5))
def test_days_of_observation(con, seed):
    chance = random.Random(seed)
    core = [each for each in paths() if "/profiles/" in each and each.rpartition("/")[2][0] in "RD"]
    kept = chance.sample(core, chance.randrange(3, len(core)))
    days = [TODAY, TODAY + timedelta(days=1)]
    rows = [
        (each, datetime.combine(chance.choice(days), datetime.min.time()), chance.choice(["A", "I", "P", None, "X"]))
        for each in kept
    ]
    as_table(con, "held", "path varchar", [(each,) for each in kept])
    as_table(con, "listed", "path varchar, date timestamp, ocean varchar", rows)
    expected = {key: names for day in days for key, names in geo_members(con, "listed", day).items() if names}
    assert grouped(con, geo_members_query("listed", "held")) == expected


@pytest.mark.parametrize("seed", range(5))
def test_days_of_arrival(con, seed):
    chance = random.Random(seed)
    kept = chance.sample(paths(), 15)
    arrivals = [(each, datetime(2026, 1, 25, tzinfo=UTC) + timedelta(hours=chance.randrange(40 * 24))) for each in kept]
    as_table(
        con, "came", "path varchar, arrived timestamp", [(each, when.replace(tzinfo=None)) for each, when in arrivals]
    )
    as_table(con, "firsts", "day date, mode varchar, first bigint", [])
    expected = latest_members(((ArchivePath.parse(each), when) for each, when in arrivals), TODAY, per_part=2)
    assert grouped(con, latest_members_query("came", "firsts", TODAY, per_part=2)) == expected


def test_parts_begin_where_they_are_told(con):
    came = [(f"dac/aoml/13857/profiles/R13857_{cycle:03d}.nc", datetime(2026, 3, 1)) for cycle in range(3)]
    as_table(con, "came", "path varchar, arrived timestamp", came)
    as_table(con, "firsts", "day date, mode varchar, first bigint", [(TODAY, "R", 4)])
    found = grouped(con, latest_members_query("came", "firsts", TODAY, per_part=2))
    assert {each: len(names) for each, names in found.items()} == {
        "latest_data/R20260301_prof_4.nc": 2,
        "latest_data/R20260301_prof_5.nc": 1,
    }
