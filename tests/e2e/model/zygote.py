"""A process that forks children which run the engine, and that can have them killed at any durable step.

Orders come as JSON lines on standard input, answers go as JSON lines to standard output. A child is a real process: at
the chosen step it gets SIGKILL, so nothing is cleaned up, closed or rolled back by anybody. The zygote never runs the
engine itself and has one thread, so that forking it is safe; the column engine's databases are opened before the fork
(an empty one costs 18 ms otherwise, several times a run).

A durable step is what the audit hooks of Python see of files below the deployment: opening for writing, renaming,
linking, deleting, making and removing directories; and every commit of the state database. The step is killed right
before it is done. Column engine and temporary work directories are not counted: nobody reads them after a crash.
"""

import asyncio
import errno
import itertools
import json
import os
import random
import re
import select
import signal
import sqlite3
import sys
import traceback
from contextlib import suppress
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

import duckdb

from gdac.errors import GdacError
from sync.config import check_config
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.run import Run, opened
from sync.state import State
from sync.stores import sessions
from sync.stores.faults import Fault, FaultyStore, Kind, Step
from sync.stores.local import LocalStore

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_EVENTS = frozenset({"os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"})
_OPENED = duckdb.connect
_POOL: list[duckdb.DuckDBPyConnection] = []


class Steps:
    """Counts durable steps; kills, stops or fills the disk at one of them."""

    def __init__(self) -> None:
        self.root = ""
        self.count = 0
        self.kill_at = self.stop_at = self.full_at = 0
        self.kill_after = ""
        self.kill_on: re.Pattern[str] | None = None
        self.names: list[str] | None = None
        self._numbers = itertools.count(1)

    def arm(self, order: dict[str, Any]) -> None:
        self.kill_at, self.stop_at = order.get("kill_at", 0), order.get("stop_at", 0)
        self.full_at, self.kill_after = order.get("full_at", 0), order.get("kill_after", "")
        self.kill_on = re.compile(order["kill_on"]) if order.get("kill_on") else None
        self.names = [] if order.get("trace") else None
        self.root = order["root"]

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.root:
            return
        if event == "open":
            if not isinstance(args[2], int) or not args[2] & _WRITES:
                return
        elif event not in _EVENTS:
            return
        path = args[0]
        if not isinstance(path, str | os.PathLike):
            return
        path = os.fspath(path)
        if path.startswith(self.root) and "/work-" not in path and not path.endswith((".db", ".lock", "-wal", "-shm")):
            self._step(event, path, str(args[1]) if event in {"os.rename", "os.link"} else "")

    def sql(self, statement: str) -> None:
        if self.root and statement.startswith(("COMMIT", "CREATE", "ALTER")):
            self._step("sql", statement[:6])

    def _step(self, event: str, path: str, target: str = "") -> None:
        number = next(self._numbers)
        self.count = number
        name = f"{event} {path.removeprefix(self.root)} {target.removeprefix(self.root)}".rstrip()
        if self.names is not None:
            self.names.append(name)
        if number == self.kill_at or (self.kill_on and self.kill_on.search(name)):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kill_after and fnmatchcase(target, self.root + self.kill_after):
            self.kill_at = number + 1
        if number == self.stop_at or self.stop_at < 0:  # -1: at each of them
            os.kill(os.getpid(), signal.SIGSTOP)
        if self.full_at and number >= self.full_at and event in {"open", "os.mkdir"}:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


STEPS = Steps()
_CONNECT_SQL = sqlite3.connect


def _connect_sql(*args: Any, **options: Any) -> sqlite3.Connection:
    connection = _CONNECT_SQL(*args, **options)
    connection.set_trace_callback(STEPS.sql)
    return connection


def _connect(database: str = ":memory:", **options: Any) -> duckdb.DuckDBPyConnection:
    return _POOL.pop() if _POOL and database == ":memory:" else _OPENED(database, **options)


async def _no_sleep(_: float) -> None:
    await asyncio.sleep(0)


def _faulty(order: dict[str, Any]) -> None:
    """Put faults between the engine and its stores, wherever a module makes one."""
    from sync.stores import open as opening
    from sync.stores.retry import RetryingStore

    honest = opening.open_store

    def open_store(url: str, *args: Any, name: str = "", **options: Any) -> Any:
        store: Any = honest(url, *args, name=name, **options)
        told = order["faults"].get(name)
        if told is None:
            return store
        faulty = FaultyStore(store, _script(told), sleep=_no_sleep)
        return RetryingStore(faulty, sleep=_no_sleep) if told.get("retry") else faulty

    for module in [one for key, one in sys.modules.items() if key.startswith("sync.")]:
        if getattr(module, "open_store", None) is honest:
            module.open_store = open_store  # type: ignore[attr-defined]


def _script(told: dict[str, Any]) -> Any:
    dice = random.Random(told["seed"])
    kinds = [Kind(one) for one in told["kinds"]]

    def script(step: Step) -> Fault | None:
        if told.get("at"):
            hit = step.number >= told["at"] if told.get("onwards") else step.number == told["at"]
        else:
            hit = dice.random() < told["share"]
        return Fault(dice.choice(kinds)) if hit else None

    return script


