"""The classic reader against the netCDF library on files of all three classic formats, and against broken bytes."""

import random
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from gdac.errors import ExitCode
from gdac.netcdf import NetcdfError, read_header, read_variables, text, texts

FORMATS = ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"]
TYPES = ["i1", "S1", "i2", "i4", "f4", "f8"]
WIDE = ["u1", "u2", "u4", "i8", "u8"]


def fill(dataset: netCDF4.Dataset, *, records: int) -> None:
    rng = np.random.default_rng(5)
    dataset.createDimension("N", 3)
    dataset.createDimension("M", 5)
    dataset.createDimension("T", None)
    dataset.title = "a test, with é"
    dataset.empty = ""
    dataset.numbers = np.array([1, 2, 3], "i4")
    dataset.one = np.float64(2.5)
    types = TYPES + (WIDE if dataset.data_model == "NETCDF3_64BIT_DATA" else [])
    for code in types:
        for shape in [(), ("N",), ("N", "M"), ("T",), ("T", "N"), ("T", "M", "N")]:
            filler = b"\x00" if code == "S1" else None
            variable = dataset.createVariable("_".join([f"v{code}", *shape]), code, shape, fill_value=filler)
            variable.set_auto_chartostring(False)
            variable.long_name = "x" * len(shape)
            sizes = tuple(records if each == "T" else len(dataset.dimensions[each]) for each in shape)
            if 0 in sizes:
                continue
            values = rng.integers(65, 90, sizes)
            variable[...] = values.astype("u1").view("S1") if code == "S1" else values.astype(code)


def write(path: Path, kind: str, build: Callable[[netCDF4.Dataset], None]) -> Path:
    with netCDF4.Dataset(path, "w", format=kind) as dataset:
        build(dataset)
    return path


def one_record_variable(dataset: netCDF4.Dataset) -> None:
    dataset.createDimension("T", None)
    dataset.createDimension("M", 3)
    dataset.createVariable("fixed", "i2", ("M",))[:] = [1, 2, 3]
    variable = dataset.createVariable("only", "S1", ("T", "M"))
    variable[:] = np.array([list("abc"), list("def"), list("ghi"), list("jkl")], "S1")


def assert_equal_to_library(path: Path, source: Path | bytes) -> None:
    found = read_variables(source, None)
    with netCDF4.Dataset(path) as dataset:
        dataset.set_auto_maskandscale(False)
        dataset.set_auto_chartostring(False)
        assert found.header.format == dataset.data_model
        assert found.dimensions == {name: len(each) for name, each in dataset.dimensions.items()}
        assert list(found.variables) == list(dataset.variables)
        assert_same_attributes(found.attributes, dataset)
        for name, variable in dataset.variables.items():
            mine = found.variables[name]
            theirs = np.asarray(variable[...])
            assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype), name
            assert mine.tobytes() == theirs.tobytes(), name
            assert found.header.variables[name].dimensions == variable.dimensions
            assert_same_attributes(found.header.variables[name].attributes, variable)


def assert_same_attributes(mine: object, owner: netCDF4.Dataset | netCDF4.Variable) -> None:
    assert isinstance(mine, dict)
    assert list(mine) == owner.ncattrs()
    for name, value in mine.items():
        theirs = owner.getncattr(name)
        if isinstance(value, str):
            assert value == (theirs.decode() if isinstance(theirs, bytes) else theirs), name
        else:
            assert np.asarray(value).dtype == np.asarray(theirs).dtype
            assert np.asarray(value).tobytes() == np.asarray(theirs).tobytes()


@pytest.mark.parametrize("records", [0, 1, 4])
@pytest.mark.parametrize("kind", FORMATS)
def test_equal_to_the_netcdf_library(tmp_path: Path, kind: str, records: int) -> None:
    path = write(tmp_path / "x.nc", kind, lambda dataset: fill(dataset, records=records))
    assert_equal_to_library(path, path)
    assert_equal_to_library(path, path.read_bytes())


@pytest.mark.parametrize("kind", FORMATS)
def test_a_single_record_variable_is_not_padded(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / "x.nc", kind, one_record_variable)
    assert_equal_to_library(path, path)
    assert texts(read_variables(path, {"only"}).variables["only"]) == ["abc", "def", "ghi", "jkl"]


@pytest.mark.parametrize("kind", FORMATS)
def test_long_files_are_read_in_pieces(tmp_path: Path, kind: str) -> None:
    def build(dataset: netCDF4.Dataset) -> None:
        dataset.history = "y" * 300_000  # a header longer than the first look
        dataset.createDimension("T", None)
        dataset.createDimension("N", 100_000)
        for name in ("a", "b", "c"):
            dataset.createVariable(name, "f4", ("T", "N"))[:] = np.arange(500_000).reshape(5, 100_000)

    path = write(tmp_path / "x.nc", kind, build)
    assert path.stat().st_size > 6_000_000
    assert_equal_to_library(path, path)


def test_netcdf4_files_read_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "x.nc", "NETCDF4_CLASSIC", lambda dataset: fill(dataset, records=3))
    assert_equal_to_library(path, path)
    assert_equal_to_library(path, path.read_bytes())
    assert read_header(path).record_dimension == "T"


def test_only_what_is_asked_for_and_there(tmp_path: Path) -> None:
    path = write(tmp_path / "x.nc", FORMATS[0], one_record_variable)
    found = read_variables(path, {"only", "absent"})
    assert list(found.variables) == ["only"]
    header = read_header(path)
    assert header.record_dimension == "T"
    assert header.variables["only"].stride == 3
    assert header.variables["fixed"].stride == 0


