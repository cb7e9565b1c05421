"""A hub that is the operator's own tree: read where it lies, written under ``manifest/`` and nowhere else.

It takes the hub's and the source's place at once, so that ingest, journal and resume are the same for all hubs: a file
is read and hashed, and its "write" only looks whether the file is still the one that was read.
"""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from gdac.errors import StoreError
from gdac.paths import MANIFEST_DIR
from gdac.store import Capabilities, Declared, Expect, NotFoundError, ObjectInfo, Probed, Reading, Store
from sync.places import local_path
from sync.stores.local import LocalStore
from sync.stores.wrapper import Wrapper
from sync.transfer import BadTransferError

_SEALED: Final = f"{MANIFEST_DIR}/"
#: Coarsest tick of a file system's clock, in seconds: of those that count fractions, and of those that do not.
_TICK, _COARSE_TICK = 0.05, 2.0


def open_in_place(store: str) -> "InPlace":
    """The store of a tree that is sealed in place."""
    root = Path(local_path(store) or store)
    return InPlace(LocalStore(root), LocalStore(root / MANIFEST_DIR))


class InPlace(Wrapper):
    """A tree that others write.

    Args:
        tree: the whole of it; only read.
        sealed: what lies under ``manifest/``, as a store of its own, so that unfinished files lie there too.
    """

    def __init__(self, tree: LocalStore, sealed: LocalStore) -> None:
        super().__init__(tree)
        self._tree, self._sealed = tree, sealed
        self._being_read: dict[str, str | None] = {}

    @property
    def capabilities(self) -> Capabilities:
        """Those of ``manifest/``: nothing else is written."""
        return self._sealed.capabilities

    async def stat(self, key: str) -> ObjectInfo:
        """Facts about one file. Raises `NotFoundError`."""
        if key.startswith(_SEALED):
            return _renamed(await self._sealed.stat(_below(key)), key)
        return await self._store.stat(key)

    @asynccontextmanager
    async def read(self, key: str, *, unless: str | None = None) -> AsyncIterator[Reading | None]:
        """Open a file for reading, once its time tells it from what may be written next."""
        if key.startswith(_SEALED):
            async with self._sealed.read(_below(key), unless=unless) as found:
                yield found
            return
        async with AsyncExitStack() as stack:
            reading = await stack.enter_async_context(self._tree.read(key, unless=unless))
            if reading is not None and (left := _seconds_to_age(reading.info)):
                await stack.aclose()
                await asyncio.sleep(left)
                reading = await stack.enter_async_context(self._tree.read(key, unless=unless))
            if reading is not None:
                self._being_read[key] = reading.info.validator
                stack.callback(self._being_read.pop, key, None)
            yield reading

    async def list(self, prefix: str, *, recursive: bool = False) -> AsyncIterator[ObjectInfo]:
        """Files below a directory."""
        if f"{prefix}/".startswith(_SEALED):
            async for info in self._sealed.list(prefix.partition("/")[2], recursive=recursive):
                yield _renamed(info, _SEALED + info.path)
            return
        async for info in self._store.list(prefix, recursive=recursive):
            yield info

    async def write(
        self,
        key: str,
        body: bytes | AsyncIterable[bytes],
        declared: Declared,
        *,
        expect: Expect | str = Expect.ANYTHING,
    ) -> ObjectInfo:
        """Write under ``manifest/``; elsewhere, look whether the file that is being read is still the same.

        Raises:
            BadTransferError: it has changed meanwhile.
            StoreError: the key is not ours to write.
        """
        if key.startswith(_SEALED):
            return _renamed(await self._sealed.write(_below(key), body, declared, expect=expect), key)
        if key not in self._being_read:
            raise self._not_ours(key)
        if not isinstance(body, bytes):
            async for _ in body:
                pass
        try:
            found: ObjectInfo | None = await self._store.stat(key)
        except NotFoundError:
            found = None
        if found is None or found.validator != self._being_read[key]:
            raise BadTransferError(
                f"{key} {'changed' if found else 'went away'} while it was read: somebody is writing it.",
                hint="The next run tries again.",
            )
        return found

    async def copy(self, source: str, target: str) -> None:
        """Copy within ``manifest/``."""
        if not (source.startswith(_SEALED) and target.startswith(_SEALED)):
            raise self._not_ours(target)
        await self._sealed.copy(_below(source), _below(target))

    def copies_from(self, other: Store) -> bool:  # noqa: ARG002
        """Never."""
        return False

    async def copy_from(self, other: Store, key: str, target: str) -> ObjectInfo | None:  # noqa: ARG002
        """None: nothing is copied into a tree in place."""
        return None

    async def delete(self, key: str) -> None:
        """Delete under ``manifest/``."""
        if not key.startswith(_SEALED):
            raise self._not_ours(key)
        await self._sealed.delete(_below(key))

    def _not_ours(self, key: str) -> StoreError:
        return StoreError(
            f"{key} of {self.name} was left alone: in a tree that is sealed in place gdac writes under"
            f" {MANIFEST_DIR}/ only.",
            hint="Change the file in the tree yourself; the next run seals what lies there.",
        )

    async def flush(self) -> None:
        """As the store of ``manifest/`` does."""
        await self._sealed.flush()

    async def clean(self) -> int:
        """Remove unfinished files of ours, under ``manifest/``."""
        return await self._sealed.clean()

    async def probe(self, known: Probed | None = None) -> Probed:
        """What ``manifest/`` honours."""
        return await self._sealed.probe(known)

    async def __aenter__(self) -> Self:
        """Open both."""
        await super().__aenter__()
        await self._sealed.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close both."""
        try:
            await self._sealed.__aexit__(*exc)
        finally:
            await super().__aexit__(*exc)


def _seconds_to_age(info: ObjectInfo) -> float:
    """How long until a write would give the file another time: one tick of the clock can hold two writes."""
    if info.modified is None:
        return 0.0
    tick = _TICK if info.modified.microsecond else _COARSE_TICK
    left = info.modified.timestamp() + tick - time.time()
    return left if 0 < left <= tick else 0.0


def _below(key: str) -> str:
    return key.removeprefix(_SEALED)


def _renamed(info: ObjectInfo, key: str) -> ObjectInfo:
    return replace(info, path=key)
