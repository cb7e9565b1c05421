"""Workers that answer queries: a few quick ones, a few for what takes long, and a bounded queue in front.

A query that runs longer than a second or so leaves the quick lane: its worker goes on with less priority in the slow
lane, and a new one takes its place, so heavy queries never stop light ones. Where the slow lane is full the query that
is longest in it is ended for the new one; when its time is up, every query is. The engine itself cannot be interrupted:
what is ended is its process.
"""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gdac.errors import StoreError
from vocab.query.answer import Limits
from vocab.query.process import command, died, opened, overran
from vocab.query.scan import QueryRefusedError, Why

#: Seconds that a worker may take to load the vocabulary.
_LOADING = 60.0


@dataclass(frozen=True, slots=True)
class Lanes:
    """How many queries run at a time.

    Attributes:
        quick: workers for queries that take less than `seconds`.
        seconds: until a query is slow.
        slow: workers for queries that take longer.
        waiting: queries that may wait for a quick worker.
    """

    quick: int = 2
    seconds: float = 1.0
    slow: int = 2
    waiting: int = 512


class Pool:
    """Workers on N-Quads files; `start` before the first question and `close` after the last."""

    def __init__(self, files: Sequence[Path], limits: Limits, lanes: Lanes) -> None:
        self._files = tuple(files)
        self._limits = limits
        self._lanes = lanes
        self._idle: asyncio.Queue[Process] = asyncio.Queue()
        self._alive: set[Process] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting = 0
        self._slow: list[asyncio.Future[None]] = []  # each is set when its query must give way
        self._closed = False

    async def start(self) -> None:
        """Start the quick workers.

        Raises:
            StoreError: a worker does not start.
        """
        for worker in await asyncio.gather(*(self._spawn() for _ in range(self._lanes.quick))):
            self._idle.put_nowait(worker)

    async def close(self) -> None:
        """End every worker."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in list(self._alive):
            await self._end(worker)

    async def ask(self, request: bytes) -> bytes:
        """The answer to a request (see `vocab.query.process.request`).

        Raises:
            QueryRefusedError: the query is refused, fails, overruns a limit, or waited too long.
        """
        worker = await self._free_worker()
        asked = asyncio.create_task(_exchange(worker, request))
        gives_way: asyncio.Future[None] | None = None
        kept = False
        try:
            if not await _within(min(self._lanes.seconds, self._limits.seconds), asked):
                gives_way = self._make_slow(worker)
                if not await _within(self._limits.seconds - self._lanes.seconds, asked, gives_way):
                    raise overran(self._limits)
                if gives_way.done() and not asked.done():
                    raise _busy("the query took long, and others wait for its place.")
            answered = asked.result()
            kept = gives_way is None
        except (asyncio.IncompleteReadError, OSError) as error:
            raise died() from error
        finally:
            asked.cancel()
            if gives_way in self._slow:
                self._slow.remove(gives_way)
            if kept:
                self._idle.put_nowait(worker)
            else:
                self._later(self._retire(worker, replaced=gives_way is not None))
        return opened(answered)

    async def _free_worker(self) -> Process:
        if self._waiting >= self._lanes.waiting:
            raise _busy("too many queries are waiting.")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await self._idle.get()
        except TimeoutError as error:
            raise _busy("no worker became free in time.") from error
        finally:
            self._waiting -= 1

    def _make_slow(self, worker: Process) -> "asyncio.Future[None]":
        """Move to the slow lane, where the oldest gives way if it is full; the place in the quick one is filled."""
        if len(self._slow) >= self._lanes.slow:
            self._slow.pop(0).set_result(None)
        gives_way: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._slow.append(gives_way)
        if hasattr(os, "setpriority"):
            with suppress(OSError):  # it has just ended
                os.setpriority(os.PRIO_PROCESS, worker.pid, 10)
        self._later(self._fill())
        return gives_way

    def _later(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _retire(self, worker: Process, *, replaced: bool) -> None:
        await self._end(worker)
        if not replaced:
            await self._fill()

    async def _fill(self) -> None:
        """One more quick worker; tried again until there is one."""
        while not self._closed:
            try:
                self._idle.put_nowait(await self._spawn())
                return
            except StoreError:
                await asyncio.sleep(1)

    async def _spawn(self) -> Process:
        line = command(self._files, self._limits)
        try:
            worker = await asyncio.create_subprocess_exec(*line, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
        except OSError as error:
            raise StoreError(f"a worker for queries cannot be started: {error}.") from error
        self._alive.add(worker)
        try:
            async with asyncio.timeout(_LOADING):
                ready = await _frame(worker)
        except (asyncio.IncompleteReadError, TimeoutError) as error:
            await self._end(worker)
            raise StoreError("a worker for queries did not start.", hint="Build the vocabulary again.") from error
        except asyncio.CancelledError:
            await self._end(worker)
            raise
        assert ready == b"+ready"  # our own module
        return worker

    async def _end(self, worker: Process) -> None:
        self._alive.discard(worker)
        with suppress(ProcessLookupError):
            worker.kill()
        await worker.wait()


async def _within(seconds: float, *awaited: "asyncio.Future[Any]") -> bool:
    """Whether one of them is done in time."""
    done, _ = await asyncio.wait(awaited, timeout=max(seconds, 0), return_when=asyncio.FIRST_COMPLETED)
    return bool(done)


async def _exchange(worker: Process, request: bytes) -> bytes:
    assert worker.stdin is not None  # a pipe was asked for
    worker.stdin.write(request)
    await worker.stdin.drain()
    return await _frame(worker)


async def _frame(worker: Process) -> bytes:
    assert worker.stdout is not None  # a pipe was asked for
    head = await worker.stdout.readexactly(4)
    return await worker.stdout.readexactly(int.from_bytes(head, "big"))


def _busy(what: str) -> QueryRefusedError:
    return QueryRefusedError(Why.BUSY, what, hint="Try again later.")
