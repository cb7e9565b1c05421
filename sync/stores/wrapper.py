"""A store that passes everything on to another: what retry, limits, dry-run and faults build on."""

from collections.abc import AsyncIterable, AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Self

from gdac.store import Capabilities, Declared, Expect, ObjectInfo, Probed, Reading, Store


class Wrapper:
    """All of `gdac.store.Store`, by another store.

    Args:
        store: the other one; opened and closed with this.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def name(self) -> str:
        """The other store's."""
        return self._store.name

    @property
    def capabilities(self) -> Capabilities:
        """The other store's."""
        return self._store.capabilities

    async def stat(self, key: str) -> ObjectInfo:
        """See `gdac.store.Store.stat`."""
        return await self._store.stat(key)

    def read(self, key: str, *, unless: str | None = None) -> AbstractAsyncContextManager[Reading | None]:
        """See `gdac.store.Store.read`."""
        return self._store.read(key, unless=unless)

    def read_on(self, key: str, at: int, version: str) -> AbstractAsyncContextManager[Reading | None]:
        """See `gdac.store.Store.read_on`."""
        return self._store.read_on(key, at, version)

    def list(self, prefix: str, *, recursive: bool = False) -> AsyncIterator[ObjectInfo]:
        """See `gdac.store.Store.list`."""
        return self._store.list(prefix, recursive=recursive)

    async def has_folder(self, key: str) -> bool | None:
        """See `gdac.store.Store.has_folder`."""
        return await self._store.has_folder(key)

    async def write(
        self,
        key: str,
        body: bytes | AsyncIterable[bytes],
        declared: Declared,
        *,
        expect: Expect | str = Expect.ANYTHING,
    ) -> ObjectInfo:
        """See `gdac.store.Store.write`."""
        return await self._store.write(key, body, declared, expect=expect)

    async def copy(self, source: str, target: str) -> None:
        """See `gdac.store.Store.copy`."""
        await self._store.copy(source, target)

    def copies_from(self, other: Store) -> bool:
        """See `gdac.store.Store.copies_from`; the other side's wrappers are looked through."""
        return self._store.copies_from(_innermost(other))

    async def copy_from(self, other: Store, key: str, target: str) -> ObjectInfo | None:
        """See `gdac.store.Store.copy_from`; the other side's wrappers are looked through."""
        return await self._store.copy_from(_innermost(other), key, target)

    async def delete(self, key: str) -> None:
        """See `gdac.store.Store.delete`."""
        await self._store.delete(key)

    async def flush(self) -> None:
        """See `gdac.store.Store.flush`."""
        await self._store.flush()

    async def clean(self) -> int:
        """See `gdac.store.Store.clean`."""
        return await self._store.clean()

    async def probe(self, known: Probed | None = None) -> Probed:
        """See `gdac.store.Store.probe`."""
        return await self._store.probe(known)

    async def __aenter__(self) -> Self:
        """Open the other store."""
        await self._store.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close it."""
        await self._store.__aexit__(*exc)


def _innermost(store: Store) -> Store:
    while isinstance(store, Wrapper):
        store = store._store
    return store
