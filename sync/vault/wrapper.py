"""A store that puts into the vault what it is about to overwrite or delete: written once, for every kind of hub."""

from collections.abc import AsyncIterable
from typing import Self

from gdac.errors import StoreError
from gdac.paths import MANIFEST_DIR
from gdac.store import Declared, Expect, ObjectInfo, Store
from sync.stores.wrapper import Wrapper
from sync.vault.vault import Vault


class Vaulting(Wrapper):
    """A store that puts into a vault what it is about to overwrite or delete; what lies under ``manifest/`` apart.

    Args:
        store: the hub's.
        vault: where bytes go first.
    """

    def __init__(self, store: Store, vault: Vault) -> None:
        super().__init__(store)
        self._vault = vault

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

    async def copy_from(self, other: Store, key: str, target: str) -> ObjectInfo | None:
        """Keep what is at the target, then have the servers copy."""
        await self._keep(target)
        return await super().copy_from(other, key, target)

    async def flush(self) -> None:
        """As the store does, after the vault."""
        await self._vault.store.flush()
        await self._store.flush()

    async def __aenter__(self) -> Self:
        """The store is open already."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Who opened the store closes it."""
