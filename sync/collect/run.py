"""One run of collecting: from the DACs' inboxes to the sealed archive, and back to the DACs with reports.

Every step works through all submissions under way before the next one begins: so one pool checks the files of all DACs,
and one serial seals them. Each step leaves in the state what the next one needs; a run that dies is gone on with by the
next, which begins where the state says and writes nothing twice that a reader could see.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from gdac.columns import connect
from gdac.errors import ExitCode, GdacError, UsageError
from gdac.records import Outcome, SealRecord
from gdac.store import Store
from policies.submission import recognise
from sync.brakes.hold import HUB
from sync.causes import cause_of
from sync.collect.check import check_all
from sync.collect.claim import claim, finish_claim
from sync.collect.decide import decide_submission
from sync.collect.filing import file_items
from sync.collect.held import held_folder
from sync.collect.holdings import Holdings
from sync.collect.inbox import Inbox, opened_inbox
from sync.collect.publish import Doing
from sync.collect.record import CollectRecord, SubmissionRecord
from sync.collect.replay import finish_replay
from sync.collect.report import mail_reports, write_reports
from sync.collect.sealing import seal_collected
from sync.collect.section import CollectSection
from sync.collect.unpack import unpack
from sync.config import Config
from sync.hub.keeping import begin_day, check_not_emptied
from sync.journal import check_journal
from sync.localdisk import local_disk
from sync.progress import Reporter
from sync.run import opened, taken_hub, tell_status
from sync.sealed.copies import Copies, Shown, read_head
from sync.state import State
from sync.state.collected import Step, Submission
from sync.tasks import work_side_by_side

#: Accounts asked at once: one that hangs does not keep the others waiting.
_ACCOUNTS: Final = 4
_MOST_NOTES: Final = 100


@dataclass(slots=True)
class _Found:
    """What a run has seen so far."""

    resumed: frozenset[int] = frozenset()
    inboxes: dict[str, Inbox] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    left: int = 0
    unmade: int = 0
    seal: SealRecord | None = None
    submissions: list[SubmissionRecord] = field(default_factory=list)

    def fail(self, dac: str, error: GdacError) -> None:
        """A DAC's account failed: it is left alone for the rest of the run."""
        self.failed.setdefault(dac, str(error))


