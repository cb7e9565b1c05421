"""The daemon itself: one job at a time, when it is due, as a process of its own; what it remembers, it writes down."""

import asyncio
import contextlib
import os
import sqlite3
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gdac.errors import ExitCode, GdacError
from sync.config import Config
from sync.daemon.book import BOOK_NAME, BrokenBookError, KeptBook, read_book, write_book
from sync.daemon.children import GDAC, Bounds, Done, run_child
from sync.daemon.clock import Clock
from sync.daemon.jobs import jobs_of
from sync.daemon.lock import LOCK_NAME, DaemonLock
from sync.daemon.logs import Log
from sync.daemon.results import tell_event, tell_results
from sync.daemon.schedule import Due, Ending, Job, agenda, ended, forgiven, found_again, started
from sync.daemon.settings import Settings
from sync.daemon.told import jobs_in, kept_book, pace_of, told_jobs
from sync.daemon.view import Phase, View
from sync.state import STATE_NAME, State
from sync.status.facts import Status

#: Most seconds between two looks at the configuration, the clock and the state.
_ROUND: Final = 30.0
#: Seconds between two looks at a lock that somebody else holds.
_LOCK_ROUND: Final = 5.0
#: A status is read anew at least so often, in seconds, even when nothing in the state changed.
_STATUS_AGE: Final = 300.0
_WORST_FIRST: Final = (
    (ExitCode.FAILED, {Ending.FAILED, Ending.BUG, Ending.KILLED, Ending.LATE, Ending.USAGE, Ending.STOPPED}),
    (ExitCode.HELD, {Ending.HELD}),
    (ExitCode.PARTIAL, {Ending.PARTIAL}),
    (ExitCode.DIFFERENCES, {Ending.FINDINGS}),
)

ReadStatus = Callable[[Config, State, datetime, Sequence[Any]], Status]


