"""Look at the source and say what has to move: by index, and by listing the directories of floats that changed.

No index lists ``_prof`` and ``_Sprof`` files, and no index says which files lie beside the listed ones; so the
directories of the floats that changed, and only those, are listed: two requests per changed float.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb

from gdac.paths import ArchivePath, PathError
from gdac.store import ListingNotOfferedError, NotFoundError, ObjectInfo, Store
from policies.distribution import why_private
from sync.hub import plan
from sync.progress import Reporter
from sync.spool import Spool
from sync.tasks import work_side_by_side

#: Derived files of a float, where a source offers no listing.
_DERIVED: Final = ("prof", "Sprof")


@dataclass(slots=True)
class FloatVisit:
    """What the directories of the changed floats showed.

    Attributes:
        listed: the source offers listings, so that everything in the directories was seen.
        refused: names that no archive may hold, or that must not be public, with the reason; the first hundred.
        refused_count: how many there were.
    """

    listed: bool
    refused: list[str] = field(default_factory=list)
    refused_count: int = 0


async def visit_floats(
    source: Store,
    folders: Sequence[str],
    connection: duckdb.DuckDBPyConnection,
    workdir: Path,
    reporter: Reporter,
    workers: int,
) -> FloatVisit:
    """List the directories of ``folders`` and make the table ``seen``.

    Raises:
        StoreError: the source does not answer.
    """
    visit = FloatVisit(listed=source.capabilities.lists)
    with Spool(workdir / "seen.tsv") as spool, reporter.stage("look at changed floats", len(folders)) as stage:
        pending = iter(folders)

        async def work() -> None:
            for folder in pending:
                async for info in _look(source, folder, visit):
                    _note(visit, spool, info, folder)
                stage.advance()

        await work_side_by_side(min(workers, len(folders)), work)
        plan.add_seen(connection, spool)
    return visit


def _note(visit: FloatVisit, spool: Spool, info: ObjectInfo, folder: str) -> None:
    try:
        path = ArchivePath.parse(info.path)
        private = why_private(path)
    except PathError as error:
        private, path = error.why, None
    if path is None or private:
        visit.refused_count += 1
        if len(visit.refused) < 100:
            visit.refused.append(f"{info.path!a}: {private}")
        return
    modified = info.modified.replace(tzinfo=None) if info.modified else None
    spool.add(path.text, info.size, modified, path.kind.value, folder)


async def _look(source: Store, folder: str, visit: FloatVisit) -> AsyncIterator[ObjectInfo]:
    """Files of one float: by listing where the source offers it, else by asking for its derived files."""
    if visit.listed:
        try:
            for where in (folder, f"{folder}/profiles"):
                async for info in source.list(where):
                    yield await _exact(source, info)
        except ListingNotOfferedError:
            visit.listed = False
        else:
            return
    wmo = folder.rpartition("/")[2]
    for what in _DERIVED:
        try:
            yield await source.stat(f"{folder}/{wmo}_{what}.nc")
        except NotFoundError:
            continue


async def _exact(source: Store, info: ObjectInfo) -> ObjectInfo:
    """Size and time of a file that no index lists; a listing that only names it costs one more request."""
    if info.size is not None and info.modified is not None:
        return info
    try:
        if ArchivePath.parse(info.path).kind.is_listed:
            return info
        return await source.stat(info.path)
    except (PathError, NotFoundError):
        return info
