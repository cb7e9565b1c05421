"""The step *do*: what was decided is done, and journalled in the same transaction as the step of its items.

Files are written a batch at a time: written, forced onto the disk, journalled. Their bytes lie beside the state until
the item is filed, so a run that dies in between writes the same bytes once more, and nobody misses any.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from gdac.store import CHUNK, Declared, Store
from sync.collect.held import held_file
from sync.collect.lists import carry_out_list
from sync.files import file_body
from sync.mirror.adopt import holds
from sync.progress import Reporter
from sync.state import Ingested, State
from sync.state.collect import Decided
from sync.state.collected import Item, Leaving, Reason, Step, Submission, Verdict
from sync.tasks import work_side_by_side

#: Files written before they are journalled together, and about how many of their bytes.
BATCH: Final = 500
_BATCH_BYTES: Final = 256 << 20
_LOST: Final = "the bytes that were taken are no longer whole beside the state; please send the file again"


class Doing:
    """Does what was decided of submissions, into one hub.

    Args:
        state: gets the journal.
        directory: the state directory, in which the items' bytes lie.
        hub: the archive, opened for writing.
        workers: files under way at once.
        now: the clock (UTC).
        reporter: where progress goes.
    """

    def __init__(
        self,
        state: State,
        directory: Path,
        hub: Store,
        workers: int,
        now: Callable[[], datetime],
        reporter: Reporter,
    ) -> None:
        self._state, self._directory, self._hub, self._workers = state, directory, hub, workers
        self._now, self._reporter = now, reporter

    async def do(self, submission: Submission, *, resumed: bool) -> tuple[str, ...]:
        """Do what was decided of a submission; returns notes for the operator.

        Args:
            submission: whose items.
            resumed: a run before may have written some of its files: they are looked at before they are written.

        Raises:
            StoreError: the hub failed; what was journalled stays done.
        """
        number, notes = submission.number, list[str]()
        for verdict in (Verdict.REMOVED, Verdict.KEPT):
            for item in self._decided(number, verdict):
                file = held_file(self._directory, item)
                notes += await carry_out_list(
                    self._state, self._directory, self._hub, item, submission.dac, file, self._now()
                )
        due = self._state.count_items(number).get((Step.DECIDED, Verdict.PUBLISHED), 0)
        if due:
            with self._reporter.stage(f"publish {submission.dac}", due) as stage:
                while batch := self._batch(number):
                    await self._publish(batch, resumed)
                    stage.advance(len(batch), sum(item.size for item in batch))
        for verdict in (Verdict.UNCHANGED, Verdict.REFUSED):
            self._state.move_items([item.id for item in self._decided(number, verdict)], Step.DONE)
        return tuple(notes)

    def _decided(self, number: int, verdict: Verdict) -> Iterator[Item]:
        after = 0
        while page := self._state.items(number, step=Step.DECIDED, verdict=verdict, after=after):
            after = page[-1].id
            yield from page

    def _batch(self, number: int) -> list[Item]:
        """The next files to publish; they are no longer *decided* when the batch is journalled."""
        found = self._state.items(number, step=Step.DECIDED, verdict=Verdict.PUBLISHED, most=BATCH)
        size = 0
        for at, item in enumerate(found):
            size += item.size
            if size > _BATCH_BYTES:
                return found[: at + 1]
        return found

    async def _publish(self, batch: Sequence[Item], resumed: bool) -> None:
        came: dict[int, Ingested] = {}
        lost: list[Item] = []
        waiting = iter(batch)

        async def work() -> None:
            for item in waiting:
                written = await self._write(item, resumed)
                if written is None:
                    lost.append(item)
                else:
                    came[item.id] = written

        await work_side_by_side(self._workers, work)
        await self._hub.flush()
        done = [item for item in batch if item.id in came]
        left = [Leaving(item.replaces, "replaced", item.id) for item in done if item.replaces is not None]
        self._state.done([item.id for item in done], [came[item.id] for item in done], left, arrived=self._now())
        if lost:
            reasons = (Reason("ACC-003", _LOST),)
            self._state.decided([Decided(item.id, Verdict.REFUSED, reasons=reasons) for item in lost])

    async def _write(self, item: Item, resumed: bool) -> Ingested | None:
        """Write one file into the hub; None when its bytes are not what was taken."""
        assert item.path is not None  # it is published
        assert item.sha256 is not None
        file = held_file(self._directory, item)
        digests = await asyncio.to_thread(_digests, file)
        if digests is None or digests[0] != item.sha256:
            return None
        md5 = digests[1]
        modified = item.date_update or item.arrived
        if not (resumed and await holds(self._hub, item.path, item.sha256)):
            declared = Declared(item.size, item.sha256.hex(), modified, md5=md5.hex())
            await self._hub.write(item.path, file_body(file), declared)
        return Ingested(item.path, item.size, item.sha256, md5, modified, item.date_update)


def _digests(file: Path) -> tuple[bytes, bytes] | None:
    """SHA-256 and MD5 of a file; None where there is none."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    try:
        with file.open("rb") as opened:
            while block := opened.read(CHUNK):
                sha256.update(block)
                md5.update(block)
    except FileNotFoundError:
        return None
    return sha256.digest(), md5.digest()
