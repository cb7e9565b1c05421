"""Bodies on their way: counted while they pass, so that no store keeps or hands out a part as if it were the whole."""

from collections.abc import AsyncIterable, AsyncIterator

from gdac.errors import StoreError
from gdac.store import CHUNK, TemporaryStoreError


def sliced(data: bytes, size: int = CHUNK) -> list[bytes]:
    """Cut bytes into pieces of at most `size`; nothing for no bytes, and no copy where one piece is enough."""
    if len(data) <= size:
        return [data] if data else []
    return [data[at : at + size] for at in range(0, len(data), size)]


async def whole(body: bytes | AsyncIterable[bytes], size: int, place: str) -> bytes:
    """Collect a body that is small enough to hold.

    Args:
        body: the bytes, or an iterable of them.
        size: how many there must be.
        place: store and key, for the message.

    Raises:
        StoreError: there are more or fewer bytes than `size`.
    """
    if isinstance(body, bytes):
        if len(body) != size:
            raise wrong_size(len(body), size, place)
        return body
    return b"".join([piece async for piece in counted(body, size, place)])


async def counted(body: bytes | AsyncIterable[bytes], size: int, place: str) -> AsyncIterator[bytes]:
    """Pass a body on, piece by piece; the last piece is passed only when the total is right.

    Holding one piece back keeps a store that finishes at the end of its input from finishing a wrong object.

    Raises:
        StoreError: there are more or fewer bytes than `size`.
    """
    held = b""
    total = 0
    async for piece in _pieces(body):
        total += len(piece)
        if total > size:
            raise wrong_size(total, size, place, more=True)
        if held:
            yield held
        held = piece
    if total != size:
        raise wrong_size(total, size, place)
    if held:
        yield held


async def gathered(body: AsyncIterable[bytes], size: int) -> AsyncIterator[bytes]:
    """Gather pieces into blocks of about `size` bytes: one thread hop each."""
    pieces: list[bytes] = []
    held = 0
    async for piece in body:
        pieces.append(piece)
        held += len(piece)
        if held >= size:
            yield b"".join(pieces)
            pieces, held = [], 0
    if pieces:
        yield b"".join(pieces)


def wrong_size(got: int, due: int, place: str, *, more: bool = False) -> StoreError:
    """The error for a body to be written that is not as long as its writer declared."""
    at_least = "at least " if more else ""
    return StoreError(
        f"the bytes for {place} are {at_least}{got:,}, but {due:,} were declared; nothing was written.",
        hint="The source changed or the transfer was cut: read it again.",
    )


def cut_short(got: int, due: int, place: str) -> TemporaryStoreError:
    """The error for a body read that is not as long as the store said."""
    return TemporaryStoreError(
        f"{place} ended after {got:,} bytes, but the server announced {due:,}.",
        hint="The connection was cut or the file changed while it was read: try again.",
    )


async def _pieces(body: bytes | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    if isinstance(body, bytes):
        for piece in sliced(body):
            yield piece
        return
    async for piece in body:
        if piece:
            yield piece
