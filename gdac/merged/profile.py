"""One single-cycle core profile file, as a merge sees it: first what it is, then its rows.

Only its first profile (N_PROF=1, the primary sampling) goes into a merged file, and of that only the core parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, prod
from pathlib import Path
from typing import Any, Final

import numpy as np

from gdac.errors import RefusedError
from gdac.merged.layout import BLANK, CORE, TYPES, Shape, Variable
from gdac.netcdf import Array, FileContent, read_variables, text, texts
from gdac.paths import PROFILE_NAME

#: Most bytes that one profile may need in memory, as it is read and as it is written; real ones have 33 kB to some MB.
MAX_BYTES: Final = 64 << 20
#: What is read before anything is written.
_FIRST: Final = frozenset(
    {"PLATFORM_NUMBER", "CYCLE_NUMBER", "DIRECTION", "JULD", "STATION_PARAMETERS", "FIRMWARE_VERSION"}
)
#: Variables that later versions of the format renamed.
_FORMER: Final = {"SCIENTIFIC_CALIB_DATE": "CALIBRATION_DATE"}
_CALIBRATION: Final = ("N_PROF", "N_CALIB", "N_PARAM")


class MergeError(RefusedError):
    """Files that cannot be merged as they are; nothing was written."""


class NothingToMergeError(MergeError):
    """None of the files has what a merged file holds: there is none then."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a merge must know of a file before it writes.

    Attributes:
        file: where it is.
        wmo: its PLATFORM_NUMBER.
        cycle: its CYCLE_NUMBER.
        descending: whether its DIRECTION is D.
        julian: its JULD; infinite where it has none.
        parameters: its core parameters, in its own order.
        levels: its N_LEVELS.
        calibrations: its N_CALIB.
        firmware: characters of its FIRMWARE_VERSION.
    """

    file: Path
    wmo: str
    cycle: int
    descending: bool
    julian: float
    parameters: tuple[str, ...]
    levels: int
    calibrations: int
    firmware: int


def look(file: Path) -> Profile:
    """Read what a merge must know of a file.

    Raises:
        NetcdfError: it cannot be read.
        MergeError: it is no core profile file: something that every profile has is missing or has another shape.
    """
    content = read_variables(file, _FIRST, limit=MAX_BYTES)
    profiles = content.dimensions.get("N_PROF", 0)
    if profiles < 1:
        raise MergeError(f"{file} holds no profile (N_PROF).", hint="Is it a profile file?")
    missing = sorted(_FIRST - {"FIRMWARE_VERSION"} - content.variables.keys())
    if missing:
        raise MergeError(f"{file} has no variable {missing[0]}.", hint="Is it a core profile file?")
    values = {name: _of_first(file, content, name) for name in content.variables}
    julian = float(_number(file, "JULD", values["JULD"]))
    cycle = _number(file, "CYCLE_NUMBER", values["CYCLE_NUMBER"])
    if not (isfinite(float(cycle)) and float(cycle).is_integer()):
        raise MergeError(f"{file} has the CYCLE_NUMBER {cycle}, which is no number of a cycle.")
    descending = text(values["DIRECTION"]) == "D"
    wmo = text(values["PLATFORM_NUMBER"]).strip()
    _check_name(file, wmo, int(cycle), descending)
    kept = tuple(dict.fromkeys(name for name in _names(file, values["STATION_PARAMETERS"]) if name in CORE))
    return Profile(
        file=file,
        wmo=wmo,
        cycle=int(cycle),
        descending=descending,
        julian=julian if abs(julian) < 999_999.0 else float("inf"),
        parameters=kept,
        levels=content.dimensions.get("N_LEVELS", 0),
        calibrations=content.dimensions.get("N_CALIB", 0),
        firmware=len(text(values["FIRMWARE_VERSION"])) if "FIRMWARE_VERSION" in values else 0,
    )


def _check_name(file: Path, wmo: str, cycle: int, descending: bool) -> None:
    """A file's name and what is in it are of the same profile; other names say nothing."""
    found = PROFILE_NAME.fullmatch(file.name)
    if found is None:
        return
    if (found["wmo"], int(found["cycle"]), bool(found["descending"])) != (wmo, cycle, descending):
        way = "descending" if descending else "ascending"
        raise MergeError(
            f"{file} holds the {way} profile of cycle {cycle} of float {wmo!a}, which its name denies.",
            hint="Check the file (gdac check) and give it its right name.",
        )


