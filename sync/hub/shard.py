"""The first mirror of an archive in shards: each fetches its floats into the hub, side by side with the others.

For a hub that many machines may write (a bucket, a shared volume). A shard has a state of its own and seals nothing;
what it fetched it writes beside the hub's manifests: a Parquet file of rows as a journal has them, named by its digest,
and a small JSON file that names it. `sync.hub.join` puts them all into the journal of the one state that seals, and the
run that follows asks the source what has changed since.

The JSON is renewed after every few thousand files, when those are safe in the store, so that a shard that is started
anew on another machine goes on from there.
"""

import hashlib
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb

from gdac.columns import connect
from gdac.errors import UsageError
from gdac.store import Declared, Store
from sync.audit.shares import Part
from sync.brakes.hold import HUB
from sync.config import Config
from sync.hub import plan
from sync.hub.indexes import fetch_indexes, load_visit
from sync.hub.ingest import IngestResult, ingest
from sync.hub.look import Look
from sync.hub.shardfiles import Shown, drop_older, load_rows, rows_key, shown_by, write_marker
from sync.hub.work import HubWork
from sync.journal import check_journal
from sync.sealed.copies import read_head
from sync.state import State
from sync.state.boot import DURABLE

#: After so many files a shard writes down what it has.
_FILES_AT_ONCE: Final = 10_000
_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class ShardRecord:
    """What a shard has.

    Attributes:
        part: which one, ``k/N``.
        files, bytes: that are in the hub, with those of earlier starts.
        fetched: files of this start.
        failed: files that could not be had; the run that seals asks for them again.
        notes: sentences for the operator.
    """

    part: str
    files: int
    bytes: int
    fetched: int
    failed: int
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The record as plain JSON values."""
        return asdict(self)


class Shard(HubWork):
    """Fetches one shard of the first mirror; its state is its own. Use once."""

    async def fetch(self, part: Part) -> ShardRecord:
        """Fetch every file of the shard's floats that the hub does not have yet, and write down what it has.

        Raises:
            UsageError: the deployment cannot be begun in shards, or the hub shows a head already.
            RefusedError: an index file is not what it must be.
            StoreError: source or hub failed; what came is written down.
        """
        _check_can_be_sharded(self._config)
        async with AsyncExitStack() as stack:
            hub = await stack.enter_async_context(self._opened(HUB, self._config.hub))
            await check_unsealed(hub)
            name = self._config.source_name
            source = await stack.enter_async_context(self._opened(name, self._config.the_source))
            folder = Path(stack.enter_context(TemporaryDirectory(dir=self._state.directory, prefix="work-")))
            await self._resume(hub, part, folder)
            await check_journal(hub, self._state, self._reporter, self._now())
            connection = stack.enter_context(connect(memory_limit=self._config.hub.memory, temp_directory=str(folder)))
            notes = await self._plan(source, connection, part, folder)
            result = await self._ingest(source, hub, connection, part)
            shown = await self._write_down(hub, part, is_complete=True)
        notes += [f"not to be had: {path}: {why}" for path, why in list(result.failed.items())[:_EXAMPLES]]
        return ShardRecord(str(part), shown.files, shown.bytes, result.files, len(result.failed), tuple(notes))

    async def _resume(self, hub: Store, part: Part, workdir: Path) -> None:
        """Put what an earlier start wrote down into the journal, where this state does not know it."""
        shown = await shown_by(hub, part)
        if shown is None or self._state.pending_count():
            return
        for batch in await load_rows(hub, shown, part, workdir):
            self._state.journal(batch, DURABLE)
        self._reporter.note(f"{shown.files:,} files of shard {part} are there already.")

    async def _plan(self, source: Store, connection: duckdb.DuckDBPyConnection, part: Part, workdir: Path) -> list[str]:
        """Make ``todo``: as a day does before the first seal, of this shard's floats alone."""
        options = self._config.the_source
        asked = [name for name in options.indexes if name not in options.retired]
        with self._reporter.stage("ask for index files", 2 * len(asked)) as stage:
            visit = await fetch_indexes(source, asked, self._state, self._state.directory / "indexes", self._now, stage)
        if not visit.files:
            raise UsageError(f"{source.name} has none of the configured index files at its root.")
        columns = ", ".join(f"{name} {kind}" for name, kind in plan.ROW.items())
        connection.execute(f"create table base ({columns}, serial integer)")
        plan.load_pending(connection, self._state, workdir)
        plan.overlay(connection)
        load_visit(connection, visit, "listed", workdir)
        connection.execute(f"create table wanted as select * from listed where {part.holds(_WMO)}")
        plan.compare_listed(connection)
        look = Look(self._config, source, self._state, connection, workdir, self._reporter, self._now())
        looked = await look.at_floats()
        refused = plan.refuse_private(connection)
        plan.leave_waiting(connection, self._state.all_set_aside(), self._now())
        return [*looked.notes, *(f"refused: {one}" for one in refused[:_EXAMPLES])]

    async def _ingest(
        self, source: Store, hub: Store, connection: duckdb.DuckDBPyConnection, part: Part
    ) -> IngestResult:
        total = IngestResult()
        with self._reporter.stage(f"shard {part}", plan.count(connection, "todo")) as stage:
            todo = plan.take_todo(connection)
            for batch in _batches(todo):
                result = await ingest(
                    source,
                    hub,
                    batch,
                    self._state,
                    stage,
                    workers=self._config.the_source.connections,
                    most_failures=self._config.the_source.most_failures,
                    now=self._now,
                )
                total.files, total.size = total.files + result.files, total.size + result.size
                total.failed |= result.failed
                await self._write_down(hub, part, is_complete=False)
        return total

    async def _write_down(self, hub: Store, part: Part, *, is_complete: bool) -> Shown:
        """Tell in the hub what this shard has; only what is safe there is told."""
        await hub.flush()
        file = self._state.directory / "shard.parquet"
        files, size = _write_rows(self._state, file)
        raw = file.read_bytes()
        digest = hashlib.sha256(raw).hexdigest()
        shown = Shown(str(part), self._config.the_source.store, files, size, digest, is_complete)
        await hub.write(rows_key(part, digest), raw, Declared(len(raw), digest))
        await hub.flush()
        await write_marker(hub, part, shown)
        await drop_older(hub, part, digest)
        return shown


