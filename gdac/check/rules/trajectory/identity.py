"""Whose trajectory it is, and its history (TRJ-META, TRJ-DATE, TRJ-HIST)."""

import re
from collections.abc import Iterator
from typing import Final

from gdac.check.coded import pair, values_of
from gdac.check.context import Context
from gdac.check.finding import Fault, Place, at
from gdac.check.instants import file_dates
from gdac.check.rule import Rule, rule
from gdac.check.values import CLOCK_TOLERANCE, is_centre, is_float_number, moment, passes_as_centre

_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_BOTH: Final = "T BT"


def _value(ctx: Context, name: str) -> str:
    return next(iter(ctx.dataset.trimmed(name)), "") if name in ctx.dataset else ""


@rule("TRJ-META-001", "E", "T BT", manual="2.3.4")
def number(ctx: Context) -> Iterator[Fault]:
    """PLATFORM_NUMBER is a WMO number: 5 digits, or 7 with 9 as the second; the first is never 0.

    Why: the number ties profile, metadata, technical data and trajectory of a float together.
    Mend: write the WMO number that was assigned to the float, digits only, left justified.
    """
    text = _value(ctx, "PLATFORM_NUMBER")
    if not is_float_number(text):
        what = f"'{text}' is no WMO number" if text else "it is blank"
        yield Fault(at("PLATFORM_NUMBER"), what, text, "5 digits, or 7 such as 6903724")


@rule("TRJ-META-002", "E", "T BT", manual="reference table 4")
def centre(ctx: Context) -> Iterator[Fault]:
    """DATA_CENTRE is a code of the data centre that submits the file.

    Why: it says who answers for the file.
    Mend: write one of the codes of your data centre, with nothing else.
    """
    code = _value(ctx, "DATA_CENTRE")
    if ctx.dac is not None and not is_centre(code, ctx.dac):
        lenient = passes_as_centre(code, ctx.dac)
        yield Fault(at("DATA_CENTRE"), f"'{code}' is no code of {ctx.dac}", code, quirk=lenient)


STATE = pair(
    ("TRJ-META-003", "TRJ-META-004"),
    "R06",
    values_of("DATA_STATE_INDICATOR"),
    "DATA_STATE_INDICATOR",
    "it says how far the data have been processed and checked.",
    applies=_BOTH,
)


def _set(id_: str, variable: str, what: str) -> Rule:
    page = (
        f"{variable} is not blank.\n\nWhy: it names {what}, which faults of data can be traced to.\n"
        "Mend: write it as the maker gives it."
    )

    def check(ctx: Context) -> Iterator[Fault]:
        if variable in ctx.dataset and not _value(ctx, variable):
            yield Fault(at(variable), "it is blank", "", what)

    return rule(id_, "E", "T BT", manual="2.3.4", page=page)(check)


FIRMWARE = _set("TRJ-META-005", "FIRMWARE_VERSION", "the version of the float's firmware")
SERIAL = _set("TRJ-META-006", "FLOAT_SERIAL_NO", "the float's serial number")
TYPE = pair(
    ("TRJ-META-007", "TRJ-META-008"),
    "R23",
    values_of("PLATFORM_TYPE"),
    "PLATFORM_TYPE",
    "what a float can do follows from its type.",
    applies=_BOTH,
)
POSITIONING = pair(
    ("TRJ-META-009", "TRJ-META-010"),
    "R09",
    values_of("POSITIONING_SYSTEM"),
    "POSITIONING_SYSTEM",
    "users weigh a position by the system it comes from.",
    applies=_BOTH,
)


@rule("TRJ-META-011", "E", "T BT", manual="reference table 8")
def instrument_is_set(ctx: Context) -> Iterator[Fault]:
    """WMO_INST_TYPE is not blank.

    Why: it is how weather services know the instrument.
    Mend: write the number of the instrument, as in `gdac tables show R08`.
    """
    if not _value(ctx, "WMO_INST_TYPE"):
        yield Fault(at("WMO_INST_TYPE"), "it is blank", "", "a number of table R08")


@rule("TRJ-META-012", "E", "T BT", manual="reference table 8")
def instrument_is_a_number(ctx: Context) -> Iterator[Fault]:
    """WMO_INST_TYPE is a whole number.

    Why: it is a number of a WMO code table.
    Mend: write the number of the instrument, as in `gdac tables show R08`.
    """
    text = _value(ctx, "WMO_INST_TYPE")
    if text and not _INTEGER.fullmatch(text):
        yield Fault(at("WMO_INST_TYPE"), f"'{text}' is no number", text, "a number of table R08")


def _instrument(ctx: Context) -> Iterator[tuple[Place, str]]:
    text = _value(ctx, "WMO_INST_TYPE")
    if _INTEGER.fullmatch(text):
        yield at("WMO_INST_TYPE"), text


INSTRUMENT = pair(
    ("TRJ-META-013", "TRJ-META-014"),
    "R08",
    _instrument,
    "WMO_INST_TYPE",
    "it is how weather services know the instrument.",
    applies=_BOTH,
)


@rule("TRJ-DATE-001", "E", "T BT", manual="2.3.3")
def reference_date(ctx: Context) -> Iterator[Fault]:
    """REFERENCE_DATE_TIME is 1950-01-01 00:00:00.

    Why: every JULD counts days from it; no other reference is foreseen.
    Mend: write 19500101000000.
    """
    text, expected = ctx.dataset.text("REFERENCE_DATE_TIME"), ctx.spec.reference_date_time
    if text != expected:
        yield Fault(at("REFERENCE_DATE_TIME"), f"'{text}' is not the reference date", text, expected)


@rule("TRJ-HIST-001", "E", "T BT", manual="2.3.7")
def history_dates(ctx: Context) -> Iterator[Fault]:
    """Each HISTORY_DATE is blank or a date.

    Why: the history of a file can only be read in order.
    Mend: write 14 digits, YYYYMMDDhhmmss in UTC, that exist in the calendar.
    """
    for record, text in enumerate(_history(ctx), start=1):
        if text and moment(text) is None:
            yield Fault(at("HISTORY_DATE", record), f"'{text}' is no date", text, "YYYYMMDDhhmmss, UTC")


@rule("TRJ-HIST-002", "E", "T BT", manual="2.3.7")
def history_before_update(ctx: Context) -> Iterator[Fault]:
    """No HISTORY_DATE is more than a day after DATE_UPDATE.

    Why: what is recorded as done was done before the file was written for the last time.
    Mend: set DATE_UPDATE to the time at which the file was written last, or correct the record.
    """
    update = ctx.once(file_dates).update
    for record, text in enumerate(_history(ctx) if update is not None else (), start=1):
        done = moment(text)
        if done is not None and update is not None and done - update > CLOCK_TOLERANCE:
            limit = ctx.once(file_dates).update_text
            yield Fault(at("HISTORY_DATE", record), f"{text} is after DATE_UPDATE {limit}", text, f"at most {limit}")


def _history(ctx: Context) -> tuple[str, ...]:
    return ctx.dataset.trimmed("HISTORY_DATE") if "HISTORY_DATE" in ctx.dataset else ()
