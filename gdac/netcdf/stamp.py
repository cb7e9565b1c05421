"""One short text out of a classic file without reading its header: for those who need nothing else of it.

A header of 60 variables takes a millisecond to read and to judge, a search for one entry 20 microseconds. What is found
is held against everything that an entry must satisfy; a file where it does not fit is for `gdac.netcdf.read_variables`.
"""

import struct
from typing import Final

#: Headers of Argo files end before this.
_HEADER: Final = 1 << 17
_CHAR: Final = 2
_ATTRIBUTES: Final = 12
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8}
_MOST_ATTRIBUTES: Final = 64


def short_text(raw: bytes, name: str, length: int) -> str | None:
    """The value of a text variable of one dimension, found by its name.

    Args:
        raw: the whole file.
        name: the variable.
        length: characters that the value has.

    Returns:
        The text; None where this is no CDF-1 or CDF-2 file, or no such variable was found beyond doubt: read the file
        properly then.
    """
    if raw[:4] not in {b"CDF\x01", b"CDF\x02"}:
        return None
    encoded = name.encode()
    entry = struct.pack(">i", len(encoded)) + encoded + bytes(-len(encoded) % 4)
    at = raw.find(entry, 0, _HEADER)
    if at < 0 or raw.find(entry, at + 1, _HEADER) >= 0:
        return None
    try:
        begin = _begin_of(raw, at + len(entry), length)
        text = raw[begin : begin + length].decode("ascii") if 0 < begin <= len(raw) - length else ""
    except (struct.error, ValueError):
        return None
    return text if len(text) == length else None


def _begin_of(raw: bytes, at: int, length: int) -> int:
    """Where the data of the variable begin whose entry goes on at ``at``; 0 when it is none of that shape."""
    rank, _dimension, tag, attributes = struct.unpack_from(">4i", raw, at)
    if rank != 1 or (tag, attributes > 0) not in {(0, False), (_ATTRIBUTES, True)} or attributes > _MOST_ATTRIBUTES:
        return 0
    at += 16
    for _ in range(attributes):
        (named,) = struct.unpack_from(">i", raw, at)
        if not 0 < named <= 256:
            return 0
        at += 4 + (named + 3 & ~3)
        kind, count = struct.unpack_from(">2i", raw, at)
        if kind not in _SIZES or count < 0:
            return 0
        at += 8 + (count * _SIZES[kind] + 3 & ~3)
    kind, size = struct.unpack_from(">2i", raw, at)
    if kind != _CHAR or size != (length + 3 & ~3):
        return 0
    (begin,) = struct.unpack_from(">i" if raw[3] == 1 else ">q", raw, at + 8)
    return int(begin) if begin > at else 0
