"""Seal what collecting has journalled: index files and merged files first, then the next serial of the hub.

Tables and views, all in one DuckDB connection: ``base``, ``pending``, ``known`` and ``gone`` as in `sync.hub.plan`, the
last of what is leaving; ``held``: what the archive holds, ``known`` without ``gone``; ``under_way``: paths that a run
which broke off may have written; ``dated``: what the rows of changed files say (`sync.collect.indexes`).
"""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb

from gdac.columns import connect
from gdac.index.spec import BUILT
from gdac.manifest.record import RunFacts, RunKind
from gdac.manifest.seal import DELTA_TABLE
from gdac.records import SealRecord
from gdac.store import CHUNK, Store
from sync.brakes.hold import HUB
from sync.collect.derive import Derived, derive
from sync.collect.indexes import Indexes, Wanted, make_indexes
from sync.collect.this_week import PART_OF, first_day
from sync.config import Config
from sync.files import index_stamp
from sync.hub import plan
from sync.hub.keeping import check_not_emptied
from sync.hub.seal import Sealing
from sync.hub.told import told_of_run
from sync.places import local_path
from sync.progress import Reporter
from sync.sealed.copies import Copies, Shown, read_head
from sync.sealed.describe import describe_hub
from sync.sealed.grace import Grace, dropped_keys
from sync.sealed.records import chain_keys
from sync.sealed.underway import UnderWay
from sync.spool import Spool
from sync.state import State
from sync.state.made import Made

_MADE_BY_US: Final = (*BUILT, *PART_OF)


@dataclass(frozen=True, slots=True)
class SealedRun:
    """What was sealed.

    Attributes:
        record: of the seal; None where the hub shows no head and nothing was collected yet.
        shown: the head that the hub shows now; None likewise.
        notes: sentences for the operator.
        failed: merged files that could not be made and stay as they were; a run with such ends *partial*.
        deleted: superseded files whose grace was over.
    """

    record: SealRecord | None
    shown: Shown | None
    notes: tuple[str, ...] = ()
    failed: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class Unsealed:
    """What a seal would find.

    Attributes:
        serial: that the hub shows; None where it shows no head.
        came: files in the journal.
        leaving: paths that are out of the archive and in the sealed manifest.
        waiting: merged files that wait to be made.
        submissions: under way; only `gdac collect run` goes on with them.
    """

    serial: int | None
    came: int
    leaving: int
    waiting: int
    submissions: int


async def unsealed(state: State, hub: Store) -> Unsealed:
    """What a seal would find; nothing is touched.

    Raises:
        StoreError: the hub does not answer.
    """
    shown = await read_head(hub)
    return Unsealed(
        shown.head.serial if shown else None,
        state.pending_count(),
        state.leaving_count(),
        state.stale_count(),
        len(state.open_submissions()),
    )


async def seal_collected(
    config: Config,
    state: State,
    hub: Store,
    reporter: Reporter,
    now: Callable[[], datetime],
    *,
    run_number: int | None,
) -> SealedRun:
    """Make index files and merged files of what is journalled, and seal it all as the next serial.

    Can be repeated after a crash at any step; where nothing changed the head is issued again.

    Args:
        config: the deployment; it collects into a local directory.
        state: its state.
        hub: its hub as a run must use it: taken (`sync.run.taken_hub`), behind the vault.
        reporter: where progress goes.
        now: the clock (UTC).
        run_number: of the run in the state.

    Raises:
        RefusedError: a sealed index is damaged, or what is to be sealed breaks a rule; the old head stands.
        StoreError: the hub failed; the old head stands.
        GdacError: another writer was there; the old head stands.
    """
    with (
        TemporaryDirectory(dir=state.directory, prefix="work-") as folder,
        connect(memory_limit=config.hub.memory, temp_directory=folder) as connection,
    ):
        sealer = _Sealer(config, state, hub, reporter, now, connection, Path(folder), run_number)
        return await sealer.run()


