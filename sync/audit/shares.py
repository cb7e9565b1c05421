"""Shares of an archive: part k of N, the same paths every time, for work that covers everything in N days.

A unit is what is listed at once: the directory of a float, or any other directory without those below it. Units are
spread over the parts by the MD5 of their name, which every version of the column engine computes alike.
"""

import re
from dataclasses import dataclass
from typing import Final

from gdac.errors import UsageError

_TEXT: Final = re.compile(r"([1-9]\d{0,4})/([1-9]\d{0,4})")
_FLOAT: Final = "^dac/[^/]+/[^/]+"

#: SQL expression: the unit of ``path``; the archive's root is the empty text.
UNIT: Final = (
    f"case when regexp_matches(path, '{_FLOAT}/') then regexp_extract(path, '{_FLOAT}')"
    " when contains(path, '/') then regexp_replace(path, '/[^/]*$', '') else '' end"
)
#: Shares are ranges of eight hex digits.
_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class Part:
    """Part ``number`` of ``of``, counted from 1."""

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise UsageError(f"there is no part {self.number} of {self.of}.", hint="Parts go from 1/N to N/N.")

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @staticmethod
    def parse(text: str) -> "Part":
        """Read ``k/N``.

        Raises:
            UsageError: it is something else.
        """
        found = _TEXT.fullmatch(text)
        if found is None:
            raise UsageError(f"{text!r} is no part.", hint="Write k/N, such as 1/30.")
        return Part(int(found[1]), int(found[2]))

    @property
    def after(self) -> "Part":
        """The part that follows; the first again after the last."""
        return Part(self.number % self.of + 1, self.of)

    def holds(self, expression: str) -> str:
        """SQL condition: the text ``expression`` belongs to this part."""
        low, high = (_edge(number, self.of) for number in (self.number - 1, self.number))
        digits = f"left(md5({expression}), {_DIGITS})"
        return f"({digits} >= '{low}' and {digits} < '{high}')"


def _edge(number: int, of: int) -> str:
    """Where a part ends and the next begins; ``g`` sorts behind all hex digits."""
    return "g" if number == of else f"{(number << 4 * _DIGITS) // of:0{_DIGITS}x}"


def sampled(expression: str, share: float, salt: str) -> str:
    """SQL condition: the text ``expression`` is in a sample of ``share`` (0 to 1) that ``salt`` chooses.

    Args:
        expression: SQL.
        share: how much of all.
        salt: letters and digits; another one chooses another sample.
    """
    if share >= 1:
        return "true"
    edge = f"{int(share * (1 << 4 * _DIGITS)):0{_DIGITS}x}"
    return f"left(md5(concat({expression}, '{re.sub('[^0-9A-Za-z]', '', salt)}')), {_DIGITS}) < '{edge}'"
