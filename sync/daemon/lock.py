"""One daemon for one state: a lock beside it, held as long as the process lives; the next daemon waits for it."""

import sqlite3
from pathlib import Path
from typing import Final, Self

from gdac.errors import GdacError

LOCK_NAME: Final = "daemon.lock"


class DaemonLock:
    """The lock, held; make it with `DaemonLock.take`. The system lets go of it whichever way the process ends."""

    def __init__(self, file: Path, held: sqlite3.Connection) -> None:
        self._file, self._held = file, held
        self._seen = _identity(file)

    @classmethod
    def take(cls, directory: Path) -> Self | None:
        """Take the lock of a state directory; None where another daemon has it.

        Raises:
            GdacError: the directory cannot be made or locked.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GdacError(f"cannot make the state directory {directory}: {error.strerror}.") from error
        file = directory / LOCK_NAME
        try:
            held = sqlite3.connect(file, timeout=0, isolation_level=None)
        except sqlite3.Error as error:
            raise GdacError(f"cannot lock the state directory {directory}: {error}.") from error
        try:
            held.execute("begin exclusive")
        except sqlite3.Error as error:
            held.close()
            if "locked" in str(error):
                return None
            raise GdacError(f"cannot lock the state directory {directory}: {error}.") from error
        return cls(file, held)

    @property
    def is_sure(self) -> bool:
        """The file is still the one that was locked: nobody can have locked another one of that name since."""
        return self._seen is not None and _identity(self._file) == self._seen

    def close(self) -> None:
        """Let go of it."""
        self._held.close()


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        seen = file.stat()
    except OSError:
        return None
    return seen.st_dev, seen.st_ino
