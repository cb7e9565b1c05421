"""The two roots of everything that can go wrong.

    Exception
    ├── GdacError            somebody can mend it: says what is wrong, where, and what to do; carries an exit code
    │   ├── UsageError       the command line or the configuration is wrong                          (exit 2)
    │   ├── RefusedError     a file, path or document breaks a rule we must not bend                 (exit 3)
    │   │   └── PathError    a path that no archive may hold
    │   └── StoreError       a store did not do what was asked                                       (exit 3)
    └── anything else        a bug of ours: shows a traceback, please report it

Only ``gdac.cli.main`` turns errors into exit codes.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit status means; the same for every sub-command."""

    FINE = 0
    DIFFERENCES = 1  # findings, rejected files, differences
    USAGE = 2
    FAILED = 3  # could not do it
    HELD = 4  # a brake waits for approval
    PARTIAL = 5  # done, but for items set aside


class GdacError(Exception):
    """Something the reader of the message can mend.

    Args:
        what: one clear sentence: what is wrong and where.
        hint: what to do about it, one sentence; empty when the sentence says it already.
    """

    exit_code: int = ExitCode.FAILED

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what} {self.hint}".rstrip()


class UsageError(GdacError):
    """The command line or the configuration is wrong."""

    exit_code = ExitCode.USAGE


class RefusedError(GdacError):
    """Bytes or names that break a rule which protects the archive; nothing was changed."""


class StoreError(GdacError):
    """A store did not do what was asked of it."""
