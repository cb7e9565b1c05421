"""Adjusted values, their flags and errors (PRF-ADJ)."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import rule
from gdac.check.rules.profile.flags import raw_failed, strays
from gdac.check.rules.profile.levels import Hits, Level, LevelRules
from gdac.check.rules.profile.series import Series, series
from gdac.spec.parameters import Role

#: Faults that do not count against the letter of the profile.
_HARMLESS: Final = frozenset({"PRF-ADJ-002"})


def adjusted_series(ctx: Context) -> tuple[Series, ...]:
    """The series whose measured values are right and that have adjusted variables."""
    failed = ctx.once(raw_failed)
    return tuple(
        one
        for one in ctx.once(series)
        if one.column.adjusted and (not failed or (one.profile, one.parameter.name) not in failed)
    )


def changed_series(ctx: Context) -> tuple[Series, ...]:
    """Those whose mode is not R: which ought to be adjusted."""
    return tuple(one for one in ctx.once(adjusted_series) if one.mode != "R")


def adjusted_hits(ctx: Context) -> Hits:
    """What the rules of this module find, by rule id."""
    hits: Hits = {}
    for one in ctx.once(adjusted_series):
        (REAL_TIME if one.mode == "R" else CHANGED).judge(hits, one)
    return hits


REAL_TIME: Final = LevelRules(adjusted_hits)
CHANGED: Final = LevelRules(adjusted_hits)


def adjusted_failed(ctx: Context) -> frozenset[tuple[int, str]]:
    """Profile number and name of the parameters with a fault in their adjusted values."""
    hits = ctx.once(adjusted_hits)
    failed = (hit.series for rule_id in hits.keys() - _HARMLESS for hit in hits[rule_id])
    return frozenset((one.profile, one.parameter.name) for one in failed)


@rule("PRF-ADJ-000", "E", "P B", manual="2.2.5")
def adjusted_looked_at(ctx: Context) -> Iterator[Fault]:
    """Adjusted values can be checked.

    Why: they are held against the measured values; where those are wrong, nothing can be said of the adjusted ones.
    Mend: mend the findings on the measured values of the parameter first, then check again.
    """
    failed = ctx.once(raw_failed)
    for one in ctx.once(series) if failed else ():
        if (one.profile, one.parameter.name) in failed:
            name = one.parameter.name
            text = f"not checked, because {name} or {name}_QC is wrong"
            yield Fault(at(Role.ADJUSTED.of(name), one.profile), text)


@REAL_TIME.rule("PRF-ADJ-R01", "E", "P B", Role.ADJUSTED, "there is an adjusted value in mode R", "the fill value")
def no_adjusted_in_real_time(level: Level) -> bool:
    """A parameter in mode R has no adjusted values.

    Why: mode R says that nobody has adjusted anything; readers then take the measured values.
    Mend: fill the adjusted variable with its fill value, or set the mode to A (adjusted in real time) or D.
    """
    return level.adjusted


@REAL_TIME.rule("PRF-ADJ-R02", "E", "P B", Role.ERROR, "there is an error in mode R", "the fill value")
def no_error_in_real_time(level: Level) -> bool:
    """A parameter in mode R has no errors of adjusted values.

    Why: without adjusted values there is nothing whose error could be given.
    Mend: fill the variable with its fill value, or set the mode to A (adjusted in real time) or D.
    """
    return level.error


@REAL_TIME.rule("PRF-ADJ-R03", "E", "P B", Role.ADJUSTED_QC, "there is an adjusted flag in mode R", "blank")
def no_adjusted_flag_in_real_time(level: Level) -> bool:
    """A parameter in mode R has no flags of adjusted values.

    Why: without adjusted values there is nothing to flag; some programs copy the flags by mistake.
    Mend: fill the variable with blanks (not with 0, 9 or NUL), or set the mode to A (adjusted in real time) or D.
    """
    return level.adjusted_flag != " "


@CHANGED.rule(
    "PRF-ADJ-001", "E", "P B", Role.ADJUSTED_QC, "the flag is not in reference table 2", "0 1 2 3 4 5 8 9, or blank"
)
def adjusted_flag_known(level: Level) -> bool:
    """Flags of adjusted values are of reference table 2, or blank.

    Why: a flag that nobody knows tells nobody whether the value may be used.
    Mend: write a flag of the table. Look for NUL bytes where a blank is meant.
    """
    return not level.adjusted_flag


@CHANGED.rule("PRF-ADJ-002", "W", "P B", Role.ADJUSTED_QC, "the flag is deprecated in reference table 2")
def adjusted_flag_current(level: Level) -> bool:
    """Flags of adjusted values are not deprecated in reference table 2.

    Why: another flag has taken its place.
    Mend: write the flag that the table names as its successor.
    """
    return level.adjusted_deprecated


@CHANGED.rule("PRF-ADJ-003", "E", "P B", Role.ADJUSTED_QC, "only one of the flags {0}_QC and {0}_ADJUSTED_QC is blank")
def blank_together(level: Level) -> bool:
    """In mode A or D, the flags of the measured and of the adjusted value are blank together or not at all.

    Why: blank says that the profile has no such level; it has it or it has not.
    Mend: write both flags at levels that exist, and blank into both at levels beyond the end. If nothing was
    adjusted, the mode of the parameter is R.
    """
    return (level.flag == " ") != (level.adjusted_flag == " ")


@CHANGED.rule("PRF-ADJ-004", "E", "P B", Role.ADJUSTED_QC, "there is an adjusted value, but both flags are blank")
def blank_means_nothing_there(level: Level) -> bool:
    """In mode A or D, a level whose flags are both blank has no adjusted value.

    Why: blank says that there is nothing at this level.
    Mend: write the flags of the value, or the fill value where there is none.
    """
    return level.flag == level.adjusted_flag == " " and level.adjusted


@CHANGED.rule("PRF-ADJ-005", "E", "P", Role.ADJUSTED_QC, "flag 0 in a core profile", "1 to 5, 8 or 9")
def adjusted_checked(level: Level) -> bool:
    """Adjusted values of a core profile are checked: none has flag 0, intermediate parameters included.

    Why: an adjustment that nobody has judged is worth nothing.
    Mend: write the flag that the adjusted value deserves.
    """
    return level.core and level.adjusted_flag == "0"


def _flagged(level: Level) -> bool:
    """Neither flag is blank."""
    return " " not in {level.flag, level.adjusted_flag}


@CHANGED.rule(
    "PRF-ADJ-006",
    "E",
    "P B",
    Role.ADJUSTED,
    "the adjusted value of {} is missing without being bad",
    "a value, or flag 4",
)
def adjusted_or_bad(level: Level) -> bool:
    """In mode A or D, every measured value is adjusted, unless its adjusted flag says that it is bad.

    Why: an adjusted profile must be complete, so that readers need not mix it with the measured values.
    Mend: write the adjusted value (the measured one where no change is needed), or flag 4 where it cannot be adjusted.
    """
    return _flagged(level) and level.value and not level.adjusted and level.adjusted_flag not in {"4", "9"}


@CHANGED.rule(
    "PRF-ADJ-007",
    "E",
    "P B",
    Role.ADJUSTED_QC,
    "the adjusted value of {} is flagged as missing, the measured is not",
    "4",
)
def missing_together(level: Level) -> bool:
    """In mode A or D, an adjusted value is flagged missing (9) only where the measured one is.

    Why: 9 says that nothing was measured; a value that was measured and cannot be adjusted is bad, not missing.
    Mend: write flag 4, with the fill value as adjusted value and error.
    """
    without = _flagged(level) and level.value and not level.adjusted
    return without and level.adjusted_flag == "9" and level.flag != "9"


@CHANGED.rule("PRF-ADJ-008", "E", "P B", Role.ADJUSTED, "there is an adjusted value with flag 9, or 4 in mode D")
def bad_is_not_given(level: Level) -> bool:
    """An adjusted value flagged missing (9), or bad (4) in mode D, is the fill value.

    Why: delayed mode does not hand out bad values: an adjusted profile is used as it stands.
    Mend: write the fill value as adjusted value and error where the flag is 4 or 9; or a better flag.
    """
    given = _flagged(level) and level.value and level.adjusted
    return given and (level.adjusted_flag == "9" or (level.adjusted_flag == "4" and level.mode == "D"))


@CHANGED.rule(
    "PRF-ADJ-009", "E", "P B", Role.ADJUSTED, "{} is missing, but there is an adjusted value", "the fill value"
)
def nothing_to_adjust(level: Level) -> bool:
    """In mode A or D, a missing value has no adjusted value.

    Why: what was not measured cannot be adjusted.
    Mend: write the fill value as adjusted value and error, with flag 9.
    """
    return _flagged(level) and not level.value and level.adjusted


@CHANGED.rule("PRF-ADJ-010", "E", "P B", Role.ADJUSTED_QC, "{} is missing, but the adjusted flag is not 9", "9")
def missing_is_flagged(level: Level) -> bool:
    """In mode A or D, the adjusted flag of a missing value is 9.

    Why: any other flag promises a value.
    Mend: write flag 9 where the measured value is missing.
    """
    return _flagged(level) and not level.value and level.adjusted_flag != "9"


@CHANGED.rule("PRF-ADJ-011", "E", "P B", Role.ERROR, "there is an error, but no value of {0} or of {0}_ADJUSTED")
def error_of_something(level: Level) -> bool:
    """In mode A or D, an error is given only where there is a measured and an adjusted value.

    Why: it is the error of the adjusted value.
    Mend: write the fill value as error where the adjusted value is missing.
    """
    return _flagged(level) and not (level.value and level.adjusted) and level.error


@CHANGED.rule("PRF-ADJ-012", "E", "P B", Role.ERROR, "the error of a good adjusted value is missing", "an error")
def error_given(level: Level) -> bool:
    """In mode D, every adjusted value that is not bad has an error.

    Why: the error is what delayed mode adds: users weigh the value by it.
    Mend: write the error that the delayed-mode method gives, at least the accuracy of the sensor.
    """
    given = _flagged(level) and level.value and level.adjusted and level.adjusted_flag not in {"4", "9"}
    return given and level.mode == "D" and level.error_99999


@CHANGED.rule("PRF-ADJ-013", "E", "P B", Role.ADJUSTED, "only one of adjusted value and error is there")
def error_and_value_together(level: Level) -> bool:
    """In mode D, adjusted value and error are both there or both missing, at every level.

    Why: the error is what delayed mode adds; one without the other is half an adjustment.
    Mend: write the error of each adjusted value, and the fill value into both where there is none.
    """
    return level.mode == "D" and level.adjusted != level.error


@rule("PRF-ADJ-014", "E", "P B", manual="2.2.5")
def no_nan_adjusted(ctx: Context) -> Iterator[Fault]:
    """In mode A or D, no adjusted value is NaN.

    Why: Argo marks a missing value with the fill value; many readers do not expect anything else.
    Mend: write the variable's _FillValue.
    """
    return strays(ctx.once(changed_series), Role.ADJUSTED, np.isnan, "NaN")


@rule("PRF-ADJ-015", "E", "P B", manual="2.2.5")
def no_nan_error(ctx: Context) -> Iterator[Fault]:
    """In mode A or D, no error of an adjusted value is NaN.

    Why: Argo marks a missing value with the fill value; many readers do not expect anything else.
    Mend: write the variable's _FillValue.
    """
    return strays(ctx.once(changed_series), Role.ERROR, np.isnan, "NaN")


@rule("PRF-ADJ-016", "E", "P B", manual="2.2.5")
def no_infinity_adjusted(ctx: Context) -> Iterator[Fault]:
    """In mode A or D, no adjusted value is infinite.

    Why: it comes from a division by zero or an overflow and means nothing.
    Mend: write the variable's _FillValue, and look for the cause in the adjustment.
    """
    return strays(ctx.once(changed_series), Role.ADJUSTED, np.isinf, "infinite")


@rule("PRF-ADJ-017", "E", "P B", manual="2.2.5")
def no_infinity_error(ctx: Context) -> Iterator[Fault]:
    """In mode A or D, no error of an adjusted value is infinite.

    Why: it comes from a division by zero or an overflow and means nothing.
    Mend: write the error that the method gives, or the fill value where there is none.
    """
    return strays(ctx.once(changed_series), Role.ERROR, np.isinf, "infinite")
