"""Takes the writing time out of an HDF5 file, so that the same sample gives the same bytes.

The library notes four times in the header of the root group. They become `STILL`, and the header's checksum is made
again ("HDF5 File Format Specification", sections II.A superblock and IV.A.1.b object header, and appendix on the
lookup3 checksum, a public domain hash by Bob Jenkins).
"""

import struct
from typing import Final

#: The one time that sample files carry: 2000-01-01, in seconds since 1970.
STILL: Final = 946_684_800

_HAS_TIMES, _HAS_PHASES = 0x20, 0x10
_MASK: Final = 0xFFFFFFFF


def cut(image: bytes) -> bytes:
    """The file without the room that the library set aside behind its end."""
    place = 40 if image[8] == 0 else 28
    return image[: int.from_bytes(image[place : place + 8], "little")]


def still(image: bytes) -> bytes:
    """The file with fixed times in its root group; older kinds of files have none and come back as they are."""
    if image[8] == 0:
        return image
    start = int.from_bytes(image[36:44], "little")
    flags = image[start + 5]
    if image[start : start + 4] != b"OHDR" or not flags & _HAS_TIMES:
        return image
    times = start + 6
    after = times + 16 + (4 if flags & _HAS_PHASES else 0)
    width = 1 << (flags & 3)
    end = after + width + int.from_bytes(image[after : after + width], "little")
    header = image[start:times] + struct.pack("<4I", *[STILL] * 4) + image[times + 16 : end]
    return image[:start] + header + struct.pack("<I", lookup3(header)) + image[end + 4 :]


def lookup3(data: bytes) -> int:
    """The 32-bit checksum of HDF5 metadata (Jenkins' ``hashlittle`` with initial value 0)."""
    a = b = c = (0xDEADBEEF + len(data)) & _MASK
    blocks = max(0, (len(data) - 1) // 12)
    for at in range(0, blocks * 12, 12):
        first, second, third = struct.unpack_from("<3I", data, at)
        a, b, c = _mix((a + first) & _MASK, (b + second) & _MASK, (c + third) & _MASK)
    if not data:
        return c
    first, second, third = struct.unpack("<3I", data[blocks * 12 :].ljust(12, b"\x00"))
    return _final((a + first) & _MASK, (b + second) & _MASK, (c + third) & _MASK)


def _turned(value: int, bits: int) -> int:
    return (value << bits | value >> (32 - bits)) & _MASK


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    for bits in (4, 6, 8, 16, 19, 4):
        a = (a - c) & _MASK ^ _turned(c, bits)
        c = (c + b) & _MASK
        a, b, c = b, c, a
    return a, b, c


def _final(a: int, b: int, c: int) -> int:
    for bits in (14, 11, 25, 16, 4, 14, 24):
        c = ((c ^ b) - _turned(b, bits)) & _MASK
        a, b, c = b, c, a
    # seven turns leave the last value written in the middle
    return b
