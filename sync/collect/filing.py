"""What was refused goes back to its DAC, with the reasons in a ``.filecheck``; nothing of an item stays with us.

A file lies at ``reject/NAME``, a member of an archive at ``reject/ARCHIVE.SUBMISSION/NAME``, each beside its
``NAME.filecheck`` in the official program's form. Whoever is refused twice under one name finds the last one there.
"""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from gdac.check.report.filecheck import document
from gdac.paths import PathError, check_safe
from gdac.store import Declared
from sync.collect.held import held_file, held_folder
from sync.collect.inbox import Inbox
from sync.collect.incoming import all_items, batches
from sync.collect.result import result_of
from sync.state import State
from sync.state.collected import Item, Step, Submission, Verdict
from sync.tasks import work_side_by_side

SUFFIX: Final = ".filecheck"
_BATCH: Final = 200
_MOST_AT_ONCE: Final = 8
#: Bodies up to this many bytes are sent as one, so that a broken connection can be tried again.
_SMALL: Final = 8 << 20
_BLOCK: Final = 1 << 20
_LONGEST_NAME: Final = 200
#: Names that a ``.filecheck``, an archive's folder, or a file that is renamed for either could have.
_IN_THE_WAY: Final = re.compile(r"(?:.*(?:\.filecheck|\.[0-9]+)|unnamed-[0-9]+)(?:\.refused)*", re.DOTALL)


def reject_key(inbox: Inbox, item: Item, archive: Item | None = None) -> str:
    """Where a refused item lies in its DAC's account; no two items of a submission at the same place.

    Args:
        inbox: the account.
        item: the item.
        archive: the one that it was a member of; None for a file that lay in the inbox itself.
    """
    folder = inbox.options.reject
    if archive is not None:
        folder = f"{folder}/{archive.name}.{item.submission}"
    return f"{folder}/{_name(item)}"


async def file_items(
    inbox: Inbox, state: State, directory: Path, submission: Submission, now: datetime
) -> tuple[str, ...]:
    """File every item of a submission that is DONE, or refused and DECIDED; the others wait. Can be done again.

    Args:
        inbox: the account.
        state: the state.
        directory: the state's directory.
        submission: whose items.
        now: when (UTC), for the time of what is put into the account.

    Returns:
        Notes for the DAC.

    Raises:
        StoreError: the account failed; what was not filed is filed by the next call.
    """
    notes: list[str] = []
    archives: dict[int, Item] = {}
    ready = (one for one in all_items(state, submission.number) if _is_ready(one))
    for batch in batches(ready, _BATCH):
        for number in {one.parent for one in batch if one.parent is not None} - archives.keys():
            if (found := state.item(number)) is not None:
                archives[number] = found
        await _Filing(inbox, state, directory, submission.dac, now, archives, notes).file(batch)
    if all(step is Step.FILED for step, _ in state.count_items(submission.number)):
        await asyncio.to_thread(shutil.rmtree, held_folder(directory, submission.number), ignore_errors=True)
    return tuple(notes)


class _Filing:
    """Items on their way out."""

    def __init__(
        self,
        inbox: Inbox,
        state: State,
        directory: Path,
        dac: str,
        now: datetime,
        archives: dict[int, Item],
        notes: list[str],
    ) -> None:
        self._inbox, self._state, self._directory, self._dac, self._now = inbox, state, directory, dac, now
        self._archives, self._notes = archives, notes

    async def file(self, batch: Sequence[Item]) -> None:
        """File some items; what was done stays done when one fails."""
        done = [one for one in batch if not _goes_back(one)]
        waiting = (one for one in batch if _goes_back(one))

        async def work() -> None:
            for item in waiting:
                await self._give_back(item)
                done.append(item)

        try:
            await work_side_by_side(min(self._inbox.options.connections, _MOST_AT_ONCE), work)
        finally:
            self._state.move_items([one.id for one in done], Step.FILED, has_bytes=False)
            for one in done:
                shutil.rmtree(held_file(self._directory, one).parent, ignore_errors=True)

    async def _give_back(self, item: Item) -> None:
        file = held_file(self._directory, item)
        key = reject_key(self._inbox, item, self._archives.get(item.parent) if item.parent is not None else None)
        if not file.is_file():
            self._notes.append(f"{item.label} could not be given back: its bytes are not there any more.")
            return
        body = file.read_bytes() if item.size <= _SMALL else _pieces(file)
        sha256 = item.sha256.hex() if item.sha256 is not None else None
        store = self._inbox.store
        await store.write(key, body, Declared(item.size, sha256, self._now))
        told = ("\n".join(document(result_of(item, self._dac))) + "\n").encode("utf-8", "backslashreplace")
        await store.write(f"{key}{SUFFIX}", told, Declared(len(told), None, self._now, "application/xml"))


def _is_ready(item: Item) -> bool:
    return item.step is Step.DONE or (item.step is Step.DECIDED and item.verdict is Verdict.REFUSED)


def _goes_back(item: Item) -> bool:
    return item.verdict is Verdict.REFUSED and item.has_bytes


def _name(item: Item) -> str:
    """What an item is called in the account; its own name unless that could do harm there."""
    if item.kind is not None:
        return item.name
    try:
        check_safe(item.name)
    except PathError:
        return f"unnamed-{item.id}"
    if len(item.name.encode()) > _LONGEST_NAME:
        return f"unnamed-{item.id}"
    return f"{item.name}.refused" if _IN_THE_WAY.fullmatch(item.name) else item.name


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as raw:
        while piece := raw.read(_BLOCK):
            yield piece
