"""Texts that a metadata file must not leave blank, and the people it names."""

from collections.abc import Iterator
from typing import Final

from gdac.check.coded import current, known
from gdac.check.context import Context
from gdac.check.dataset import trim
from gdac.check.finding import Fault, Place, at
from gdac.check.rule import Rule, rule

_SET: Final = (
    ("META-SET-001", "CONTROLLER_BOARD_SERIAL_NO_PRIMARY", "the serial number of the float's main controller board"),
    ("META-SET-002", "CONTROLLER_BOARD_TYPE_PRIMARY", "the type of the float's main controller board"),
    ("META-SET-003", "DAC_FORMAT_ID", "the data centre's own name of the format in which the float reports"),
    ("META-SET-004", "FIRMWARE_VERSION", "the version of the float's firmware"),
    ("META-SET-005", "FLOAT_SERIAL_NO", "the float's serial number"),
    ("META-SET-006", "MANUAL_VERSION", "the version of the float's manual"),
    ("META-SET-007", "PI_NAME", "the principal investigator"),
    ("META-SET-008", "PTT", "the identifier under which the float transmits"),
    ("META-SET-009", "STANDARD_FORMAT_ID", "the standard format number of the float's reports"),
)


def _set(id_: str, variable: str, what: str) -> Rule:
    page = (
        f"{variable} is not blank.\n\nWhy: it names {what}, which a later reader can get nowhere else.\n"
        "Mend: write it; where it is truly unknown, write n/a."
    )

    def check(ctx: Context) -> Iterator[Fault]:
        if not "".join(ctx.dataset.trimmed(variable)):
            yield Fault(at(variable), "it is blank", "", what)

    return rule(id_, "E", "M3.1", manual="2.4", page=page)(check)


TEXTS_THAT_ARE_SET = tuple(_set(*each) for each in _SET)


def _people(ctx: Context) -> Iterator[tuple[Place, str]]:
    text = next(iter(ctx.dataset.trimmed("PI_NAME")), "")
    if text:
        for name in text.split(","):
            yield at("PI_NAME"), trim(name)


PEOPLE = (
    known(
        "META-PI-001",
        "W",
        "M3.1",
        "R40",
        _people,
        "Each name in PI_NAME, between commas, is in reference table R40.\n\n"
        "Why: one spelling per person lets a reader find all floats of an investigator.\n"
        "Mend: use the spelling of `gdac tables show R40`, or ask for the name to be added there.",
    ),
    current(
        "META-PI-002",
        "M3.1",
        "R40",
        _people,
        "No name in PI_NAME is deprecated in reference table R40.\n\n"
        "Why: a deprecated name was replaced by another spelling.\n"
        "Mend: use the current spelling from `gdac tables show R40`.",
    ),
)
