"""A tree walked several directories at a time: over a distant wire the waiting is all that a listing costs.

A listing of 40,000 directories must not end because one connection broke. `sync.stores.retry` cannot begin it again
once something was handed out, so a walk tries again itself, one directory at a time; but the first, which is retry's.
"""

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Generic, TypeVar

from gdac.store import TemporaryStoreError

T = TypeVar("T")
#: Tries of one directory; between them, where the server asks for nothing else, so many seconds, doubled each time.
_TRIES, _PAUSE = 5, 0.5
_LONGEST_PAUSE: Final = 60.0


class Walk(Generic[T]):
    """Reads directories; whoever walks says which of those it found are entered too.

    ``async for folder, entries in walk.folders():`` and within it ``walk.enter(other)``. Not more than ``at_once``
    directories are read ahead or held.

    Args:
        first: where it begins.
        read: reads one directory.
        at_once: directories read at the same time.
    """

    def __init__(self, first: str, read: Callable[[str], Awaitable[T]], at_once: int) -> None:
        self._first, self._waiting = first, [first]
        self._read, self._at_once = read, at_once

    def enter(self, folder: str) -> None:
        """Read this one too."""
        self._waiting.append(folder)

    async def folders(self) -> AsyncIterator[tuple[str, T]]:
        """Each directory with what it holds. The first error ends the walk; what is still being read is cancelled."""
        under_way: deque[tuple[str, asyncio.Task[T]]] = deque()
        try:
            while self._waiting or under_way:
                while self._waiting and len(under_way) < self._at_once:
                    folder = self._waiting.pop()
                    under_way.append((folder, asyncio.ensure_future(self._entries(folder))))
                folder, task = under_way[0]
                entries = await task
                under_way.popleft()
                yield folder, entries
        finally:
            for _, task in under_way:
                task.cancel()
            await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)

    async def _entries(self, folder: str) -> T:
        pause = _PAUSE
        for _ in range(0 if folder == self._first else _TRIES - 1):
            try:
                return await self._read(folder)
            except TemporaryStoreError as error:
                asked = error.after or 0.0
                await asyncio.sleep(min(max(asked, pause * random.uniform(0.5, 1.0)), _LONGEST_PAUSE))  # noqa: S311
                pause *= 2
        return await self._read(folder)
