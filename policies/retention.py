"""How long what left stays: superseded files, old bytes, rejected and removed files. The periods are data (RET-...).

A path that left the manifest stays readable on a store for the grace period, so that a reader with yesterday's index
meets no 404. Grace runs from the store's own publication of the head that lacks the path (DESIGN, *superseded*).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from policies.law import values

#: How long superseded files stay readable, where the operator says nothing else.
DEFAULT_GRACE: Final = timedelta(hours=values("retention", "RET-001")["hours"])
#: How long the vault keeps bytes after they were needed last, where the operator says nothing else.
DEFAULT_RETENTION: Final = timedelta(days=values("retention", "RET-002")["days"])
#: How long a rejected submission lies in its DAC's reject directory.
REJECTED_KEPT: Final = timedelta(days=values("retention", "RET-003")["days"])
#: How long a file that its DAC removed lies in etc/removed.
REMOVED_KEPT: Final = timedelta(days=values("retention", "RET-004")["days"])
#: How long the reports of a submission stay.
REPORTS_KEPT: Final = timedelta(days=values("retention", "RET-006")["days"])


@dataclass(frozen=True, slots=True)
class Superseded:
    """A path that is in no current manifest but still readable on one store.

    Attributes:
        path: archive path.
        since: when that store published the first head that lacks the path (UTC).
        serial: serial of that head.
    """

    path: str
    since: datetime
    serial: int


def may_delete(item: Superseded, *, now: datetime, grace: timedelta, in_current_manifest: bool) -> bool:
    """Whether the bytes of a superseded path may go: its grace is over and it has not come back."""
    return not in_current_manifest and now - item.since >= grace


def is_over(since: datetime, now: datetime, kept: timedelta) -> bool:
    """Whether something put aside at ``since`` has been kept long enough; never when the clock was set back."""
    return now - since >= kept
