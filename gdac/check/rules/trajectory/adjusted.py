"""Adjusted values of parameters beside raw ones (TRJ-ADJ)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gdac.check.context import Context
from gdac.check.finding import Fault
from gdac.check.rule import Check, Rule, rule
from gdac.check.rules.trajectory.arrays import BLANK, NINE, Mask, among, deprecated, flags, known, spread
from gdac.check.rules.trajectory.cycles import D, cycles
from gdac.check.rules.trajectory.levels import Level, collapsed, levels, sound
from gdac.check.rules.trajectory.parameters import is_fill

_R: Final = ord("R")
_FOUR: Final = ord("4")


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A parameter's adjusted values at all measurements, with the masks that several rules share.

    Attributes:
        name: of the parameter.
        values: adjusted values.
        error: their errors.
        no_value: which adjusted values are the fill value.
        no_error: likewise of errors.
        qc: adjusted flags.
        mode: R, A, D, or what stands for none.
        real_time: mode R.
        one_blank: other modes: exactly one of the flags is blank.
        both_blank: other modes: both flags are blank.
        raw_only: other modes, no flag blank: the raw value is set.
        raw_unset: other modes, no flag blank: the raw value is not set.
    """

    name: str
    values: NDArray[Any]
    error: NDArray[Any]
    no_value: Mask
    no_error: Mask
    qc: NDArray[np.uint8]
    mode: NDArray[np.uint8]
    real_time: Mask
    one_blank: Mask
    both_blank: Mask
    raw_only: Mask
    raw_unset: Mask


def adjusted(ctx: Context) -> tuple[Adjusted, ...]:
    """The parameters with adjusted values whose raw values and flags are right."""
    return tuple(
        _adjusted(ctx, level)
        for level in ctx.once(levels)
        if level.name in ctx.once(sound)
        and all(f"{level.name}_ADJUSTED{end}" in ctx.dataset for end in ("", "_QC", "_ERROR"))
    )


def _adjusted(ctx: Context, level: Level) -> Adjusted:
    values = collapsed(ctx.dataset.array(f"{level.name}_ADJUSTED"), level.fill)
    error = collapsed(ctx.dataset.array(f"{level.name}_ADJUSTED_ERROR"), level.fill)
    qc, mode = flags(ctx, f"{level.name}_ADJUSTED_QC"), _modes(ctx, level.slot)
    real_time = mode == _R
    blank, raw_blank = qc == BLANK, level.qc == BLANK
    neither = ~real_time & ~blank & ~raw_blank
    return Adjusted(
        level.name,
        values,
        error,
        is_fill(values, level.fill),
        is_fill(error, level.fill),
        qc,
        mode,
        real_time,
        ~real_time & (blank != raw_blank),
        ~real_time & blank & raw_blank,
        neither & ~level.unset,
        neither & level.unset,
    )


def _modes(ctx: Context, slot: int) -> NDArray[np.uint8]:
    name = "TRAJECTORY_PARAMETER_DATA_MODE"
    if ctx.version >= "3.2" and name in ctx.dataset:
        return flags(ctx, name).reshape(ctx.dataset.variables[name].shape)[:, slot]
    return ctx.once(cycles).mode_of


@dataclass(frozen=True, slots=True)
class _Kind:
    """One thing looked at in every parameter.

    Attributes:
        id: of the rule.
        end: of the variable's name that the finding names.
        wrong: where it is wrong.
        text: what is wrong; ``{}`` stands for the first value.
        title: the page's first line.
        why: the page's reason.
        mend: the page's advice.
    """

    id: str
    end: str
    wrong: Callable[[Context, Adjusted], Mask]
    text: str
    title: str
    why: str
    mend: str


def _column(one: Adjusted, end: str) -> NDArray[Any]:
    return {"_ADJUSTED": one.values, "_ADJUSTED_ERROR": one.error}.get(end, one.qc)


