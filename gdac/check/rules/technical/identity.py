"""Whose float it is."""

from collections.abc import Iterator

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import rule
from gdac.check.values import is_centre, is_float_number, passes_as_centre


@rule("TECH-META-001", "E", "K", manual="2.5")
def number(ctx: Context) -> Iterator[Fault]:
    """PLATFORM_NUMBER is a WMO float number.

    Why: it is the one name of the float everywhere.
    Mend: write five digits, or seven of which the second is 9; the first is never 0.
    """
    text = next(iter(ctx.dataset.trimmed("PLATFORM_NUMBER")), "")
    if not is_float_number(text):
        yield Fault(at("PLATFORM_NUMBER"), f"'{text}' is no float number", text, "A9IIIII or five digits")


@rule("TECH-META-002", "E", "K", manual="R04")
def centre(ctx: Context) -> Iterator[Fault]:
    """DATA_CENTRE is a code of the data centre that submits the file.

    Why: it says who answers for the file.
    Mend: write one of the codes of your data centre, with nothing else.
    """
    code = next(iter(ctx.dataset.trimmed("DATA_CENTRE")), "")
    if ctx.dac is not None and not is_centre(code, ctx.dac):
        lenient = passes_as_centre(code, ctx.dac)
        yield Fault(at("DATA_CENTRE"), f"'{code}' is no code of {ctx.dac}", code, quirk=lenient)
