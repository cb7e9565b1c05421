from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdac.columns import connect
from gdac.manifest import delta
from gdac.manifest.model import DeltaCounts, DeltaMismatch
from gdac.manifest.twins import pair_twins, twin_sql
from gdac.paths import ArchivePath, PathError
from tests.unit.gdac.manifest_rows import Row, State, delta_rows, make, read, utc

FLOAT = "dac/aoml/13857"
R1, D1 = f"{FLOAT}/profiles/R13857_001.nc", f"{FLOAT}/profiles/D13857_001.nc"
META, TECH = f"{FLOAT}/13857_meta.nc", f"{FLOAT}/13857_tech.nc"


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as opened:
        yield opened


# Few paths, few contents: states that share much, so that every kind of change happens often.
PATHS = st.sampled_from(
    [
        *(f"{FLOAT}/profiles/{letter}13857_00{cycle}.nc" for letter in ("R", "D", "BR", "BD") for cycle in (1, 2)),
        *(f"{FLOAT}/13857_{what}.nc" for what in ("meta", "Rtraj", "Dtraj", "prof")),
        "etc/caf\u00e9.txt",
        "latest_data/R20261101_prof_0.nc",
        "latest_data/D20261101_prof_0.nc",
    ]
)
ROWS = st.builds(
    Row,
    content=st.sampled_from(["", "a", "b"]),
    date_update=st.sampled_from([None, utc("2026-01-01"), utc("2026-01-02")]),
    modified=st.sampled_from([None, utc("2026-01-01"), utc("2026-01-01T00:00:00.000001")]),
)
STATES = st.dictionaries(PATHS, ROWS, max_size=8)


@settings(max_examples=50, deadline=None)
@given(old=STATES, new=STATES)
def test_applying_a_difference_gives_the_new_state_and_reverting_it_the_old(
    con: duckdb.DuckDBPyConnection, old: State, new: State
) -> None:
    make(con, "old", old)
    make(con, "new", new)
    counts = delta.diff(con, "old", "new", "d")
    delta.apply(con, "old", "d", "applied", serial=2)
    assert read(con, "applied", serial=False) == read(con, "new", serial=False)
    untouched = set(con.execute("SELECT path FROM d").fetchall())
    for row in read(con, "applied"):
        assert row[-1] == (2 if (row[0],) in untouched else 1)
    back = delta.revert(con, "d", "undone", serial=2)
    assert (back.added, back.removed, back.changed, back.renamed) == (
        counts.removed,
        counts.added,
        counts.changed,
        counts.renamed,
    )
    delta.apply(con, "applied", "undone", "again", serial=3)
    assert read(con, "again", serial=False) == read(con, "old", serial=False)


@settings(max_examples=30, deadline=None)
@given(states=st.lists(STATES, min_size=2, max_size=4))
def test_folded_deltas_are_the_difference_of_the_ends(con: duckdb.DuckDBPyConnection, states: list[State]) -> None:
    make(con, "state0", states[0])
    for step, state in enumerate(states[1:], start=1):
        make(con, "wanted", state)
        delta.diff(con, f"state{step - 1}", "wanted", f"d{step}")
        delta.apply(con, f"state{step - 1}", f"d{step}", f"state{step}", serial=step + 1)
    counts = delta.fold(con, [f"d{step}" for step in range(1, len(states))], "folded")
    assert delta.diff(con, "state0", f"state{len(states) - 1}", "direct") == counts
    assert delta_rows(con, "folded") == delta_rows(con, "direct")


def test_an_r_file_that_goes_while_its_d_twin_comes_is_a_rename(con: duckdb.DuckDBPyConnection) -> None:
    make(con, "old", {META: "m", R1: "r", TECH: "t"})
    make(con, "new", {META: "m2", D1: "dd", "etc/x.txt": "x"})
    assert delta.diff(con, "old", "new", "d") == DeltaCounts(added=1, changed=1, removed=1, renamed=1, bytes=2 + 2 + 1)
    rows = con.execute("SELECT change, path, from_path, size, old_size, old_serial FROM d").fetchall()
    assert rows == [
        ("changed", META, None, 2, 1, 1),
        ("removed", TECH, None, None, 1, 1),
        ("renamed", D1, R1, 2, 1, 1),
        ("added", "etc/x.txt", None, 1, None, None),
    ]


def test_only_times_changed_is_a_change_that_moves_no_bytes(con: duckdb.DuckDBPyConnection) -> None:
    make(con, "old", {META: Row("m", date_update=utc("2026-01-01"))})
    make(con, "new", {META: Row("m", date_update=utc("2026-01-02"))})
    assert delta.diff(con, "old", "new", "d") == DeltaCounts(changed=1, bytes=0)


def test_new_needs_no_serial_column(con: duckdb.DuckDBPyConnection) -> None:
    make(con, "old", {META: "m"})
    make(con, "new", {META: "m", TECH: "t"})
    con.execute("ALTER TABLE new DROP serial")
    assert delta.diff(con, "old", "new", "d").added == 1


