"""Entries of variable lists that were parsed before: what follows what in the headers of an archive.

Files of a float, and mostly of a data centre, declare the same variables in the same order with the same attributes;
only where the data begin differs. So after one variable the next is nearly always known, and comparing its bytes is
ten times cheaper than parsing them. What is remembered was checked when it was parsed: equal bytes need no other check.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

#: Name, type number, dimension names and attributes of a variable.
Entry = tuple[str, int, tuple[str, ...], Mapping[str, Any]]

#: Bytes that one chain remembers at most; then it begins anew.
_MOST_BYTES: Final = 1 << 19
#: Entries that may follow one another, and how long one may be.
_MOST_FOLLOWING: Final = 16
_MOST_LENGTH: Final = 4096


class Chain:
    """What follows what, among files with the same dimensions."""

    __slots__ = ("_following", "_size")

    def __init__(self) -> None:
        self._following: dict[bytes, list[tuple[bytes, Entry]]] = {}
        self._size = 0

    def known(self, previous: bytes, data: bytes, at: int) -> tuple[bytes, Entry] | None:
        """The entry at this place, when it was met before after ``previous``; with its bytes."""
        for found in self._following.get(previous, ()):
            if data.startswith(found[0], at):
                return found
        return None

    def remember(self, previous: bytes, block: bytes, entry: Entry) -> None:
        """That ``block`` is this entry and came after ``previous``."""
        if len(block) > _MOST_LENGTH:
            return
        if self._size > _MOST_BYTES:
            self._following.clear()
            self._size = 0
        following = self._following.setdefault(previous, [])
        if len(following) < _MOST_FOLLOWING:
            following.append((block, entry))
            self._size += len(block)


@lru_cache(maxsize=64)
def chain_of(version: int, dimensions: tuple[str, ...], record: str | None) -> Chain:
    """The chain of files with these dimensions: entries refer to dimensions by number."""
    del version, dimensions, record  # they are the key
    return Chain()
