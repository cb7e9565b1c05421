"""A daemon as a process of its own: its log is read as it comes, its pages are asked for, signals are sent to it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import ROOT

T = TypeVar("T")
GDAC = (sys.executable, "-m", "gdac.cli.main")
#: Seconds that a busy machine gets; nothing is timed.
PATIENCE = 180


class RunningDaemon:
    """The real command; `lines` are what it logged so far."""

    def __init__(self, root: Path, *arguments: str, wrapped: tuple[str, ...] = (), **environment: str) -> None:
        command = [*wrapped, *GDAC, "sync", "daemon", "--log", "json", "--listen", "127.0.0.1:0", *arguments]
        self.process = subprocess.Popen(
            command,
            cwd=root,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        )
        self.lines: list[dict[str, Any]] = []
        self.other: list[str] = []
        self._come = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._come:
                if line.startswith("{"):
                    self.lines.append(json.loads(line))
                else:
                    self.other.append(line)
                self._come.notify_all()
        with self._come:
            self.other.append("")
            self._come.notify_all()

    def wait_for(self, event: str, *, since: int = 0, **facts: Any) -> dict[str, Any]:
        """The first line of an event with these facts, as soon as it is there."""
        for line in self.follow(since=since):
            if line["event"] == event and facts.items() <= line.items():
                return line
        raise AssertionError(f"no {event} {facts} in:\n{self.log()}")

    def follow(self, *, since: int = 0) -> Iterator[dict[str, Any]]:
        """Lines as they come, until there are no more."""
        at, end = since, time.monotonic() + PATIENCE
        while True:
            with self._come:
                while len(self.lines) <= at:
                    if self.other[-1:] == [""] or not self._come.wait(max(end - time.monotonic(), 0)):
                        return
                line = self.lines[at]
            at += 1
            yield line

    def log(self) -> str:
        return "\n".join([*(json.dumps(one) for one in self.lines), *self.other])

    def get(self, path: str) -> tuple[int, str]:
        url = self.wait_for("listening")["url"]
        try:
            with urllib.request.urlopen(f"{url}{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def metrics(self) -> dict[str, float]:
        status, text = self.get("/metrics")
        assert status == 200
        return metrics_of(text)

    def status(self) -> dict[str, Any]:
        """The status, as soon as there is one."""
        status, text = until(lambda: self.get("/status.json"), lambda found: found[0] == 200)
        assert status == 200, text
        return json.loads(text)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._reader.join(10)
        return code


@contextmanager
def running(root: Path, *arguments: str, **environment: Any) -> Iterator[RunningDaemon]:
    daemon = RunningDaemon(root, *arguments, **environment)
    try:
        yield daemon
    finally:
        with contextlib.suppress(ProcessLookupError):
            daemon.process.kill()
        daemon.process.wait(PATIENCE)
        daemon._reader.join(PATIENCE)
        assert daemon.process.stderr is not None
        daemon.process.stderr.close()


def metrics_of(text: str) -> dict[str, float]:
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def until(look: Callable[[], T], good: Callable[[T], bool]) -> T:
    """What is seen as soon as it is good, or at last."""
    end = time.monotonic() + PATIENCE
    while True:
        found = look()
        if good(found) or time.monotonic() > end:
            return found
        time.sleep(0.1)


def configure(root: Path, *, daemon: dict[str, Any], source: dict[str, Any] | None = None, more: str = "") -> Path:
    """A configuration in ``root``: a source, a hub and a mirror, all in directories there."""
    settings = {"store": f"{root}/source", **(source or {})}
    quiet = {"jitter": "PT0S", "index_check": "off", "audit": "off", "sweep": "off", "retry": "PT1S"}
    lines = [
        f'[hub]\nstore = "{root}/hub"\nstate = "{root}/state"',
        "[source.sample]",
        *(f"{key} = {json.dumps(value)}" for key, value in settings.items()),
        f'[mirror.folder]\nstore = "{root}/mirror"',
        "[daemon]",
        *(f"{key} = {json.dumps(value)}" for key, value in {**quiet, **daemon}.items()),
    ]
    file = root / "gdac.toml"
    fresh = root / "gdac.toml.new"
    fresh.write_text("\n".join(lines) + f"\n{more}")
    fresh.replace(file)
    return file
