"""The date rules of the full data phase, for every file type (DAT)."""

from collections.abc import Iterator

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.instants import file_dates, stamp
from gdac.check.rule import rule
from gdac.check.values import ARGO_ERA, CLOCK_TOLERANCE

_CREATION = at("DATE_CREATION")
_UPDATE = at("DATE_UPDATE")
_FORM = "YYYYMMDDhhmmss"


@rule("DAT-CRE-001", "E", "ALL", manual="2.2.3")
def creation_set(ctx: Context) -> Iterator[Fault]:
    """DATE_CREATION is set.

    Why: it is the first date in the life of the file, and profiles and histories are held against it.
    Mend: write the moment (UTC) when the file was first made, and keep it when the file is updated.
    """
    if not ctx.once(file_dates).creation_text:
        yield Fault(_CREATION, "the date is blank", expected=_FORM)


@rule("DAT-CRE-002", "E", "ALL", manual="2.2.3")
def creation_valid(ctx: Context) -> Iterator[Fault]:
    """DATE_CREATION is a real moment, written as 14 digits.

    Why: a date that nobody can read is no date; the tests against it are left out as well.
    Mend: write YYYYMMDDhhmmss in UTC: four digits of the year first, no separators, left justified, no NUL inside.
    """
    dates = ctx.once(file_dates)
    if dates.creation_text and dates.creation is None:
        yield Fault(_CREATION, f"'{dates.creation_text}' is no valid date", dates.creation_text, _FORM)


@rule("DAT-CRE-003", "E", "ALL", manual="2.2.3")
def creation_in_argo_times(ctx: Context) -> Iterator[Fault]:
    """DATE_CREATION is not before 1997.

    Why: there was no Argo data before; such a date comes from a clock that was never set, or from swapped digits.
    Mend: write the moment (UTC) when the file was first made.
    """
    dates = ctx.once(file_dates)
    if dates.creation is not None and dates.creation < ARGO_ERA:
        yield Fault(_CREATION, "the date is before the Argo era", dates.creation_text, f"{stamp(ARGO_ERA)} or later")


@rule("DAT-CRE-004", "L>E", "ALL", manual="2.2.3")
def creation_not_in_the_future(ctx: Context) -> Iterator[Fault]:
    """DATE_CREATION is not more than a day after the file was received.

    Why: a file cannot be made after it was sent. The official checker means to reject this, but never does.
    Mend: set the clock of the processing machine to UTC and write DATE_CREATION again.
    """
    dates = ctx.once(file_dates)
    if dates.creation is not None and dates.creation - dates.received > CLOCK_TOLERANCE:
        received = stamp(dates.received)
        yield Fault(_CREATION, "the date is after the file was received", dates.creation_text, f"up to {received}")


@rule("DAT-UPD-001", "E", "ALL", manual="2.2.3")
def update_set(ctx: Context) -> Iterator[Fault]:
    """DATE_UPDATE is set.

    Why: the index of the archive and every mirror tell by it whether they hold the newest file.
    Mend: write the moment (UTC) of this version of the file.
    """
    if not ctx.once(file_dates).update_text:
        yield Fault(_UPDATE, "the date is blank", expected=_FORM)


@rule("DAT-UPD-002", "E", "ALL", manual="2.2.3")
def update_valid(ctx: Context) -> Iterator[Fault]:
    """DATE_UPDATE is a real moment, written as 14 digits.

    Why: the index of the archive and every mirror tell by it whether they hold the newest file.
    Mend: write YYYYMMDDhhmmss in UTC: four digits of the year first, no separators, left justified, no NUL inside.
    """
    dates = ctx.once(file_dates)
    if dates.update_text and dates.update is None:
        yield Fault(_UPDATE, f"'{dates.update_text}' is no valid date", dates.update_text, _FORM)


@rule("DAT-UPD-003", "E", "ALL", manual="2.2.3")
def update_after_creation(ctx: Context) -> Iterator[Fault]:
    """DATE_UPDATE is not before DATE_CREATION.

    Why: a file cannot be updated before it was made; one of the two dates is wrong.
    Mend: keep DATE_CREATION of the first version and write the present moment into DATE_UPDATE.
    """
    dates = ctx.once(file_dates)
    if dates.update is not None and dates.creation is not None and dates.update < dates.creation:
        yield Fault(_UPDATE, "the date is before DATE_CREATION", dates.update_text, f"{dates.creation_text} or later")


@rule("DAT-UPD-004", "E", "ALL", manual="2.2.3")
def update_not_in_the_future(ctx: Context) -> Iterator[Fault]:
    """DATE_UPDATE is not more than a day after the file was received.

    Why: a date in the future makes mirrors and users believe that they already have a newer version.
    Mend: set the clock of the processing machine to UTC and write DATE_UPDATE again. If the file is only a copy whose
    modification time is older than its content, give the true time with --receipt-time.
    """
    dates = ctx.once(file_dates)
    if dates.update is not None and dates.update - dates.received > CLOCK_TOLERANCE:
        received = stamp(dates.received)
        yield Fault(_UPDATE, "the date is after the file was received", dates.update_text, f"up to {received}")
