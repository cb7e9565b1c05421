"""Claiming: what waits in an inbox is copied beside the state, entered, and only then taken out of the inbox."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sync.collect.inbox import Inbox
from sync.progress import Reporter
from sync.state import State
from sync.state.collected import Submission


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim gave.

    Attributes:
        number: of the new submission; None when nothing was there to take.
        notes: what the DAC should know; kept with the submission where there is one.
        left: files that wait for a later run.
    """

    number: int | None
    notes: tuple[str, ...]
    left: int


async def claim(
    inbox: Inbox,
    state: State,
    directory: Path,
    *,
    run: int | None,
    now: datetime,
    most_files: int,
    forced: bool = False,
    reporter: Reporter,
) -> Claimed:
    """Take what waits in an inbox into a new submission.

    Args:
        inbox: the DAC's.
        state: the state.
        directory: the state's directory; bytes are held below it, see `sync.collect.held`.
        run: id of the run.
        now: when (UTC).
        most_files: most files to take; the rest waits.
        forced: kept with the submission.
        reporter: told as it goes.
    """
    raise NotImplementedError


async def finish_claim(inbox: Inbox, state: State, directory: Path, submission: Submission) -> None:
    """Take the files of a broken-off claim (step COPIED) out of the inbox; call it before `unpack` on resuming."""
    raise NotImplementedError
