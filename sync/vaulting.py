"""A store that puts into the vault what it is about to overwrite or delete: written once, for every kind of hub."""

from collections.abc import AsyncIterable, AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

from gdac.errors import StoreError
from gdac.paths import MANIFEST_DIR
from gdac.store import Capabilities, Declared, Expect, ObjectInfo, Reading, Store
from sync.vault import Vault


class Vaulting:
    """A store that puts into a vault what it is about to overwrite or delete; what lies under ``manifest/`` apart.

    Args:
        store: the hub's.
        vault: where bytes go first.
    """

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store, self._vault = store, vault

    @property
    def name(self) -> str:
        """That of the store itself."""
        return self._store.name

    @property
    def capabilities(self) -> Capabilities:
        """Those of the store itself."""
        return self._store.capabilities

    async def stat(self, key: str) -> ObjectInfo:
        """As the store does."""
        return await self._store.stat(key)

    def read(self, key: str, *, unless: str | None = None) -> AbstractAsyncContextManager[Reading | None]:
        """As the store does."""
        return self._store.read(key, unless=unless)

    def list(self, prefix: str, *, recursive: bool = False) -> AsyncIterator[ObjectInfo]:
        """As the store does."""
        return self._store.list(prefix, recursive=recursive)

    async def write(
        self,
        key: str,
        body: bytes | AsyncIterable[bytes],
        declared: Declared,
        *,
        expect: Expect | str = Expect.ANYTHING,
    ) -> ObjectInfo:
        """Keep what is there, then write. Raises `StoreError` when it could not be kept; nothing was written then."""
        await self._keep(key)
        return await self._store.write(key, body, declared, expect=expect)

    async def delete(self, key: str) -> None:
        """Keep what is there, then delete. Raises `StoreError` when it could not be kept; nothing was deleted then."""
        await self._keep(key)
        await self._store.delete(key)

    async def _keep(self, key: str) -> None:
        if key.startswith(f"{MANIFEST_DIR}/"):
            return
        try:
            await self._vault.keep(self._store, key)
        except StoreError as error:
            raise StoreError(
                f"{key} of {self.name} could not be put into the vault, so it was left as it is: {error.what}",
                hint=error.hint,
            ) from error

    async def copy(self, source: str, target: str) -> None:
        """Keep what is at the target, then copy."""
        await self._keep(target)
        await self._store.copy(source, target)

    async def copy_from(self, other: Store, key: str, target: str) -> Any:
        """Keep what is at the target, then have the servers copy."""
        await self._keep(target)
        store: Any = self._store
        return await store.copy_from(other, key, target)

    async def probe(self) -> Any:
        """As the store does."""
        store: Any = self._store
        return await store.probe()

    async def flush(self) -> None:
        """As the store does, after the vault."""
        await self._vault.store.flush()
        await self._store.flush()

    async def clean(self) -> int:
        """As the store does."""
        return await self._store.clean()

    async def __aenter__(self) -> Self:
        """The store is open already."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Who opened the store closes it."""
