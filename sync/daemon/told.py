"""What the daemon's book says to others: its jobs as a status tells them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from sync.config import Config
from sync.daemon.book import BrokenBookError, KeptBook, read_book
from sync.daemon.jobs import jobs_of
from sync.daemon.schedule import Due, Job, JobFacts, Pace, agenda
from sync.status.parts import JobStatus
from sync.status.telling import told


def pace_of(config: Config) -> Pace:
    """How the jobs of a deployment are spread."""
    return Pace(config.daemon.jitter, config.daemon.retry, config.hub.store)


def told_jobs(jobs: Iterable[Job], book: Mapping[str, JobFacts], due: Iterable[Due]) -> tuple[JobStatus, ...]:
    """Jobs as a status has them.

    Args:
        jobs: of the deployment.
        book: what is remembered of them.
        due: when they come next.
    """
    when = {one.job.name: one.when for one in due}
    return tuple(_told(job, book.get(job.name, JobFacts()), when.get(job.name)) for job in jobs)


def read_jobs(config: Config, now: datetime) -> tuple[JobStatus, ...]:
    """The jobs of the daemon that keeps its book beside the state, for a status that outlives the moment.

    It is read within a job, at its end; that one is told as no longer on, else every published status would say that
    it was. None where no daemon ever ran.
    """
    book = kept_book(config)
    return () if book is None else tuple(replace(one, running_since=None) for one in jobs_in(book, config, now))


def kept_book(config: Config) -> KeptBook | None:
    """The book beside the state, if it can be read: the daemon says so when it cannot, and begins another one."""
    try:
        return read_book(config.state_directory)
    except BrokenBookError:
        return None


def jobs_in(book: KeptBook, config: Config, now: datetime) -> tuple[JobStatus, ...]:
    """The jobs of a book, with their next moments."""
    jobs = jobs_of(config)
    return told_jobs(jobs, book.jobs, agenda(jobs, book.jobs, now, book.since, pace_of(config)))


def _told(job: Job, facts: JobFacts, due: datetime | None) -> JobStatus:
    is_on = facts.started is not None and facts.ending is None
    return JobStatus(
        name=job.name,
        schedule=str(job.timetable),
        running_since=facts.started if is_on else None,
        last_start=facts.started,
        last_end=facts.ended,
        last_outcome="" if facts.ending is None else facts.ending.value,
        last_error=told(facts.error),
        last_good=facts.good,
        next_due=due,
    )
