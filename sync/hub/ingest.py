"""Fetch what the plan names from the source into the hub's store: streamed once, hashed, journalled, resumable.

One bad file is set aside with its reason and the run goes on; a source that fails on too many stops the run.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from gdac.errors import StoreError
from gdac.store import NotFoundError, Store
from policies.quarantine import Trouble, is_believed
from sync.hub.plan import Wanted
from sync.journal import surety
from sync.progress import Stage
from sync.state import Ingested, State
from sync.tasks import work_side_by_side
from sync.transfer import BadTransferError, NotNetcdfError, StaleError, carry

#: Files per journal entry, and the longest time in seconds that a finished file waits for its entry.
_JOURNAL_FILES: Final = 512
_JOURNAL_SECONDS: Final = 2.0


@dataclass(slots=True)
class IngestResult:
    """What came and what did not.

    Attributes:
        files: files fetched.
        size: their bytes.
        failed: paths that could not be had, with the reason.
    """

    files: int = 0
    size: int = 0
    failed: dict[str, str] = field(default_factory=dict)


class Journal:
    """Batches entries of the ``pending`` table; what is in it survives a crash and is not fetched again.

    Entries of bytes that only this boot of the machine vouches for say so; see `sync.journal`.
    """

    def __init__(self, state: State, hub: Store) -> None:
        self._state, self._hub = state, hub
        self._batch: list[Ingested] = []
        self._last = time.monotonic()

    async def add(self, one: Ingested) -> None:
        """Record one finished file, now or within the next batch."""
        self._batch.append(one)
        if len(self._batch) >= _JOURNAL_FILES or time.monotonic() - self._last > _JOURNAL_SECONDS:
            await self.write()

    async def write(self) -> None:
        """Write what waits."""
        batch, self._batch = self._batch, []
        self._last = time.monotonic()
        if batch:
            self._state.journal(batch, await surety(self._hub, self._state.boot))


async def ingest(
    source: Store,
    hub: Store,
    wanted: Iterable[Wanted],
    state: State,
    stage: Stage,
    *,
    workers: int,
    most_failures: int,
    now: Callable[[], datetime],
) -> IngestResult:
    """Fetch every wanted file.

    Args:
        source: where from.
        hub: where to.
        wanted: what; taken one at a time, never held whole.
        state: gets the journal and the files set aside.
        stage: counts files and bytes.
        workers: files under way at once.
        most_failures: more failures than this stop the run.
        now: the clock.

    Raises:
        StoreError: the hub's store failed, or the source failed on more than ``most_failures`` files. What came
            before is journalled.
    """
    result = IngestResult()
    journal = Journal(state, hub)
    waiting = iter(wanted)

    def believed(one: Wanted, sha256: bytes) -> bool:
        return is_believed(state.sent_since(one.path, sha256), now())

    async def work() -> None:
        for one in waiting:
            try:
                await _fetch(source, hub, one, journal, result, stage, believed)
            except (BadTransferError, NotFoundError, StaleError) as error:
                reason = _reason(error, one)
                result.failed[one.path] = reason
                sent = error.sha256 if isinstance(error, NotNetcdfError) else None
                state.set_aside(one.path, reason, _utc(one.date_update), now(), _trouble(error), sent)
                stage.advance()
                if len(result.failed) > most_failures:
                    raise StoreError(
                        f"{source.name} failed on {len(result.failed):,} files, the last one {one.path}: {reason}",
                        hint="Nothing was sealed; what came is journalled and will not be fetched again.",
                    ) from error

    try:
        await work_side_by_side(workers, work)
    finally:
        await journal.write()
    return result


async def _fetch(
    source: Store,
    hub: Store,
    one: Wanted,
    journal: Journal,
    result: IngestResult,
    stage: Stage,
    believed: Callable[[Wanted, bytes], bool],
) -> None:
    try:
        received = await carry(source, one.path, hub, not_older_than=one.date_update, must_be_netcdf=True)
    except NotNetcdfError as error:
        if not believed(one, error.sha256):
            raise
        received = await carry(source, one.path, hub, sha256=error.sha256, not_older_than=one.date_update)
    await journal.add(
        Ingested(one.path, received.size, received.sha256, received.md5, received.modified, _utc(one.date_update))
    )
    result.files += 1
    result.size += received.size
    stage.advance(1, received.size)


def _reason(error: StoreError, one: Wanted) -> str:
    if isinstance(error, NotFoundError):
        listed = "an index lists it" if one.date_update else "the listing showed it"
        return (
            f"{listed}, but the source does not have it; expected while the source updates, tried again by later runs."
        )
    return error.what


def _trouble(error: StoreError) -> Trouble:
    if isinstance(error, NotFoundError):
        return Trouble.ABSENT
    return Trouble.STALE if isinstance(error, StaleError) else Trouble.BROKEN


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None
