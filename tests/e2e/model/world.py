"""A small deployment with a model source, a clock of its own and a judge: what the tests play with."""

import copy
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.e2e.model.engine import Answer, Engine
from tests.e2e.model.judge import BrokenError, Judge, Limits
from tests.e2e.model.source import META, PROF, Source

GRACE = timedelta(days=3)
RETENTION = timedelta(days=30)
LIMITS = Limits()


@dataclass
class World:
    """One deployment.

    Attributes:
        root: everything lies below it.
        engine: runs it.
        source: its source.
        mirrors: names of its plain mirrors.
        view: it has a view of DAC ``aoml`` too.
        with_vault: it has a vault.
        workers: connections of every store; 1 makes the order of steps the same every time.
    """

    root: Path
    engine: Engine
    names: tuple[str, ...] = (PROF, META)
    mirrors: tuple[str, ...] = ("near",)
    view: bool = False
    with_vault: bool = False
    workers: int = 1
    floats: int = 2
    cycles: int = 2
    seed: int = 0
    now: datetime = datetime(2026, 1, 5, 6, tzinfo=UTC)
    down: set[str] = field(default_factory=set)
    approved: bool = False
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.source = Source(self.root / "source", self.seed, self.names)
        self.source.found(self.floats, self.cycles)
        self.source.write()
        self.judge = Judge(
            self.source,
            self.root / "hub",
            {name: self.root / name for name in self.mirrors},
            views={"view": (self.root / "view", {"aoml"})} if self.view else None,
            vault=self.root / "vault" if self.with_vault else None,
            grace=GRACE,
            retention=RETENTION,
            limits=LIMITS,
        )

    @property
    def config(self) -> dict[str, Any]:
        def store(name: str) -> dict[str, Any]:
            return {"store": str(self.root / name), "connections": self.workers}

        mirrors: dict[str, Any] = {name: {**store(name), "grace": GRACE} for name in self.mirrors}
        if "far" in mirrors and "near" in mirrors:
            mirrors["far"]["from"] = "near"
        if self.view:
            mirrors["view"] = {**store("view"), "grace": GRACE, "filter": {"dacs": ["aoml"]}}
        for name in self.down:
            blocker = self.root / "down"
            blocker.write_bytes(b"")  # a file stands where the mirror's directory should be
            mirrors[name]["store"] = str(blocker / name)
        return {
            "hub": {**store("hub"), "state": str(self.root / "state"), "grace": GRACE, "expires": "PT48H"},
            "source": {"source": {**store("source"), "indexes": list(self.names)}},
            "mirror": {name: _plain(one) for name, one in mirrors.items()},
            "brake": {
                "dac_removals": {"share": 0, "count": 0, "floor": LIMITS.dac},
                "total_removals": {"share": 0, "count": 0, "floor": LIMITS.total},
                "index_loss": {"share": 0, "count": 0, "floor": LIMITS.index},
            },
            **({"vault": {**store("vault"), "retention": f"P{RETENTION.days}D"}} if self.with_vault else {}),
        }

    # --- steps; each ends with a look of the judge

    def run(self, what: str = "run", *, state: str | None = None, look: bool = True, **more: Any) -> Answer:
        """Run the engine once; a bug, or a broken invariant, is an error."""
        config = self.run_config(state)
        answer = self.engine.run(self.root, what, config, self.now.isoformat(), **more)
        self.log.append(f"{self.now:%d.%H:%M} {what} {more} -> {answer.outcome} {answer.kind} {answer.text[:300]}")
        only = more["names"] if what == "replicate" and more.get("names") else None
        self.check(answer, look=look, explained=what == "revert", only=only)
        return answer

    def watch(self, what: str = "run", **more: Any) -> int:
        """Run the engine and stop it right before each durable step for a look of the judge; returns how many."""
        began = self.now.isoformat()
        pid = self.engine.begin(self.root, what, self.run_config(), began, stop_at=-1, **more)
        steps = 0
        while (answer := self.engine.finish(pid)).outcome == "stopped":
            steps += 1
            self.check(answer)
            self.engine.go_on(pid)
        self.log.append(f"{self.now:%d.%H:%M} {what} watched at {steps} steps -> {answer.outcome} {answer.text[:300]}")
        self.check(answer)
        return steps

    def run_config(self, state: str | None = None) -> dict[str, Any]:
        """The configuration as plain values, with another state directory where one is named."""
        config = self.config
        config["hub"] = {**config["hub"], "grace": _iso(GRACE)}
        if state:
            config["hub"]["state"] = str(self.root / state)
        return config

    def check(self, answer: Answer, *, look: bool = True, explained: bool = False, **how: Any) -> None:
        """No bug; and unless told not to, a look of the judge, ``how``."""
        if answer.outcome == "bug":
            raise BrokenError(f"the engine failed with a bug: {answer.text}\n" + self.story())
        if look:
            try:
                self.judge.look(self.now, approved=self.approved or explained, **how)
            except BrokenError as error:
                raise BrokenError(f"{error}\n{self.story()}") from error

    def story(self) -> str:
        return "\n".join(self.log[-40:])

    def pass_time(self, **time: float) -> None:
        self.now += timedelta(**time)
        self.source.when += timedelta(**time)

    def good(self, *, deep: bool = False) -> None:
        """Good runs, until all is quiet; then everything must be equal."""
        self.down.clear()
        for _ in range(6):
            self.pass_time(minutes=7)
            answer = self.run()
            if answer.outcome == "fine":
                break
            if answer.outcome == "held":
                self.approve()
            elif answer.outcome == "partial":
                self.run("retry")
            else:
                raise BrokenError(f"a good run failed: {answer.outcome} {answer.text}\n{self.story()}")
        else:
            raise BrokenError(f"good runs do not come to rest:\n{self.story()}")
        self.approved = False
        self._settled(without_extras=False)
        if deep:
            self.pass_time(days=GRACE.days, hours=1)
            answer = self.run()
            if answer.outcome != "fine":
                raise BrokenError(f"a quiet run failed: {answer.outcome} {answer.text}\n{self.story()}")
            self._settled(without_extras=True)

    def approve(self) -> None:
        answer = self.run("approve", look=False)
        self.log.append(f"  approved {answer.raw['holds']}")
        self.approved = True

    def _settled(self, *, without_extras: bool) -> None:
        try:
            self.judge.settled(without_extras=without_extras)
        except BrokenError as error:
            raise BrokenError(f"{error}\n{self.story()}") from error

    # --- copies of the whole

    def save(self, to: Path) -> "Saved":
        """Everything as it is now, on the disk and in the model's mind."""
        shutil.copytree(self.root, to)
        return Saved(to, *(copy.deepcopy(each) for each in self._mind()))

    def restore(self, saved: "Saved") -> None:
        """Everything as it was."""
        shutil.rmtree(self.root)
        shutil.copytree(saved.folder, self.root)
        self.source.__dict__.update(copy.deepcopy(saved.source))
        self.judge.__dict__.update(copy.deepcopy(saved.judge))
        self.__dict__.update(copy.deepcopy(saved.world))

    def _mind(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        judge = {key: value for key, value in self.judge.__dict__.items() if key not in {"source", "reader"}}
        world = {key: value for key, value in self.__dict__.items() if key not in {"source", "judge", "engine", "root"}}
        return self.source.__dict__, judge, world


@dataclass(frozen=True)
class Saved:
    """A world as it was."""

    folder: Path
    source: dict[str, Any]
    judge: dict[str, Any]
    world: dict[str, Any]


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    return {key: _iso(value) if isinstance(value, timedelta) else value for key, value in options.items()}


def _iso(value: timedelta) -> str:
    return f"PT{int(value.total_seconds())}S"
