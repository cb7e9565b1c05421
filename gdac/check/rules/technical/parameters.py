"""Technical parameters: names, units and values."""

import re
from collections.abc import Iterator
from typing import Final

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.names import Named, entries, name_rules
from gdac.check.rule import rule


def _entries(ctx: Context) -> tuple[Named, ...]:
    return entries(ctx, "R14", ("TECHNICAL_PARAMETER_NAME",))


NAMES = name_rules(
    {
        "form": ("TECH-PRM-001", "E", "K>=3"),
        "unknown": ("TECH-PRM-002", "W!", "K>=3"),
        "deprecated": ("TECH-PRM-003", "W", "K>=3"),
        "unlisted": ("TECH-PRM-004", "W!", "K>=3"),
        "unit": ("TECH-PRM-005", "E", "K>=3"),
        "old unit": ("TECH-PRM-006", "W", "K3.0"),
    },
    "R14",
    "technical",
    _entries,
)


#: What values of a kind of unit look like; other kinds are not judged.
_VALUES: Final = {
    "integer": (re.compile(r"[+-]?[0-9]+(\.0*)?"), "a whole number"),
    "float": (
        re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(nan|inf)", re.IGNORECASE),
        "a number",
    ),
}


@rule("TECH-PRM-007", "L>W", "K", manual="2.5")
def values(ctx: Context) -> Iterator[Fault]:
    """Each TECHNICAL_PARAMETER_VALUE is of the kind that its unit calls for.

    Why: a text where readers expect a number is lost to them.
    Mend: write a plain number, or use a parameter whose unit fits the value.
    """
    if "TECHNICAL_PARAMETER_NAME" not in ctx.dataset or "TECHNICAL_PARAMETER_VALUE" not in ctx.dataset:
        return
    names, found = (ctx.dataset.trimmed(f"TECHNICAL_PARAMETER_{what}") for what in ("NAME", "VALUE"))
    for number, (name, value) in enumerate(zip(names, found, strict=False), start=1):
        pattern, words = _VALUES.get(ctx.spec.units.get(name.rpartition("_")[2], ""), (None, ""))
        if pattern and value and not pattern.fullmatch(value):
            place = at("TECHNICAL_PARAMETER_VALUE", number)
            yield Fault(place, f"'{value}' of {name} is not {words}", value, words)
