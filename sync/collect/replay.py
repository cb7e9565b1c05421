"""Replaying a submission: its refused files are taken again, out of the DAC's reject folder, as a new submission.

It is for files that were refused and should not have been: a rule was wrong, a float's metadata came later, or the
operator lets an older file pass. The bytes must be those that were refused; files that the DAC has taken away, or
changed, are told and left out.
"""

import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from gdac.check.report.escape import printable
from gdac.errors import GdacError, UsageError
from gdac.store import NotFoundError, Store
from policies.retention import REJECTED_KEPT
from policies.submission import recognise
from sync.collect.filing import reject_key
from sync.collect.held import held_file
from sync.collect.inbox import Inbox
from sync.progress import Reporter, Stage
from sync.state import State
from sync.state.collected import Item, NewItem, Step, Submission, Verdict

_FOLDER: Final = "collect/replay"
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Replayed:
    """A submission that repeats another one.

    Attributes:
        number: its number.
        items: refused files of the other one that are in it.
        missing: labels of refused files that are not, because their bytes are gone or changed.
    """

    number: int
    items: int
    missing: tuple[str, ...]


def check_replay(state: State, number: int) -> Submission:
    """The submission with this number, when it can be replayed.

    Raises:
        UsageError: there is none, it is still under way, or nothing of it was refused.
    """
    found = state.submission(number)
    if found is None:
        raise UsageError(f"there is no submission {number}.", hint="`gdac collect status` lists them.")
    if found.ended is None:
        raise UsageError(
            f"submission {number} is still under way.", hint="Let `gdac collect run` come to its end first."
        )
    if not any(item.sha256 for item in _refused(state, number)):
        raise UsageError(f"nothing of submission {number} was refused, so there is nothing to take again.")
    return found


async def replay(
    inbox: Inbox,
    state: State,
    directory: Path,
    submission: Submission,
    now: datetime,
    *,
    forced: bool = False,
    reporter: Reporter,
) -> Replayed:
    """Enter a new submission with the refused files of another one; the next run goes on with it.

    Args:
        inbox: the account of the submission's DAC.
        state: its state.
        directory: the state directory.
        submission: of `check_replay`.
        now: the time (UTC): the files count as received now.
        forced: older files may take the place of newer ones.
        reporter: where progress goes.

    Raises:
        GdacError: none of the files is there any more.
        StoreError: the account could not be read; nothing was entered.
    """
    folder = directory / _FOLDER / str(submission.number)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    due = {_mark(item): item for item in _refused(state, submission.number) if item.sha256 is not None}
    missing: list[str] = []
    with reporter.stage(f"{submission.dac}: fetch refused files", len(due)) as stage:
        for mark, item in list(due.items()):
            archive = state.item(item.parent) if item.parent is not None else None
            if not await _fetch(inbox.store, reject_key(inbox, item, archive), folder / mark, item, stage):
                missing.append(item.label)
                del due[mark]
    if not due:
        shutil.rmtree(folder)
        raise GdacError(
            f"nothing that was refused of submission {submission.number} ({_some(missing)}) is in"
            f" {inbox.options.reject}/ of {inbox.store.name} any more.",
            hint=f"They are kept for {REJECTED_KEPT.days} days there; ask {submission.dac} to submit them again.",
        )
    number = state.open_submission(submission.dac, None, now, forced=forced, replay_of=submission.number)
    if missing:
        state.note_submission(number, [f"not in the reject folder any more: {_some(missing)}"])
    state.add_items(number, [_again(item, now) for item in due.values()])
    entered = state.submission(number)
    assert entered is not None
    finish_replay(state, directory, entered)
    return Replayed(number, len(due), tuple(missing))


def finish_replay(state: State, directory: Path, submission: Submission) -> None:
    """Put the bytes of a replayed submission where items' bytes are; for one that was broken off, and fine for others.

    Call it before anything else when a submission that replays another one is resumed.
    """
    if submission.replay_of is None:
        return
    folder = directory / _FOLDER / str(submission.replay_of)
    after = 0
    while page := state.items(submission.number, step=Step.TAKEN, after=after, most=_PAGE):
        after = page[-1].id
        for item in page:
            fetched, held = folder / _mark(item), held_file(directory, item)
            if item.parent is None and fetched.is_file():
                held.parent.mkdir(parents=True, exist_ok=True)
                fetched.replace(held)
    shutil.rmtree(folder, ignore_errors=True)


def _refused(state: State, number: int) -> Iterator[Item]:
    after = 0
    while page := state.items(number, verdict=Verdict.REFUSED, after=after, most=_PAGE):
        after = page[-1].id
        yield from page


def _mark(item: Item) -> str:
    """What a refused file is called while it is fetched: its own name may be made to harm."""
    assert item.sha256 is not None  # only such files are fetched
    return hashlib.sha256(item.sha256 + item.label.encode(errors="backslashreplace")).hexdigest()


def _again(item: Item, now: datetime) -> NewItem:
    known = recognise(item.name)
    return NewItem(
        name=item.name,
        label=item.label,
        size=item.size,
        sha256=item.sha256,
        kind=known.kind if known else None,
        arrived=now,
        step=Step.TAKEN,
    )


async def _fetch(store: Store, key: str, target: Path, item: Item, stage: Stage) -> bool:
    """Bring a refused file; whether it is there with the bytes that were refused."""
    try:
        async with store.read(key) as reading:
            assert reading is not None  # only a conditional read yields None
            with target.open("wb") as out:
                same = await _write(reading.chunks(), out, item)
    except NotFoundError:
        return False
    if same:
        stage.advance(1, item.size)
    else:
        target.unlink()
    return same


async def _write(chunks: AsyncIterator[bytes], out: BinaryIO, item: Item) -> bool:
    digest, size = hashlib.sha256(), 0
    async for chunk in chunks:
        size += len(chunk)
        if size > item.size:
            return False
        digest.update(chunk)
        out.write(chunk)
    out.flush()
    os.fsync(out.fileno())
    return digest.digest() == item.sha256


def _some(labels: list[str], most: int = 5) -> str:
    rest = len(labels) - most
    return ", ".join(printable(one) for one in labels[:most]) + (f" and {rest:,} more" if rest > 0 else "")