def test_a_limit_is_kept(tmp_path: Path) -> None:
    for kind in [FORMATS[0], "NETCDF4_CLASSIC"]:
        path = write(tmp_path / f"{kind}.nc", kind, one_record_variable)
        with pytest.raises(NetcdfError, match="12 bytes, 11 are allowed"):
            read_variables(path, {"only"}, limit=11)


def test_open_record_count_is_taken_from_the_size(tmp_path: Path) -> None:
    data = bytearray(write(tmp_path / "x.nc", FORMATS[0], lambda each: fill(each, records=4)).read_bytes())
    whole = read_variables(bytes(data), None)
    data[4:8] = b"\xff" * 4
    assert read_variables(bytes(data), None).dimensions == whole.dimensions


def test_text_strips_blanks_and_nuls() -> None:
    assert text(np.array([*list("ab "), "", ""], "S1")) == "ab"
    assert text(np.frombuffer(b"\xe9a", "S1")) == "\ufffda"
    assert text(np.array(b"R")) == "R"
    assert texts(np.array([list("ab "), list("c  ")], "S1")) == ["ab", "c"]
    assert texts(np.empty((2, 0), "S1")) == ["", ""]
    assert texts(np.empty((0, 4), "S1")) == []


@pytest.mark.parametrize("kind", FORMATS)
def test_every_cut_is_refused(tmp_path: Path, kind: str) -> None:
    data = write(tmp_path / "x.nc", kind, lambda dataset: fill(dataset, records=2)).read_bytes()
    header = read_header(data)
    last = max(
        (v.begin or 0) + (v.nbytes if not v.stride else v.stride + v.nbytes // 2) for v in header.variables.values()
    )
    for at in [*range(0, last, 97), last - 1]:
        with pytest.raises(NetcdfError) as caught:
            read_variables(data[:at], None, label="cut.nc")
        assert caught.value.offset is not None
        assert caught.value.exit_code == ExitCode.FAILED
        assert "cut.nc" in str(caught.value)


@pytest.mark.parametrize("kind", FORMATS)
def test_flipped_header_bytes_never_do_worse_than_refuse(tmp_path: Path, kind: str) -> None:
    data = write(tmp_path / "x.nc", kind, lambda dataset: fill(dataset, records=2)).read_bytes()
    header_end = min(each.begin or 0 for each in read_header(data).variables.values())
    rng = random.Random(11)
    refused = 0
    tracemalloc.start()
    for _ in range(1000):
        broken = bytearray(data)
        for _ in range(rng.choice([1, 1, 2, 8])):
            broken[rng.randrange(4, header_end)] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        try:
            read_variables(bytes(broken), None)
        except NetcdfError:
            refused += 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000
    assert refused > 200


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "begins with"),
        (b"<!DOCTYPE html><html>", "begins with"),
        (b"CDF\x03" + bytes(28), "begins with"),
        (b"CDF\x01", "in the middle"),
        (b"CDF\x01" + struct.pack(">iii", 0, 10, 0x7FFFFFFF), "number of dimensions"),
        (b"CDF\x01" + struct.pack(">iii", 0, 99, 1), "a list of dimensions"),
        (b"CDF\x01" + struct.pack(">iiii", 0, 10, 1, 5000) + b"N" * 6000, "length of a name"),
        (
            b"CDF\x01" + struct.pack(">iiiii", 0, 0, 0, 12, 1) + struct.pack(">i4sii", 1, b"a", 6, 1 << 28),
            "beyond the end",
        ),
        (b"CDF\x01" + struct.pack(">iiiiiii", -2, 0, 0, 0, 0, 0, 0), "number of records"),
    ],
)
def test_hostile_beginnings(data: bytes, why: str) -> None:
    with pytest.raises(NetcdfError, match=why):
        read_variables(data, None)


def test_variables_may_not_share_the_same_bytes(tmp_path: Path) -> None:
    """A small file that declares many large variables at one place must not become a large allocation."""

    def build(dataset: netCDF4.Dataset) -> None:
        dataset.createDimension("N", 10_000)
        for number in range(20):
            dataset.createVariable(f"v{number}", "f8", ("N",))

    data = bytearray(write(tmp_path / "x.nc", FORMATS[0], build).read_bytes())
    header = read_header(bytes(data))
    first = header.variables["v0"].begin or 0
    for variable in header.variables.values():
        data = data.replace(struct.pack(">i", variable.begin), struct.pack(">i", first))
    with pytest.raises(NetcdfError, match="more than the file has"):
        read_variables(bytes(data[: first + 80_000]), None)


def test_unreadable_paths_are_netcdf_errors(tmp_path: Path) -> None:
    with pytest.raises(NetcdfError, match="cannot be read"):
        read_variables(tmp_path / "none.nc", None)
    with pytest.raises(NetcdfError, match="cannot be read"):
        read_variables(tmp_path, None)


def test_broken_hdf5_is_a_netcdf_error(tmp_path: Path) -> None:
    data = write(tmp_path / "x.nc", "NETCDF4_CLASSIC", one_record_variable).read_bytes()
    cut = tmp_path / "cut.nc"
    for at in [8, 100, len(data) // 2]:
        cut.write_bytes(data[:at])
        with pytest.raises(NetcdfError, match="HDF5"):
            read_variables(cut, None)


def test_classic_files_need_no_c_library(tmp_path: Path) -> None:
    path = write(tmp_path / "x.nc", FORMATS[0], one_record_variable)
    code = (
        "import sys, pathlib\nfrom gdac.netcdf import read_variables\n"
        "read_variables(pathlib.Path(sys.argv[1]), None)\nassert 'netCDF4' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
