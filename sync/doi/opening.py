"""A snapshot's tar, opened: a file on this machine or the address that the record gives; hashed as it is read.

A download that breaks off goes on by `sync.stores.retry`: it is read anew, and the bytes that were taken already must
be the same ones, by their digest. So what was read is one tar, whole, or an error.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import unquote, urlsplit

from gdac.errors import RefusedError, StoreError
from gdac.paths import PathError, check_safe
from gdac.store import Store
from sync.stores.hosts import is_loopback
from sync.stores.http import HttpStore
from sync.stores.retry import RetryingStore, RetrySettings
from sync.stores.settings import HttpSettings
from sync.tars.unpack import Budget, ByteStream, TarError

_BLOCK: Final = 1 << 20
#: A tar of 70 GB takes hours, so a try may begin long after the first one.
_PATIENCE: Final = RetrySettings(tries=8, seconds=7 * 86_400.0)


class Tar:
    """A tar being read.

    Attributes:
        what: names it in messages.
        size: bytes that it must have; None where nobody says.
        budget: what may come out of it.
        stream: its bytes; take members from it with `sync.doi.members.members`.
    """

    def __init__(self, pieces: AsyncIterator[bytes], what: str, size: int | None, budget: Budget | None = None) -> None:
        self.what, self.size = what, size
        self.budget = budget or Budget()
        self.stream = ByteStream(self._counted(pieces), what)
        self._sha256 = hashlib.sha256()

    async def _counted(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            self._sha256.update(piece)
            self.budget.came += len(piece)
            if self.size is not None and self.budget.came > self.size:
                raise self.wrong_size(f"more than {self.budget.came:,}")
            yield piece

    async def finish(self) -> str:
        """Read what is left behind the last member; returns the SHA-256 of all, in lower-case hex.

        Raises:
            TarError: it has another size than it must have.
        """
        await self.stream.drain()
        if self.size is not None and self.budget.came != self.size:
            raise self.wrong_size(f"{self.budget.came:,}")
        return self._sha256.hexdigest()

    def wrong_size(self, found: str) -> TarError:
        """The refusal of a tar that is not as long as the record says."""
        return TarError(
            f"{self.what} has {found} bytes; the DOI's record says {self.size:,}. It was refused.",
            hint="The download is not whole, or it is another file: get it again.",
        )


@asynccontextmanager
async def open_file(file: Path, size: int | None) -> AsyncIterator[Tar]:
    """A tar on this machine.

    Args:
        file: where.
        size: bytes that it must have, by the record; None where that is not known.

    Raises:
        StoreError: it cannot be read.
        TarError: it has another size.
    """
    try:
        found = file.stat().st_size
        with file.open("rb") as opened:
            tar = Tar(_blocks(opened), file.name, size)
            if size is not None and found != size:
                raise tar.wrong_size(f"{found:,}")
            yield tar
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror or error}.") from error


async def _blocks(opened: BinaryIO) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(opened.read, _BLOCK):
        yield piece


@asynccontextmanager
async def open_address(url: str, size: int | None, settings: HttpSettings | None = None) -> AsyncIterator[Tar]:
    """A tar where its publisher offers it.

    Args:
        url: its address.
        size: bytes that it must have, by the record; None where that is not known.
        settings: how to talk to the server.

    Raises:
        StoreError: it cannot be had.
        TarError: the server announces another size.
    """
    folder, name = split_address(url)
    async with opened_web(folder, settings, _PATIENCE) as store, store.read(name) as reading:
        assert reading is not None  # only a conditional read yields None
        tar = Tar(reading.chunks(), url, size)
        if None not in (size, reading.info.size) and reading.info.size != size:
            raise tar.wrong_size(f"{reading.info.size:,}")
        yield tar


def split_address(url: str) -> tuple[str, str]:
    """The directory and the name of a file on the web.

    Raises:
        RefusedError: it is no such address; passwords in the clear are none either.
    """
    parts = urlsplit(url)
    folder, slash, name = parts.path.rpartition("/")
    try:
        check_safe(unquote(name))
    except PathError as error:
        raise RefusedError(f"{url[:200]!a} is no address of a tar: {error.what}") from error
    plain = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not plain or not slash or parts.query or parts.fragment or "@" in parts.netloc:
        raise RefusedError(
            f"{url[:200]!a} is no address of a tar: it must begin with https:// and have no query or account."
        )
    return f"{parts.scheme}://{parts.netloc}{folder}", unquote(name)


def opened_web(
    folder: str, settings: HttpSettings | None, retry: RetrySettings | None = None, query: str = ""
) -> Store:
    """A web directory whose temporary failures are tried again; enter it to use it."""
    return RetryingStore(HttpStore(folder, settings, query=query), retry)
