"""What a store holds already, before it shows its first head: files with the right bytes need not travel again."""

import hashlib
from pathlib import Path
from typing import Final

import duckdb

from gdac.paths import MANIFEST_DIR
from gdac.store import ListingNotOfferedError, NotFoundError, Store
from sync.spool import Spool
from sync.stores.etags import looks_like_md5

_COLUMNS: Final = {"path": "VARCHAR", "size": "BIGINT", "md5": "HEX"}
_MD5_LENGTH: Final = 32


async def list_held(store: Store, connection: duckdb.DuckDBPyConnection, table: str, workdir: Path) -> None:
    """Make ``table`` (path, size, md5) of what a store lists; md5 is null where the listing does not prove it.

    Raises:
        StoreError: the store does not answer.
    """
    with Spool(workdir / f"{table}.tsv") as spool:
        try:
            async for info in store.list("", recursive=True):
                name = info.path
                if info.size is None or name.startswith(f"{MANIFEST_DIR}/") or not name.isprintable() or "\\" in name:
                    continue
                etag = (info.validator or "").strip('"')
                spool.add(name, info.size, etag if len(etag) == _MD5_LENGTH and looks_like_md5(etag) else None)
        except ListingNotOfferedError:
            pass  # nothing can be concluded: everything travels
        spool.load(connection, table, _COLUMNS)


async def holds(store: Store, key: str, sha256: bytes) -> bool:
    """Whether a store holds these very bytes: by the digest that it carries, else by reading them."""
    try:
        info = await store.stat(key)
        if info.sha256 is not None:
            return info.sha256 == sha256.hex()
        found = hashlib.sha256()
        async with store.read(key) as reading:
            assert reading is not None  # only a conditional read yields None
            async for chunk in reading.chunks():
                found.update(chunk)
    except NotFoundError:
        return False
    return found.digest() == sha256
