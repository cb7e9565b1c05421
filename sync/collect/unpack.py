"""Archives of a submission become items, member by member; a bad archive is one refused item."""

from datetime import datetime
from pathlib import Path

from sync.state import State
from sync.state.collected import Submission


async def unpack(state: State, directory: Path, submission: Submission, now: datetime) -> None:
    """Unpack every archive of a submission that is TAKEN and not opened; then it is OPENED and DONE, or REFUSED."""
    raise NotImplementedError
