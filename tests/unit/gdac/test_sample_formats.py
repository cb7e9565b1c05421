"""Sample files have the dimensions, variables, types and attributes of their layout, and values that make sense."""

from datetime import date
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from gdac.netcdf import FileContent, read_variables, text, texts
from gdac.sample import make_archive
from gdac.sample.layout import layout
from gdac.sample.stillness import lookup3

CORE = ("PRES", "TEMP", "PSAL")
OXYGEN = ("PRES", "C1PHASE_DOXY", "C2PHASE_DOXY", "TEMP_DOXY", "DOXY")
FILES = {
    "dac/jma/2980002/profiles/D*_001.nc": ("profile", CORE),
    "dac/aoml/13990/profiles/R*_008.nc": ("profile", ("PRES", "TEMP")),
    "dac/coriolis/6980001/profiles/D*_001D.nc": ("profile", CORE),
    "dac/coriolis/6980001/profiles/BD*_001.nc": ("b-profile", OXYGEN),
    "dac/coriolis/6980001/profiles/BR*_008.nc": ("b-profile", OXYGEN),
    "dac/coriolis/6980001/profiles/SD*_001.nc": ("s-profile", (*CORE, "DOXY")),
    "dac/coriolis/6980001/*_Sprof.nc": ("s-profile", (*CORE, "DOXY")),
    "dac/coriolis/6980001/*_prof.nc": ("profile", CORE),
    "dac/coriolis/6980001/*_meta.nc": ("metadata", ()),
    "dac/coriolis/6980001/*_tech.nc": ("technical", ()),
    "dac/coriolis/6980001/*_Rtraj.nc": ("trajectory", CORE),
}
TYPES = {"char": "S1", "int": "i4", "float": "f4", "double": "f8"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sample") / "archive"
    make_archive(root, floats=12, cycles=8, seed=3, day=date(2025, 3, 1))
    return root


def one(root: Path, pattern: str) -> Path:
    return next(iter(sorted(root.glob(pattern))))


@pytest.mark.parametrize("pattern", FILES)
def test_structure_is_that_of_the_layout(root: Path, pattern: str) -> None:
    name, measured = FILES[pattern]
    described = layout(name, measured)
    with netCDF4.Dataset(one(root, pattern)) as dataset:
        assert dataset.data_model == ("NETCDF4_CLASSIC" if "Sprof" in pattern else "NETCDF3_CLASSIC")
        assert {key: len(each) for key, each in dataset.dimensions.items()} == {
            key: length if length is not None else len(dataset.dimensions[key])
            for key, length in described.dimensions.items()
        }
        assert set(dataset.variables) == {each.name for each in described.variables}
        for each in described.variables:
            variable = dataset.variables[each.name]
            assert (variable.dtype, variable.dimensions) == (np.dtype(TYPES[each.type]), each.dimensions)
            found = {key: variable.getncattr(key) for key in variable.ncattrs()}
            assert found.keys() == each.attributes.keys()
            for key, value in each.attributes.items():
                if isinstance(value, str):
                    assert value in {found[key], getattr(found[key], "decode", str)()}
                else:
                    assert found[key] == np.dtype(TYPES[each.type]).type(value)
                    assert found[key].dtype == np.dtype(TYPES[each.type])
        assert set(dataset.ncattrs()) == described.attributes.keys()
        assert all(dataset.getncattr(key) for key in dataset.ncattrs())


def profiles(root: Path, prefix: str) -> list[FileContent]:
    found = [read_variables(path, None) for path in sorted(root.glob(f"dac/*/*/profiles/{prefix}*.nc"))]
    assert found
    return found


@pytest.mark.parametrize("prefix", ["R", "D", "BR", "BD", "SR", "SD"])
def test_profiles_follow_the_conventions(root: Path, prefix: str) -> None:
    for content in profiles(root, prefix):
        found = content.variables
        measured = texts(found["STATION_PARAMETERS"])
        pressure = found["PRES"][0]
        assert np.all(np.diff(pressure) > 0)
        assert pressure[0] < 10
        assert 1900 < pressure[-1] < 2010
        letters = text(found["PARAMETER_DATA_MODE"]) if "PARAMETER_DATA_MODE" in found else prefix[-1] * len(measured)
        for name, mode in zip(measured, letters, strict=True):
            values = found[name]
            attributes = content.header.variables[name].attributes
            assert values.min() >= attributes["valid_min"]
            assert values.max() <= attributes["valid_max"]
            if f"{name}_ADJUSTED" not in found:
                continue
            adjusted, flags, error = (found[f"{name}_ADJUSTED{tail}"] for tail in ("", "_QC", "_ERROR"))
            if mode == "R":
                assert set(adjusted.ravel()) == {np.float32(99999)} == set(error.ravel())
                assert set(flags.ravel()) == {b" "}
            else:
                bad = flags == b"4"
                assert np.array_equal(adjusted == np.float32(99999), bad)
                assert np.array_equal(error == np.float32(99999), bad)
                assert set(flags.ravel()) <= {b"1", b"4"}
        if prefix in {"R", "D"}:
            assert text(found["DATA_MODE"]) == prefix
            assert texts(found["DATA_STATE_INDICATOR"]) == ["2C" if prefix == "D" else "2B"]
            assert texts(found["HISTORY_STEP"])[:2] == ["ARFM", "ARGQ"]
            assert ("ARSQ" in texts(found["HISTORY_STEP"])) == (prefix == "D")


def test_some_profiles_have_no_position_and_some_flags_are_bad(root: Path) -> None:
    found = [content.variables for content in profiles(root, "[RD]")]
    lost = [each for each in found if text(each["POSITION_QC"]) == "9"]
    assert lost
    assert all(each["LATITUDE"][0] == 99999.0 and each["JULD_LOCATION"][0] == 999999.0 for each in lost)
    assert any(b"4" in each[f"{name}_QC"] for each in found for name in ("TEMP", "PSAL") if name in each)


def test_multi_profile_files_hold_the_single_ones(root: Path) -> None:
    for path in sorted(root.glob("dac/*/*/*_prof.nc")):
        merged = read_variables(path, None).variables
        singles = [read_variables(each, None).variables for each in path.parent.glob("profiles/[RD]*.nc")]
        singles.sort(key=lambda each: (each["CYCLE_NUMBER"][0], each["JULD"][0]))
        assert len(singles) == len(merged["JULD"])
        for name in ("CYCLE_NUMBER", "JULD", "DIRECTION", "DATA_MODE", "PRES", "TEMP", "TEMP_ADJUSTED", "TEMP_QC"):
            assert np.array_equal(merged[name], np.concatenate([each[name] for each in singles])), (path, name)


def test_cycles_are_ten_days_apart_and_drift_slowly(root: Path) -> None:
    found = read_variables(root / "dac/jma/2980002/2980002_prof.nc", None).variables
    assert np.all(np.abs(np.diff(found["JULD"]) - 10) < 0.1)
    assert np.all(np.abs(np.diff(found["LATITUDE"])) < 1)
    assert np.ptp(found["LATITUDE"]) > 0.05


def test_trajectory_times_are_in_order_and_repeat_along_cycles(root: Path) -> None:
    found = read_variables(root / "dac/coriolis/6980001/6980001_Rtraj.nc", None).variables
    times = found["JULD"][found["JULD"] < 999999]
    assert np.all(np.diff(times[1:]) > -0.5)
    for code, name in ((100, "JULD_DESCENT_START"), (600, "JULD_ASCENT_END"), (704, "JULD_LAST_MESSAGE")):
        assert np.array_equal(found["JULD"][found["MEASUREMENT_CODE"] == code], found[name])
    assert list(found["CYCLE_NUMBER_INDEX"]) == list(range(1, len(found["DATA_MODE"]) + 1))
    assert (found["JULD"] == 999999).sum() == (found["JULD_QC"] == b" ").sum()


def test_the_checksum_is_the_published_one() -> None:
    # test values printed in the public domain source of lookup3
    assert lookup3(b"Four score and seven years ago") == 0x17770551
    assert lookup3(b"") == 0xDEADBEEF
