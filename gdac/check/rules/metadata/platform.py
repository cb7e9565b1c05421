"""What the float is, where it was launched, and for whom."""

import re
from collections.abc import Iterator
from typing import Any, Final

from gdac.check.coded import pair, values_of
from gdac.check.context import Context
from gdac.check.finding import Fault, Place, at
from gdac.check.rule import Rule, rule
from gdac.check.values import is_centre, is_float_number, passes_as_centre

#: A platform type that stands for any: its relations are not looked at.
_ANY_TYPE: Final = "FLOAT"
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")


def value(ctx: Context, name: str) -> str:
    """The trimmed text of a variable that holds one."""
    return next(iter(ctx.dataset.trimmed(name)), "") if name in ctx.dataset else ""


@rule("META-VAL-001", "E", "M3.1", manual="R04")
def centre(ctx: Context) -> Iterator[Fault]:
    """DATA_CENTRE is a code of the data centre that submits the file.

    Why: it says who answers for the file.
    Mend: write one of the codes of your data centre, with nothing else.
    """
    yield from centre_faults(ctx)


def centre_faults(ctx: Context) -> Iterator[Fault]:
    """What is wrong with DATA_CENTRE; nothing while the data centre is not known."""
    if ctx.dac is None:
        return
    code = value(ctx, "DATA_CENTRE")
    if not is_centre(code, ctx.dac):
        lenient = passes_as_centre(code, ctx.dac)
        yield Fault(at("DATA_CENTRE"), f"'{code}' is no code of {ctx.dac}", code, quirk=lenient)


def launch_position(id_: str, declared: str, applies: str, variable: str) -> Rule:
    """A rule: LAUNCH_LATITUDE or LAUNCH_LONGITUDE is a place; NaN passes, as in the official checker."""
    limit, where = (90, "north") if variable.endswith("LATITUDE") else (180, "east, from -180 to 180")
    page = (
        f"{variable} lies between -{limit} and {limit}.\n\n"
        "Why: a fill value or a number out of range puts the launch nowhere.\n"
        f"Mend: write the {variable.removeprefix('LAUNCH_').lower()} of the launch in degrees {where}."
    )

    def check(ctx: Context) -> Iterator[Fault]:
        for number in _numbers(ctx, variable):
            if number < -limit or number > limit:
                text = f"{number:g} is outside -{limit} to {limit}"
                yield Fault(at(variable), text, f"{number:g}", f"-{limit} to {limit}")

    return rule(id_, declared, applies, manual="2.4.5", page=page)(check)


def _numbers(ctx: Context, variable: str) -> list[Any]:
    return ctx.dataset.array(variable).ravel().tolist() if variable in ctx.dataset else []


LATITUDE = launch_position("META-VAL-002", "E", "M3.1", "LAUNCH_LATITUDE")
LONGITUDE = launch_position("META-VAL-003", "E", "M3.1", "LAUNCH_LONGITUDE")
LAUNCH_QC = pair(
    ("META-VAL-004", "META-VAL-005"),
    "RD2",
    values_of("LAUNCH_QC"),
    "LAUNCH_QC",
    "it says how far position and time of the launch can be trusted.",
)
FAMILY = pair(
    ("META-VAL-006", "META-VAL-007"),
    "R22",
    values_of("PLATFORM_FAMILY"),
    "PLATFORM_FAMILY",
    "it tells floats from other platforms.",
)


@rule("META-VAL-008", "E", "M3.1", manual="2.4.3")
def number(ctx: Context) -> Iterator[Fault]:
    """PLATFORM_NUMBER is a WMO float number.

    Why: it is the one name of the float everywhere.
    Mend: write five digits, or seven of which the second is 9; the first is never 0.
    """
    text = value(ctx, "PLATFORM_NUMBER")
    if not is_float_number(text):
        yield Fault(at("PLATFORM_NUMBER"), f"'{text}' is no float number", text, "A9IIIII or five digits")


MAKER = pair(
    ("META-VAL-009", "META-VAL-010"),
    "R24",
    values_of("PLATFORM_MAKER"),
    "PLATFORM_MAKER",
    "it names the maker of the float.",
)
TYPE = pair(
    ("META-VAL-011", "META-VAL-012"),
    "R23",
    values_of("PLATFORM_TYPE"),
    "PLATFORM_TYPE",
    "what a float can do follows from its type.",
)


def _related(id_: str, variable: str, relation: str, table: str, noun: str) -> Rule:
    page = (
        f"PLATFORM_TYPE and {variable} go together by reference table R23.\n\n"
        f"Why: a type of float has {noun} of its own; a pair that is not in the table is a slip in one of them.\n"
        f"Mend: `gdac tables show R23 TYPE` lists the {table} codes that belong to a type; correct whichever is wrong."
    )

    def check(ctx: Context) -> Iterator[Fault]:
        kind, other = value(ctx, "PLATFORM_TYPE"), value(ctx, variable)
        both = kind in ctx.tables.codes("R23") and other in ctx.tables.codes(table)
        if both and kind != _ANY_TYPE and not ctx.tables.linked("R23", kind, relation, table, other):
            legal = " or ".join(ctx.tables.linked_codes("R23", kind, relation, table)) or "none that table R23 knows"
            text = f"'{kind}' does not go with {variable} '{other}'"
            yield Fault(at("PLATFORM_TYPE"), text, f"{kind} / {other}", f"{variable} {legal}")

    return rule(id_, "E", "M3.1", manual="R23", page=page)(check)


TYPE_AND_MAKER = _related("META-XRF-001", "PLATFORM_MAKER", "related", "R24", "makers")
START_QC = pair(
    ("META-VAL-013", "META-VAL-014"),
    "RD2",
    values_of("START_DATE_QC"),
    "START_DATE_QC",
    "it says how far the start date can be trusted.",
)


@rule("META-VAL-015", "E", "M3.1", manual="R08")
def instrument_is_a_number(ctx: Context) -> Iterator[Fault]:
    """WMO_INST_TYPE is a whole number.

    Why: it is a number of a WMO code table.
    Mend: write the number, as in `gdac tables show R08`.
    """
    text = value(ctx, "WMO_INST_TYPE")
    if not _INTEGER.fullmatch(text):
        yield Fault(at("WMO_INST_TYPE"), f"'{text}' is no number", text, "a number of table R08")


def _instrument(ctx: Context) -> Iterator[tuple[Place, str]]:
    text = value(ctx, "WMO_INST_TYPE")
    if _INTEGER.fullmatch(text):
        yield at("WMO_INST_TYPE"), text


INSTRUMENT = pair(
    ("META-VAL-016", "META-VAL-017"),
    "R08",
    _instrument,
    "WMO_INST_TYPE",
    "it is how weather services know the instrument.",
)
TYPE_AND_INSTRUMENT = _related("META-XRF-002", "WMO_INST_TYPE", "narrower", "R08", "instrument numbers")
