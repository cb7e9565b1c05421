"""One pass over the bytes of an index's rows: what no column engine checks, and what makes its paths certainly safe."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gdac.errors import RefusedError

#: Real rows have up to 1,338 characters.
MAX_LINE: Final = 1 << 16
#: A path in a line no longer than this fits the limits of `gdac.paths` with room for ``dac/``.
_SHORT_LINE: Final = 250
#: Small enough for the temporaries to stay in the processor's cache, large enough for few calls.
_BLOCK: Final = 1 << 20
_NEWLINE, _BLANK, _COMMA, _SLASH, _ZERO, _BACKSLASH, _DELETE = 10, 32, 44, 47, 48, 92, 127
_Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass over the rows says.

    Attributes:
        rows: how many lines there are.
        open_ends: how many of them end in a comma, which the column engine forgives and we do not.
        plain: the bytes alone prove that `gdac.paths.check_safe` accepts the first field of every row: printable ASCII,
            short lines, and no slash, dot or blank where a segment could begin or end badly. False proves nothing.
    """

    rows: int
    open_ends: int
    plain: bool


def scan(text: Path, name: str, header: int, header_lines: int) -> Scan:
    """Read the rows of plain text once.

    Args:
        text: the file.
        name: for messages.
        header: bytes before the first row.
        header_lines: lines before the first row.

    Raises:
        RefusedError: the last line has no end (a cut file), or there are NUL bytes, carriage returns, empty lines, or
            lines beyond `MAX_LINE` bytes.
    """
    seen = _Pass(name)
    buffer = bytearray(_BLOCK)
    view = np.frombuffer(buffer, np.uint8)
    with text.open("rb", buffering=0) as source:
        source.seek(header)
        while size := source.readinto(buffer):
            seen.block(view[:size])
    if seen.open_line:
        line = header_lines + seen.rows + 1
        raise RefusedError(
            f"index file {name} is cut: line {line} has no end.", hint="Fetch it again; the transfer broke off."
        )
    return Scan(seen.rows, seen.open_ends, seen.plain)


@dataclass(slots=True)
class _Pass:
    """Where a scan is; a block may end anywhere in a line."""

    name: str
    rows: int = 0
    open_ends: int = 0
    plain: bool = True
    open_line: int = 0  # bytes of the line that the last block left open
    last: _Bytes = field(default_factory=lambda: np.array([_NEWLINE], np.uint8))

    def block(self, data: _Bytes) -> None:
        ends = np.flatnonzero(data == _NEWLINE)
        before = data[ends - 1]
        if ends.size and ends[0] == 0:
            before[0] = self.last[0]
        if (before == _NEWLINE).any():
            raise self._refused("has an empty line")
        self._lengths(data.size, ends)
        # as signed bytes all control characters and everything beyond ASCII are below a blank
        if np.count_nonzero(data.view(np.int8) < _BLANK) != ends.size:
            self.plain = False
            self._odd_bytes(data)
        if self.plain:
            border = np.concatenate([self.last, data[:1]])
            self.plain = _is_plain(data, ends) and _is_plain(border, np.flatnonzero(border == _NEWLINE))
        self.rows += ends.size
        self.open_ends += int(np.count_nonzero(before == _COMMA))
        self.last = data[-1:].copy()

    def _lengths(self, size: int, ends: NDArray[np.intp]) -> None:
        if not ends.size:
            self.open_line += size
            longest = self.open_line
        else:
            longest = max(int(ends[0]) + self.open_line, int(np.diff(ends).max(initial=0)))
            self.open_line = size - 1 - int(ends[-1])
        if longest > MAX_LINE:
            raise self._refused(f"has a line longer than {MAX_LINE:,} bytes")
        self.plain = self.plain and longest <= _SHORT_LINE

    def _odd_bytes(self, data: _Bytes) -> None:
        if (data == 0).any():
            raise self._refused("holds NUL bytes")
        if (data == 13).any():
            raise self._refused("ends its lines in CR LF")

    def _refused(self, what: str) -> RefusedError:
        return RefusedError(f"index file {self.name} {what}.", hint="Fetch it again, in binary mode.")


def _is_plain(data: _Bytes, ends: NDArray[np.intp]) -> bool:
    """No DEL or backslash, and no slash, dot or blank where a segment could begin or end badly; only within the bytes.

    ``/`` and everything that is refused after one or after a line end comes before ``0`` in ASCII.
    """
    first, second = data[:-1], data[1:]
    if data.max(initial=0) == _DELETE or (data == _BACKSLASH).any():
        return False
    if ((first == _SLASH) & (second < _ZERO)).any() or (data[ends[ends < data.size - 1] + 1] < _ZERO).any():
        return False
    blanks = np.flatnonzero(first == _BLANK)
    return not (blanks.size and ((second[blanks] == _COMMA) | (second[blanks] == _SLASH)).any())
