"""How the float finds its position and sends its data, and for which programme."""

from collections.abc import Iterator

from gdac.check.coded import pair, values_of
from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import rule

POSITIONING = pair(
    ("META-POS-001", "META-POS-002"),
    "R09",
    values_of("POSITIONING_SYSTEM", numbered=True),
    "Each POSITIONING_SYSTEM",
    "the accuracy of every position follows from it.",
)
TRANSMISSION = pair(
    ("META-TRS-001", "META-TRS-002"),
    "R10",
    values_of("TRANS_SYSTEM", numbered=True),
    "Each TRANS_SYSTEM",
    "it says through which network the float reports.",
)


@rule("META-TRS-003", "E", "M3.1", manual="2.4.4")
def identifier(ctx: Context) -> Iterator[Fault]:
    """Each TRANS_SYSTEM_ID is set.

    Why: with it a message can be traced to its float.
    Mend: write the programme identifier of the transmission system, or n/a where there is none.
    """
    for number, text in enumerate(ctx.dataset.trimmed("TRANS_SYSTEM_ID"), start=1):
        if not text:
            yield Fault(at("TRANS_SYSTEM_ID", number), "it is blank")


PROGRAM = pair(
    ("META-PGM-001", "META-PGM-002"),
    "R41",
    values_of("PROGRAM_NAME"),
    "PROGRAM_NAME",
    "it says which programme the float belongs to.",
    declared="W",
)
