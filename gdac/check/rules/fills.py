"""Fill values that are no numbers (CHK-009): the format phase only warns, but then nothing can be told missing."""

from collections.abc import Iterator

from gdac.check.context import Context
from gdac.check.fills import fill_number
from gdac.check.finding import Fault, Phase
from gdac.check.rule import rule
from gdac.check.rules.form.compared import faults


@rule("CHK-009", "E", "P B T BT", phase=Phase.DATA)
def fill_is_a_number(ctx: Context) -> Iterator[Fault]:
    """The _FillValue of a parameter's variable is a number.

    Why: without it nobody can tell a missing value from a measured one; the official checker fails on such a file.
    Mend: write the attribute with the type of the variable and the value that the specification has, mostly 99999.
    """
    for fault in ctx.once(faults).get("FMT-ATT-004", ()):
        name = fault.place.variable
        named = fault.place.attribute == "_FillValue" and ctx.spec.parameter(name) is not None
        if named and fill_number(ctx.dataset, name) is None:
            yield Fault(fault.place, f"the fill value is '{fault.found}', which is no number", fault.found, "99999")
