"""The few date rules of files older than 3.1, which get no data phase (RUD)."""

from collections.abc import Iterator

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.instants import file_dates
from gdac.check.rule import rule

_CREATION = at("DATE_CREATION")
_UPDATE = at("DATE_UPDATE")
_FORM = "YYYYMMDDhhmmss"


@rule("RUD-CRE-001", "E", "ALL<3.1", manual="2.2.3")
def creation_set(ctx: Context) -> Iterator[Fault]:
    """DATE_CREATION is set, in files older than 3.1 too.

    Why: it is the first date in the life of the file; the archive keeps it however old the format.
    Mend: write the moment (UTC) when the file was first made; better still, write the file in version 3.1.
    """
    if not ctx.once(file_dates).creation_text:
        yield Fault(_CREATION, "the date is blank", expected=_FORM)


@rule("RUD-CRE-002", "E", "ALL<3.1", manual="2.2.3")
def creation_valid(ctx: Context) -> Iterator[Fault]:
    """DATE_CREATION is a real moment written as 14 digits, in files older than 3.1 too.

    Why: a date that nobody can read is no date.
    Mend: write YYYYMMDDhhmmss in UTC, without separators or blanks.
    """
    dates = ctx.once(file_dates)
    if dates.creation_text and dates.creation is None:
        yield Fault(_CREATION, f"'{dates.creation_text}' is no valid date", dates.creation_text, _FORM)


@rule("RUD-UPD-001", "E", "ALL<3.1", manual="2.2.3")
def update_set(ctx: Context) -> Iterator[Fault]:
    """DATE_UPDATE is set, in files older than 3.1 too.

    Why: the index of the archive and every mirror tell by it whether they hold the newest file.
    Mend: write the moment (UTC) of this version of the file; better still, write the file in version 3.1.
    """
    if not ctx.once(file_dates).update_text:
        yield Fault(_UPDATE, "the date is blank", expected=_FORM)


@rule("RUD-UPD-002", "E", "ALL<3.1", manual="2.2.3")
def update_valid(ctx: Context) -> Iterator[Fault]:
    """DATE_UPDATE is a real moment written as 14 digits, in files older than 3.1 too.

    Why: the index of the archive and every mirror tell by it whether they hold the newest file.
    Mend: write YYYYMMDDhhmmss in UTC, without separators or blanks.
    """
    dates = ctx.once(file_dates)
    if dates.update_text and dates.update is None:
        yield Fault(_UPDATE, f"'{dates.update_text}' is no valid date", dates.update_text, _FORM)
