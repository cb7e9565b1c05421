"""Compare two archives by their index files alone: nothing else of either is asked for.

The two GDACs, a mirror and its source, a bucket and the archive it was made from: per DAC and kind, what only one of
them lists and which of them has the newer file. Both listings are joined in columns.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb

from gdac.columns import stream
from gdac.errors import StoreError, UsageError
from gdac.index import grammar
from gdac.index.diff import diff_tables
from gdac.index.read import load_listing
from gdac.store import NotFoundError, Store

#: What a path can be, seen from the first archive ("here"); the words of ``--list``.
WORDS: Final = ("only-here", "only-there", "newer-here", "newer-there")
#: Where buckets keep their index files, besides the root.
_FOLDERS: Final = ("", "idx/")
_FORMS: Final = (".txt.gz", ".txt")
#: Restricted since 2025-06-30: compared where both sides let us read them, and only counted.
_EXCLUSIONS: Final = ("ar_greylist.txt", "etc/greylist/ar_greylist.txt", "argo_sensor_exclusion_list.txt")
_MOST_EXCLUSION_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Row:
    """Files of one DAC and kind."""

    dac: str
    kind: str
    only_here: int
    only_there: int
    newer_here: int
    newer_there: int
    equal: int


@dataclass(frozen=True, slots=True)
class Stamps:
    """One index on both sides: its own stamp ("Date of update", UTC); None where it is missing or has none."""

    index: str
    here: datetime | None
    there: datetime | None

    @property
    def behind(self) -> float | None:
        """Seconds by which there is behind here."""
        return (self.here - self.there).total_seconds() if self.here and self.there else None


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Lines of a greylist or sensor exclusion list that both sides let us read; never their content."""

    name: str
    only_here: int
    only_there: int
    equal: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two archives, held against each other by their indexes.

    Attributes:
        here, there: their names.
        rows: per DAC and kind; D files whose R twin is still listed on the other side are newer than it.
        stamps: per index.
        exclusions: per list that both let us read.
        one_sided: indexes that only one of them has; what they list was left out.
    """

    here: str
    there: str
    rows: tuple[Row, ...]
    stamps: tuple[Stamps, ...]
    exclusions: tuple[Exclusions, ...]
    one_sided: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether any file differs."""
        return any(row.only_here or row.only_there or row.newer_here or row.newer_there for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """The comparison as plain JSON values."""
        stamps = [
            {
                "index": one.index,
                "here": one.here and one.here.isoformat(),
                "there": one.there and one.there.isoformat(),
                "behind_seconds": one.behind,
            }
            for one in self.stamps
        ]
        return {**asdict(self), "stamps": stamps, "differs": self.differs}


async def compare(
    connection: duckdb.DuckDBPyConnection, here: Store, there: Store, indexes: Sequence[str], workdir: Path
) -> Comparison:
    """Fetch the index files of both and join them; leaves the table ``compared`` (path, word) for `paths`.

    Args:
        connection: an empty column engine.
        here: the first archive.
        there: the second.
        indexes: names of index files, without extension.
        workdir: for the index files.

    Raises:
        UsageError: the two have no index in common.
        StoreError: one of them does not answer.
        RefusedError: an index file is not what it must be.
    """
    ours, theirs = [await _fetch_all(store, indexes, workdir / side) for side, store in (("a", here), ("b", there))]
    common = [name for name in indexes if name in ours and name in theirs]
    if not common:
        raise UsageError(
            f"{here.name} and {there.name} have no index file in common.",
            hint="Name the roots of two archives: where ar_index_global_prof.txt lies, or the folder above idx/.",
        )
    loaded = [
        load_listing(connection, [files[name] for name in common], table, workdir=workdir)
        for files, table in ((ours, "here"), (theirs, "there"))
    ]
    stamps = tuple(
        Stamps(one.spec.name, one.header.updated, other.header.updated) for one, other in zip(*loaded, strict=True)
    )
    _join(connection)
    return Comparison(
        here.name,
        there.name,
        _rows(connection),
        stamps,
        tuple([one async for one in _exclusions(here, there)]),
        tuple(name for name in indexes if (name in ours) != (name in theirs)),
    )


def paths(connection: duckdb.DuckDBPyConnection, word: str) -> Iterator[str]:
    """The paths of one word, in order, a batch in memory at a time."""
    if word not in WORDS:
        raise UsageError(f"there is no list {word!r}.", hint=f"Known are {', '.join(WORDS)}.")
    for row in stream(connection, f"select path from compared where word = '{word}' order by path"):
        yield row[0]


def _join(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``compared``: an R file here whose D twin is there is older than it, not a loss."""
    diff_tables(connection, "here", "there", "differences")
    connection.execute(
        "create or replace table compared as select path, dac, kind, case change when 'added' then 'only-there'"
        " when 'removed' then 'only-here' when 'renamed' then 'newer-there'"
        " else case when old_update > new_update then 'newer-here' else 'newer-there' end end as word"
        " from differences"
    )
    # Seen from there, an R file whose D twin is here is the other way round: a D path that only we list.
    connection.execute(
        "create or replace temp table ahead as select d.path as path, r.path as twin from compared d"
        f" join (select path, {grammar.delayed_twin()} as twin from compared where word = 'only-there') r"
        " on r.twin = d.path where d.word = 'only-here' and r.path <> d.path"
    )
    connection.execute("delete from compared where word = 'only-there' and path in (select twin from ahead)")
    connection.execute("update compared set word = 'newer-here' where path in (select path from ahead)")


def _rows(connection: duckdb.DuckDBPyConnection) -> tuple[Row, ...]:
    counts = ", ".join(f"count(*) filter (word = '{word}') as \"{word}\"" for word in WORDS)
    held = f"select {grammar.dac_of()} as dac, {grammar.kind_of()} as kind, count(*) as files from here group by all"
    found = connection.execute(
        f"with found as (select dac, kind, {counts} from compared group by all), held as ({held})"
        " select coalesce(f.dac, h.dac) as dac, coalesce(f.kind, h.kind) as kind,"
        + ", ".join(f'coalesce("{word}", 0)' for word in WORDS)
        + ", coalesce(h.files, 0)"
        + "".join(f' - coalesce("{word}", 0)' for word in WORDS if word != "only-there")
        + " from found f full join held h on f.dac = h.dac and f.kind = h.kind order by 1, 2"
    )
    return tuple(Row(*row) for row in found.fetchall())


async def _fetch_all(store: Store, indexes: Sequence[str], folder: Path) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Path] = {}
    for name in indexes:
        for key in (f"{place}{name}{form}" for place in _FOLDERS for form in _FORMS):
            file = folder / key.rpartition("/")[2]
            if await _fetch(store, key, file):
                found[name] = file
                break
    return found


async def _fetch(store: Store, key: str, file: Path) -> bool:
    try:
        async with store.read(key) as reading:
            assert reading is not None  # only a conditional read yields None
            with file.open("wb") as out:
                async for chunk in reading.chunks():
                    out.write(chunk)
    except NotFoundError:
        return False
    return True


async def _exclusions(here: Store, there: Store) -> AsyncIterator[Exclusions]:
    for key in _EXCLUSIONS:
        ours, theirs = await _lines(here, key), await _lines(there, key)
        if ours is not None and theirs is not None:
            yield Exclusions(key, len(ours - theirs), len(theirs - ours), len(ours & theirs))


async def _lines(store: Store, key: str) -> frozenset[bytes] | None:
    """The rows of a list (some thousands), or None where we may not read it or it is none."""
    raw = b""
    try:
        async with store.read(key) as reading:
            assert reading is not None  # only a conditional read yields None
            async for chunk in reading.chunks():
                raw += chunk
                if len(raw) > _MOST_EXCLUSION_BYTES:
                    return None
    except StoreError:
        return None
    if raw.lstrip()[:1] == b"<":
        return None
    return frozenset(
        line.strip() for line in raw.splitlines() if line.strip() and not line.startswith((b"#", b"PLATFORM_CODE"))
    )
