"""Seal what collecting has journalled: products and indexes first, then the next serial of the hub."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gdac.records import SealRecord
from gdac.store import Store
from sync.config import Config
from sync.progress import Reporter
from sync.sealed.copies import Shown
from sync.state import State


@dataclass(frozen=True, slots=True)
class SealedRun:
    """What was sealed.

    Attributes:
        record: of the seal; None where the hub shows no head and nothing was collected yet.
        shown: the head that the hub shows now; None likewise.
        notes: sentences for the operator.
        failed: products that could not be made and stay as they were; a run with such ends *partial*.
        deleted: superseded files whose grace was over.
    """

    record: SealRecord | None
    shown: Shown | None
    notes: tuple[str, ...] = ()
    failed: int = 0
    deleted: int = 0


async def seal_collected(
    config: Config,
    state: State,
    hub: Store,
    reporter: Reporter,
    now: Callable[[], datetime],
    *,
    run_number: int | None,
) -> SealedRun:
    """Make products and index files of what is journalled, and seal it all as the next serial.

    Can be repeated after a crash at any step; where nothing changed the head is issued again.

    Args:
        config: the deployment; its hub collects into a local directory.
        state: its state.
        hub: its hub as a run must use it: taken (`sync.run.taken_hub`), behind the vault.
        reporter: where progress goes.
        now: the clock (UTC).
        run_number: of the run in the state.

    Raises:
        UsageError: the hub holds files that no head names: it was not taken over.
        GdacError: the hub failed or another writer was there; the old head stands.
    """
    raise NotImplementedError
