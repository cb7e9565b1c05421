"""How a profile was sampled: VERTICAL_SAMPLING_SCHEME (PRF-VSS)."""

import re
from collections.abc import Iterator
from typing import Final

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import rule
from gdac.check.rules.profile.profiles import pressures

_NAME: Final = "VERTICAL_SAMPLING_SCHEME"
_PRIMARY: Final = "Primary sampling"
#: The free description, with all that stands between the first and the last bracket.
_DESCRIPTION: Final = re.compile(r"\s*\[.*\]\s*", re.ASCII)


def schemes(ctx: Context) -> tuple[tuple[int, str, str], ...]:
    """Profile (1-based), text, and text without its description, for profiles that have a scheme."""
    if _NAME not in ctx.dataset:
        return ()
    texts = enumerate(ctx.dataset.trimmed(_NAME), start=1)
    return tuple((profile, text, _DESCRIPTION.sub("", text)) for profile, text in texts if text)


@rule("PRF-VSS-001", "E", "P B", manual="2.2.4")
def scheme_set(ctx: Context) -> Iterator[Fault]:
    """VERTICAL_SAMPLING_SCHEME is set where the profile holds data.

    Why: a file may hold several profiles of one cycle; this tells the main one from the others.
    Mend: write a scheme of reference table 16, for the first profile `Primary sampling: averaged [...]` or the like.
    """
    for profile, text in enumerate(ctx.dataset.trimmed(_NAME) if _NAME in ctx.dataset else (), start=1):
        if not text and ctx.once(pressures)[profile - 1]:
            yield Fault(at(_NAME, profile), "it is blank, but PRES holds data", "", "a scheme of reference table 16")


@rule("PRF-VSS-002", "W!", "P B", manual="reference table 16")
def scheme_known(ctx: Context) -> Iterator[Fault]:
    """VERTICAL_SAMPLING_SCHEME is one of reference table 16, but for its description in brackets.

    Why: readers pick the profile that they want by the exact wording.
    Mend: write one of the wordings of the table to the letter; all details go into brackets behind it, as in
    `Primary sampling: averaged [10 sec sampling, 25 dbar averages]`.
    """
    known = ctx.tables.codes("R16")
    for profile, text, scheme in ctx.once(schemes):
        if scheme not in known:
            what = f"'{scheme}' is not in reference table 16"
            yield Fault(at(_NAME, profile), what, text, " | ".join(sorted(known)))


@rule("PRF-VSS-003", "W", "P B", manual="reference table 16")
def scheme_current(ctx: Context) -> Iterator[Fault]:
    """VERTICAL_SAMPLING_SCHEME is not deprecated in reference table 16.

    Why: another wording has taken its place.
    Mend: write the wording that the table names as its successor.
    """
    old = ctx.tables.deprecated("R16")
    for profile, text, scheme in ctx.once(schemes):
        if scheme in old:
            yield Fault(at(_NAME, profile), f"'{scheme}' is deprecated in reference table 16", text)


@rule("PRF-VSS-004", "W!", "P B", manual="2.2.4")
def first_is_primary(ctx: Context) -> Iterator[Fault]:
    """The first profile of a file is the primary sampling.

    Why: most users read the first profile only; it must be the main one, with the CTD.
    Mend: put the profile of the primary sampling first, or correct its scheme.
    """
    for profile, text, scheme in ctx.once(schemes):
        if profile == 1 and scheme in ctx.tables.codes("R16") and not text.startswith(_PRIMARY):
            yield Fault(at(_NAME, profile), "the first profile is not the primary sampling", text, f"{_PRIMARY}: ...")


@rule("PRF-VSS-005", "W!", "P B", manual="2.2.4")
def others_are_not_primary(ctx: Context) -> Iterator[Fault]:
    """Only the first profile of a file is the primary sampling.

    Why: a cycle has one main profile; with two, nobody knows which one to use.
    Mend: give the other profiles the scheme that they have (Secondary, Near-surface, Bounce), or drop a repeated one.
    """
    for profile, text, scheme in ctx.once(schemes):
        if profile > 1 and scheme in ctx.tables.codes("R16") and text.startswith(_PRIMARY):
            what = "a profile after the first calls itself the primary sampling"
            yield Fault(at(_NAME, profile), what, text, "Secondary, Near-surface or Bounce sampling")
