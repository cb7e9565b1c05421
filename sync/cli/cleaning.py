"""Cleaning every place in which collecting keeps things for a time, one after the other; the state keeps the log."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from gdac.errors import GdacError
from gdac.records import Outcome
from sync.collect.clean import Cleaned, clean_rejects, clean_removed, clean_reports
from sync.collect.inbox import Inbox, opened_inbox
from sync.collect.section import CollectSection
from sync.config import Config
from sync.hub.day import HUB
from sync.progress import Reporter
from sync.run import opened
from sync.state import State
from sync.stores.open import open_store
from sync.stores.settings import LocalSettings, StoreSettings

_KEEPS_FOLDERS: Final = StoreSettings(local=LocalSettings(kept_levels=1))


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
    """Clean the accounts, the reports and the hub; an account that fails is a note, and the others go on.

    Args:
        config: the deployment.
        section: its accounts.
        state: knows what is whose; a run that deletes is recorded there.
        dacs: only these DACs, and not the hub; all by default.
        now: the clock (UTC).
        reporter: where progress goes.
        delete: do it; else only count.

    Raises:
        GdacError: the hub or the reports directory failed.
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
                        done += await _delivered(inbox, state, now(), delete=delete)
                except GdacError as error:
                    notes.append(f"{dac}: {error}")
                async with open_store(str(config.reports_directory), _KEEPS_FOLDERS) as reports:
                    done.append(await clean_reports(reports, f"reports/{dac}", dac, dac, state, now(), delete=delete))
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


async def _delivered(inbox: Inbox, state: State, now: datetime, *, delete: bool) -> list[Cleaned]:
    """Clean the reports that lie in an account, where they are delivered."""
    folder = inbox.options.report
    if not folder:
        return []
    place = f"{inbox.dac}: {folder}"
    return [await clean_reports(inbox.store, place, folder, inbox.dac, state, now, delete=delete)]
