"""Tries a store out through its own port: for disks and servers that show every file as it is."""

import asyncio
import secrets
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from gdac.paths import MANIFEST_DIR
from gdac.store import ChangedError, Declared, Expect, NotFoundError, ObjectInfo, Probed, Store

_WHEN: Final = datetime(2000, 1, 1, tzinfo=UTC)
_PROBE: Final = f"{MANIFEST_DIR}/gdac-probe-"
_BODY: Final = b"probe"
_NO_VERSION: Final = "0-0-0"
_RACERS: Final = 4


async def try_out(store: Store) -> Probed:
    """Write a temporary file under several expectations and remove it; files of probes that died go too.

    Several writers at once are tried only where the adapter claims that one of them wins.

    Raises:
        StoreError: the store cannot be written.
    """
    await _tidy(store)
    key = f"{_PROBE}{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(8)}"
    declared = Declared(len(_BODY), sha256(_BODY).hexdigest(), _WHEN)
    try:
        first = await store.write(key, _BODY, declared, expect=Expect.NOTHING)
        kept = (await store.stat(key)).modified == _WHEN
        again = await _goes_through(store.write(key, _BODY, declared, expect=Expect.NOTHING))
        wrong = await _goes_through(store.write(key, _BODY, declared, expect=_NO_VERSION))
        right = await _goes_through(store.write(key, _BODY, declared, expect=first.validator or _NO_VERSION))
        one = await _race(store, key) if store.capabilities.compare_and_swap else None
    finally:
        await store.delete(key)
    return Probed(creates_once=not again, swaps=right and not wrong, one_of_many=one, keeps_modified=kept)


async def _goes_through(write: Awaitable[ObjectInfo]) -> bool:
    try:
        await write
    except (ChangedError, NotFoundError):
        return False
    return True


async def _race(store: Store, key: str) -> bool:
    """Whether of several writers over one version not more than one gets through."""
    version = (await store.stat(key)).validator or _NO_VERSION
    bodies = [b"%d" % number for number in range(_RACERS)]
    ended = await asyncio.gather(
        *[_goes_through(store.write(key, body, Declared(len(body)), expect=version)) for body in bodies]
    )
    return sum(ended) <= 1


async def _tidy(store: Store) -> None:
    """Remove what probes that died left; their names tell when they began."""
    old = f"{_PROBE}{datetime.now(UTC) - timedelta(days=1):%Y%m%dT%H%M%S}"
    left = [info.path async for info in store.list(MANIFEST_DIR) if info.path.startswith(_PROBE)]
    for path in left:
        if path < old:
            await store.delete(path)
