"""The store of a tree in place: reads everything, writes under manifest/ only, and notices who else writes."""

import asyncio
import os
import time

import pytest

from gdac.errors import StoreError
from gdac.manifest.names import HEAD_KEY
from gdac.store import ChangedError, Declared, Expect, NotFoundError
from sync.hub.inplace import open_in_place
from sync.transfer import BadTransferError, carry

PATH = "dac/aoml/13857/13857_meta.nc"


@pytest.fixture
def tree(tmp_path):
    file = tmp_path / "tree" / PATH
    file.parent.mkdir(parents=True)
    file.write_bytes(b"bytes" * 1000)
    os.utime(file, (1_600_000_000, 1_600_000_000))
    return tmp_path / "tree"


def with_store(tree, work):
    async def go():
        async with open_in_place(str(tree)) as store:
            return await work(store)

    return asyncio.run(go())


def test_nothing_but_manifest_is_ever_written(tree):
    async def work(store):
        body = b"{}"
        with pytest.raises(StoreError, match="under manifest/ only"):
            await store.write(PATH, body, Declared(2))
        with pytest.raises(StoreError, match="left alone"):
            await store.delete(PATH)
        with pytest.raises(StoreError, match="left alone"):
            await store.copy(PATH, "dac/x.nc")
        with pytest.raises(StoreError, match="left alone"):
            await store.copy("manifest/a", "ar_index_global_prof.txt")
        assert (await store.write(HEAD_KEY, body, Declared(2), expect=Expect.NOTHING)).path == HEAD_KEY
        with pytest.raises(ChangedError):
            await store.write(HEAD_KEY, body, Declared(2), expect=Expect.NOTHING)
        assert [info.path async for info in store.list("manifest", recursive=True)] == [HEAD_KEY]
        await store.copy(HEAD_KEY, "manifest/copy")
        await store.delete(HEAD_KEY)
        with pytest.raises(NotFoundError):
            await store.stat(HEAD_KEY)
        assert (await store.stat("manifest/copy")).path == "manifest/copy"

    with_store(tree, work)
    assert sorted(each.name for each in tree.iterdir()) == ["dac", "manifest"]  # no other directory at the root


def test_a_file_that_is_still_the_same_is_measured_without_a_write(tree):
    before = (tree / PATH).stat()

    async def work(store):
        return await carry(store, PATH, store)

    received = with_store(tree, work)
    assert received.size == 5000
    after = (tree / PATH).stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )


@pytest.mark.parametrize("what", ["appended", "replaced", "removed", "touched"])
@pytest.mark.parametrize("size", [5_000, 9 << 20])
def test_a_file_that_moves_while_it_is_read_is_not_taken(tree, what, size):
    file = tree / PATH
    file.write_bytes(os.urandom(size))
    os.utime(file, (1_600_000_000, 1_600_000_000))

    def disturb():
        if what == "appended":
            with file.open("ab") as out:
                out.write(b"more")
        elif what == "replaced":  # same size, same time: only the inode tells
            other = file.with_name("other")
            other.write_bytes(os.urandom(size))
            os.utime(other, (1_600_000_000, 1_600_000_000))
            other.replace(file)
        elif what == "removed":
            file.unlink()
        else:
            os.utime(file)

    class Disturbed:
        """The source's side: somebody writes once reading has begun."""

        def __init__(self, store):
            self.store, self.name = store, store.name

        def read(self, key, **options):
            return _Reading(self.store.read(key, **options))

    class _Reading:
        def __init__(self, inner):
            self.inner = inner

        async def __aenter__(self):
            reading = await self.inner.__aenter__()
            disturb()
            return reading

        async def __aexit__(self, *exc):
            return await self.inner.__aexit__(*exc)

    async def work(store):
        with pytest.raises(BadTransferError, match=r"changed|went away|broke off|sent more"):
            await carry(Disturbed(store), PATH, store)

    with_store(tree, work)


def test_a_file_is_not_read_within_the_tick_of_its_own_time(tree):
    file = tree / PATH
    now = time.time()
    os.utime(file, (now, now))

    async def work(store):
        async with store.read(PATH) as reading:
            assert reading.info.modified.timestamp() < time.time() - 0.04

    with_store(tree, work)
