"""Our reader and the netCDF library see the same bytes in real Argo files."""

from pathlib import Path

import netCDF4
import numpy as np
import pytest

from gdac.netcdf import read_variables

pytestmark = pytest.mark.shared


def differences(path: Path) -> list[str]:
    mine = read_variables(path, None)
    found = []
    with netCDF4.Dataset(path) as dataset:
        dataset.set_auto_maskandscale(False)
        dataset.set_auto_chartostring(False)
        if mine.dimensions != {name: len(each) for name, each in dataset.dimensions.items()}:
            found.append("dimensions")
        if list(mine.variables) != list(dataset.variables):
            found.append("names of variables")
        found += attribute_differences(mine.attributes, dataset, "")
        for name, variable in dataset.variables.items():
            theirs = np.asarray(variable[...])
            array = mine.variables[name]
            if (array.shape, array.dtype, array.tobytes()) != (theirs.shape, theirs.dtype, theirs.tobytes()):
                found.append(name)
            found += attribute_differences(mine.header.variables[name].attributes, variable, name)
    return found


def attribute_differences(mine: object, owner: netCDF4.Dataset | netCDF4.Variable, name: str) -> list[str]:
    assert isinstance(mine, dict)
    theirs = {each: owner.getncattr(each) for each in owner.ncattrs()}
    theirs = {each: value.decode() if isinstance(value, bytes) else value for each, value in theirs.items()}
    if list(mine) != list(theirs):
        return [f"{name}: names of attributes"]
    return [
        f"{name}:{key}"
        for key, value in theirs.items()
        if np.asarray(mine[key]).dtype != np.asarray(value).dtype
        or np.asarray(mine[key]).tobytes() != np.asarray(value).tobytes()
    ]


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.soak)])
def test_every_variable_and_attribute_is_equal(shared: Path, step: int) -> None:
    paths = sorted((shared / "gdac" / "dac").rglob("*.nc"))
    assert len(paths) == 1277
    paths = paths[::step]
    assert {str(path): found for path in paths if (found := differences(path))} == {}
