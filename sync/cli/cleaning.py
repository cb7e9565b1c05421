"""Cleaning every place in which collecting keeps things for a time, one after the other; the state keeps the log."""

from collections.abc import Callable, Iterable
from datetime import datetime

from gdac.errors import GdacError
from gdac.records import Outcome
from sync.collect.clean import Cleaned, clean_rejects, clean_removed
from sync.collect.inbox import opened_inbox
from sync.collect.section import CollectSection
from sync.config import Config
from sync.hub.day import HUB
from sync.progress import Reporter
from sync.run import opened
from sync.state import State


async def clean_all(
    config: Config,
    section: CollectSection,
    state: State,
    dacs: Iterable[str],
    now: Callable[[], datetime],
    reporter: Reporter,
    *,
    delete: bool,
) -> tuple[list[Cleaned], list[str]]:
    """Clean the accounts and the hub; an account that fails is a note, and the others go on.

    Args:
        config: the deployment.
        section: its accounts.
        state: knows what is whose; a run that deletes is recorded there.
        dacs: only these accounts, and not the hub; all by default.
        now: the clock (UTC).
        reporter: where progress goes.
        delete: do it; else only count.

    Raises:
        GdacError: the hub failed.
    """
    run = state.start_run("clean", now()) if delete else None
    done: list[Cleaned] = []
    notes: list[str] = []
    try:
        for dac in tuple(dacs) or tuple(section.inbox):
            with reporter.stage(f"clean {dac}"):
                try:
                    async with opened_inbox(dac, section) as inbox:
                        done.append(await clean_rejects(inbox, state, now(), delete=delete))
                except GdacError as error:
                    notes.append(f"{dac}: {error}")
        if not dacs:
            async with opened(HUB, config.hub) as hub:
                done.append(await clean_removed(hub, state, now(), delete=delete))
    except BaseException as error:
        if run is not None:
            state.end_run(run, now(), Outcome.FAILED, {"error": str(error) or type(error).__name__})
        raise
    if run is not None:
        told = {"places": [one.as_json() for one in done], "notes": notes}
        state.end_run(run, now(), Outcome.PARTIAL if notes else Outcome.FINE, told)
    return done, notes
