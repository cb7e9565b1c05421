"""Where the bars of the chart of changes stand: numbers in, coordinates out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sync.status.facts import Delta

_WIDTH: Final = 900
_LEFT: Final = 72
_TOP: Final = 10
_FILES: Final = 170  # height of the part that counts files
_BYTES: Final = 46  # and of the one below it, for bytes
_BETWEEN: Final = 24
_FOOT: Final = 22
_WIDEST: Final = 34.0
_WORDS: Final = ("added", "changed", "removed", "renamed")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: files with one word."""

    word: str
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One serial."""

    at: float
    text: str
    parts: tuple[Part, ...]
    bytes_top: float
    bytes_height: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A line with its number."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that is drawn, in units of the drawing; bars are ``bar`` wide."""

    text: str
    first: int
    last: int
    most_bytes: int
    bar: float
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    width: int = _WIDTH
    left: int = _LEFT
    height: int = _TOP + _FILES + _BETWEEN + _BYTES + _FOOT
    files_foot: int = _TOP + _FILES + 16


def draw(deltas: Sequence[Delta]) -> Chart | None:
    """The chart of some serials, oldest first; None where there is none."""
    if not deltas:
        return None
    step = (_WIDTH - _LEFT) / max(len(deltas), 8)
    width = min(step * 0.8, _WIDEST)
    most = _round_up(max(_files(one) for one in deltas))
    most_bytes = max((one.bytes for one in deltas if one.bytes), default=1)
    bars = tuple(_bar(one, _LEFT + at * step, most, most_bytes) for at, one in enumerate(deltas))
    ticks = tuple(Tick(_TOP + _FILES - _FILES * share / 2, f"{most * share // 2:,}") for share in range(3))
    total, biggest = sum(_files(one) for one in deltas), max(deltas, key=_files)
    text = (
        f"{len(deltas)} serials changed {total:,} files; most in serial {biggest.serial}, which changed"
        f" {_files(biggest):,}."
    )
    return Chart(text, deltas[0].serial, deltas[-1].serial, most_bytes, round(width, 2), bars, ticks)


def _files(one: Delta) -> int:
    return one.added + one.changed + one.removed + one.renamed


def _bar(one: Delta, at: float, most: int, most_bytes: int) -> Bar:
    parts, foot = [], float(_TOP + _FILES)
    for word in _WORDS:
        height = _FILES * getattr(one, word) / most
        if height:
            foot -= height
            parts.append(Part(word, round(foot, 2), round(height, 2)))
    told = ", ".join(f"{getattr(one, word):,} {word}" for word in _WORDS if getattr(one, word)) or "no file"
    text = f"Serial {one.serial}, {one.sealed:%Y-%m-%d %H:%M}: {told}; {one.bytes:,} bytes"
    high = round(_BYTES * one.bytes / most_bytes, 2)
    return Bar(round(at, 2), text, tuple(parts), round(_TOP + _FILES + _BETWEEN + _BYTES - high, 2), high)


def _round_up(number: int) -> int:
    """The next number with one digit that counts, and even, so that half of it is whole."""
    step = 2 * int(f"1{'0' * (len(str(number)) - 1)}")
    return max(-(-number // step) * step, 2)
