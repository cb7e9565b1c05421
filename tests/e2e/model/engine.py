"""The engine under test, in processes of its own: orders to `tests.e2e.model.zygote` and their answers."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.conftest import ROOT


@dataclass
class Answer:
    """How a run ended.

    Attributes:
        outcome: of the run record, or ``killed``, ``refused`` (an error with a clear sentence), ``stopped``, ``bug``.
        steps: durable steps that it made; 0 when it was killed.
        text: the error.
        kind: its class.
        record: the run record as JSON values.
        raw: the whole answer.
    """

    outcome: str
    steps: int = 0
    text: str = ""
    kind: str = ""
    record: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, raw: dict[str, Any]) -> Self:
        if "killed" in raw:
            assert raw["killed"] == 9, f"the engine died of signal {raw['killed']}"
            return cls("killed", raw=raw)
        if "stopped" in raw:
            return cls("stopped", raw=raw)
        if "bug" in raw:
            return cls("bug", raw["steps"], raw["text"], raw["bug"], raw=raw)
        if "error" in raw:
            outcome = "held" if raw["code"] == 4 else "refused"
            return cls(outcome, raw["steps"], raw["text"], raw["error"], raw=raw)
        return cls(raw["outcome"], raw["steps"], record=raw.get("record", {}), raw=raw)


class Engine:
    """Runs the engine; use as a context manager."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.e2e.model.zygote"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def run(self, root: Path, what: str, config: dict[str, Any], now: str, **more: Any) -> Answer:
        """One order from its beginning to its end."""
        return self.finish(self.begin(root, what, config, now, **more))

    def begin(self, root: Path, what: str, config: dict[str, Any], now: str, **more: Any) -> int:
        order = {"do": "begin", "root": str(root), "what": what, "config": config, "now": now, **more}
        return int(self._ask(order)["pid"])

    def finish(self, pid: int) -> Answer:
        return Answer.read(self._ask({"do": "finish", "pid": pid}))

    def go_on(self, pid: int) -> None:
        self._ask({"do": "continue", "pid": pid})

    def kill(self, pid: int) -> None:
        self._ask({"do": "kill", "pid": pid})

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the engine's process ended"
        answer: dict[str, Any] = json.loads(line)
        return answer
