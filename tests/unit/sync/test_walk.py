"""Directories read several at a time: all of them once, never too many, and nothing left running."""

import asyncio

import pytest

from gdac.store import TemporaryStoreError
from sync.stores.walk import Walk

TREE = {"": ["a", "b"], "a": [f"a/{number}" for number in range(50)], "b": [], **{f"a/{n}": [] for n in range(50)}}


class Reader:
    def __init__(self, breaks=None):
        self.breaks, self.running, self.most, self.read = breaks, 0, 0, []

    async def __call__(self, folder):
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(0.001)
            if folder == self.breaks:
                raise OSError(folder)
            self.read.append(folder)
            return TREE[folder]
        finally:
            self.running -= 1


async def walked(reader, at_once, stop_at=None):
    walk = Walk("", reader, at_once)
    found = []
    folders = walk.folders()
    async for folder, entries in folders:
        found.append(folder)
        for entry in entries:
            walk.enter(entry)
        if len(found) == stop_at:
            break
    await folders.aclose()
    return found


@pytest.mark.parametrize("at_once", [1, 4, 100])
def test_every_directory_once_and_not_too_many_at_a_time(at_once):
    reader = Reader()
    found = asyncio.run(walked(reader, at_once))
    assert sorted(found) == sorted(TREE)
    assert sorted(reader.read) == sorted(TREE)
    assert reader.most <= at_once


def test_an_error_ends_the_walk_and_everything_under_way():
    reader = Reader(breaks="a/7")
    with pytest.raises(OSError, match="a/7"):
        asyncio.run(walked(reader, 8))
    assert reader.running == 0


def test_a_directory_that_fails_for_the_moment_is_tried_again(monkeypatch):
    monkeypatch.setattr("sync.stores.walk._PAUSE", 0.001)
    failures = {"a/7": 4, "b": 1, "a/9": 2}

    class Flaky(Reader):
        async def __call__(self, folder):
            if failures.get(folder):
                failures[folder] -= 1
                raise TemporaryStoreError("busy", after=0.001)
            return await super().__call__(folder)

    assert sorted(asyncio.run(walked(Flaky(), 8))) == sorted(TREE)
    failures["a/7"] = 5
    with pytest.raises(TemporaryStoreError):
        asyncio.run(walked(Flaky(), 8))
    failures.clear()
    failures[""] = 1  # the first one is for the retry around the store
    with pytest.raises(TemporaryStoreError):
        asyncio.run(walked(Flaky(), 8))


def test_who_leaves_early_leaves_nothing_running():
    reader = Reader()

    async def work():
        await walked(reader, 8, stop_at=5)
        assert reader.running == 0
        return asyncio.all_tasks()

    assert len(asyncio.run(work())) == 1
