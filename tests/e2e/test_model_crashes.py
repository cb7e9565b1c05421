"""Runs killed at their durable steps: every step of fixed days, and long random sequences of broken runs.

After each kill, and after each later run, the judge (`tests.e2e.model.judge`) holds the stores against invariants with
code of its own; the next good run must make everything equal. `make soak` plays at least 10,000 random sequences;
``GDAC_MODEL_SEQUENCES``, ``GDAC_MODEL_SEED`` and ``GDAC_MODEL_ENGINES`` choose others.
"""

import os
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from tests.e2e.model.crashes import Counts, Player
from tests.e2e.model.engine import Engine
from tests.e2e.model.life import Past, live
from tests.e2e.model.platform import fast_folder, needs_fork
from tests.e2e.model.world import World

pytestmark = needs_fork

SEQUENCES = int(os.environ.get("GDAC_MODEL_SEQUENCES", "10000"))
ENGINES = int(os.environ.get("GDAC_MODEL_ENGINES", "2"))
SEED = int(os.environ.get("GDAC_MODEL_SEED", "20261122"))


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as started:
        yield started


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with fast_folder() as made:
        yield made


def first_day(world: World) -> None:
    """Nothing was ever run."""


def ordinary_day(world: World) -> None:
    """A new profile, one that went to delayed mode, changed and replaced files."""
    world.run()
    world.pass_time(days=1)
    source = world.source
    source.to_delayed_mode(source.profiles("R")[0])
    source.put(source.profiles("R")[-1])
    source.put(next(path for path in source.listed() if path.endswith("_meta.nc")), same_size=False)
    source.put(source.profiles("R")[0].replace("_002", "_009"))
    source.write()


def deleting_day(world: World) -> None:
    """A path leaves, another's grace is over, a third came back."""
    world.run()
    source = world.source
    source.put(source.profiles("R")[0].replace("_001", "_008").replace("_002", "_008"))
    source.write()
    world.pass_time(hours=2)
    world.run()
    kept = source.profiles("R")[:2]
    old = [source.files[path] for path in kept]
    for path in kept:
        source.remove(path)
    source.write()
    world.pass_time(hours=2)
    world.run()
    world.pass_time(days=4)
    source.restore(kept[0], old[0])
    source.remove(source.profiles("R")[-1])
    source.write()


def second_try(world: World) -> None:
    """A run was killed in the middle, and the source undid meanwhile what that run was bringing."""
    world.run()
    world.pass_time(days=1)
    source = world.source
    changed, new = source.listed()[0], source.profiles("R")[0].replace("_001", "_007").replace("_002", "_007")
    old = source.files[changed]
    source.put(changed)
    source.put(new)
    source.write()
    world.run(kill_at=45)
    world.pass_time(hours=3)
    source.restore(changed, old)
    source.remove(new)
    source.put(source.profiles("R")[-1])
    source.write()


DAYS: tuple[Callable[[World], None], ...] = (first_day, ordinary_day, deleting_day, second_try)


def sweep(engine: Engine, folder: Path, day: Callable[[World], None], chosen: Callable[[int], list[int]]) -> int:
    """Kill one and the same run at the chosen ones of its durable steps; returns how many."""
    with fast_folder() as made:
        world = World(made / "world", engine, mirrors=("near",), with_vault=True)
        day(world)
        before = world.save(made / "saved")
        steps = world.run().steps
        assert steps > 40
        for step in chosen(steps):
            world.restore(before)
            world.run(kill_at=step)
            world.good()
        return steps


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.__name__)
def test_every_moment_of_a_day(engine, day):
    """The run is stopped before each of its durable steps: whoever reads then, or finds it killed, finds all sound."""
    with fast_folder() as made:
        world = World(made / "world", engine, mirrors=("near",), with_vault=True)
        day(world)
        assert world.watch() > 40
        world.good()


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.__name__)
def test_some_durable_steps(engine, folder, day):
    """A few steps of every day; the soak test takes them all."""
    sweep(engine, folder, day, lambda steps: sorted(random.Random(day.__name__).sample(range(1, steps + 1), 2)))


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.__name__)
def test_every_durable_step(engine, folder, day, capsys):
    done = sweep(engine, folder, day, lambda steps: list(range(1, steps + 1)))
    with capsys.disabled():
        print(f"\n{day.__name__}: killed at each of its {done} durable steps, and mended each time")


def test_some_crash_sequences(engine, folder):
    Player(folder, engine, SEED - 1).play(6)


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_crash_sequences(folder, capsys):
    """As many as asked for, on several engines at once."""
    share = -(-SEQUENCES // ENGINES)

    def play(seed: int) -> Counts:
        with Engine() as started:
            player = Player(folder, started, seed)
            player.play(share)
            return player.counts

    total = Counts()
    with ThreadPoolExecutor(ENGINES) as pool:
        for counts in pool.map(play, range(SEED, SEED + ENGINES)):
            total.add(counts)
    with capsys.disabled():
        print(
            f"\n{total.sequences:,} crash sequences (seed {SEED}): {total.kills:,} runs killed at a durable step,"
            f" {total.faults:,} with faults; no invariant was broken, and every good run mended everything"
        )
    assert total.sequences >= SEQUENCES


def test_the_judge_sees_what_is_wrong(engine, folder):
    """The oracle is no rubber stamp: each kind of damage, done by hand, is named."""
    world = World(folder / "judge", engine, mirrors=("near",), with_vault=True)
    world.run()
    dice, past = random.Random(1), Past()
    world.pass_time(days=1)
    live(world.source, dice, past, 3)
    world.run()
    before = world.save(folder / "judge-saved")
    path = next(one for one in world.source.profiles("R") if one in world.judge.seen["near"].rows)
    near, hub = world.root / "near", world.root / "hub"
    delta = next((hub / "manifest").glob("*.delta.parquet"))
    damages: dict[str, Callable[[], object]] = {
        "is not there": (near / path).unlink,
        "bytes of no serial": lambda: (hub / path).write_bytes(b"other"),
        "lost its head": (near / "manifest/head.json").unlink,
        "other bytes than the head says": lambda: delta.write_bytes(b""),
    }
    for said, damage in damages.items():
        damage()
        with pytest.raises(AssertionError, match=said):
            world.judge.look(world.now)
        world.restore(before)
    world.judge.look(world.now)
    world.now += timedelta(days=1)
    (world.root / "near/dac/extra.nc").write_bytes(b"extra")
    world.judge.look(world.now)
    with pytest.raises(AssertionError, match="no head names"):
        world.judge.settled(without_extras=True)
