"""Making indexes out of trees with files that are not what they should be."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import netCDF4
import numpy as np
import pytest

from gdac.errors import UsageError
from gdac.index.build import build_indexes, listed_files
from gdac.index.listed import degrees, listed
from gdac.index.read import load_index
from gdac.paths import ArchivePath

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
PROFILE = "dac/aoml/13857/profiles/R13857_001.nc"


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": 2}) as opened:
        yield opened


def profile(
    tree: Path,
    path: str = PROFILE,
    *,
    position: tuple[float, float, str] = (-36.0, 20.0, "1"),
    juld: tuple[float, str] = (17376.83541669, "1"),
    update: str = "20181011180520",
    parameters: tuple[tuple[tuple[str, str], ...], ...] = (),
) -> ArchivePath:
    """Write a file with the variables that an index row is made from."""
    file = tree / path
    file.parent.mkdir(parents=True, exist_ok=True)
    profiles = max(1, len(parameters))
    with netCDF4.Dataset(file, "w", format="NETCDF3_CLASSIC") as made:
        for name, size in {"T": 14, "N_PROF": profiles, "S2": 2, "S4": 4, "S16": 16, "N_PARAM": 3}.items():
            made.createDimension(name, size)

        def text(name: str, dimensions: tuple[str, ...], values: list[str], width: int) -> None:
            data = np.array([list(value.ljust(width)) for value in values], "S1")
            made.createVariable(name, "S1", dimensions)[:] = data.reshape([len(made.dimensions[d]) for d in dimensions])

        text("DATE_UPDATE", ("T",), [update], 14)
        text("DATA_CENTRE", ("N_PROF", "S2"), ["AO"] * profiles, 2)
        text("WMO_INST_TYPE", ("N_PROF", "S4"), ["845"] * profiles, 4)
        text("POSITION_QC", ("N_PROF",), [position[2]] * profiles, 1)
        text("JULD_QC", ("N_PROF",), [juld[1]] * profiles, 1)
        for name, value in (("LATITUDE", position[0]), ("LONGITUDE", position[1]), ("JULD", juld[0])):
            made.createVariable(name, "f8", ("N_PROF",))[:] = value
        if parameters:
            padded = [[*one, ("", " "), ("", " "), ("", " ")][:3] for one in parameters]
            names = [name for one in padded for name, _ in one]
            text("STATION_PARAMETERS", ("N_PROF", "N_PARAM", "S16"), names, 16)
            text("PARAMETER_DATA_MODE", ("N_PROF", "N_PARAM"), [mode for one in padded for _, mode in one], 1)
    return ArchivePath.parse(path)


def test_a_profile_becomes_its_row(tmp_path: Path) -> None:
    row = listed(tmp_path, profile(tmp_path)).row
    assert row == "aoml/13857/profiles/R13857_001.nc,19970729200300,-36.000,20.000,I,845,AO,20181011180520"


@pytest.mark.parametrize(
    ("position", "fields"),
    [
        ((-36.0, 20.0, "3"), ",,"),
        ((-36.0, 20.0, "4"), ",,"),
        ((-36.0, 20.0, "9"), ",,"),
        ((99999.0, 99999.0, "1"), ",,"),
        ((-99.999, -999.999, "1"), ",,"),
        ((np.nan, 20.0, "1"), ",,"),
        ((-36.0, 20.0, "2"), "-36.000,20.000,I"),
        ((0.0, 277.464, "8"), "0.000,277.464,P"),
    ],
)
def test_a_bad_position_is_left_out(tmp_path: Path, position: tuple[float, float, str], fields: str) -> None:
    assert f",19970729200300,{fields},845," in listed(tmp_path, profile(tmp_path, position=position)).row


@pytest.mark.parametrize("juld", [(17376.8, "4"), (999999.0, "1"), (np.nan, "1"), (-1e30, "1")])
def test_a_bad_time_is_left_out(tmp_path: Path, juld: tuple[float, str]) -> None:
    assert listed(tmp_path, profile(tmp_path, juld=juld)).row.startswith("aoml/13857/profiles/R13857_001.nc,,-36.000")


def test_parameters_of_all_profiles_each_once_with_their_first_mode(tmp_path: Path) -> None:
    sets = ((("PRES", "R"), ("DOXY", "D")), (("PRES", "R"), ("NITRATE", "A"), ("DOXY", "R")))
    made = profile(tmp_path, PROFILE.replace("/R", "/BR"), parameters=sets)
    assert listed(tmp_path, made).row.endswith(",PRES DOXY NITRATE,RDA,20181011180520")


def test_positions_are_rounded_as_the_real_rows_are() -> None:
    assert [degrees(value) for value in (2.3655033333333333, 2.36551, -6.8075, -0.0001)] == [
        "2.365",
        "2.366",
        "-6.808",
        "-0.000",
    ]


def test_what_cannot_be_listed_is_a_problem_and_no_crash(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    profile(tree)
    profile(tree, PROFILE.replace("_001", "_002"), update="")
    profile(tree, PROFILE.replace("_001", "_003"), update="2018,011180520")
    whole = (tree / PROFILE).read_bytes()
    (tree / PROFILE.replace("_001", "_004")).write_bytes(whole[:200])
    (tree / PROFILE.replace("_001", "_005")).write_bytes(b"<html>")
    (tree / PROFILE.replace("_001", "_006")).write_bytes(b"")
    (tree / "dac/aoml/13857/profiles/a\\b.nc").write_bytes(whole)
    (tree / "dac/aoml/13857/notes.txt").write_text("nobody lists me")
    built = build_indexes(con, tree, tmp_path / "out", updated=WHEN)
    assert built.rows["ar_index_global_prof"] == 1
    assert len(built.problems) == 6
    assert load_index(con, tmp_path / "out/ar_index_global_prof.txt", "t", workdir=tmp_path).rows == 1
    assert sorted(file.suffix for file in (tmp_path / "out").iterdir()) == [".txt"] * 7


def test_packed_indexes_are_the_same_bytes_twice(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    profile(tmp_path)
    for out in ("a", "b"):
        build_indexes(con, tmp_path, tmp_path / out, updated=WHEN, suffix=".txt.gz", profile=10)
    name = "ar_index_global_prof.txt.gz"
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert len(load_index(con, tmp_path / "a" / name, "t", workdir=tmp_path).header.lines) == 10


def test_a_folder_without_dac_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no folder dac"):
        list(listed_files(tmp_path))
