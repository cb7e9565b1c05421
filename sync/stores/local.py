"""A local directory as a store.

Work on the disk runs in threads, one hop per file while it fits `SMALL`: most files of an archive do (80 % are under
128 kB). Compare-and-swap holds among writers on one kernel, or on a shared file system with working ``flock``, that
all state an expectation; a plain write asks nobody.
"""

import asyncio
import os
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, Self, TypeVar

from gdac.store import Capabilities, Declared, Expect, ObjectInfo, Probed, Store
from sync.stores.bodies import counted, gathered, whole
from sync.stores.disk import HAS_BARRIER, Tree, Unfinished, read_fully
from sync.stores.probing import try_out
from sync.stores.reading import BlockReading, WithoutRanges
from sync.stores.sessions import HAS_LOCKS
from sync.stores.settings import LocalSettings
from sync.stores.threads import Threads

T = TypeVar("T")

#: Bodies up to this many bytes are handed to the disk in one piece.
SMALL: Final = 1 << 20
#: Directory entries fetched per thread hop.
_ENTRIES: Final = 1000


class _Stop:
    """A wish to stop, passed to a thread."""

    __slots__ = ("wanted",)

    def __init__(self) -> None:
        self.wanted = False


class _StoppedError(Exception):
    """The thread saw the wish in time: nothing was put in place."""


