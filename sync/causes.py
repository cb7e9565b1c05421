"""Why something failed, in one word: what failures are counted by."""

from asyncio import CancelledError
from typing import Final

from gdac.errors import GdacError, RefusedError, StoreError, UsageError
from gdac.store import ChangedError, NotFoundError, TemporaryStoreError
from sync.brakes.hold import HeldError
from sync.state.watched import STOPPED
from sync.transfer import BadTransferError

#: A store that is busy, broken off or out of reach.
NO_ANSWER: Final = "no-answer"
#: The first that fits is the cause.
_CAUSES: Final = (
    (HeldError, "held"),
    (UsageError, "usage"),  # configuration or command line
    (TemporaryStoreError, NO_ANSWER),
    (NotFoundError, "absent"),
    (ChangedError, "conflict"),  # another writer
    (BadTransferError, "bad-bytes"),
    (StoreError, "store"),  # refused by a store: access, quota
    (RefusedError, "refused"),  # bytes or names that break a rule of ours
    (GdacError, "other"),
    ((KeyboardInterrupt, CancelledError), STOPPED),
)
#: Every cause that a count may have.
CAUSES: Final = (*(word for _, word in _CAUSES), "bug")


def cause_of(error: BaseException) -> str:
    """The cause of an error, one of `CAUSES`."""
    return next((word for kind, word in _CAUSES if isinstance(error, kind)), "bug")
