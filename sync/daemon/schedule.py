"""What is due when: values in, values out. The clock, the disk and the processes are elsewhere.

A job that failed is tried again with growing distance, whatever its timetable. A job that was due several times while
nobody could run it (downtime, a long job before it) is run once. Jobs that do the same work count for each other.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sync.daemon.timetable import Timetable

#: A planned moment is put off by no more than this share of its period.
_MOST_JITTER: Final = 4
#: No failure puts the next try off by more.
_LONGEST_RETRY: Final = timedelta(days=1)
#: A start that lies further ahead than this was told by a clock that has been set back since.
_CLOCK_STEP: Final = timedelta(minutes=5)


class Ending(StrEnum):
    """How a job ended."""

    FINE = "fine"
    FINDINGS = "findings"  # it did its work and found differences, or refused files
    PARTIAL = "partial"  # done, but for items set aside or a mirror that failed
    HELD = "held"  # a brake waits for approval
    FAILED = "failed"  # could not do it
    USAGE = "usage"  # the configuration or the command line is wrong
    BUG = "bug"  # it ended by an error of ours
    KILLED = "killed"  # by a signal that was not ours: mostly memory
    LATE = "late"  # it took too long and was stopped
    STOPPED = "stopped"  # the daemon was asked to end
    LOST = "lost"  # the daemon itself ended without a word while it was on

    @property
    def is_good(self) -> bool:
        """It did its work."""
        return self in {Ending.FINE, Ending.FINDINGS, Ending.PARTIAL}

    @property
    def is_failure(self) -> bool:
        """Something is wrong, and time may mend it; a brake is mended by a person only."""
        return not self.is_good and self not in {Ending.HELD, Ending.STOPPED}


@dataclass(frozen=True, slots=True)
class Job:
    """What the daemon runs.

    Attributes:
        name: of the job.
        command: arguments of ``gdac``. Jobs with equal ones do the same work and count for each other.
        timetable: when.
        at_once: it need not wait for its first planned moment.
    """

    name: str
    command: tuple[str, ...]
    timetable: Timetable
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What is remembered of a job.

    Attributes:
        started: when it was started last (UTC).
        ended: when it ended; None while it is on, or when the daemon was lost with it.
        ending: how; None as above.
        good: when its work was done well last, by this job or another one with the same work.
        failures: how often in a row it failed.
        again: when to try again, whatever the timetable says.
        run: id of its last run in the logs.
        error: why it failed last, one sentence; empty when it did not.
    """

    started: datetime | None = None
    ended: datetime | None = None
    ending: Ending | None = None
    good: datetime | None = None
    failures: int = 0
    again: datetime | None = None
    run: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """How planned moments and tries are spread.

    Attributes:
        jitter: most that a planned moment is put off.
        retry: distance to the first new try after a failure.
        key: what tells this deployment from another one.
    """

    jitter: timedelta
    retry: timedelta
    key: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """A job and the moment from which it may be run."""

    when: datetime
    job: Job


Book = Mapping[str, JobFacts]


def agenda(jobs: Iterable[Job], book: Book, now: datetime, since: datetime, pace: Pace) -> list[Due]:
    """Every job that comes by itself, the one that is due first first.

    Args:
        jobs: all of them, the more important ones first.
        book: what is remembered; jobs may be missing.
        now: the time (UTC).
        since: when the daemon began to keep the book.
        pace: spreads them.
    """
    jobs = tuple(jobs)
    found = [Due(when, job) for job in jobs if (when := _due(job, jobs, book, now, min(since, now), pace)) is not None]
    return sorted(found, key=lambda one: one.when)


def _due(job: Job, jobs: tuple[Job, ...], book: Book, now: datetime, since: datetime, pace: Pace) -> datetime | None:
    own = book.get(job.name, JobFacts())
    begun = own.started
    for other in jobs:  # a run that comes for itself spares the look in between, not the other way round
        if other.command == job.command and _is_denser(job, other):
            begun = max((one for one in (begun, book.get(other.name, JobFacts()).started) if one), default=None)
    if begun is None and job.at_once and not job.timetable.is_off:
        return since
    if begun is not None and begun > now + _CLOCK_STEP and not job.timetable.is_off:
        return now
    planned = _put_off(job, job.timetable.after(min(begun or since, now)), pace)
    if planned is None or own.again is None:
        return planned
    return min(planned, own.again, now + _LONGEST_RETRY)


def _is_denser(job: Job, other: Job) -> bool:
    period, others = job.timetable.period, other.timetable.period
    return job.name != other.name and period is not None and others is not None and period < others


def _put_off(job: Job, planned: datetime | None, pace: Pace) -> datetime | None:
    period = job.timetable.period
    if planned is None or period is None:
        return None
    seed = f"{pace.key}\n{job.name}\n{planned.isoformat()}".encode()
    share = int.from_bytes(hashlib.sha256(seed).digest()[:8], "big") / 2**64
    return planned + min(pace.jitter, period / _MOST_JITTER) * share


def started(book: Book, job: Job, jobs: Iterable[Job], run: str, now: datetime) -> dict[str, JobFacts]:
    """The book when a job has been started: others with the same work need not try again by themselves."""
    kept = dict(book)
    for other in jobs:
        if other.command == job.command and other.name in kept:
            kept[other.name] = replace(kept[other.name], again=None)
    own = kept.get(job.name, JobFacts())
    kept[job.name] = replace(own, started=now, ended=None, ending=None, again=None, run=run)
    return kept


def ended(
    book: Book, job: Job, jobs: Iterable[Job], ending: Ending, error: str, now: datetime, pace: Pace
) -> dict[str, JobFacts]:
    """The book when a job has ended."""
    kept = dict(book)
    own = kept.get(job.name, JobFacts())
    failures = own.failures + 1 if ending.is_failure else own.failures if ending is Ending.STOPPED else 0
    again = now + distance(failures, pace) if ending.is_failure else now if ending is Ending.STOPPED else None
    kept[job.name] = replace(own, ended=now, ending=ending, failures=failures, again=again, error=error)
    if ending.is_good:
        for other in jobs:
            if other.command == job.command:
                kept[other.name] = replace(kept.get(other.name, JobFacts()), good=now, failures=0)
    return kept


def found_again(book: Book, now: datetime, pace: Pace) -> dict[str, JobFacts]:
    """The book of a daemon that begins: jobs that were on when the last one was lost are tried again at once, once.

    A job that takes the daemon with it every time is tried again with growing distance.
    """
    kept = dict(book)
    for name, own in book.items():
        if own.started is not None and own.ending is None:
            failures = own.failures + 1
            again = min(own.started, now) + distance(failures - 1, pace)
            error = "the daemon ended while it was on"
            kept[name] = replace(own, ending=Ending.LOST, failures=failures, again=again, error=error)
    return kept


def forgiven(book: Book, now: datetime) -> dict[str, JobFacts]:
    """The book when somebody mended something: what failed is tried again now."""
    return {
        name: replace(own, failures=0, again=now) if own.ending is not None and own.ending.is_failure else own
        for name, own in book.items()
    }


def distance(failures: int, pace: Pace) -> timedelta:
    """How long after so many failures in a row the next try comes; nothing after none."""
    if not failures:
        return timedelta(0)
    return min(pace.retry * (1 << min(failures - 1, 30)), _LONGEST_RETRY)
