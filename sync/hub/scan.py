"""What lies in a tree that is sealed in place: one walk by several threads, every name judged, nothing changed.

Left out and told, because nobody meant them for the archive: hidden and temporary names, names outside the grammar,
what must not be public, links that lead out of the tree or to directories, sockets and the like.
"""
# Paths stay strings here, as in `sync.stores.disk`.
# ruff: noqa: PTH116

import asyncio
import errno
import os
import stat
from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import GdacError
from gdac.manifest.scan import Tally
from gdac.paths import MANIFEST_DIR, ArchivePath, Kind, PathError
from policies.distribution import why_private
from sync.progress import Stage
from sync.spool import Spool

#: Directories of an archive; others at its root are not entered.
FOLDERS: Final = ("aux", "dac", "etc", "geo", "latest_data")
#: Endings under which programs write what is not finished yet.
TEMPORARY: Final = (".tmp", ".temp", ".part", ".partial", ".filepart", ".swp", "~")
_SEEN: Final = {
    "path": "VARCHAR",
    "size": "BIGINT",
    "modified_us": "BIGINT",
    "kind": "VARCHAR",
    "folder": "VARCHAR",
}


class Odd:
    """Words for what is left out; values are those of the notes."""

    HIDDEN = "hidden names (they begin with a dot)"
    TEMPORARY = "names of unfinished files"
    FOREIGN = "names outside the grammar of an archive"
    ROOT = "names at the root that are no configured index files"
    REFUSED = "names that are refused"
    LINK = "symbolic links that lead out of the tree, to a directory or to what is not public"
    SPECIAL = "names of no regular file"


@dataclass(slots=True)
class Scanned:
    """What a walk met besides the files in its table.

    Attributes:
        files: files in the table.
        odd: what was left out, by the words of `Odd`.
    """

    files: int = 0
    odd: dict[str, Tally] = field(default_factory=dict)


@dataclass(slots=True)
class _Folder:
    """One directory, read."""

    rows: list[tuple[str, int, int, str, str]] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    odd: list[tuple[str, str]] = field(default_factory=list)


async def scan(
    root: Path, roots: Collection[str], connection: duckdb.DuckDBPyConnection, workdir: Path, stage: Stage, workers: int
) -> Scanned:
    """Walk a tree into the table ``seen`` (path, size, modified, kind, folder), in no particular order.

    Args:
        root: of the archive.
        roots: names at its root that are known: its index files.
        connection: gets the table.
        workdir: for a temporary file.
        stage: counts files.
        workers: directories read at once: where the disk is far away, waiting for it is all that costs time.

    Raises:
        GdacError: a directory cannot be read; a tree half seen would look like files removed.
    """
    found = Scanned()
    with Spool(workdir / "seen.tsv") as spool, ThreadPoolExecutor(workers, thread_name_prefix="scan") as pool:
        top = os.path.realpath(root)
        reading: deque[Future[_Folder]] = deque([pool.submit(_read, top, "")])
        waiting: list[str] = []
        try:
            while reading:
                one = await asyncio.wrap_future(reading.popleft())
                _take(found, spool, one, roots)
                stage.advance(len(one.rows))
                waiting += one.folders
                while waiting and len(reading) < 4 * workers:
                    reading.append(pool.submit(_read, top, waiting.pop()))
        finally:
            for left in reading:
                left.cancel()
        _load(connection, spool)
    return found


def _take(found: Scanned, spool: Spool, one: _Folder, roots: Collection[str]) -> None:
    for row in one.rows:
        if "/" in row[0]:
            spool.add(*row)
            found.files += 1
        elif row[0] not in roots:
            found.odd.setdefault(Odd.ROOT, Tally()).add(ascii(row[0]))
    for what, text in one.odd:
        found.odd.setdefault(what, Tally()).add(text)


