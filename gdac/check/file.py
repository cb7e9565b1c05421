"""Checking a file on disk in this process: what a worker does, and what `check_file` does for classic files."""

import os
import stat
from pathlib import Path

from gdac.check.context import Options
from gdac.check.dataset import NeedsWorkerError, open_dataset
from gdac.check.engine import Request, check
from gdac.check.finding import Result
from gdac.netcdf import NetcdfError
from gdac.tables import Tables


def check_here(
    path: Path,
    tables: Tables,
    options: Options,
    *,
    dac: str | None = None,
    label: str = "",
    received: float | None = None,
    hdf5: bool = True,
) -> Result:
    """Check one file in this process.

    Args:
        path: the file.
        tables: reference tables.
        options: how to check.
        dac: the data centre it is checked for.
        label: how the report names it; the path when empty.
        received: receipt time, seconds since 1970 UTC; None: the file's modification time.
        hdf5: False leaves NetCDF-4 alone, see raises.

    Raises:
        NeedsWorkerError: the file is NetCDF-4 and ``hdf5`` is False.
    """
    label = label or str(path)
    try:
        status = os.stat(path)  # noqa: PTH116 - one call less on the busiest path of the checker
    except OSError as error:
        return check(Request(label, path.name, dac, None, received or 0.0, _unreadable(error)), None, tables, options)
    if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for somebody to write to it
        request = Request(label, path.name, dac, None, received or 0.0, "it is not a regular file")
        return check(request, None, tables, options)
    when = status.st_mtime if received is None else received
    request = Request(label, path.name, dac, status.st_size, when)
    try:
        with open_dataset(path, label=label, hdf5=hdf5) as dataset:
            return check(request, dataset, tables, options)
    except NeedsWorkerError:
        raise
    except NetcdfError as error:
        size = None if error.offset is None and error.why.startswith("it cannot be read") else status.st_size
        return check(Request(label, path.name, dac, size, when, error.why), None, tables, options)


def _unreadable(error: OSError) -> str:
    return f"it cannot be read ({error.strerror or error})"


def check_bytes(
    data: bytes,
    name: str,
    tables: Tables,
    options: Options,
    *,
    received: float,
    dac: str | None = None,
    label: str = "",
    hdf5: bool = True,
) -> Result:
    """Check a file held in memory (a member of an archive).

    Args:
        data: the whole file.
        name: its basename.
        tables: reference tables.
        options: how to check.
        received: receipt time, seconds since 1970 UTC.
        dac: the data centre it is checked for.
        label: how the report names it; ``name`` when empty.
        hdf5: as for `check_here`.

    Raises:
        NeedsWorkerError: the file is NetCDF-4 and ``hdf5`` is False.
    """
    label = label or name
    try:
        with open_dataset(data, label=label, hdf5=hdf5) as dataset:
            return check(Request(label, name, dac, len(data), received), dataset, tables, options)
    except NeedsWorkerError:
        raise
    except NetcdfError as error:
        return check(Request(label, name, dac, len(data), received, error.why), None, tables, options)
