"""The configuration as the daemon holds it: the last good one, whatever lies in the file just now."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gdac.errors import GdacError, UsageError
from sync.config import Config, parse_config, read_config

#: A copy of the configuration that is in force, beside the state: what jobs are given.
COPY_NAME: Final = "daemon.toml"


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What became of looking at the file again.

    Attributes:
        changed: the file is another one than when it was looked at last.
        refused: why the new one was not taken; empty when it was.
    """

    changed: bool
    refused: str = ""


class Settings:
    """The configuration in force.

    Args:
        file: where it lies.

    Raises:
        UsageError: it cannot be read, or has mistakes.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        raw = read_config(file)
        self.config: Config = parse_config(raw, where=str(file))
        self._seen = _digest(raw)
        #: Why the file that is there now is not in force; empty when it is.
        self.refused = ""
        self._raw, self._is_in_force = raw, False

    @property
    def copy(self) -> Path:
        """The file that jobs are given: a bad one does not reach them, and none changes while they start."""
        return self.config.state_directory / COPY_NAME

    def put_in_force(self) -> None:
        """Put the copy beside the state; only who holds the lock of the daemon may.

        Raises:
            GdacError: it cannot be written there.
        """
        self._keep(self._raw)
        self._is_in_force = True

    def look_again(self) -> Reloaded:
        """Take what the file says now, if it is another one and good."""
        try:
            raw = read_config(self._file)
        except UsageError as error:
            return self._refuse("", error.what)
        if _digest(raw) == self._seen:
            return Reloaded(changed=False, refused=self.refused)
        try:
            fresh = parse_config(raw, where=str(self._file))
            if fresh.state_directory != self.config.state_directory:
                raise UsageError("hub.state is another directory; that needs a new start of the daemon.")
            if self._is_in_force:
                self._keep(raw)
        except GdacError as error:
            return self._refuse(_digest(raw), error.what)
        self.config, self._raw = fresh, raw
        self._seen, self.refused = _digest(raw), ""
        return Reloaded(changed=True)

    def _refuse(self, seen: str, why: str) -> Reloaded:
        changed = (seen, why) != (self._seen, self.refused)
        self._seen, self.refused = seen, why
        return Reloaded(changed, why)

    def _keep(self, raw: bytes) -> None:
        try:
            self.copy.parent.mkdir(parents=True, exist_ok=True)
            fresh = self.copy.with_suffix(f".{os.getpid()}")
            fresh.write_bytes(raw)
            fresh.replace(self.copy)
        except OSError as error:
            raise GdacError(
                f"cannot write into the state directory {self.copy.parent}: {error.strerror}.",
                hint="Is it mounted, may this user write there, and is there room?",
            ) from error


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
