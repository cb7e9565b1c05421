"""A tree walked several directories at a time: over a distant wire the waiting is all that a listing costs."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


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
        self._waiting = [first]
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
                    under_way.append((folder, asyncio.ensure_future(self._read(folder))))
                folder, task = under_way[0]
                entries = await task
                under_way.popleft()
                yield folder, entries
        finally:
            for _, task in under_way:
                task.cancel()
            await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)
