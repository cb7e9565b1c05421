"""What a journal may say of files that were written: how sure they are, and which to look at again after a power cut.

A finished file is in the system's memory, and on the disk some seconds later. The end of our process does not matter to
it, the end of the system does. To force every batch of files onto the disk would cost more than fetching them did; so
an entry carries the boot of the machine at which its file was written. While that boot lasts the entry is good. After
another one the file is read and compared before it is trusted. Before a head is published everything is forced onto the
disk once (`sync.sealed.publish`), so nothing that a head names rests on this.
"""

from datetime import datetime
from typing import Final

from gdac.store import Store
from sync.doi.broken import note_broken_off
from sync.mirror.adopt import holds
from sync.progress import Reporter
from sync.state import State
from sync.state.boot import DURABLE
from sync.tasks import work_side_by_side

_BATCH: Final = 1000


async def surety(store: Store, boot: str | None) -> str:
    """What entries of files just written to a store carry; where the system tells no boot, forces them onto the disk.

    Args:
        store: where they were written.
        boot: this boot, or None where the system does not tell.
    """
    if store.capabilities.keeps_writes:
        return DURABLE
    if boot is None:
        await store.flush()
        return DURABLE
    return boot


async def check_journal(hub: Store, state: State, reporter: Reporter, now: datetime, workers: int = 8) -> int:
    """Look at the files of entries from before the last boot: those whole are trusted, the others are fetched again.

    What a seed that was killed was about to write is noted first, so that nothing of it stays for ever.

    Args:
        hub: holds the files.
        state: its journal.
        reporter: where progress goes.
        now: the time (UTC).
        workers: files under way at once.

    Returns:
        How many files were not what their entries say; they wait for this run's ingest.

    Raises:
        StoreError: the hub's store failed; the entries stay doubtful.
    """
    note_broken_off(state)
    number = state.doubtful_count()
    if not number:
        return 0
    bad_count = 0
    with reporter.stage("look at files written before the last boot", number) as stage:
        while batch := state.doubtful(_BATCH):
            good: list[str] = []
            bad: list[str] = []
            waiting = iter(batch)

            async def work() -> None:
                for path, size, sha256 in waiting:  # noqa: B023 - the tasks end within this turn
                    (good if await holds(hub, path, sha256) else bad).append(path)  # noqa: B023
                    stage.advance(1, size)

            await work_side_by_side(workers, work)
            state.trust(good)
            state.distrust(bad, now)
            bad_count += len(bad)
    if bad_count:
        reporter.note(f"{bad_count:,} files did not survive the end of the system; they are fetched again.")
    return bad_count
