"""Doing the same work again and again at a steady pace, until somebody says stop."""

import asyncio
import re
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from gdac.errors import ExitCode, GdacError, UsageError
from sync.loop import TerminatedError
from sync.loop import run as run_loop

_PERIOD: Final = re.compile(r"([1-9][0-9]{0,5}) ?(s|m|h)")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours"}
_SHORTEST: Final = timedelta(seconds=5)
_LONGEST: Final = timedelta(days=1)
#: Exit statuses, the better ones first.
_BY_WEIGHT: Final = (ExitCode.FINE, ExitCode.DIFFERENCES, ExitCode.PARTIAL, ExitCode.HELD, ExitCode.FAILED)


def period(text: str) -> timedelta:
    """A period such as ``30m``.

    Raises:
        UsageError: it is none, or shorter than 5 seconds or longer than a day.
    """
    found = _PERIOD.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!a} is no period.", hint="Write 90s, 30m or 2h.")
    wanted = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if not _SHORTEST <= wanted <= _LONGEST:
        raise UsageError(f"{text} is out of bounds: 5s to 24h are fine.")
    return wanted


class Watch:
    """Runs some work at a steady pace.

    Args:
        every: from one start to the next; a start that comes while the work is on is left out.
        rounds: end after so many; None for no end.
    """

    def __init__(self, every: timedelta, rounds: int | None) -> None:
        self._seconds, self._rounds = every.total_seconds(), rounds

    def run(self, once: Callable[[], int]) -> int:
        """Do the work until the rounds are over or somebody says stop; returns the exit status.

        Args:
            once: does the work and returns an exit status; what it raises as `GdacError` is told, and no end. A wrong
                command line or configuration is one: it will not mend itself.
        """
        worst = 0
        began, done = time.monotonic(), 0
        try:
            while True:
                worst = max(worst, _BY_WEIGHT.index(ExitCode(self._try(once))))
                done += 1
                if done == self._rounds:
                    return _BY_WEIGHT[worst]
                passed = time.monotonic() - began
                run_loop(asyncio.sleep(self._seconds - passed % self._seconds))
        except (KeyboardInterrupt, TerminatedError):
            sys.stderr.write("stopped; what was under way is resumed by the next run\n")
            return ExitCode.FINE

    @staticmethod
    def _try(once: Callable[[], int]) -> int:
        try:
            return once()
        except (UsageError, TerminatedError):
            raise
        except GdacError as error:
            sys.stderr.write(f"gdac: {error.what}\n" + (f"      {error.hint}\n" if error.hint else ""))
            return error.exit_code
