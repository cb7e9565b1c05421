"""What every store must do, on real servers, for those who write: the long form of `gdac.store`."""

import asyncio
import os
import tracemalloc
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from gdac.errors import StoreError
from gdac.store import (
    ChangedError,
    Declared,
    Expect,
    NotFoundError,
    ObjectInfo,
    Store,
)
from sync.loop import run
from tests.contract.traffic import WHEN, declared, fetch, listed, pieces

# --- writing


def test_write_and_overwrite(writable) -> None:
    async def visit() -> None:
        async with writable.open() as store:
            for data in (b"first", b"", os.urandom(30_000)):
                info = await store.write("dac/x.nc", data, declared(data))
                assert (info.path, info.size, info.modified) == ("dac/x.nc", len(data), WHEN)
                assert await fetch(store, "dac/x.nc") == data
                now = await store.stat("dac/x.nc")
                assert now.validator == info.validator
                if store.capabilities.keeps_modified:
                    assert now.modified == WHEN
            await store.flush()

    run(visit())


def test_large_write_in_flat_memory(writable) -> None:
    block = os.urandom(1 << 18)
    size = 200 * len(block)
    digest = sha256(block * 200).hexdigest()

    async def body() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield bytes(bytearray(block))  # a new object each time, as from a socket

    async def visit() -> int:
        async with writable.open() as store:
            tracemalloc.start()
            try:
                await store.write("dac/big.nc", body(), Declared(size, digest, WHEN))
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
            assert sha256(await fetch(store, "dac/big.nc")).hexdigest() == digest
            assert (await store.stat("dac/big.nc")).modified == WHEN
            return peak

    peak = run(visit())
    if writable.name not in {"s3-moto", "gcs-own"}:  # which share this process
        assert peak < (4 << 20 if writable.name == "local" else 30 << 20)


