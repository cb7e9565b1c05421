"""Values of parameters and their flags (TRJ-PAR)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gdac.check.context import Context
from gdac.check.fills import fill_of
from gdac.check.finding import Fault, at
from gdac.check.rule import Check, Rule, rule
from gdac.check.rules.trajectory.arrays import BLANK, NINE, Mask, deprecated, flags, known, spread
from gdac.check.rules.trajectory.cycles import agree
from gdac.check.rules.trajectory.parameters import is_fill, listed


@dataclass(frozen=True, slots=True)
class Level:
    """A parameter with flags at all measurements.

    Attributes:
        name: of the parameter.
        slot: its place in TRAJECTORY_PARAMETERS, from 0.
        fill: _FillValue of the parameter's variable, which counts for its adjusted ones too.
        values: raw values, one per measurement (float32); of further axes the last value that is set.
        unset: which are the fill value.
        qc: raw flags.
    """

    name: str
    slot: int
    fill: Any
    values: NDArray[Any]
    unset: Mask
    qc: NDArray[np.uint8]


def levels(ctx: Context) -> tuple[Level, ...]:
    """The listed parameters that have flags (PRES of a bio trajectory has none); nothing with wrong cycle numbers."""
    if not ctx.once(agree):
        return ()
    return tuple(
        _level(ctx, name, slot)
        for slot, name in ctx.once(listed).legal
        if name in ctx.dataset and f"{name}_QC" in ctx.dataset
    )


def _level(ctx: Context, name: str, slot: int) -> Level:
    fill = fill_of(ctx.dataset, name)
    values = collapsed(ctx.dataset.array(name), fill)
    return Level(name, slot, fill, values, is_fill(values, fill), flags(ctx, f"{name}_QC"))


def collapsed(values: NDArray[Any], fill: Any) -> NDArray[Any]:
    """One value per measurement: NaN if any is, else the last that is not the fill value, else the fill value."""
    with np.errstate(over="ignore"):
        values = values.astype(np.float32, copy=False)
    if values.ndim <= 1:
        return values
    table = values.reshape(values.shape[0], -1)
    if not table.shape[1]:
        return np.full(table.shape[0], np.float32(np.asarray(fill).ravel()[0]), np.float32)
    set_ = ~is_fill(table, fill)
    last = table.shape[1] - 1 - np.argmax(set_[:, ::-1], axis=1)
    picked = table[np.arange(table.shape[0]), np.where(set_.any(axis=1), last, 0)]
    return np.where(np.isnan(table).any(axis=1), np.float32(np.nan), picked)


def _not_a_number(_ctx: Context, level: Level) -> Iterator[Fault]:
    yield from spread(level.name, np.isnan(level.values), "it is not a number (NaN)")


def _infinite(_ctx: Context, level: Level) -> Iterator[Fault]:
    yield from spread(level.name, np.isinf(level.values), "it is infinite")


def _qc_unknown(ctx: Context, level: Level) -> Iterator[Fault]:
    wrong = (level.qc != BLANK) & ~known(ctx.tables, "RD2")[level.qc]
    yield from spread(f"{level.name}_QC", wrong, "'{}' is no quality flag", level.qc)


def _qc_deprecated(ctx: Context, level: Level) -> Iterator[Fault]:
    yield from spread(f"{level.name}_QC", deprecated(ctx.tables, "RD2")[level.qc], "'{}' is deprecated", level.qc)


def _flag_without_value(_ctx: Context, level: Level) -> Iterator[Fault]:
    wrong = level.unset & (level.qc != BLANK) & (level.qc != NINE)
    yield from spread(f"{level.name}_QC", wrong, f"'{{}}', but {level.name} is not set", level.qc, "blank or 9")


def _value_without_flag(_ctx: Context, level: Level) -> Iterator[Fault]:
    wrong = ~level.unset & ((level.qc == BLANK) | (level.qc == NINE))
    yield from spread(f"{level.name}_QC", wrong, f"'{{}}', but {level.name} is set", level.qc)


@dataclass(frozen=True, slots=True)
class _Kind:
    """One thing looked at in every parameter."""

    id: str
    title: str
    why: str
    mend: str
    check: Callable[[Context, Level], Iterator[Fault]]


_FLAG: Final = "readers choose values by their flags."
_VALUE: Final = "no program can use such a value."
_KINDS: Final = (
    _Kind("TRJ-PAR-001", "No value is NaN.", _VALUE, "write the fill value where there is none.", _not_a_number),
    _Kind("TRJ-PAR-002", "No value is infinite.", _VALUE, "write the fill value where there is none.", _infinite),
    _Kind("TRJ-PAR-003", "Each PARAM_QC is a flag of table 2.", _FLAG, "write a flag or a blank.", _qc_unknown),
    _Kind("TRJ-PAR-004", "No PARAM_QC is deprecated.", _FLAG, "write a current flag of table 2.", _qc_deprecated),
    _Kind(
        "TRJ-PAR-005",
        "PARAM_QC is blank or 9 where the parameter is not set.",
        _FLAG,
        "write 9 (missing) or a blank.",
        _flag_without_value,
    ),
    _Kind(
        "TRJ-PAR-006",
        "PARAM_QC is neither blank nor 9 where the parameter is set.",
        _FLAG,
        "flag the value.",
        _value_without_flag,
    ),
)
#: What keeps the adjusted values of a parameter from being looked at.
_STOPPERS: Final = (_not_a_number, _qc_unknown, _flag_without_value, _value_without_flag)


def sound(ctx: Context) -> frozenset[str]:
    """Names of the parameters whose raw values and flags are right."""
    return frozenset(
        level.name for level in ctx.once(levels) if not any(True for check in _STOPPERS for _ in check(ctx, level))
    )


def _of_all(kind: _Kind) -> Check:
    def check(ctx: Context) -> Iterator[Fault]:
        for level in ctx.once(levels):
            yield from kind.check(ctx, level)

    return check


def _rule(kind: _Kind) -> Rule:
    page = f"{kind.title}\n\nWhy: {kind.why}\nMend: {kind.mend}"
    return rule(kind.id, "L>W", "T BT", manual="2.3.5", page=page)(_of_all(kind))


RULES = tuple(_rule(kind) for kind in _KINDS)


@rule("TRJ-PAR-900", "W", "T BT", manual="2.3.5")
def all_sound(ctx: Context) -> Iterator[Fault]:
    """Raw values and flags of each parameter are right, so that adjusted ones can be checked.

    Why: adjusted values are judged beside the raw ones; with wrong ones every further finding would mislead.
    Mend: see the findings TRJ-PAR-001 to 006 on this file.
    """
    for level in ctx.once(levels):
        if level.name not in ctx.once(sound):
            yield Fault(at(level.name), "values or flags are wrong; its adjusted values were not checked")
