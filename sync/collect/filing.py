"""What was refused goes back to its DAC, with the reasons in a ``.filecheck``; nothing of an item stays with us."""

from datetime import datetime
from pathlib import Path

from sync.collect.inbox import Inbox
from sync.state import State
from sync.state.collected import Item, Submission


def reject_key(inbox: Inbox, item: Item, archive: Item | None = None) -> str:
    """Where a refused item lies in its DAC's account; ``archive`` is the item that it was a member of."""
    raise NotImplementedError


async def file_items(
    inbox: Inbox, state: State, directory: Path, submission: Submission, now: datetime
) -> tuple[str, ...]:
    """File every item of a submission that is DONE, or refused and DECIDED; returns notes. Can be done again."""
    raise NotImplementedError
