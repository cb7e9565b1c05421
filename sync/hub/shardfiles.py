"""What shards of a first mirror leave in the hub for the one who seals: rows, and a marker that names them."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import duckdb

from gdac.columns import connect
from gdac.errors import RefusedError
from gdac.paths import MANIFEST_DIR, ArchivePath, Kind, PathError
from gdac.store import Declared, NotFoundError, Store
from policies.distribution import why_private
from sync.audit.shares import Part
from sync.hub import plan
from sync.state import Ingested

SHARDS: Final = f"{MANIFEST_DIR}/shards"
#: A marker, and the rows of one shard, are no longer than this, in bytes.
_MOST_MARKER: Final = 1 << 16
_MOST_ROWS: Final = 1 << 30
_BATCH: Final = 2048
_SHA256: Final = 64
_WMO: Final = "split_part(path, '/', 3)"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a shard says of itself.

    Attributes:
        part: which one, ``k/N``.
        source: address of the source.
        files, bytes: that it brought into the hub.
        sha256: of its rows.
        is_complete: it has looked at all its floats.
    """

    part: str
    source: str
    files: int
    bytes: int
    sha256: str
    is_complete: bool


def _stem(part: Part) -> str:
    return f"{SHARDS}/{part.number:05d}-of-{part.of:05d}"


def marker_key(part: Part) -> str:
    """Where a shard tells how far it is."""
    return f"{_stem(part)}.json"


def rows_key(part: Part, sha256: str) -> str:
    """Where its rows lie."""
    return f"{_stem(part)}.{sha256[:16]}.parquet"


async def write_marker(hub: Store, part: Part, shown: Shown) -> None:
    """Tell how far a shard is; its rows are there already."""
    raw = json.dumps(asdict(shown)).encode()
    await hub.write(marker_key(part), raw, Declared(len(raw)))


async def shown_by(hub: Store, part: Part) -> Shown | None:
    """How far a shard is; None where it has told nothing yet.

    Raises:
        RefusedError: its marker is no marker.
    """
    try:
        raw = await _read(hub, marker_key(part), _MOST_MARKER)
    except NotFoundError:
        return None
    try:
        found = Shown(**json.loads(raw))
        good = found.part == str(part) and len(found.sha256) == _SHA256 and found.sha256.isalnum()
    except (ValueError, TypeError):
        good = False
    if not good:
        raise RefusedError(
            f"{marker_key(part)} in {hub.name} is no marker of shard {part}.",
            hint="Delete it, and run the shard again.",
        )
    return found


async def load_rows(hub: Store, shown: Shown, part: Part, workdir: Path) -> Iterator[list[Ingested]]:
    """The rows of a shard, checked, in batches.

    Raises:
        RefusedError: they are not those that the marker names, or no archive may hold what they say.
    """
    key = rows_key(part, shown.sha256)
    file = workdir / Path(key).name
    try:
        raw = await _read(hub, key, _MOST_ROWS, shown.sha256)
    except NotFoundError as error:
        raise RefusedError(f"{key} is not in {hub.name}, though its marker names it.", hint=_AGAIN) from error
    file.write_bytes(raw)
    return _rows(file, part, key)


_AGAIN: Final = "Delete the marker of that shard, and run the shard again."


def _rows(file: Path, part: Part, key: str) -> Iterator[list[Ingested]]:
    chosen = ", ".join(plan.ROW)
    try:
        with connect() as connection:
            connection.execute(f"create table rows as select {chosen} from read_parquet('{file}')")
            strange = connection.execute(f"select count(*) from rows where not {part.holds(_WMO)}").fetchone()
            assert strange is not None
            if strange[0]:
                raise RefusedError(f"{key} has {strange[0]:,} files of other shards.", hint=_AGAIN)
            connection.execute("select * from rows order by path")
            while batch := connection.fetchmany(_BATCH):
                yield [_entry(row, key) for row in batch]
    except duckdb.Error as error:
        raise RefusedError(f"{key} is not a table of rows: {str(error).splitlines()[0]}", hint=_AGAIN) from error


def _entry(row: tuple[Any, ...], key: str) -> Ingested:
    path, size, sha256, md5, modified, date_update = row
    try:
        parsed = ArchivePath.parse(path)
    except PathError as error:
        raise RefusedError(f"{key}: {error.what}", hint=_AGAIN) from error
    if parsed.kind is Kind.INDEX or why_private(parsed):
        raise RefusedError(f"{key} names {path!a}, which no shard brings.", hint=_AGAIN)
    return Ingested(parsed.text, size, bytes(sha256), bytes(md5), _utc(modified), _utc(date_update))


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


async def drop_older(hub: Store, part: Part, sha256: str) -> None:
    """Delete the rows that a shard wrote down before."""
    stem, keep = f"{_stem(part)}.", rows_key(part, sha256)
    older = [one.path async for one in hub.list(SHARDS) if one.path.startswith(stem) and one.path.endswith(".parquet")]
    for key in older:
        if key != keep:
            await hub.delete(key)


async def drop_all(hub: Store) -> None:
    """Delete what shards left, once it is in the journal."""
    for key in [one.path async for one in hub.list(SHARDS)]:
        await hub.delete(key)


async def _read(hub: Store, key: str, most: int, sha256: str = "") -> bytes:
    raw = bytearray()
    async with hub.read(key) as reading:
        assert reading is not None  # only a conditional read yields None
        async for chunk in reading.chunks():
            raw += chunk
            if len(raw) > most:
                raise RefusedError(f"{key} in {hub.name} does not end: more than {most:,} bytes came.", hint=_AGAIN)
    if sha256 and hashlib.sha256(raw).hexdigest() != sha256:
        raise RefusedError(f"{key} in {hub.name} is damaged: it is not what its marker names.", hint=_AGAIN)
    return bytes(raw)