#: SQL expression: the float that a path belongs to.
_WMO: Final = "split_part(path, '/', 3)"


def _batches(todo: Iterator[plan.Wanted]) -> Iterator[list[plan.Wanted]]:
    while batch := list(islice(todo, _FILES_AT_ONCE)):
        yield batch


def _write_rows(state: State, file: Path) -> tuple[int, int]:
    """Write the journal as Parquet, by path; returns files and bytes."""
    with (
        TemporaryDirectory(dir=state.directory, prefix="work-") as folder,
        connect(temp_directory=folder) as connection,
    ):
        plan.load_pending(connection, state, Path(folder))
        chosen = ", ".join(plan.ROW)
        connection.execute(
            f"copy (select {chosen} from pending order by path) to '{file}' (format parquet, compression zstd)"
        )
        found = connection.execute("select count(*), coalesce(sum(size), 0)::bigint from pending").fetchone()
        assert found is not None
        return int(found[0]), int(found[1])


async def check_unsealed(hub: Store) -> None:
    """Shards begin an archive.

    Raises:
        UsageError: the hub shows a head.
    """
    shown = await read_head(hub)
    if shown is not None:
        raise UsageError(
            f"the hub {hub.name} shows serial {shown.head.serial} already; shards begin a new one.",
            hint="`gdac sync run` keeps it up to date.",
        )


def _check_can_be_sharded(config: Config) -> None:
    if config.in_place or config.collect is not None:
        raise UsageError("only a hub that mirrors a source can be begun in shards.")
    if config.the_source.observe != "index":
        raise UsageError(
            "a source that is observed by listing its whole tree cannot be shared out among shards.",
            hint='Fill the hub with `observe = "index"`, then set it to listing.',
        )
