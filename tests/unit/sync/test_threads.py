"""Blocking calls in threads: every result and error arrives where it is awaited."""

import asyncio
import threading

import pytest

from sync.loop import run
from sync.stores.threads import Threads


def test_many_calls_from_many_tasks():
    async def work() -> list[int]:
        threads = Threads(4, "test")
        try:
            return await asyncio.gather(*(threads.run(lambda n=n: n * n) for n in range(5000)))
        finally:
            threads.close()

    assert run(work()) == [n * n for n in range(5000)]


def test_an_error_is_raised_where_it_is_awaited_and_the_thread_goes_on():
    def fail() -> None:
        raise OSError(28, "no space")

    async def work() -> int:
        threads = Threads(1, "test")
        with pytest.raises(OSError, match="no space"):
            await threads.run(fail)
        try:
            return await threads.run(lambda: 7)
        finally:
            threads.close()

    assert run(work()) == 7


def test_a_cancelled_call_still_runs_and_disturbs_nobody():
    done = threading.Event()
    go = threading.Event()

    def slow() -> None:
        go.wait(10)
        done.set()

    async def work() -> int:
        threads = Threads(1, "test")
        future = threads.run(slow)
        future.cancel()
        go.set()
        try:
            return await threads.run(lambda: 3)
        finally:
            threads.close()

    assert run(work()) == 3
    assert done.is_set()


def test_threads_end_when_they_are_closed():
    async def work() -> list[threading.Thread]:
        threads = Threads(3, "ending")
        await threads.run(lambda: None)
        mine = [thread for thread in threading.enumerate() if thread.name.startswith("ending")]
        threads.close()
        return mine

    mine = run(work())
    assert len(mine) == 3
    for thread in mine:
        thread.join(10)
        assert not thread.is_alive()