def _load(connection: duckdb.DuckDBPyConnection, spool: Spool) -> None:
    spool.load(connection, "seen_raw", _SEEN)
    connection.execute(
        "create or replace table seen as select path, size, make_timestamp(modified_us) as modified, kind, folder"
        " from seen_raw"
    )
    connection.execute("drop table seen_raw")


def _read(top: str, folder: str) -> _Folder:
    found = _Folder()
    try:
        with os.scandir(f"{top}/{folder}" if folder else top) as entries:
            for entry in entries:
                _sort(top, folder, entry, found)
    except FileNotFoundError:
        if folder:
            return found  # gone since its parent was read: so are its files
        raise GdacError(f"{top} is not there.", hint="Is the disk mounted? Nothing was changed.") from None
    except OSError as error:
        raise GdacError(
            f"cannot read the directory {f'{top}/{folder}'!a}: {os.strerror(error.errno or errno.EIO)}.",
            hint="Mend its permissions or the disk. Nothing was changed: a tree half seen looks like files removed.",
        ) from error
    return found


def _sort(top: str, folder: str, entry: "os.DirEntry[str]", found: _Folder) -> None:
    name = entry.name
    key = f"{folder}/{name}" if folder else name
    if name[0] == ".":
        found.odd.append((Odd.HIDDEN, ascii(key)))
    elif entry.is_dir(follow_symlinks=False):
        if folder or name in FOLDERS:
            found.folders.append(key)
        elif name != MANIFEST_DIR:
            found.odd.append((Odd.FOREIGN, ascii(f"{key}/")))
    elif name.endswith(TEMPORARY):
        found.odd.append((Odd.TEMPORARY, ascii(key)))
    elif (facts := _facts(top, key, entry, found)) is not None:
        _judge(key, facts, found)


def _facts(top: str, key: str, entry: "os.DirEntry[str]", found: _Folder) -> os.stat_result | None:
    """Size and time of a regular file, or of the one that a link within the tree leads to."""
    try:
        facts = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(facts.st_mode):
            target = os.path.realpath(f"{top}/{key}")
            facts = os.stat(target)
            if not stat.S_ISREG(facts.st_mode) or not _is_public(top, target):
                found.odd.append((Odd.LINK, f"{key!a} -> {target!a}"))
                return None
    except FileNotFoundError:
        if entry.is_symlink():
            found.odd.append((Odd.LINK, f"{key!a}, which leads nowhere"))
        return None  # else gone since the directory was read
    if not stat.S_ISREG(facts.st_mode):
        found.odd.append((Odd.SPECIAL, ascii(key)))
        return None
    return facts


def _is_public(top: str, target: str) -> bool:
    """Whether a file lies in the tree, where its own name could be sealed too."""
    if not target.startswith(f"{top}/"):
        return False
    try:
        return why_private(ArchivePath.parse(target[len(top) + 1 :])) is None
    except PathError:
        return False


def _judge(key: str, facts: os.stat_result, found: _Folder) -> None:
    try:
        path = ArchivePath.parse(key)
        private = why_private(path)
    except PathError as error:
        found.odd.append((Odd.REFUSED, f"{key!a}: {error.why}"))
        return
    if private:
        found.odd.append((Odd.REFUSED, f"{key!a}: {private}"))
    elif path.kind is Kind.OTHER and "/" in key:
        found.odd.append((Odd.FOREIGN, ascii(key)))
    else:
        folder = f"dac/{path.dac}/{path.wmo}" if path.wmo and path.kind is not Kind.AUX else ""
        found.rows.append((key, facts.st_size, facts.st_mtime_ns // 1000, path.kind.value, folder))


def notes(found: Scanned, most: int) -> Iterator[str]:
    """What was left out, one sentence per word; at most so many examples each."""
    for what, tally in found.odd.items():
        more = ", ..." if tally.count > most else ""
        yield f"left out: {tally.count:,} {what}: {', '.join(tally.examples[:most])}{more}."
