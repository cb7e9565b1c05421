"""A store that fails as told, for tests: errors, lost answers, latency, cut and wrong bytes, full disks, crashes.

The script decides for every operation; `seeded` makes one from a seed, so that a failing run can be had again.
"""

import asyncio
import random
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeVar

from gdac.errors import StoreError
from gdac.store import Declared, Expect, ObjectInfo, Reading, Store, TemporaryStoreError
from sync.stores.bodies import cut_short
from sync.stores.wrapper import Wrapper

T = TypeVar("T")
Action = Literal["stat", "read", "list", "write", "copy", "delete", "flush"]


class Kind(Enum):
    """What goes wrong."""

    UNREACHABLE = "unreachable"  # nothing was done
    LOST_ANSWER = "lost answer"  # it was done, but who asked is told that it failed
    FULL = "full"  # the disk is full: nothing was done, and no retry helps
    CUT = "cut"  # reading ends early, with the error that an adapter raises
    WRONG = "wrong"  # reading gives other bytes of the same length, without an error


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one operation.

    Attributes:
        kind: what; None for nothing but `delay`.
        delay: seconds before the operation.
    """

    kind: Kind | None = None
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """One operation, as scripts and hooks see it: the number counts all operations of the store, from 1."""

    number: int
    action: Action
    key: str


Script = Callable[[Step], Fault | None]
#: Called right before and right after each durable step (write, copy, delete, flush); may raise, or end the process.
Hook = Callable[[Step, Literal["before", "after"]], None]


def seeded(seed: int, share: float, kinds: tuple[Kind, ...] = tuple(Kind)) -> Script:
    """A script by chance: each operation fails with probability `share`, in one of `kinds`."""
    chance = random.Random(seed)  # noqa: S311 - no secret

    def script(step: Step) -> Fault | None:  # noqa: ARG001 - a script's shape
        return Fault(chance.choice(kinds)) if chance.random() < share else None

    return script


class FaultyStore(Wrapper):
    """A store that fails by a script.

    Args:
        store: the store.
        script: what goes wrong with an operation; None for nothing.
        hook: called around each durable step.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        store: Store,
        script: Script = lambda _: None,
        *,
        hook: Hook = lambda _step, _when: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(store)
        self._script, self._hook, self._sleep = script, hook, sleep
        self.steps = 0

    async def _begin(self, action: Action, key: str) -> tuple[Step, Kind | None]:
        self.steps += 1
        step = Step(self.steps, action, key)
        fault = self._script(step) or Fault()
        if fault.delay:
            await self._sleep(fault.delay)
        if fault.kind is Kind.UNREACHABLE:
            raise TemporaryStoreError(f"{self.name} failed at {key}: by the script.")
        if fault.kind is Kind.FULL and action in {"write", "copy"}:
            raise StoreError(f"{key} in {self.name}: No space left on device.", hint="The disk is full.")
        return step, fault.kind

    async def _durable(self, action: Action, key: str, call: Callable[[], Awaitable[T]]) -> T:
        step, kind = await self._begin(action, key)
        self._hook(step, "before")
        result = await call()
        self._hook(step, "after")
        if kind is Kind.LOST_ANSWER:
            raise TemporaryStoreError(f"{self.name} did not answer at {key}: by the script.")
        return result

    async def stat(self, key: str) -> ObjectInfo:
        """See `gdac.store.Store.stat`."""
        await self._begin("stat", key)
        return await self._store.stat(key)

    @asynccontextmanager
    async def read(self, key: str, *, unless: str | None = None) -> AsyncIterator[Reading | None]:
        """See `gdac.store.Store.read`."""
        _, kind = await self._begin("read", key)
        async with self._store.read(key, unless=unless) as reading:
            yield self._spoiled(reading, kind)

    @asynccontextmanager
    async def read_on(self, key: str, at: int, version: str) -> AsyncIterator[Reading | None]:
        """See `gdac.store.Store.read_on`."""
        _, kind = await self._begin("read", key)
        async with self._store.read_on(key, at, version) as reading:
            yield self._spoiled(reading, kind)

    def _spoiled(self, reading: Reading | None, kind: Kind | None) -> Reading | None:
        if reading is None or kind not in {Kind.CUT, Kind.WRONG, Kind.LOST_ANSWER}:
            return reading
        return _SpoiledReading(reading, kind, self.name)

    async def list(self, prefix: str, *, recursive: bool = False) -> AsyncIterator[ObjectInfo]:
        """See `gdac.store.Store.list`."""
        await self._begin("list", prefix)
        async for info in self._store.list(prefix, recursive=recursive):
            yield info

    async def has_folder(self, key: str) -> bool | None:
        """See `gdac.store.Store.has_folder`."""
        await self._begin("list", key)
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
        return await self._durable("write", key, lambda: self._store.write(key, body, declared, expect=expect))

    async def copy(self, source: str, target: str) -> None:
        """See `gdac.store.Store.copy`."""
        await self._durable("copy", target, lambda: self._store.copy(source, target))

    async def copy_from(self, other: Store, key: str, target: str) -> ObjectInfo | None:
        """See `gdac.store.Store.copy_from`."""
        return await self._durable("copy", target, lambda: super(FaultyStore, self).copy_from(other, key, target))

    async def delete(self, key: str) -> None:
        """See `gdac.store.Store.delete`."""
        await self._durable("delete", key, lambda: self._store.delete(key))

    async def flush(self) -> None:
        """See `gdac.store.Store.flush`."""
        await self._durable("flush", "", self._store.flush)


class _SpoiledReading:
    """A reading that is cut, or gives wrong bytes."""

    def __init__(self, reading: Reading, kind: Kind | None, name: str) -> None:
        self._reading, self._kind, self._name = reading, kind, name

    @property
    def info(self) -> ObjectInfo:
        """What the store said: the truth."""
        return self._reading.info

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes, spoiled."""
        got = 0
        async for piece in self._reading.chunks():
            if self._kind is Kind.WRONG:
                yield bytes([piece[0] ^ 0xFF]) + piece[1:]
                continue
            half = piece[: len(piece) // 2]
            if half:
                yield half
            got += len(half)
            break
        if self._kind is not Kind.WRONG:
            raise cut_short(got, self.info.size or got + 1, f"{self.info.path} in {self._name}")
