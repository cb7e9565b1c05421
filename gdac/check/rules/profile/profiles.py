"""What the rules of profile files share: the profiles of a file with what they list, and whether they hold data.

No rules here. Everything is asked with ``ctx.once(...)`` and computed once per file.
"""

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np

from gdac.check.context import Context
from gdac.check.fills import fill_of
from gdac.netcdf import Array
from gdac.spec import Parameter, Specification

#: Fill value of core parameters; the official checker compares PRES and errors with this number, not with _FillValue.
FILL: Final = np.float32(99999.0)
_MODES: Final = "DATA_MODE"
_PARAMETER_MODES: Final = "PARAMETER_DATA_MODE"


@dataclass(slots=True)
class Profile:
    """One profile of a file.

    Attributes:
        number: its index along N_PROF, 1-based as in messages.
        mode: DATA_MODE, whatever stands there; blank where the file has no such variable.
        listed: its STATION_PARAMETERS, trimmed, blanks included.
        parameter_modes: its PARAMETER_DATA_MODE, one character a slot; None where the file has no such variable.
        parameters: the parameters it lists that may stand in this type of file, by name, in order, each once.
        modes: the data mode of each of these: its own where there is one, else that of the profile.
        repeated: (slot, name) of parameters listed before, slots 1-based.
        required: mandatory parameters that it should list and does not (asked of the first profile only).
        without_variable: parameters it lists that have no variable.
    """

    number: int
    mode: str
    listed: tuple[str, ...]
    parameter_modes: str | None
    parameters: dict[str, Parameter] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    repeated: list[tuple[int, str]] = field(default_factory=list)
    required: tuple[str, ...] = ()
    without_variable: tuple[str, ...] = ()

    @property
    def halted(self) -> bool:
        """Its list is so wrong that its levels are not looked at."""
        return bool(self.required or self.without_variable)


def profiles(ctx: Context) -> tuple[Profile, ...]:
    """The profiles of a file, in order."""
    modes = " " * ctx.dataset.dimensions["N_PROF"]  # synthetic profiles have none of their own
    if _MODES in ctx.dataset:
        modes = ctx.dataset.bytes(_MODES).decode("latin-1")
    names = ctx.dataset.trimmed("STATION_PARAMETERS")
    slots = ctx.dataset.dimensions["N_PARAM"]
    own = ctx.dataset.bytes(_PARAMETER_MODES).decode("latin-1") if _PARAMETER_MODES in ctx.dataset else None
    found = []
    for row, mode in enumerate(modes):
        span = slice(row * slots, (row + 1) * slots)
        profile = Profile(row + 1, mode, names[span], None if own is None else own[span])
        _fill(ctx, profile)
        found.append(profile)
    return tuple(found)


def _fill(ctx: Context, profile: Profile) -> None:
    for slot, name in enumerate(profile.listed):
        parameter = _parameter(ctx.spec, name) if name else None
        if parameter is None:
            continue
        if name in profile.parameters:
            profile.repeated.append((slot + 1, name))
        profile.parameters[name] = parameter
        own = profile.parameter_modes[slot] if profile.parameter_modes else " "
        profile.modes[name] = profile.mode if own == " " else own
    if profile.number == 1:
        profile.required = tuple([name for name in ctx.spec.mandatory_parameters() if name not in profile.parameters])
    profile.without_variable = tuple([name for name in profile.parameters if name not in ctx.dataset])


@lru_cache(maxsize=4096)
def _parameter(spec: Specification, name: str) -> Parameter | None:
    return spec.parameter(name)


def parameters_in_file(ctx: Context) -> tuple[Parameter, ...]:
    """The parameters whose variable is in the file, listed by a profile or not."""
    return _parameters_among(ctx.spec, tuple(ctx.dataset.variables))


@lru_cache(maxsize=512)
def _parameters_among(spec: Specification, names: tuple[str, ...]) -> tuple[Parameter, ...]:
    found = (_parameter(spec, name) for name in names)
    return tuple([each for each in found if each is not None])


def holds_data(ctx: Context, name: str) -> Array:
    """For each profile, whether any value of a parameter's variable is not its fill value (NaN is a value)."""
    array = _by_profile(ctx.dataset.array(name))
    fill = fill_of(ctx.dataset, name)
    if array.dtype == np.float64:
        # the official checker allows doubles a relative difference, which in float can only be equality
        with np.errstate(all="ignore"):
            missing: Array = np.abs(1.0 - array / fill) < 1e-8
        return np.asarray(~missing.all(axis=1))
    return np.asarray((array != np.asarray(fill).astype(array.dtype)).any(axis=1))


def pressures(ctx: Context) -> Array:
    """For each profile, whether PRES holds anything but 99999 (NaN is a value)."""
    array = _by_profile(ctx.dataset.array("PRES"))
    return np.asarray((array.astype(np.float32, copy=False) != FILL).any(axis=1))


def _by_profile(array: Array) -> Array:
    """All values of a profile in one row."""
    return array.reshape(len(array), math.prod(array.shape[1:]))