@pytest.mark.parametrize("size", [40_000, 9_500_000])
def test_body_that_raises_changes_nothing(writable, size: int) -> None:
    data = os.urandom(size)

    async def breaking() -> AsyncIterator[bytes]:
        async for piece in pieces(data[: size // 2]):
            yield piece
        raise StoreError("the source went away")

    async def visit() -> None:
        async with writable.open() as store:
            await store.write("dac/x.nc", b"old", declared(b"old"))
            for key in ("dac/x.nc", "dac/new.nc"):
                with pytest.raises(StoreError, match="the source went away"):
                    await store.write(key, breaking(), declared(data))
            assert await fetch(store, "dac/x.nc") == b"old"
            assert await listed(store, "", recursive=True) == {"dac/x.nc"}

    run(visit())
    _nothing_left(writable)


@pytest.mark.parametrize("size", [30_000, 9_500_000])
@pytest.mark.parametrize("off", [-1, 1, -20_000])
def test_wrong_declared_size_changes_nothing(writable, size: int, off: int) -> None:
    data = os.urandom(size)
    wrong = Declared(size + off)

    async def visit() -> None:
        async with writable.open() as store:
            await store.write("dac/x.nc", b"old", declared(b"old"))
            for body in (data, pieces(data)):
                with pytest.raises(StoreError, match="declared") as found:
                    await store.write("dac/x.nc", body, wrong)
                assert f"{size + off:,}" in found.value.what
            assert await fetch(store, "dac/x.nc") == b"old"

    run(visit())
    _nothing_left(writable)


@pytest.mark.parametrize("size", [30_000, 20_000_000])
def test_cancelled_write_changes_nothing(writable, size: int) -> None:
    data = os.urandom(size)

    async def slow() -> AsyncIterator[bytes]:
        yield data[: size - 10]
        await asyncio.sleep(60)
        yield data[size - 10 :]

    async def visit() -> None:
        async with writable.open() as store:
            await store.write("dac/x.nc", b"old", declared(b"old"))
            task = asyncio.ensure_future(store.write("dac/x.nc", slow(), declared(data)))
            await asyncio.sleep(0.3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await fetch(store, "dac/x.nc") == b"old"
            assert await listed(store, "", recursive=True) == {"dac/x.nc"}

    run(visit())
    _nothing_left(writable)


def _nothing_left(place) -> None:
    if place.name == "local":
        assert not [path for path in Path(place.url).glob(".gdac-tmp/*/*") if path.name != "lock"]


def test_readers_see_old_or_new(writable) -> None:
    if writable.name == "sftp-rclone":
        pytest.skip("rclone serve sftp goes on reading under the name, not in the file that was opened")
    old, new = b"a" * 200_000, b"b" * 200_000

    async def visit() -> None:
        async with writable.open() as store:
            await store.write("dac/x.nc", old, declared(old))
            stop = asyncio.Event()

            async def look() -> int:
                seen = 0
                while not stop.is_set():
                    assert await fetch(store, "dac/x.nc") in {old, new}
                    seen += 1
                return seen

            looking = [asyncio.ensure_future(look()) for _ in range(3)]
            for turn in range(10):
                data = new if turn % 2 else old
                await store.write("dac/x.nc", pieces(data), declared(data))
            stop.set()
            assert min(await asyncio.gather(*looking)) > 0

    run(visit())


def test_concurrent_writes(writable) -> None:
    files = {f"dac/{number % 7}/{number}.nc": os.urandom(1000 + number) for number in range(100)}

    async def visit() -> None:
        async with writable.open() as store:
            await asyncio.gather(*[store.write(key, data, declared(data)) for key, data in files.items()])
            assert await listed(store, "", recursive=True) == set(files)
            for key, data in files.items():
                assert await fetch(store, key) == data

    run(visit())


def test_copy_and_delete(writable) -> None:
    async def visit() -> None:
        async with writable.open() as store:
            await store.write("dac/x.nc", b"bytes", declared(b"bytes"))
            await store.copy("dac/x.nc", "old/deep/x.nc")
            await store.write("dac/x.nc", b"others", declared(b"others"))
            assert await fetch(store, "old/deep/x.nc") == b"bytes"
            copied = await store.stat("old/deep/x.nc")
            assert copied.modified == WHEN
            assert copied.sha256 in {None, sha256(b"bytes").hexdigest()}
            with pytest.raises(NotFoundError):
                await store.copy("dac/none.nc", "y.nc")
            await store.delete("dac/x.nc")
            await store.delete("dac/x.nc")
            await store.delete("never/was/there.nc")
            assert await listed(store, "", recursive=True) == {"old/deep/x.nc"}
            assert await store.clean() == 0

    run(visit())


# --- preconditions


async def _ready(place, store: Store) -> bool:
    """Whether the store claims compare-and-swap, after probing where it must."""
    await store.probe()
    return store.capabilities.compare_and_swap


def test_preconditions(writable) -> None:
    """One after the other they are kept even where the server ignores them."""

    async def visit() -> None:
        async with writable.open() as store:
            assert await _ready(writable, store) == (writable.name in {"local", "s3-moto", "azure-azurite", "gcs-own"})
            first = await store.write("head.json", b"1", declared(b"1"), expect=Expect.NOTHING)
            with pytest.raises(ChangedError):
                await store.write("head.json", b"x", declared(b"x"), expect=Expect.NOTHING)
            assert first.validator is not None
            # Another size: FTP and SFTP know a version by size and second only.
            await store.write("head.json", b"22", declared(b"22"), expect=first.validator)
            with pytest.raises(ChangedError):
                await store.write("head.json", b"x", declared(b"x"), expect=first.validator)
            await store.delete("head.json")
            with pytest.raises((ChangedError, NotFoundError)):
                await store.write("head.json", b"x", declared(b"x"), expect=first.validator)
            assert await listed(store, "", recursive=True) == set()

    run(visit())


@pytest.mark.parametrize("kind", ["nothing", "validator"])
def test_two_writers_one_wins(writable, kind: str) -> None:
    async def visit() -> None:
        async with writable.open() as one, writable.open() as other:
            if not await _ready(writable, one):
                pytest.skip("it claims no compare-and-swap")
            await _ready(writable, other)
            for turn in range(12):
                key = f"manifest/head{turn}.json"
                expect: Expect | str = Expect.NOTHING
                if kind == "validator":
                    expect = (await one.write(key, b"base", declared(b"base"))).validator or ""
                bodies = [f"writer {number}".encode() for number in range(4)]
                ended = await asyncio.gather(
                    *[
                        store.write(key, body, declared(body), expect=expect)
                        for store, body in zip([one, other, one, other], bodies, strict=True)
                    ],
                    return_exceptions=True,
                )
                won = [body for body, end in zip(bodies, ended, strict=True) if isinstance(end, ObjectInfo)]
                assert len(won) == 1, ended
                assert all(isinstance(end, ObjectInfo | ChangedError) for end in ended)
                assert await fetch(one, key) == won[0]

    run(visit())
