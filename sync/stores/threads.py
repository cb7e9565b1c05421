"""Blocking calls in threads, for many short ones: a pool of the standard library costs more than a small file's work.

Results that are ready at the same time are handed to the event loop together: it is woken once, not once for each.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, TypeVar

T = TypeVar("T")


class Threads:
    """So many threads of one event loop; made inside it.

    Args:
        count: how many.
        name: of the threads, in tracebacks.
    """

    def __init__(self, count: int, name: str) -> None:
        self.loop: Final = asyncio.get_running_loop()
        self._calls: SimpleQueue[tuple[asyncio.Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._done: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        self._woken = False
        # Daemons: a store that nobody closed must not keep the process from ending.
        self._threads = [Thread(target=self._work, name=f"{name}-{at}", daemon=True) for at in range(count)]
        for thread in self._threads:
            thread.start()

    def run(self, call: Callable[[], T]) -> "asyncio.Future[T]":
        """Run a blocking call in one of the threads. To cancel the future does not stop the call."""
        future: asyncio.Future[T] = self.loop.create_future()
        self._calls.put((future, call))
        return future

    def close(self) -> None:
        """End the threads once what was asked for is done; waits for none of it."""
        for _ in self._threads:
            self._calls.put(None)

    def _work(self) -> None:
        while (asked := self._calls.get()) is not None:
            future, call = asked
            try:
                self._hand_over(future, call(), None)
            except BaseException as error:  # noqa: BLE001 - it is raised where the future is awaited
                self._hand_over(future, None, error)
            del asked, future, call  # else the thread keeps a file's bytes alive while it waits

    def _hand_over(self, future: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
        self._done.append((future, result, error))
        if not self._woken:
            self._woken = True
            try:
                self.loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:  # the loop is closed: nobody waits any more
                self._done.clear()

    def _deliver(self) -> None:
        self._woken = False  # before the queue is emptied: what comes after that wakes the loop again
        while self._done:
            future, result, error = self._done.popleft()
            if future.done():  # cancelled
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
