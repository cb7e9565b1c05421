"""An account on an FTP server that we may write in: a DAC's inbox, say. Reading is `sync.stores.ftp`'s.

A file is sent under a name of ours in the first folder of its path and then renamed (RFC 959, RNFR and RNTO), so a
reader sees the old bytes or all of the new ones. FTP keeps no time and no precondition: what is expected is looked at
first. A server that does not rename over a file (some on Windows) has it deleted just before.
"""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from gdac.errors import StoreError
from gdac.store import (
    Capabilities,
    ChangedError,
    Declared,
    Expect,
    NotFoundError,
    ObjectInfo,
    Probed,
    TemporaryStoreError,
)
from sync.stores.bodies import counted, gathered
from sync.stores.ftp import FtpStore
from sync.stores.ftpwire import WIRE_ERRORS, Answer, Closable, Conversation
from sync.stores.probing import try_out
from sync.stores.settings import FtpSettings
from sync.stores.tls import TlsStream

TEMPORARY: Final = ".gdac-tmp"
_STALE: Final = timedelta(days=1)
_BLOCK: Final = 1 << 19


class FtpAccount(FtpStore):
    """A directory on an FTP server, read and written.

    Args:
        host: server.
        port: its control port.
        root: directory, relative to where the log-in lands unless it begins with a slash.
        settings: account, limits, timeouts.
        tls: protect both kinds of connection, or fail.
    """

    def __init__(
        self, host: str, port: int = 21, root: str = "", settings: FtpSettings | None = None, *, tls: bool = False
    ) -> None:
        super().__init__(host, port, root, settings, tls=tls)
        self._settings = settings or FtpSettings()
        self._session = f"{TEMPORARY}-{secrets.token_hex(8)}"
        self._numbers = itertools.count()
        self._made: set[str] = set()

    @property
    def capabilities(self) -> Capabilities:
        """Reads, lists and writes; keeps no times, and a precondition is looked at first, but no server keeps it."""
        return Capabilities(writes=True, lists=True, exact_listing=True)

    async def probe(self, known: Probed | None = None) -> Probed:
        """See what is kept here, one after the other; see `gdac.store.Store.probe`."""
        return known or await try_out(self)

    async def list(self, prefix: str, *, recursive: bool = False) -> AsyncIterator[ObjectInfo]:
        """Files below a directory, but for unfinished ones of ours; see `FtpStore.list`."""
        async for info in super().list(prefix, recursive=recursive):
            if not info.path.rpartition("/")[2].startswith(TEMPORARY):
                yield info

    async def write(
        self,
        key: str,
        body: bytes | AsyncIterable[bytes],
        declared: Declared,
        *,
        expect: Expect | str = Expect.ANYTHING,
    ) -> ObjectInfo:
        """Write one file; see `gdac.store.Store.write`."""
        target = self._path(key)
        folder = key.partition("/")[0] + "/" if "/" in key else ""
        path = f"{self._root}{folder}{self._session}-{next(self._numbers)}"
        try:
            await self._send(key, path, counted(body, declared.size, f"{key} on {self.name}"))
            if expect is not Expect.ANYTHING and await self._version(key) != _due(expect):
                raise self._changed(key)
            made = await self._look(key, path)
            if made.size not in {None, declared.size}:
                raise TemporaryStoreError(
                    f"{self.name} kept {made.size or 0:,} of the {declared.size:,} bytes of {key}.", hint="Try again."
                )
            await self._rename(key, path, target)
        except asyncio.CancelledError:
            raise  # whoever is asked to stop does not talk any more: `clean` finds what is left
        except BaseException:
            with suppress(StoreError):
                await self._command(key, f"DELE {path}")
            raise
        modified = declared.modified or made.modified
        return replace(made, size=declared.size, modified=modified, sha256=declared.sha256)

    async def _send(self, key: str, path: str, body: AsyncIterable[bytes]) -> None:
        """Send a new file."""
        folder = path.rpartition("/")[0]
        if folder not in self._made:  # some servers say only after all bytes that it is not there
            await self._make_folder(key, path)
            self._made.add(folder)
        talk, (begun, writer) = await self._talk(key, lambda talk: _begin(talk, path))
        keep = False
        try:
            if not begun.is_fine:
                keep = True
                raise self._declined(key, begun)
            done = await self._pour(talk, begun, writer, body)
            keep = True
            if not done.is_fine:
                raise self._declined(key, done)
        except WIRE_ERRORS as error:
            raise self._broken(key, error) from error
        finally:
            writer.close()
            self._pool.give_back(talk, keep=keep)

    async def _pour(self, talk: Conversation, begun: Answer, writer: Closable, body: AsyncIterable[bytes]) -> Answer:
        patience = self._settings.read_seconds
        if isinstance(writer, TlsStream):
            async with asyncio.timeout(patience):
                await writer.handshake()
        async for block in gathered(body, _BLOCK):
            async with asyncio.timeout(patience):
                writer.write(block)
                await writer.drain()
        if isinstance(writer, TlsStream):
            async with asyncio.timeout(patience):
                await writer.finish()
        writer.close()
        return await talk.answer() if begun.code[0] == "1" else begun

    async def _rename(self, key: str, path: str, target: str) -> None:
        """Move a finished file to its place, making directories, or making way, where the server wants that."""
        done = await self._renamed(key, path, target)
        if not done.is_fine and "/" in key:
            await self._make_folder(key, target)
            done = await self._renamed(key, path, target)
        if not done.is_fine and await self._version(key) is not None:
            await self._command(key, f"DELE {target}")
            done = await self._renamed(key, path, target)
        if not done.is_fine:
            raise self._declined(key, done)

    async def _renamed(self, key: str, path: str, target: str) -> Answer:
        async def ask(talk: Conversation) -> Answer:
            (ready,) = await talk.ask(f"RNFR {path}")
            if ready.code != "350":
                return ready
            return (await talk.ask(f"RNTO {target}"))[0]

        talk, answer = await self._talk(key, ask)
        self._pool.give_back(talk, keep=True)
        return answer

    async def _make_folder(self, key: str, path: str) -> None:
        """Make the directories above a path; what a server says of those that are there is no matter."""
        for end in [at for at, character in enumerate(path) if character == "/" and at]:
            await self._command(key, f"MKD {path[:end]}")

    async def copy(self, source: str, target: str) -> None:
        """Copy a file; FTP has no word for it, so the bytes travel both ways. Raises `NotFoundError`."""
        self._path(target)
        async with self.read(source) as reading:
            assert reading is not None
            size = reading.info.size
            if size is None:
                data = b"".join([piece async for piece in reading.chunks()])
                await self.write(target, data, Declared(len(data)))
            else:
                await self.write(target, reading.chunks(), Declared(size))

    async def delete(self, key: str) -> None:
        """Remove one file, and the directories that it leaves empty but for the first; fine when it is not there."""
        done = await self._command(key, f"DELE {self._path(key)}")
        if not done.is_fine and await self._version(key) is not None:  # "not there" has no code of its own
            raise self._declined(key, done)
        for depth in range(1, key.count("/")):
            folder = key.rsplit("/", depth)[0]
            if not (await self._command(key, f"RMD {self._root}{folder}")).is_fine:
                return

    async def clean(self) -> int:
        """Remove unfinished files of ours that are older than a day; those of servers that tell no time stay."""
        removed = 0
        before = datetime.now(UTC) - _STALE
        for folder, facts in [("", None), *await self._entries("")]:
            if facts is not None and facts.kind != "dir":
                continue
            for name, found in await self._entries(folder):
                if name.startswith(TEMPORARY) and found.modified is not None and found.modified < before:
                    path = f"{folder}/{name}" if folder else name
                    removed += (await self._command(path, f"DELE {self._root}{path}")).is_fine
        return removed

    async def _command(self, key: str, command: str) -> Answer:
        async def ask(talk: Conversation) -> Answer:
            return (await talk.ask(command))[0]

        talk, answer = await self._talk(key, ask)
        self._pool.give_back(talk, keep=True)
        return answer

    async def _version(self, key: str) -> str | None:
        """The validator of what is there, or its size where there is none; None when nothing is."""
        try:
            info = await self.stat(key)
        except NotFoundError:
            return None
        return info.validator or f"{info.size}"

    def _declined(self, key: str, answer: Answer) -> StoreError:
        """Of writing, 550 seldom says that something is not there."""
        kind = TemporaryStoreError if answer.code[0] == "4" else StoreError
        hint = "Check the account's rights and the server's disk, or try again later."
        return kind(f"{self.name} refused {key}: {answer}.", hint=hint)

    def _changed(self, key: str) -> ChangedError:
        return ChangedError(
            f"{key} on {self.name} was not written: another version is there than the expected one.",
            hint="Another run writes here: look at it first.",
        )


async def _begin(talk: Conversation, path: str) -> tuple[Answer, Closable]:
    (passive,) = await talk.ask(talk.passive_command())
    _, writer = await talk.data(passive)
    try:
        return (await talk.ask(f"STOR {path}"))[0], writer
    except BaseException:
        writer.close()
        raise


def _due(expect: Expect | str) -> str | None:
    return expect if isinstance(expect, str) else None
