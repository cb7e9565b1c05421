"""The sweep of a tree in place: part of it is read again, for other bytes under an unchanged size and time.

Such a file was either replaced by a program that keeps times, or damaged on the disk. The file system tells: who
replaces a file changes its status time (ctime), a rotting disk does not. What was replaced is queued for the next run;
what is damaged is reported and never sealed, so that it does not reach the mirrors, which still hold the right bytes.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb

from gdac.columns import stream
from gdac.errors import StoreError
from gdac.manifest.head import DeltaEntry, Head, ManifestEntry
from gdac.store import NotFoundError, Store
from sync.audit.audit import digest_at
from sync.audit.shares import UNIT, Part
from sync.hub.plan import count
from sync.progress import Reporter
from sync.tasks import work_side_by_side

#: A tree on which more files than this are damaged needs another cure than a list.
_MOST_DAMAGED: Final = 1_000


@dataclass(slots=True)
class Rehashed:
    """What was read.

    Attributes:
        units: directories that the part takes in.
        files: files read.
        replaced: paths with other bytes that were replaced; to be queued.
        damaged: paths with other bytes that nobody replaced, or that cannot be read, with the reason.
    """

    units: int = 0
    files: int = 0
    replaced: list[str] = field(default_factory=list)
    damaged: dict[str, str] = field(default_factory=dict)


async def rehash(
    connection: duckdb.DuckDBPyConnection,
    hub: Store,
    root: Path,
    head: Head,
    part: Part,
    reporter: Reporter,
    workers: int,
) -> Rehashed:
    """Read the files of one part that have the size and time of the manifest.

    Args:
        connection: holds the manifest as ``manifest``.
        hub: the tree.
        root: where it lies.
        head: whose manifest that is.
        part: which.
        reporter: where progress goes.
        workers: files read at once.

    Raises:
        StoreError: more files are damaged than a list can be of use for.
    """
    connection.execute(
        f"create or replace temp table due as select * from (select *, {UNIT} as unit from manifest)"
        f" where contains(path, '/') and {part.holds('unit')}"
    )
    found = Rehashed(units=count(connection, "(select distinct unit from due)"))
    rows = stream(connection, "select path, size, modified, sha256, serial from due order by path")
    moments = _seal_times(head)
    with reporter.stage(f"read part {part}", count(connection, "due")) as stage:

        async def work() -> None:
            for path, size, modified, sha256, serial in rows:
                try:
                    facts = await hub.stat(path)
                    when = facts.modified.replace(tzinfo=None) if facts.modified else None
                    if (facts.size, when) != (size, modified):
                        continue  # the next run sees it
                    digest, came = await digest_at(hub, path)
                except NotFoundError:
                    continue  # as above
                except StoreError as error:
                    _note_damage(found, path, error.what)
                    continue
                found.files += 1
                stage.advance(1, came)
                if digest != bytes(sha256):
                    _sort_out(found, root / path, path, _sealed_by(moments, serial))

        await work_side_by_side(workers, work)
    return found


def _sort_out(found: Rehashed, file: Path, path: str, sealed: float) -> None:
    if file.stat().st_ctime > sealed + 1:  # the time of a seal is cut to the second
        found.replaced.append(path)
    else:
        _note_damage(found, path, "its bytes are not those that were sealed, and nobody has replaced it since")


def _note_damage(found: Rehashed, path: str, why: str) -> None:
    found.damaged[path] = why
    if len(found.damaged) > _MOST_DAMAGED:
        raise StoreError(
            f"more than {_MOST_DAMAGED:,} files of the tree are damaged, the last one {path}: {why}.",
            hint="Look at the disk before anything else. Mirrors hold the sealed bytes.",
        )


def _seal_times(head: Head) -> list[tuple[int, float]]:
    """Serials whose time of sealing the head tells, with that time, in order."""
    entries: tuple[ManifestEntry | DeltaEntry, ...] = (*head.manifests, *head.deltas, head.manifest)
    return sorted({(one.serial, one.sealed.timestamp()) for one in entries})


def _sealed_by(moments: list[tuple[int, float]], serial: int) -> float:
    """When bytes of a serial had certainly been sealed, as far as the head tells."""
    return next(moment for known, moment in moments if known >= serial)
