"""What every store must do, on real servers: the long form of `gdac.store`."""

import asyncio
import os
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from gdac.errors import GdacError, StoreError, UsageError
from gdac.paths import PathError
from gdac.store import (
    ChangedError,
    Declared,
    Expect,
    ListingNotOfferedError,
    NotFoundError,
    ObjectInfo,
    Store,
)
from sync.loop import run
from tests import servers

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


# --- reading


@pytest.mark.parametrize("size", [0, 1, 30_000, 3_000_000])
def test_bytes_arrive_as_they_are(place, size: int) -> None:
    data = os.urandom(size)

    async def visit() -> None:
        await fill(place, {"dac/x.nc": data})
        async with place.open() as store:
            assert await fetch(store, "dac/x.nc") == data
            info = await store.stat("dac/x.nc")
        assert (info.path, info.size) == ("dac/x.nc", size)
        assert info.validator
        if place.name != "local" or place.writes:
            assert info.modified == WHEN

    run(visit())


def test_names_of_all_kinds(place) -> None:
    files = {name: name.encode() for name in NAMES}

    async def visit() -> None:
        await fill(place, files)
        async with place.open() as store:
            for name, data in files.items():
                assert await fetch(store, name) == data
                assert (await store.stat(name)).size == len(data)
            if place.name == "http-aiohttp":
                return
            assert await listed(store, "", recursive=True) == set(files)

    run(visit())


def test_missing_is_not_found(place) -> None:
    async def visit() -> None:
        await fill(place, {"dac/there.nc": b"x"})
        async with place.open() as store:
            for key in ("dac/missing.nc", "nowhere/missing.nc", "dac/there.nc/below.nc"):
                with pytest.raises(NotFoundError) as found:
                    await store.stat(key)
                assert key in found.value.what
                with pytest.raises(NotFoundError):
                    await fetch(store, key)
            assert await fetch(store, "dac/there.nc") == b"x"  # the connection is still good

    run(visit())


def test_unless_saves_the_bytes(place) -> None:
    async def visit() -> None:
        await fill(place, {"dac/x.nc": b"first"})
        async with place.open() as store:
            async with store.read("dac/x.nc") as reading:
                assert reading is not None
                seen = reading.info.validator
                assert b"".join([piece async for piece in reading.chunks()]) == b"first"
            assert seen == (await store.stat("dac/x.nc")).validator
            async with store.read("dac/x.nc", unless=seen) as reading:
                assert reading is None
            await fill(place, {"dac/x.nc": b"second"})
            async with store.read("dac/x.nc", unless=seen) as reading:
                assert reading is not None
                assert b"".join([piece async for piece in reading.chunks()]) == b"second"

    run(visit())


def test_reader_that_leaves_early(place) -> None:
    """A body not read to its end must not spoil what comes after."""
    data = os.urandom(5_000_000)

    async def visit() -> None:
        await fill(place, {"dac/big.nc": data, "dac/small.nc": b"small"})
        async with place.open() as store:
            for _ in range(12):  # more than the connections of a pool
                async with store.read("dac/big.nc") as reading:
                    assert reading is not None
                    async for _piece in reading.chunks():
                        break
            assert await fetch(store, "dac/small.nc") == b"small"

    run(visit())


def test_concurrent_reads(place) -> None:
    files = {f"dac/{number}.nc": os.urandom(2000 + number) for number in range(60)}

    async def visit() -> None:
        await fill(place, files)
        async with place.open() as store:
            got = await asyncio.gather(*[fetch(store, key) for key in files])
        assert dict(zip(files, got, strict=True)) == files

    run(visit())


def test_flat_memory_while_reading(place) -> None:
    if place.name in {"s3-moto", "gcs-own", "http-aiohttp", "http-python", "https-python", "ftps-pyftpdlib"}:
        pytest.skip("the server shares this process")
    size = 20 << 20

    async def visit() -> int:
        await fill(place, {"dac/big.nc": os.urandom(size)})
        async with place.open() as store:
            tracemalloc.start()
            try:
                async with store.read("dac/big.nc") as reading:
                    assert reading is not None
                    got = 0
                    async for piece in reading.chunks():
                        got += len(piece)
                assert got == size
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    assert run(visit()) < 4 << 20


