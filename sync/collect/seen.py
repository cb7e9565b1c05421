"""What is remembered of files that stay in an inbox: `sync.state.collect.CollectState.left_in_inbox` keeps it by name.

A file may still be growing, or must not be read at all; the second is told once, for as long as it does not change.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from sync.state.times import iso, moment_of

#: It may not be whole yet, and the inbox does not tell since when it is as it is.
GROWING: Final = "growing"
#: It is never taken: too large, or no plain file; its DAC was told.
TOLD: Final = "told"


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was seen.

    Attributes:
        why: `GROWING` or `TOLD`.
        look: what tells this version of it from another one.
        since: when it was first seen so (UTC).
    """

    why: str
    look: str
    since: datetime

    @property
    def text(self) -> str:
        """As it is kept."""
        return json.dumps({"why": self.why, "look": self.look, "since": iso(self.since)})

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """What was kept; None where nothing was, or nothing that we wrote."""
        if text is None:
            return None
        try:
            found = json.loads(text)
            since = moment_of(found["since"])
            return None if since is None else cls(found["why"], found["look"], since)
        except (ValueError, KeyError, TypeError):
            return None


def look_of(size: int, modified: datetime | None, validator: str | None) -> str:
    """What tells one version of a file from another, as well as an inbox can."""
    return f"{size} {validator or iso(modified) or ''}".rstrip()
