"""How long superseded files stay readable.

A path that left the manifest stays readable on a store for the grace period, so that a reader with yesterday's index
meets no 404. Grace runs from the store's own publication of the head that lacks the path (DESIGN, *superseded*).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

#: Three days: an index fetched on Friday evening still works on Monday.
DEFAULT_GRACE: Final = timedelta(hours=72)


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
