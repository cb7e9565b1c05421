"""The SQL fast path and the byte scan never vouch for what `ArchivePath.parse` would refuse or call otherwise."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gdac.index.grammar import certain, delayed_twin, judge, kind_of, safe_shape
from gdac.index.rows import time_of
from gdac.index.scan import scan
from gdac.index.spec import SPECS
from gdac.paths import ArchivePath, Kind, PathError

KINDS = [Kind.PROFILE, Kind.BIO_PROFILE, Kind.SYNTHETIC_PROFILE, Kind.MERGED_PROFILE]
KINDS += [Kind.META, Kind.TECH, Kind.TRAJECTORY, Kind.BIO_TRAJECTORY]
REAL = st.from_regex(
    r"dac/(aoml|jma|bodc)/(12345|1901818)/(profiles/[BSM]?[RD](12345|1901818)_[0-9]{2,4}D?\.nc"
    r"|(12345|1901818)_(meta|tech|B?[RD]traj|prof)\.nc)",
    fullmatch=True,
)
NEAR = st.text(alphabet="dac/oml1234590RDBSM_.nprofilesmetjtch\\ -,\x7fé", max_size=60)
MUTATED = st.builds(
    lambda path, at, piece: path[: at % len(path)] + piece + path[at % len(path) + 1 :], REAL, st.integers(0), NEAR
)
PATHS = st.lists(st.one_of(REAL, MUTATED, NEAR), min_size=1, max_size=30)
CHECKS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": 2}) as opened:
        yield opened


def parsed(text: str) -> ArchivePath | None:
    try:
        return ArchivePath.parse(text)
    except PathError:
        return None


def asked(con: duckdb.DuckDBPyConnection, expressions: list[str], paths: list[str]) -> list[tuple[Any, ...]]:
    return con.execute(f"SELECT path, {', '.join(expressions)} FROM (SELECT unnest(?) AS path)", [paths]).fetchall()


@CHECKS
@given(PATHS)
@example(["dac/aoml/12345/profiles/R12345_001.nc\n", "dac/aoml/12345/profiles/R1901818_001.nc"])
@example(["dac/aoml/1901818/profiles/BR1901818_1000D.nc", "dac/a/12345/12345_meta.nc", "aux/aoml/12345/x.nc"])
def test_sql_says_certain_exactly_where_parse_says_that_kind(con: duckdb.DuckDBPyConnection, paths: list[str]) -> None:
    for path, named, *sure in asked(con, [kind_of(), *(certain(frozenset({kind})) for kind in KINDS)], paths):
        known = parsed(path)
        assert sure == [known is not None and known.kind is kind for kind in KINDS]
        if known is not None and known.kind in KINDS:
            assert named == known.kind


@CHECKS
@given(PATHS)
def test_sql_knows_the_delayed_twin(con: duckdb.DuckDBPyConnection, paths: list[str]) -> None:
    for path, twin in asked(con, [delayed_twin()], paths):
        known = parsed(path)
        if known is not None and known.kind in KINDS:
            assert twin == (known.twin.text if known.mode == "R" and known.twin else path)


@CHECKS
@given(PATHS)
def test_a_safe_shape_is_safe(con: duckdb.DuckDBPyConnection, paths: list[str]) -> None:
    specs = [spec for spec in SPECS.values() if spec.lists_files]
    files = [path.removeprefix("dac/") for path in paths]
    for file, *safe in asked(con, [safe_shape(spec.kinds, "path") for spec in specs], files):
        for spec, sure in zip(specs, safe, strict=True):
            assert not sure or parsed(f"{spec.root}/{file}") is not None


@CHECKS
@given(st.lists(st.one_of(REAL, MUTATED, NEAR.filter(bool)), min_size=1, max_size=4))
@example(["aoml/.x/1.nc"])
@example(["a" * 256])
def test_plain_bytes_are_safe_paths(tmp_path: Path, paths: list[str]) -> None:
    file = tmp_path / "rows"
    rows = [path.removeprefix("dac/").split(",")[0] for path in paths]
    file.write_bytes("".join(f"{row},19970729200300,-0.267,A,PRES TEMP,20181011180520\n" for row in rows).encode())
    seen = scan(file, "rows", 0, 0)
    assert seen.rows == len(rows)
    if seen.plain:
        assert all(parsed(f"dac/{row}") for row in rows)


def test_real_rows_are_plain_at_every_block_border(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "rows"
    row = b"aoml/13857/profiles/R13857_001.nc,19970729200300,0.267,-16.032,A,845,AO,PRES TEMP,20181011180520\n"
    file.write_bytes(row * 7)
    for block in range(1, 2 * len(row)):
        monkeypatch.setattr("gdac.index.scan._BLOCK", block)
        seen = scan(file, "rows", 0, 0)
        assert (seen.rows, seen.open_ends, seen.plain) == (7, 0, True)


@pytest.mark.parametrize(
    "bad", ["aoml//1.nc", "aoml/./1.nc", "/aoml/1.nc", ".aoml/1.nc", "aoml /1.nc", "aoml/1.nc ", "a\\b/1.nc"]
)
def test_a_bad_name_is_seen_at_every_block_border(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    file = tmp_path / "rows"
    file.write_bytes(f"aoml/1.nc,1\n{bad},2\naoml/1.nc,3\n".encode())
    for block in range(1, 40):
        monkeypatch.setattr("gdac.index.scan._BLOCK", block)
        assert not scan(file, "rows", 0, 0).plain


@CHECKS
@given(st.lists(REAL, min_size=1, max_size=4))
@example(["dac/aoml/12345/profiles/R12345_001.nc", "dac/aoml/12345/profiles/R12345_0001.nc"])
@example(["dac/a_b/12345/profiles/R12345_001.nc", "dac/aoml/12345/profiles/D1901818_1001D.nc"])
@example(["dac/aoml/12345/12345_meta.nc", "dac/aoml/12345/12345_tech.nc", "etc/x", "dac/aoml"])
def test_whole_tables_are_judged_as_their_rows_are(con: duckdb.DuckDBPyConnection, paths: list[str]) -> None:
    con.execute("CREATE OR REPLACE TABLE t AS SELECT unnest(?) AS path", [paths])
    for spec in SPECS.values():
        if spec.lists_files:
            strangers = [path for path in sorted(paths) if ArchivePath.parse(path).kind not in spec.kinds]
            found = judge(con, "t", spec)
            assert (found.rows, found.example) == (len(strangers), (*strangers, "")[0])


@pytest.mark.parametrize(
    ("text", "good"),
    [
        *((text, True) for text in ("20200229235959", "19970729200300", "10000101000000")),
        *(
            (text, False)
            for text in ("20210229000000", "20201301000000", "20200101240000", "2020010100006", "", "x" * 14)
        ),
        *((text, False) for text in ("2020010100000 ", " 2020010100000", "+2020010100000", "-2020010100000", "1e13")),
        *((text, False) for text in ("00000000001e13", "0x09184E72A000", "2020_010100000", "2020010100.000", "1" * 15)),
        *((text, False) for text in ("00200101000000", "30200101000000", "\u06620200101000000", "2020\t101000000")),
    ],
)
def test_a_time_is_14_digits_and_a_day_of_the_calendar(con: duckdb.DuckDBPyConnection, text: str, good: bool) -> None:
    found = con.execute(f"SELECT {time_of('t')} IS NOT NULL FROM (SELECT ? AS t)", [text]).fetchone()
    assert found == (good,)