def _work(order: dict[str, Any]) -> dict[str, Any]:
    """Do what the order says with the real engine; returns what it says of it."""
    config = check_config(order["config"], where="model")
    now = datetime.fromisoformat(order["now"])
    sessions.LONGEST_WAIT = 2.0  # a run that is stopped holds its locks
    if order.get("faults"):
        _faulty(order)
    for module, name in (("sync.hub.ingest", "_JOURNAL_FILES"), ("sync.mirror.copying", "_JOURNAL_FILES")):
        if hasattr(sys.modules[module], name):
            setattr(sys.modules[module], name, order.get("journal", 3))
    with State.open(config.state_directory) as state:
        match order["what"]:
            case "run":
                record = run_loop(Run(config, state, Silent(), lambda: now).whole_day())
                return {"outcome": record.outcome.value, "record": record.as_json()}
            case "replicate":
                record = run_loop(Run(config, state, Silent(), lambda: now).mirrors_only(order.get("names", ())))
                return {"outcome": record.outcome.value, "record": record.as_json()}
            case "collect":
                from sync.collect import check, publish
                from sync.collect.run import Collect

                publish.BATCH = check.BATCH = order.get("batch", publish.BATCH)  # type: ignore[misc]
                collected = run_loop(Collect(config, state, Silent(), lambda: now).run())
                return {"outcome": collected.outcome.value, "record": collected.as_json()}
            case "approve":
                holds = state.open_holds()
                for hold in holds:
                    state.approve(hold.run, "model", now)
                return {"outcome": "fine", "holds": [[one.hold.target, one.hold.reasons] for one in holds]}
            case "retry":
                return {"outcome": "fine", "count": state.retry()}
            case "release":
                state.allow_ingest()
                return {"outcome": "fine"}
            case "revert":
                from sync.hub.revert import Revert

                record = run_loop(Revert(config, state, Silent(), lambda: now, opened).to(order["serial"]))
                return {"outcome": "fine" if not record.lost else "partial", "lost": record.lost}
    raise ValueError(order["what"])


def _child(order: dict[str, Any], out: int) -> None:
    answer: dict[str, Any]
    try:
        STEPS.arm(order)
        try:
            answer = _work(order)
        finally:
            STEPS.root = ""
    except GdacError as error:
        answer = {"error": type(error).__name__, "text": str(error), "code": int(error.exit_code)}
    except BaseException as error:  # noqa: BLE001 - whatever it is, the test must hear of it
        answer = {"bug": type(error).__name__, "text": "".join(traceback.format_exception(error))[-6000:]}
    answer |= {"steps": STEPS.count, "names": STEPS.names}
    with os.fdopen(out, "w") as pipe:
        json.dump(answer, pipe, default=str)
    os._exit(0)


class Children:
    """The children that run, by number."""

    def __init__(self) -> None:
        self._running: dict[int, tuple[int, int]] = {}

    def begin(self, order: dict[str, Any]) -> int:
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            _child(order, write)
        os.close(write)
        self._running[pid] = (pid, read)
        return pid

    def finish(self, pid: int) -> dict[str, Any]:
        """The answer of a child that ended or was killed; ``stopped`` when it only stopped."""
        _, read = self._running[pid]
        # A child that stops keeps its pipe open: wait for the process first, its answer fits the pipe or is read below.
        raw = b""
        os.set_blocking(read, False)
        while True:
            done, status = os.waitpid(pid, os.WUNTRACED | os.WNOHANG)
            with suppress(BlockingIOError):
                raw += os.read(read, 1 << 20)
            if done == 0:
                select.select([read], [], [], 0.002)
                continue
            if os.WIFSTOPPED(status):
                return {"stopped": True}
            break
        os.set_blocking(read, True)
        while piece := os.read(read, 1 << 20):
            raw += piece
        os.close(read)
        del self._running[pid]
        if os.WIFSIGNALED(status):
            return {"killed": os.WTERMSIG(status)}
        return json.loads(raw)

    def go_on(self, pid: int) -> None:
        os.kill(pid, signal.SIGCONT)


def main() -> None:
    """Serve orders until standard input ends."""
    import gdac.check.work  # noqa: F401 - all are loaded before the fork
    import sync.audit.audit
    import sync.collect.run
    import sync.hub.revert
    import sync.hub.sweep
    import sync.mirror.anywhere
    import sync.stores.open  # noqa: F401
    import tests.e2e.loaded  # noqa: F401

    LocalStore.flush = _free_flush  # type: ignore[method-assign]  # no power cut is played here: memory is durable
    _POOL.extend(
        _OPENED(":memory:", config={"threads": 1, "async_threads": 0, "memory_limit": "500MB"}) for _ in range(6)
    )
    for one in _POOL:
        one.execute("pragma disable_optimizer")  # tables of thirty rows: planning is most of the time
    duckdb.connect = _connect
    sqlite3.connect = _connect_sql  # type: ignore[assignment]
    sys.addaudithook(STEPS.audit)
    children = Children()
    for line in sys.stdin:
        order = json.loads(line)
        match order["do"]:
            case "begin":
                answer: dict[str, Any] = {"pid": children.begin(order)}
            case "finish":
                answer = children.finish(order["pid"])
            case "continue":
                children.go_on(order["pid"])
                answer = {}
            case "kill":
                os.kill(order["pid"], signal.SIGKILL)
                answer = {}
            case _:
                raise ValueError(order["do"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


async def _free_flush(self: LocalStore) -> None:
    """No barrier: a killed process loses nothing that the kernel has."""


if __name__ == "__main__":
    main()
