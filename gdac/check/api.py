"""What programs call: check a file, check many. See `gdac.check`."""

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gdac.check.dacs import CENTRES
from gdac.check.finding import Result
from gdac.check.options import Options
from gdac.check.task import Settings, Task
from gdac.check.walk import tasks_of
from gdac.errors import UsageError

if TYPE_CHECKING:
    from gdac.check.pool import Pool

#: So many small classic files are checked without a process of their own: it would take longer to start.
FEW: Final = 32
#: What counts as small, in bytes.
SMALL: Final = 2 << 20
#: Members of archives are in memory: so many bytes of them are enough for processes of their own.
HELD: Final = 64 << 20


def check_file(
    path: str | os.PathLike[str],
    *,
    dac: str | None = None,
    strict: bool = False,
    format_only: bool = False,
    name_check: bool = True,
    receipt_time: datetime | None = None,
    tables: str | os.PathLike[str] | None = None,
) -> Result:
    """Check one file.

    A classic NetCDF file is read in this process, by Python alone; a NetCDF-4 file in a process of its own, because a
    damaged one may kill the library that reads it.

    Args:
        path: the file.
        dac: the data centre that submits it; None: taken from the path, where a folder has the name of one.
        strict: what the official checker lets pass although it is wrong rejects as well.
        format_only: structure and name only, no values.
        name_check: compare the file's name with what is in it.
        receipt_time: when it was received, with a time zone; None: its modification time.
        tables: other reference tables than those shipped.

    Returns:
        The verdict with its findings; a file that is missing or cannot be read has a finding too.

    Raises:
        UsageError: ``dac`` is not a data centre, or ``receipt_time`` has no time zone.
    """
    found = check_paths(
        [path],
        dac=dac,
        strict=strict,
        format_only=format_only,
        name_check=name_check,
        receipt_time=receipt_time,
        tables=tables,
        jobs=1,
    )
    return next(iter(found))


def check_paths(
    paths: Iterable[str | os.PathLike[str]],
    *,
    dac: str | None = None,
    strict: bool = False,
    format_only: bool = False,
    name_check: bool = True,
    receipt_time: datetime | None = None,
    tables: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    time_limit: float = 120.0,
) -> Iterator[Result]:
    """Check files and whole folders.

    Results come in the order of the paths, files of a folder by name, whatever the number of processes.

    Args:
        paths: files, and folders that are walked through.
        dac: as for `check_file`, for all of them.
        strict: as for `check_file`.
        format_only: as for `check_file`.
        name_check: as for `check_file`.
        receipt_time: as for `check_file`.
        tables: as for `check_file`.
        jobs: how many processes; None: one per processor.
        time_limit: seconds that one file may take before it is given up (in a process of its own).

    Raises:
        UsageError: as for `check_file`.
    """
    options = Options(strict=strict, format_only=format_only, name_check=name_check)
    settings = Settings(options, Path(tables) if tables else None, time_limit)
    tasks = tasks_of(paths, dac=known_dac(dac), received=seconds(receipt_time))
    return run(tasks, settings, jobs)


def run(tasks: Iterable[Task], settings: Settings, jobs: int | None = None) -> Iterator[Result]:
    """Check tasks: a few small classic files here, everything else in watched workers (see `gdac.check.pool`).

    Raises:
        GdacError: workers do not start, or the reference tables cannot be read.
    """
    iterator = iter(tasks)
    first, held = [], 0
    for task in iterator:
        first.append(task)
        held += len(task.data or b"")
        if len(first) > FEW or held > HELD:
            break
    else:
        yield from _here(first, settings)
        return
    from gdac.check.pool import Pool  # noqa: PLC0415 - only when needed

    with Pool(settings, jobs or os.cpu_count() or 1) as pool:
        yield from pool.run(chain(first, iterator))


def _here(tasks: list[Task], settings: Settings) -> Iterator[Result]:
    from gdac.check.dataset import NeedsWorkerError  # noqa: PLC0415 - numpy and the tables are not needed for --help
    from gdac.check.work import perform  # noqa: PLC0415
    from gdac.tables import load  # noqa: PLC0415

    tables = load(settings.tables)
    worker = _OneWorker(settings)
    try:
        for task in tasks:
            if task.is_netcdf and _size(task) > SMALL:
                yield worker.check(task)
                continue
            try:
                yield perform(task, tables, settings.options, hdf5=False)
            except NeedsWorkerError:
                yield worker.check(task)
    finally:
        worker.close()


class _OneWorker:
    """A pool of one, started when the first file needs it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool: Pool | None = None

    def check(self, task: Task) -> Result:
        from gdac.check.pool import Pool  # noqa: PLC0415 - only when needed

        if self._pool is None:
            self._pool = Pool(self._settings, 1)
        (result,) = self._pool.run([task])
        return result

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()


def _size(task: Task) -> int:
    if task.data is not None:
        return len(task.data)
    try:
        return Path(task.path).stat().st_size
    except OSError:
        return 0


def known_dac(dac: str | None) -> str | None:
    """The name of a data centre, checked; None stays None.

    Raises:
        UsageError: it is not one.
    """
    if dac is not None and dac not in CENTRES:
        raise UsageError(f"{dac!r} is not a data centre.", hint=f"Known are: {', '.join(sorted(CENTRES))}.")
    return dac


def seconds(when: datetime | None) -> float | None:
    """A receipt time as seconds since 1970.

    Raises:
        UsageError: it has no time zone.
    """
    if when is not None and when.tzinfo is None:
        raise UsageError(f"the receipt time {when} has no time zone.", hint="Add one, such as Z for UTC.")
    return None if when is None else when.timestamp()
