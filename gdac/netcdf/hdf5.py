"""NetCDF-4 files, read through the netCDF4 library with the same result as a classic file.

HDF5 can be made to hold anything, so sizes are held against a limit before they are read. The C library underneath is
not proof against hostile bytes: whoever must survive them reads in a process of its own.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from gdac.netcdf.model import Array, FileContent, Header, NetcdfError, VariableHeader

#: What the library raises for files it cannot read.
_TROUBLE = (OSError, RuntimeError, ValueError, TypeError, KeyError, IndexError, AttributeError, MemoryError)


def _said(error: Exception) -> str:
    """What the library says, without the path that it adds: a report goes to people who know the file by its label."""
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def read(source: Path | bytes, names: Collection[str] | None, *, label: str, limit: int) -> FileContent:
    """Read the header and the named variables (None: all).

    Raises:
        NetcdfError: the library cannot read the file, or the variables asked for need more than ``limit`` bytes.
    """
    memory = None if isinstance(source, Path) else source
    try:
        dataset = netCDF4.Dataset("memory" if isinstance(source, bytes) else str(source), memory=memory)
    except _TROUBLE as error:
        raise NetcdfError(label, None, f"the HDF5 library says: {_said(error)}") from error
    try:
        dataset.set_auto_maskandscale(False)
        dataset.set_auto_chartostring(False)
        header = _header(dataset)
        wanted = [name for name in header.variables if names is None or name in names]
        needed = sum(header.variables[name].nbytes for name in wanted)
        if needed > limit:
            raise NetcdfError(label, None, f"the variables asked for need {needed} bytes, {limit} are allowed")
        return FileContent(header, {name: _values(dataset, name) for name in wanted})
    except _TROUBLE as error:
        raise NetcdfError(label, None, f"the HDF5 library says: {_said(error)}") from error
    finally:
        dataset.close()


def _values(dataset: netCDF4.Dataset, name: str) -> Array:
    values = np.asarray(dataset.variables[name][...])
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _header(dataset: netCDF4.Dataset) -> Header:
    dimensions = {name: len(dimension) for name, dimension in dataset.dimensions.items()}
    record = next((name for name, dimension in dataset.dimensions.items() if dimension.isunlimited()), None)
    variables = {name: _variable(name, variable) for name, variable in dataset.variables.items()}
    return Header(dataset.data_model, dimensions, record, _attributes(dataset), variables)


def _variable(name: str, variable: Any) -> VariableHeader:
    dtype = np.dtype(object) if variable.dtype is str else np.dtype(variable.dtype).newbyteorder("=")
    return VariableHeader(name, dtype, tuple(variable.dimensions), tuple(variable.shape), _attributes(variable))


def _attributes(owner: Any) -> dict[str, Any]:
    found = {name: owner.getncattr(name) for name in owner.ncattrs()}
    fill = found.get("_FillValue")
    if isinstance(fill, bytes):  # the library gives this one text as bytes
        found["_FillValue"] = fill.decode("utf-8", "replace")
    return found
