"""What the contract suite sends to and fetches from stores."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256

from gdac.store import (
    Declared,
    Store,
)

WHEN = datetime(2020, 2, 29, 12, 34, 56, tzinfo=UTC)
NAMES = (
    "dac/aoml/13857/profiles/R13857_001.nc",
    "aux/a name with blanks.txt",
    "aux/plus+percent%41hash#and&more.txt",
    "aux/question?mark=1;2.txt",
    "aux/été-ñ-日本.txt",
    "aux/~tilde'quote(1)!.txt",
)
HOSTILE = ("../x", "/etc/passwd", "a//b", "a/../b", "a\r\nDELE b", "a\x00b", ".hidden", "a/", "", "a\\b", "a" * 300)


def declared(data: bytes, **more: object) -> Declared:
    return Declared(len(data), sha256(data).hexdigest(), WHEN, "application/x-netcdf", **more)  # type: ignore[arg-type]


async def pieces(data: bytes, size: int = 65536) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        await asyncio.sleep(0)
        yield data[at : at + size]


async def fetch(store: Store, key: str) -> bytes:
    async with store.read(key) as reading:
        assert reading is not None
        data = b"".join([piece async for piece in reading.chunks()])
        assert reading.info.size in {None, len(data)}
        return data


async def fill(place, files: dict[str, bytes]) -> None:
    """Put files there: through the store where it writes, else on the server's disk."""
    if place.writes:
        async with place.open() as store:
            for key, data in files.items():
                await store.write(key, data, declared(data))
        return
    for key, data in files.items():
        path = place.disk / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (WHEN.timestamp(), WHEN.timestamp()))


async def listed(store: Store, prefix: str, *, recursive: bool = False) -> set[str]:
    return {info.path async for info in store.list(prefix, recursive=recursive)}
