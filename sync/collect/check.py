"""The step *check*: what the checker says of every submitted NetCDF file, all submissions of a run in one pool.

Starting a checker costs more than checking hundreds of files, so files of all DACs go through the same workers, in one
stream: their order is that of the state, and results are kept a batch at a time.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from gdac.check.api import run as run_checks
from gdac.check.finding import Result
from gdac.check.options import Options
from gdac.check.report.jsonl import record
from gdac.check.task import Settings, Task
from policies.law import version
from sync.collect.held import held_file
from sync.collect.section import CollectSection
from sync.progress import Reporter, Stage
from sync.state import State
from sync.state.collect import Checked
from sync.state.collected import Item, RuleSet, Step, Submission

T = TypeVar("T")

#: Results that are kept in one transaction.
BATCH: Final = 64
_PAGE: Final = 1000
#: What `gdac.check.extract` writes where a file lacks a variable.
_ABSENT: Final = "null"


async def check_all(
    state: State, directory: Path, submissions: Sequence[Submission], section: CollectSection, reporter: Reporter
) -> None:
    """Check what is to be checked of submissions; each item of theirs that was taken is *checked* afterwards.

    Args:
        state: gets the results.
        directory: the state directory, in which the items' bytes lie.
        submissions: with all archives unpacked.
        section: how to check.
        reporter: where progress goes.

    Raises:
        GdacError: workers do not start.
    """
    waiting: list[tuple[Item, str]] = []  # small: results, the large part of an item, are not there yet
    for one in submissions:
        waiting += [(item, one.dac) for item in _to_check(state, one.number)]
    if not waiting:
        return
    settings = Settings(Options(strict=section.strict, extract=True))
    tasks = (_task(directory, item, dac) for item, dac in waiting)
    results = run_checks(tasks, settings, section.jobs)
    with reporter.stage("check", len(waiting)) as stage:
        try:
            await _keep(state, [item for item, _ in waiting], results, stage)
        finally:
            await _in_thread(results.close)  # type: ignore[attr-defined]  # it is a generator


async def _keep(state: State, items: Sequence[Item], results: Iterator[Result], stage: Stage) -> None:
    at = 0
    while batch := await _in_thread(lambda: list(islice(results, BATCH))):
        found = items[at : at + len(batch)]
        state.checked([_checked(item, result) for item, result in zip(found, batch, strict=True)])
        stage.advance(len(batch), sum(item.size for item in found))
        at += len(batch)


def _to_check(state: State, number: int) -> Iterator[Item]:
    """Items for the checker; for all others, that there is nothing to check is kept."""
    after, rules = 0, RuleSet(policies=version())
    while page := state.items(number, step=Step.TAKEN, after=after, most=_PAGE):
        after = page[-1].id
        state.checked([Checked(item.id, None, None, rules) for item in page if not _is_checked(item)])
        yield from (item for item in page if _is_checked(item))


def _is_checked(item: Item) -> bool:
    return item.has_bytes and item.verdict is None and item.kind is not None and item.kind.is_file


def _task(directory: Path, item: Item, dac: str) -> Task:
    return Task(str(held_file(directory, item)), item.label, dac, item.arrived.timestamp())


def _checked(item: Item, result: Result) -> Checked:
    facts = dict(result.metadata)
    rules = RuleSet(policies=version())
    if result.versions is not None:
        rules = RuleSet(
            result.versions.checker, result.versions.specification or "", result.versions.tables, rules.policies
        )
    return Checked(
        item.id,
        record(result),
        _date(facts.get("DATE_UPDATE", "")),
        rules,
        _one_text(facts.get("DATA_CENTRE")),
        _one_text(facts.get("PLATFORM_NUMBER")),
    )


def _one_text(said: str | None) -> str | None:
    """What all profiles of a file say; all that they say where they differ."""
    if said is None or said == _ABSENT:
        return None
    return ",".join(dict.fromkeys(part.strip() for part in said.split(",")))


def _date(said: str) -> datetime | None:
    said = said.strip()
    with suppress(ValueError):
        if len(said) == 14 and said.isdecimal():
            return datetime.strptime(said, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return None


async def _in_thread(call: Callable[[], T]) -> T:
    """Run a blocking call beside the loop; when cancelled, wait for it first: what it works on is closed next."""
    future = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        raise
