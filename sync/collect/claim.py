"""Claiming: what waits in an inbox is copied beside the state, entered, and only then taken out of the inbox.

Each step outlasts a power cut before the next one begins, so a claim that broke off is finished by `finish_claim`: no
file is lost, and none is taken twice. A file lies under ``incoming/`` of its submission until its item is entered and
has a number; whichever of the two places it is found in, it is the same file.
"""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from gdac.errors import StoreError
from policies.law import version
from policies.submission import recognise
from sync.collect.copying import ChangedError, Copied, GoneError, UnreadError, copy_in, take_out
from sync.collect.held import held_file, held_folder
from sync.collect.inbox import Inbox, Waiting
from sync.collect.incoming import INCOMING, all_items, batches, put_in_place, settle, token
from sync.collect.room import MOST_HELD, Plan, Room, free_room, plan_claim, was_told
from sync.collect.seen import TOLD, Seen
from sync.progress import Reporter, Stage
from sync.state import State
from sync.state.collect import Decided
from sync.state.collected import Item, NewItem, Reason, RuleSet, Step, Submission, Verdict
from sync.stores.local import LocalStore
from sync.tasks import work_side_by_side

#: Files that are copied, entered and taken out together.
_BATCH: Final = 200
_MOST_AT_ONCE: Final = 8
#: No file is begun after so many seconds; nor after so many failures that are the account's.
_LONGEST, _MOST_FAILURES = 1800.0, 3
_EMPTY: Final = Reason("ACC-008", "the file is empty")
_LOST: Final = Reason("ACC-008", "the bytes that were taken are not there any more: send the file again")


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim gave.

    Attributes:
        number: of the new submission; None when nothing was there to take.
        notes: what the DAC should know; kept with the submission where there is one.
        left: files that wait for a later run.
        failed: why the account could not be worked through; empty when it could. What was taken goes on all the same.
    """

    number: int | None
    notes: tuple[str, ...]
    left: int
    failed: str = ""


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
    most_bytes: int = MOST_HELD,
) -> Claimed:
    """Take what waits in an inbox into a new submission; its items are TAKEN then, or refused and FILED.

    Empty files are refused and deleted unread; what is too large, or no plain file, is refused and stays where it is.

    Args:
        inbox: the DAC's.
        state: the state.
        directory: the state's directory; bytes are held below it, see `sync.collect.held`.
        run: id of the run.
        now: when (UTC).
        most_files: most files to take; the rest waits.
        forced: kept with the submission.
        reporter: told as it goes.
        most_bytes: most bytes to take.

    Raises:
        StoreError: the account cannot be reached, listed or written; nothing was taken.
        GdacError: our own disk failed.
    """
    known = state.left_in_inbox(inbox.dac)
    look = await inbox.waiting(known, now)
    half_taken = _half_taken(state, inbox.dac)
    look = replace(look, whole=tuple(one for one in look.whole if one.name not in half_taken))
    today = state.taken_since(inbox.dac, now.replace(hour=0, minute=0, second=0, microsecond=0))
    room = Room(most_files, min(most_bytes, free_room(directory)), *today)
    plan = plan_claim(inbox.dac, look, known, room)
    strange = [one for one in look.odd if not was_told(known, one.name, one.why)]
    told = {one.name: Seen(TOLD, one.why, now).text for one in look.odd}
    told |= {one.name: Seen(TOLD, one.look, now).text for one, _ in plan.large}
    told |= {one.name: known[one.name] for one in look.whole if was_told(known, one.name, one.look)}
    number = None
    failed = ""
    if plan.take or plan.empty or plan.large or strange:
        await inbox.store.clean()  # what a run that died had begun to put back
        number = state.open_submission(inbox.dac, run, now, forced=forced)
        refusals = [_refused(one.name, one.size, reason, now) for one, reason in plan.large]
        refusals += [_refused(one.name, 0, Reason("ACC-002", one.why), now) for one in strange]
        state.add_items(number, refusals)
        failed = await _Taking(inbox, state, directory, number, now, plan, reporter).run()
        if not state.count_items(number):  # all of it changed or went away
            state.drop_submission(number)
            number = None
        else:
            state.note_submission(number, plan.notes)
    state.leave_in_inbox(inbox.dac, {**look.kept, **told})
    return Claimed(number, tuple(plan.notes), plan.left, failed)


async def finish_claim(inbox: Inbox, state: State, directory: Path, submission: Submission) -> bool:
    """Take the files of a broken-off claim out of the inbox; call it before `unpack` when resuming.

    Returns:
        Whether the submission is still there: one that broke off before anything was entered is forgotten.

    Raises:
        StoreError: the account cannot be reached or written.
    """
    folder = held_folder(directory, submission.number)
    if (folder / INCOMING).is_dir():
        for item in all_items(state, submission.number):
            if item.has_bytes and item.parent is None:
                put_in_place(directory, item, folder / INCOMING / token(item.name))
    for batch in batches(all_items(state, submission.number, Step.COPIED), _BATCH):
        lost = [one for one in batch if one.has_bytes and not held_file(directory, one).is_file()]
        state.move_items([one.id for one in lost], Step.CHECKED, has_bytes=False)
        state.decided([Decided(one.id, Verdict.REFUSED, reasons=(_LOST,), rules=_rules()) for one in lost])
        await _take_out_all(inbox, state, [one for one in batch if one not in lost])
    await settle(folder, INCOMING)
    if state.count_items(submission.number):
        return True
    state.drop_submission(submission.number)
    shutil.rmtree(folder, ignore_errors=True)
    return False


class _Taking:
    """One claim, under way."""

    def __init__(
        self, inbox: Inbox, state: State, directory: Path, number: int, now: datetime, plan: Plan, reporter: Reporter
    ) -> None:
        self._inbox, self._state, self._directory, self._number = inbox, state, directory, number
        self._now, self._plan, self._reporter = now, plan, reporter
        self._folder = held_folder(directory, number)
        self._until = time.monotonic() + _LONGEST
        self._changed: list[str] = []
        self._unread: list[str] = []
        self._failures: list[str] = []

    async def run(self) -> str:
        """Take everything that was planned; returns why the account could not be worked through, or nothing."""
        plan = self._plan
        with self._reporter.stage(f"{self._inbox.dac}: taking", len(plan.take) + len(plan.empty)) as stage:
            async with LocalStore(self._folder) as held:
                late: list[str] = []
                for batch in batches(plan.take, _BATCH):
                    if len(self._failures) >= _MOST_FAILURES or time.monotonic() > self._until:
                        late += [one.name for one in batch]
                    else:
                        await self._take(batch, held, stage)
            if not self._failures:
                await self._take_empty(stage)
            await settle(self._folder, INCOMING)
        plan.wait(self._changed, "changed while being read")
        plan.wait(self._unread, "could not be read")
        plan.wait(late, "the account was too slow, or failed")
        return self._failures[0] if self._failures else ""

    async def _take(self, batch: Sequence[Waiting], held: LocalStore, stage: Stage) -> None:
        copied: list[Copied] = []
        waiting = iter(batch)

        async def work() -> None:
            for one in waiting:
                if len(self._failures) >= _MOST_FAILURES:
                    self._unread.append(one.name)
                elif (found := await self._copy(one, held)) is not None:
                    copied.append(found)
                    stage.advance(size=one.size)

        await work_side_by_side(_at_once(self._inbox), work)
        await held.flush()
        order = {one.name: number for number, one in enumerate(batch)}
        copied.sort(key=lambda one: order[one.name])
        items = self._enter([_taken(one) for one in copied])
        for item in items:
            put_in_place(self._directory, item, self._folder / INCOMING / token(item.name))
        await self._out(items)

    async def _copy(self, one: Waiting, held: LocalStore) -> Copied | None:
        try:
            return await copy_in(self._inbox, one, held, f"{INCOMING}/{token(one.name)}", self._now)
        except GoneError:
            return None
        except ChangedError:
            self._changed.append(one.name)
        except UnreadError as error:
            self._unread.append(one.name)
            if error.is_account:
                self._failures.append(error.told)
            else:
                self._plan.notes.append(error.told)
        return None

    async def _take_empty(self, stage: Stage) -> None:
        for batch in batches(self._plan.empty, _BATCH):
            refusals = [
                replace(_refused(one.name, 0, _EMPTY, self._now), step=Step.COPIED, validator=one.validator)
                for one in batch
            ]
            await self._out(self._enter(refusals))
            stage.advance(len(batch))

    def _enter(self, new: Sequence[NewItem]) -> list[Item]:
        return [one for number in self._state.add_items(self._number, new) if (one := self._state.item(number))]

    async def _out(self, items: Sequence[Item]) -> None:
        """Take copied items out of the inbox; what cannot be stays COPIED, for `finish_claim`."""
        try:
            await _take_out_all(self._inbox, self._state, items)
        except StoreError as error:
            self._failures += [error.what] * _MOST_FAILURES


async def _take_out_all(inbox: Inbox, state: State, items: Sequence[Item]) -> None:
    waiting = iter(items)
    out: list[Item] = []

    async def work() -> None:
        for item in waiting:
            await take_out(inbox, item.name, item.size, item.validator)
            out.append(item)

    try:
        await work_side_by_side(_at_once(inbox), work)
    finally:
        state.move_items([one.id for one in out if one.verdict is None], Step.TAKEN)
        state.move_items([one.id for one in out if one.verdict is not None], Step.FILED)


def _half_taken(state: State, dac: str) -> set[str]:
    """Names that an earlier claim copied, and could not take out of the inbox yet."""
    numbers = [one.number for one in state.open_submissions() if one.dac == dac]
    return {item.name for number in numbers for item in all_items(state, number, Step.COPIED)}


def _taken(one: Copied) -> NewItem:
    known = recognise(one.name)
    kind = known.kind if known else None
    return NewItem(one.name, one.name, one.size, one.sha256, kind, one.arrived, one.validator)


def _refused(name: str, size: int, reason: Reason, now: datetime) -> NewItem:
    """A file that is refused unread."""
    known = recognise(name)
    return NewItem(
        name,
        name,
        size,
        None,
        known.kind if known else None,
        now,
        step=Step.FILED,
        has_bytes=False,
        verdict=Verdict.REFUSED,
        reasons=(reason,),
        rules=_rules(),
    )


def _rules() -> RuleSet:
    return RuleSet(policies=version())


def _at_once(inbox: Inbox) -> int:
    return min(inbox.options.connections, _MOST_AT_ONCE)
