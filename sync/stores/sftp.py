"""A directory on an SFTP server as a store (draft-ietf-secsh-filexfer-02, the version that all servers speak).

Files are made under ``.gdac-tmp/<session>/`` and moved into place by OpenSSH's ``posix-rename``. Every connection has
a thread; the host's key is checked before anything is sent.
"""

import posixpath
import secrets
import stat
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final, Self, TypeVar

from gdac.errors import StoreError
from gdac.paths import PathError, check_safe
from gdac.store import (
    Capabilities,
    ChangedError,
    Declared,
    Expect,
    ObjectInfo,
    Probed,
    Store,
    TemporaryStoreError,
)
from sync.stores.bodies import counted, gathered
from sync.stores.probing import try_out
from sync.stores.reading import BlockReading, WithoutRanges
from sync.stores.settings import SftpSettings
from sync.stores.sftppool import SftpPool
from sync.stores.sftpwire import WINDOW, WIRE_ERRORS, Connection, append, describe, is_missing, read_window
from sync.stores.walk import Walk

T = TypeVar("T")
TEMPORARY: Final = ".gdac-tmp"


class SftpStore(WithoutRanges):
    """A directory on an SFTP server.

    Args:
        host: server.
        port: of its SSH.
        root: directory, relative to where the log-in lands unless it begins with a slash.
        settings: account, trust, limits, timeouts.
    """

    def __init__(self, host: str, port: int = 22, root: str = "", settings: SftpSettings | None = None) -> None:
        self._settings = settings or SftpSettings()
        shown_host = f"[{host}]" if ":" in host else host
        where = root if root.startswith("/") or not root else f"/~/{root}"
        self._name = f"sftp://{shown_host}{'' if port == 22 else f':{port}'}{where}".rstrip("/")
        self._root = root.rstrip("/") + "/" if root else ""
        self._session = f"{self._root}{TEMPORARY}/{secrets.token_hex(8)}"
        self._made = 0
        self._pool = SftpPool(self._name, host, port, self._settings)

    @property
    def name(self) -> str:
        """``sftp://host/root``."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """Reads, lists and writes; a precondition is looked at first, but no server keeps it."""
        return Capabilities(writes=True, lists=True, exact_listing=True, keeps_modified=True)

    async def probe(self, known: Probed | None = None) -> Probed:
        """See what is kept here, one after the other; see `gdac.store.Store.probe`."""
        return known or await try_out(self)

    async def stat(self, key: str) -> ObjectInfo:
        """Facts about one file, in one round trip. Raises `NotFoundError`."""
        path = self._path(key)
        async with self._pool.talk(key, lambda talk: talk.look(key, path)) as (_, info):
            return info

    @asynccontextmanager
    async def read(self, key: str, *, unless: str | None = None) -> AsyncIterator[BlockReading | None]:
        """Open a file for reading; see `gdac.store.Store.read`."""
        path = self._path(key)
        async with self._pool.talk(key, lambda talk: talk.open(key, path, unless)) as (_, opened):
            if opened is None:
                yield None
                return
            info, first, file = opened

            async def more(at: int, due: int) -> bytes:
                return await self._pool.hop(key, partial(read_window, file, at, due))

            try:
                yield BlockReading(info, f"{key} on {self.name}", first, more if file is not None else None)
            finally:
                if file is not None:
                    await self._pool.hop(key, file.close)

    async def list(self, prefix: str, *, recursive: bool = False) -> AsyncIterator[ObjectInfo]:
        """Files below a directory. Links are listed without a size."""
        walk = Walk(prefix, self._entries, self._settings.connections)
        async for folder, entries in walk.folders():
            for entry in entries:
                key = f"{folder}/{entry.filename}" if folder else entry.filename
                kind = stat.S_IFMT(entry.st_mode or stat.S_IFREG)
                if key == TEMPORARY or (kind == stat.S_IFDIR and not recursive):
                    continue
                if kind == stat.S_IFREG:
                    yield describe(key, entry)
                elif kind == stat.S_IFDIR and _is_safe(key):
                    walk.enter(key)
                else:
                    yield ObjectInfo(key)

    async def has_folder(self, key: str) -> bool:
        """Whether a directory is there, in one round trip."""
        async with self._pool.talk(key, partial(Connection.is_folder, path=self._path(key))) as (_, there):
            return there

    async def _entries(self, folder: str) -> Sequence[Any]:
        path = self._path(folder) if folder else self._root.rstrip("/") or self._root
        async with self._pool.talk(folder or "/", partial(Connection.entries, folder=path)) as (_, entries):
            return entries

    async def write(
        self,
        key: str,
        body: bytes | AsyncIterable[bytes],
        declared: Declared,
        *,
        expect: Expect | str = Expect.ANYTHING,
    ) -> ObjectInfo:
        """Write one file, atomically; see `gdac.store.Store.write`."""
        target = self._path(key)
        self._made += 1
        path = f"{self._session}/{self._made}"
        async with self._pool.talk(key, partial(Connection.create, path=path)) as (talk, file):
            try:
                last = b""
                async for block in gathered(counted(body, declared.size, f"{key} on {self.name}"), WINDOW):
                    if last:
                        await self._pool.hop(key, partial(append, file, last))
                    last = block
                made = await self._pool.hop(key, lambda: talk.seal(file, path, last, declared.modified))
                if made.size != declared.size:
                    raise TemporaryStoreError(
                        f"{self.name} kept {made.size or 0:,} of the {declared.size:,} bytes of {key}.",
                        hint="Try again.",
                    )
                await self._place(talk, key, path, target, expect)
            except BaseException:
                with suppress(*WIRE_ERRORS, OSError, StoreError):
                    await self._pool.hop(key, partial(talk.discard, file, path))
                raise
        return ObjectInfo(key, declared.size, declared.modified or made.modified, made.validator, declared.sha256)

    async def _place(self, talk: Connection, key: str, path: str, target: str, expect: Expect | str) -> None:
        """Move a finished file into place, after a look where something is expected there."""

        def place() -> None:
            if expect is Expect.ANYTHING:
                talk.place(path, target, over=True)
                return
            there = _version(talk, key, target)
            if there != (None if expect is Expect.NOTHING else expect):
                raise self._changed(key)
            try:
                talk.place(path, target, over=expect is not Expect.NOTHING)
            except OSError:
                if expect is Expect.NOTHING and _version(talk, key, target) is not None:
                    raise self._changed(key) from None
                raise

        await self._pool.hop(key, place)

    async def copy(self, source: str, target: str) -> None:
        """Copy a file; SFTP has no word for it, so the bytes travel both ways. Raises `NotFoundError`."""
        self._path(target)
        async with self.read(source) as reading:
            assert reading is not None
            info = reading.info
            await self.write(target, reading.chunks(), Declared(info.size or 0, None, info.modified))

    def copies_from(self, other: Store) -> bool:  # noqa: ARG002
        """Never."""
        return False

    async def copy_from(self, other: Store, key: str, target: str) -> ObjectInfo | None:  # noqa: ARG002
        """None: what comes from elsewhere is read and written."""
        return None

    async def delete(self, key: str) -> None:
        """Remove one file and the directories it leaves empty; fine when it is not there."""
        path = self._path(key)
        above = [key.rsplit("/", depth)[0] for depth in range(1, key.count("/") + 1 - self._settings.kept_levels)]

        def remove(talk: Connection) -> None:
            talk.remove(path)
            for folder in above:
                if not talk.remove_empty(f"{self._root}{folder}"):
                    return

        async with self._pool.talk(key, remove):
            pass

    async def flush(self) -> None:
        """Nothing that can be asked for: SFTP does not tell when bytes are safe on the server's disk."""

    async def clean(self) -> int:
        """Remove unfinished files that nobody touched for `SftpSettings.stale_seconds`, by the server's clock."""
        async with self._pool.talk(TEMPORARY, self._sweep) as (_, removed):
            return removed

    def _sweep(self, talk: Connection) -> int:
        home = f"{self._root}{TEMPORARY}"
        others = [e for e in talk.entries(home) if f"{home}/{e.filename}" != self._session]
        if not others:
            return 0
        clock = f"{self._session}/clock"
        talk.create(clock).close()
        now = talk.look(clock, clock).modified
        talk.remove(clock)
        assert now is not None
        removed = 0
        for entry in others:
            folder = f"{home}/{entry.filename}"
            files = talk.entries(folder)
            newest = max([entry.st_mtime or 0, *[file.st_mtime or 0 for file in files]])
            if now.timestamp() - newest <= self._settings.stale_seconds:
                continue
            for file in files:
                talk.remove(f"{folder}/{file.filename}")
                removed += 1
            talk.remove_empty(folder)
        self._drop_session(talk)
        return removed

    def _drop_session(self, talk: Connection) -> None:
        if talk.remove_empty(self._session):
            talk.remove_empty(posixpath.dirname(self._session))

    async def __aenter__(self) -> Self:
        """Nothing to open: connections come with the first call."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """End the session and close the connections."""
        await self._pool.close(self._drop_session if self._made else None)

    # --- names and errors

    def _path(self, key: str) -> str:
        check_safe(key)
        return f"{self._root}{key}"

    def _changed(self, key: str) -> ChangedError:
        return ChangedError(
            f"{key} on {self.name} was not written: another version is there than the expected one.",
            hint="Another run writes here: look at it first.",
        )


def _version(talk: Connection, key: str, path: str) -> str | None:
    try:
        return talk.look(key, path).validator
    except OSError as error:
        if is_missing(error):
            return None
        raise


def _is_safe(key: str) -> bool:
    """Whether a directory may be asked for; the name of one that may not goes to the caller, who reports it."""
    try:
        check_safe(key)
    except PathError:
        return False
    return True
