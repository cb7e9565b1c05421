"""Metadata files of version 2.2; the official checker looks at them only when told to check old versions."""

from collections.abc import Iterator
from typing import Final

from gdac.check.coded import known, values_of
from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import Rule, rule
from gdac.check.rules.metadata.platform import centre_faults, launch_position, value
from gdac.check.values import is_float_number

_MOST: Final = 9999.0


@rule("META-V2-001", "E", "M2.2", manual="R04")
def centre(ctx: Context) -> Iterator[Fault]:
    """DATA_CENTRE is a code of the data centre that submits the file.

    Why: it says who answers for the file.
    Mend: write one of the codes of your data centre, with nothing else.
    """
    yield from centre_faults(ctx)


@rule("META-V2-002", "E", "M2.2", manual="2.4.3")
def number(ctx: Context) -> Iterator[Fault]:
    """PLATFORM_NUMBER is a WMO float number.

    Why: it is the one name of the float everywhere.
    Mend: write five digits, or seven of which the second is 9; the first is never 0.
    """
    text = value(ctx, "PLATFORM_NUMBER")
    if not is_float_number(text):
        yield Fault(at("PLATFORM_NUMBER"), f"'{text}' is no float number", text, "A9IIIII or five digits")


@rule("META-V2-003", "W", "M2.2", manual="2.4.5")
def direction(ctx: Context) -> Iterator[Fault]:
    """DIRECTION is A or D.

    Why: it says whether the float measures on its way up or down.
    Mend: write A (ascending) or D (descending).
    """
    way = value(ctx, "DIRECTION")
    if "DIRECTION" in ctx.dataset and way not in {"A", "D"}:
        yield Fault(at("DIRECTION"), f"'{way}' is no direction", way, "A or D")


LATITUDE = launch_position("META-V2-004", "W", "M2.2", "LAUNCH_LATITUDE")
LONGITUDE = launch_position("META-V2-005", "W", "M2.2", "LAUNCH_LONGITUDE")


def _set(id_: str, variable: str, what: str) -> Rule:
    page = (
        f"{variable} is not blank.\n\nWhy: it names {what}, which a later reader can get nowhere else.\n"
        "Mend: write it, where it is known."
    )

    def check(ctx: Context) -> Iterator[Fault]:
        if variable in ctx.dataset and not "".join(ctx.dataset.trimmed(variable)):
            yield Fault(at(variable), "it is blank", "", what)

    return rule(id_, "W", "M2.2", manual="2.4", page=page)(check)


def _code(id_: str, variable: str, table: str) -> Rule:
    page = (
        f"{variable} is a code of reference table {table}.\n\nWhy: one spelling for one thing.\n"
        f"Mend: write one of the codes that `gdac tables show {table}` lists."
    )
    return known(id_, "W", "M2.2", table, values_of(variable), page)


LAUNCH_DATE = _set("META-V2-006", "LAUNCH_DATE", "the launch")
LAUNCH_QC = _code("META-V2-007", "LAUNCH_QC", "RD2")
MODEL = _set("META-V2-008", "PLATFORM_MODEL", "the model of the float")
# the official checker looks positioning systems of 2.2 up in the table of position accuracies, by mistake
POSITIONING = _code("META-V2-009", "POSITIONING_SYSTEM", "R09")
PTT = _set("META-V2-010", "PTT", "the identifier under which the float transmits")
START_DATE = _set("META-V2-011", "START_DATE", "the first descent")
START_QC = _code("META-V2-012", "START_DATE_QC", "RD2")
TRANSMISSION = _code("META-V2-013", "TRANS_SYSTEM", "R10")
IDENTIFIER = _set("META-V2-014", "TRANS_SYSTEM_ID", "the transmission programme")


@rule("META-V2-015", "W", "M2.2", manual="R03")
def parameters(ctx: Context) -> Iterator[Fault]:
    """Each PARAMETER is a physical parameter of reference table R03.

    Why: profiles and trajectories of the float use these names.
    Mend: use a name of `gdac tables show R03`.
    """
    if "PARAMETER" not in ctx.dataset:
        return
    for position, text in enumerate(ctx.dataset.trimmed("PARAMETER"), start=1):
        if ctx.spec.parameter(text) is None:
            yield Fault(at("PARAMETER", position), f"'{text}' is no physical parameter", text, "a name of table R03")


def _plausible(id_: str, variable: str, what: str) -> Rule:
    page = (
        f"Each {variable} is more than 0 and at most 9999.\n\nWhy: {what} outside that range cannot be.\n"
        "Mend: write the value in the variable's unit; the fill value counts as out of range."
    )

    def check(ctx: Context) -> Iterator[Fault]:
        return _implausible(ctx, variable)

    return rule(id_, "W", "M2.2", manual="2.4.6", page=page)(check)


def _implausible(ctx: Context, variable: str) -> Iterator[Fault]:
    values = ctx.dataset.array(variable).ravel().tolist() if variable in ctx.dataset else []
    for position, found in enumerate(values, start=1):
        if found > _MOST or found <= 0:
            yield Fault(at(variable, position), f"{found:g} is out of range", f"{found:g}", "above 0, at most 9999")


CYCLE_TIME = _plausible("META-V2-016", "CYCLE_TIME", "a cycle time")
PARKING = _plausible("META-V2-017", "PARKING_PRESSURE", "a parking pressure")
DEEPEST = _plausible("META-V2-018", "DEEPEST_PRESSURE", "a deepest pressure")
