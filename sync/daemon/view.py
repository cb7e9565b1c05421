"""What the daemon shows of itself while it works: pages, health and metrics read it, nobody else writes it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sync.daemon.schedule import Ending
from sync.status.facts import Status
from sync.status.parts import JobStatus
from sync.status.words import aged


class Phase(StrEnum):
    """What the daemon is at."""

    STARTING = "starting"
    WAITING = "waiting"  # another daemon has the state
    IDLE = "idle"
    BLOCKED = "blocked"  # a job is due, and somebody else works with the state
    WORKING = "working"
    STOPPING = "stopping"


@dataclass(slots=True)
class Tally:
    """Sums since the daemon began.

    Attributes:
        endings: how often which job ended how.
        seconds: how long the runs of a job took in all.
        last_seconds: how long the last run of a job took.
    """

    endings: Counter[tuple[str, Ending]] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    last_seconds: dict[str, float] = field(default_factory=dict)

    def count(self, job: str, ending: Ending, seconds: float) -> None:
        """A job has ended."""
        self.endings[job, ending] += 1
        self.seconds[job] += seconds  # type: ignore[assignment]  # a Counter may hold any number
        self.last_seconds[job] = seconds


@dataclass(slots=True)
class View:
    """The daemon, seen from outside.

    Attributes:
        phase: what it is at.
        reason: why it waits; empty when it does not.
        jobs: of the deployment, as they stand.
        failures: how often in a row each job has failed.
        status: as read last; None before the first time.
        unread: why the status could not be read last; empty when it could.
        refused: why the configuration in the file is not in force; empty when it is.
        reloaded: when a configuration was taken last.
        tally: sums.
        beat: when the daemon last came round, by the machine's monotonic clock.
    """

    phase: Phase = Phase.STARTING
    reason: str = ""
    jobs: Sequence[JobStatus] = ()
    failures: dict[str, int] = field(default_factory=dict)
    status: Status | None = None
    unread: str = ""
    refused: str = ""
    reloaded: datetime | None = None
    tally: Tally = field(default_factory=Tally)
    beat: float = 0.0

    @property
    def is_ready(self) -> bool:
        """It has the state, and does its jobs when they are due."""
        return self.phase in {Phase.IDLE, Phase.BLOCKED, Phase.WORKING}

    def told(self, now: datetime) -> Status | None:
        """The status as it is to be told now, with the jobs as they stand."""
        return None if self.status is None else aged(self.status, now, self.jobs)
