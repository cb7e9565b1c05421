"""Workers that check files side by side, watched: a file that kills or holds one costs that file alone.

Every worker answers file by file, so that the file in hand is known at every moment. When a worker dies, that file is
tried once more, alone in a fresh worker; dying again makes it a ``crash``. When a file holds its worker beyond the time
limit, the worker is ended and the file is a ``timeout``. Whatever else the worker had to do goes to others.

Results come out in the order of the tasks, whatever the number of workers; tasks are drawn from their iterator only as
far ahead as results may wait for each other, so memory does not grow with the number of files.
"""

import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, BinaryIO, Final, cast

from gdac.check.finding import Result
from gdac.check.task import Settings, Task
from gdac.check.worker import receive, send
from gdac.errors import GdacError

#: Most files that a worker is given at once, and about how many bytes of files held in memory.
CHUNK: Final = 16
CHUNK_BYTES: Final = 8 << 20
#: How many chunks per worker may be under way or wait for an earlier result.
AHEAD: Final = 6
#: Seconds that a worker may take to start.
START_LIMIT: Final = 120.0
_PROGRAM: Final = "from gdac.check.worker import main; main()"
_TICK: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Job:
    """A task with its place in the output; ``alone``: it was in hand when a worker died."""

    number: int
    task: Task
    alone: bool = False


@dataclass(eq=False)
class _Worker:
    """A process and what it has to do; ``since``: when it last gave a sign of life."""

    process: subprocess.Popen[bytes]
    errors: BinaryIO
    since: float
    ready: bool = False
    jobs: deque[_Job] = field(default_factory=deque)

    @property
    def stdin(self) -> BinaryIO:
        return cast("BinaryIO", self.process.stdin)

    @property
    def stdout(self) -> BinaryIO:
        return cast("BinaryIO", self.process.stdout)


