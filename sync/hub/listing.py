"""The whole tree of a source, by its own listings: what it holds, and what of it is not what we hold.

Listings tell different things: sizes and times (MLSD, SFTP, a directory), sizes and ETags (buckets), sizes alone (FTP
``LIST``), names alone (web pages, whose sizes are rounded and never believed). Where size and a time or an ETag are not
told, files that no index lists are asked for one by one; for the others the date in the index has to do.
"""

from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import RefusedError
from gdac.manifest.scan import Tally
from gdac.paths import MANIFEST_DIR, ArchivePath, Kind, PathError
from gdac.store import ListingNotOfferedError, NotFoundError, ObjectInfo, Store, TemporaryStoreError
from policies.distribution import why_private
from sync.hub.marks import MARK
from sync.hub.scan import TEMPORARY, Odd, Scanned
from sync.progress import Stage
from sync.spool import Spool
from sync.tasks import work_side_by_side

_SEEN: Final = {
    "path": "VARCHAR",
    "size": "BIGINT",
    "modified": "TIMESTAMP",
    "kind": "VARCHAR",
    "folder": "VARCHAR",
    "validator": "VARCHAR",
}
#: Files that are asked for one by one wait until there are so many.
_BATCH: Final = 512
#: A listing that broke off is begun anew so often.
_TRIES: Final = 3
#: SQL expression: the MD5 that an ETag of one part is, or null.
_ETAG: Final = "unhex(nullif(regexp_extract(lower(validator), '^\"?([0-9a-f]{32})\"?$', 1), ''))"


async def list_everything(
    source: Store,
    roots: Collection[str],
    connection: duckdb.DuckDBPyConnection,
    workdir: Path,
    stage: Stage,
    workers: int,
) -> Scanned:
    """List a source into the table ``seen`` (path, size, modified, kind, folder, etag, mark).

    Args:
        source: whose tree.
        roots: names at its root that are known: its index files.
        connection: gets the table.
        workdir: for a temporary file.
        stage: counts files.
        workers: files asked for at once.

    Raises:
        RefusedError: the source offers no listing.
        StoreError: the source does not answer; a tree half seen would look like files removed.
    """
    for tries_left in reversed(range(_TRIES)):
        found = Scanned()
        with Spool(workdir / "seen.tsv") as spool:
            try:
                await _list_once(source, roots, spool, found, stage, workers)
            except TemporaryStoreError:
                if not tries_left:
                    raise
                continue  # from the beginning: a page in the middle cannot be asked for on every store
            except ListingNotOfferedError as error:
                raise RefusedError(
                    f"{source.name} cannot be observed by listing: {error.what}",
                    hint='Observe it by its indexes (observe = "index"), or by a protocol that lists (FTP, S3).',
                ) from error
            spool.load(connection, "seen_raw", _SEEN)
            break
    connection.execute(
        f"create or replace table seen as select path, size, modified, kind, folder, {_ETAG} as etag, {MARK} as mark"
        " from seen_raw"
    )
    connection.execute("drop table seen_raw")
    return found


async def _list_once(
    source: Store, roots: Collection[str], spool: Spool, found: Scanned, stage: Stage, workers: int
) -> None:
    vague: list[tuple[ArchivePath, ObjectInfo]] = []
    async for path, info in _known(source, found, roots):
        stage.advance()
        if path.kind.is_listed or _is_exact(info):
            _add(spool, path, info, found)
        else:
            vague.append((path, info))
        if len(vague) >= _BATCH:
            await _ask(source, vague, spool, found, workers)
    await _ask(source, vague, spool, found, workers)


async def _known(
    source: Store, found: Scanned, roots: Collection[str]
) -> AsyncIterator[tuple[ArchivePath, ObjectInfo]]:
    """Files of the archive; what is left out is counted."""
    async for info in source.list("", recursive=True):
        if info.path.startswith(f"{MANIFEST_DIR}/"):
            continue  # the source is sealed itself
        try:
            path = ArchivePath.parse(info.path)
            odd = why_private(path)
        except PathError as error:
            _leave(found, Odd.REFUSED, f"{info.path!a}: {error.why}")
            continue
        if odd:
            _leave(found, Odd.REFUSED, f"{info.path!a}: {odd}")
        elif info.path.endswith(TEMPORARY):
            _leave(found, Odd.TEMPORARY, ascii(info.path))
        elif "/" not in info.path:
            if info.path not in roots:
                _leave(found, Odd.ROOT, ascii(info.path))
        elif path.kind is Kind.OTHER and path.wmo is None:
            _leave(found, Odd.FOREIGN, ascii(info.path))
        else:
            yield path, info


async def _ask(
    source: Store, vague: list[tuple[ArchivePath, ObjectInfo]], spool: Spool, found: Scanned, workers: int
) -> None:
    """Facts of files of which the listing told too little; empties the list."""
    waiting = iter(vague)

    async def work() -> None:
        for path, _ in waiting:
            try:
                _add(spool, path, await source.stat(path.text), found)
            except NotFoundError:  # gone meanwhile, or a link to nothing or to a directory
                _leave(found, Odd.SPECIAL, ascii(path.text))

    await work_side_by_side(min(workers, len(vague)), work)
    vague.clear()


def _is_exact(info: ObjectInfo) -> bool:
    return info.size is not None and (info.modified is not None or info.validator is not None)


def _add(spool: Spool, path: ArchivePath, info: ObjectInfo, found: Scanned) -> None:
    found.files += 1
    modified = info.modified.replace(tzinfo=None) if info.modified else None
    folder = f"dac/{path.dac}/{path.wmo}" if path.wmo and path.kind is not Kind.AUX else ""
    validator = info.validator if info.validator and info.validator.isprintable() else None
    spool.add(path.text, info.size, modified, path.kind.value, folder, validator)


def _leave(found: Scanned, what: str, text: str) -> None:
    found.odd.setdefault(what, Tally()).add(text)
