"""What goes into the merged files of a day of observation and of a day of arrival."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest

from gdac.check import check_file
from gdac.index import SPECS, new_header
from gdac.index.build import build_indexes
from gdac.index.read import load_index
from gdac.merged import Order, geo_members, geo_path, geo_touched, latest_members, merge
from gdac.netcdf import read_variables
from gdac.paths import ArchivePath, Kind
from gdac.sample import make_archive

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = date(2026, 1, 15)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": 2}) as opened:
        yield opened


def load(con: duckdb.DuckDBPyConnection, folder: Path, rows: list[tuple[str, str, str]], table: str = "prof") -> None:
    """A profile index of (file name, date, ocean)."""
    file = folder / "ar_index_global_prof.txt"
    header = new_header(SPECS["ar_index_global_prof"], updated=NOW).encode().decode()
    lines = (f"{path(name)[4:]},{when},1.000,2.000,{ocean},846,AO,20260201000000\n" for name, when, ocean in rows)
    file.write_text(header + "".join(lines), newline="\n")
    load_index(con, file, table, workdir=folder)


def path(name: str) -> str:
    wmo = name[1:].partition("_")[0]
    return f"dac/aoml/{wmo}/profiles/{name}.nc"


def test_a_day_is_from_midnight_to_midnight_and_each_ocean_has_its_file(con, tmp_path):
    rows = [
        ("D13857_001", "20260115000000", "A"),
        ("D13857_002", "20260115235959", "A"),
        ("D13857_003", "20260116000000", "A"),
        ("D13857_004", "20260114235959", "A"),
        ("R1900001_001", "20260115120000", "P"),
        ("R1900001_002", "", "P"),  # no good date
        ("R1900001_003", "20260115120000", ""),  # no good position
    ]
    load(con, tmp_path, rows)
    assert geo_members(con, "prof", DAY) == {
        "geo/atlantic_ocean/2026/01/20260115_prof.nc": (path("D13857_001"), path("D13857_002")),
        "geo/indian_ocean/2026/01/20260115_prof.nc": (),
        "geo/pacific_ocean/2026/01/20260115_prof.nc": (path("R1900001_001"),),
    }


def test_a_d_file_replaces_its_r_file_also_where_it_says_another_day(con, tmp_path):
    load(con, tmp_path, [("R13857_001", "20260115000000", "A"), ("D13857_001", "20260117000000", "A")])
    assert not any(geo_members(con, "prof", DAY).values())
    assert geo_members(con, "prof", date(2026, 1, 17))[geo_path("A", date(2026, 1, 17))] == (path("D13857_001"),)


def test_a_change_touches_the_day_it_left_and_the_day_it_came_to(con, tmp_path):
    load(con, tmp_path, [("R13857_001", "20260115000000", "A"), ("R13857_002", "20260116000000", "A")], "before")
    load(con, tmp_path, [("D13857_001", "20260117000000", "A"), ("R13857_002", "20260116000000", "A")], "after")
    changed = [path("R13857_001"), path("D13857_001")]
    assert geo_touched(con, ("before", "after"), changed) == (date(2026, 1, 15), date(2026, 1, 17))
    assert geo_touched(con, ("before", "after"), []) == ()


def test_names_are_those_of_the_archive():
    assert ArchivePath.parse(geo_path("I", date(2001, 2, 3))).kind is Kind.GEO


def arrived(name: str, when: datetime = NOW) -> tuple[ArchivePath, datetime]:
    return ArchivePath.parse(path(name)), when


def test_arrivals_of_thirty_days_by_mode():
    found = latest_members(
        [
            arrived("R13857_001"),
            arrived("D13857_002"),
            arrived("R13857_003", datetime(2026, 1, 30, 23, 59, tzinfo=UTC)),
            arrived("R13857_004", datetime(2026, 1, 31, 0, 0, tzinfo=UTC)),
            arrived("R13857_005", datetime(2026, 3, 2, 0, 0, tzinfo=UTC)),
            (ArchivePath.parse("dac/aoml/13857/13857_meta.nc"), NOW),
            (ArchivePath.parse("dac/aoml/13857/profiles/BR13857_001.nc"), NOW),
        ],
        NOW.date(),
    )
    assert found == {  # from 31 January to 1 March are thirty days
        "latest_data/R20260131_prof_0.nc": (path("R13857_004"),),
        "latest_data/R20260301_prof_0.nc": (path("R13857_001"),),
        "latest_data/D20260301_prof_0.nc": (path("D13857_002"),),
    }
    assert all(ArchivePath.parse(each).kind is Kind.LATEST for each in found)


def test_a_profile_that_came_again_is_in_its_last_day_and_an_r_whose_d_came_in_none():
    before = NOW.replace(month=2, day=20)
    arrivals = [arrived("R13857_001"), arrived("R13857_001", before), arrived("R13857_002", before)]
    assert set(latest_members(arrivals, NOW.date())) == {
        "latest_data/R20260301_prof_0.nc",
        "latest_data/R20260220_prof_0.nc",
    }
    assert set(latest_members([*arrivals, arrived("D13857_002")], NOW.date())) == {
        "latest_data/R20260301_prof_0.nc",
        "latest_data/D20260301_prof_0.nc",
    }


def test_many_arrivals_are_split_into_parts():
    arrivals = [arrived(f"R13857_{cycle:03d}") for cycle in range(1, 8)]
    parts = latest_members(reversed(arrivals), NOW.date(), per_part=3)
    assert list(parts) == [f"latest_data/R20260301_prof_{at}.nc" for at in range(3)]
    assert [len(each) for each in parts.values()] == [3, 3, 1]
    assert [one for each in parts.values() for one in each] == [each.text for each, _ in arrivals]


def test_the_geo_file_of_a_sample_archive_holds_its_day_in_order_of_time(con, tmp_path):
    tree = tmp_path / "tree"
    make_archive(tree, floats=12, cycles=3, seed=4, day=DAY)
    build_indexes(con, tree, tmp_path / "idx", updated=NOW)
    load_index(con, tmp_path / "idx" / "ar_index_global_prof.txt", "prof", workdir=tmp_path)
    busiest = "SELECT CAST(date AS DATE) FROM prof WHERE ocean <> '' GROUP BY ALL ORDER BY count(*) DESC, 1 LIMIT 1"
    (day,) = con.execute(busiest).fetchone()
    merged = 0
    for name, members in geo_members(con, "prof", day).items():
        if members:
            merge([tree / each for each in members], tmp_path / name, order=Order.DATE, merged_at=NOW)
            dates = read_variables(tmp_path / name, {"JULD"}).variables["JULD"]
            assert (np.diff(dates) >= 0).all()
            assert {int(each) for each in dates} == {(day - date(1950, 1, 1)).days}
            assert dates.size == len(members)
            assert check_file(tmp_path / name, receipt_time=NOW).verdict == "accepted"
            merged += len(members)
    assert merged > 1
