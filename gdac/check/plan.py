"""Which rules run on which file: families by file type, imported when the first such file comes."""

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Final

from gdac.check.derived import applies
from gdac.check.finding import Phase
from gdac.check.kinds import Content
from gdac.check.rule import Rule

#: Families below `gdac.check.rules`, by the letter of the file type, in the order in which they run.
FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "opening": ("opening",),
    "P": ("mode", "form", "old", "empty", "fills", "profile", "dates", "nulls", "name"),
    "B": ("mode", "form", "old", "empty", "fills", "profile", "dates", "nulls", "name"),
    "T": ("mode", "form", "old", "empty", "fills", "trajectory", "dates", "nulls", "name"),
    "BT": ("mode", "form", "old", "empty", "fills", "trajectory", "dates", "nulls", "name"),
    "M": ("mode", "form", "old", "empty", "metadata", "dates", "nulls", "name"),
    "K": ("mode", "form", "old", "technical", "dates", "nulls", "name"),
}
#: Families that hold the rules of a prefix; every other family is searched by no id.
_BY_PREFIX: Final[dict[str, tuple[str, ...]]] = {
    "CHK": ("engine", "mode", "empty", "fills", "trajectory"),
    "OPN": ("opening", "mode"),
    "FMT": ("form",),
    "RUD": ("old",),
    "PRF": ("profile",),
    "TRJ": ("trajectory",),
    "META": ("metadata",),
    "TECH": ("technical",),
    "DAT": ("dates",),
    "COM": ("nulls",),
    "NAM": ("name",),
}


@cache
def rules_of(family: str) -> tuple[Rule, ...]:
    """The rules of a family, in order: of its module, or of the modules that its package lists in ``MODULES``."""
    home = import_module(f"gdac.check.rules.{family}")
    names: tuple[str, ...] = getattr(home, "MODULES", ())
    modules = [import_module(f"{home.__name__}.{name}") for name in names] or [home]
    return tuple(each for module in modules for each in _rules_in(module))


def _rules_in(module: ModuleType) -> list[Rule]:
    """Rules in the order of definition; a tuple of rules (made by a factory) counts as its members."""
    found: list[Rule] = []
    for value in vars(module).values():
        members = value if isinstance(value, tuple) else (value,)
        found += [each for each in members if isinstance(each, Rule) and each not in found]
    return found


@cache
def planned(content: Content, version: str) -> dict[Phase, tuple[Rule, ...]]:
    """The rules for files of a kind and (trimmed) version, by phase, in the order in which they run."""
    letter = content.file_type.letter
    rules = [each for family in FAMILIES[letter] for each in rules_of(family)]
    if content.making or content.multi:
        version = "3.1" if content.making else version
        rules = [each for each in rules if applies(each, content.making, multi=content.multi)]
    return {phase: tuple([each for each in rules if _fits(each, phase, letter, version)]) for phase in Phase}


def _fits(each: Rule, phase: Phase, letter: str, version: str) -> bool:
    # whether the date rules of old versions run is decided by the engine, on the untrimmed version
    return each.phase is phase and each.covers(letter, "" if phase is Phase.DATES else version)


def rule_called(rule_id: str) -> Rule | None:
    """One rule by its id, importing its family only; None when there is none."""
    families = _BY_PREFIX.get(rule_id.partition("-")[0], ())
    return next((each for family in families for each in rules_of(family) if each.id == rule_id), None)


@cache
def every_rule() -> dict[str, Rule]:
    """All rules there are, by id. Imports everything: for `gdac explain`, documentation and tests.

    Raises:
        ValueError: two rules share an id.
    """
    found: dict[str, Rule] = {each.id: each for each in rules_of("engine")}
    for family in dict.fromkeys(name for names in FAMILIES.values() for name in names):
        for each in rules_of(family):
            if found.setdefault(each.id, each) is not each:
                raise ValueError(f"two rules are called {each.id}")
    return found
