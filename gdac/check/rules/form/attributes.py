"""Attributes of variables: those that the format asks for, with its values (FMT-ATT)."""

from collections.abc import Iterable

from gdac.check.context import Context
from gdac.check.finding import Fault
from gdac.check.rule import rule
from gdac.check.rules.form.compared import faults


@rule("FMT-ATT-001", "E", "ALL", manual="2.2")
def no_attribute_missing(ctx: Context) -> Iterable[Fault]:
    """Every required attribute of a variable is there.

    Why: units, fill value and meaning of the values are read from attributes.
    Mend: add the attribute with the expected value.
    """
    return ctx.once(faults).get("FMT-ATT-001", ())


@rule("FMT-ATT-002", "W!", "ALL", manual="2.2")
def no_forbidden_attribute(ctx: Context) -> Iterable[Fault]:
    """No variable has an attribute that the format rules out for it.

    Why: the attribute would say something that reference table 3 does not, such as limits for a parameter without.
    Mend: remove the attribute.
    """
    return ctx.once(faults).get("FMT-ATT-002", ())


@rule("FMT-ATT-003", "W!", "ALL", manual="2.2")
def text_attribute(ctx: Context) -> Iterable[Fault]:
    """An attribute that should be text is text.

    Why: a number in its place breaks readers that expect text; its value is not even compared.
    Mend: write the attribute as text.
    """
    return ctx.once(faults).get("FMT-ATT-003", ())


@rule("FMT-ATT-004", "W!", "ALL", manual="2.2")
def number_attribute(ctx: Context) -> Iterable[Fault]:
    """An attribute that should be a number is a number.

    Why: a text in its place breaks readers that calculate with it; its value is not even compared.
    Mend: write the attribute as a number of the variable's type.
    """
    return ctx.once(faults).get("FMT-ATT-004", ())


@rule("FMT-ATT-005", "E", "ALL", manual="2.2")
def attribute_value(ctx: Context) -> Iterable[Fault]:
    """Every attribute has the value of the format or of reference table 3.

    Why: the same variable must mean the same in every file; integers and reals differ (0 is not 0.0).
    Mend: write the expected value, numbers in the type of the variable.
    """
    return ctx.once(faults).get("FMT-ATT-005", ())


@rule("FMT-ATT-006", "E", "ALL", manual="2.2")
def attribute_value_tolerated(ctx: Context) -> Iterable[Fault]:
    """An attribute with several legal values has one of them.

    Why: the specification lists what else is taken here, and this value is not in that list.
    Mend: write the expected value.
    """
    return ctx.once(faults).get("FMT-ATT-006", ())


@rule("FMT-ATT-007", "W", "ALL", manual="2.2")
def attribute_value_old(ctx: Context) -> Iterable[Fault]:
    """An attribute has the current value, not one that is merely tolerated.

    Why: tolerated values are mistakes of the past that are too common to be refused.
    Mend: write the expected value.
    """
    return ctx.once(faults).get("FMT-ATT-007", ())


@rule("FMT-ATT-008", "W", "P B T BT", manual="2.2")
def attribute_value_deprecated(ctx: Context) -> Iterable[Fault]:
    """An attribute of a parameter does not have a value that the specification has deprecated.

    Why: the parameter has been described anew; the old value is taken for the time being.
    Mend: write the expected value.
    """
    return ctx.once(faults).get("FMT-ATT-008", ())


@rule("FMT-ATT-009", "E", "P B T BT", manual="2.2")
def attribute_value_withdrawn(ctx: Context) -> Iterable[Fault]:
    """An attribute of a parameter does not have a value that the specification has withdrawn.

    Why: the parameter has been described anew, and the old value is no longer taken.
    Mend: write the expected value.
    """
    return ctx.once(faults).get("FMT-ATT-009", ())


@rule("FMT-ATT-010", "E", "K3.1", manual="2.5")
def units_of_a_series(ctx: Context) -> Iterable[Fault]:
    """The units of a technical time series are in the list of technical units.

    Why: values can be compared between floats only when units are spelt alike.
    Mend: write a unit of the list; `gdac spec show technical` prints it.
    """
    return ctx.once(faults).get("FMT-ATT-010", ())


@rule("FMT-ATT-011", "L>E", "K3.1", manual="2.5")
def long_name_of_a_series(ctx: Context) -> Iterable[Fault]:
    """The long name of a technical time series is its name and its units, joined by `_`.

    Why: so reference table 14 names technical parameters; the official checker has the test, switched off.
    Mend: write <name>_<units>.
    """
    return ctx.once(faults).get("FMT-ATT-011", ())
