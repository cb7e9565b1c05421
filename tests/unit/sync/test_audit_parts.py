"""Parts and samples: every path in exactly one part, the same one every time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdac.columns import connect
from gdac.errors import UsageError
from sync.audit.shares import UNIT, Part, sampled

PATHS = [
    "ar_index_global_prof.txt",
    "dac/aoml/1900001/1900001_meta.nc",
    "dac/aoml/1900001/profiles/R1900001_001.nc",
    "dac/aoml/stray.nc",
    "geo/atlantic_ocean/2025/03/20250301_prof.nc",
    "latest_data/R20250301_prof_0.nc",
]


@given(st.integers(min_value=1, max_value=50))
def test_every_path_is_in_one_part(of):
    with connect() as connection:
        connection.execute("create table manifest as select unnest(?::varchar[]) as path", [PATHS])
        source = f"(select *, {UNIT} as unit from manifest)"
        query = "select path from {} where {}"
        found = [
            row[0]
            for number in range(1, of + 1)
            for row in connection.execute(query.format(source, Part(number, of).holds("unit"))).fetchall()
        ]
    assert sorted(found) == sorted(PATHS)


def test_units_are_what_is_listed_at_once():
    with connect() as connection:
        connection.execute("create table manifest as select unnest(?::varchar[]) as path", [PATHS])
        units = [row[0] for row in connection.execute(f"select {UNIT} from manifest").fetchall()]
    assert units == [
        "",
        "dac/aoml/1900001",
        "dac/aoml/1900001",
        "dac/aoml",
        "geo/atlantic_ocean/2025/03",
        "latest_data",
    ]


def test_parts_are_alike_in_size_and_samples_differ_from_day_to_day():
    with connect() as connection:
        connection.execute("create table t as select 'dac/x/' || range as path from range(20000)")
        sizes = [
            connection.execute(f"select count(*) from t where {Part(number, 10).holds('path')}").fetchone()[0]
            for number in range(1, 11)
        ]
        assert sum(sizes) == 20_000
        assert max(sizes) < 2_300
        samples = [
            {row[0] for row in connection.execute(f"select path from t where {sampled('path', 0.02, day)}").fetchall()}
            for day in ("20261122", "20261123")
        ]
    assert all(300 < len(one) < 500 for one in samples)
    assert len(samples[0] & samples[1]) < 50


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3"])
def test_what_is_no_part(text):
    with pytest.raises(UsageError):
        Part.parse(text)


def test_parts_go_round():
    assert str(Part.parse("30/30").after) == "1/30"
