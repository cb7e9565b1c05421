"""Arrays of a trajectory as its rules look at them: whole columns at a time, faults counted."""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.tables import Tables

Mask = NDArray[np.bool_]
BLANK: Final = ord(" ")
NINE: Final = ord("9")
#: Fill values of JULD and of positions, compared within this.
NO_TIME: Final = 999999.0
NO_PLACE: Final = 99999.0
NEAR: Final = 1e-5
#: Fill value of cycle numbers.
NO_NUMBER: Final = 99999


def flags(ctx: Context, name: str) -> NDArray[np.uint8]:
    """The characters of a variable as numbers, flat."""
    return np.frombuffer(ctx.dataset.bytes(name), np.uint8)


@cache
def known(tables: Tables, table: str) -> Mask:
    """By character: whether a table has it as a code."""
    return _among(frozenset(tables.codes(table)))


@cache
def deprecated(tables: Tables, table: str) -> Mask:
    """By character: whether a table has deprecated it."""
    return _among(frozenset(tables.deprecated(table)))


@cache
def _among(codes: frozenset[str]) -> Mask:
    found = np.zeros(256, bool)
    found[[ord(code) for code in codes if len(code) == 1 and ord(code) < 256]] = True
    return found


def among(values: NDArray[np.uint8], characters: str) -> Mask:
    """Which of the flags are one of some characters."""
    return _among(frozenset(characters))[values]


def near(values: NDArray[Any], fill: float) -> Mask:
    """Which values are a fill value, within `NEAR`; NaN is not."""
    return np.abs(values - fill) <= NEAR


def spread(name: str, wrong: Mask, text: str, found: Any = None, expected: str = "") -> Iterator[Fault]:
    """One fault for all places of a column, at the first of them.

    Args:
        name: the variable.
        wrong: one value per place.
        text: what is wrong; ``{}`` stands for the first value.
        found: the column; flags are shown as characters.
        expected: what should be there.
    """
    count = int(np.count_nonzero(wrong))
    if count:
        first = int(np.argmax(wrong))
        value = "" if found is None else shown(found[first])
        yield Fault(at(name, first + 1), text.format(value), value, expected, count=count)


def shown(value: Any) -> str:
    """A value of a column as text."""
    if isinstance(value, np.uint8):
        return chr(value)
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)
