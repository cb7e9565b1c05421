"""Dates of the processing history and of calibrations (PRF-HIST, PRF-CAL)."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from gdac.check.context import Context
from gdac.check.finding import Fault, Place, at
from gdac.check.instants import file_dates
from gdac.check.rule import rule
from gdac.check.values import CLOCK_TOLERANCE, moment

_HISTORY: Final = ("HISTORY_DATE",)
#: Version 2.2 has the other name.
_CALIBRATION: Final = ("SCIENTIFIC_CALIB_DATE", "CALIBRATION_DATE")
_FORM: Final = "YYYYMMDDhhmmss, or blank"


@rule("PRF-HIST-001", "E", "P B", manual="2.2.7")
def history_dates_valid(ctx: Context) -> Iterator[Fault]:
    """HISTORY_DATE is a real moment, written as 14 digits, or blank.

    Why: the history tells in which order a profile was processed.
    Mend: write YYYYMMDDhhmmss in UTC; leave the date of an unused history record blank.
    """
    return _invalid(ctx, _HISTORY)


@rule("PRF-HIST-002", "E", "P B", manual="2.2.7")
def history_not_after_update(ctx: Context) -> Iterator[Fault]:
    """HISTORY_DATE is not more than a day after DATE_UPDATE.

    Why: a step of processing is part of an update; a later one means that DATE_UPDATE was not renewed.
    Mend: write the present moment into DATE_UPDATE with every change of the file, and check the clock.
    """
    return _late(ctx, _HISTORY)


@rule("PRF-CAL-001", "E", "P B", manual="2.2.6")
def calibration_dates_valid(ctx: Context) -> Iterator[Fault]:
    """SCIENTIFIC_CALIB_DATE is a real moment, written as 14 digits, or blank.

    Why: it tells which of several adjustments is the newest.
    Mend: write YYYYMMDDhhmmss in UTC; leave the date of an unused calibration record blank.
    """
    return _invalid(ctx, _CALIBRATION)


@rule("PRF-CAL-002", "E", "P B", manual="2.2.6")
def calibration_not_after_update(ctx: Context) -> Iterator[Fault]:
    """SCIENTIFIC_CALIB_DATE is not more than a day after DATE_UPDATE.

    Why: an adjustment is part of an update; a later one means that DATE_UPDATE was not renewed.
    Mend: write the present moment into DATE_UPDATE with every change of the file, and check the clock.
    """
    return _late(ctx, _CALIBRATION)


def _invalid(ctx: Context, names: tuple[str, ...]) -> Iterator[Fault]:
    name, texts = _dates(ctx, names)
    wrong = {text for text in set(texts) if text and moment(text) is None}
    for number, text in enumerate(texts) if wrong else ():
        if text in wrong:
            yield Fault(_place(ctx, name, number), f"'{text}' is no valid date", text, _FORM)


def _late(ctx: Context, names: tuple[str, ...]) -> Iterator[Fault]:
    dates = ctx.once(file_dates)
    if dates.update is None:
        return
    name, texts = _dates(ctx, names)
    limit = dates.update + CLOCK_TOLERANCE
    late = {text for text in set(texts) if (when := moment(text)) is not None and when > limit}
    for number, text in enumerate(texts) if late else ():
        if text in late:
            expected = f"up to DATE_UPDATE, {dates.update_text}"
            yield Fault(_place(ctx, name, number), "the date is after DATE_UPDATE", text, expected)


def _dates(ctx: Context, names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The variable that the file has, and its trimmed texts."""
    name = next((each for each in names if each in ctx.dataset), "")
    return name, ctx.dataset.trimmed(name) if name else ()


def _place(ctx: Context, name: str, number: int) -> Place:
    index = np.unravel_index(number, ctx.dataset.strings_shape(name))
    return at(name, *(int(axis) + 1 for axis in index))
