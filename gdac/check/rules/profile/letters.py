"""The letter that sums up a parameter of a profile: PROFILE_<PARAM>_QC (PRF-PQC)."""

from collections.abc import Iterator
from typing import Final

from gdac.check.context import Context
from gdac.check.finding import Fault, Place, at
from gdac.check.rule import rule
from gdac.check.rules.profile.adjusted import adjusted_failed
from gdac.check.rules.profile.flags import raw_failed
from gdac.check.rules.profile.series import Series, names_of, series
from gdac.spec.parameters import Role

_GOOD: Final = ("1", "2", "5", "8")
#: Letter by the least share of good levels, in percent.
_SHARES: Final = ((75.0, "B"), (50.0, "C"), (25.0, "D"))


def letters(ctx: Context) -> tuple[tuple[Series, str, bool], ...]:
    """Each series that has a letter, with the letter, and whether it can be checked (its levels are right)."""
    raw, adjusted = ctx.once(raw_failed), ctx.once(adjusted_failed)
    found = []
    for one in ctx.once(series):
        name = names_of(one.parameter.name)[Role.PROFILE_QC]
        key = (one.profile, one.parameter.name)
        # a parameter without adjusted variables is left alone, unless its measured values are wrong already
        if name in ctx.dataset and (one.column.adjusted or key in raw):
            letter = ctx.dataset.bytes(name)[one.profile - 1 : one.profile].decode("latin-1")
            found.append((one, letter, key not in raw and key not in adjusted))
    return tuple(found)


@rule("PRF-PQC-001", "E", "P B", manual="reference table 2a")
def letter_known(ctx: Context) -> Iterator[Fault]:
    """PROFILE_<PARAM>_QC is a letter of reference table 2a, or blank.

    Why: the index of profiles and many searches go by this letter.
    Mend: write A to F by the share of good levels, blank where nothing was checked.
    """
    known = ctx.tables.codes("RP2")
    for one, letter, _ in ctx.once(letters):
        if letter != " " and letter not in known:
            yield Fault(_place(one), f"'{letter}' is no letter of reference table 2a", letter, "A to F, or blank")


@rule("PRF-PQC-002", "W", "P B", manual="reference table 2a")
def letter_current(ctx: Context) -> Iterator[Fault]:
    """PROFILE_<PARAM>_QC is not deprecated in reference table 2a.

    Why: N, for profiles without good levels, has been replaced by blank and F.
    Mend: write the letter that the share of good levels gives.
    """
    old = ctx.tables.deprecated("RP2")
    for one, letter, _ in ctx.once(letters):
        if letter in old:
            yield Fault(_place(one), f"'{letter}' is deprecated in reference table 2a", letter)


@rule("PRF-PQC-003", "E", "P B", manual="2.2.4")
def letter_looked_at(ctx: Context) -> Iterator[Fault]:
    """PROFILE_<PARAM>_QC can be checked.

    Why: the letter is counted from the flags of the levels; where those are wrong, it cannot be.
    Mend: mend the findings on the levels of the parameter first, then check again.
    """
    known = ctx.tables.codes("RP2")
    for one, letter, countable in ctx.once(letters):
        if not countable and (letter == " " or letter in known):
            yield Fault(_place(one), f"not checked, because levels of {one.parameter.name} are wrong")


@rule("PRF-PQC-004", "E", "P B", manual="reference table 2a")
def letter_counted(ctx: Context) -> Iterator[Fault]:
    """PROFILE_<PARAM>_QC is the letter that the flags of the levels give.

    Why: the index of profiles and many searches go by this letter; a wrong one hides good data or offers bad ones.
    Mend: count the levels with a flag other than 9 and blank, and among them those with 1, 2, 5 or 8 (adjusted flags,
    unless the mode is R): all A, 75 % or more B, 50 % C, 25 % D, some E, none F; blank if all flags are 0 or there are
    none.
    """
    known = ctx.tables.codes("RP2")
    for one, letter, countable in ctx.once(letters):
        if countable and (letter == " " or letter in known):
            expected, counted = _counted(one)
            if letter != expected:
                text = f"{counted} gives {_shown(expected)}, not {_shown(letter)}"
                yield Fault(_place(one), text, _shown(letter), _shown(expected))


def _counted(one: Series) -> tuple[str, str]:
    """The letter that the flags give, and in words what was counted."""
    counts = one.flag_counts(adjusted=one.mode != "R")
    data = sum(count for flag, count in counts.items() if flag != "9")
    good = sum(counts.get(flag, 0) for flag in _GOOD)
    words = f"{good} good of {data} levels"
    if counts.get("0", 0) == data:
        return " ", words
    if good == data:
        return "A", words
    share = good / data * 100
    return next((letter for least, letter in _SHARES if share >= least), "E" if good else "F"), words


def _place(one: Series) -> Place:
    return at(Role.PROFILE_QC.of(one.parameter.name), one.profile)


def _shown(letter: str) -> str:
    return "blank" if letter == " " else letter
