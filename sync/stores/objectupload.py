"""Uploads in parts, streamed with bounded memory, and aborted when the body fails or the caller is cancelled."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

import obstore

from sync.stores.bodies import counted
from sync.stores.etags import PartsDigest
from sync.stores.settings import ObjectSettings


async def upload_parts(
    client: Any,
    path: str,
    body: bytes | AsyncIterable[bytes],
    size: int,
    attributes: dict[str, str],
    settings: ObjectSettings,
    *,
    place: str,
) -> tuple[Any, str]:
    """Stream a body into one object.

    Cancelling the data path's own future would leave the upload pending on the server, invisible but paid for. So the
    bytes pass through a hand-over that we own: when anything goes wrong here it fails there, and the data path aborts.

    Returns:
        What the server says of the object, and the ETag that these parts must have on S3.
    """
    digest = PartsDigest(settings.part_bytes)
    handed = _HandOver()
    upload = asyncio.ensure_future(
        obstore.put_async(
            client,
            path,
            handed.pieces(),
            attributes=attributes,
            use_multipart=True,
            chunk_size=settings.part_bytes,
            max_concurrency=settings.parts_in_flight,
        )
    )
    try:
        async for piece in counted(body, size, place):
            digest.update(piece)
            if not await handed.give(piece, upload):
                break  # it ended before its input: with an error, which the next line raises
        handed.finish(None)
        return await asyncio.shield(upload), digest.etag()
    except BaseException as error:
        handed.finish(error)
        await asyncio.wait([upload])
        if not upload.cancelled():
            upload.exception()  # seen: the error that is already on its way says more
        raise


class _HandOver:
    """One piece at a time from us to the data path."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(2)
        self._failed = False

    async def give(self, piece: bytes, upload: "asyncio.Future[Any]") -> bool:
        """Hand a piece over once there is room; False when the upload has ended."""
        if self._room.locked():
            waiting = asyncio.ensure_future(self._room.acquire())
            try:
                await asyncio.wait([waiting, upload], return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not waiting.done():
                    waiting.cancel()
        else:
            await self._room.acquire()
        self._queue.put_nowait(piece)
        return not upload.done()

    def finish(self, error: BaseException | None) -> None:
        """End the bytes, well or badly."""
        self._failed = self._failed or error is not None
        self._queue.put_nowait(None)

    async def pieces(self) -> AsyncIterator[bytes]:
        """The data path's end."""
        while (piece := await self._queue.get()) is not None and not self._failed:
            self._room.release()
            yield piece
        if self._failed:
            raise _AbortError


class _AbortError(Exception):
    """Tells the data path to give up the upload."""
