"""Crash sequences by chance: a source that lives on, runs killed at durable steps, then a run that must mend it all."""

import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.model.engine import Answer, Engine
from tests.e2e.model.judge import BrokenError
from tests.e2e.model.life import Past, live
from tests.e2e.model.world import World

#: Sequences that one deployment lives through before a new one is founded: histories stay short.
LIFE = 20
#: Mirrors of a deployment whose mirrors are killed: one serial makes a sequence for each.
MANY = ("near", "far", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


@dataclass
class Counts:
    """What was played."""

    sequences: int = 0
    kills: int = 0
    faults: int = 0
    runs: int = 0

    def add(self, other: "Counts") -> None:
        self.sequences += other.sequences
        self.kills += other.kills
        self.faults += other.faults
        self.runs += other.runs


class Player:
    """Plays sequences in deployments of its own, one after the other.

    Args:
        folder: where; each deployment is removed when its life is over.
        engine: runs it.
        seed: of everything that is by chance.
    """

    def __init__(self, folder: Path, engine: Engine, seed: int) -> None:
        self._folder, self._engine, self._seed = folder, engine, seed
        self.counts = Counts()
        self._steps: dict[str, int] = {}

    def play(self, sequences: int) -> None:
        """So many sequences.

        Raises:
            BrokenError: names the seed, the deployment and all of its steps.
        """
        number = 0
        while self.counts.sequences < sequences:
            root = self._folder / f"life-{self._seed}-{number}"
            try:
                self._life(root, random.Random(f"{self._seed}/{number}"), sequences)
            except BrokenError as error:
                raise BrokenError(f"seed {self._seed}, life {number}, kept in {root}:\n{error}") from error
            shutil.rmtree(root)
            number += 1

    def _life(self, root: Path, dice: random.Random, sequences: int) -> None:
        kind = dice.choice(("hub", "mirrors", "mirrors", "mirrors", "whole"))
        mirrors = {"hub": (), "mirrors": MANY, "whole": ("near", "far")}[kind]
        world = World(
            root,
            self._engine,
            mirrors=mirrors,
            with_vault=kind != "mirrors" and dice.random() < 0.5,
            workers=dice.choice((1, 1, 4)),
            seed=dice.randrange(1 << 30),
        )
        world.log.append(f"{kind} vault={world.with_vault} workers={world.workers}")
        past = Past()
        if dice.random() < 0.5:
            self._answer(world.run())
        for turn in range(LIFE):
            if self.counts.sequences >= sequences:
                return
            if kind == "mirrors":
                self._mirrors(world, dice, past)
            else:
                self._sequence(world, dice, past, deep=turn % 6 == 5)
                self.counts.sequences += 1

    def _killed(self, world: World, dice: random.Random, what: str = "run", **more: Any) -> None:
        """Kill a run at a step by chance, of as many as such runs have made lately."""
        most = self._steps.get(what, 120)
        answer = self._answer(world.run(what, kill_at=dice.randrange(1, most + 5), **more))
        if answer.steps:
            self._steps[what] = (most + answer.steps) // 2

    def _good(self, world: World, what: str = "run", **more: Any) -> Answer:
        answer = self._answer(world.run(what, **more))
        if answer.steps:
            self._steps[what] = (3 * self._steps.get(what, 120) + answer.steps) // 4
        return answer

    def _answer(self, answer: Answer) -> Answer:
        self.counts.runs += 1
        self.counts.kills += answer.outcome == "killed"
        return answer

    def _day(self, world: World, dice: random.Random, past: Past) -> None:
        world.pass_time(hours=dice.choice((1, 2, 3, 5, 80)))  # stores are tried anew after a day: many steps
        world.log.append(f"  source: {', '.join(live(world.source, dice, past, dice.choice((0, 1, 1, 2, 3))))}")

    def _sequence(self, world: World, dice: random.Random, past: Past, *, deep: bool) -> None:
        for _ in range(dice.choice((1, 1, 1, 2, 3))):
            self._day(world, dice, past)
            self._broken_run(world, dice)
        if dice.random() < 0.3:
            self._day(world, dice, past)
        world.good(deep=deep)

    def _broken_run(self, world: World, dice: random.Random) -> None:
        steps = self._steps.get("run", 120)
        way = dice.random()
        if way < 0.8:
            self._killed(world, dice)
        elif way < 0.9:
            self._answer(world.run(full_at=dice.randrange(1, steps)))
            self.counts.faults += 1
        else:
            kinds = [dice.choice(("unreachable", "lost answer", "full", "cut", "wrong"))]
            fault = {"seed": dice.randrange(1 << 30), "share": 0.1, "kinds": kinds, "retry": dice.random() < 0.5}
            self._answer(world.run(faults={dice.choice(("hub", "source", *world.mirrors)): fault}))
            self.counts.faults += 1

    def _mirrors(self, world: World, dice: random.Random, past: Past) -> None:
        """One serial, and a sequence for every mirror: killed, then mended at once, or only after the next serial."""
        self._new_serial(world, dice, past)
        for name in world.mirrors:
            for _ in range(dice.choice((1, 1, 1, 2))):
                self._killed(world, dice, "replicate", names=[name])
        if dice.random() < 0.4:
            self._new_serial(world, dice, past)
            for name in dice.sample(world.mirrors, 2):
                self._killed(world, dice, "replicate", names=[name])
        for name in world.mirrors:
            answer = self._good(world, "replicate", names=[name])
            if answer.outcome == "held":  # many small losses added up
                world.approve()
                answer = self._good(world, "replicate", names=[name])
            if answer.outcome != "fine":
                raise BrokenError(f"a good replicate failed: {answer.outcome} {answer.text}\n{world.story()}")
            world.judge.equal_to_hub(name)
            self.counts.sequences += 1
        if dice.random() < 0.25:
            world.good(deep=dice.random() < 0.5)

    def _new_serial(self, world: World, dice: random.Random, past: Past) -> None:
        self._day(world, dice, past)
        mirrors, world.mirrors = world.mirrors, ()
        answer = self._good(world)
        if answer.outcome == "held":
            world.approve()
            self._answer(world.run())
            world.approved = False
        world.mirrors = mirrors
