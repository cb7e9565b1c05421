"""The vault: superseded and removed bytes, kept by digest for a retention period, in a store of the operator's choice.

A file is ``sha256/ab/cdef...``: the first two hex digits of its digest, then the others.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import duckdb

from gdac.store import NotFoundError, Store
from sync.serverside import Due, ServerCopies
from sync.state import State
from sync.transfer import carry

_BATCH: Final = 1_000


def vault_key(sha256: bytes) -> str:
    """Where bytes of this digest lie in a vault."""
    text = sha256.hex()
    return f"sha256/{text[:2]}/{text[2:]}"


class Vault:
    """Bytes by digest.

    Args:
        store: where they lie, opened.
        state: remembers since when.
        now: the clock (UTC).
    """

    def __init__(self, store: Store, state: State, now: Callable[[], datetime]) -> None:
        self.store, self._state, self._now = store, state, now

    async def keep(self, source: Store, path: str) -> bytes | None:
        """Put what ``source`` holds under ``path`` into the vault, unless it is there; returns its digest.

        None when the source holds nothing there. The digest is that of the bytes, whatever a manifest says; they are
        read twice, and must be the same.

        Raises:
            StoreError: the bytes could not be read or kept; the caller must leave them where they are.
        """
        try:
            async with source.read(path) as reading:
                assert reading is not None  # only a conditional read yields None
                modified = reading.info.modified
                found, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
                async for chunk in reading.chunks():
                    found.update(chunk)
                    md5.update(chunk)
                    size += len(chunk)
        except NotFoundError:
            return None
        sha256 = found.digest()
        key = vault_key(sha256)
        if not await self._holds(key, size):
            # The bytes travel by a second reading that must give the same ones: those of a reading that went wrong
            # would be kept under a digest of their own, and the true ones lost with the next write.
            due = Due(sha256, md5.digest(), size=size)
            if await ServerCopies(source, self.store).copy(path, key, due) is None:
                await carry(source, path, self.store, sha256=sha256, modified=modified, target_key=key)
        self._state.remember_vaulted(sha256, size, self._now())
        return sha256

    async def _holds(self, key: str, size: int) -> bool:
        try:
            return (await self.store.stat(key)).size == size
        except NotFoundError:
            return False

    def due(self, retention: timedelta) -> list[bytes]:
        """Digests of bytes that nobody needed since before the retention."""
        return self._state.vaulted_before(self._now() - retention)

    async def clean_up(self, connection: duckdb.DuckDBPyConnection, manifest: str, retention: timedelta) -> int:
        """Delete what is older than the retention and no file of the current manifest; returns how many.

        What left the manifest within the retention was kept then or later, so every state of that time can be read.

        Args:
            connection: holds the current manifest.
            manifest: its table or view.
            retention: how long bytes are kept after they were needed last.
        """
        deleted = 0
        due = self.due(retention)
        for at in range(0, len(due), _BATCH):
            some = due[at : at + _BATCH]
            query = f"select sha256 from {manifest} where sha256 in (select unnest(?::blob[]))"
            current = {bytes(row[0]) for row in connection.execute(query, [some]).fetchall()}
            gone = [sha256 for sha256 in some if sha256 not in current]
            for sha256 in gone:
                await self.store.delete(vault_key(sha256))
            self._state.forget_vaulted(gone)
            deleted += len(gone)
        return deleted
