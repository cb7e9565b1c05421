"""One NetCDF file becomes one index row.

The rules were read off real files and their real rows (see docs/commands/index.md):

- position, time, type and institution come from the first profile; a position or time whose QC says bad (3, 4) or
  missing (9) is left out, as is a fill value;
- JULD is rounded to the nearest second; positions to five decimals and then to three, as the real rows show;
- the parameters are those of all profiles of the file, each once, with the data mode of the profile that has it first;
- a trajectory's bounds leave out positions with QC 3, 4 and 9; QC 0 (the launch) counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from gdac.errors import GdacError
from gdac.index.basin import ocean_codes
from gdac.index.spec import SPECS, IndexSpec
from gdac.netcdf import Array, read_variables, text, texts
from gdac.paths import ArchivePath, Kind

#: The index that lists a kind, among those that are built.
INDEX_OF: Final[Mapping[Kind, IndexSpec]] = {
    Kind.PROFILE: SPECS["ar_index_global_prof"],
    Kind.META: SPECS["ar_index_global_meta"],
    Kind.TECH: SPECS["ar_index_global_tech"],
    Kind.TRAJECTORY: SPECS["ar_index_global_traj"],
    Kind.BIO_PROFILE: SPECS["argo_bio-profile_index"],
    Kind.SYNTHETIC_PROFILE: SPECS["argo_synthetic-profile_index"],
    Kind.BIO_TRAJECTORY: SPECS["argo_bio-traj_index"],
}
_EPOCH: Final = datetime(1950, 1, 1)  # noqa: DTZ001 - JULD counts UTC days from here; only its digits are written
_LAST_DAY: Final = 100_000.0  # JULD fill values are 999999
_BAD: Final = (b"3", b"4", b"9")
_COMMON: Final = frozenset({"DATE_UPDATE", "DATA_CENTRE", "WMO_INST_TYPE"})
_POSITION: Final = frozenset({"LATITUDE", "LONGITUDE", "POSITION_QC"})
_PROFILE: Final = _COMMON | _POSITION | {"JULD", "JULD_QC"}
_BIO_PROFILE: Final = _PROFILE | {"STATION_PARAMETERS", "PARAMETER_DATA_MODE"}
_WANTED: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.PROFILE: _PROFILE,
    Kind.BIO_PROFILE: _BIO_PROFILE,
    Kind.SYNTHETIC_PROFILE: _BIO_PROFILE,
    Kind.META: _COMMON,
    Kind.TECH: _COMMON,
    Kind.TRAJECTORY: _COMMON | _POSITION,
    Kind.BIO_TRAJECTORY: _COMMON | _POSITION | {"TRAJECTORY_PARAMETERS"},
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of an index, or why there is none.

    Attributes:
        path: relative to the archive root.
        index: name of the index that it belongs to.
        row: without its line end; empty when there is a problem.
        problem: why the file cannot be listed, one sentence; empty when it can.
    """

    path: str
    index: str
    row: str = ""
    problem: str = ""


def listed(root: Path, path: ArchivePath) -> Listed:
    """Read the file of an archive path below a root and make its row; never raises for what is in the file."""
    spec = INDEX_OF[path.kind]
    try:
        variables = read_variables(root / path.text, _WANTED[path.kind]).variables
        values = _values(path.kind, variables)
    except (GdacError, OSError, ValueError, IndexError, OverflowError) as error:
        return Listed(path.text, spec.name, problem=f"{path}: {error}")
    values["file"] = path.text.removeprefix(f"{spec.root}/")
    fields = [values[column.name] for column in spec.columns]
    row = ",".join(fields)
    if not row.isprintable() or row.count(",") != len(fields) - 1:
        return Listed(path.text, spec.name, problem=f"{path}: a value holds a comma or a control character: {row!a}")
    if len(values["date_update"]) != 14 or not values["date_update"].isdigit():
        found = values["date_update"]
        return Listed(path.text, spec.name, problem=f"{path}: DATE_UPDATE is {found!a}, no time YYYYMMDDHHMMSS")
    return Listed(path.text, spec.name, row)


