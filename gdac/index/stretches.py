"""Two index files side by side: the stretches that are the same bytes in both, and the lines that are left.

A day changes some thousand rows out of millions and leaves the others in their order. Comparing bytes finds them far
sooner than parsing does. How far the search for the next common line reaches decides only how many lines are left
over, never whether they are right: every line that is not left over on one side has its equal on the other.
"""

from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

#: Small enough for what is compared to stay in the processor's cache.
_COMPARED: Final = 1 << 16
_READ: Final = 1 << 20
#: Bytes of either file, one after the other, in which a common line is looked for after a difference.
_WINDOWS: Final = (1 << 11, 1 << 15, 1 << 19)
#: Left-over lines beyond this, or beyond one byte in eight, mean another order of rows.
_ALLOWED: Final = 1 << 22
_SHARE: Final = 8


class Side:
    """One of the files: where the comparison is in it, and where its left-over lines go."""

    def __init__(self, source: BinaryIO, rest: BinaryIO) -> None:
        self._source = source
        self._rest = rest
        self.rest_bytes = 0
        self.passed = 0
        self.ended = False
        self._load(b"")

    def _load(self, data: bytes) -> None:
        self.data = data
        self.view = np.frombuffer(data, np.uint8)
        self.at = 0

    @property
    def left(self) -> int:
        """Bytes at hand."""
        return len(self.data) - self.at

    @property
    def astray(self) -> bool:
        """So much is left over that the rows must have another order."""
        return self.rest_bytes > _ALLOWED + self.passed // _SHARE

    def fill(self) -> None:
        """Have as many bytes at hand as the widest window takes, unless the file ends before."""
        while self.left < _WINDOWS[-1] and not self.ended:
            more = self._source.read(_READ)
            self.ended = not more
            self._load(self.data[self.at :] + more)

    def skip(self, size: int) -> None:
        """Pass over bytes that the other side has too."""
        self.at += size
        self.passed += size

    def lines(self, window: int) -> list[bytes]:
        """Whole lines that begin in the next bytes, without their ends."""
        self.fill()
        return self.data[self.at : self.at + window].split(b"\n")[:-1]

    def leave(self, lines: list[bytes]) -> None:
        """Pass over lines that the other side lacks here."""
        if lines:
            text = b"\n".join(lines) + b"\n"
            self._rest.write(text)
            self.skip(len(text))
            self.rest_bytes += len(text)


def compare(old: Path, old_start: int, new: Path, new_start: int, rests: tuple[BinaryIO, BinaryIO]) -> bool:
    """Write the lines of either file that have no equal in the other one near by.

    Args:
        old: plain text.
        old_start: bytes before its first row.
        new: plain text.
        new_start: bytes before its first row.
        rests: where the lines left over of the old and of the new file go.

    Returns:
        False when the files have too little in common, a line is too long or the last one has no end: then what is in
        ``rests`` means nothing.
    """
    with old.open("rb", buffering=0) as old_source, new.open("rb", buffering=0) as new_source:
        old_source.seek(old_start)
        new_source.seek(new_start)
        one, other = Side(old_source, rests[0]), Side(new_source, rests[1])
        while True:
            one.fill()
            other.fill()
            if not one.left and not other.left:
                return True
            if _differ_next(one, other) and not _resume(one, other):
                return False


def _differ_next(one: Side, other: Side) -> bool:
    """Pass over the whole lines at hand that are the same bytes on both sides; True when the next ones differ."""
    size = same = min(one.left, other.left)
    for at in range(0, size, _COMPARED):
        end = min(at + _COMPARED, size)
        differ = one.view[one.at + at : one.at + end] != other.view[other.at + at : other.at + end]
        if differ.any():
            same = at + int(differ.argmax())
            break
    step = max(0, one.data.rfind(b"\n", one.at, one.at + same) + 1 - one.at)
    one.skip(step)
    other.skip(step)
    return same < size or not step


def _resume(one: Side, other: Side) -> bool:
    """Leave over the lines before the next common one; False when that makes no sense any more."""
    ours: list[bytes] = []
    theirs: list[bytes] = []
    for window in _WINDOWS:
        ours, theirs = one.lines(window), other.lines(window)
        places = {line: at for at, line in reversed(list(enumerate(theirs)))}
        common = [(at + places[line], at) for at, line in enumerate(ours) if line in places]
        if common:
            at = min(common)[1]
            ours, theirs = ours[:at], theirs[: places[ours[at]]]
            break
    one.leave(ours)
    other.leave(theirs)
    return bool(ours or theirs) and not one.astray and not other.astray
