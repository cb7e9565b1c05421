"""Tries an object store out: what it does with preconditions, wrong digests and metadata is seen, not believed.

A refusal counts only where the server says that the precondition does not hold. An error of any other kind proves
nothing, and one that may pass ends the probe, to be begun again.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final

import obstore
from obstore.exceptions import AlreadyExistsError, PreconditionError

from gdac.errors import StoreError
from gdac.paths import MANIFEST_DIR
from gdac.store import Probed
from sync.stores.etags import digest_of
from sync.stores.objecterrors import ERRORS, explain

#: Folder of the keys that probes use; never shown by listings.
PROBES: Final = f"{MANIFEST_DIR}/.probe"
#: A moment that no clock of ours gives, for metadata.
PROBE_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
_BODY: Final = b"probe"
#: Writers of one key at the same instant.
_RACERS: Final = 4
#: Probe keys older than this were left by a run that died.
_STALE: Final = timedelta(hours=1)


class _Went(Enum):
    """How a conditional write ended."""

    THROUGH = "through"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a probe must know of the store that it tries.

    Attributes:
        client: of the data path.
        prefix: where the archive begins in it, with a slash at its end, or nothing.
        name: for messages.
        mtime: the moment `PROBE_TIME` as this provider's metadata have it.
        validator: of an object, from what the data path says of it.
        swap: the data path's condition that a version is still there.
        send_wrong: uploads under a key with a wrong MD5, with a wrong SHA-256: were they refused?
    """

    client: Any
    prefix: str
    name: str
    mtime: str
    validator: Callable[[Any], str | None]
    swap: Callable[[str], Any]
    send_wrong: Callable[[str], Awaitable[tuple[bool | None, bool | None]]]


async def try_bucket(bucket: Bucket) -> Probed:
    """Write, overwrite, list and delete a few small objects; returns what was seen.

    Raises:
        StoreError: what was just written is not listed.
        obstore.exceptions.BaseError: the bucket cannot be written, read, listed or deleted from; or a failure that may
            pass.
    """
    folder = f"{bucket.prefix}{PROBES}/{secrets.token_hex(8)}"
    # In byte order; by folders, or ignoring signs, they would come otherwise.
    keys = [f"{folder}/a-b", f"{folder}/a/b", f"{folder}/a0"]
    try:
        return await _try(bucket, keys)
    finally:
        await _delete(bucket, keys)


async def _try(bucket: Bucket, keys: list[str]) -> Probed:
    key, attributes = keys[0], {"mtime": bucket.mtime, "sha256": "00"}
    for other in keys[:0:-1]:
        await obstore.put_async(bucket.client, other, _BODY, mode="overwrite")
    first = await obstore.put_async(bucket.client, key, _BODY, mode="overwrite", attributes=attributes)
    found = await obstore.get_async(bucket.client, key, options={"head": True})
    kept = {name.lower(): value for name, value in found.attributes.items()}
    lists_sorted = await _list(bucket, keys)
    created = await _write(bucket, key, "create")
    wrong = bucket.validator({**first, "e_tag": f'"{"0" * 32}"', "version": "1"})
    over_wrong = await _write(bucket, key, bucket.swap(wrong or ""))
    over_right = await _write(bucket, key, bucket.swap(bucket.validator(first) or ""))
    wrong_md5, wrong_sha256 = await bucket.send_wrong(f"{key}-wrong")
    return Probed(
        creates_once=created is _Went.REFUSED,
        swaps=over_wrong is _Went.REFUSED and over_right is _Went.THROUGH,
        one_of_many=await _race(bucket, key),
        keeps_modified=attributes.items() <= kept.items(),
        etag_is_md5=(first["e_tag"] or "").strip('"') == digest_of(_BODY),
        refuses_wrong_md5=wrong_md5,
        refuses_wrong_sha256=wrong_sha256,
        lists_sorted=lists_sorted,
    )


async def _write(bucket: Bucket, key: str, mode: Any, body: bytes = _BODY) -> _Went:
    try:
        await obstore.put_async(bucket.client, key, body, mode=mode)
    except (AlreadyExistsError, PreconditionError):
        return _Went.REFUSED
    except ERRORS as error:
        if explain(error, {}).temporary:
            raise
        return _Went.FAILED
    return _Went.THROUGH


async def _race(bucket: Bucket, key: str) -> bool:
    """Whether of several writers over one version not more than one got through.

    That one did is no proof for ever; that two did is proof of the contrary.
    """
    there = await obstore.get_async(bucket.client, key, options={"head": True})
    version = bucket.swap(bucket.validator(there.meta) or "")
    bodies = [b"%d" % number for number in range(_RACERS)]
    ended = await asyncio.gather(
        *[_write(bucket, key, version, body) for body in bodies],
        return_exceptions=True,  # a server may be too busy to answer them all
    )
    if ended.count(_Went.REFUSED) < _RACERS - 1:
        # A server that caches its folders (rclone's) can lose sight of a key that several wrote at once, and then
        # keeps its bytes when the key is deleted; one writer alone shows it the key again.
        await obstore.put_async(bucket.client, key, _BODY, mode="overwrite")
    return ended.count(_Went.THROUGH) <= 1


async def _list(bucket: Bucket, keys: list[str]) -> bool:
    """Whether our keys are listed in byte order; keys of probes that died go."""
    home = f"{bucket.prefix}{PROBES}"
    metas = [meta async for batch in obstore.list(bucket.client, home) for meta in batch]
    ours = [meta for meta in metas if meta["path"] in keys]
    if len(ours) != len(keys):
        raise StoreError(f"{bucket.name} does not list what was just written there.")
    now = max(meta["last_modified"] for meta in ours)  # by the server's clock
    await _delete(bucket, [meta["path"] for meta in metas if now - meta["last_modified"] > _STALE])
    return [meta["path"] for meta in ours] == keys


async def _delete(bucket: Bucket, keys: list[str]) -> None:
    for key in keys:
        with suppress(FileNotFoundError):
            await obstore.delete_async(bucket.client, key)
