"""What a command used, and tables of it. Import nothing large here: a child begins with its parent's peak memory."""

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from benchmarks.servers import ROOT

#: A command that takes longer (seconds) hangs, and ends the benchmark.
LONGEST: Final = 900.0


@dataclass(frozen=True)
class Used:
    """What one command used: seconds on the wall, CPU seconds (user and system), peak megabytes; requests it made."""

    wall: float
    cpu: float
    mb: float
    requests: int | None = None


def used_by(
    command: Sequence[str], environment: Mapping[str, str] | None = None, *, fine: Sequence[int] = (0,)
) -> Used:
    """Run a command to its end; anything but a good exit ends the benchmark."""
    began = time.perf_counter()
    process = subprocess.Popen(
        list(command), env={**os.environ, **(environment or {})}, stdout=subprocess.DEVNULL, cwd=ROOT
    )
    alarm = threading.Timer(LONGEST, process.kill)
    alarm.start()
    _, status, usage = os.wait4(process.pid, 0)
    alarm.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in fine:
        raise SystemExit(f"{' '.join(command)[:200]} ended with {process.returncode}")
    return Used(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def together(parts: Sequence[Used]) -> Used:
    """One command after the other."""
    counted = [each.requests for each in parts if each.requests is not None]
    return Used(
        sum(each.wall for each in parts),
        sum(each.cpu for each in parts),
        max(each.mb for each in parts),
        sum(counted) if counted else None,
    )


def median(runs: Sequence[Used], part: str) -> float:
    return float(statistics.median(float(getattr(run, part)) for run in runs))


@dataclass
class Table:
    """Figures of several sides at several works: printed with the ratio of ours to each peer, pair by pair.

    Attributes:
        ours: names of our sides.
        runs: per (work, side), one `Used` per run.
    """

    ours: Sequence[str]
    runs: dict[tuple[str, str], list[Used]] = field(default_factory=dict)

    def add(self, work: str, side: str, used: Used) -> None:
        self.runs.setdefault((work, side), []).append(used)
        print(f"  {work}, {side}: {used.wall:.2f} s", file=sys.stderr, flush=True)

    def ratio(self, work: str, ours: str, peer: str, part: str = "wall") -> float:
        """Median over the runs of ours divided by the peer's."""
        pairs = zip(self.runs[work, ours], self.runs[work, peer], strict=False)
        return float(statistics.median(getattr(one, part) / getattr(other, part) for one, other in pairs))

    def show(self, files: int | None = None) -> None:
        """Print everything, medians of the runs."""
        heads = "".join(f"{f'{name}/it':>{len(name) + 5}}" for name in self.ours)
        rate = f"{'files/s':>9}" if files else ""
        print(
            f"{'work':<30}{'what':<26}{'runs':>5}{'wall s':>9}{'CPU s':>8}{'peak MB':>9}{'requests':>10}{rate}{heads}"
        )
        for (work, side), runs in self.runs.items():
            wall = median(runs, "wall")
            asked = runs[-1].requests
            line = (
                f"{work:<30}{side:<26}{len(runs):>5}{wall:>9.2f}{median(runs, 'cpu'):>8.2f}{median(runs, 'mb'):>9.0f}"
            )
            line += f"{'' if asked is None else asked:>10}"
            line += f"{files / wall:>9.0f}" if files else ""
            for name in self.ours:
                ratio = (
                    "" if side in self.ours or (work, name) not in self.runs else f"{self.ratio(work, name, side):.2f}"
                )
                line += f"{ratio:>{len(name) + 5}}"
            print(line)


def judged(text: str, *, met: bool) -> bool:
    """Print a target with whether it was met; returns whether it was missed."""
    print(f"{'met   ' if met else 'MISSED'}  {text}")
    return not met


def missing(name: str, why: str) -> None:
    """Say that a peer or server is not there; what it was for is not measured."""
    print(f"MISSING  {name} is not installed: {why}")


def in_turn(runs: int, sides: Mapping[str, Callable[[], Used]], table: Table, work: str) -> None:
    """Run every side once, then all again: what loads the machine meanwhile loads all of them."""
    for _ in range(runs):
        for name, side in sides.items():
            table.add(work, name, side())
