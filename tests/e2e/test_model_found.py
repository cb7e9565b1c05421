"""What the model found once, each as a short story of its own."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.model.engine import Engine
from tests.e2e.model.judge import Seen
from tests.e2e.model.platform import fast_folder, needs_fork
from tests.e2e.model.world import World

pytestmark = needs_fork


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as started:
        yield started


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    with fast_folder() as folder:
        made = World(folder / "world", engine, mirrors=("near",), with_vault=True)
        made.run()
        made.pass_time(days=1)
        yield made


def killed_after(world: World, what: str, file: str, **more: Any) -> None:
    """A run that is killed right after ``file`` (a pattern below the world's root) came into its place."""
    assert world.run(what, kill_after=file, **more).outcome == "killed"


def test_a_mirror_half_way_to_a_serial_that_is_reverted(world):
    """It holds some bytes of the serial; the deltas to the one after it say that nothing changed."""
    path = world.source.listed()[0]
    world.source.put(path)
    world.source.write()
    world.down.add("near")
    world.run()
    world.down.clear()
    killed_after(world, "replicate", f"/near/{path}", names=["near"])
    assert world.judge.seen["near"].head["serial"] == 1
    assert world.judge.seen["near"].files[path] != world.judge.seen["near"].rows[path]
    assert world.run("revert", serial=1).outcome == "fine"
    assert world.run("replicate").outcome == "fine"
    assert world.judge.seen["near"].files[path] == world.judge.seen["near"].rows[path]
    world.run("release")
    world.good(deep=True)


def test_a_mirror_emptied_after_a_broken_off_first_replicate(world):
    """The journal says what it held; the store says what it holds."""
    world.mirrors = ("near", "fresh")
    world.judge.mirrors["fresh"] = world.root / "fresh"
    world.judge.seen["fresh"] = Seen()
    killed_after(world, "replicate", f"/fresh/{max(world.source.listed())}", names=["fresh"])
    assert world.judge.reader.files(world.root / "fresh")
    assert world.judge.seen["fresh"].head is None
    shutil.rmtree(world.root / "fresh")
    world.run("replicate", names=["fresh"])
    world.judge.equal_to_hub("fresh")


def test_a_new_file_of_a_day_that_never_was_sealed_does_not_stay(world):
    path = world.source.profiles("R")[0].replace("_001", "_055")
    world.source.put(path)
    world.source.write()
    killed_after(world, "run", f"/hub/{path}")
    assert path in world.judge.reader.files(world.root / "hub")
    world.source.remove(path)
    world.source.write()
    world.good(deep=True)
    assert not (world.root / "hub" / path).exists()


@pytest.mark.parametrize("step", [9, 60, 100])
def test_a_full_disk_is_said_in_a_sentence(world, step):
    world.source.put(world.source.listed()[0])
    world.source.write()
    answer = world.run(full_at=step)
    assert answer.outcome in {"refused", "partial"}, answer.text
    told = answer.text or str(answer.record["mirrors"])
    assert "No space left on device" in told
    world.good(deep=True)


def test_a_hub_emptied_after_a_broken_off_first_run(engine):
    """The journal says what the hub held; the hub says what it holds."""
    with fast_folder() as folder:
        world = World(folder / "world", engine, mirrors=())
        killed_after(world, "run", f"/hub/{max(world.source.listed())}", journal=1)
        assert world.judge.reader.files(world.root / "hub")
        shutil.rmtree(world.root / "hub")
        world.good()


def test_a_record_of_a_serial_that_was_sealed_otherwise_does_not_stay(world):
    """Two runs over one serial: the first dies with its record written, the second with its head published."""

    def change() -> None:
        world.source.put(world.source.listed()[0])
        world.source.write()
        world.pass_time(hours=1)

    change()
    killed_after(world, "run", "/hub/manifest/*.record.json")
    change()
    killed_after(world, "run", "/hub/manifest/head.json")
    change()
    world.good(deep=True)
    world.pass_time(days=4)
    world.good(deep=True)
    assert world.judge.seen["hub"].head["serial"] == 3
    assert len(list((world.root / "hub/manifest").glob("*.record.json"))) == 3


def test_an_emptied_mirror_is_described_though_the_run_that_filled_it_died(world):
    shutil.rmtree(world.root / "near")
    world.judge.seen["near"] = Seen()
    killed_after(world, "replicate", "/near/manifest/head.json", names=["near"])
    world.good(deep=True)
    assert (world.root / "near/manifest/about/archive.ttl").is_file()


def test_an_index_file_that_a_revert_borrowed_does_not_stay_when_it_dies(world):
    """Copies of its day are gone from the hub, so the revert takes them from the vault; then it is killed."""
    world.source.put(world.source.listed()[0])
    world.source.write()
    world.good(deep=True)
    before = set(world.judge.reader.files(world.root / "hub/manifest"))
    killed_after(world, "revert", "/hub/manifest/index/000000001-*", serial=1)
    assert set(world.judge.reader.files(world.root / "hub/manifest")) - before
    world.run("release")
    world.good(deep=True)
