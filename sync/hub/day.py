"""The hub's day: observe the source, ingest what changed, seal it. Each step leaves a state that the next can use."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import RefusedError
from gdac.index.read import LoadedIndex
from gdac.index.spec import SPECS, spec_of
from gdac.manifest.record import RunFacts
from gdac.paths import MANIFEST_DIR
from gdac.records import IngestRecord, Moved, SealRecord
from gdac.store import Store
from sync.brakes import hold
from sync.brakes.facts import index_diffs, plan_facts
from sync.brakes.hold import Brake, Judgement
from sync.config import Config
from sync.doi.origin import seeded_from
from sync.hub import plan
from sync.hub.indexes import IndexVisit, fetch_indexes, forget_copies, load_visit
from sync.hub.ingest import IngestResult, ingest
from sync.hub.keeping import check_not_emptied
from sync.hub.look import Look, Looked, Way
from sync.hub.marks import Marks
from sync.hub.seal import Sealing
from sync.hub.told import counts_of, source_of, told_of_run
from sync.mirror.adopt import list_held
from sync.progress import Reporter
from sync.sealed.copies import Copies, Shown, read_head
from sync.sealed.grace import Grace, dropped_keys
from sync.sealed.records import chain_keys
from sync.sealed.underway import UnderWay
from sync.state import State

#: Name of the hub in the state.
HUB: Final = hold.HUB
#: Examples of unlisted, refused and failed files that a run tells.
_EXAMPLES: Final = 5
_WRITE_APART: Final = (
    "Is it being written? Then run again later; programs that write index files under another name and rename them"
    " never show half of one."
)


@dataclass(frozen=True, slots=True)
class Observed:
    """What a look at the source found.

    Attributes:
        before: the head that the hub shows; None before the first seal.
        visit: the source's index files.
        quiet: nothing can have changed: index files are those sealed last and nothing waits. No table was made then.
        todo, gone, kept, unlisted, refused, listed: counts, as in `IngestRecord`.
        waiting: paths set aside whose next try is not due; their R/D twins stay.
        missing: files that indexes list and a tree in place does not hold.
        sized, size: files to fetch of which a listing told the size, and their bytes.
        judgement: what the brake says.
        way: how it looked.
    """

    before: Shown | None
    visit: IndexVisit
    quiet: bool
    todo: int = 0
    gone: int = 0
    kept: int = 0
    unlisted: int = 0
    refused: int = 0
    listed: int = 0
    waiting: tuple[str, ...] = ()
    missing: int = 0
    sized: int = 0
    size: int = 0
    judgement: Judgement | None = None
    way: Way = Way.INDEX


class Day:
    """One day of the hub; the steps are called in order, each once.

    Args:
        config: the deployment.
        source: its source, opened.
        hub: its hub, opened.
        state: its state.
        connection: an empty column engine.
        workdir: for temporary files.
        reporter: where progress and notes go.
        now: the clock (UTC).
        run: what the record of a serial says of the run.
    """

    def __init__(
        self,
        config: Config,
        source: Store,
        hub: Store,
        state: State,
        connection: duckdb.DuckDBPyConnection,
        workdir: Path,
        reporter: Reporter,
        now: Callable[[], datetime],
        run: RunFacts,
    ) -> None:
        self._run, self._ingested = run, IngestRecord()
        self._config, self._source, self._hub, self._state = config, source, hub, state
        self._connection, self._workdir, self._reporter, self._now = connection, workdir, reporter, now
        self._copies = Copies(state.directory / "sealed")
        self._grace = Grace(connection, hub, HUB, config.hub.grace, state, self._copies, now)
        self._under_way = UnderWay(connection, state, HUB, 0)
        self._brake = Brake(state, HUB, config.limits_for(), now)
        self._way = Way.TREE if config.in_place else Way(config.the_source.observe)
        self._swept: list[str] = []
        self.notes: list[str] = []

    async def observe(self) -> Observed:
        """Ask for the index files, compare, look at the floats that changed.

        Raises:
            RefusedError: an index file is not what it must be; the hub was not touched.
            StoreError: the source does not answer.
        """
        before = await read_head(self._hub)
        check_not_emptied(self._hub, before, self._state)
        self._under_way = UnderWay(self._connection, self._state, HUB, before.head.serial if before else 0)
        if before is not None:
            await self._grace.catch_up(self._hub, before.head)
            self._leave_to_the_owner()
        options = self._config.the_source
        asked = [name for name in options.indexes if name not in options.retired]
        with self._reporter.stage("ask for index files", 2 * len(asked)) as stage:
            cache = self._state.directory / "indexes"
            visit = await fetch_indexes(self._source, asked, self._state, cache, self._now, stage)
        if not visit.files:
            raise RefusedError(
                f"{self._source.name} has none of the configured index files at its root; nothing was changed.",
                hint="Check the source's URL, and `indexes` in its section of the configuration.",
            )
        self._note_missing(visit)
        if self._way is Way.INDEX and self._is_quiet(visit, before):
            return Observed(before, visit, quiet=True)
        await self._load_base(before)
        loaded, kept = self._compare_listed(visit)
        looked = await self._look(before, visit)
        plan.fetch_doubtful(self._connection)
        private = plan.refuse_private(self._connection)
        self.notes.extend(f"refused: {one}" for one in private[:_EXAMPLES])
        judgement = self._judge(loaded, before, visit)
        waiting = () if self._config.in_place else self._leave_waiting()
        kept += plan.keep_twins(self._connection, waiting)
        sized, size = plan.known_bytes(self._connection)
        return Observed(
            before,
            visit,
            quiet=False,
            todo=plan.count(self._connection, "todo"),
            gone=plan.count(self._connection, "gone"),
            kept=kept + looked.kept,
            unlisted=plan.count(self._connection, "unlisted"),
            refused=looked.refused + len(private),
            listed=plan.count(self._connection, "wanted"),
            waiting=waiting,
            missing=looked.missing,
            sized=sized,
            size=size,
            judgement=judgement,
            way=self._way,
        )

    def ask_brake(self, seen: Observed) -> None:
        """Stop here when the brake holds the plan; nothing has been fetched or deleted yet.

        Raises:
            HeldError: it does, and nobody has approved this very plan.
        """
        if seen.judgement is None:
            return
        expires = seen.before.head.expires if seen.before else None
        beside = f"  the head stays as it is and expires at {expires:%Y-%m-%dT%H:%M:%SZ}." if expires else ""
        self._brake.enforce(seen.judgement, called="this run", beside=beside)

    async def ingest(self, seen: Observed) -> IngestRecord:
        """Fetch what is to be fetched into the hub's store.

        Raises:
            StoreError: the hub's store failed, or the source on too many files; what came is journalled.
        """
        sealed = _sealed_indexes(seen.before)
        changed = sum(1 for key, digest in seen.visit.digests.items() if sealed.get(key) != digest)
        if seen.quiet:
            waiting = self._state.waiting_count()
            return IngestRecord(indexes=seen.visit.asked, indexes_changed=changed, set_aside=waiting)
        result = IngestResult()
        if seen.todo:
            self._note_under_way()
            with self._reporter.stage("ingest", seen.todo) as stage:
                result = await ingest(
                    self._source,
                    self._hub,
                    plan.take_todo(self._connection),
                    self._state,
                    stage,
                    workers=self._config.the_source.connections,
                    most_failures=self._config.the_source.most_failures,
                    now=self._now,
                )
        self._state.forget_swept(self._swept)
        kept = plan.keep_twins(self._connection, result.failed)
        self._note_failed(result)
        self._ingested = IngestRecord(
            indexes=seen.visit.asked,
            indexes_changed=changed,
            listed=seen.listed,
            planned=seen.todo,
            moved=Moved(result.files, result.size),
            gone=plan.count(self._connection, "gone"),
            kept=seen.kept + kept,
            unlisted=seen.unlisted,
            refused=seen.refused,
            set_aside=self._state.waiting_count() + seen.missing,
        )
        return self._ingested

    async def seal(self, seen: Observed) -> tuple[SealRecord, Shown, int]:
        """Seal what the hub's store holds and publish the head; then delete what is due.

        Returns:
            What was sealed, the head that the hub shows now, and how many superseded files were deleted.

        Raises:
            GdacError: the hub failed or another writer was there; the old head stands.
        """
        seeds = seeded_from(self._state) if seen.before is None else ()
        sources = sorted((source_of(self._config, seen.visit), *seeds), key=lambda one: one.name)
        told = told_of_run(self._config, self._run, *sources, **counts_of(self._ingested))
        sealing = Sealing(self._config, self._hub, self._copies, self._now, self._under_way, told)
        if seen.quiet:
            assert seen.before is not None
            record, shown = await sealing.issue_again(seen.before)
        else:
            await self._drop_private()
            plan.load_pending(self._connection, self._state, self._workdir)  # with what ingest has brought
            archive = seen.before.head.archive if seen.before else str(uuid.uuid4())
            record, shown, table = await sealing.seal(
                self._connection, seen.before, seen.visit, archive, self._workdir / "staging"
            )
            if record.new:
                dropped = dropped_keys(seen.before.head if seen.before else None, shown.head)
                self._grace.record(shown.head, None if self._config.in_place else table, dropped)
            chain = await self._chain(shown)
            self._under_way.settle(shown.head, "new_state", self._now(), chain)
            self._state.forget_pending()
            if self._way is Way.LISTING:
                Marks(self._state.directory).save(self._connection, seen.waiting)
        self._brake.settle(seen.judgement, record.serial if record.new else None)
        self._copies.prune(shown.head)
        return record, shown, await self._grace.delete_due(self._hub, shown.head)

    async def _chain(self, shown: Shown) -> frozenset[str]:
        """Records that no broken-off run left behind; asked for only where one broke off."""
        return await chain_keys(self._copies, self._hub, shown.head) if self._under_way.has_broken else frozenset()

    def _is_quiet(self, visit: IndexVisit, before: Shown | None) -> bool:
        if before is None or self._state.pending_count() or self._state.due_count(self._now()):
            return False
        if self._under_way.is_open:
            return False
        if self._state.swept_count():
            return False
        sealed = _sealed_indexes(before)
        kept = {key for key in sealed if key.partition(".")[0] in visit.missing}
        return visit.digests == {key: digest for key, digest in sealed.items() if key not in kept}

    async def _load_base(self, before: Shown | None) -> None:
        if before is None:
            columns = ", ".join(f"{name} {kind}" for name, kind in plan.ROW.items())
            self._connection.execute(f"create table base ({columns}, serial integer)")
        else:
            await self._copies.load_manifest(self._connection, self._hub, before.head, "base")
        plan.load_pending(self._connection, self._state, self._workdir)
        if before is None and self._state.pending_count() and not self._config.in_place:
            await list_held(self._hub, self._connection, "held_here", self._workdir)
            self._state.forget_pending(plan.pending_lost(self._connection))  # the hub was emptied since
            plan.load_pending(self._connection, self._state, self._workdir)
        plan.overlay(self._connection)
        self._under_way.load("under_way")
        plan.find_doubtful(self._connection)

    def _compare_listed(self, visit: IndexVisit) -> tuple[tuple[LoadedIndex, ...], int]:
        try:
            loaded = load_visit(self._connection, visit, "wanted", self._workdir)
        except RefusedError as error:
            forget_copies(visit, self._state, self._now())
            raise RefusedError(
                f"an index of {self._source.name} cannot be used, so hub and mirrors stay as they are: {error.what}",
                hint=_WRITE_APART if self._config.in_place else error.hint,
            ) from error
        for one in loaded:
            self.notes.extend(f"{one.spec.name}: {note}." for note in one.notes if one.rows)
        plan.compare_listed(self._connection)
        covered = {kind for one in loaded for kind in one.spec.kinds}
        for name in self._config.the_source.retired:
            covered |= SPECS[name].kinds
        return loaded, plan.keep_uncovered(self._connection, covered)

    def _note_under_way(self) -> None:
        """From here on files may be replaced: entries of the journal that speak of the same ones are good no longer."""
        if self._config.in_place:
            return
        self._under_way.begin("select path from todo")
        self._state.forget_pending(plan.pending_again(self._connection))

    def _judge(self, loaded: Sequence[LoadedIndex], before: Shown | None, visit: IndexVisit) -> Judgement:
        head = before.head if before else None
        retired = self._config.the_source.retired
        indexes = index_diffs(self._connection, loaded, head, visit.missing, retired)
        facts = plan_facts(self._connection, indexes)
        return self._brake.judge(self._connection, facts, head.serial if head else None)

    def _leave_waiting(self) -> tuple[str, ...]:
        """Leave out what failed before and is not due; it still waits, and its R/D twin stays."""
        left = plan.leave_waiting(self._connection, self._state.all_set_aside(), self._now())
        if left:
            self.notes.append(f"{len(left):,} files set aside wait for a later try; `gdac sync quarantine` lists them.")
        return tuple(left)

    async def _drop_private(self) -> None:
        """What an older version fetched and must not be public is not sealed, and does not stay."""
        plan.load_pending(self._connection, self._state, self._workdir)
        private = plan.private_paths(self._connection, "pending")
        for path, why in private.items():
            if not self._config.in_place:
                await self._hub.delete(path)
            self.notes.append(f"refused: {path!a}: {why}")
        self._state.forget_pending(list(private))

    async def _look(self, before: Shown | None, visit: IndexVisit) -> Looked:
        look = Look(
            self._config, self._source, self._state, self._connection, self._workdir, self._reporter, self._now()
        )
        match self._way:
            case Way.INDEX:
                looked = await look.at_floats()
            case Way.LISTING:
                looked = await look.at_everything({one.key for one in visit.files})
            case Way.TREE:
                looked = await look.at_tree({one.key for one in visit.files}, is_first=before is None)
        self._swept = looked.swept
        self.notes += looked.notes
        return looked

    def _leave_to_the_owner(self) -> None:
        """Of a tree in place only what lies under ``manifest/`` is ours to delete."""
        if self._config.in_place:
            theirs = [one.path for one in self._state.superseded(HUB) if not one.path.startswith(f"{MANIFEST_DIR}/")]
            self._state.forget_superseded(HUB, theirs)

    def _note_missing(self, visit: IndexVisit) -> None:
        for name in visit.missing:
            spec = spec_of(f"{name}.txt")
            kinds = " and ".join(sorted(kind.value for kind in spec.kinds)) if spec else "its"
            self.notes.append(f"index {name} is not at {self._source.name}; {kinds} files stay as they are.")

    def _note_failed(self, result: IngestResult) -> None:
        for path, reason in list(result.failed.items())[:_EXAMPLES]:
            self.notes.append(f"set aside {path}: {reason}")
        if len(result.failed) > _EXAMPLES:
            self.notes.append(
                f"and {len(result.failed) - _EXAMPLES:,} more set aside; `gdac sync quarantine` lists them."
            )


def _sealed_indexes(shown: Shown | None) -> dict[str, str]:
    return {entry.path: entry.sha256 for entry in shown.head.indexes} if shown else {}