# --- listing


def test_listing_flat_deep_and_beside(place) -> None:
    files = {"a/b/1.nc": b"1", "a/b/c/2.nc": b"22", "a/bc/3.nc": b"333", "a/b.nc": b"4444", "top.txt": b"5"}

    async def visit() -> None:
        await fill(place, files)
        async with place.open() as store:
            if place.name == "http-aiohttp":
                with pytest.raises(ListingNotOfferedError):
                    await listed(store, "a/b")
                return
            assert await listed(store, "") == {"top.txt"}
            assert await listed(store, "a") == {"a/b.nc"}
            assert await listed(store, "a/b") == {"a/b/1.nc"}
            assert await listed(store, "a/b", recursive=True) == {"a/b/1.nc", "a/b/c/2.nc"}
            assert await listed(store, "", recursive=True) == set(files)
            assert await listed(store, "a/nothing") == set()
            assert await listed(store, "a/nothing/at/all", recursive=True) == set()
            sizes = {info.path: info.size async for info in store.list("", recursive=True)}
            if store.capabilities.exact_listing:
                assert sizes == {key: len(data) for key, data in files.items()}
            else:
                assert set(sizes.values()) == {None}

    run(visit())


def test_listing_knows_the_validator(place) -> None:
    """Where a listing gives one, it is the one that `stat` gives."""

    async def visit() -> None:
        await fill(place, {"a/x.nc": b"x"})
        async with place.open() as store:
            if place.name == "http-aiohttp":
                return
            (info,) = [info async for info in store.list("a")]
            assert info.validator in {None, (await store.stat("a/x.nc")).validator}
            if place.writes and place.name != "gcs-own":  # listings of GCS tell no generations
                assert info.validator is not None

    run(visit())


def test_long_listing(place) -> None:
    """More than the thousand objects that S3 gives at once."""
    if place.name == "http-aiohttp":
        pytest.skip("it does not list")
    files = {f"many/{number:05d}.nc": b"x" for number in range(1003)}

    async def visit() -> None:
        if place.writes:
            async with place.open() as store:
                todo = iter(files.items())

                async def work() -> None:
                    for key, data in todo:
                        await store.write(key, data, declared(data))

                await asyncio.gather(*[work() for _ in range(8)])
        else:
            await fill(place, files)
        async with place.open() as store:
            for recursive in (False, True):
                found = [info.path async for info in store.list("many", recursive=recursive)]
                assert len(found) == len(files)
                assert set(found) == set(files)

    run(visit())


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


# --- refusals


def test_hostile_keys_are_refused(place) -> None:
    async def visit() -> None:
        async with place.open() as store:
            before = len(place.server.requests)
            for key in HOSTILE:
                with pytest.raises(PathError):
                    await store.stat(key)
                with pytest.raises(PathError):
                    await fetch(store, key)
                with pytest.raises((PathError, UsageError)):
                    await store.write(key, b"x", declared(b"x"))
                with pytest.raises((PathError, UsageError)):
                    await store.delete(key)
                with pytest.raises((PathError, UsageError)):
                    await store.copy("a", key)
                if key:
                    with pytest.raises(PathError):
                        await listed(store, key)
            assert len(place.server.requests) == before  # nothing was even asked

    run(visit())


def test_read_only_says_so(read_only) -> None:
    async def visit() -> None:
        async with read_only.open() as store:
            assert not store.capabilities.writes
            for refused in (store.write("a", b"", Declared(0)), store.delete("a"), store.copy("a", "b")):
                with pytest.raises(UsageError, match="only reads"):
                    await refused
            await store.flush()
            assert await store.clean() == 0

    run(visit())


def test_no_secret_in_any_error(place) -> None:
    async def visit() -> list[GdacError]:
        errors: list[GdacError] = []
        async with place.open() as store:
            for call in (store.stat("none.nc"), fetch(store, "none.nc"), listed(store, "none")):
                try:
                    await call
                except GdacError as error:
                    errors.append(error)
            assert servers.PASSWORD not in store.name + repr(store) + repr(place.settings)
        return errors

    for error in run(visit()):
        assert servers.PASSWORD not in f"{error} {error!r} {error.__cause__!r} {error.__context__!r}"
