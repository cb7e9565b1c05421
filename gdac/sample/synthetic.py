"""The synthetic multi-profile file of a float (``_Sprof.nc``): the one NetCDF-4 file of the sample, as of the GDAC."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gdac.sample.days import FloatState
from gdac.sample.encode import TYPES, padded
from gdac.sample.layout import Layout, Variable, layout
from gdac.sample.profiles import Cast, counts_of, multi_values
from gdac.sample.stillness import cut, still


def synthetic_multi(state: FloatState, casts: Sequence[Cast]) -> bytes:
    """The bytes of a float's ``_Sprof.nc``: all its synthetic profiles by cycle number, then date."""
    import netCDF4  # noqa: PLC0415 - slow to import, and only floats with oxygen need it

    ordered = sorted(casts, key=lambda each: (each.profile.cycle, each.taken))
    described = layout("s-profile", state.float.synthetic)
    lengths = counts_of(state.float, "synthetic", {"N_PROF": len(ordered), "N_LEVELS": state.float.model.levels})
    dataset = netCDF4.Dataset("sample", "w", format="NETCDF4_CLASSIC", memory=1 << 16)
    for name, length in described.dimensions.items():
        dataset.createDimension(name, lengths.get(name, length))
    dataset.setncatts({**described.attributes, **_attributes()})
    values = multi_values(state, ordered, "synthetic")
    for variable in described.variables:
        _write(dataset, described, variable, values.get(variable.name))
    return still(cut(bytes(dataset.close())))


def _attributes() -> dict[str, str]:
    return {"institution": "CORIOLIS", "history": "made by gdac sample: invented data"}


def _write(dataset: Any, described: Layout, variable: Variable, value: Any) -> None:
    dtype = np.dtype(TYPES[variable.type][1]).newbyteorder("=")
    attributes = dict(variable.attributes)
    fill = attributes.pop("_FillValue")
    made = dataset.createVariable(
        variable.name,
        dtype,
        variable.dimensions,
        fill_value=fill.encode() if isinstance(fill, str) else dtype.type(fill),
        compression="zlib" if variable.dimensions else None,
        complevel=1,
    )
    made.setncatts({key: each if isinstance(each, str) else dtype.type(each) for key, each in attributes.items()})
    made.set_auto_maskandscale(False)
    made.set_auto_chartostring(False)
    if value is None:
        return
    if variable.type != "char":
        made[...] = np.broadcast_to(np.asarray(value, dtype), made.shape)
        return
    width = 1 if variable.dimensions[-1].startswith("N_") else int(described.dimensions[variable.dimensions[-1]] or 1)
    texts = np.asarray(padded(value, width), f"S{width}")
    made[...] = texts if width == 1 else texts.reshape(-1).view("S1").reshape(made.shape)
