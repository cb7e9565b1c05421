"""What the system says of our own disk and state, as one clear sentence: a full disk is no bug."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import GdacError

_HINTS: Final = {
    errno.ENOSPC: "Free some space and run again; nothing was half done.",
    errno.EDQUOT: "The quota is used up: free some space and run again; nothing was half done.",
    errno.EFBIG: "Files may not grow so large here (ulimit -f, or the file system).",
    errno.EROFS: "The file system is mounted read-only.",
    errno.EACCES: "Give the user who runs gdac the right to read and write there.",
    errno.EPERM: "Give the user who runs gdac the right to read and write there.",
    errno.EIO: "The disk fails: look at the system's log.",
    errno.EMFILE: "Raise the limit of open files (ulimit -n), or lower the number of connections.",
    errno.ENFILE: "The system has too many open files.",
}


@contextmanager
def local_disk(directory: Path) -> Iterator[None]:
    """Turn what goes wrong with the files of a state directory into an error that says so.

    Raises:
        GdacError: the disk is full, read-only or broken, or the state database cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _HINTS:
            raise
        said, where = os.strerror(error.errno), error.filename or directory
        raise GdacError(f"{where}: {said}.", hint=_HINTS[error.errno]) from error
    except sqlite3.OperationalError as error:
        raise GdacError(
            f"the state database in {directory} cannot be written: {error}.",
            hint="Look whether its disk is full or read-only; run again, and the run goes on where it was.",
        ) from error
    except duckdb.IOException as error:
        first = str(error).partition("\n")[0]
        raise GdacError(
            f"work in {directory} failed: {first}.", hint="Look whether its disk is full or read-only."
        ) from error
