"""Types, names and attribute lists of classic files: the parts of a header that most files of an archive share."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np

#: Big-endian dtypes by the type number in the file.
TYPES: Final = {
    number: np.dtype(code)
    for number, code in enumerate(("i1", "S1", ">i2", ">i4", ">f4", ">f8", "u1", ">u2", ">u4", ">i8", ">u8"), start=1)
}
NATIVE: Final = {number: dtype.newbyteorder("=") for number, dtype in TYPES.items()}
SIZES: Final = {number: dtype.itemsize for number, dtype in TYPES.items()}
#: Attribute lists up to this many bytes are kept decoded; most files of an archive share theirs.
REMEMBERED: Final = 2048
_CHAR: Final = 2


@lru_cache(maxsize=8192)
def decoded(block: bytes, number: int, width: int) -> Mapping[str, Any]:
    """Decode an attribute list that the header's reader has walked over. Shared between files: read-only.

    Raises:
        ValueError: a name is no name, or stands there twice.
    """
    found: dict[str, Any] = {}
    at = 0
    for _ in range(number):
        length = int.from_bytes(block[at : at + width], "big")
        name = name_of(block[at + width : at + width + length])
        at += width + (length + 3 & ~3)
        kind = int.from_bytes(block[at : at + 4], "big")
        count = int.from_bytes(block[at + 4 : at + 4 + width], "big")
        at += 4 + width
        if name in found:
            raise ValueError(f"attribute {name!a} stands there twice")
        found[name] = _value(block[at : at + count * SIZES[kind]], kind, keep_nul=name == "_FillValue")
        at += count * SIZES[kind] + 3 & ~3
    return found


def name_of(raw: bytes) -> str:
    """A name of a dimension, variable or attribute. Raises `ValueError` when it cannot be one."""
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"the name {raw!r} is not UTF-8") from error
    if not name or "\x00" in name or "/" in name:
        raise ValueError(f"{name!a} is not a name")
    return name


def _value(raw: bytes, kind: int, *, keep_nul: bool) -> Any:
    if kind == _CHAR:
        text = raw.decode("utf-8", "replace")
        return text if keep_nul else text.rstrip("\x00")
    values = np.frombuffer(raw, TYPES[kind]).astype(NATIVE[kind])
    values.flags.writeable = False
    return values[0] if values.size == 1 else values
