"""NUL bytes in texts, on request (COM)."""

from collections.abc import Iterator

import numpy as np

from gdac.check.context import Context
from gdac.check.finding import Fault, at
from gdac.check.rule import rule


@rule("COM-NUL-001", "W", "ALL", manual="2.1")
def no_nul(ctx: Context) -> Iterator[Fault]:
    """No text holds a NUL byte. Asked only with --null-warn.

    Why: Argo texts are padded with blanks. At a NUL some readers end the text, others keep it as part of the value,
    so that two programs see two different names.
    Mend: fill texts with blanks (U+0020) up to their length.
    """
    for name in _texts(ctx):
        array = ctx.dataset.array(name)
        if array.ndim == 0 or b"\0" not in array.tobytes():
            continue
        first = _first_of_each(array == b"\0")
        yield Fault(
            at(name, *(int(axis) + 1 for axis in first[0])),
            "the text holds a NUL byte",
            found="\\0",
            expected="blanks as padding",
            count=len(first),
        )


@rule("COM-NUL-002", "X", "M", manual="2.1")
def no_nul_in_scalar(ctx: Context) -> Iterator[Fault]:
    """No single-character variable holds a NUL byte. Asked only with --null-warn.

    Why: a NUL is no value. (With this option the official checker stops at every single-character variable, which
    every metadata file has, whatever it holds.)
    Mend: write the character that the variable should hold, or a blank where there is none.
    """
    for name in _texts(ctx):
        array = ctx.dataset.array(name)
        if array.ndim == 0 and array.tobytes() == b"\0":
            yield Fault(at(name), "the character is a NUL byte", "\\0", "a blank or a value", quirk=True)


def _texts(ctx: Context) -> Iterator[str]:
    if ctx.options.null_warn:
        yield from (name for name in ctx.dataset.variables if ctx.dataset.is_char(name))


def _first_of_each(
    nul: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Indices of the first NUL of each text (a text runs along the last axis)."""
    where = np.argwhere(nul)
    _, first = np.unique(where[:, :-1], axis=0, return_index=True)
    return where[first] if nul.ndim > 1 else where[:1]
