"""The hub's day: observe the source, ingest what changed, seal it. Each step leaves a state that the next can use."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import RefusedError
from gdac.index.read import LoadedIndex
from gdac.index.spec import spec_of
from gdac.paths import ArchivePath
from gdac.records import IngestRecord, Moved, SealRecord
from gdac.store import Store
from sync import plan
from sync.config import Config
from sync.grace import Grace, dropped_keys
from sync.indexes import IndexVisit, fetch_indexes, forget_copies, load_visit, refuse_empty
from sync.ingest import IngestResult, ingest
from sync.observe import FloatVisit, visit_floats
from sync.progress import Reporter
from sync.seal import Sealing
from sync.sealed import Copies, Shown, read_head
from sync.state import State

#: Name of the hub in the state; no mirror can be called so.
HUB: Final = "(hub)"
#: Examples of unlisted, refused and failed files that a run tells.
_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Observed:
    """What a look at the source found.

    Attributes:
        before: the head that the hub shows; None before the first seal.
        visit: the source's index files.
        quiet: nothing can have changed: index files are those sealed last and nothing waits. No table was made then.
        todo, gone, kept, unlisted, refused, listed: counts, as in `IngestRecord`.
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
    ) -> None:
        self._config, self._source, self._hub, self._state = config, source, hub, state
        self._connection, self._workdir, self._reporter, self._now = connection, workdir, reporter, now
        self._copies = Copies(state.directory / "sealed")
        self._grace = Grace(connection, hub, HUB, config.hub.grace, state, self._copies, now)
        self.notes: list[str] = []

    async def observe(self) -> Observed:
        """Ask for the index files, compare, look at the floats that changed.

        Raises:
            RefusedError: an index file is not what it must be; the hub was not touched.
            StoreError: the source does not answer.
        """
        before = await read_head(self._hub)
        if before is not None:
            await self._grace.catch_up(self._hub, before.head)
        options = self._config.the_source
        with self._reporter.stage("ask for index files", 2 * len(options.indexes)) as stage:
            cache = self._state.directory / "indexes"
            visit = await fetch_indexes(self._source, options.indexes, self._state, cache, self._now, stage)
        if not visit.files:
            raise RefusedError(
                f"{self._source.name} has none of the configured index files at its root; nothing was changed.",
                hint="Check the source's URL, and `indexes` in its section of the configuration.",
            )
        self._note_missing(visit)
        if self._is_quiet(visit, before):
            return Observed(before, visit, quiet=True)
        await self._load_base(before)
        listed, kept = self._compare_listed(visit)
        floats = await self._compare_floats()
        return Observed(
            before,
            visit,
            quiet=False,
            todo=plan.count(self._connection, "todo"),
            gone=plan.count(self._connection, "gone"),
            kept=kept,
            unlisted=plan.count(self._connection, "unlisted"),
            refused=floats.refused_count,
            listed=listed,
        )

    async def ingest(self, seen: Observed) -> IngestRecord:
        """Fetch what is to be fetched into the hub's store.

        Raises:
            StoreError: the hub's store failed, or the source on too many files; what came is journalled.
        """
        fetched = sum(1 for one in seen.visit.files if one.fetched)
        if seen.quiet:
            return IngestRecord(indexes=seen.visit.asked, indexes_changed=fetched)
        result = IngestResult()
        if seen.todo:
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
        kept = plan.keep_twins(self._connection, result.failed)
        self._note_failed(result)
        return IngestRecord(
            indexes=seen.visit.asked,
            indexes_changed=fetched,
            listed=seen.listed,
            planned=seen.todo,
            moved=Moved(result.files, result.size),
            gone=plan.count(self._connection, "gone"),
            kept=seen.kept + kept,
            unlisted=seen.unlisted,
            refused=seen.refused,
            set_aside=len(result.failed),
        )

    async def seal(self, seen: Observed) -> tuple[SealRecord, Shown, int]:
        """Seal what the hub's store holds and publish the head; then delete what is due.

        Returns:
            What was sealed, the head that the hub shows now, and how many superseded files were deleted.

        Raises:
            GdacError: the hub failed or another writer was there; the old head stands.
        """
        sealing = Sealing(self._config, self._hub, self._copies, self._now)
        if seen.quiet:
            assert seen.before is not None
            record, shown = await sealing.issue_again(seen.before)
        else:
            plan.load_pending(self._connection, self._state, self._workdir)  # with what ingest has brought
            archive = seen.before.head.archive if seen.before else str(uuid.uuid4())
            record, shown, table = await sealing.seal(
                self._connection, seen.before, seen.visit, archive, self._workdir / "staging"
            )
            if record.new:
                dropped = dropped_keys(seen.before.head if seen.before else None, shown.head)
                self._grace.record(shown.head, table, dropped)
            self._state.forget_pending()
        self._copies.prune(shown.head)
        return record, shown, await self._grace.delete_due(self._hub, shown.head)

    def _is_quiet(self, visit: IndexVisit, before: Shown | None) -> bool:
        if before is None or self._state.pending_count() or self._state.all_set_aside():
            return False
        sealed = {entry.path: entry.sha256 for entry in before.head.indexes}
        kept = {key for key in sealed if key.partition(".")[0] in visit.missing}
        now_there = {one.key: one.known.sha256.hex() for one in visit.files}
        return now_there == {key: digest for key, digest in sealed.items() if key not in kept}

    async def _load_base(self, before: Shown | None) -> None:
        if before is None:
            columns = ", ".join(f"{name} {kind}" for name, kind in plan.ROW.items())
            self._connection.execute(f"create table base ({columns}, serial integer)")
        else:
            await self._copies.load_manifest(self._connection, self._hub, before.head, "base")
        plan.load_pending(self._connection, self._state, self._workdir)
        plan.overlay(self._connection)

    def _compare_listed(self, visit: IndexVisit) -> tuple[int, int]:
        try:
            loaded = load_visit(self._connection, visit, "wanted", self._workdir)
        except RefusedError as error:
            forget_copies(visit, self._state, self._now())
            raise RefusedError(
                f"an index of {self._source.name} cannot be used, so hub and mirrors stay as they are: {error.what}",
                hint=error.hint,
            ) from error
        refuse_empty(loaded, self._held_of)
        for one in loaded:
            self.notes.extend(f"{one.spec.name}: {note}." for note in one.notes if one.rows)
        plan.compare_listed(self._connection)
        covered = frozenset(kind for one in loaded for kind in one.spec.kinds)
        return plan.count(self._connection, "wanted"), plan.keep_uncovered(self._connection, covered)

    def _held_of(self, index: LoadedIndex) -> int:
        """Files of an index's kinds that the hub holds."""
        return plan.count_kinds(self._connection, index.spec.kinds)

    async def _compare_floats(self) -> FloatVisit:
        again = {ArchivePath.parse(one.path) for one in self._state.all_set_aside()}
        folders = sorted(
            {*plan.changed_floats(self._connection), *(f"dac/{path.dac}/{path.wmo}" for path in again if path.wmo)}
        )
        visit = await visit_floats(
            self._source,
            folders,
            self._connection,
            self._workdir,
            self._reporter,
            self._config.the_source.connections,
        )
        plan.compare_seen(self._connection)
        plan.derived_gone(self._connection, folders, listed=visit.listed)
        self._state.forget_set_aside(plan.no_longer_wanted(self._connection, sorted(path.text for path in again)))
        self._note_unlisted()
        self.notes.extend(f"refused: {one}" for one in visit.refused[:_EXAMPLES])
        return visit

    def _note_missing(self, visit: IndexVisit) -> None:
        for name in visit.missing:
            spec = spec_of(f"{name}.txt")
            kinds = " and ".join(sorted(kind.value for kind in spec.kinds)) if spec else "its"
            self.notes.append(f"index {name} is not at {self._source.name}; {kinds} files stay as they are.")

    def _note_unlisted(self) -> None:
        number = plan.count(self._connection, "unlisted")
        if number:
            examples = plan.first_paths(self._connection, "unlisted", _EXAMPLES)
            self.notes.append(
                f"{number:,} files at {self._source.name} are unlisted (no index lists them) and stay out, such as"
                f" {', '.join(examples)}."
            )

    def _note_failed(self, result: IngestResult) -> None:
        for path, reason in list(result.failed.items())[:_EXAMPLES]:
            self.notes.append(f"set aside {path}: {reason}")
        if len(result.failed) > _EXAMPLES:
            self.notes.append(f"and {len(result.failed) - _EXAMPLES:,} more set aside; `gdac sync status` lists them.")
