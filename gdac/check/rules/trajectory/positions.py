"""Where measurements were made (TRJ-POS)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdac.check.context import Context
from gdac.check.finding import Fault
from gdac.check.rule import rule
from gdac.check.rules.trajectory.arrays import BLANK, NINE, NO_PLACE, Mask, deprecated, flags, known, near, spread
from gdac.check.rules.trajectory.cycles import agree


@dataclass(frozen=True, slots=True)
class Positions:
    """Positions of all measurements.

    Attributes:
        latitude: degrees north.
        no_latitude: which are the fill value.
        no_longitude: likewise.
        qc: POSITION_QC.
        flagged: which flags are neither blank nor 9.
    """

    latitude: NDArray[Any]
    no_latitude: Mask
    no_longitude: Mask
    qc: NDArray[np.uint8]
    flagged: Mask


def positions(ctx: Context) -> Positions | None:
    """The positions; None where they may not be looked at."""
    if not ctx.once(agree) or "LATITUDE" not in ctx.dataset or "POSITION_QC" not in ctx.dataset:
        return None
    latitude, longitude = ctx.dataset.array("LATITUDE"), ctx.dataset.array("LONGITUDE")
    qc = flags(ctx, "POSITION_QC")
    return Positions(latitude, near(latitude, NO_PLACE), near(longitude, NO_PLACE), qc, (qc != BLANK) & (qc != NINE))


@rule("TRJ-POS-001", "L>W", "T BT", manual="reference table 2")
def qc(ctx: Context) -> Iterator[Fault]:
    """POSITION_QC is a flag of reference table 2.

    Why: readers choose positions by their flags.
    Mend: write a flag of the table, or a blank.
    """
    found = ctx.once(positions)
    if found is not None:
        wrong = (found.qc != BLANK) & ~known(ctx.tables, "RD2")[found.qc]
        yield from spread("POSITION_QC", wrong, "'{}' is no quality flag", found.qc)


@rule("TRJ-POS-002", "L>W", "T BT", manual="reference table 2")
def qc_current(ctx: Context) -> Iterator[Fault]:
    """POSITION_QC is no deprecated flag.

    Why: another flag has taken its place.
    Mend: write a current flag of reference table 2.
    """
    found = ctx.once(positions)
    if found is not None:
        yield from spread("POSITION_QC", deprecated(ctx.tables, "RD2")[found.qc], "'{}' is deprecated", found.qc)


@rule("TRJ-POS-003", "L>W", "T BT", manual="reference table 5")
def accuracy(ctx: Context) -> Iterator[Fault]:
    """POSITION_ACCURACY is one of reference table 5.

    Why: it says how far off a position may be.
    Mend: write a class of the table (G for GPS, 1 to 3 for Argos, ...), or a blank.
    """
    if ctx.once(positions) is not None and "POSITION_ACCURACY" in ctx.dataset:
        found = flags(ctx, "POSITION_ACCURACY")
        wrong = (found != BLANK) & ~known(ctx.tables, "R05")[found]
        yield from spread("POSITION_ACCURACY", wrong, "'{}' is no accuracy class", found)


@rule("TRJ-POS-004", "L>W", "T BT", manual="reference table 5")
def accuracy_current(ctx: Context) -> Iterator[Fault]:
    """POSITION_ACCURACY is no deprecated class.

    Why: another class has taken its place.
    Mend: write a current class of reference table 5.
    """
    if ctx.once(positions) is not None and "POSITION_ACCURACY" in ctx.dataset:
        found = flags(ctx, "POSITION_ACCURACY")
        yield from spread("POSITION_ACCURACY", deprecated(ctx.tables, "R05")[found], "'{}' is deprecated", found)


@rule("TRJ-POS-005", "L>W", "T BT", manual="2.3.5")
def flagged_positions_are_set(ctx: Context) -> Iterator[Fault]:
    """LATITUDE and LONGITUDE are set where POSITION_QC says so.

    Why: a flag other than 9 promises a position.
    Mend: write the position, or flag it 9.
    """
    found = ctx.once(positions)
    if found is not None:
        wrong = (found.no_latitude | found.no_longitude) & found.flagged
        yield from spread("LATITUDE", wrong, "the position is not set, but POSITION_QC is neither blank nor 9")


@rule("TRJ-POS-006", "L>W", "T BT", manual="2.3.5")
def positions_are_flagged(ctx: Context) -> Iterator[Fault]:
    """POSITION_QC is neither blank nor 9 where a position is set.

    Why: readers choose positions by their flags.
    Mend: flag the position.
    """
    found = ctx.once(positions)
    if found is not None:
        wrong = ~found.no_latitude & ~found.no_longitude & ~found.flagged
        text = "a position ({} N) is set, but POSITION_QC is blank or 9"
        yield from spread("LATITUDE", wrong, text, found.latitude)
