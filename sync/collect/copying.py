"""One file out of an inbox: copied whole or not at all, and deleted there only while it is still the same."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gdac.errors import StoreError
from gdac.store import Declared, NotFoundError, ObjectInfo, Reading, Store, TemporaryStoreError
from sync.collect.inbox import Inbox, Waiting

#: Seconds that one file may take in any case, and bytes a second that it must come with beyond them.
_PATIENCE, _SLOWEST = 120.0, 256 << 10
#: A time in an inbox is believed to be that of arrival for so long; an older one was brought along with the file.
_BELIEVED: Final = timedelta(days=1)


class ChangedError(Exception):
    """The file changed while it was read, or since it was listed."""


class GoneError(Exception):
    """The file is not in the inbox any more."""


class UnreadError(Exception):
    """The inbox did not give the file.

    Attributes:
        told: what it said.
        is_account: the account is to blame and not this file: others will fail too.
    """

    def __init__(self, error: StoreError) -> None:
        super().__init__(str(error))
        self.told = error.what
        self.is_account = isinstance(error, TemporaryStoreError)


@dataclass(frozen=True, slots=True)
class Copied:
    """A file that was copied.

    Attributes:
        name: bare name.
        size: bytes.
        sha256: of them.
        arrived: when it came into the inbox (UTC), as far as that can be told; else when it was taken.
        validator: the inbox's, of the bytes that were copied; None where it tells none.
    """

    name: str
    size: int
    sha256: bytes
    arrived: datetime
    validator: str | None


async def copy_in(inbox: Inbox, one: Waiting, held: Store, key: str, now: datetime) -> Copied:
    """Copy a file of an inbox into another store.

    Args:
        inbox: where it waits.
        one: the file, as it was listed.
        held: the other store.
        key: where in it.
        now: when (UTC).

    Raises:
        ChangedError, GoneError, UnreadError: see there; nothing was kept.
        StoreError: the other store failed.
    """
    try:
        async with asyncio.timeout(_PATIENCE + one.size / _SLOWEST), AsyncExitStack() as stack:
            reading = await _opened(inbox, one, stack)
            digest = hashlib.sha256()
            await held.write(key, _passed_on(reading, one.size, digest), Declared(one.size))
            info = reading.info
    except TimeoutError:
        slow = TemporaryStoreError(f"{one.name} of {inbox.store.name} comes too slowly.")
        raise UnreadError(slow) from None
    if not inbox.store.capabilities.lists_whole:
        await _refuse_changed(inbox, one.name, info)
    arrived = info.modified if info.modified and now - _BELIEVED <= info.modified <= now else now
    return Copied(one.name, one.size, digest.digest(), arrived, info.validator)


async def take_out(inbox: Inbox, name: str, size: int, validator: str | None) -> bool:
    """Delete a file from an inbox, unless it is another one by now; returns whether it is gone.

    Between the look and the delete there is a round trip in which a DAC could put another file: no kind of inbox but
    a bucket could do both at once.

    Raises:
        StoreError: the inbox failed.
    """
    try:
        info = await inbox.store.stat(inbox.key(name))
    except NotFoundError:
        return True
    if info.size != size or (validator is not None and info.validator != validator):
        return False
    await inbox.store.delete(inbox.key(name))
    return True


async def _opened(inbox: Inbox, one: Waiting, stack: AsyncExitStack) -> Reading:
    try:
        reading = await stack.enter_async_context(inbox.store.read(inbox.key(one.name)))
    except NotFoundError:
        raise GoneError(one.name) from None
    except StoreError as error:
        raise UnreadError(error) from error
    assert reading is not None  # only with `unless`
    info = reading.info
    if info.size not in {None, one.size} or (one.validator is not None and info.validator != one.validator):
        raise ChangedError(one.name)
    return reading


async def _passed_on(reading: Reading, size: int, digest: "hashlib._Hash") -> AsyncIterator[bytes]:
    got = 0
    try:
        async for piece in reading.chunks():
            got += len(piece)
            if got > size:
                raise ChangedError(reading.info.path)
            digest.update(piece)
            yield piece
    except StoreError as error:
        raise UnreadError(error) from error
    if got < size:
        raise ChangedError(reading.info.path)


async def _refuse_changed(inbox: Inbox, name: str, before: ObjectInfo) -> None:
    try:
        after = await inbox.store.stat(inbox.key(name))
    except NotFoundError:
        return  # its DAC took it back, after all of it was read
    except StoreError as error:
        raise UnreadError(error) from error
    if (after.size, after.validator) != (before.size, before.validator) and before.size is not None:
        raise ChangedError(name)
