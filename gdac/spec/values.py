"""Attribute values as text, the way the specification compares them."""

import struct
from typing import SupportsFloat, SupportsIndex

from gdac.spec.model import Kind


def number_text(value: SupportsFloat | SupportsIndex, *, single: bool = False) -> str:
    """A number as the specification compares it: integers without a point, reals as their shortest decimal.

    So 0 (an int) differs from 0.0, and 0.1 of a float32 equals 0.1 of a float64.

    Args:
        value: a Python or numpy number; anything with ``__index__`` is an integer.
        single: whether a real is a float32 (or was written as one), whose shortest decimal is shorter.
    """
    if isinstance(value, SupportsIndex):
        return str(value.__index__())
    real = float(value)
    return repr(float(_shortest(real)) if single else real)


def kind_of(text: str) -> Kind:
    """Whether a number written by `number_text` is an integer or a real."""
    return Kind.INTEGER if text.lstrip("-").isdigit() else Kind.REAL


def _shortest(real: float) -> str:
    """Shortest decimal that rounds to the same float32 (9 digits always do)."""
    for digits in range(1, 9):
        text = f"{real:.{digits}g}"
        if _single(float(text)) == _single(real):
            return text
    return f"{real:.9g}"


def _single(real: float) -> float | None:
    try:
        found: float = struct.unpack("f", struct.pack("f", real))[0]
    except OverflowError:
        return None
    return found
