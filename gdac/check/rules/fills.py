"""Fill values that are no numbers (CHK-009): the format phase only warns, but then nothing can be told missing."""

from collections.abc import Iterator

from gdac.check.context import Context
from gdac.check.fills import fill_number
from gdac.check.finding import Fault, Phase, at
from gdac.check.rule import rule


@rule("CHK-009", "E", "P B T BT", phase=Phase.DATA)
def fill_is_a_number(ctx: Context) -> Iterator[Fault]:
    """The _FillValue of a parameter's variable is a number.

    Why: without it nobody can tell a missing value from a measured one; the official checker fails on such a file.
    Mend: write the attribute with the type of the variable and the value that the specification has, mostly 99999.
    """
    for name, variable in ctx.dataset.variables.items():
        if isinstance(variable.attributes.get("_FillValue"), str) and variable.dtype.kind != "S":
            text = str(variable.attributes["_FillValue"])
            if ctx.spec.parameter(name) is not None and fill_number(ctx.dataset, name) is None:
                place = at(name, attribute="_FillValue")
                yield Fault(place, f"the fill value is '{text}', which is no number", text, "99999")
