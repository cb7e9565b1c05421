"""Cycle numbers of cycles and measurements, and their modes (TRJ-MODE, TRJ-CYC)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import Check, Rule, rule
from gdac.check.rules.trajectory.arrays import NO_NUMBER, Mask, among, flags, spread

Numbers = NDArray[np.int64]
LAUNCH: Final = -1
D: Final = ord("D")
#: Modes of measurements whose cycle has none: unknown cycle, launch, no number at all.
UNKNOWN, AT_LAUNCH, NO_CYCLE = ord("X"), ord("Y"), ord("Z")


@dataclass(frozen=True, slots=True)
class Cycles:
    """Cycle numbers and modes. Columns of cycles (N_CYCLE), then of measurements (N_MEASUREMENT).

    Attributes:
        index: CYCLE_NUMBER_INDEX.
        index_adjusted: CYCLE_NUMBER_INDEX_ADJUSTED; None in bio trajectories.
        mode: DATA_MODE; what is none of R, A, D counts as X.
        final: adjusted number if set, else the index.
        number: CYCLE_NUMBER.
        number_adjusted: CYCLE_NUMBER_ADJUSTED; None in bio trajectories.
        of: final number of each measurement: adjusted if set, else raw.
        row: index of the cycle of each measurement; -1 where there is none.
        mode_of: mode of the cycle of each measurement; X, Y, Z where it has none.
    """

    index: Numbers
    index_adjusted: Numbers | None
    mode: NDArray[np.uint8]
    final: Numbers
    number: Numbers
    number_adjusted: Numbers | None
    of: Numbers
    row: Numbers
    mode_of: NDArray[np.uint8]


def cycles(ctx: Context) -> Cycles:
    """The cycle numbers of a file, for ``ctx.once(cycles)``."""
    index, index_adjusted = _numbers(ctx, "CYCLE_NUMBER_INDEX"), _maybe(ctx, "CYCLE_NUMBER_INDEX_ADJUSTED")
    number, number_adjusted = _numbers(ctx, "CYCLE_NUMBER"), _maybe(ctx, "CYCLE_NUMBER_ADJUSTED")
    written = flags(ctx, "DATA_MODE")
    mode = np.where(among(written, "RAD"), written, UNKNOWN).astype(np.uint8)
    final, of = _final(index, index_adjusted), _final(number, number_adjusted)
    row = _rows(final, of)
    mode_of = np.full(of.shape, UNKNOWN, np.uint8)
    found = row >= 0
    mode_of[found] = mode[row[found]]
    mode_of[(of == LAUNCH) & ~found] = AT_LAUNCH
    mode_of[of == NO_NUMBER] = NO_CYCLE
    return Cycles(index, index_adjusted, mode, final, number, number_adjusted, of, row, mode_of)


def agree(ctx: Context) -> bool:
    """Whether no rule about cycle numbers finds anything: else nothing behind them is looked at."""
    return not any(True for each in NUMBERS for _ in each.check(ctx))


def _numbers(ctx: Context, name: str) -> Numbers:
    return ctx.dataset.array(name).astype(np.int64)


def _maybe(ctx: Context, name: str) -> Numbers | None:
    return _numbers(ctx, name) if name in ctx.dataset else None


def _final(raw: Numbers, adjusted: Numbers | None) -> Numbers:
    return raw if adjusted is None else np.where(adjusted < NO_NUMBER, adjusted, raw)


def _rows(final: Numbers, of: Numbers) -> Numbers:
    """Where in ``final`` each number of ``of`` stands first; -1 where it does not."""
    if not final.size:
        return np.full(of.shape, -1, np.int64)
    order = np.argsort(final, kind="stable")
    place = np.minimum(np.searchsorted(final[order], of), final.size - 1)
    rows = order[place]
    return np.where((final[rows] == of) & (of != NO_NUMBER), rows, -1)


@rule("TRJ-MODE-001", "L>E", "T BT", manual="2.3.6")
def modes(ctx: Context) -> Iterator[Fault]:
    """Each DATA_MODE is R, A or D.

    Why: which of raw and adjusted values to use follows from it.
    Mend: write R (real time), A (adjusted in real time) or D (delayed mode).
    """
    written = flags(ctx, "DATA_MODE")
    yield from spread("DATA_MODE", ~among(written, "RAD"), "'{}' is no data mode", written, "R, A or D")


def _rule(id_: str, types: str, title: str, why: str, mend: str, check: Check) -> Rule:
    page = f"{title}\n\nWhy: {why}\nMend: {mend}"
    return rule(id_, "L>W", types, manual="2.3.5", page=page)(check)


def _negative_index(ctx: Context) -> Iterator[Fault]:
    index = ctx.once(cycles).index
    yield from spread("CYCLE_NUMBER_INDEX", index < 0, "{} is negative", index)


def _negative_adjusted_index(ctx: Context) -> Iterator[Fault]:
    index = ctx.once(cycles).index_adjusted
    if index is not None:
        yield from spread("CYCLE_NUMBER_INDEX_ADJUSTED", index < 0, "{} is negative", index)


def _unset_index(ctx: Context) -> Iterator[Fault]:
    all_ = ctx.once(cycles)
    wrong = (all_.index == NO_NUMBER) & (all_.mode != D)
    yield from spread("CYCLE_NUMBER_INDEX", wrong, "it is not set and the cycle is not in delayed mode")


def _adjusted_before_delayed(ctx: Context) -> Iterator[Fault]:
    all_ = ctx.once(cycles)
    if all_.index_adjusted is not None:
        wrong = (all_.index_adjusted != NO_NUMBER) & (all_.mode != D)
        text = "{} is set and the cycle is not in delayed mode"
        yield from spread("CYCLE_NUMBER_INDEX_ADJUSTED", wrong, text, all_.index_adjusted, str(NO_NUMBER))


def _unset_in_delayed(ctx: Context) -> Iterator[Fault]:
    all_ = ctx.once(cycles)
    if all_.index_adjusted is not None:
        wrong = (all_.index_adjusted == NO_NUMBER) & (all_.mode == D)
        yield from spread("CYCLE_NUMBER_INDEX_ADJUSTED", wrong, "it is not set in a cycle in delayed mode")


def _twice(ctx: Context) -> Iterator[Fault]:
    final = ctx.once(cycles).final
    counted = np.flatnonzero((final >= 0) & (final != NO_NUMBER))
    _, first = np.unique(final[counted], return_index=True)
    wrong = np.zeros(final.shape, bool)
    wrong[np.delete(counted, first)] = True
    yield from spread("CYCLE_NUMBER_INDEX", wrong, "cycle {} is there more than once", final)


def _negative(name: str, adjusted: bool) -> Check:
    def check(ctx: Context) -> Iterator[Fault]:
        numbers = ctx.once(cycles).number_adjusted if adjusted else ctx.once(cycles).number
        if numbers is not None:
            yield from spread(name, (numbers < 0) & (numbers != LAUNCH), "{} is negative", numbers)

    return check


def _late_launch(name: str, adjusted: bool) -> Check:
    def check(ctx: Context) -> Iterator[Fault]:
        numbers = ctx.once(cycles).number_adjusted if adjusted else ctx.once(cycles).number
        if numbers is not None:
            wrong = numbers == LAUNCH
            wrong[:1] = False
            yield from spread(name, wrong, "-1, the launch, stands behind the first measurement", numbers)

    return check


def _unset(ctx: Context) -> Iterator[Fault]:
    all_ = ctx.once(cycles)
    wrong = (all_.number == NO_NUMBER) & (all_.mode_of != D)
    yield from spread("CYCLE_NUMBER", wrong, "it is not set and its cycle is not in delayed mode")


def _adjusted_early(ctx: Context) -> Iterator[Fault]:
    all_ = ctx.once(cycles)
    if all_.number_adjusted is not None:
        # in files without a delayed-mode cycle the official checker counts even the launch, -1
        set_: Mask = all_.number_adjusted != NO_NUMBER
        if (all_.mode == D).any():
            set_ &= all_.number_adjusted > LAUNCH
        text = "{} is set and its cycle is not in delayed mode"
        yield from spread("CYCLE_NUMBER_ADJUSTED", set_ & (all_.mode_of != D), text, all_.number_adjusted)


def _adjusted_missing(ctx: Context) -> Iterator[Fault]:
    all_ = ctx.once(cycles)
    if all_.number_adjusted is not None:
        wrong = (all_.number_adjusted == NO_NUMBER) & (all_.mode_of == D)
        yield from spread("CYCLE_NUMBER_ADJUSTED", wrong, "it is not set in a cycle in delayed mode")


def _unknown_cycle(ctx: Context) -> Iterator[Fault]:
    all_ = ctx.once(cycles)
    wrong = (all_.row < 0) & (all_.of != LAUNCH) & (all_.of != NO_NUMBER)
    yield from spread("CYCLE_NUMBER", wrong, "cycle {} is not in CYCLE_NUMBER_INDEX", all_.of)


def _unused_cycle(ctx: Context) -> Iterator[Fault]:
    all_ = ctx.once(cycles)
    wrong = ~np.isin(all_.final, all_.of)
    yield from spread("CYCLE_NUMBER_INDEX", wrong, "no measurement is of cycle {}", all_.final)


_PAIRS = "measurements and cycles find each other by these numbers."
_INDEX, _NUMBER = "CYCLE_NUMBER_INDEX", "CYCLE_NUMBER"
_WHY_ADJUSTED = "delayed mode decides which numbers are right; before it there is nothing to adjust."
NUMBERS: Final = (
    _rule("TRJ-CYC-001", "T BT", f"No {_INDEX} is negative.", _PAIRS, "number cycles from 0.", _negative_index),
    _rule(
        "TRJ-CYC-002",
        "T",
        f"No {_INDEX}_ADJUSTED is negative.",
        _PAIRS,
        "number cycles from 0.",
        _negative_adjusted_index,
    ),
    _rule(
        "TRJ-CYC-003",
        "T BT",
        f"{_INDEX} is set, but in delayed-mode cycles.",
        _PAIRS,
        "write the number of the cycle.",
        _unset_index,
    ),
    _rule(
        "TRJ-CYC-004",
        "T",
        f"{_INDEX}_ADJUSTED is set in delayed-mode cycles only.",
        _WHY_ADJUSTED,
        "write the fill value 99999.",
        _adjusted_before_delayed,
    ),
    _rule(
        "TRJ-CYC-005",
        "T",
        f"{_INDEX}_ADJUSTED is set in every delayed-mode cycle.",
        _WHY_ADJUSTED,
        "write the number that delayed mode found right, the same one where it was right.",
        _unset_in_delayed,
    ),
    _rule("TRJ-CYC-006", "T BT", "No cycle is there twice.", _PAIRS, "give each cycle one entry.", _twice),
    _rule(
        "TRJ-CYC-007",
        "T BT",
        f"{_NUMBER} is not negative, but -1 at launch.",
        _PAIRS,
        "write the number of the cycle, 0 or more.",
        _negative(_NUMBER, adjusted=False),
    ),
    _rule(
        "TRJ-CYC-008",
        "T BT",
        f"{_NUMBER} is -1 at the first measurement only.",
        "-1 stands for the launch, which comes first.",
        "put the launch first; number all other measurements by their cycles.",
        _late_launch(_NUMBER, adjusted=False),
    ),
    _rule(
        "TRJ-CYC-009",
        "T",
        f"{_NUMBER}_ADJUSTED is not negative, but -1 at launch.",
        _PAIRS,
        "write the number of the cycle, 0 or more.",
        _negative(f"{_NUMBER}_ADJUSTED", adjusted=True),
    ),
    _rule(
        "TRJ-CYC-010",
        "T",
        f"{_NUMBER}_ADJUSTED is -1 at the first measurement only.",
        "-1 stands for the launch, which comes first.",
        "put the launch first; number all other measurements by their cycles.",
        _late_launch(f"{_NUMBER}_ADJUSTED", adjusted=True),
    ),
    _rule(
        "TRJ-CYC-011",
        "T BT",
        f"{_NUMBER} is set, but in delayed-mode cycles.",
        _PAIRS,
        "write the number of the cycle that the measurement belongs to.",
        _unset,
    ),
    _rule(
        "TRJ-CYC-012",
        "T",
        f"{_NUMBER}_ADJUSTED is set in delayed-mode cycles only.",
        _WHY_ADJUSTED,
        "write the fill value 99999.",
        _adjusted_early,
    ),
    _rule(
        "TRJ-CYC-013",
        "T",
        f"{_NUMBER}_ADJUSTED is set in every delayed-mode cycle.",
        _WHY_ADJUSTED,
        "write the number that delayed mode found right, the same one where it was right.",
        _adjusted_missing,
    ),
    _rule(
        "TRJ-CYC-014",
        "T BT",
        f"The cycle of each measurement is in {_INDEX}.",
        _PAIRS,
        "add the cycle to the N_CYCLE variables, or correct the number.",
        _unknown_cycle,
    ),
    _rule(
        "TRJ-CYC-015",
        "T BT",
        "Each cycle has a measurement.",
        _PAIRS,
        "drop the cycle from the N_CYCLE variables, or add its measurements.",
        _unused_cycle,
    ),
)


@rule("TRJ-CYC-900", "W", "T BT", manual="2.3.5")
def numbers_agree(ctx: Context) -> Iterator[Fault]:
    """The cycle numbers of a trajectory agree, so that all else can be checked.

    Why: what a measurement means depends on its cycle; with wrong numbers every further finding would mislead.
    Mend: see the findings TRJ-CYC-001 to 015 on this file.
    """
    if not ctx.once(agree):
        yield Fault(at("CYCLE_NUMBER"), "the cycle numbers do not agree; nothing that depends on them was checked")
