"""Bring one mirror from its own serial to the hub's: by deltas where they reach, else by a full manifest.

Write order: data, index files, manifests and deltas, head; deletes last, after the grace. What was copied before a
break is journalled and not copied again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from gdac.columns import connect, stream
from gdac.manifest.delta import diff, fold
from gdac.manifest.head import Advance, check_successor
from gdac.records import MirrorRecord, Moved
from gdac.store import Store
from sync.grace import Grace, dropped_keys, sealed_keys
from sync.plan import count
from sync.progress import Reporter, Stage
from sync.publish import publish_head
from sync.sealed import Copies, Shown, read_head
from sync.state import State
from sync.tasks import work_side_by_side
from sync.transfer import carry

#: Files per entry of the journal of copies.
_JOURNAL_FILES = 256


@dataclass(frozen=True, slots=True)
class Mirror:
    """One mirror, opened.

    Attributes:
        name: in the configuration.
        store: where it lies.
        grace: how long superseded files stay readable.
        workers: files under way at once.
    """

    name: str
    store: Store
    grace: timedelta
    workers: int


@dataclass(frozen=True, slots=True)
class _Copy:
    path: str
    sha256: bytes
    modified: datetime | None


class Replication:
    """One mirror's way to the hub's head; use once.

    Args:
        hub: the store whose head is followed.
        shown: that head.
        copies: local copies of sealed files.
        state: journal and graces.
        memory: limit of the column engine.
        reporter: where progress goes.
        now: the clock.
    """

    def __init__(
        self,
        hub: Store,
        shown: Shown,
        copies: Copies,
        state: State,
        workdir: Path,
        memory: str,
        reporter: Reporter,
        now: Callable[[], datetime],
    ) -> None:
        self._hub, self._shown, self._copies, self._state = hub, shown, copies, state
        self._workdir, self._memory, self._reporter, self._now = workdir, memory, reporter, now

    async def bring(self, mirror: Mirror) -> MirrorRecord:
        """Make the mirror show the hub's head, then delete what is due.

        Raises:
            GdacError: it could not be done; the mirror still shows what it showed.
        """
        there = await read_head(mirror.store)
        await mirror.store.clean()
        head = self._shown.head
        advance = check_successor(there.head if there else None, head)
        before = there.head.serial if there else None
        with connect(memory_limit=self._memory, temp_directory=str(self._workdir)) as connection:
            grace = Grace(connection, mirror.store, mirror.name, mirror.grace, self._state, self._copies, self._now)
            if there is not None:
                await grace.catch_up(self._hub, there.head)
            way = await self._changes(connection, mirror, there, advance)
            moved, resumed = await self._copy(connection, mirror, way)
            if advance is not Advance.SAME:
                await self._publish(mirror, there)
            if way != "current":
                grace.record(head, "changes", dropped_keys(there.head if there else None, head))
            deleted = await grace.delete_due(self._hub, head)
        waiting = self._state.superseded_count(mirror.name)
        return MirrorRecord(mirror.name, before, head.serial, way, moved, resumed, deleted, waiting)

    async def _changes(
        self, connection: duckdb.DuckDBPyConnection, mirror: Mirror, there: Shown | None, advance: Advance
    ) -> str:
        """Make the table ``changes`` (delta-shaped) that leads from the mirror's state to the head."""
        head = self._shown.head
        if advance in {Advance.SAME, Advance.REISSUED}:
            return "current"
        if advance is Advance.DELTAS:
            assert there is not None
            entries = head.deltas_after(there.head.serial)
            assert entries is not None
            tables = await self._copies.load_deltas(connection, self._hub, head, entries)
            fold(connection, tables, "changes")
            return "delta"
        await self._copies.load_manifest(connection, self._hub, head, "goal")
        if there is None:
            connection.execute(
                "create view changes as select 'added' as change, path, null::varchar as from_path, sha256, modified,"
                " null::blob as old_sha256 from goal"
            )
        else:
            await self._copies.load_manifest(connection, mirror.store, there.head, "held")
            diff(connection, "held", "goal", "changes")
        return "snapshot"

    async def _copy(self, connection: duckdb.DuckDBPyConnection, mirror: Mirror, way: str) -> tuple[Moved, int]:
        if way == "current":
            return Moved(), 0
        total = count(connection, f"({_TO_COPY})")
        counter = _Counter()
        with self._reporter.stage(f"replicate to {mirror.name}", total) as stage:
            for condition in ("not is_index", "is_index"):  # data first, then the indexes that speak of them
                await self._copy_some(connection, mirror, condition, counter, stage)
        return Moved(counter.files, counter.size), counter.resumed

    async def _copy_some(
        self, connection: duckdb.DuckDBPyConnection, mirror: Mirror, condition: str, counter: "_Counter", stage: Stage
    ) -> None:
        waiting = _rows(connection, f"select path, sha256, modified from ({_TO_COPY}) where {condition} order by path")
        done: list[tuple[str, bytes]] = []

        async def work() -> None:
            for one in waiting:
                if self._state.is_copied(mirror.name, one.path, one.sha256):
                    counter.resumed += 1
                    stage.advance()
                    continue
                received = await carry(self._hub, one.path, mirror.store, sha256=one.sha256, modified=one.modified)
                counter.files += 1
                counter.size += received.size
                stage.advance(1, received.size)
                done.append((one.path, one.sha256))
                if len(done) >= _JOURNAL_FILES:
                    await write_journal()

        async def write_journal() -> None:
            batch = done.copy()
            done.clear()
            if batch:
                await mirror.store.flush()
                self._state.journal_copied(mirror.name, batch)

        try:
            await work_side_by_side(mirror.workers, work)
        finally:
            await write_journal()

    async def _publish(self, mirror: Mirror, there: Shown | None) -> None:
        head = self._shown.head
        before = sealed_keys(there.head) if there else {}
        for key, sha256 in sealed_keys(head).items():
            if key not in before:  # immutable names: what the mirror's head named is there
                await carry(self._hub, key, mirror.store, sha256=bytes.fromhex(sha256))
        await publish_head(mirror.store, self._shown.raw, head, there)


#: What has to travel: new bytes; index files, which lie at the root, apart.
_TO_COPY = (
    "select path, sha256, modified, not contains(path, '/') as is_index from changes"
    " where change <> 'removed' and sha256 is distinct from old_sha256"
)


class _Counter:
    def __init__(self) -> None:
        self.files = self.size = self.resumed = 0


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[_Copy]:
    for path, sha256, modified in stream(connection, query):
        yield _Copy(path, bytes(sha256), modified and modified.replace(tzinfo=UTC))
