"""Merging profile files: what goes where, what is left out, what is refused, and that nothing is ever half done."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from gdac.check import check_file
from gdac.errors import GdacError
from gdac.merged import MergeError, Order, float_files, merge
from gdac.merged.layout import CORE
from gdac.netcdf import NetcdfError, read_header, read_variables, text, texts
from gdac.sample import make_archive
from gdac.tables import load

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
WMO = "2901234"
FILL = np.float32(99999)


def profile(
    folder: Path,
    name: str,
    *,
    julian: float = 20000.0,
    levels: int = 3,
    parameters: tuple[str, ...] = ("PRES", "TEMP", "PSAL"),
    calibrations: int = 1,
    profiles: int = 1,
    fill: float = 99999.0,
    skip: tuple[str, ...] = (),
    texts_of: dict[str, str] | None = None,
    wmo: str = WMO,
    container: str = "NETCDF3_CLASSIC",
) -> Path:
    """Write a single-cycle file with some of the variables of the format; values tell float, cycle and level."""
    stem = name.removesuffix(".nc").rpartition("_")[2]
    cycle, descending = int(stem.rstrip("D")), stem.endswith("D")
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {"N_PROF": profiles, "N_PARAM": len(parameters), "N_LEVELS": levels, "N_CALIB": calibrations}
    with netCDF4.Dataset(folder / name, "w", format=container) as made:
        for dimension, size in {**sizes, "S2": 2, "S4": 4, "S8": 8, "S16": 16, "S64": 64, "S256": 256}.items():
            made.createDimension(dimension, size)

        def chars(variable: str, dimensions: tuple[str, ...], value: str | list[str], width: str) -> None:
            if variable in skip:
                return
            shape = [len(made.dimensions[each]) for each in (*dimensions, width)]
            rows = value if isinstance(value, list) else [value] * int(np.prod(shape[:-1]))
            data = np.array([list(each.ljust(shape[-1])) for each in rows], "S1").reshape(shape)
            made.createVariable(variable, "S1", (*dimensions, width), fill_value=b" ")[:] = data

        def numbers(variable: str, kind: str, dimensions: tuple[str, ...], values: object) -> None:
            if variable not in skip:
                made.createVariable(variable, kind, dimensions, fill_value=fill)[:] = values

        chars("PLATFORM_NUMBER", ("N_PROF",), wmo, "S8")
        chars("STATION_PARAMETERS", ("N_PROF", "N_PARAM"), list(parameters) * profiles, "S16")
        per_calibration = ("N_PROF", "N_CALIB", "N_PARAM")
        chars("PARAMETER", per_calibration, list(parameters) * calibrations * profiles, "S16")
        equations = [f"{each}: eq {row}" for _ in range(profiles) for row in range(calibrations) for each in parameters]
        chars("SCIENTIFIC_CALIB_EQUATION", per_calibration, equations, "S256")
        for variable, value in (texts_of or {}).items():
            chars(variable, ("N_PROF",), value, "S64")
        numbers("CYCLE_NUMBER", "i4", ("N_PROF",), cycle)
        numbers("JULD", "f8", ("N_PROF",), julian)
        way = made.createVariable("DIRECTION", "S1", ("N_PROF",), fill_value=b" ")
        way[:] = np.full(profiles, b"D" if descending else b"A", "S1")
        for at, each in enumerate(parameters):
            values = cycle * 10 + at + np.arange(levels)[None, :] / 4 + np.arange(profiles)[:, None] * 1000
            numbers(each, "f4", ("N_PROF", "N_LEVELS"), values)
            numbers(f"{each}_ADJUSTED", "f4", ("N_PROF", "N_LEVELS"), fill)
    return folder / name


def merged(files: Iterable[Path], dest: Path, **options: object) -> dict[str, np.ndarray]:
    merge(files, dest, **{"order": Order.CYCLE, "merged_at": NOW, **options})  # type: ignore[arg-type]
    return dict(read_variables(dest, None).variables)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "dac" / "aoml" / WMO / "profiles"


def test_profiles_stand_by_cycle_and_then_by_date(folder, tmp_path):
    files = [
        profile(folder, f"R{WMO}_010.nc", julian=19000.0),  # its clock is wrong; cycles come first
        profile(folder, f"R{WMO}_002.nc", julian=20020.5),
        profile(folder, f"R{WMO}_002D.nc", julian=20020.0),
        profile(folder, f"R{WMO}_001.nc", julian=999999.0),
        profile(folder, f"R{WMO}_001D.nc", julian=20010.0),
    ]
    found = merged(files, tmp_path / "x.nc")
    assert found["CYCLE_NUMBER"].tolist() == [1, 1, 2, 2, 10]
    assert found["DIRECTION"].tobytes() == b"DADAA"
    assert found["JULD"].tolist() == [20010.0, 999999.0, 20020.0, 20020.5, 19000.0]
    by_date = merged(files, tmp_path / "y.nc", order=Order.DATE)
    assert by_date["CYCLE_NUMBER"].tolist() == [10, 1, 2, 2, 1]


def test_the_order_of_the_files_does_not_change_a_byte(folder, tmp_path):
    files = [profile(folder, f"R{WMO}_{cycle:03d}.nc", julian=20000.0) for cycle in (3, 1, 2)]
    for at, order in enumerate((Order.CYCLE, Order.DATE)):
        merge(files, tmp_path / "a.nc", order=order, merged_at=NOW)
        merge(files[::-1], tmp_path / "b.nc", order=order, merged_at=NOW)
        assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes(), at


def test_dimensions_grow_to_the_longest_and_the_rest_is_fill(folder, tmp_path):
    files = [
        profile(folder, f"R{WMO}_001.nc", levels=5, parameters=("PRES", "TEMP")),
        profile(folder, f"D{WMO}_002.nc", levels=2, calibrations=3),
    ]
    found = merged(files, tmp_path / "x.nc")
    sizes = read_header(tmp_path / "x.nc").dimensions
    wanted = {"N_PROF": 2, "N_LEVELS": 5, "N_PARAM": 3, "N_CALIB": 3, "N_HISTORY": 0}
    assert {each: sizes[each] for each in wanted} == wanted
    assert found["TEMP"].tolist() == [[11.0, 11.25, 11.5, 11.75, 12.0], [21.0, 21.25, FILL, FILL, FILL]]
    assert found["PSAL"][0].tolist() == [FILL] * 5
    assert texts(found["STATION_PARAMETERS"]) == ["PRES", "TEMP", "", "PRES", "TEMP", "PSAL"]
    assert texts(found["SCIENTIFIC_CALIB_EQUATION"][0]) == ["PRES: eq 0", "TEMP: eq 0", *[""] * 7]
    assert texts(found["SCIENTIFIC_CALIB_EQUATION"][1])[-3:] == ["PRES: eq 2", "TEMP: eq 2", "PSAL: eq 2"]
    assert found["CONFIG_MISSION_NUMBER"].tolist() == [99999, 99999]  # the files have no such variable


def test_only_the_first_profile_and_core_parameters_go_in(folder, tmp_path):
    several = profile(folder, f"R{WMO}_001.nc", parameters=("PRES", "DOXY", "TEMP", "CNDC", "PSAL"), profiles=2)
    found = merged([several], tmp_path / "x.nc")
    assert read_header(tmp_path / "x.nc").dimensions["N_PROF"] == 1
    assert not any("DOXY" in name or "CNDC" in name for name in found)
    assert texts(found["STATION_PARAMETERS"]) == ["PRES", "TEMP", "PSAL"]
    assert texts(found["PARAMETER"]) == ["PRES", "TEMP", "PSAL"]
    assert texts(found["SCIENTIFIC_CALIB_EQUATION"]) == ["PRES: eq 0", "TEMP: eq 0", "PSAL: eq 0"]
    assert found["TEMP"].tolist() == [[12.0, 12.25, 12.5]]


def test_core_parameters_are_those_of_the_reference_table():
    assert set(CORE) == {each.name for each in load().parameters.values() if each.category == "c"}


def test_a_profile_without_temperature_is_left_out_and_named(folder, tmp_path):
    bare = profile(folder, f"R{WMO}_001.nc", parameters=("PRES",))
    whole = profile(folder, f"R{WMO}_002.nc")
    done = merge([bare, whole], tmp_path / "x.nc", order=Order.CYCLE, merged_at=NOW)
    assert (done.profiles, done.left_out) == (1, (bare,))
    with pytest.raises(MergeError, match="no profile with TEMP"):
        merge([bare], tmp_path / "y.nc", order=Order.CYCLE, merged_at=NOW)
    assert not (tmp_path / "y.nc").exists()


def test_other_fill_values_and_nuls_become_those_of_the_format(folder, tmp_path):
    odd = profile(folder, f"R{WMO}_001.nc", fill=-9.0, texts_of={"PROJECT_NAME": "X\x00", "FIRMWARE_VERSION": "1.0"})
    found = merged([odd], tmp_path / "x.nc")
    assert found["TEMP_ADJUSTED"].tolist() == [[FILL] * 3]
    assert b"\x00" not in found["PROJECT_NAME"].tobytes()
    assert text(found["PROJECT_NAME"]) == "X"


def test_calibration_dates_of_older_formats_are_carried_over(folder, tmp_path):
    old = profile(folder, f"R{WMO}_001.nc", parameters=("DOXY", "PRES", "TEMP"))
    with netCDF4.Dataset(old, "a") as made:
        made.createDimension("DATE_TIME", 14)
        dates = made.createVariable("CALIBRATION_DATE", "S1", ("N_PROF", "N_CALIB", "N_PARAM", "DATE_TIME"))
        dates[:] = np.array([[[list(f"2010010{at}000000") for at in (1, 2, 3)]]], "S1")
    found = merged([old], tmp_path / "x.nc")
    assert texts(found["SCIENTIFIC_CALIB_DATE"]) == ["20100102000000", "20100103000000"]


def test_a_long_firmware_version_gets_the_longer_place(folder, tmp_path):
    long = profile(folder, f"R{WMO}_001.nc", texts_of={"FIRMWARE_VERSION": "v" * 40})
    merged([long], tmp_path / "x.nc")
    assert read_header(tmp_path / "x.nc").variables["FIRMWARE_VERSION"].dimensions == ("N_PROF", "STRING64")


def test_dates_and_institution(folder, tmp_path):
    first = datetime(2020, 1, 2, tzinfo=UTC)
    found = merged([profile(folder, f"R{WMO}_001.nc")], tmp_path / "x.nc", created=first, institution="US GDAC")
    assert text(found["DATE_CREATION"]) == "20200102000000"
    assert text(found["DATE_UPDATE"]) == "20260301123000"
    attributes = read_header(tmp_path / "x.nc").attributes
    assert attributes["history"] == "2026-03-01T12:30:00Z creation"
    assert attributes["institution"] == "US GDAC"


def test_netcdf_4_files_are_merged_too(folder, tmp_path):
    found = merged([profile(folder, f"R{WMO}_001.nc", container="NETCDF4_CLASSIC")], tmp_path / "x.nc")
    assert found["TEMP"].tolist() == [[11.0, 11.25, 11.5]]


@pytest.mark.parametrize("missing", ["PLATFORM_NUMBER", "CYCLE_NUMBER", "JULD", "STATION_PARAMETERS"])
def test_what_every_profile_has_must_be_there(folder, tmp_path, missing):
    with pytest.raises(MergeError, match=f"has no variable {missing}"):
        merged([profile(folder, f"R{WMO}_001.nc", skip=(missing,))], tmp_path / "x.nc")


def test_a_file_whose_name_denies_its_content_is_refused(folder, tmp_path):
    other = profile(folder, f"R{WMO}_007.nc").rename(folder / f"R{WMO}_008.nc")
    with pytest.raises(MergeError, match=r"cycle 7 .* which its name denies"):
        merged([other], tmp_path / "x.nc")


def test_two_files_of_a_profile_and_two_floats_in_a_float_file_are_refused(folder, tmp_path):
    files = [profile(folder, f"{mode}{WMO}_001.nc") for mode in "RD"]
    with pytest.raises(MergeError, match="same profile"):
        merged(files, tmp_path / "x.nc")
    files[1] = profile(folder, "R13857_001.nc", wmo="13857")
    with pytest.raises(MergeError, match="is of float 13857 and"):
        merged(files, tmp_path / "x.nc")
    assert merged(files, tmp_path / "x.nc", order=Order.DATE)["CYCLE_NUMBER"].tolist() == [1, 1]


def test_damaged_input_leaves_the_old_file_and_no_rest(folder, tmp_path):
    files = [profile(folder, f"R{WMO}_{cycle:03d}.nc") for cycle in (1, 2)]
    out = tmp_path / "out"
    out.mkdir()
    merged(files, out / "x.nc")
    before = (out / "x.nc").read_bytes()
    whole = files[1].read_bytes()
    for data in (b"", whole[: len(whole) // 2], whole[:-8], b"<html>", b"CDF\x01" + b"\xff" * 400):
        files[1].write_bytes(data)
        with pytest.raises(NetcdfError, match=f"R{WMO}_002"):
            merged(files, out / "x.nc")
        assert (out / "x.nc").read_bytes() == before
        assert [each.name for each in out.iterdir()] == ["x.nc"]


def test_a_file_that_grows_between_the_two_readings_is_refused(folder, tmp_path):
    files = [profile(folder, f"R{WMO}_001.nc"), profile(folder, f"R{WMO}_002.nc")]

    def named():
        yield from files
        profile(folder, files[1].name, levels=9)  # after the first reading of all

    with pytest.raises(MergeError, match="longer than its place"):
        merged(named(), tmp_path / "x.nc")
    assert [each.name for each in tmp_path.iterdir()] == ["dac"]


def test_numbers_where_texts_belong_are_refused(folder, tmp_path):
    file = profile(folder, f"R{WMO}_001.nc", skip=("TEMP",))
    with netCDF4.Dataset(file, "a") as made:
        made.createVariable("TEMP", "S1", ("N_PROF", "N_LEVELS"))[:] = np.full((1, 3), b"x", "S1")
    with pytest.raises(MergeError, match="TEMP holds text"):
        merged([file], tmp_path / "x.nc")


def test_more_than_a_classic_file_can_hold_is_refused_before_writing(folder, tmp_path):
    files = [profile(folder, f"R{WMO}_{cycle:03d}.nc") for cycle in range(1, 55)]
    files[0] = profile(folder, files[0].name, levels=1_000_000, parameters=("TEMP",))
    with pytest.raises(MergeError, match=r"beyond 2 GiB; the longest is .*_001\.nc with 1000000 levels"):
        merged(files, tmp_path / "x.nc")


def test_a_dimension_without_data_behind_it_takes_no_memory(folder, tmp_path):
    skipped = tuple(f"{each}{end}" for each in CORE for end in ("", "_ADJUSTED"))
    files = [profile(folder, f"R{WMO}_001.nc"), profile(folder, f"R{WMO}_002.nc", skip=skipped)]
    name, data = b"\x00\x00\x00\x08N_LEVELS", files[1].read_bytes()
    assert data.count(name + b"\x00\x00\x00\x03") == 1
    files[1].write_bytes(data.replace(name + b"\x00\x00\x00\x03", name + b"\x7f\xff\xff\xff"))
    with pytest.raises(MergeError, match=r"would need .* bytes; the longest is .*_002\.nc with 2147483647 levels"):
        merged(files, tmp_path / "x.nc")


def test_delayed_mode_replaces_real_time_and_others_are_passed_over(folder):
    names = [f"R{WMO}_001.nc", f"D{WMO}_001.nc", f"R{WMO}_001D.nc", f"R{WMO}_002.nc", f"BD{WMO}_003.nc", "x.txt"]
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()
    assert [each.name for each in float_files(folder.parent)] == [names[1], names[2], names[3]]
    (folder / "R13857_001.nc").touch()
    with pytest.raises(MergeError, match="another float"):
        float_files(folder.parent)


def test_folders_that_are_no_float(folder, tmp_path):
    with pytest.raises(MergeError, match="name of a float"):
        float_files(tmp_path)
    folder.parent.mkdir(parents=True)
    with pytest.raises(GdacError, match="cannot be read"):
        float_files(folder.parent)
    folder.mkdir()
    with pytest.raises(MergeError, match="no core profile files"):
        float_files(folder.parent)


def test_a_sample_float_passes_the_checker(tmp_path):
    make_archive(tmp_path / "a", floats=1, cycles=3, seed=1, day=date(2026, 1, 15))
    folder = next((tmp_path / "a" / "dac").glob("*/*"))
    ours = tmp_path / f"{folder.name}_prof.nc"
    merge(float_files(folder), ours, order=Order.CYCLE, merged_at=NOW)
    result = check_file(ours, dac=folder.parent.name, receipt_time=NOW)
    assert result.verdict == "accepted", result.findings
