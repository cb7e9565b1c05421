"""The times of a cycle's events, given by cycle and by measurement (TRJ-NCJ)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import rule
from gdac.check.rules.trajectory.arrays import BLANK, NINE, NO_TIME, Mask, flags, near, shown, spread
from gdac.check.rules.trajectory.cycles import LAUNCH, Numbers, cycles
from gdac.check.rules.trajectory.measurements import adjusted_times, raw_times
from gdac.spec import JuldVariable

#: Days by which the two may differ.
_TOLERANCE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Event:
    """One JULD_* variable beside the measurements that repeat it.

    Attributes:
        name: the variable.
        row: cycle (index of N_CYCLE) of each measurement of the code; -1 for none.
        time_differs: of these measurements, those whose time is another.
        status_differs: of these, those whose status is another.
        unseen_time: by cycle: a time is set and no measurement has the code.
        unseen_status: by cycle: a status is set and no measurement has the code.
    """

    name: str
    row: Numbers
    time_differs: Mask
    status_differs: Mask
    unseen_time: Mask
    unseen_status: Mask


def events(ctx: Context) -> tuple[Event, ...]:
    """All JULD_* variables of a core trajectory; none where cycle numbers do not agree."""
    raw, adjusted = ctx.once(raw_times), ctx.once(adjusted_times)
    if raw is None:
        return ()
    times, status = raw.values, raw.status
    if adjusted is not None:
        times = np.where(adjusted.unset, times, adjusted.values)
        status = np.where(adjusted.unset, status, adjusted.status)
    code = ctx.dataset.array("MEASUREMENT_CODE").astype(np.int64)
    return tuple(
        _event(ctx, variable, _chosen(ctx, code, variable), times, status)
        for variable in ctx.spec.juld_variables
        if variable.variable in ctx.dataset
    )


def _chosen(ctx: Context, code: Numbers, variable: JuldVariable) -> Numbers:
    """The measurements that a variable repeats."""
    all_ = ctx.once(cycles)
    found: Numbers = np.flatnonzero(code == variable.code)
    if all_.final.size and all_.of.size and all_.of[0] == LAUNCH:
        found = found[found > 0]
    if variable.which == "each" or not found.size:
        return found
    cycle = all_.of[found]
    change = np.flatnonzero(np.diff(cycle)) + 1
    starts = np.concatenate(([0], change))
    if variable.which == "first":
        chosen: Numbers = found[starts]
    else:
        chosen = found[np.concatenate((change, [found.size])) - 1]
    return chosen


def _event(
    ctx: Context, variable: JuldVariable, chosen: Numbers, times: NDArray[Any], status: NDArray[np.uint8]
) -> Event:
    name = variable.variable
    by_cycle, by_cycle_status = ctx.dataset.array(name), flags(ctx, f"{name}_STATUS")
    row = ctx.once(cycles).row[chosen]
    there = row >= 0
    rows = np.where(there, row, 0)
    seen = np.zeros(by_cycle.shape, bool)
    seen[row[there]] = True
    return Event(
        name,
        row,
        there & (np.abs(times[chosen] - by_cycle[rows]) > _TOLERANCE),
        there & (status[chosen] != by_cycle_status[rows]),
        ~seen & ~near(by_cycle, NO_TIME),
        ~seen & (by_cycle_status != BLANK) & (by_cycle_status != NINE),
    )


@rule("TRJ-NCJ-001", "L>W", "T", manual="2.3.6")
def same_time(ctx: Context) -> Iterator[Fault]:
    """The JULD_* variable of an event has the time of the measurement that stands for it.

    Why: both are the same event; readers use either.
    Mend: correct whichever of the two is wrong.
    """
    for each in ctx.once(events):
        yield from _at_cycles(ctx, each, each.time_differs, each.name, "the measurement of this event has another time")


@rule("TRJ-NCJ-002", "L>W", "T", manual="2.3.6")
def same_status(ctx: Context) -> Iterator[Fault]:
    """The JULD_*_STATUS of an event is that of the measurement that stands for it.

    Why: both are the same event; readers use either.
    Mend: correct whichever of the two is wrong.
    """
    for each in ctx.once(events):
        name = f"{each.name}_STATUS"
        yield from _at_cycles(ctx, each, each.status_differs, name, "the measurement of this event has another status")


def _at_cycles(ctx: Context, event: Event, wrong: Mask, name: str, text: str) -> Iterator[Fault]:
    if wrong.any():
        row = int(event.row[wrong][0])
        value = (flags(ctx, name) if name.endswith("_STATUS") else ctx.dataset.array(name))[row]
        yield Fault(at(name, row + 1), text, shown(value), count=int(np.count_nonzero(wrong)))


@rule("TRJ-NCJ-003", "W", "T", manual="2.3.6")
def time_has_measurement(ctx: Context) -> Iterator[Fault]:
    """Where a JULD_* variable is set, a measurement of the cycle has the event's code.

    Why: a time by cycle repeats a measurement; without one it comes from nowhere.
    Mend: add the measurement with the event's MEASUREMENT_CODE, or write the fill value.
    """
    for each in ctx.once(events):
        values = ctx.dataset.array(each.name)
        yield from spread(each.name, each.unseen_time, "it is set, but no measurement has the code", values)


@rule("TRJ-NCJ-004", "W", "T", manual="2.3.6")
def status_has_measurement(ctx: Context) -> Iterator[Fault]:
    """Where a JULD_*_STATUS is set, a measurement of the cycle has the event's code.

    Why: a status by cycle repeats that of a measurement; without one it comes from nowhere.
    Mend: add the measurement with the event's MEASUREMENT_CODE, or write 9.
    """
    for each in ctx.once(events):
        name = f"{each.name}_STATUS"
        text = "'{}' is set, but no measurement has the code"
        yield from spread(name, each.unseen_status, text, flags(ctx, name))


@rule("TRJ-NCJ-005", "W", "T", manual="2.3.6")
def measurement_has_cycle(ctx: Context) -> Iterator[Fault]:
    """The measurement of an event is of a cycle that the file lists.

    Why: the event's time by cycle belongs to that cycle.
    Mend: add the cycle to the N_CYCLE variables, or correct CYCLE_NUMBER.
    """
    for each in ctx.once(events):
        missing = int(np.count_nonzero(each.row < 0))
        if missing:
            yield Fault(at(each.name), "a measurement of this event is of a cycle that is not listed", count=missing)
