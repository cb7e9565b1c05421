"""The short cut to one text agrees with the reader of the whole header, or says nothing."""

import random

import netCDF4
import numpy as np
import pytest

from gdac.netcdf import NetcdfError, read_variables, text
from gdac.netcdf.stamp import short_text

NAME = "DATE_UPDATE"
VALUE = "20250301082402"


def made(path, kind="NETCDF3_CLASSIC", *, value=VALUE, before=True, attributes=True):
    with netCDF4.Dataset(path, "w", format=kind) as file:
        file.createDimension("N_PROF", None)
        file.createDimension("DATE_TIME", 14)
        file.createDimension("N_LEVELS", 50)
        if before:
            file.history = f"{NAME} is written by the DAC"
            reference = file.createVariable("REFERENCE_DATE_TIME", "S1", ("DATE_TIME",))
            reference[:] = np.array(list("19500101000000"), "S1")
        stamp = file.createVariable(NAME, "S1", ("DATE_TIME",))
        if attributes:
            stamp.long_name = "Date of update of this file"
            stamp.version = np.int16(3)
            stamp.factor = 1.5
        stamp[:] = np.array(list(value), "S1")
        file.createVariable("PRES", "f4", ("N_PROF", "N_LEVELS"))[:] = np.ones((2, 50))
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET"])
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("attributes", [True, False])
def test_what_it_finds_is_what_the_reader_finds(tmp_path, kind, before, attributes):
    raw = made(tmp_path / "x.nc", kind, before=before, attributes=attributes)
    assert short_text(raw, NAME, 14) == VALUE
    assert text(read_variables(raw, {NAME}).variables[NAME]) == VALUE


def test_other_names_shapes_and_formats_give_nothing(tmp_path):
    raw = made(tmp_path / "x.nc")
    assert short_text(raw, "DATE_CREATION", 14) is None
    assert short_text(raw, NAME, 20) is None  # another shape than the caller counts on
    assert short_text(raw, "PRES", 14) is None  # no text
    assert short_text(b"", NAME, 14) is None
    assert short_text(made(tmp_path / "y.nc", "NETCDF4"), NAME, 14) is None
    assert short_text(made(tmp_path / "z.nc", "NETCDF3_64BIT_DATA"), NAME, 14) is None


def test_a_name_that_stands_there_twice_is_not_guessed(tmp_path):
    path = tmp_path / "x.nc"
    made(path)
    with netCDF4.Dataset(path, "a") as file:
        file.setncattr(NAME, VALUE)
    raw = path.read_bytes()
    assert short_text(raw, NAME, 14) is None
    assert text(read_variables(raw, {NAME}).variables[NAME]) == VALUE


def test_damaged_files_never_raise_and_never_disagree(tmp_path):
    raw = made(tmp_path / "x.nc")
    chance = random.Random(3)
    header = raw.index(b"19500101000000")
    for _ in range(3000):
        spoiled = bytearray(raw[: chance.choice([len(raw), chance.randrange(len(raw))])])
        if spoiled:
            spoiled[chance.randrange(min(header, len(spoiled)))] = chance.randrange(256)
        found = short_text(bytes(spoiled), NAME, 14)
        try:
            whole = read_variables(bytes(spoiled), {NAME}).variables.get(NAME)
        except NetcdfError:
            continue  # the reader judges the whole header; the short cut only what it needs
        if found is not None and whole is not None:
            assert found == bytes(whole.tobytes()).decode("ascii", "replace")[:14]
