"""Tries a store out through its own port: for disks and servers that show every file as it is."""

import secrets
from collections.abc import Awaitable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from gdac.store import ChangedError, Declared, Expect, NotFoundError, ObjectInfo, Probed, Store

_WHEN: Final = datetime(2000, 1, 1, tzinfo=UTC)


async def try_out(store: Store) -> Probed:
    """Write a temporary file under several expectations, one after the other, and remove it.

    A race between two writers cannot be seen this way: whether an expectation is kept *atomically* the adapter knows.

    Raises:
        StoreError: the store cannot be written.
    """
    key = f"manifest/gdac-probe-{secrets.token_hex(8)}"
    body = b"probe"
    declared = Declared(len(body), sha256(body).hexdigest(), _WHEN)
    try:
        first = await store.write(key, body, declared, expect=Expect.NOTHING)
        kept = (await store.stat(key)).modified == _WHEN
        again = await _goes_through(store.write(key, body, declared, expect=Expect.NOTHING))
        wrong = await _goes_through(store.write(key, body, declared, expect="0-0-0"))
        right = await _goes_through(store.write(key, body, declared, expect=first.validator or "0-0-0"))
    finally:
        await store.delete(key)
    return Probed(creates_once=not again, swaps=right and not wrong, keeps_modified=kept)


async def _goes_through(write: Awaitable[ObjectInfo]) -> bool:
    try:
        await write
    except (ChangedError, NotFoundError):
        return False
    return True