class Pool:
    """Watched workers; a context manager. One `run` at a time.

    Args:
        settings: what all files share.
        workers: how many processes at most; they are started when there is work for them.
    """

    def __init__(self, settings: Settings, workers: int) -> None:
        self._settings = settings
        self._most = max(1, workers)
        self._workers: list[_Worker] = []
        self._inbox: SimpleQueue[tuple[_Worker, float, Any]] = SimpleQueue()
        self._again: deque[_Job] = deque()
        self._done: dict[int, Result] = {}
        self._stillborn = 0

    def __enter__(self) -> "Pool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all workers."""
        self._forget()
        for worker in list(self._workers):
            self._end(worker)

    def run(self, tasks: Iterable[Task]) -> Iterator[Result]:
        """Check all tasks; results in their order.

        Raises:
            GdacError: workers do not start.
        """
        waiting = (_Job(number, task) for number, task in enumerate(tasks))
        following, drawn, exhausted = 0, 0, False
        try:
            while True:
                while self._again or (not exhausted and drawn - following < self._most * CHUNK * AHEAD):
                    worker = self._idle()
                    if worker is None:
                        break
                    chunk = self._chunk(waiting)
                    exhausted = exhausted or not chunk
                    if chunk:
                        drawn = max(drawn, chunk[-1].number + 1)
                        self._give(worker, chunk)
                while following in self._done:
                    yield self._done.pop(following)
                    following += 1
                if exhausted and not self._again and following == drawn:
                    return
                self._listen()
        finally:
            self._forget()

    def _forget(self) -> None:
        """Whoever asked has heard enough: nothing of this run may turn up in the next."""
        for worker in [each for each in self._workers if each.jobs]:
            self._end(worker, kill=True)
        self._again.clear()
        self._done.clear()

    def _chunk(self, waiting: Iterator[_Job]) -> list[_Job]:
        """What to give next: a suspect alone, what a lost worker left, or new tasks."""
        if self._again:
            left = 0 if self._again[0].alone else min(len(self._again), CHUNK) - 1
            return [self._again.popleft() for _ in range(left + 1)]
        new: list[_Job] = []
        held = 0
        for job in islice(waiting, CHUNK):
            new.append(job)
            held += len(job.task.data or b"")
            if held > CHUNK_BYTES:
                break
        return new

    def _idle(self) -> _Worker | None:
        """A worker that has nothing to do, a new one if there may be more."""
        for worker in self._workers:
            if worker.ready and not worker.jobs:
                return worker
        while len(self._workers) < self._most:
            self._start()
        return None

    def _start(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"}
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the worker
        process = subprocess.Popen(  # noqa: S603 - this Python, this program
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
        )
        worker = _Worker(process, cast("BinaryIO", errors), time.monotonic())
        self._workers.append(worker)
        threading.Thread(target=self._read, args=(worker,), daemon=True).start()
        self._write(worker, self._settings)

    def _read(self, worker: _Worker) -> None:
        """Runs in a thread of its own: brings in what a worker says, last None when it is gone."""
        while True:
            try:
                frame = receive(worker.stdout)
            except (EOFError, OSError, pickle.UnpicklingError):
                worker.stdout.close()
                self._inbox.put((worker, time.monotonic(), None))
                return
            self._inbox.put((worker, time.monotonic(), frame))

    def _write(self, worker: _Worker, value: Any) -> None:
        with suppress(OSError):  # it is gone: its reader says so
            send(worker.stdin, value)

    def _give(self, worker: _Worker, chunk: list[_Job]) -> None:
        worker.jobs.extend(chunk)
        worker.since = time.monotonic()
        self._write(worker, [job.task for job in chunk])

    def _listen(self) -> None:
        """Take in what workers say; when all is silent, look for those that take too long."""
        try:
            worker, when, frame = self._inbox.get(timeout=self._patience())
        except Empty:
            self._hurry()
            return
        if worker not in self._workers:
            return
        if frame is None:
            self._bury(worker)
            return
        worker.since = when
        if not worker.ready:
            worker.ready = True
            self._stillborn = 0
        else:
            self._done[worker.jobs.popleft().number] = frame

    def _patience(self) -> float:
        """Seconds until the first deadline."""
        busy = [worker.since for worker in self._workers if worker.jobs]
        if not busy:
            return _TICK
        return max(0.0, min(_TICK, min(busy) + self._settings.time_limit - time.monotonic()))

    def _hurry(self) -> None:
        now = time.monotonic()
        for worker in list(self._workers):
            if worker.jobs and now - worker.since >= self._settings.time_limit:
                from gdac.check.work import timed_out  # noqa: PLC0415 - brings numpy, which only workers need

                late = worker.jobs.popleft()
                self._done[late.number] = timed_out(late.task, self._settings.time_limit)
                self._end(worker, kill=True)
                self._again.extendleft(reversed(worker.jobs))
            elif not worker.ready and now - worker.since >= START_LIMIT:
                self._end(worker, kill=True)
                self._born_dead(f"it did not start within {START_LIMIT:g} s")

    def _bury(self, worker: _Worker) -> None:
        """A worker is gone: what it had in hand is suspect, the rest goes to others."""
        how = self._end(worker)
        if not worker.ready:
            self._born_dead(how)
        if not worker.jobs:
            return
        suspect = worker.jobs.popleft()
        self._again.extendleft(reversed(worker.jobs))
        if suspect.alone:
            from gdac.check.work import crashed  # noqa: PLC0415 - as above

            self._done[suspect.number] = crashed(suspect.task, how)
        else:
            self._again.appendleft(_Job(suspect.number, suspect.task, alone=True))

    def _born_dead(self, how: str) -> None:
        self._stillborn += 1
        if self._stillborn >= 3:
            raise GdacError(
                f"the processes that check files do not start: {how}.",
                hint="Check with --jobs 1 whether one file can be checked, and report this.",
            )

    def _end(self, worker: _Worker, *, kill: bool = False) -> str:
        """End a worker for good; says how it ended."""
        self._workers.remove(worker)
        process = worker.process
        if kill:
            process.kill()
        with suppress(OSError):
            worker.stdin.close()  # an idle worker leaves when its input ends
        try:
            code = process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        worker.errors.seek(0)
        said = worker.errors.read(100_000).decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
        worker.errors.close()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"{how}: {said}" if said else how
