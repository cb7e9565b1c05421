"""Which float, how it went and whose data: the texts that every profile carries (PRF-HD, PRF-META)."""

import re
from collections.abc import Iterator
from typing import Final

from gdac.check.context import Context
from gdac.check.dacs import CENTRES
from gdac.check.finding import Fault, at
from gdac.check.rule import rule
from gdac.check.rules.profile.profiles import pressures
from gdac.check.values import is_centre, is_float_number, passes_as_centre

_INTEGER: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)


@rule("PRF-HD-001", "W", "P2.2 P2.3", manual="2.2.4")
def instrument_reference(ctx: Context) -> Iterator[Fault]:
    """INST_REFERENCE of old profiles is set.

    Why: before format 3 it is the only place that names the brand and type of the instrument.
    Mend: write brand, type and serial number; in format 3 these are in PLATFORM_TYPE and FLOAT_SERIAL_NO.
    """
    for number, text in enumerate(ctx.dataset.trimmed("INST_REFERENCE"), start=1):
        if not text:
            yield Fault(at("INST_REFERENCE", number), "it is blank", expected="brand and type of the instrument")


@rule("PRF-HD-002", "W", "P B", manual="reference table 9")
def positioning_system(ctx: Context) -> Iterator[Fault]:
    """POSITIONING_SYSTEM is one of reference table 9.

    Why: users weigh a position by the system it comes from: GPS fixes to metres, ARGOS to hundreds of metres.
    Mend: write the code as the table spells it, in capitals: GPS, ARGOS, IRIDIUM, ...
    """
    known = ctx.tables.codes("R09")
    for number, text in enumerate(ctx.dataset.trimmed("POSITIONING_SYSTEM"), start=1):
        if text not in known:
            what = f"'{text}' is not in reference table 9" if text else "it is blank"
            yield Fault(at("POSITIONING_SYSTEM", number), what, text, " | ".join(sorted(known)))


@rule("PRF-META-001", "E", "P B", manual="2.2.4")
def platform_number(ctx: Context) -> Iterator[Fault]:
    """PLATFORM_NUMBER is a WMO number: 5 digits, or 7 with 9 as the second; the first is never 0.

    Why: the number ties profile, metadata, technical data and trajectory of a float together.
    Mend: write the WMO number that was assigned to the float, digits only, left justified.
    """
    for profile, text in enumerate(ctx.dataset.trimmed("PLATFORM_NUMBER"), start=1):
        if not is_float_number(text):
            what = f"'{text}' is no WMO number" if text else "it is blank"
            yield Fault(at("PLATFORM_NUMBER", profile), what, text, "5 digits, or 7 such as 6903724")


@rule("PRF-META-010", "L>E", "P B", manual="2.2")
def single_cycle(ctx: Context) -> Iterator[Fault]:
    """All profiles of a file are of the same float and cycle.

    Why: a profile file is named after one float and one cycle; what belongs to another cannot be found by its name.
    (The official checker can test this, but does not.)
    Mend: write a file for each cycle. Files of all cycles of a float (_prof.nc) are made at the GDAC.
    """
    numbers = ctx.dataset.trimmed("PLATFORM_NUMBER")
    if len(numbers) < 2:
        return
    cycles = ctx.dataset.array("CYCLE_NUMBER").tolist()
    for profile, (number, cycle) in enumerate(zip(numbers, cycles, strict=True), start=1):
        if number != numbers[0]:
            yield Fault(at("PLATFORM_NUMBER", profile), "the file holds several floats", number, numbers[0])
            return
        if cycle != cycles[0]:
            text = "the file holds several cycles"
            yield Fault(at("CYCLE_NUMBER", profile), text, str(cycle), str(cycles[0]))
            return


@rule("PRF-META-002", "E", "P B", manual="2.2.4")
def direction(ctx: Context) -> Iterator[Fault]:
    """DIRECTION is A or D.

    Why: readers tell ascending from descending profiles by it, and file names repeat it.
    Mend: write A for a profile taken on the way up, D on the way down.
    """
    for profile, way in enumerate(ctx.dataset.bytes("DIRECTION").decode("latin-1"), start=1):
        if way not in {"A", "D"}:
            yield Fault(at("DIRECTION", profile), f"'{way}' is no direction", way, "A or D")


@rule("PRF-META-003", "E", "P B", manual="2.2.4")
def data_state_set(ctx: Context) -> Iterator[Fault]:
    """DATA_STATE_INDICATOR is set where the profile holds data.

    Why: it says how far the data have been processed and checked.
    Mend: write a code of reference table 6: 2B after real-time checks, 2C after delayed-mode checks.
    """
    for profile, text in enumerate(ctx.dataset.trimmed("DATA_STATE_INDICATOR"), start=1):
        if not text and ctx.once(pressures)[profile - 1]:
            yield Fault(at("DATA_STATE_INDICATOR", profile), "it is blank, but PRES holds data", "", "such as 2B or 2C")