class LocalStore(WithoutRanges):
    """A directory on this machine.

    Args:
        root: the directory; made by the first write when it is not there.
        settings: threads.
    """

    def __init__(self, root: Path, settings: LocalSettings | None = None) -> None:
        self._settings = settings or LocalSettings()
        self._tree = Tree(root, self._settings.kept_levels)
        self._threads: Threads | None = None
        self._probed: Probed | None = None

    @property
    def name(self) -> str:
        """The directory."""
        return self._tree.root

    @property
    def capabilities(self) -> Capabilities:
        """Everything; compare-and-swap where the system has file locks, and a probe has not seen them fail."""
        seen = self._probed
        return Capabilities(
            writes=True,
            lists=True,
            exact_listing=True,
            compare_and_swap=HAS_LOCKS and (seen is None or seen.honours_expectations),
            keeps_modified=seen is None or bool(seen.keeps_modified),
            keeps_writes=not HAS_BARRIER,  # without one every file is made durable by itself
        )

    async def stat(self, key: str) -> ObjectInfo:
        """Facts about one file. Raises `NotFoundError`."""
        return await self._run(lambda: self._tree.look(key))

    @asynccontextmanager
    async def read(self, key: str, *, unless: str | None = None) -> AsyncIterator[BlockReading | None]:
        """Open a file for reading; see `gdac.store.Store.read`."""
        opened = await self._run(lambda: self._tree.open(key, unless, SMALL), undo=_close_opened)
        if opened is None:
            yield None
            return
        info, first, descriptor = opened

        async def more(at: int, due: int) -> bytes:
            return await self.off_loop(key, partial(read_fully, descriptor, min(SMALL, due - at)))

        try:
            yield BlockReading(info, f"{key} in {self.name}", first, more if descriptor >= 0 else None)
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    async def list(self, prefix: str, *, recursive: bool = False) -> AsyncIterator[ObjectInfo]:
        """Files below a directory; names that begin with a dot are hidden, links to directories are not entered."""
        waiting = [prefix]
        while waiting:
            entries = self._tree.entries(waiting.pop())
            take = partial(_take, entries)
            try:
                while batch := await self._run(take):
                    for key, info in batch:
                        if info is not None:
                            yield info
                        elif recursive:
                            waiting.append(key)
            finally:
                entries.close()

    async def has_folder(self, key: str) -> bool:
        """Whether a directory is there."""
        return await self._run(lambda: self._tree.has_folder(key))

    async def write(
        self,
        key: str,
        body: bytes | AsyncIterable[bytes],
        declared: Declared,
        *,
        expect: Expect | str = Expect.ANYTHING,
    ) -> ObjectInfo:
        """Write one file, atomically; see `gdac.store.Store.write`."""
        place = f"{key} in {self.name}"
        if declared.size <= SMALL:
            data = await whole(body, declared.size, place)
            stop = _Stop()
            return await self._run(lambda: self._write_small(key, data, declared, expect, stop), stop=stop)
        made = await self._run(lambda: self._tree.begin(key), undo=Unfinished.discard)
        try:
            async for block in gathered(counted(body, declared.size, place), SMALL):
                await self.off_loop(key, partial(made.append, block))
            stop = _Stop()
            return await self._run(lambda: self._finish(made, key, declared, expect, stop), stop=stop)
        finally:
            made.discard()

    def _write_small(self, key: str, data: bytes, declared: Declared, expect: Expect | str, stop: _Stop) -> ObjectInfo:
        made = self._tree.begin(key)
        try:
            with self._tree.errors(key):
                made.append(data)
            return self._finish(made, key, declared, expect, stop)
        except BaseException:
            made.discard()
            raise

    def _finish(self, made: Unfinished, key: str, declared: Declared, expect: Expect | str, stop: _Stop) -> ObjectInfo:
        if stop.wanted:
            raise _StoppedError
        return self._tree.finish(made, key, declared.modified, expect)

    async def copy(self, source: str, target: str) -> None:
        """Copy inside the directory. Raises `NotFoundError`."""
        await self._run(lambda: self._tree.duplicate(source, target))

    def copies_from(self, other: Store) -> bool:  # noqa: ARG002
        """Never."""
        return False

    async def copy_from(self, other: Store, key: str, target: str) -> ObjectInfo | None:  # noqa: ARG002
        """None: what comes from elsewhere is read and written."""
        return None

    async def delete(self, key: str) -> None:
        """Remove one file and the directories it leaves empty; fine when it is not there."""
        await self._run(lambda: self._tree.remove(key))

    async def flush(self) -> None:
        """Have the system write out everything on this file system, whichever run wrote it."""
        await self._run(self._tree.settle)

    async def clean(self) -> int:
        """Remove unfinished files of runs that died; those of live ones stay."""
        return await self._run(self._tree.sweep)

    async def probe(self, known: Probed | None = None) -> Probed:
        """See that expectations and times are kept on this disk; see `gdac.store.Store.probe`."""
        self._probed = known or await try_out(self)
        return self._probed

    async def __aenter__(self) -> Self:
        """Nothing to open: threads come with the first call."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """End the session and its threads."""
        await self._run(self._tree.close)
        if self._threads is not None:
            self._threads.close()
            self._threads = None

    async def off_loop(self, key: str, call: Callable[[], T]) -> T:
        """Run a blocking call in a thread, its `OSError` turned into ours."""

        def guarded() -> T:
            with self._tree.errors(key):
                return call()

        return await self._run(guarded)

    async def _run(
        self, call: Callable[[], T], *, stop: _Stop | None = None, undo: Callable[[T], None] | None = None
    ) -> T:
        """Run a blocking call in a thread. When cancelled, ask it to stop, wait for it, and undo what it made.

        A thread cannot be killed: waiting is what keeps a cancelled write from landing later.
        """
        if self._threads is not None and self._threads.loop is not asyncio.get_running_loop():
            self._threads.close()
            self._threads = None
        if self._threads is None:
            self._threads = Threads(self._settings.threads, "gdac-disk")
        future = self._threads.run(call)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if stop is not None:
                stop.wanted = True
            await asyncio.wait([future])
            if not future.cancelled() and future.exception() is None and undo is not None:
                undo(future.result())
            raise


def _take(entries: Iterator[tuple[str, ObjectInfo | None]]) -> list[tuple[str, ObjectInfo | None]]:
    return list(islice(entries, _ENTRIES))


def _close_opened(opened: tuple[ObjectInfo, bytes, int] | None) -> None:
    if opened is not None and opened[2] >= 0:
        os.close(opened[2])
