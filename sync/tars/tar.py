"""The members of a tar, one after the other, each with its bytes while it is the turn of it; nothing is kept.

POSIX.1-2001 (ustar, pax) and GNU tar, as far as an archive of plain files needs them. Python's own reader remembers
every member and takes headers of any length into memory, so it is not for 4 million members from outside. What is no
plain file or directory comes out with its kind, for the caller to refuse.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from gdac.store import CHUNK
from sync.tars.unpack import Budget, ByteStream, TarError

_BLOCK: Final = 512
#: Longest pax header or long name, in bytes.
_MOST_EXTENDED: Final = 1 << 20
_MOST_SIZE: Final = 1 << 46
_PLAIN: Final = b"0\0"
_FOLDER: Final = b"5"
#: Links, devices and FIFOs: no bytes follow, whatever the header says.
_DATALESS: Final = b"12346"
_KINDS: Final = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"6": "a FIFO",
    b"7": "a contiguous file",
    b"S": "a sparse file",
}


class Body:
    """The bytes of a member, to be taken before the next one is asked for."""

    def __init__(self, stream: ByteStream, size: int) -> None:
        self._stream, self._left = stream, size

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes in order, once. Raises `TarError` when the tar ends within them."""
        while self._left:
            piece = await self._stream.some(min(self._left, CHUNK))
            if not piece:
                raise TarError(f"{self._stream.what} ends early.", hint="The download is not whole: get it again.")
            self._left -= len(piece)
            yield piece

    async def whole(self) -> bytes:
        """All bytes at once, for a member known to be small."""
        left, self._left = self._left, 0
        return await self._stream.exactly(left)

    async def leave(self) -> None:
        """Pass over what was not taken."""
        left, self._left = self._left, 0
        await self._stream.skip(left)


@dataclass(frozen=True, slots=True)
class Entry:
    """One member.

    Attributes:
        name: as the tar has it; bytes that are no UTF-8 as surrogates.
        size: bytes.
        modified: UTC, or None where the header holds no usable time.
        odd: what it is when it is neither a plain file nor a directory; else empty.
        is_folder: it is a directory.
        body: its bytes.
    """

    name: str
    size: int
    modified: datetime | None
    odd: str
    is_folder: bool
    body: Body


async def entries(stream: ByteStream, budget: Budget) -> AsyncIterator[Entry]:
    """The members of a tar up to its end marks.

    Raises:
        TarError: it is no tar, ends early or is damaged.
    """
    extended: dict[str, str] = {}
    while True:
        header = await stream.exactly(_BLOCK)
        if header == bytes(_BLOCK):
            return
        budget.member()
        entry, kind = _read_header(header, stream)
        if kind in b"xgLK":
            await _read_extended(stream, entry, kind, extended)
            continue
        entry = _apply(entry, extended, stream, has_data=kind not in _DATALESS and not entry.is_folder)
        extended = {}
        if kind in _PLAIN and entry.name.endswith("/"):  # tars from before POSIX know directories by this alone
            entry = replace(entry, is_folder=True)
        yield entry
        await entry.body.leave()
        await stream.skip(-entry.size % _BLOCK)


def _read_header(header: bytes, stream: ByteStream) -> tuple[Entry, bytes]:
    unsigned = sum(header) - sum(header[148:156]) + 8 * 0x20
    if _number(header[148:156]) != unsigned:
        raise TarError(f"{stream.what} is no tar, or damaged: a header's checksum is wrong.", hint="Get it again.")
    name = _text(header[:100])
    if header[257:263] == b"ustar\0" and header[345] != 0:
        name = f"{_text(header[345:500])}/{name}"
    kind = header[156:157]
    is_folder = kind == _FOLDER
    size = 0 if is_folder or kind in _DATALESS else _size(_number(header[124:136]), stream)
    odd = "" if is_folder or kind in _PLAIN else _KINDS.get(kind, f"a member of type {kind!a}")
    return Entry(name, size, _moment(_number(header[136:148])), odd, is_folder, Body(stream, size)), kind


async def _read_extended(stream: ByteStream, entry: Entry, kind: bytes, extended: dict[str, str]) -> None:
    """A header that speaks of the next member: pax records, or a long name of GNU tar."""
    if entry.size > _MOST_EXTENDED:
        raise TarError(f"{stream.what} has a header of {entry.size:,} bytes; none is that long.")
    raw = await stream.exactly(entry.size)
    await stream.skip(-entry.size % _BLOCK)
    if kind == b"L":
        extended["path"] = _text(raw)
    elif kind in b"xg":
        found = _pax(raw, stream)
        if kind == b"x":
            extended.update(found)
        elif found.keys() & {"path", "size"}:
            raise TarError(f"{stream.what} gives all members one name or size; no honest tar does.")


def _apply(entry: Entry, extended: dict[str, str], stream: ByteStream, *, has_data: bool) -> Entry:
    """A member with what its extended header says in place of its own."""
    if not extended:
        return entry
    name = extended.get("path", entry.name)
    size, modified = entry.size, entry.modified
    if "size" in extended and has_data:
        size = _size(int(extended["size"]) if _is_number(extended["size"]) else None, stream)
    whole = extended.get("mtime", "").partition(".")[0]
    if _is_number(whole):
        modified = _moment(int(whole))
    odd = "a sparse file" if any(key.startswith("GNU.sparse.") for key in extended) else entry.odd
    return replace(entry, name=name, size=size, modified=modified, odd=odd, body=Body(stream, size))


def _pax(raw: bytes, stream: ByteStream) -> dict[str, str]:
    """Records of the form ``LENGTH KEY=VALUE`` and a newline; LENGTH counts the whole record."""
    found, at = {}, 0
    while at < len(raw):
        digits = raw[at : at + 8].partition(b" ")[0]
        length = int(digits) if digits.isdigit() else 0
        record = raw[at : at + length]
        key, equals, value = record[len(digits) + 1 : -1].partition(b"=")
        if length <= len(digits) + 2 or not equals or not record.endswith(b"\n"):
            raise TarError(f"{stream.what} is damaged: a pax header cannot be read.", hint="Get it again.")
        found[key.decode("utf-8", "replace")] = value.decode("utf-8", "surrogateescape")
        at += length
    return found


def _number(field: bytes) -> int | None:
    """A number in octal, or in base 256 where octal has too few digits; None where it is none."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    return int(digits, 8) if digits and all(one in b"01234567" for one in digits) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _size(found: int | None, stream: ByteStream) -> int:
    if found is None or found > _MOST_SIZE:
        raise TarError(f"{stream.what} is damaged: a member has no size.", hint="Get it again.")
    return found


def _moment(seconds: int | None) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")