@rule("PRF-META-004", "E", "P B", manual="reference table 6")
def data_state_known(ctx: Context) -> Iterator[Fault]:
    """DATA_STATE_INDICATOR is one of reference table 6.

    Why: it says how far the data have been processed and checked.
    Mend: write a code of the table: 2B after real-time checks, 2C after delayed-mode checks, with + where it applies.
    """
    known = ctx.tables.codes("R06")
    for profile, text in enumerate(ctx.dataset.trimmed("DATA_STATE_INDICATOR"), start=1):
        if text and text not in known:
            what = f"'{text}' is not in reference table 6"
            yield Fault(at("DATA_STATE_INDICATOR", profile), what, text, " | ".join(sorted(known)))


@rule("PRF-META-005", "E", "P B", manual="reference table 4")
def data_centre(ctx: Context) -> Iterator[Fault]:
    """DATA_CENTRE is a code that the submitting DAC may use.

    Why: it names who answers for the data; a DAC submits data of its own centres only.
    Mend: write the two-letter code of the centre in charge of the float, as in reference table 4. (A part of a code,
    or a blank, passes the official checker, so that such a profile is accepted all the same.)
    """
    dac = ctx.dac
    if dac is None or dac not in CENTRES:
        return
    for profile, text in enumerate(ctx.dataset.trimmed("DATA_CENTRE"), start=1):
        if not is_centre(text, dac):
            what = f"'{text}' is no centre of {dac}" if text else "it is blank"
            expected = " | ".join(CENTRES[dac])
            passes = passes_as_centre(text, dac)
            yield Fault(at("DATA_CENTRE", profile), what, text, expected, quirk=passes)


@rule("PRF-META-006", "E", "P B", manual="reference table 8")
def instrument_set(ctx: Context) -> Iterator[Fault]:
    """WMO_INST_TYPE is set.

    Why: it is the instrument type that goes out with the data to weather services.
    Mend: write the number of the float's type from reference table 8, such as 846.
    """
    for profile, text in enumerate(ctx.dataset.trimmed("WMO_INST_TYPE"), start=1):
        if not text:
            yield Fault(at("WMO_INST_TYPE", profile), "it is blank", expected="a number of reference table 8")


@rule("PRF-META-007", "E", "P B", manual="reference table 8")
def instrument_a_number(ctx: Context) -> Iterator[Fault]:
    """WMO_INST_TYPE is a whole number.

    Why: it is the instrument type that goes out with the data to weather services, as a number.
    Mend: write the number of the float's type from reference table 8, such as 846, and not its name.
    """
    for profile, text in enumerate(ctx.dataset.trimmed("WMO_INST_TYPE"), start=1):
        if text and not _is_integer(text):
            yield Fault(at("WMO_INST_TYPE", profile), f"'{text}' is no whole number", text, "such as 846")


@rule("PRF-META-008", "E", "P B", manual="reference table 8")
def instrument_known(ctx: Context) -> Iterator[Fault]:
    """WMO_INST_TYPE is one of reference table 8.

    Why: it is the instrument type that goes out with the data to weather services.
    Mend: write the number exactly as the table has it: no sign, no leading zero.
    """
    known = ctx.tables.codes("R08")
    for profile, text in enumerate(ctx.dataset.trimmed("WMO_INST_TYPE"), start=1):
        if text not in known and _is_integer(text):
            what = f"'{text}' is not in reference table 8"
            yield Fault(at("WMO_INST_TYPE", profile), what, text, "such as 846")


@rule("PRF-META-009", "W", "P B", manual="reference table 8")
def instrument_current(ctx: Context) -> Iterator[Fault]:
    """WMO_INST_TYPE is not deprecated in reference table 8.

    Why: another number has taken its place.
    Mend: write the number that the table names as its successor.
    """
    old = ctx.tables.deprecated("R08")
    for profile, text in enumerate(ctx.dataset.trimmed("WMO_INST_TYPE") if old else (), start=1):
        if text in old:
            yield Fault(at("WMO_INST_TYPE", profile), f"'{text}' is deprecated in reference table 8", text)


def _is_integer(text: str) -> bool:
    """What the official checker reads as a number: one of 32 bits."""
    return _INTEGER.fullmatch(text) is not None and -(2**31) <= int(text) < 2**31
