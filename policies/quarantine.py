"""When a file that could not be had is asked for again. Pure.

A source that is mid-update lacks a file for minutes, so the first tries come with every run; a file that fails for a
week is broken at the source, and asking for it every hour helps nobody. The numbers are data (QUA-001, QUA-002).
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from policies.law import values

_WAITS: Final = values("quarantine", "QUA-001")
#: This many failed tries cost no wait: the next run asks again.
EAGER_TRIES: Final[int] = _WAITS["eager_tries"]
#: Wait after the next failure; it doubles with each further one.
FIRST_WAIT: Final = timedelta(hours=_WAITS["first_wait_hours"])
LONGEST_WAIT: Final = timedelta(days=_WAITS["longest_wait_days"])
#: Bytes that look wrong are believed once the source has sent the same for so long.
BELIEVED_AFTER: Final = timedelta(hours=values("quarantine", "QUA-002")["hours"])


class Trouble(StrEnum):
    """Why a file could not be had."""

    ABSENT = "absent"  # an index or listing names it, the source does not have it
    STALE = "stale"  # the source's bytes are older than its index row
    BROKEN = "broken"  # the transfer failed


def next_try(tries: int, failed_at: datetime) -> datetime:
    """The earliest time for the next try.

    Args:
        tries: failed tries so far, at least 1.
        failed_at: when the last one failed.
    """
    if tries <= EAGER_TRIES:
        return failed_at
    doublings = min(tries - EAGER_TRIES - 1, 20)
    return failed_at + min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def is_believed(since: datetime | None, now: datetime) -> bool:
    """Whether bytes that look wrong are what the source has.

    Args:
        since: when the source sent these very bytes first; None for the first time.
        now: the time.
    """
    return since is not None and now - since >= BELIEVED_AFTER
