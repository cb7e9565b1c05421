"""Keeps a store's use within limits: requests and bytes per second, operations at once. First come, first served."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from gdac.store import Declared, Expect, ObjectInfo, Reading, Store
from sync.stores.bodies import sliced
from sync.stores.wrapper import Wrapper

#: Names of a listing that count as one request: what an object store sends at once.
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """What a store may be asked for; None: no limit.

    Attributes:
        requests_per_second: operations begun, not commands on the wire. A listing counts as one per thousand names.
        bytes_per_second: both directions together.
        at_once: operations under way, listings apart. A reading counts until it is closed.
    """

    requests_per_second: float | None = None
    bytes_per_second: float | None = None
    at_once: int | None = None


class Pace:
    """Lets amounts through at a rate, in the order in which they were asked for.

    One that is cancelled while it waits has used nothing up.

    Args:
        rate: amount per second; None lets everything through.
        sleep: waits so many seconds.
        clock: seconds, rising.
    """

    def __init__(
        self,
        rate: float | None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate, self._sleep, self._clock = rate, sleep, clock
        self._turn = asyncio.Lock()
        self._free_at = clock()

    async def take(self, amount: float) -> None:
        """Wait until what was taken before is paid for by time."""
        if self._rate is None:
            return
        async with self._turn:
            while (pause := self._free_at - self._clock()) > 0:
                await self._sleep(pause)
            self._free_at = max(self._free_at, self._clock()) + amount / self._rate


class LimitedStore(Wrapper):
    """A store used within limits. Wrap each try: put it inside `RetryingStore`.

    With ``at_once`` = 1, writing to the store while reading from it would wait for ever.

    Args:
        store: the store.
        limits: what it may be asked for.
        sleep: waits so many seconds.
        clock: seconds, rising.
    """

    def __init__(
        self,
        store: Store,
        limits: Limits,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(store)
        self._requests = Pace(limits.requests_per_second, sleep=sleep, clock=clock)
        self._bytes = Pace(limits.bytes_per_second, sleep=sleep, clock=clock)
        self._room = asyncio.Semaphore(limits.at_once) if limits.at_once is not None else None

    @asynccontextmanager
    async def _allowed(self) -> AsyncIterator[None]:
        if self._room is None:
            await self._requests.take(1)
            yield
            return
        async with self._room:
            await self._requests.take(1)
            yield

    async def _paced(self, body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        async for piece in body:
            await self._bytes.take(len(piece))
            yield piece

    async def stat(self, key: str) -> ObjectInfo:
        """See `gdac.store.Store.stat`."""
        async with self._allowed():
            return await self._store.stat(key)

    @asynccontextmanager
    async def read(self, key: str, *, unless: str | None = None) -> AsyncIterator[Reading | None]:
        """See `gdac.store.Store.read`."""
        async with self._allowed(), self._store.read(key, unless=unless) as reading:
            yield None if reading is None else _PacedReading(reading, self._paced)

    @asynccontextmanager
    async def read_on(self, key: str, at: int, version: str) -> AsyncIterator[Reading | None]:
        """See `gdac.store.Store.read_on`."""
        async with self._allowed(), self._store.read_on(key, at, version) as reading:
            yield None if reading is None else _PacedReading(reading, self._paced)

    async def list(self, prefix: str, *, recursive: bool = False) -> AsyncIterator[ObjectInfo]:
        """See `gdac.store.Store.list`."""
        seen = 0
        async for info in self._store.list(prefix, recursive=recursive):
            if seen % _PAGE == 0:
                await self._requests.take(1)
            seen += 1
            yield info

    async def has_folder(self, key: str) -> bool | None:
        """See `gdac.store.Store.has_folder`."""
        async with self._allowed():
            return await self._store.has_folder(key)

    async def write(
        self,
        key: str,
        body: bytes | AsyncIterable[bytes],
        declared: Declared,
        *,
        expect: Expect | str = Expect.ANYTHING,
    ) -> ObjectInfo:
        """See `gdac.store.Store.write`."""
        async with self._allowed():
            if isinstance(body, bytes):
                for piece in sliced(body):
                    await self._bytes.take(len(piece))
                return await self._store.write(key, body, declared, expect=expect)
            return await self._store.write(key, self._paced(body), declared, expect=expect)

    async def copy(self, source: str, target: str) -> None:
        """See `gdac.store.Store.copy`."""
        async with self._allowed():
            await self._store.copy(source, target)

    async def copy_from(self, other: Store, key: str, target: str) -> ObjectInfo | None:
        """See `gdac.store.Store.copy_from`."""
        async with self._allowed():
            return await super().copy_from(other, key, target)

    async def delete(self, key: str) -> None:
        """See `gdac.store.Store.delete`."""
        async with self._allowed():
            await self._store.delete(key)


class _PacedReading:
    """A reading whose bytes come no faster than allowed."""

    def __init__(self, reading: Reading, pace: Callable[[AsyncIterable[bytes]], AsyncIterator[bytes]]) -> None:
        self._reading, self._pace = reading, pace

    @property
    def info(self) -> ObjectInfo:
        """What the store said."""
        return self._reading.info

    def chunks(self) -> AsyncIterator[bytes]:
        """The bytes, at the pace."""
        return self._pace(self._reading.chunks())
