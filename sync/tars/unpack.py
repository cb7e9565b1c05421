"""Bytes of a tar on their way: taken piece by piece, unpacked with a limit, never held whole.

A tar comes from outside and may be made to fill a disk or a memory: what is unpacked is held against what came in, over
all nested layers together (`Budget`).
"""

import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from gdac.errors import RefusedError
from gdac.store import CHUNK

_GZIP: Final = b"\x1f\x8b"


class TarError(RefusedError):
    """A tar that is none, ends early or is made to harm; nothing is claimed of it."""


@dataclass(slots=True)
class Budget:
    """What may come out of one tar, over all its layers; real snapshots give some 4 bytes for one.

    Attributes:
        ratio: most bytes unpacked for each byte that came in.
        grace: bytes that may be unpacked in any case.
        members: most members, in nested tars too.
        came: bytes that came in.
        out: bytes unpacked, of every layer.
        seen: members met.
    """

    ratio: int = 200
    grace: int = 64 << 20
    members: int = 60_000_000
    came: int = 0
    out: int = 0
    seen: int = 0

    def unpacked(self, size: int) -> None:
        """Count bytes unpacked. Raises `TarError` when they are too many for what came in."""
        self.out += size
        if self.out > self.grace + self.ratio * self.came:
            raise TarError(
                f"the tar unpacks to over {self.ratio} times its size ({self.came:,} bytes gave {self.out:,}); no"
                " snapshot does.",
                hint="Is it the file that the record names?",
            )

    def member(self) -> None:
        """Count a member. Raises `TarError` when there are too many."""
        self.seen += 1
        if self.seen > self.members:
            raise TarError(f"the tar has over {self.members:,} members; no archive is that large.")


class ByteStream:
    """Bytes in order, taken in the amounts that a parser needs; holds one piece.

    Args:
        pieces: where they come from.
        what: names them in messages.
    """

    def __init__(self, pieces: AsyncIterator[bytes], what: str) -> None:
        self._pieces, self.what = pieces, what
        self._held, self._at = b"", 0

    async def some(self, most: int) -> bytes:
        """Up to ``most`` bytes, at least one; none at the end."""
        while self._at == len(self._held):
            piece = await anext(self._pieces, None)
            if piece is None:
                return b""
            self._held, self._at = piece, 0
        taken = self._held[self._at : self._at + most]
        self._at += len(taken)
        return taken

    async def exactly(self, size: int) -> bytes:
        """So many bytes. Raises `TarError` when there are fewer."""
        end = self._at + size
        if end <= len(self._held):
            taken = self._held[self._at : end]
            self._at = end
            return taken
        parts = []
        left = size
        while left:
            part = await self.some(left)
            if not part:
                raise TarError(f"{self.what} ends early.", hint="The download is not whole: get it again.")
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    async def skip(self, size: int) -> None:
        """Pass over so many bytes. Raises `TarError` when there are fewer."""
        while size:
            part = await self.some(min(size, CHUNK))
            if not part:
                raise TarError(f"{self.what} ends early.", hint="The download is not whole: get it again.")
            size -= len(part)

    async def drain(self) -> None:
        """Take all that is left."""
        while await self.some(CHUNK):
            pass

    async def padding(self) -> None:
        """Take what is left behind the end marks of a tar. Raises `TarError` when it is more than padding.

        Some programs read on behind the marks, so members there would be in the snapshot for some and not for others.
        """
        while piece := await self.some(CHUNK):
            if piece.strip(b"\0"):
                raise TarError(f"{self.what} goes on behind its end marks; no whole tar does.", hint="Get it again.")

    def give_back(self, unused: bytes) -> None:
        """Put back what was taken last and not used."""
        self._held, self._at = unused + self._held[self._at :], 0

    async def peek(self, size: int) -> bytes:
        """The next bytes, without taking them; fewer at the end."""
        while len(self._held) - self._at < size:
            piece = await anext(self._pieces, None)
            if piece is None:
                break
            self._held, self._at = self._held[self._at :] + piece, 0
        return self._held[self._at : self._at + size]


async def unpacked(stream: ByteStream, budget: Budget) -> ByteStream:
    """The stream itself, or what it unpacks to where it is gzip."""
    if await stream.peek(2) != _GZIP:
        return stream
    return ByteStream(_gunzip(stream, budget), stream.what)


async def _gunzip(stream: ByteStream, budget: Budget) -> AsyncIterator[bytes]:
    """What gzip members give, one after the other; their checksums are held against what came."""
    while True:
        engine = zlib.decompressobj(wbits=31)
        while not engine.eof:
            packed = engine.unconsumed_tail or await stream.some(CHUNK)
            if not packed:
                raise TarError(f"{stream.what} ends early.", hint="The download is not whole: get it again.")
            try:
                piece = engine.decompress(packed, CHUNK)
            except zlib.error as error:
                raise TarError(f"{stream.what} is damaged: {error}.", hint="Get it again.") from error
            budget.unpacked(len(piece))
            if piece:
                yield piece
        stream.give_back(engine.unused_data)
        if await stream.peek(2) != _GZIP:
            return
