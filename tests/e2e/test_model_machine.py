"""The sync engine against a model: random lives of a source, mirrors, operators and accidents, by Hypothesis.

Each rule is one thing that can happen to a deployment. After each of them the judge holds what lies in the stores
against invariants with code of its own (`tests.e2e.model.judge`), and every example ends with good runs, after which
hub, mirrors and view must be equal to the source and hold nothing else.
"""

import random
import shutil
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.e2e.model.engine import Engine
from tests.e2e.model.judge import Seen, too_much
from tests.e2e.model.life import Past, live, lose_dac
from tests.e2e.model.platform import fast_folder, needs_fork
from tests.e2e.model.source import META, PROF, TRAJ, dac_of
from tests.e2e.model.world import LIMITS, World

pytestmark = needs_fork

MIRRORS = ("near", "far")
KINDS = ("unreachable", "lost answer", "full", "cut", "wrong")
STEPS = st.integers(min_value=1, max_value=260)
MIRROR = st.sampled_from([*MIRRORS, "view"])


class Deployments(RuleBasedStateMachine):
    """One deployment: a hub with a vault, two plain mirrors (the second copies from the first) and a view of a DAC."""

    engine: Engine
    lived = 0
    steps = 0

    @initialize(seed=st.integers(0, 1 << 30), workers=st.sampled_from([1, 4]))
    def found(self, seed: int, workers: int) -> None:
        self._place = fast_folder()
        self.world = World(
            self._place.__enter__() / "world",
            self.engine,
            names=(PROF, META, TRAJ),
            mirrors=MIRRORS,
            view=True,
            with_vault=True,
            workers=workers,
            seed=seed,
            floats=3,
        )
        self.source, self.dice, self.past = self.world.source, random.Random(seed), Past()
        self.lost: dict[str, Any] = {}
        self.reverted = False

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        Deployments.lived += 1
        try:
            self._heal_source()
            self._release()
            self.world.good(deep=True)
        finally:
            self._place.__exit__(None, None, None)

    # --- what a source does

    @rule(changes=st.integers(1, 4), hours=st.sampled_from([1, 24, 80]))
    def day(self, changes: int, hours: int) -> None:
        self.world.pass_time(hours=hours)
        self._tell(live(self.source, self.dice, self.past, changes))

    @rule()
    def dac_is_lost(self) -> None:
        self.world.pass_time(hours=1)
        if lose_dac(self.source, self.dice, self.past):
            self._tell("lost a DAC")
        self.source.write()

    @rule()
    def dac_moves(self) -> None:
        """As kordi became kiost."""
        self.world.pass_time(hours=1)
        dacs = {dac_of(path) for path in self.source.files}
        if "kordi" not in dacs and "jma" in dacs:
            self.source.move("jma", "kordi")
        elif "kiost" not in dacs and "kordi" in dacs:
            self.source.move("kordi", "kiost")
        self.source.write()
        self._tell("a DAC moved")

    @rule(many=st.integers(4, 8))
    def many_removed(self, many: int) -> None:
        self.world.pass_time(hours=1)
        profiles = [path for path in self.source.listed() if "/profiles/" in path]
        for path in self.dice.sample(profiles, min(many, max(len(profiles) - 1, 0))):
            self.past.keep(path, self.source.files[path])
            self.source.remove(path)
        self.source.write()
        self._tell("many removed")

    @rule()
    def index_is_cut(self) -> None:
        """The run stops; the next index is whole again."""
        self.source.truncate_index(self.dice.choice(self.source.names))
        before = self._rows()
        answer = self.world.run()
        assert answer.outcome in {"refused", "held"}, self.world.story()
        assert self._rows() == before
        self.source.write()

    @rule()
    def index_goes_back(self) -> None:
        self.world.pass_time(hours=1)
        self.source.write_indexes(self.source.when - timedelta(days=30))
        self._tell("indexes of a month ago")

    @rule()
    def file_is_late(self) -> None:
        """The index lists it, the source does not have it."""
        listed = self.source.listed()
        if not listed:  # every file is late, or gone
            return
        path = self.dice.choice(listed)
        self.source.put(path)
        self.lost[path] = self.source.files[path]
        self.source.lose(path)
        self.source.write()
        self._tell(f"{path} is late")

    @rule()
    def late_file_comes(self) -> None:
        self._heal_source()

    # --- runs

    @rule(journal=st.sampled_from([1, 3, 512]))
    def run(self, journal: int) -> None:
        self._run(journal=journal)

    @rule(step=STEPS)
    def run_is_killed(self, step: int) -> None:
        self._run(kill_at=step)

    @rule(step=STEPS)
    def disk_is_full(self, step: int) -> None:
        self._run(full_at=step)

    @rule(
        store=st.sampled_from(["source", "hub", "vault", *MIRRORS, "view"]),
        kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=3, unique=True),
        share=st.sampled_from([0.03, 0.15, 1.0]),
        seed=st.integers(0, 1000),
        retry=st.booleans(),
    )
    def store_fails(self, store: str, kinds: list[str], share: float, seed: int, *, retry: bool) -> None:
        self._run(faults={store: {"seed": seed, "share": share, "kinds": kinds, "retry": retry}})

    @rule(mirror=MIRROR, step=st.sampled_from([0, 5, 20, 40, 60]))
    def replicate(self, mirror: str, step: int) -> None:
        if self.world.judge.seen["hub"].head:
            self._run("replicate", names=[mirror], kill_at=step)

    @rule(step=STEPS.map(lambda step: step + 1), same_state=st.booleans(), first_dies=st.booleans())
    def two_runs_at_once(self, step: int, *, same_state: bool, first_dies: bool) -> None:
        """One stops at a step, the other does all its work, the first goes on (or is killed there).

        Never at the first step: that is the state's directory, made before its lock is taken.
        """
        config = self.world.run_config()
        first = self.engine.begin(self.world.root, "run", config, self.world.now.isoformat(), stop_at=step)
        answer = self.engine.finish(first)
        if answer.outcome == "stopped":
            other = None if same_state else "state2"
            second = self.engine.run(self.world.root, "run", self.world.run_config(other), self.world.now.isoformat())
            self._tell(f"second run beside the first, which stopped at {step}: {second.outcome} {second.text[:300]}")
            self.world.judge.state_was_lost |= not same_state
            if same_state:
                assert second.outcome == "refused", second.text
                assert "another gdac process" in second.text
            if first_dies:
                self.engine.kill(first)
            else:
                self.engine.go_on(first)
            answer = self.engine.finish(first)
        self._tell(f"first run: {answer.outcome} {answer.text[:300]}")
        self.world.check(answer, runs=2)
        shutil.rmtree(self.world.root / "state2", ignore_errors=True)

    @rule()
    def operator_approves(self) -> None:
        self.world.approve()
        self._run()
        self.world.approved = False

    @rule(back=st.integers(1, 3), step=st.sampled_from([0, 0, 10, 30, 50, 70]))
    def operator_reverts(self, back: int, step: int) -> None:
        head = self.world.judge.seen["hub"].head
        if head is None or head["serial"] <= back:
            return
        answer = self.world.run("revert", serial=head["serial"] - back, kill_at=step)
        self.reverted = self.reverted or answer.outcome in {"fine", "partial", "killed"}

    @rule()
    def operator_releases(self) -> None:
        self._release()

    # --- mirrors and time

    @rule(mirror=MIRROR)
    def mirror_goes_down(self, mirror: str) -> None:
        self.world.down.add(mirror)

    @rule()
    def mirrors_come_back(self) -> None:
        self.world.down.clear()

    @rule(mirror=MIRROR)
    def mirror_is_emptied(self, mirror: str) -> None:
        shutil.rmtree(self.world.root / mirror, ignore_errors=True)
        self.world.judge.seen[mirror] = Seen()
        self._tell(f"{mirror} was emptied")

    @rule(hours=st.sampled_from([30, 73, 200, 24 * 31]))
    def time_passes(self, hours: int) -> None:
        self.world.pass_time(hours=hours)

    @precondition(lambda self: not self.lost)
    @rule()
    def good_runs(self) -> None:
        self._release()
        self.world.good(deep=self.dice.random() < 0.3)

    @invariant()
    def stores_are_sound(self) -> None:
        if hasattr(self, "world"):
            Deployments.steps += 1
            self.world.judge.look(self.world.now)

    # ---

    def _run(self, what: str = "run", **more: Any) -> None:
        why = self._why_held()
        answer = self.world.run(what, **more)
        if answer.outcome == "held" and not why and not self.reverted:
            raise AssertionError(f"held for no reason: {answer.text or answer.record}\n{self.world.story()}")

    def _why_held(self) -> str:
        """Why the brake may hold a run now, by the model's own counting; nothing when it may not."""
        hub = self.world.judge.seen["hub"].rows
        truth = self.source.truth()
        if not hub:
            return ""
        if why := too_much(hub, truth, LIMITS):
            return why
        for seen in self.world.judge.seen.values():
            known = [rows for _, rows in self.world.judge.serials.values()]
            if seen.rows and any(too_much(seen.rows, rows, LIMITS) for rows in (*known, truth)):
                return "a mirror has much to lose"
        for name in self.source.names:
            if self._stamp(self.source.root / f"{name}.txt") < self._stamp(self.world.root / "hub" / f"{name}.txt"):
                return "an index goes back in time"
            kind = {PROF: "/profiles/", META: "_meta.nc", TRAJ: "traj.nc"}[name]
            listed = [path for path in (*self.source.listed(), *self.source.ghosts) if kind in path]
            held = [path for path in hub if kind in path]
            if len(held) - len(listed) > LIMITS.index or (held and not listed):
                return f"{name} shrank"
        return ""

    def _stamp(self, file: Any) -> bytes:
        return file.read_bytes().partition(b"# Date of update : ")[2][:14] if file.is_file() else b""

    def _rows(self) -> dict[str, dict[str, str]]:
        return {name: dict(seen.rows) for name, seen in self.world.judge.seen.items()}

    def _heal_source(self) -> None:
        for path, file in self.lost.items():
            if path in self.source.ghosts:
                self.source.restore(path, file)
        self.lost.clear()
        self.source.write()

    def _release(self) -> None:
        if self.reverted:
            self.world.run("release")
            self.reverted = False

    def _tell(self, what: Any) -> None:
        self.world.log.append(f"  {what}")


def play(examples: int, steps: int) -> None:
    with Engine() as engine:
        machine = type("Lives", (Deployments,), {"engine": engine})
        case = machine.TestCase()
        case.settings = settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.generate,),  # a life takes seconds: no shrinking; the error tells the whole story
            suppress_health_check=list(HealthCheck),
        )
        case.runTest()


def test_a_few_lives():
    play(1, 8)


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_many_lives(capsys):
    try:
        play(200, 30)
    finally:
        with capsys.disabled():
            print(f"\n{Deployments.lived} lives, {Deployments.steps} things that happened in them")
