"""Groundings and missions of cycles (TRJ-CYV)."""

from collections.abc import Iterator

import numpy as np

from gdac.check.context import Context
from gdac.check.finding import Fault
from gdac.check.rule import rule
from gdac.check.rules.trajectory.arrays import NO_NUMBER, deprecated, flags, known, spread
from gdac.check.rules.trajectory.cycles import D, Numbers, agree, cycles


@rule("TRJ-CYV-001", "L>W", "T", manual="reference table 20")
def grounded(ctx: Context) -> Iterator[Fault]:
    """GROUNDED is one of reference table 20.

    Why: a grounded float does not drift with the water.
    Mend: write Y, N, B, S or U.
    """
    if ctx.once(agree) and "GROUNDED" in ctx.dataset:
        found = flags(ctx, "GROUNDED")
        yield from spread("GROUNDED", ~known(ctx.tables, "R20")[found], "'{}' is not in reference table 20", found)


@rule("TRJ-CYV-002", "L>W", "T", manual="reference table 20")
def grounded_current(ctx: Context) -> Iterator[Fault]:
    """GROUNDED is no deprecated code.

    Why: another code has taken its place.
    Mend: write a current code of reference table 20.
    """
    if ctx.once(agree) and "GROUNDED" in ctx.dataset:
        found = flags(ctx, "GROUNDED")
        yield from spread("GROUNDED", deprecated(ctx.tables, "R20")[found], "'{}' is deprecated", found)


def _missions(ctx: Context) -> Numbers | None:
    if not ctx.once(agree) or "CONFIG_MISSION_NUMBER" not in ctx.dataset:
        return None
    return ctx.dataset.array("CONFIG_MISSION_NUMBER").astype(np.int64)


@rule("TRJ-CYV-003", "L>W", "T BT", manual="2.3.6")
def missions(ctx: Context) -> Iterator[Fault]:
    """CONFIG_MISSION_NUMBER is 1 or more behind the first cycle.

    Why: it leads to the settings of the cycle in the metadata file.
    Mend: write the mission's number as in the metadata file.
    """
    found = _missions(ctx)
    if found is not None:
        wrong = found < 1
        wrong[:1] = False
        yield from spread("CONFIG_MISSION_NUMBER", wrong, "{} is no mission", found, "1 or more")


@rule("TRJ-CYV-004", "L>E", "T BT", manual="2.3.6")
def missions_in_delayed_mode(ctx: Context) -> Iterator[Fault]:
    """CONFIG_MISSION_NUMBER is set in every delayed-mode cycle behind the first.

    Why: delayed mode knows which settings a cycle was flown with.
    Mend: write the mission's number as in the metadata file.
    """
    found = _missions(ctx)
    if found is not None:
        wrong = (found == NO_NUMBER) & (ctx.once(cycles).mode == D)
        wrong[:1] = False
        yield from spread("CONFIG_MISSION_NUMBER", wrong, "it is not set in a cycle in delayed mode")