class Collect:
    """Collects submissions into one hub; each `run` is one run.

    Args:
        config: the deployment; has a section ``[collect]``.
        state: its opened state.
        reporter: where progress goes.
        now: the clock (UTC).
    """

    def __init__(self, config: Config, state: State, reporter: Reporter, now: Callable[[], datetime]) -> None:
        self._config, self._state, self._reporter, self._now = config, state, reporter, now
        self._directory = state.directory
        self._is_ours = False

    async def run(self, dacs: Sequence[str] = (), *, forced: bool = False, claiming: bool = True) -> CollectRecord:
        """Go on with what is under way, take what waits in the inboxes, publish, seal, and report.

        Args:
            dacs: whose inboxes are looked into; all by default. What is under way is gone on with in any case.
            forced: older files may take the place of newer ones, of what is taken now.
            claiming: False looks into no inbox: only what is under way is gone on with.

        Raises:
            UsageError: this deployment does not collect, there is no such account, or the hub holds an archive that
                was not taken over.
            GdacError: the hub failed; what was done is in the state, and the next run goes on.
        """
        section = self._section
        for dac in dacs:
            if dac not in section.inbox:
                known = ", ".join(section.inbox) or "none"
                raise UsageError(f"there is no inbox of {dac!a} in the configuration.", hint=f"Known are: {known}.")
        chosen = (tuple(dacs) or tuple(section.inbox)) if claiming else ()
        with local_disk(self._directory):
            return await self._keep_record(chosen, forced)

    @property
    def _section(self) -> CollectSection:
        if self._config.collect is None:
            raise UsageError(
                "this deployment collects nothing: its configuration has no section [collect].",
                hint="docs/collect.md tells how to add one.",
            )
        return self._config.collect

    async def _keep_record(self, chosen: tuple[str, ...], forced: bool) -> CollectRecord:
        began = self._now()
        run = self._state.start_run("collect", began)
        try:
            found = await self._work(chosen, forced, run)
        except BaseException as error:
            is_held = isinstance(error, GdacError) and error.exit_code is ExitCode.HELD
            outcome = Outcome.HELD if is_held else Outcome.FAILED
            told = {"error": str(error) or type(error).__name__, "cause": cause_of(error)}
            self._state.end_run(run, self._now(), outcome, told)
            if self._is_ours and isinstance(error, GdacError):
                await tell_status(self._config, self._state, self._now, run, began)
            raise
        unfinished = any(not one.ended for one in found.submissions)
        is_partial = bool(found.failed) or bool(found.left) or bool(found.unmade) or unfinished
        notes = [*(f"{dac}: {why}" for dac, why in found.failed.items()), *found.notes]
        record = CollectRecord(
            run,
            began,
            self._now(),
            Outcome.PARTIAL if is_partial else Outcome.FINE,
            tuple(found.submissions),
            found.seal,
            tuple(found.failed),
            tuple(notes[:_MOST_NOTES]),
        )
        self._state.end_run(run, record.ended, record.outcome, record.as_json())
        untold = await tell_status(self._config, self._state, self._now, run, began)
        return replace(record, notes=(*record.notes, *untold)[:_MOST_NOTES])

    async def _work(self, chosen: tuple[str, ...], forced: bool, run: int) -> _Found:
        async with AsyncExitStack() as stack:
            hub, shown = await self._hub(stack)
            found = _Found()
            under_way = self._under_way()
            found.resumed = frozenset(one.number for one in under_way)
            for dac in dict.fromkeys([*(one.dac for one in under_way), *chosen]):
                await self._open_account(stack, dac, found)
            for one in under_way:
                await self._finish_claim(one, found)
            await self._claim_all([dac for dac in chosen if dac not in found.failed], forced, run, found)
            submissions = self._state.open_submissions()
            ready = [one for one in submissions if self._is_claimed(one) and await self._unpack(one, found)]
            await self._publish(hub, shown, ready, found)
            sealed = await seal_collected(self._config, self._state, hub, self._reporter, self._now, run_number=run)
            found.seal, found.unmade = sealed.record, sealed.failed
            found.notes += sealed.notes
            for one in ready:
                await self._file(one, found)
            for one in ready:
                await self._report(one, found)
            found.notes += await mail_reports(self._config, self._state, self._now, self._reporter)
            found.submissions += [self._record_of(one, found) for one in submissions]
            return found

    async def _hub(self, stack: AsyncExitStack) -> tuple[Store, Shown | None]:
        """The hub as a run must use it, and what it shows."""
        config, state = self._config, self._state
        hub = await stack.enter_async_context(opened(HUB, config.hub))
        hub = await taken_hub(config, state, hub, self._now)
        self._is_ours = True
        await hub.clean()
        hub = await begin_day(stack, config, state, hub, self._now, opened)
        await check_journal(hub, state, self._reporter, self._now())
        shown = await read_head(hub)
        check_not_emptied(hub, shown, state)
        if shown is None and not state.pending_count() and not state.open_submissions():
            async for info in hub.list("dac", recursive=True):
                raise UsageError(
                    f"the hub {hub.name} holds files ({info.path}) and shows no head: nobody has sealed them.",
                    hint=f"Take the tree over first: gdac manifest build {hub.name} --seal",
                )
        return hub, shown

    def _under_way(self) -> list[Submission]:
        """Submissions that runs before this one have begun; those in which nothing came are forgotten."""
        for one in self._state.open_submissions():
            finish_replay(self._state, self._directory, one)
            if not self._state.count_items(one.number):
                self._state.drop_submission(one.number)
                shutil.rmtree(held_folder(self._directory, one.number), ignore_errors=True)
        return self._state.open_submissions()

    async def _open_account(self, stack: AsyncExitStack, dac: str, found: _Found) -> None:
        section = self._section
        if dac not in section.inbox:
            found.failed[dac] = "a submission is under way, but the configuration has no inbox of this DAC any more"
            return
        try:
            found.inboxes[dac] = await stack.enter_async_context(opened_inbox(dac, section))
        except GdacError as error:
            found.fail(dac, error)

    async def _finish_claim(self, submission: Submission, found: _Found) -> None:
        """What a run that died had copied leaves the inbox now, before anything else is taken."""
        inbox = found.inboxes.get(submission.dac)
        if inbox is None or submission.dac in found.failed:
            return
        try:
            await finish_claim(inbox, self._state, self._directory, submission)
        except GdacError as error:
            found.fail(submission.dac, error)

    async def _claim_all(self, dacs: Sequence[str], forced: bool, run: int, found: _Found) -> None:
        waiting = iter(dacs)

        async def work() -> None:
            for dac in waiting:
                try:
                    claimed = await claim(
                        found.inboxes[dac],
                        self._state,
                        self._directory,
                        run=run,
                        now=self._now(),
                        most_files=self._section.most_files,
                        forced=forced,
                        reporter=self._reporter,
                    )
                except GdacError as error:
                    found.fail(dac, error)
                else:
                    found.notes += [f"{dac}: {note}" for note in claimed.notes]
                    found.left += claimed.left
                    if claimed.failed:
                        found.failed.setdefault(dac, claimed.failed)

        await work_side_by_side(_ACCOUNTS, work)

    def _is_claimed(self, submission: Submission) -> bool:
        """Nothing of it may still lie in the inbox, where the next run would take it once more."""
        return not any(step is Step.COPIED for step, _ in self._state.count_items(submission.number))

    async def _unpack(self, submission: Submission, found: _Found) -> bool:
        """Whether its archives are open; one for which there is no room waits, and the others go on."""
        try:
            await unpack(self._state, self._directory, submission, self._now())
        except GdacError as error:
            found.fail(submission.dac, error)
            return False
        return True

    async def _publish(self, hub: Store, shown: Shown | None, submissions: Sequence[Submission], found: _Found) -> None:
        """Check, decide, and do what was decided; oldest submission first."""
        if not submissions:
            return
        await check_all(self._state, self._directory, submissions, self._section, self._reporter)
        workers = self._config.hub.connections
        doing = Doing(self._state, self._directory, hub, workers, self._now, self._reporter)
        copies = Copies(self._directory / "sealed")
        with (
            self._workdir() as workdir,
            connect(memory_limit=self._config.hub.memory, temp_directory=str(workdir)) as connection,
        ):
            holdings = await Holdings.open(connection, self._state, hub, shown, copies, workdir)
            holdings.bring_near(self._floats(submissions))
            for one in submissions:
                await decide_submission(self._state, self._directory, one, holdings)
                notes = await doing.do(one, resumed=one.number in found.resumed)
                found.notes += [f"{one.dac}: {note}" for note in notes]

    def _floats(self, submissions: Sequence[Submission]) -> set[str]:
        """WMO numbers of all files that are to be decided upon."""
        names = (name for one in submissions for name in self._state.item_names(one.number, Step.CHECKED))
        return {known.wmo for name in names if (known := recognise(name)) and known.wmo}

    async def _file(self, submission: Submission, found: _Found) -> None:
        inbox = found.inboxes.get(submission.dac)
        if inbox is None or submission.dac in found.failed:
            return
        try:
            notes = await file_items(inbox, self._state, self._directory, submission, self._now())
        except GdacError as error:
            found.fail(submission.dac, error)
        else:
            found.notes += [f"{submission.dac}: {note}" for note in notes]

    async def _report(self, submission: Submission, found: _Found) -> None:
        """Report a submission of which every item is filed; it has ended then."""
        counts = self._state.count_items(submission.number)
        if any(step is not Step.FILED for step, _ in counts):
            return
        latest = self._state.submission(submission.number)
        assert latest is not None  # it is under way
        account = found.inboxes.get(submission.dac)
        try:
            found.notes += await write_reports(self._config, self._state, account, latest, self._now, self._reporter)
        except GdacError as error:  # the next run reports it; others' reports and the mail go out
            found.fail(submission.dac, error)
            return
        self._state.end_submission(submission.number, self._now())
        shutil.rmtree(held_folder(self._directory, submission.number), ignore_errors=True)

    def _record_of(self, submission: Submission, found: _Found) -> SubmissionRecord:
        counts = Counter[str]()
        for (_, verdict), count in self._state.count_items(submission.number).items():
            counts[verdict or "undecided"] += count
        latest = self._state.submission(submission.number)
        assert latest is not None  # it was under way
        return SubmissionRecord(
            submission.number,
            submission.dac,
            counts.total(),
            dict(counts),
            submission.number in found.resumed,
            latest.ended is not None,
            latest.notes,
        )

    @contextmanager
    def _workdir(self) -> Iterator[Path]:
        with TemporaryDirectory(dir=self._directory, prefix="work-") as folder:
            yield Path(folder)
