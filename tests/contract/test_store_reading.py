"""What every store must do, on real servers, for those who read: the long form of `gdac.store`."""

import asyncio
import os
import tracemalloc
from collections.abc import Callable

import pytest

from gdac.errors import GdacError, UsageError
from gdac.paths import PathError
from gdac.store import (
    Declared,
    ListingNotOfferedError,
    NotFoundError,
)
from sync.loop import run
from tests import servers
from tests.contract.conftest import Place
from tests.contract.traffic import HOSTILE, NAMES, WHEN, declared, fetch, fill, listed

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


def test_folders(place) -> None:
    async def visit() -> None:
        await fill(place, {"dac/aoml/x.nc": b"x"})
        async with place.open() as store:
            answers = [await store.has_folder(key) for key in ("dac", "dac/aoml", "dac/nobody", "dac/aoml/x.nc")]
            if answers[0] is None:  # a place without folders
                assert answers == [None] * 4
            else:
                assert answers == [True, True, False, False]
            assert await fetch(store, "dac/aoml/x.nc") == b"x"  # whoever looked has not gone into the folder

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


# --- requests


def test_requests_per_file(at: Callable[[str], Place]) -> None:
    """O(N): what a file costs, by the servers' own logs."""
    files = {f"dac/{number}.nc": b"x" * 100 for number in range(20)}

    async def visit(place: Place) -> None:
        await fill(place, files)
        place.server.requests.clear()
        async with place.open() as store:
            await asyncio.gather(*[_take(store, key) for key in files])

    async def _take(store: object, key: str) -> None:
        async with store.read(key) as reading:  # type: ignore[attr-defined]
            async for _ in reading.chunks():
                pass

    for name, each, besides in [("http-python", 1, 0), ("s3-moto", 1, 0), ("ftp-pyftpdlib", 3, 8 * 6)]:
        place = at(name)
        run(visit(place))
        assert each * 20 <= len(place.server.requests) <= each * 20 + besides, place.server.requests
