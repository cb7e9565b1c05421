"""The source's index files: fetched only when they changed, kept beside the state, judged before they are believed.

Each index is its own clock: the files of one visit are not one snapshot (gdac-facts, section 2).
"""

import filecmp
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from gdac.index.read import LoadedIndex, OpenIndex, load_index, load_listing, open_index
from gdac.index.unpack import MAX_BYTES
from gdac.store import NotFoundError, Store
from sync.progress import Stage
from sync.state import KnownIndex, State
from sync.tasks import tasks
from sync.transfer import BadTransferError

#: The two forms of each index file; readers prefer the first.
_FORMS = (".txt.gz", ".txt")


@dataclass(frozen=True, slots=True)
class IndexFile:
    """One index file of the source as it is now.

    Attributes:
        known: its key, validator and digests.
        file: the local copy, byte for byte.
    """

    known: KnownIndex
    file: Path

    @property
    def key(self) -> str:
        """Its path in the archive."""
        return self.known.key


@dataclass(frozen=True, slots=True)
class IndexVisit:
    """What a visit to the source's index files found.

    Attributes:
        files: the files that are there.
        missing: index names of which neither form is there.
        asked: requests made for index files.
    """

    files: tuple[IndexFile, ...]
    missing: tuple[str, ...]
    asked: int

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 in hexadecimal digits by key."""
        return {one.key: one.known.sha256.hex() for one in self.files}


async def fetch_indexes(
    source: Store, names: Sequence[str], state: State, cache: Path, now: Callable[[], datetime], stage: Stage
) -> IndexVisit:
    """Ask for both forms of every index, conditionally; what changed is fetched into ``cache``.

    Raises:
        StoreError: the source does not answer, or broke off.
    """
    cache.mkdir(parents=True, exist_ok=True)
    keys = [name + form for name in names for form in _FORMS]
    async with tasks() as group:
        fetches = [group.create_task(_fetch(source, key, state, cache, now, stage)) for key in keys]
    found = tuple(file for fetch in fetches if (file := fetch.result()) is not None)
    there = {file.key for file in found}
    missing = tuple(name for name in names if not any(name + form in there for form in _FORMS))
    return IndexVisit(found, missing, len(keys))


async def _fetch(
    source: Store, key: str, state: State, cache: Path, now: Callable[[], datetime], stage: Stage
) -> IndexFile | None:
    file = cache / key
    known = state.known_index(key)
    if known is not None and not (file.is_file() and file.stat().st_size == known.size):
        known = None
    try:
        async with source.read(key, unless=known.validator if known else None) as reading:
            if reading is None:
                assert known is not None
                stage.advance()
                return IndexFile(known, file)
            part = file.with_name(file.name + ".part")
            sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
            with part.open("wb") as out:
                async for chunk in reading.chunks():
                    sha256.update(chunk)
                    md5.update(chunk)
                    size += len(chunk)
                    if size > MAX_BYTES:
                        raise BadTransferError(
                            f"{key} from {source.name} does not end: more than {MAX_BYTES:,} bytes came.",
                            hint="Look at what the server sends; nothing was changed.",
                        )
                    out.write(chunk)
            info = reading.info
    except NotFoundError:
        return None
    if info.size is not None and size != info.size:
        raise BadTransferError(f"{key} from {source.name} broke off: {size:,} of {info.size:,} bytes came.")
    part.replace(file)
    fresh = KnownIndex(key, info.validator, size, sha256.digest(), md5.digest(), info.modified)
    state.remember_index(fresh, now())
    stage.advance(1, size)
    return IndexFile(fresh, file)


def forget_copies(visit: IndexVisit, state: State, now: datetime) -> None:
    """Make the next visit fetch all index files anew: one of them was bad, and may have been so only on its way."""
    for one in visit.files:
        one.file.unlink(missing_ok=True)
        state.remember_index(replace(one.known, validator=None), now)


def load_visit(
    connection: duckdb.DuckDBPyConnection, visit: IndexVisit, table: str, workdir: Path
) -> tuple[LoadedIndex, ...]:
    """Load what the indexes list as ``table`` (path, date_update, index_name).

    Of the two forms of an index the one with the newer stamp counts; the other must be sound all the same, because
    mirrors will carry it.

    Raises:
        RefusedError: a file is not a whole index file, or lists a path that no archive may hold.
    """
    by_name: dict[str, list[Path]] = {}
    for one in visit.files:
        by_name.setdefault(one.key.partition(".")[0], []).append(one.file)
    chosen = [_newer_form(connection, forms, workdir) for forms in by_name.values()]
    return load_listing(connection, chosen, table, workdir=workdir)


def _newer_form(connection: duckdb.DuckDBPyConnection, forms: Sequence[Path], workdir: Path) -> Path:
    if len(forms) == 1:
        return forms[0]
    packed, plain = sorted(forms, key=lambda form: form.suffix != ".gz")
    with open_index(packed, workdir) as one, open_index(plain, workdir) as other:
        if filecmp.cmp(one.text, other.text, shallow=False):
            return plain
        newer, older = (packed, plain) if _stamp(one) > _stamp(other) else (plain, packed)
    load_index(connection, older, "older_form", workdir=workdir, listing_only=True)
    connection.execute("drop table older_form")
    return newer


def _stamp(index: OpenIndex) -> datetime:
    return index.header.updated or datetime.min.replace(tzinfo=UTC)
