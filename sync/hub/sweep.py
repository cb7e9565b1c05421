"""The deep sweep: part of the floats a day, looked at file by file, for what no index shows.

Found are files replaced under an unchanged DATE_UPDATE, and derived files (``_prof``, ``_Sprof`` and the like) that
changed without any index row of their float changing. Size and time at the source are held against the manifest; what
differs is queued in the state, and the next run fetches it. A job of its own, beside the daily run. Of a hub that is
sealed in place, sizes and times are seen every day, so its files are read instead (`sync.hub.rehash`).
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb

from gdac.columns import connect, stream
from gdac.errors import UsageError
from gdac.manifest.head import Head
from gdac.paths import ArchivePath, Kind, PathError
from gdac.store import ListingNotOfferedError, NotFoundError, ObjectInfo, Store
from policies.distribution import why_private
from sync.audit.audit import load_paths
from sync.audit.shares import UNIT, Part
from sync.brakes.hold import HUB
from sync.hub import plan
from sync.hub.rehash import rehash
from sync.hub.work import HubWork
from sync.places import local_path
from sync.progress import Stage
from sync.sealed.copies import Copies, read_head
from sync.spool import Spool
from sync.state import State
from sync.tasks import work_side_by_side

_WORK: Final = "sweep"
_FIRST: Final = 20
#: SQL expression: the float's number in a unit.
_WMO: Final = "split_part(unit, '/', 3)"


@dataclass(frozen=True, slots=True)
class SweepRecord:
    """What a sweep saw.

    Attributes:
        part: which part, ``k/N``.
        floats: directories of floats looked at; of a tree in place all directories.
        files: files seen there.
        replaced: files whose size or time is not that of the manifest.
        new: derived files that the hub does not have.
        first: the first of both.
        waiting: files queued for the next run, with those of earlier sweeps.
        damaged: files of a tree in place whose bytes rotted or cannot be read, the first of them, with the reason.
        damaged_count: how many there are.
    """

    part: str
    floats: int
    files: int
    replaced: int
    new: int
    first: tuple[str, ...]
    waiting: int
    damaged: tuple[str, ...] = ()
    damaged_count: int = 0

    def as_json(self) -> dict[str, Any]:
        """The record as plain JSON values."""
        return asdict(self)


class Sweep(HubWork):
    """Sweeps the source of one deployment; use once."""

    async def sweep(self, part: Part | None = None) -> SweepRecord:
        """Look at one part, by default the next one, and queue what differs.

        Raises:
            UsageError: the hub shows no head yet.
            StoreError: the source does not answer; nothing was queued.
        """
        of = self._config.sweep.parts
        known = self._state.next_part(_WORK)
        chosen = part or (Part(known[0], of) if known and known[1] == of else Part(1, of))
        async with AsyncExitStack() as stack:
            hub = await stack.enter_async_context(self._opened(HUB, self._config.hub))
            source = hub
            if not self._config.in_place:
                name = self._config.source_name
                source = await stack.enter_async_context(self._opened(name, self._config.the_source))
            shown = await read_head(hub)
            if shown is None:
                raise UsageError(f"the hub {hub.name} shows no head yet.", hint="Seal it first: gdac sync run.")
            folder = stack.enter_context(TemporaryDirectory(dir=self._state.directory, prefix="work-"))
            connection = stack.enter_context(connect(memory_limit=self._config.hub.memory, temp_directory=folder))
            await Copies(self._state.directory / "sealed").load_manifest(connection, hub, shown.head, "manifest")
            if self._config.in_place:
                record = await self._read_again(connection, hub, shown.head, chosen)
            else:
                record = await self._look(connection, source, chosen, Path(folder))
        if part is None:
            self._state.remember_part(_WORK, chosen.after.number, of)
        return record

    async def _read_again(
        self, connection: duckdb.DuckDBPyConnection, hub: Store, head: Head, part: Part
    ) -> SweepRecord:
        root = Path(local_path(self._config.hub.store) or "")
        workers = self._config.the_source.connections
        found = await rehash(connection, hub, root, head, part, self._reporter, workers)
        self._state.queue_swept([(path, "replaced") for path in found.replaced], self._now())
        damaged = [f"{path}: {why}" for path, why in found.damaged.items()]
        return SweepRecord(
            part=str(part),
            floats=found.units,
            files=found.files,
            replaced=len(found.replaced),
            new=0,
            first=tuple(sorted(found.replaced)[:_FIRST]),
            waiting=self._state.swept_count(),
            damaged=tuple(sorted(damaged)[:_FIRST]),
            damaged_count=len(damaged),
        )

    async def _look(
        self, connection: duckdb.DuckDBPyConnection, source: Store, part: Part, workdir: Path
    ) -> SweepRecord:
        connection.execute(
            f"create table due as select * from (select *, {UNIT} as unit from manifest)"
            " where starts_with(unit, 'dac/') and len(unit) - len(replace(unit, '/', '')) = 2"
            f" and {part.holds(_WMO)}"
        )
        rows = connection.execute("select distinct unit from due order by unit").fetchall()
        floats = [row[0] for row in rows]
        workers = self._config.the_source.connections
        with self._reporter.stage(f"sweep part {part}", len(floats)) as stage:
            try:
                with Spool(workdir / "listed.tsv") as spool:
                    await _list(source, floats, spool, stage, workers)
                    plan.add_seen(connection, spool)
            except ListingNotOfferedError:
                with Spool(workdir / "asked.tsv") as spool:
                    await _ask(source, connection, spool, stage, workers)
                    plan.add_seen(connection, spool)
        return self._queue(connection, part, len(floats))

    def _queue(self, connection: duckdb.DuckDBPyConnection, part: Part, floats: int) -> SweepRecord:
        connection.execute(_DIFFERENT)
        rows = connection.execute("select path, why from different order by path").fetchall()
        self._state.queue_swept(rows, self._now())
        return SweepRecord(
            part=str(part),
            floats=floats,
            files=plan.count(connection, "seen"),
            replaced=sum(1 for _, why in rows if why == "replaced"),
            new=sum(1 for _, why in rows if why == "new"),
            first=tuple(path for path, _ in rows[:_FIRST]),
            waiting=self._state.swept_count(),
        )


_LISTED: Final = ", ".join(f"'{kind.value}'" for kind in Kind if kind.is_listed)
#: Times are compared to the second, as listings know no more.
_DIFFERENT: Final = (
    "create table different as select s.path, case when d.path is null then 'new' else 'replaced' end as why"
    " from seen s left join due d on s.path = d.path"
    f" where (d.path is null and s.kind not in ({_LISTED}))"
    " or (d.path is not null and (s.size <> d.size"
    " or date_trunc('second', s.modified) <> date_trunc('second', d.modified)))"
)


async def _list(source: Store, floats: list[str], spool: Spool, stage: Stage, workers: int) -> None:
    pending = iter(floats)

    async def work() -> None:
        for folder in pending:
            async for info in _files(source, folder):
                _note(spool, await _exact(source, info), folder)
            stage.advance()

    await work_side_by_side(workers, work)


async def _files(source: Store, folder: str) -> AsyncIterator[ObjectInfo]:
    for where in (folder, f"{folder}/profiles"):
        async for info in source.list(where):
            yield info


async def _ask(source: Store, connection: duckdb.DuckDBPyConnection, spool: Spool, stage: Stage, workers: int) -> None:
    """A source without listings is asked for every file of the manifest; new files are not seen then."""
    rows = stream(connection, "select path, unit from due order by path")

    async def work() -> None:
        for path, unit in rows:
            try:
                _note(spool, await source.stat(path), unit)
            except NotFoundError:
                continue
            stage.advance(0)

    await work_side_by_side(workers, work)


async def _exact(source: Store, info: ObjectInfo) -> ObjectInfo:
    """Size and time; a listing that does not tell them exactly costs one more request."""
    if info.size is not None and info.modified is not None:
        return info
    try:
        return await source.stat(info.path)
    except (NotFoundError, PathError):
        return info


def _note(spool: Spool, info: ObjectInfo, folder: str) -> None:
    try:
        path = ArchivePath.parse(info.path)
    except PathError:
        return  # the daily run reports such names
    if why_private(path) is None:
        modified = info.modified.replace(tzinfo=None) if info.modified else None
        spool.add(path.text, info.size, modified, path.kind.value, folder)


def take_queue(connection: duckdb.DuckDBPyConnection, state: State, most: int, workdir: Path) -> list[str]:
    """Add what sweeps queued to ``todo``, at most so many files; returns the paths that left the queue for it.

    What no index lists any more, or is on its way already, is not added.
    """
    queued = state.swept(most)
    load_paths(connection, "queued", queued, workdir)
    connection.execute(
        "insert into todo (path, date_update, why) select q.path, w.date_update,"
        " case when k.path is null then 'new' else 'changed' end"
        " from queued q left join wanted w on q.path = w.path left join known k on q.path = k.path"
        " where (w.path is not null or k.date_update is null)"
        " and q.path not in (select path from todo) and q.path not in (select path from gone)"
    )
    return queued
