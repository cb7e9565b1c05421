"""The fill value that a file declares for a variable, as the official checker reads it."""

import math
import re
from typing import Any, Final

import numpy as np

from gdac.check.dataset import BLANKS, Dataset

#: Texts that count as a number where an attribute is a text by mistake: those of the official checker's language.
_NUMBER: Final = re.compile(
    r"[+-]?(?:(NaN)|(Infinity)|((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[fFdD]?)", re.ASCII
)


def fill_number(dataset: Dataset, name: str) -> float | None:
    """The ``_FillValue`` of a variable; None when it has none, or one that is no number."""
    value = dataset.variables[name].attributes.get("_FillValue")
    if value is None:
        return None
    if isinstance(value, str | bytes):
        return _parsed(value.decode("latin-1") if isinstance(value, bytes) else value)
    first: Any = np.asarray(value).ravel()[:1]
    if not first.size:
        return None
    return _parsed(str(first[0])) if first.dtype.kind in "OSU" else float(first[0])


def fill_of(dataset: Dataset, name: str) -> float:
    """The same for comparisons: not-a-number, which no value equals, for one that nothing can equal."""
    number = fill_number(dataset, name)
    return math.nan if number is None or not number or math.isinf(number) else number


def _parsed(text: str) -> float | None:
    found = _NUMBER.fullmatch(text.strip(BLANKS))
    if found is None:
        return None
    return math.nan if found[1] else math.inf if found[2] else float(found[0].rstrip("fFdD"))
