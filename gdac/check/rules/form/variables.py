"""Variables: those that the format names, with their types and dimensions (FMT-VAR)."""

from collections.abc import Iterable, Iterator

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import rule
from gdac.check.rules.form.compared import comparer, faults


@rule("FMT-VAR-001", "E", "ALL", manual="2.2")
def no_unknown_variable(ctx: Context) -> Iterable[Fault]:
    """The file has no variable that its format does not name.

    Why: nobody would find the values; mostly the name is misspelt, or the parameter belongs into another file.
    Mend: correct the name after the format or reference table 3, or move it to the core, b- or auxiliary file.
    """
    return ctx.once(faults).get("FMT-VAR-001", ())


@rule("FMT-VAR-002", "E", "ALL", manual="2.2")
def variable_type(ctx: Context) -> Iterable[Fault]:
    """Every variable has the type of the format.

    Why: readers in typed languages fail on another type, and precision may be lost.
    Mend: write the variable with the type that is expected.
    """
    return ctx.once(faults).get("FMT-VAR-002", ())


@rule("FMT-VAR-003", "E", "ALL", manual="2.2")
def variable_dimensions(ctx: Context) -> Iterable[Fault]:
    """Every variable has the dimensions of the format, in that order.

    Why: values would be read for the wrong profile, level or parameter.
    Mend: write the variable over the dimensions that are expected.
    """
    return ctx.once(faults).get("FMT-VAR-003", ())


@rule("FMT-VAR-004", "E", "ALL", manual="2.2")
def no_variable_missing(ctx: Context) -> Iterator[Fault]:
    """Every mandatory variable of the format is there.

    Why: programs that read the archive rely on it, if only to find a fill value.
    Mend: add the variable; where there is nothing to say, with fill values.
    """
    present = ctx.dataset.variables
    for name in comparer(ctx.spec).required:
        if name not in present:
            yield Fault(at(name), "the variable is missing")


@rule("FMT-VAR-005", "X", "B BT3.1 T3.2", manual="2.2")
def further_dimensions(ctx: Context) -> Iterable[Fault]:
    """A parameter of several values per level has them along a dimension N_VALUES<n>.

    Why: the official checker fails on any other dimension there, so the GDACs do not take the file.
    Mend: name the dimension N_VALUES followed by its length.
    """
    return ctx.once(faults).get("FMT-VAR-005", ())