def rows(profile: Profile, shape: Shape, variables: tuple[Variable, ...]) -> dict[str, Array]:
    """A file's row of every variable that has rows, in the shape of the merged file.

    Args:
        profile: the file, as `look` saw it.
        shape: of the merged file; nothing of the profile exceeds it.
        variables: of the merged file.

    Returns:
        Arrays of the types of the format, fill values where the file has nothing.

    Raises:
        NetcdfError: the file cannot be read.
        MergeError: a variable has another type or shape than the format says, or a text is longer than its place.
    """
    wanted = {each.name for each in variables if each.by_profile}
    content = read_variables(profile.file, wanted | set(_FORMER.values()), limit=MAX_BYTES)
    columns = _Columns(profile, content)
    found: dict[str, Array] = {}
    for variable in variables:
        if not variable.by_profile:
            continue
        row = np.full(shape.row(variable), variable.fill, TYPES[variable.kind][0])
        source = variable.name if variable.name in content.variables else _FORMER.get(variable.name, "")
        if source in content.variables and columns.has(variable.name):
            values = columns.chosen(variable, _of_first(profile.file, content, source))
            _place(profile.file, variable, row, values, content.header.variables[source].attributes)
        found[variable.name] = row
    return found


class _Columns:
    """Which parameters of a file go where: those that are no core parameters leave no gap."""

    def __init__(self, profile: Profile, content: FileContent) -> None:
        self.file = profile.file
        self.parameters = profile.parameters
        stations = _of_first(profile.file, content, "STATION_PARAMETERS")
        self.names = _names(profile.file, stations)
        self.stations = [at for at, name in enumerate(self.names) if name in self.parameters][: len(self.parameters)]
        self.calibrated = self._calibrated(content)

    def has(self, name: str) -> bool:
        """False for variables of parameters that the profile does not list."""
        base = name.removeprefix("PROFILE_").partition("_")[0]
        return base not in CORE or base in self.parameters

    def chosen(self, variable: Variable, values: Array) -> Array:
        """The part of a file's values that goes into the merged file."""
        if variable.name == "STATION_PARAMETERS":
            return values[self.stations]
        if variable.dimensions[:3] != _CALIBRATION:
            return values
        if values.shape[:2] != self.calibrated.shape:
            raise MergeError(f"{self.file}: {variable.name} has another shape than PARAMETER.")
        kept = np.full((values.shape[0], len(self.parameters), *values.shape[2:]), BLANK, "S1")
        for row, mask in enumerate(self.calibrated):
            columns = np.flatnonzero(mask)[: len(self.parameters)]
            kept[row, : columns.size] = values[row, columns]
        return kept

    def _calibrated(self, content: FileContent) -> Array:
        """By calibration and place in PARAMETER: whether it belongs to a core parameter; blank names go by place."""
        if "PARAMETER" not in content.variables:
            return np.zeros((0, 0), bool)
        listed = _of_first(self.file, content, "PARAMETER")
        if listed.ndim != 3:
            raise MergeError(f"{self.file}: PARAMETER has not the shape of the format.")
        kept = np.zeros(listed.shape[:2], bool)
        for row in range(listed.shape[0]):
            for column, name in enumerate(texts(listed[row])):
                owner = name.strip() or (self.names[column] if column < len(self.names) else "")
                kept[row, column] = owner in self.parameters
        return kept


def _place(file: Path, variable: Variable, row: Array, values: Array, attributes: Mapping[str, Any]) -> None:
    """Copy values into the corner of a row."""
    if values.ndim != row.ndim:
        raise MergeError(f"{file}: {variable.name} has not the shape of the format.")
    if variable.kind == "char":
        if values.dtype.kind != "S":
            raise MergeError(f"{file}: {variable.name} holds numbers where the format has text.")
        values = np.where(values == b"", BLANK, values)  # numpy reads NUL as empty
    elif values.dtype.kind not in "if":
        raise MergeError(f"{file}: {variable.name} holds text where the format has numbers.")
    else:
        values = _filled(values, attributes.get("_FillValue"), variable.fill)
    corner = tuple(slice(0, min(ours, theirs)) for ours, theirs in zip(row.shape, values.shape, strict=True))
    if prod(values[corner].shape) != values.size:
        rest = values.copy()
        rest[corner] = variable.fill
        if (rest != variable.fill).any():
            raise MergeError(f"{file}: {variable.name} is longer than its place in a merged file.")
    with np.errstate(over="ignore", invalid="ignore"):
        row[corner] = values[corner]


def _filled(values: Array, theirs: Any, ours: Any) -> Array:
    """The file's own fill value becomes that of the format."""
    if theirs is None or isinstance(theirs, str) or np.size(theirs) != 1 or theirs == ours:
        return values
    return np.where(values == theirs, values.dtype.type(ours), values)


def _of_first(file: Path, content: FileContent, name: str) -> Array:
    """A variable's values of the first profile."""
    found = content.header.variables.get(name)
    if found is None or found.dimensions[:1] != ("N_PROF",) or not found.shape[0]:
        raise MergeError(f"{file}: {name} has no dimension N_PROF.", hint="Is it a profile file?")
    return np.asarray(content.variables[name][0])


def _number(file: Path, name: str, value: Array) -> Any:
    if value.ndim or value.dtype.kind not in "if":
        raise MergeError(f"{file}: {name} is not one number for each profile.")
    return value[()]


def _names(file: Path, stations: Array) -> list[str]:
    if stations.ndim != 2 or stations.dtype.kind != "S":
        raise MergeError(f"{file}: STATION_PARAMETERS has not the shape of the format.")
    return [name.strip() for name in texts(stations)]