_A, _E, _Q = "_ADJUSTED", "_ADJUSTED_ERROR", "_ADJUSTED_QC"
_USE: Final = "no program can use such a value."
_EARLY: Final = "in real time nothing is adjusted."
_FLAG: Final = "readers choose adjusted values by their flags."
_PAIR: Final = "raw and adjusted value describe the same measurement."
_NO_RAW: Final = "what was not measured cannot be adjusted."
_KINDS: Final = (
    _Kind(
        "TRJ-ADJ-001",
        _A,
        lambda _, one: np.isnan(one.values),
        "it is not a number (NaN)",
        "No adjusted value is NaN.",
        _USE,
        "write the fill value where there is none.",
    ),
    _Kind(
        "TRJ-ADJ-002",
        _A,
        lambda _, one: np.isinf(one.values),
        "it is infinite",
        "No adjusted value is infinite.",
        _USE,
        "write the fill value where there is none.",
    ),
    _Kind(
        "TRJ-ADJ-003",
        _E,
        lambda _, one: np.isnan(one.error),
        "it is not a number (NaN)",
        "No adjusted error is NaN.",
        _USE,
        "write the fill value where there is none.",
    ),
    _Kind(
        "TRJ-ADJ-004",
        _E,
        lambda _, one: np.isinf(one.error),
        "it is infinite",
        "No adjusted error is infinite.",
        _USE,
        "write the fill value where there is none.",
    ),
    _Kind(
        "TRJ-ADJ-005",
        _A,
        lambda _, one: one.real_time & ~one.no_value,
        "{} is set in mode R",
        "No adjusted value is set in mode R.",
        _EARLY,
        "write the fill value, or set the mode to A or D.",
    ),
    _Kind(
        "TRJ-ADJ-006",
        _Q,
        lambda _, one: one.real_time & ~among(one.qc, " 09"),
        "'{}' in mode R",
        "Adjusted flags are blank, 0 or 9 in mode R.",
        _EARLY,
        "write a blank, or set the mode to A or D.",
    ),
    _Kind(
        "TRJ-ADJ-007",
        _E,
        lambda _, one: one.real_time & ~one.no_error,
        "{} is set in mode R",
        "No adjusted error is set in mode R.",
        _EARLY,
        "write the fill value, or set the mode to A or D.",
    ),
    _Kind(
        "TRJ-ADJ-008",
        _Q,
        lambda ctx, one: ~one.real_time & (one.qc != BLANK) & ~known(ctx.tables, "RD2")[one.qc],
        "'{}' is no quality flag",
        "Each adjusted flag is one of table 2.",
        _FLAG,
        "write a flag of the table.",
    ),
    _Kind(
        "TRJ-ADJ-009",
        _Q,
        lambda ctx, one: ~one.real_time & deprecated(ctx.tables, "RD2")[one.qc],
        "'{}' is deprecated",
        "No adjusted flag is deprecated.",
        _FLAG,
        "write a current flag of table 2.",
    ),
    _Kind(
        "TRJ-ADJ-010",
        _Q,
        lambda _, one: one.one_blank,
        "'{}': one of raw and adjusted flag is blank, the other is not",
        "Raw and adjusted flag are blank together.",
        _PAIR,
        "flag both, or neither.",
    ),
    _Kind(
        "TRJ-ADJ-011",
        _A,
        lambda _, one: one.both_blank & ~one.no_value,
        "{} is set, but both flags are blank",
        "No adjusted value is set where both flags are blank.",
        _FLAG,
        "flag the value, or write the fill value.",
    ),
    _Kind(
        "TRJ-ADJ-012",
        _A,
        lambda _, one: one.raw_unset & ~one.no_value,
        "{} is set, but the raw value is not",
        "No adjusted value is set without a raw one.",
        _NO_RAW,
        "write the fill value, or the raw value.",
    ),
    _Kind(
        "TRJ-ADJ-013",
        _Q,
        lambda _, one: one.raw_unset & (one.qc != NINE),
        "'{}', but the raw value is not set",
        "The adjusted flag is 9 where the raw value is not set.",
        _NO_RAW,
        "write 9 (missing).",
    ),
    _Kind(
        "TRJ-ADJ-014",
        _E,
        lambda _, one: one.raw_unset & ~one.no_error,
        "{} is set, but the raw value is not",
        "No adjusted error is set without a raw value.",
        _NO_RAW,
        "write the fill value.",
    ),
    _Kind(
        "TRJ-ADJ-015",
        _A,
        lambda _, one: one.raw_only & one.no_value & ~among(one.qc, "49"),
        "it is not set, but its flag is neither 4 nor 9",
        "An adjusted value is set, or its flag is 4 or 9.",
        _PAIR,
        "write the adjusted value, or flag it 4.",
    ),
    _Kind(
        "TRJ-ADJ-016",
        _E,
        lambda _, one: one.raw_only & one.no_value & ~one.no_error,
        "{} is set, but the adjusted value is not",
        "No adjusted error is set without an adjusted value.",
        _PAIR,
        "write the adjusted value, or the fill value for its error.",
    ),
    _Kind(
        "TRJ-ADJ-017",
        _A,
        lambda _, one: one.raw_only & ~one.no_value & ((one.qc == NINE) | ((one.qc == _FOUR) & (one.mode == D))),
        "{} is set, but its flag is 9, or 4 in delayed mode",
        "A rejected adjusted value is the fill value.",
        "delayed mode leaves no value that must not be used.",
        "write the fill value, or another flag.",
    ),
    _Kind(
        "TRJ-ADJ-018",
        _E,
        lambda _, one: (one.mode == D) & one.raw_only & ~one.no_value & ~among(one.qc, "49") & one.no_error,
        "it is not set",
        "In delayed mode each good adjusted value has an error.",
        "delayed mode says how far a value may be trusted.",
        "write the error of the adjusted value.",
    ),
)


def _of_all(kind: _Kind) -> Check:
    def check(ctx: Context) -> Iterator[Fault]:
        for one in ctx.once(adjusted):
            column = _column(one, kind.end)
            yield from spread(f"{one.name}{kind.end}", kind.wrong(ctx, one), kind.text, column)

    return check


def _rule(kind: _Kind) -> Rule:
    page = f"{kind.title}\n\nWhy: {kind.why}\nMend: {kind.mend}"
    return rule(kind.id, "L>W", "T BT", manual="2.3.5", page=page)(_of_all(kind))


RULES = tuple(_rule(kind) for kind in _KINDS)
