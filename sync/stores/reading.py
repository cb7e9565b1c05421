"""What the readings of all adapters have in common."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from gdac.store import ObjectInfo
from sync.stores.bodies import cut_short, sliced


class BaseReading:
    """An object being read; a subclass brings the bytes.

    Args:
        info: what the store said of it when it was opened.
        place: key and store, for messages.
    """

    def __init__(self, info: ObjectInfo, place: str) -> None:
        self._info, self._place = info, place

    @property
    def info(self) -> ObjectInfo:
        """What the store said when it opened the object."""
        return self._info


class BlockReading(BaseReading):
    """An object that is read block by block: the first one came when it was opened.

    Args:
        info: what the store said of it.
        place: key and store, for messages.
        first: its first bytes, all of them where `more` is None.
        more: reads the block that begins at an offset, of as many bytes as are due at most; none at the end.
    """

    def __init__(
        self, info: ObjectInfo, place: str, first: bytes, more: Callable[[int, int], Awaitable[bytes]] | None
    ) -> None:
        super().__init__(info, place)
        self._first, self._more = first, more

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes. Raises `StoreError` when fewer come than announced."""
        due = self._info.size or 0
        got = 0
        block = self._first
        while block:
            got += len(block)
            for piece in sliced(block):
                yield piece
            if self._more is None or got >= due:
                break
            block = await self._more(got, due)
        if got != due:
            raise cut_short(got, due, self._place)


class WithoutRanges:
    """A store that goes on in the middle of nothing: its size and time of a file prove no version."""

    @asynccontextmanager
    async def read_on(self, key: str, at: int, version: str) -> AsyncIterator[None]:  # noqa: ARG002 - the port's shape
        """None; see `gdac.store.Store.read_on`."""
        yield None
