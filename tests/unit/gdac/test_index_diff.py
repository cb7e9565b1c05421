"""The diff of two indexes against plain Python sets, in any order, with repeated rows, in both ways it is computed."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gdac.errors import RefusedError
from gdac.index import SPECS, new_header
from gdac.index.diff import IndexDiff, diff_files, diff_tables
from gdac.index.read import load_listing
from gdac.index.stretches import compare
from gdac.paths import ArchivePath

WHEN = datetime(2023, 4, 27, 11, 24, 25, tzinfo=UTC)
HEAD = new_header(SPECS["ar_index_global_prof"], updated=WHEN).encode().decode()
PATH = st.from_regex(r"aoml/1234[56]/profiles/[RD]1234[56]_00[0-4]D?\.nc", fullmatch=True)
STAMP = st.integers(0, 4).map(lambda second: f"2020010100000{second}")
ROWS = st.lists(st.tuples(PATH, STAMP), max_size=25)
CHECKS = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
Found = set[tuple[str, str, str | None]]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": 2}) as opened:
        yield opened


def index(tmp_path: Path, day: str, rows: list[tuple[str, str]]) -> Path:
    file = tmp_path / day / "ar_index_global_prof.txt"
    file.parent.mkdir(exist_ok=True)
    file.write_text(HEAD + "".join(f"{path},,,,,846,AO,{stamp}\n" for path, stamp in rows))
    return file


def expected(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> Found:
    was: dict[str, str] = {}
    now: dict[str, str] = {}
    for side, rows in ((was, old), (now, new)):
        for path, stamp in rows:
            side[f"dac/{path}"] = max(stamp, side.get(f"dac/{path}", ""))
    changes: Found = {("changed", path, None) for path in was.keys() & now.keys() if was[path] != now[path]}
    gone, came = was.keys() - now.keys(), now.keys() - was.keys()
    for path in gone:
        twin = ArchivePath.parse(path).twin
        if ArchivePath.parse(path).mode == "R" and twin and twin.text in came:
            changes.add(("renamed", twin.text, path))
            came.discard(twin.text)
        else:
            changes.add(("removed", path, None))
    return changes | {("added", path, None) for path in came}


def rows_of(con: duckdb.DuckDBPyConnection, found: IndexDiff) -> Found:
    rows = con.execute(f"SELECT change, path, old_path FROM {found.table}").fetchall()
    assert found.total() == len(rows)
    return {(change, path, old_path) for change, path, old_path in rows}


@CHECKS
@given(ROWS, ROWS)
def test_both_ways_agree_with_plain_sets(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, old: list[tuple[str, str]], new: list[tuple[str, str]]
) -> None:
    files = index(tmp_path, "old", old), index(tmp_path, "new", new)
    wanted = expected(old, new)
    assert rows_of(con, diff_files(con, *files, "fast", workdir=tmp_path)) == wanted
    load_listing(con, [files[0]], "a", workdir=tmp_path)
    load_listing(con, [files[1]], "b", workdir=tmp_path)
    assert rows_of(con, diff_tables(con, "a", "b", "slow")) == wanted


def test_times_dac_and_kind_are_in_the_result(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    old = index(tmp_path, "old", [("aoml/12345/profiles/R12345_001.nc", "20200101000000")])
    new = index(tmp_path, "new", [("aoml/12345/profiles/D12345_001.nc", "20200101000001")])
    found = diff_files(con, old, new, "d", workdir=tmp_path)
    columns = "change, dac, kind, old_update::VARCHAR, new_update::VARCHAR"
    assert con.execute(f"SELECT {columns} FROM d").fetchall() == [
        ("renamed", "aoml", "profile", "2020-01-01 00:00:00", "2020-01-01 00:00:01")
    ]
    assert [(one.change, one.dac, one.kind, one.paths) for one in found.counts] == [("renamed", "aoml", "profile", 1)]


@pytest.mark.parametrize("bad", ["../../x.nc", "aoml/./x.nc", "aoml\\x.nc", "aoml/x\x7f.nc"])
@pytest.mark.parametrize("side", ["old", "new", "both"])
def test_a_hostile_path_is_refused_on_either_side(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, bad: str, side: str
) -> None:
    good, hostile = [("aoml/12345/profiles/R12345_001.nc", "20200101000000")], [(bad, "20200101000000")]
    old = index(tmp_path, "old", good + hostile * (side != "new"))
    new = index(tmp_path, "new", good + hostile * (side != "old"))
    with pytest.raises(RefusedError, match="is refused"):
        diff_files(con, old, new, "d", workdir=tmp_path)
    assert con.execute("SELECT count(*) FROM duckdb_tables() WHERE NOT temporary").fetchone() == (0,)


@pytest.mark.parametrize("stamp", ["", "x", "2020010100000", "20201301000000"])
def test_a_bad_date_update_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path, stamp: str) -> None:
    old = index(tmp_path, "old", [("aoml/12345/profiles/R12345_001.nc", "20200101000000")])
    new = index(tmp_path, "new", [("aoml/12345/profiles/R12345_001.nc", stamp)])
    with pytest.raises(RefusedError, match="line 10 has the date_update"):
        diff_files(con, old, new, "d", workdir=tmp_path)


@CHECKS
@given(ROWS, ROWS)
def test_any_reach_of_the_search_gives_the_same_result(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    old: list[tuple[str, str]],
    new: list[tuple[str, str]],
) -> None:
    files = index(tmp_path, "old", old), index(tmp_path, "new", new)
    wanted = expected(old, new)
    for windows, read, allowed in (((60, 130), 100, 1 << 20), ((60,), 61, 0), ((1,), 7, 1 << 20)):
        monkeypatch.setattr("gdac.index.stretches._WINDOWS", windows)
        monkeypatch.setattr("gdac.index.stretches._READ", read)
        monkeypatch.setattr("gdac.index.stretches._COMPARED", 16)
        monkeypatch.setattr("gdac.index.stretches._ALLOWED", allowed)
        assert rows_of(con, diff_files(con, *files, "fast", workdir=tmp_path)) == wanted


@CHECKS
@given(st.lists(st.sampled_from([b"a\n", b"b\n", b"cc\n", b"\n", b"ddd\n", b"e"]), max_size=30), st.data())
def test_what_is_not_left_over_has_its_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[bytes], data: st.DataObject
) -> None:
    other = [line for line in lines if data.draw(st.integers(0, 9))] + data.draw(
        st.lists(st.sampled_from(lines or [b""]))
    )
    texts = tmp_path / "old.txt", tmp_path / "new.txt"
    for text, rows in zip(texts, (lines, other), strict=True):
        text.write_bytes(b"#\n" + b"".join(rows))
    monkeypatch.setattr("gdac.index.stretches._WINDOWS", (4, 9))
    monkeypatch.setattr("gdac.index.stretches._READ", 5)
    rests = BytesIO(), BytesIO()
    if compare(texts[0], 2, texts[1], 2, rests):
        gone, came = (Counter(rest.getvalue().splitlines(keepends=True)) for rest in rests)
        was, now = (Counter(text.read_bytes()[2:].splitlines(keepends=True)) for text in texts)
        assert gone <= was
        assert was - gone == now - came


def test_a_path_added_twice_or_moved_beyond_the_search_is_seen(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [(f"aoml/12345/profiles/R12345_{number:03}.nc", "20200101000000") for number in range(900)]
    newer = (rows[3][0], "20200101000009")
    for now in ([*rows, newer], [*rows[:3], *rows[4:], newer], [*rows, rows[3]], rows[450:] + rows[:450], rows[::-1]):
        files = index(tmp_path, "old", rows), index(tmp_path, "new", now)
        assert rows_of(con, diff_files(con, *files, "d", workdir=tmp_path)) == expected(rows, now)
        assert rows_of(con, diff_files(con, files[1], files[0], "d", workdir=tmp_path)) == expected(now, rows)
