"""Tries again what failed for the moment, whatever the store.

Retried: `TemporaryStoreError` (no answer, broken connection, 421, 429, 5xx). Not retried: `NotFoundError`,
`ChangedError`, refusals, and a body that cannot be had twice: a write is retried when its body is bytes, or an iterable
of which nothing was taken yet.

A read that breaks in the middle goes on where it was, by reading the object anew and passing over what the caller has.
A body put together of two versions would be torn, so the bytes passed over must be the ones that were handed out, by
their digest: what the caller gets then is one version, whatever the server's validators are worth. Only of a large
object (`WORTH_A_RANGE`) the rest alone is asked for, where the store promises the version (`gdac.store.Store.read_on`;
the source that matters most, data-argo.ifremer.fr, knows no ranges), from the last piece that was handed out, which
must come again.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeVar

from gdac.errors import StoreError
from gdac.store import (
    CHUNK,
    ChangedError,
    Declared,
    Expect,
    NotFoundError,
    ObjectInfo,
    Probed,
    Reading,
    Store,
    TemporaryStoreError,
)
from sync.stores.wrapper import Wrapper

#: Bytes that travel twice rather than a range being trusted: few files of an archive are larger.
WORTH_A_RANGE: Final = 32 << 20
T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class RetrySettings:
    """How often and how long to try again.

    Attributes:
        tries: most tries in all.
        seconds: no try begins after so long.
        first_pause: longest pause before the second try; doubles from try to try.
        longest_pause: longest pause of our own choice; a longer one that the server asks for is kept, within `seconds`.
    """

    tries: int = 5
    seconds: float = 180.0
    first_pause: float = 0.5
    longest_pause: float = 30.0


class RetryingStore(Wrapper):
    """A store whose temporary failures are tried again, with exponential back-off and full jitter.

    Args:
        store: the store.
        settings: how often and how long.
        draw: a number between 0 and 1, for the jitter.
        sleep: waits so many seconds.
        clock: seconds, rising.
    """

    def __init__(
        self,
        store: Store,
        settings: RetrySettings | None = None,
        *,
        draw: Callable[[], float] = random.random,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(store)
        self._settings = settings or RetrySettings()
        self._draw, self._sleep, self._clock = draw, sleep, clock
        self.retried = 0

    async def stat(self, key: str) -> ObjectInfo:
        """Facts about one object; see `gdac.store.Store.stat`."""
        return await self._again(lambda: self._store.stat(key))

    @asynccontextmanager
    async def read(self, key: str, *, unless: str | None = None) -> AsyncIterator[Reading | None]:
        """Open an object; opening is retried, and bytes that break off go on."""

        async def opened() -> tuple[AbstractAsyncContextManager[Reading | None], Reading | None]:
            reading = self._store.read(key, unless=unless)
            return reading, await reading.__aenter__()

        context, reading = await self._again(opened)
        async with AsyncExitStack() as stack:
            stack.push_async_exit(context)
            yield None if reading is None else _GoingOn(self, key, reading, stack)

    async def list(self, prefix: str, *, recursive: bool = False) -> AsyncIterator[ObjectInfo]:
        """Objects below a prefix; begun again as long as nothing was handed out."""
        attempt = _Attempts(self)
        while True:
            begun = False
            try:
                async for info in self._store.list(prefix, recursive=recursive):
                    begun = True
                    yield info
                return
            except TemporaryStoreError as error:
                if begun:
                    raise
                await attempt.failed(error)

    async def has_folder(self, key: str) -> bool | None:
        """Whether a directory is there."""
        return await self._again(lambda: self._store.has_folder(key))

    async def write(
        self,
        key: str,
        body: bytes | AsyncIterable[bytes],
        declared: Declared,
        *,
        expect: Expect | str = Expect.ANYTHING,
    ) -> ObjectInfo:
        """Write one object; see `gdac.store.Store.write`.

        After a lost answer the first try may have landed, and the second meets our own bytes: with an expectation they
        are read and compared before somebody else is blamed.
        """
        once = body if isinstance(body, bytes) else _Once(body)
        attempt = _Attempts(self)
        while True:
            try:
                return await self._store.write(key, once, declared, expect=expect)
            except ChangedError:
                if attempt.count and isinstance(body, bytes) and (ours := await self._find(key, body)) is not None:
                    return ours
                raise
            except TemporaryStoreError as error:
                if isinstance(once, _Once) and once.taken:
                    raise
                await attempt.failed(error)

    async def _find(self, key: str, body: bytes) -> ObjectInfo | None:
        """What is there, if it is exactly `body`."""
        try:
            async with self.read(key) as reading:
                if reading is None or reading.info.size not in {None, len(body)}:
                    return None
                got = b"".join([piece async for piece in reading.chunks()])
        except NotFoundError:
            return None
        return reading.info if got == body else None

    async def copy(self, source: str, target: str) -> None:
        """Copy within the store."""
        await self._again(lambda: self._store.copy(source, target))

    async def copy_from(self, other: Store, key: str, target: str) -> ObjectInfo | None:
        """Copy between stores, on the server."""
        return await self._again(lambda: super(RetryingStore, self).copy_from(other, key, target))

    async def delete(self, key: str) -> None:
        """Remove one object."""
        await self._again(lambda: self._store.delete(key))

    async def probe(self, known: Probed | None = None) -> Probed:
        """Try the store out; begun again as a whole."""
        return await self._again(lambda: self._store.probe(known))

    async def flush(self) -> None:
        """The barrier of `gdac.store.Store.flush`."""
        await self._again(self._store.flush)

    async def _again(self, call: Callable[[], Awaitable[T]]) -> T:
        attempt = _Attempts(self)
        while True:
            try:
                return await call()
            except TemporaryStoreError as error:
                await attempt.failed(error)


class _Attempts:
    """The tries of one call."""

    def __init__(self, store: RetryingStore) -> None:
        self._store = store
        self._began = store._clock()
        self.count = 0

    async def failed(self, error: TemporaryStoreError) -> None:
        """Pause before the next try, or raise `error` when there is none."""
        store, settings = self._store, self._store._settings
        self.count += 1
        pause = min(settings.longest_pause, settings.first_pause * 2 ** (self.count - 1)) * store._draw()
        pause = max(pause, error.after or 0.0)
        if self.count >= settings.tries or store._clock() - self._began + pause > settings.seconds:
            raise error
        store.retried += 1
        await store._sleep(pause)


class _GoingOn:
    """A reading that outlives broken connections."""

    def __init__(self, store: RetryingStore, key: str, reading: Reading, stack: AsyncExitStack) -> None:
        self._store, self._key, self._reading, self._stack = store, key, reading, stack

    @property
    def info(self) -> ObjectInfo:
        """What the store said when it opened the object."""
        return self._reading.info

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes. Raises `StoreError` when they cannot be had, or are others by now."""
        handed = _Handed()
        attempt, before = _Attempts(self._store), 0
        pieces = self._reading.chunks()
        while True:
            try:
                async for piece in pieces:
                    handed.add(piece)
                    yield piece
                return
            except TemporaryStoreError as error:
                broken = error
            if handed.size - before >= WORTH_A_RANGE:  # it gets on: a large object is not given up for its size
                attempt, before = _Attempts(self._store), handed.size
            while True:
                await attempt.failed(broken)
                try:
                    pieces = await self._from(handed, broken)
                    break
                except TemporaryStoreError as error:
                    broken = error

    async def _from(self, handed: "_Handed", broken: TemporaryStoreError) -> AsyncIterator[bytes]:
        """The bytes after those handed out, on a new connection. Raises `StoreError` when those are others by now."""
        await self._stack.aclose()  # the connection that broke
        store, version = self._store._store, self.info.validator
        if handed.size >= WORTH_A_RANGE and version is not None:
            known = handed.last
            rest = await self._stack.enter_async_context(store.read_on(self._key, handed.size - len(known), version))
            if rest is not None:
                return await self._passed(rest, len(known), sha256(known).digest(), broken)
            await self._stack.aclose()
        reading = await self._stack.enter_async_context(store.read(self._key))
        return await self._passed(reading, handed.size, handed.digest(), broken)

    async def _passed(
        self, reading: Reading | None, size: int, digest: bytes, broken: TemporaryStoreError
    ) -> AsyncIterator[bytes]:
        """What comes after the first `size` bytes, which must have this digest."""
        if reading is None or reading.info.size != self.info.size:
            raise StoreError(f"{broken.what} It has another size by now.", hint="The next run tries again.")
        passed, left, rest = sha256(), size, b""
        pieces = reading.chunks()
        while left and (piece := await anext(pieces, b"")):
            passed.update(piece[:left])
            left, rest = max(0, left - len(piece)), piece[left:]
        if passed.digest() != digest:
            raise StoreError(f"{broken.what} It holds other bytes by now.", hint="The next run tries again.")
        return _after(rest, pieces)


class _Handed:
    """What was handed out; hashed only where it is much, or where it must be known. And its last piece."""

    def __init__(self) -> None:
        self._hash, self._bytes_waiting = sha256(), 0
        self._waiting: list[bytes] = []
        self.size, self.last = 0, b""

    def add(self, piece: bytes) -> None:
        self._waiting.append(piece)
        self._bytes_waiting += len(piece)
        self.size += len(piece)
        self.last = piece
        if self._bytes_waiting > CHUNK:
            self.digest()

    def digest(self) -> bytes:
        for piece in self._waiting:
            self._hash.update(piece)
        self._waiting.clear()
        self._bytes_waiting = 0
        return self._hash.digest()


async def _after(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for piece in pieces:
        yield piece


class _Once:
    """An iterable that knows whether anything was taken from it."""

    def __init__(self, body: AsyncIterable[bytes]) -> None:
        self._body = body
        self.taken = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.taken:
            raise StoreError("a body cannot be sent twice.")
        self.taken = True
        async for piece in self._body:
            yield piece
