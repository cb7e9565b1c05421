"""Values as measured and their flags (PRF-QC)."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import rule
from gdac.check.rules.profile.levels import Hits, Level, LevelRules
from gdac.check.rules.profile.series import Series, series
from gdac.netcdf import Array
from gdac.spec.parameters import Role

#: Faults of these kinds stop the checks of the parameter: neither its adjusted values nor its letter are looked at.
BLOCKING: Final = frozenset(f"PRF-QC-{number:03d}" for number in (1, 2, 4, 5, 6, 7))


def raw_hits(ctx: Context) -> Hits:
    """What the rules of this module find, by rule id."""
    hits: Hits = {}
    for one in ctx.once(series):
        RAW.judge(hits, one)
    return hits


RAW: Final = LevelRules(raw_hits)


def raw_failed(ctx: Context) -> frozenset[tuple[int, str]]:
    """Profile number and name of the parameters with a blocking fault."""
    hits = ctx.once(raw_hits)
    failed = (hit.series for rule_id in BLOCKING & hits.keys() for hit in hits[rule_id])
    return frozenset((one.profile, one.parameter.name) for one in failed)


@RAW.rule("PRF-QC-001", "E", "P B", Role.QC, "the flag is not in reference table 2", "0 1 2 3 4 5 8 9, or blank")
def flag_known(level: Level) -> bool:
    """Flags of measured values are of reference table 2, or blank.

    Why: a flag that nobody knows tells nobody whether the value may be used.
    Mend: write a flag of the table. Look for NUL bytes where a blank is meant: fill unused levels with blanks.
    """
    return not level.flag


@RAW.rule("PRF-QC-002", "E", "P B", Role.QC, "a value has a flag above 4", "1 to 4, or 0 where that is allowed")
def value_flag_is_a_judgement(level: Level) -> bool:
    """A measured value has a flag from 0 to 4.

    Why: 5 and 8 belong to changed and interpolated values, 9 to missing ones; a value as measured is none of these.
    Mend: write 1 to 4 as the checks came out. If the value is really missing, write the fill value in its place.
    """
    return level.value and level.flag > "4"


@RAW.rule("PRF-QC-003", "W", "P B", Role.QC, "the flag is deprecated in reference table 2")
def flag_current(level: Level) -> bool:
    """Flags of measured values are not deprecated in reference table 2.

    Why: another flag has taken its place.
    Mend: write the flag that the table names as its successor.
    """
    return level.deprecated


@RAW.rule("PRF-QC-004", "E", "P", Role.QC, "a value of {} has flag 0", "1 to 4")
def mandatory_checked(level: Level) -> bool:
    """PRES and TEMP of a core profile are checked: none of their values has flag 0.

    Why: flag 0 says that no test was made; the real-time tests of pressure and temperature are never left out.
    Mend: run the real-time tests and write their flags.
    """
    return level.value and level.flag == "0" and level.mandatory


@RAW.rule("PRF-QC-005", "E", "P B", Role.QC, "there is no value, but a flag", "9, 0 or blank")
def missing_has_no_judgement(level: Level) -> bool:
    """A missing value has flag 9 (or 0, or blank).

    Why: a flag from 1 to 8 promises a value.
    Mend: write 9 where a value is missing at a level, blank at levels beyond the end of the profile.
    """
    return not level.value and level.flag not in {"", " ", "9", "0"}


@RAW.rule("PRF-QC-006", "E", "P B", Role.QC, "there is a value, but its flag is blank", "1 to 4")
def value_has_flag(level: Level) -> bool:
    """A measured value has a flag.

    Why: readers take only flagged values; blank says that there is nothing at this level.
    Mend: write the flag of the value, or the fill value where there is none. Check that values and flags have the same
    length and are not shifted.
    """
    return level.value and level.flag == " "


@RAW.rule("PRF-QC-007", "E", "P", Role.QC, "flag 0 in a core profile", "1 to 4, or 9 for a missing value")
def core_parameter_checked(level: Level) -> bool:
    """Parameters of a core profile are checked: flag 0 is for intermediate parameters only.

    Why: flag 0 says that no test was made; the real-time tests of the CTD are never left out.
    Mend: run the real-time tests and write their flags; 9 for a missing value.
    """
    return level.core and level.flag == "0" and not level.intermediate


@rule("PRF-QC-008", "E", "P B", manual="2.2.5")
def no_nan(ctx: Context) -> Iterator[Fault]:
    """No measured value is NaN.

    Why: Argo marks a missing value with the fill value; many readers do not expect anything else.
    Mend: write the variable's _FillValue and flag 9 (in real-time files also at the levels that have no value).
    """
    return strays(ctx.once(series), Role.VALUE, np.isnan, "NaN")


@rule("PRF-QC-009", "E", "P B", manual="2.2.5")
def no_infinity(ctx: Context) -> Iterator[Fault]:
    """No measured value is infinite.

    Why: it comes from a division by zero or an overflow and means nothing.
    Mend: write the variable's _FillValue and flag 9, and look for the cause in the decoder.
    """
    return strays(ctx.once(series), Role.VALUE, np.isinf, "infinite")


def strays(every: tuple[Series, ...], role: Role, is_stray: "np.ufunc", word: str) -> Iterator[Fault]:
    """One fault for each series with values of a kind that must not be: NaN or infinity."""
    for one in every:
        if one.column.finite[role]:
            continue
        row: Array = is_stray(one.column.values[role][one.profile - 1])
        count = int(row.sum())
        if count:
            first = int(row.argmax())
            value = str(one.column.values[role][one.profile - 1, first])
            text = f"the value is {word} at {count} of {one.levels} levels"
            place = at(role.of(one.parameter.name), one.profile, first + 1)
            yield Fault(place, text, value, "a number, or the fill value", count=count)