def _values(kind: Kind, variables: Mapping[str, Array]) -> dict[str, str]:
    values = {
        "date_update": _text(variables, "DATE_UPDATE"),
        "institution": _first(variables, "DATA_CENTRE"),
        "profiler_type": _first(variables, "WMO_INST_TYPE"),
    }
    if kind in (Kind.TRAJECTORY, Kind.BIO_TRAJECTORY):
        values.update(_bounds(variables))
        values["parameters"] = " ".join(name for name in _texts(variables, "TRAJECTORY_PARAMETERS") if name)
    elif kind.is_single_profile:
        values.update(_place(variables))
        values["date"] = _date(variables)
        values["parameters"], values["parameter_data_mode"] = _parameters(variables)
    return values


def _text(variables: Mapping[str, Array], name: str) -> str:
    return text(variables[name]).strip() if name in variables else ""


def _texts(variables: Mapping[str, Array], name: str) -> list[str]:
    return [one.strip() for one in texts(variables[name])] if name in variables else []


def _first(variables: Mapping[str, Array], name: str) -> str:
    return next(iter(_texts(variables, name)), "")


def _good(variables: Mapping[str, Array], name: str, most: float, quality: str) -> Array:
    """Values within plus or minus ``most`` whose QC does not speak against them; others are NaN."""
    values = variables[name].astype(np.float64).reshape(-1) if name in variables else np.full(1, np.nan)
    values = np.where(np.abs(values) <= most, values, np.nan)
    flags = variables[quality].reshape(-1) if quality in variables else np.zeros(0, "S1")
    if flags.size == values.size:
        values[np.isin(flags, _BAD)] = np.nan
    return values


def _place(variables: Mapping[str, Array]) -> dict[str, str]:
    latitude = _good(variables, "LATITUDE", 90.0, "POSITION_QC")[:1]
    longitude = _good(variables, "LONGITUDE", 360.0, "POSITION_QC")[:1]
    if np.isnan(latitude).any() or np.isnan(longitude).any():
        return {"latitude": "", "longitude": "", "ocean": ""}
    return {
        "latitude": degrees(latitude[0]),
        "longitude": degrees(longitude[0]),
        "ocean": str(ocean_codes(latitude, longitude)[0]),
    }


def degrees(value: float) -> str:
    """A position as the real indexes have it: five decimals first, then three."""
    return f"{round(float(value), 5):.3f}"


def _date(variables: Mapping[str, Array]) -> str:
    days = float(_good(variables, "JULD", _LAST_DAY, "JULD_QC")[0])
    return "" if np.isnan(days) else f"{_EPOCH + timedelta(seconds=round(days * 86_400)):%Y%m%d%H%M%S}"


def _parameters(variables: Mapping[str, Array]) -> tuple[str, str]:
    if "STATION_PARAMETERS" not in variables:
        return "", ""
    names = _texts(variables, "STATION_PARAMETERS")
    modes = variables.get("PARAMETER_DATA_MODE", np.full(len(names), b" ", "S1")).tobytes().decode("ascii", "replace")
    once: dict[str, str] = {}
    for name, mode in zip(names, modes.ljust(len(names)), strict=False):
        if name:
            once.setdefault(name, mode)
    return " ".join(once), "".join(once.values()).rstrip(" \0")


def _bounds(variables: Mapping[str, Array]) -> dict[str, str]:
    bounds: dict[str, str] = {}
    for name, most in (("LATITUDE", 90.0), ("LONGITUDE", 360.0)):
        values = _good(variables, name, most, "POSITION_QC")
        values = values[~np.isnan(values)]
        key = name.lower()
        bounds[f"{key}_max"] = degrees(values.max()) if values.size else ""
        bounds[f"{key}_min"] = degrees(values.min()) if values.size else ""
    return bounds