def test_a_view_serves_as_well_as_a_table(con: duckdb.DuckDBPyConnection) -> None:
    make(con, "old", {META: "m"})
    make(con, "new", {TECH: "t"})
    delta.diff(con, "old", "new", "d")
    con.execute("DROP VIEW IF EXISTS seen")
    delta.apply(con, "old", "d", "seen", serial=2, as_view=True)
    assert read(con, "seen", serial=False) == read(con, "new", serial=False)


@pytest.mark.parametrize(
    ("base", "path", "why"),
    [
        ({META: "m", R1: "r", TECH: "t", "etc/x.txt": "x"}, "etc/x.txt", "stands in the base already"),
        ({META: "m", R1: "r", TECH: "t", D1: "dd"}, D1, "stands in the base already"),
        ({META: "m", R1: "r"}, TECH, "is not in the base"),
        ({META: "m", TECH: "t"}, R1, "is not in the base"),
        ({META: "other", R1: "r", TECH: "t"}, META, "has other values in the base"),
        ({META: Row("m", modified=None), R1: "r", TECH: "t"}, META, "has other values in the base"),
        ({META: "m", R1: Row("r", serial=2), TECH: "t"}, R1, "has other values in the base"),
    ],
)
def test_a_delta_is_refused_by_another_base(con: duckdb.DuckDBPyConnection, base: State, path: str, why: str) -> None:
    make(con, "old", {META: "m", R1: "r", TECH: "t"})
    make(con, "new", {META: "m2", D1: "dd", "etc/x.txt": "x"})
    delta.diff(con, "old", "new", "d")
    make(con, "base", base)
    con.execute("DROP TABLE IF EXISTS never")
    with pytest.raises(DeltaMismatch, match=why) as caught:
        delta.apply(con, "base", "d", "never", serial=2)
    assert caught.value.path == path
    assert con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'never'").fetchone() == (0,)


def test_deltas_that_do_not_follow_each_other_are_not_folded(con: duckdb.DuckDBPyConnection) -> None:
    for name, state in {"a": {META: "1"}, "b": {META: "2"}, "c": {META: "3"}}.items():
        make(con, name, state)
    delta.diff(con, "a", "b", "ab")
    delta.diff(con, "a", "c", "ac")
    with pytest.raises(DeltaMismatch) as caught:
        delta.fold(con, ["ab", "ac"], "out")
    assert caught.value.path == META


def test_no_change_is_an_empty_delta(con: duckdb.DuckDBPyConnection) -> None:
    make(con, "old", {META: "m"})
    assert delta.diff(con, "old", "old", "d") == DeltaCounts()
    assert delta.fold(con, ["d", "d"], "out") == DeltaCounts()
    delta.apply(con, "old", "d", "same", serial=2)
    assert read(con, "same") == read(con, "old")


SEGMENTS = st.sampled_from(
    [
        "dac",
        "aoml",
        "a",
        "13857",
        "1900000",
        "\u0661\u0663\u0668\u0665\u0667",
        "profiles",
        "geo",
        "latest_data",
        "R",
        "kma-x_9",
    ]
)
NAMES = st.one_of(
    st.from_regex(r"[BSM]?[RDX](13857|1900000)_(00[01]|1000|0999|12)D?\.nc", fullmatch=True),
    st.from_regex(r"(13857|1900000)_(B?[RD]traj|meta|prof|Mprof|Xtraj)\.nc", fullmatch=True),
    st.from_regex(r"[RD]20261101_prof_[0-9]\.nc", fullmatch=True),
    st.just("R\u0661\u0663\u0668\u0665\u0667_001.nc"),
    st.text("RDBMS_019.nc\u00e9", min_size=1, max_size=14),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.lists(SEGMENTS, max_size=4), NAMES).map(lambda p: "/".join((*p[0], p[1]))), max_size=60))
def test_twins_in_sql_are_those_of_the_grammar(con: duckdb.DuckDBPyConnection, paths: list[str]) -> None:
    paths += [f"dac/aoml/13857/profiles/{name}" for name in ("R13857_001.nc", "BD13857_001D.nc", "R1900000_001.nc")]
    expected: dict[str, str | None] = {}
    for path in paths:
        try:
            twin = ArchivePath.parse(path).twin
        except PathError:
            continue
        expected[path] = twin.text if twin else None
    con.execute("CREATE OR REPLACE TABLE p (change VARCHAR, path VARCHAR)")
    con.executemany("INSERT INTO p VALUES ('removed', ?)", [[path] for path in expected])
    ascii_only = con.execute(f"SELECT path, {twin_sql('path')} FROM p WHERE strlen(path) = length(path)").fetchall()
    assert dict(ascii_only) == {path: twin for path, twin in expected.items() if path.isascii()}
    twins = [[twin] for twin in expected.values() if twin is not None]
    if twins:
        con.executemany("INSERT INTO p VALUES ('added', ?)", twins)
    pair_twins(con, "p", "pairs")
    found = con.execute("SELECT from_path, path FROM pairs").fetchall()
    assert dict(found) == {path: twin for path, twin in expected.items() if twin is not None}
