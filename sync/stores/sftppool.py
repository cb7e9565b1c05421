"""A bounded pool of SFTP connections, each with a thread of its own, and their failures in our words."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TypeVar

from gdac.errors import GdacError, StoreError
from gdac.store import NotFoundError, TemporaryStoreError
from sync.stores.answers import shown
from sync.stores.settings import SftpSettings
from sync.stores.sftpwire import WIRE_ERRORS, Connection, is_missing

T = TypeVar("T")


class SftpPool:
    """At most so many connections with one server; idle ones are used again.

    Args:
        name: the store's, for messages.
        host: server.
        port: of its SSH.
        settings: account, trust, limits, timeouts.
    """

    def __init__(self, name: str, host: str, port: int, settings: SftpSettings) -> None:
        self._name, self._host, self._port, self._settings = name, host, port, settings
        self._free = asyncio.Semaphore(settings.connections)
        self._idle: list[Connection] = []
        self._threads: ThreadPoolExecutor | None = None

    @asynccontextmanager
    async def talk(self, key: str, work: Callable[[Connection], T]) -> AsyncIterator[tuple[Connection, T]]:
        """Do a piece of work on a connection and keep that connection for the block.

        A connection that went stale while it was idle is replaced once. One on which the block fails is closed, unless
        the failure came from the server's own, proper answer.
        """
        async with self._free:
            talk, result = await self._begin(key, work)
            keep = False
            try:
                yield talk, result
                keep = True
            except GdacError as error:
                keep = not isinstance(error, TemporaryStoreError)
                raise
            finally:
                if keep:
                    talk.used = True
                    self._idle.append(talk)
                else:
                    talk.close()

    async def _begin(self, key: str, work: Callable[[Connection], T]) -> tuple[Connection, T]:
        for fresh in (False, True):
            if self._idle and not fresh:
                talk = self._idle.pop()
            else:
                talk = await self.hop(key, partial(Connection, self._host, self._port, self._settings))
            try:
                return talk, await self.hop(key, partial(work, talk))
            except TemporaryStoreError:
                talk.close()
                if fresh or not talk.used:
                    raise
            except GdacError:  # the server said no, properly
                talk.used = True
                self._idle.append(talk)
                raise
            except BaseException:
                talk.close()
                raise
        raise AssertionError("the second try either returns or raises")

    async def hop(self, key: str, call: Callable[[], T]) -> T:
        """Run a blocking call in a thread, what goes wrong turned into our errors."""

        def guarded() -> T:
            try:
                return call()
            except WIRE_ERRORS as error:
                raise self._broken(key, error) from error
            except (OSError, ValueError) as error:
                raise self._refused(key, error) from error

        return await self.off_loop(guarded)

    async def off_loop(self, call: Callable[[], T]) -> T:
        """Run a call in a thread. When cancelled, wait for it: a thread cannot be killed, only overtaken."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._settings.connections, thread_name_prefix="gdac-sftp")
        future = asyncio.get_running_loop().run_in_executor(self._threads, call)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            if not future.cancelled() and future.exception() is None:
                made = future.result()
                if isinstance(made, Connection):
                    made.close()
            raise

    async def close(self, last: Callable[[Connection], object] | None = None) -> None:
        """Close the connections; before that do one last thing on one that is idle."""
        if last is not None and self._idle:
            with suppress(*WIRE_ERRORS, OSError, StoreError):
                await self.hop("", partial(last, self._idle[0]))
        while self._idle:
            await self.off_loop(self._idle.pop().close)
        if self._threads is not None:
            self._threads.shutdown(wait=False)
            self._threads = None

    def _broken(self, key: str, error: BaseException) -> StoreError:
        said = "it did not answer in time" if isinstance(error, TimeoutError) else shown(str(error)).rstrip(".")
        said = said or "it closed the connection"
        return TemporaryStoreError(
            f"{self._name} failed at {key}: {said}.", hint="Check host and port, or try again later."
        )

    def _refused(self, key: str, error: Exception) -> StoreError:
        if isinstance(error, OSError) and is_missing(error):
            return NotFoundError(f"{key} is not on {self._name}.")
        said = shown(getattr(error, "strerror", None) or str(error)).rstrip(".") or "no reason given"
        return StoreError(
            f"{self._name} refused {key}: {said}.", hint="Check the account's rights and the server's disk."
        )