class _Sealer:
    """One seal; see `seal_collected`."""

    def __init__(
        self,
        config: Config,
        state: State,
        hub: Store,
        reporter: Reporter,
        now: Callable[[], datetime],
        connection: duckdb.DuckDBPyConnection,
        workdir: Path,
        run_number: int | None,
    ) -> None:
        assert config.collect is not None  # nobody else calls
        tree = local_path(config.hub.store)
        assert tree is not None  # the configuration was checked
        self._config, self._section, self._tree = config, config.collect, Path(tree)
        self._state, self._hub, self._reporter, self._now = state, hub, reporter, now
        self._connection, self._workdir, self._number = connection, workdir, run_number
        self._copies = Copies(state.directory / "sealed")
        self._grace = Grace(connection, hub, HUB, config.hub.grace, state, self._copies, now)

    async def run(self) -> SealedRun:
        before = await read_head(self._hub)
        check_not_emptied(self._hub, before, self._state)
        if before is None and not self._state.pending_count():
            return SealedRun(None, None)
        started = self._now().astimezone(UTC).replace(microsecond=0)
        # A clock that was set back must not make what is new look older than what is sealed.
        when = max(started, before.head.published) if before else started
        under_way = UnderWay(self._connection, self._state, HUB, before.head.serial if before else 0)
        if before is not None:
            await self._grace.catch_up(self._hub, before.head)
            if self._is_quiet(before, when, under_way):
                return await self._issue_again(before, under_way, started)
        await self._load(before, under_way)
        wanted = Wanted(when, self._section.node, self._section.gzip)
        workdir = self._workdir / "indexes"
        indexes = await make_indexes(
            self._connection, self._hub, self._state, self._tree, workdir, before, wanted, self._reporter
        )
        derived = await self._derive(indexes, under_way, when)
        self._load_journal()  # with what was derived
        return await self._seal(before, under_way, indexes, derived, started)

    def _is_quiet(self, before: Shown, when: datetime, under_way: UnderWay) -> bool:
        """Nothing came or left, nothing waits, nothing broke off, every index file is ours, and it is the same day."""
        state, ends = self._state, (".txt", ".txt.gz") if self._section.gzip else (".txt",)
        if state.pending_count() or state.leaving_count() or state.stale_count() or under_way.is_open:
            return False
        sealed = {entry.path: entry for entry in before.head.indexes}
        if any(f"{name}{end}" not in sealed for name in _MADE_BY_US for end in ends):
            return False
        for entry in sealed.values():
            name = entry.path.partition(".")[0]
            if name in _MADE_BY_US and state.made_digest(entry.path) != bytes.fromhex(entry.sha256):
                return False
            if name in PART_OF and (entry.updated is None or first_day(entry.updated) != first_day(when)):
                return False
        return True

    async def _load(self, before: Shown | None, under_way: UnderWay) -> None:
        if before is None:
            columns = ", ".join(f"{name} {kind}" for name, kind in plan.ROW.items())
            self._connection.execute(f"create table base ({columns}, serial integer)")
        else:
            await self._copies.load_manifest(self._connection, self._hub, before.head, "base")
        under_way.load("under_way")
        self._load_journal()

    def _load_journal(self) -> None:
        plan.load_pending(self._connection, self._state, self._workdir)
        plan.overlay(self._connection)
        with Spool(self._workdir / "leaving.tsv") as spool:
            spool.extend((one.path,) for one in self._state.leaving())
            spool.load(self._connection, "gone", {"path": "VARCHAR"})
        self._connection.execute("create or replace view held as select * from known anti join gone using (path)")

    async def _derive(self, indexes: Indexes, under_way: UnderWay, when: datetime) -> Derived:
        return await derive(
            self._connection,
            self._hub,
            self._state,
            self._tree,
            self._workdir,
            indexes=indexes,
            under_way=under_way,
            now=when,
            node=self._section.node,
            most=self._section.most_merged,
            reporter=self._reporter,
        )

    async def _seal(
        self, before: Shown | None, under_way: UnderWay, indexes: Indexes, derived: Derived, started: datetime
    ) -> SealedRun:
        made = self._add_indexes(indexes)
        sealing = self._sealing(under_way, started, derived)
        record, shown = await sealing.seal_state(
            self._connection,
            before,
            "base",
            "collected",
            indexes.files,
            self._workdir / "staging",
            archive=str(uuid.uuid4()),
        )
        self._state.remember_made(made)
        if record.new:
            dropped = dropped_keys(before.head if before else None, shown.head)
            self._grace.record(shown.head, DELTA_TABLE if before else None, dropped)
        chain = await chain_keys(self._copies, self._hub, shown.head) if under_way.has_broken else frozenset[str]()
        under_way.settle(shown.head, "collected", self._now(), chain)
        # What came and left again between two serials is in no delta; its bytes lie there all the same.
        left = [one.path for one in self._state.leaving()]
        self._state.add_superseded(HUB, left, shown.head.serial, self._now())
        self._state.collected_sealed(shown.head.serial)
        return await self._finish(record, shown, (*indexes.notes, *derived.notes), derived.failed)

    async def _issue_again(self, before: Shown, under_way: UnderWay, started: datetime) -> SealedRun:
        record, shown = await self._sealing(under_way, started, Derived()).issue_again(before)
        return await self._finish(record, shown, (), 0)

    async def _finish(self, record: SealRecord, shown: Shown, notes: tuple[str, ...], failed: int) -> SealedRun:
        self._copies.prune(shown.head)
        deleted = await self._grace.delete_due(self._hub, shown.head)
        described = await describe_hub(self._copies, self._hub, shown.head, self._state)
        return SealedRun(record, shown, (*notes, *described), failed, deleted)

    def _sealing(self, under_way: UnderWay, started: datetime, derived: Derived) -> Sealing:
        run = RunFacts(str(uuid.uuid4()), RunKind.COLLECT, started, self._number)
        counts = {
            "published": self._state.pending_count() - derived.changed,
            "leaving": self._state.leaving_count() - derived.left,
            "merged": derived.changed,
        }
        counts = {name: max(0, count) for name, count in counts.items()}
        told = told_of_run(self._config, run, **counts)
        return Sealing(self._config, self._hub, self._copies, self._now, under_way, told)

    def _add_indexes(self, indexes: Indexes) -> list[Made]:
        """Make ``collected``, the state to seal; returns what is to be remembered of the index files that we made."""
        digests = {path: _digests(file) for path, file in indexes.files.items() if _is_ours(path)}
        with Spool(self._workdir / "index_rows.tsv") as spool:
            for path in indexes.altered:
                size, sha256, md5 = digests[path]
                stamp = index_stamp(indexes.files[path])
                spool.add(path, size, sha256.hex(), md5.hex(), stamp and stamp.replace(tzinfo=None), None)
            spool.load(self._connection, "index_rows", {**plan.ROW, "sha256": "HEX", "md5": "HEX"})
        date = "case when d.path is null then h.date_update else d.date_update end as date_update"
        chosen = ", ".join(date if name == "date_update" else f"h.{name}" for name in plan.ROW)
        self._connection.execute(
            f"create or replace view collected as select {chosen} from held h left join dated d on h.path = d.path"
            f" where h.path not in (select path from index_rows) union all select {', '.join(plan.ROW)} from index_rows"
        )
        return [Made(path, b"", sha256) for path, (_, sha256, _) in digests.items()]


def _is_ours(path: str) -> bool:
    return path.partition(".")[0] in _MADE_BY_US


def _digests(file: Path) -> tuple[int, bytes, bytes]:
    """Size, SHA-256 and MD5 of a file, read once."""
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with file.open("rb") as opened:
        while block := opened.read(CHUNK):
            sha256.update(block)
            md5.update(block)
            size += len(block)
    return size, sha256.digest(), md5.digest()