class Daemon:
    """Runs the jobs of one deployment; use once.

    Args:
        settings: the configuration.
        log: where it tells what it does.
        clock: the time.
        view: what it shows of itself.
        read_status: reads the status from the state.
        environment: of the jobs.
        gdac: how ``gdac`` is called.
    """

    def __init__(
        self,
        settings: Settings,
        log: Log,
        clock: Clock,
        view: View,
        read_status: ReadStatus,
        environment: Mapping[str, str],
        gdac: Sequence[str] = GDAC,
    ) -> None:
        self._settings, self._log, self._clock, self.view = settings, log, clock, view
        self._read_status, self._environment, self._gdac = read_status, environment, tuple(gdac)
        self._directory = settings.config.state_directory
        self._jobs = jobs_of(settings.config)
        self._book = KeptBook(clock.now())
        self._stop, self._woken = asyncio.Event(), asyncio.Event()
        self._lock: DaemonLock | None = None
        self._read: tuple[object, float] = (None, 0.0)
        self._unwritten = ""

    def stop(self) -> None:
        """Ask it to end: the job that is on is asked to, too."""
        self._log.info("stopping", "asked to stop")
        self.view.phase = Phase.STOPPING
        self._stop.set()
        self._woken.set()

    def reload(self) -> None:
        """Look at the configuration now, and try again what failed."""
        self._mind_configuration(asked=True)
        self._woken.set()

    async def take_state(self, *, wait: bool = True) -> bool:
        """Become the daemon of the state, as soon as no other one is; False when asked to stop before.

        Raises:
            GdacError: the state directory cannot be used.
        """
        self._lock = DaemonLock.take(self._directory)
        if self._lock is None and wait:
            self.view.phase = Phase.WAITING
            self.view.reason = f"another daemon works with the state in {self._directory}"
            self._log.info("waiting", f"{self.view.reason}; this one takes over when it ends")
        while self._lock is None and wait and not self._stop.is_set():
            self._come_round()
            other = kept_book(self._settings.config)
            self.view.jobs = jobs_in(other, self._settings.config, self._clock.now()) if other else ()
            await self._look()
            await self._clock.sleep(_LOCK_ROUND, self._woken)
            self._mind_configuration()
            self._lock = None if self._stop.is_set() else DaemonLock.take(self._directory)
        if self._lock is None:
            return False
        self._settings.put_in_force()
        self._open_book()
        self._rest()
        self._log.info("ready", f"this daemon has the state in {self._directory}")
        return True

    async def work(self, *, once: bool = False) -> ExitCode:
        """Run jobs when they are due, until asked to stop; with ``once`` those that are due; tell the worst end.

        Raises:
            GdacError: the state is no longer this daemon's.
        """
        assert self._lock is not None
        endings: set[Ending] = set()
        try:
            while not self._stop.is_set():
                self._come_round()
                self._mind_configuration()
                self._check_lock()
                await self._look()
                due = self._agenda()
                is_due = bool(due) and due[0].when <= self._clock.now()
                if once and not is_due:
                    break
                if is_due and not await self._is_blocked():
                    endings.add(await self._run(due[0].job))
                    continue
                await self._clock.sleep(self._pause(due), self._woken)
            await self._look()
            return _worst(endings) if once else ExitCode.FINE
        finally:
            self._write_book()
            self._lock.close()

    # Rounds

    def _come_round(self) -> None:
        self._woken.clear()
        self.view.beat = time.monotonic()
        if self._stop.is_set():
            self._woken.set()

    def _pause(self, due: Sequence[Due]) -> float:
        if self.view.phase is Phase.BLOCKED:
            return _LOCK_ROUND
        first = (due[0].when - self._clock.now()).total_seconds() if due else _ROUND
        return min(max(first, 0.0), _ROUND)

    def _check_lock(self) -> None:
        assert self._lock is not None
        if not self._lock.is_sure:
            raise GdacError(
                f"{self._directory / LOCK_NAME} was taken away or replaced, so this daemon is no longer sure to be the"
                " only one; it ends.",
                hint="Leave the state directory alone while a daemon works with it.",
            )

    def _mind_configuration(self, *, asked: bool = False) -> None:
        found = self._settings.look_again()
        self.view.refused = found.refused
        if found.refused and (found.changed or asked):
            self._log.error("reload-refused", f"the old configuration stays in force: {found.refused}")
        elif not found.refused and (found.changed or asked):
            self._jobs = jobs_of(self._settings.config)
            self.view.reloaded = self._clock.now()
            if self._lock is not None:
                self._book = replace(self._book, jobs=forgiven(self._book.jobs, self._clock.now()))
                self._agenda()
            said = "changed, and was" if found.changed else "was"
            self._log.info("reloaded", f"the configuration {said} read again")

    # The book

    def _open_book(self) -> None:
        now = self._clock.now()
        try:
            found = read_book(self._directory)
        except BrokenBookError as error:
            aside = self._directory / f"{BOOK_NAME}.broken"
            with contextlib.suppress(OSError):  # then it is written over; nothing depends on it
                (self._directory / BOOK_NAME).replace(aside)
            self._log.warning(
                "book-broken", f"{BOOK_NAME} cannot be read ({error}); begun anew, the old one is {aside}"
            )
            found = None
        self._book = found or KeptBook(now)
        self._book = replace(self._book, jobs=found_again(self._book.jobs, now, pace_of(self._settings.config)))
        self.view.reloaded = now

    def _write_book(self) -> None:
        try:
            write_book(self._directory, self._book)
        except OSError as error:
            if self._unwritten != str(error):
                self._log.error("book-unwritten", f"{BOOK_NAME} cannot be written: {error}")
            self._unwritten = str(error)
        else:
            self._unwritten = ""

    def _agenda(self) -> list[Due]:
        book, pace = self._book, pace_of(self._settings.config)
        due = agenda(self._jobs, book.jobs, self._clock.now(), book.since, pace)
        self.view.jobs = told_jobs(self._jobs, book.jobs, due)
        self.view.failures = {job.name: book.jobs[job.name].failures for job in self._jobs if job.name in book.jobs}
        return due

    # The state

    async def _look(self) -> None:
        """Read the status where the state changed since the last time."""
        seen = _signature(self._directory)
        known, when = self._read
        if seen == known and time.monotonic() - when < _STATUS_AGE:
            return
        try:
            self.view.status = await asyncio.to_thread(self._status)
        except (GdacError, sqlite3.Error, OSError) as error:
            if self.view.unread != str(error):
                self._log.warning("status-unread", f"the status cannot be read: {error}")
            self.view.unread = str(error)
        else:
            self.view.unread = ""
        self._read = (_signature(self._directory), time.monotonic())

    def _status(self) -> Status:
        with State.look(self._directory) as state:
            return self._read_status(self._settings.config, state, self._clock.now(), self.view.jobs)

    async def _is_blocked(self) -> bool:
        """Whether somebody else works with the state just now; that is no failure of the job."""
        blocked = await asyncio.to_thread(_is_busy, self._directory)
        if not blocked:
            self._rest()
        elif self.view.phase is not Phase.BLOCKED:
            self.view.phase, self.view.reason = Phase.BLOCKED, "another gdac process works with the state"
            self._log.info("blocked", f"{self.view.reason}; jobs wait until it ends")
        return blocked

    def _rest(self) -> None:
        if not self._stop.is_set():
            self.view.phase, self.view.reason = Phase.IDLE, ""

    # Jobs

    async def _run(self, job: Job) -> Ending:
        run, began = uuid.uuid4().hex[:12], time.monotonic()
        self._book = replace(self._book, jobs=started(self._book.jobs, job, self._jobs, run, self._clock.now()))
        self._write_book()
        self._agenda()
        self.view.phase = Phase.WORKING
        self._log.info("job-started", f"gdac {' '.join(job.command)}", job=job.name, run=run)
        done = await self._child(job, run)
        seconds = time.monotonic() - began
        config = self._settings.config
        after = ended(self._book.jobs, job, self._jobs, done.ending, done.error, self._clock.now(), pace_of(config))
        self._book = replace(self._book, jobs=after)
        self._write_book()
        self.view.tally.count(job.name, done.ending, seconds)
        self._agenda()
        await self._look()  # whoever reads that the job has ended finds it in the status, too
        tell_results(self._log, job.name, run, done, seconds, after[job.name].again)
        self._rest()
        reap_strays()
        return done.ending

    async def _child(self, job: Job, run: str) -> Done:
        plan = self._settings.config.daemon
        command = (*self._gdac, *job.command, "--json", "--config", str(self._settings.copy))
        return await run_child(
            command,
            self._environment,
            Bounds(plan.longest, plan.grace),
            self._stop,
            lambda event: tell_event(self._log, job.name, run, event),
        )


def _worst(endings: set[Ending]) -> ExitCode:
    return next((code for code, bad in _WORST_FIRST if bad & endings), ExitCode.FINE)


def reap_strays() -> None:
    """As process 1 of a container: collect what jobs left behind. No job is on then, so nobody else waits for one."""
    if os.getpid() != 1:
        return
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _is_busy(directory: Path) -> bool:
    with State.look(directory) as state:
        return state.is_busy


def _signature(directory: Path) -> object:
    """What changes when the state does."""
    found = []
    for name in (STATE_NAME, f"{STATE_NAME}-wal"):
        try:
            seen = (directory / name).stat()
        except OSError:
            continue
        found.append((name, seen.st_ino, seen.st_size, seen.st_mtime_ns))
    return found
