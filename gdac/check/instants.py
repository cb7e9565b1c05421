"""Moments as the date rules compare them: seconds since 1970 UTC, to the millisecond, as the official checker does.

DATE_CREATION, DATE_UPDATE and the receipt bound what else may stand in a file, so all families ask for the same dates:

    dates = ctx.once(file_dates)
    if dates.update is not None and moment(text) - dates.update > CLOCK_TOLERANCE: ...
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from gdac.check.context import Context
from gdac.check.values import moment

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: JULD counts days from here: 1950-01-01 UTC in seconds since 1970.
REFERENCE: Final = -631_152_000.0
#: Farther away than any date; where the official checker's arithmetic ends.
_FAR: Final = 9.2e15


def juld_moment(days: float) -> float:
    """Seconds since 1970 of a JULD (days since 1950); not-a-number counts as 1950, as in the official checker."""
    if math.isnan(days):
        return REFERENCE
    milliseconds = days * 24.0 * 3600.0 * 1000.0
    if abs(milliseconds) > _FAR * 1000:
        return math.copysign(_FAR, days)
    return REFERENCE + math.floor(milliseconds + 0.5) / 1000


def stamp(seconds: float) -> str:
    """A moment as ``YYYYMMDDhhmmss``; empty for years that such a text cannot hold."""
    try:
        when = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return ""
    return f"{when.year:04d}{when:%m%d%H%M%S}"


@dataclass(frozen=True, slots=True)
class FileDates:
    """The dates of a file as a whole; moments in seconds since 1970 UTC.

    Attributes:
        creation_text: DATE_CREATION, trimmed.
        update_text: DATE_UPDATE, trimmed.
        creation: the moment of DATE_CREATION; None when blank or invalid.
        update: the moment of DATE_UPDATE; None when blank or invalid.
        received: when the GDAC got the file.
    """

    creation_text: str
    update_text: str
    creation: float | None
    update: float | None
    received: float


def file_dates(ctx: Context) -> FileDates:
    """The dates of a file; for ``ctx.once(file_dates)``."""
    creation, update = (next(iter(ctx.dataset.trimmed(name)), "") for name in ("DATE_CREATION", "DATE_UPDATE"))
    return FileDates(creation, update, moment(creation), moment(update), math.floor(ctx.received * 1000) / 1000)
