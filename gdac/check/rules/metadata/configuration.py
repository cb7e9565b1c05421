"""Configuration of the float at launch and on its missions."""

from collections.abc import Iterator
from typing import Final

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.names import Named, entries, name_rules
from gdac.check.rule import rule

_FILL: Final = 99999


@rule("META-MIS-001", "W", "M3.1", manual="2.4.7")
def missions(ctx: Context) -> Iterator[Fault]:
    """No CONFIG_MISSION_NUMBER is a fill value.

    Why: cycles name their mission by this number.
    Mend: number the missions from 1, without gaps; drop missions that never were.
    """
    unset = [number for number, value in enumerate(_missions(ctx), start=1) if value == _FILL]
    if unset:
        yield Fault(at("CONFIG_MISSION_NUMBER", unset[0]), "it is not set", str(_FILL), count=len(unset))


def _missions(ctx: Context) -> list[int]:
    missions: list[int] = ctx.dataset.array("CONFIG_MISSION_NUMBER").ravel().tolist()
    return missions


def _entries(ctx: Context) -> tuple[Named, ...]:
    return entries(ctx, "R18", ("LAUNCH_CONFIG_PARAMETER_NAME", "CONFIG_PARAMETER_NAME"))


NAMES = name_rules(
    {
        "form": ("META-CFG-001", "E", "M3.1"),
        "unknown": ("META-CFG-002", "W!", "M3.1"),
        "deprecated": ("META-CFG-003", "W", "M3.1"),
        "unlisted": ("META-CFG-004", "W!", "M3.1"),
        "without_list": ("META-CFG-005", "W!", "M3.1"),
        "unit": ("META-CFG-006", "E", "M3.1"),
        "old unit": ("META-CFG-007", "W", "M3.1"),
    },
    "R18",
    "configuration",
    _entries,
)
