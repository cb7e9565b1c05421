"""Which parameters the trajectory says it holds (TRJ-PRM)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdac.check.context import Context
from gdac.check.fills import fill_of
from gdac.check.finding import Fault, at
from gdac.check.rule import rule
from gdac.check.rules.trajectory.arrays import Mask
from gdac.check.rules.trajectory.cycles import agree

NAMES = "TRAJECTORY_PARAMETERS"


@dataclass(frozen=True, slots=True)
class Listed:
    """TRAJECTORY_PARAMETERS.

    Attributes:
        names: trimmed, one per slot.
        legal: (slot, name) of those that may be listed, each once; slots count from 0.
    """

    names: tuple[str, ...]
    legal: tuple[tuple[int, str], ...]


def listed(ctx: Context) -> Listed:
    """What the file lists."""
    names = ctx.dataset.trimmed(NAMES)
    legal: dict[str, int] = {}
    for slot, name in enumerate(names):
        if name and ctx.spec.parameter(name) is not None:
            legal.setdefault(name, slot)
    return Listed(names, tuple((slot, name) for name, slot in legal.items()))


def is_fill(values: NDArray[Any], fill: Any) -> Mask:
    """Which values are the fill value, as the official checker tells: |1 - value/fill| < 1e-8; NaN never is."""
    if fill is None:
        return np.zeros(values.shape, bool)
    number = np.asarray(fill).ravel()[0]
    with np.errstate(invalid="ignore", over="ignore"):
        off = values if number == 0 else 1 - values / values.dtype.type(number)
    filled: Mask = np.abs(off) < 1e-8
    return filled


@rule("TRJ-PRM-001", "E", "T BT", manual="reference table 3")
def names(ctx: Context) -> Iterator[Fault]:
    """Each of TRAJECTORY_PARAMETERS is a parameter that this type of trajectory may hold.

    Why: users ask for a parameter by this name.
    Mend: use a name of reference table 3 that belongs into this type of file; BGC parameters go into the B file
    of versions before 3.2.
    """
    for slot, name in enumerate(ctx.once(listed).names, start=1):
        if name and ctx.spec.parameter(name) is None:
            yield Fault(at(NAMES, slot), f"'{name}' is no parameter of this type of file", name)


@rule("TRJ-PRM-002", "E", "T BT", manual="2.3.4")
def names_once(ctx: Context) -> Iterator[Fault]:
    """No parameter is listed twice.

    Why: there is one variable for it.
    Mend: list each parameter once, or give the second sensor's parameter its own name (TEMP_2).
    """
    found = ctx.once(listed).names
    for slot, name in enumerate(found):
        if name and name in found[:slot]:
            yield Fault(at(NAMES, slot + 1), f"'{name}' is listed more than once", name)


@rule("TRJ-PRM-003", "W", "T BT", manual="reference table 3")
def names_current(ctx: Context) -> Iterator[Fault]:
    """No listed parameter is deprecated in reference table 3.

    Why: another name has taken its place.
    Mend: use the current name of the parameter.
    """
    for slot, name in ctx.once(listed).legal:
        parameter = ctx.spec.parameter(name)
        if parameter is not None and parameter.deprecated:
            yield Fault(at(NAMES, slot + 1), f"'{name}' is deprecated", name)


@rule("TRJ-PRM-004", "W", "T BT", manual="2.3.4")
def no_gaps(ctx: Context) -> Iterator[Fault]:
    """TRAJECTORY_PARAMETERS has no blank entry before a name.

    Why: readers stop at the first blank entry.
    Mend: list the names without gaps.
    """
    found = ctx.once(listed).names
    for slot, name in enumerate(found):
        if not name and any(found[slot:]):
            yield Fault(at(NAMES, slot + 1), "a blank entry stands before a name")
            return


@rule("TRJ-PRM-005", "E", "T BT", manual="2.3.4")
def listed_exist(ctx: Context) -> Iterator[Fault]:
    """Each listed parameter has its variable.

    Why: a promise of data that are not there.
    Mend: add the variable with all that belongs to it, or take the name off the list.
    """
    for slot, name in ctx.once(listed).legal:
        if name not in ctx.dataset:
            yield Fault(at(NAMES, slot + 1), f"'{name}' is listed, but the file has no such variable", name)


@rule("TRJ-PRM-006", "E", "T BT", manual="2.3.4")
def data_are_listed(ctx: Context) -> Iterator[Fault]:
    """Each parameter variable that holds data is listed in TRAJECTORY_PARAMETERS.

    Why: readers find parameters by that list.
    Mend: add the name to the list, or fill the variable with its fill value.
    """
    for name in _unlisted(ctx):
        if not _is_odd(ctx, name) and not is_fill(ctx.dataset.array(name), _fill(ctx, name)).all():
            yield Fault(at(NAMES), f"'{name}' holds data and is not listed", "", name)


@rule("TRJ-PRM-007", "X", "T BT", manual="2.3.4")
def values_are_there(ctx: Context) -> Iterator[Fault]:
    """The values of each listed parameter can be checked.

    Why: the official checker fails on a listed name without a variable.
    Mend: list only parameters whose variables are in the file, by their names in reference table 3.
    """
    if not ctx.once(agree):
        return
    for slot, name in enumerate(ctx.once(listed).names, start=1):
        if name and name not in ctx.dataset:
            yield Fault(at(NAMES, slot), f"there is no variable '{name}' whose values could be checked", name)


@rule("TRJ-PRM-008", "X", "T BT", manual="2.3.4")
def odd_variables_are_listed(ctx: Context) -> Iterator[Fault]:
    """A parameter variable of type short, or with further dimensions, is listed in TRAJECTORY_PARAMETERS.

    Why: the official checker fails on such a variable when it is not listed, with data or without.
    Mend: list the parameter, or leave its variables out of the file.
    """
    for name in _unlisted(ctx):
        if _is_odd(ctx, name):
            yield Fault(at(NAMES), f"'{name}' is in the file and not listed", "", name)


def _unlisted(ctx: Context) -> list[str]:
    there = set(ctx.once(listed).names)
    return [name for name in ctx.dataset.variables if name not in there and ctx.spec.parameter(name) is not None]


def _is_odd(ctx: Context, name: str) -> bool:
    variable = ctx.dataset.variables[name]
    return len(variable.shape) > 1 or variable.dtype.kind != "f"


def _fill(ctx: Context, name: str) -> Any:
    return fill_of(ctx.dataset, name)
