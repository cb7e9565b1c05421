"""Audit: does a store hold what the manifest of its head says?

By listing where that proves it (size, and an ETag that is the MD5 of the manifest), else by size and by reading a
sample. Listing and manifest are joined in columns; a suspicion is only a finding once the bytes were read.

Tables, in one connection: ``due`` (rows of the manifest in this part), ``there`` (what was listed), ``compared``
(both, with a verdict), ``findings`` (kind, path, detail).
"""

import hashlib
import zlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import duckdb

from gdac.columns import stream
from gdac.errors import RefusedError, StoreError
from gdac.manifest.head import Head
from gdac.paths import MANIFEST_DIR
from gdac.store import NotFoundError, ObjectInfo, Store
from sync.audit.shares import UNIT, Part, sampled
from sync.files import index_stamp
from sync.hub.plan import count
from sync.progress import Reporter, Stage
from sync.sealed.grace import sealed_entries
from sync.spool import Spool
from sync.tasks import work_side_by_side

#: Findings that a report carries.
FIRST: Final = 20
#: A store that fails on more files than this is not audited but broken.
_MOST_UNREADABLE: Final = 100
#: SQL condition: the store's word (ETags, times) is trusted when at least half of what it says fits.
_TRUSTED: Final = "count(*) filter ({fits}) * 2 >= greatest(1, count(*) filter ({says}))"


class FindingKind(StrEnum):
    """What can be wrong with one path."""

    MISSING = "missing"
    EXTRA = "extra"
    SIZE = "other-size"
    BYTES = "other-bytes"
    STALE_INDEX = "stale-index"
    UNREADABLE = "unreadable"
    SEALED = "sealed-file"
    HEAD = "head"


#: What can be mended by bringing the file again.
MENDABLE: Final = (
    FindingKind.MISSING,
    FindingKind.SIZE,
    FindingKind.BYTES,
    FindingKind.STALE_INDEX,
    FindingKind.UNREADABLE,
)


class Depth(StrEnum):
    """How much is read."""

    SAMPLE = "sample"  # what a listing proves is believed, of the rest a sample is read
    UNPROVEN = "unproven"  # everything that the listing does not prove is read
    EVERYTHING = "everything"  # every byte is read


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between a store and its manifest."""

    kind: str
    path: str
    detail: str


@dataclass(slots=True)
class AuditReport:
    """What an audit of one store found, and what healing did.

    Attributes:
        store: its name in the configuration.
        serial: serial of the manifest it was held against.
        part: which part, ``k/N``, or ``all``.
        due: files that the manifest names in this part.
        listed: files that the store listed in it.
        proven: files whose bytes the listing proved.
        read: files that were read, ``bytes_read`` their size.
        superseded: files that are in no manifest but known to have left it; no findings.
        excused: differences that an open run or a published exception explains; no findings.
        counts: findings by kind, as found, before healing.
        first: the first of them.
        mended: files that were brought again and verified.
        deleted: extra files that were deleted.
        left: findings that are still true.
        notes: what the reader should know.
        error: one sentence where the audit itself failed.
    """

    store: str
    serial: int | None = None
    part: str = "all"
    due: int = 0
    listed: int = 0
    proven: int = 0
    read: int = 0
    bytes_read: int = 0
    superseded: int = 0
    excused: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    first: tuple[Finding, ...] = ()
    mended: int = 0
    deleted: int = 0
    left: int = 0
    notes: list[str] = field(default_factory=list)
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return asdict(self)


class Audit:
    """One audit of one store; use once.

    Args:
        connection: holds the manifest as the view ``manifest``; gets the tables.
        store: what is audited.
        head: whose manifest that is.
        workdir: for temporary files.
        reporter: where progress goes.
        workers: files read, or directories listed, at once.
        report: is filled in.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        store: Store,
        head: Head,
        workdir: Path,
        reporter: Reporter,
        workers: int,
        report: AuditReport,
    ) -> None:
        self._connection, self._store, self._head, self._workdir = connection, store, head, workdir
        self._reporter, self._workers, self._report = reporter, workers, report
        connection.execute("create or replace table findings (kind varchar, path varchar, detail varchar)")

    async def look(
        self, part: Part | None, depth: Depth, sample: float, salt: str, superseded: str, excused: str
    ) -> None:
        """Compare one part, or all.

        Args:
            part: which; None: all.
            depth: how much is read.
            sample: share of the files that the listing does not prove, of which the bytes are read.
            salt: chooses the sample.
            superseded: table of paths (``path``) that are known to have left the manifest.
            excused: table of paths (``path``) that may differ just now.

        Raises:
            StoreError: the store does not answer.
        """
        where = part.holds("unit") if part else "true"
        self._connection.execute(
            f"create or replace view due as select * from (select *, {UNIT} as unit from manifest) where {where}"
        )
        await self._list(part)
        self._compare()
        await self._read(depth, sample, salt)
        await self._sealed(part, depth)
        self._tell(superseded, excused)

    # --- listing

    async def _list(self, part: Part | None) -> None:
        with Spool(self._workdir / "there.tsv") as spool, self._reporter.stage(f"list {self._report.store}") as stage:
            if part is None:
                await self._list_one("", spool, stage, recursive=True)
            else:
                units = self._connection.execute("select distinct unit from due order by unit").fetchall()
                pending = iter([row[0] for row in units])

                async def work() -> None:
                    for unit in pending:
                        await self._list_one(unit, spool, stage, recursive=unit.count("/") == 2 and unit[:4] == "dac/")

                await work_side_by_side(self._workers, work)
            columns = {"path": "VARCHAR", "size": "BIGINT", "etag": "HEX", "modified": "TIMESTAMP"}
            spool.load(self._connection, "there", columns)

    async def _list_one(self, unit: str, spool: Spool, stage: Stage, *, recursive: bool) -> None:
        async for info in self._store.list(unit, recursive=recursive):
            if info.path.startswith(f"{MANIFEST_DIR}/"):
                continue
            stage.advance()
            if not info.path.isprintable():
                self.find(FindingKind.EXTRA, ascii(info.path), "a name that no archive may hold")
                continue
            modified = info.modified.replace(tzinfo=None) if info.modified else None
            spool.add(info.path, info.size, _md5_of(info), modified)

    def _compare(self) -> None:
        """Make ``compared``: a verdict for every path of either side."""
        joined = "due d join there t using (path)"
        fits = "t.etag = d.md5"
        etags = self._says(joined, _TRUSTED.format(fits=fits, says="t.etag is not null"))
        second = "date_trunc('second', {}.modified)"
        same_time = f"{second.format('t')} = {second.format('d')}"
        says_time = "t.modified is not null and d.modified is not null"
        times = self._store.capabilities.keeps_modified and self._says(
            joined, _TRUSTED.format(fits=same_time, says=says_time)
        )
        self._connection.execute(
            "create or replace table compared as select coalesce(d.path, t.path) as path, d.sha256, d.size as due_size,"
            " t.size as size, case when t.path is null then 'missing' when d.path is null then 'extra'"
            " when t.size <> d.size then 'other-size'"
            f" when {fits} then 'proven'"
            f" when {etags} and t.etag is not null then 'suspect'"
            f" when {bool(times)} and {says_time} and not ({same_time}) then 'suspect'"
            " else 'unproven' end as verdict from due d full join there t on d.path = t.path"
        )

    def _says(self, source: str, condition: str) -> bool:
        found = self._connection.execute(f"select {condition} from {source}").fetchone()
        return bool(found and found[0])

    # --- reading

    async def _read(self, depth: Depth, sample: float, salt: str) -> None:
        chosen = {
            Depth.SAMPLE: "verdict = 'suspect' or (verdict = 'unproven' and"
            f" (not contains(path, '/') or {sampled('path', sample, salt)}))",
            Depth.UNPROVEN: "verdict in ('suspect', 'unproven')",
            Depth.EVERYTHING: "verdict in ('suspect', 'unproven', 'proven')",
        }[depth]
        total = count(self._connection, f"compared where {chosen}")
        rows = stream(self._connection, f"select path, sha256 from compared where {chosen} order by path")
        bad: list[tuple[str, str, str]] = []
        with self._reporter.stage(f"read {self._report.store}", total) as stage:

            async def work() -> None:
                for path, sha256 in rows:
                    found = await self._judge(path, bytes(sha256), stage)
                    if found:
                        bad.append(found)

            await work_side_by_side(self._workers, work)
        for one in bad:
            self.find(*one)

    async def _judge(self, path: str, sha256: bytes, stage: Stage) -> tuple[str, str, str] | None:
        try:
            found, size = await digest_at(self._store, path)
        except NotFoundError:
            return FindingKind.MISSING, path, "it was listed, but is not there"
        except StoreError as error:
            unreadable = self._report.counts.get(FindingKind.UNREADABLE, 0) + 1
            self._report.counts[FindingKind.UNREADABLE] = unreadable
            if unreadable > _MOST_UNREADABLE:
                raise
            return FindingKind.UNREADABLE, path, error.what
        self._report.read += 1
        self._report.bytes_read += size
        stage.advance(1, size)
        if found == sha256:
            return None
        return FindingKind.BYTES, path, f"sha256 {found.hex()[:16]}..., due {sha256.hex()[:16]}..."

    # --- what is under manifest/

    async def _sealed(self, part: Part | None, depth: Depth) -> None:
        head = self._head
        entries = sealed_entries(head)
        sizes = {info.path: info.size async for info in self._store.list(MANIFEST_DIR, recursive=True)}
        if part is not None:
            keys = [entry.key for entry in entries]
            query = f"select key from (select unnest(?::varchar[]) as key) where {part.holds('key')}"
            ours = {row[0] for row in self._connection.execute(query, [keys]).fetchall()}
        else:
            ours = {entry.key for entry in entries} if depth is not Depth.SAMPLE else {head.manifest.key}
        for entry in entries:
            if entry.key not in sizes:
                self.find(FindingKind.SEALED, entry.key, "it is missing")
            elif sizes[entry.key] not in (None, entry.size):
                self.find(FindingKind.SEALED, entry.key, f"{sizes[entry.key]:,} bytes, due {entry.size:,}")
            elif entry.key in ours and (await digest_at(self._store, entry.key))[0].hex() != entry.sha256:
                self.find(FindingKind.SEALED, entry.key, "it has other bytes than the head says")

    # --- telling

    def find(self, kind: str, path: str, detail: str) -> None:
        """Record one finding."""
        self._connection.execute("insert into findings values (?, ?, ?)", [kind, path, detail])

    def _tell(self, superseded: str, excused: str) -> None:
        run, report = self._connection.execute, self._report
        report.due, report.listed = count(self._connection, "due"), count(self._connection, "there")
        report.proven = count(self._connection, "compared where verdict = 'proven'")
        differing = "compared where verdict in ('missing', 'extra', 'other-size')"
        known = f"select path from {superseded}"
        report.superseded = count(self._connection, f"{differing} and verdict = 'extra' and path in ({known})")
        run(
            f"insert into findings select verdict, path, case verdict when 'other-size' then"
            f" format('{{:,}} bytes, due {{:,}}', size, due_size) else '' end from {differing}"
            f" and not (verdict = 'extra' and path in ({known}))"
        )
        excused_now = f"findings where path in (select path from {excused})"
        report.excused = count(self._connection, excused_now)
        run(f"delete from {excused_now}")

    async def name_stale_indexes(self) -> None:
        """Call index files with other bytes stale where their own stamp is older than the one that is due."""
        due = {entry.path: entry.updated for entry in self._head.indexes}
        kinds = f"('{FindingKind.SIZE}', '{FindingKind.BYTES}')"
        found = self._connection.execute(
            f"select path from findings where kind in {kinds} and path in (select unnest(?))", [list(due)]
        )
        for (path,) in found.fetchall():
            stamp, wanted = await _stamp_at(self._store, path, self._workdir), due[path]
            if stamp is not None and wanted is not None and stamp < wanted:
                self._connection.execute(
                    "update findings set kind = ?, detail = ? where path = ?",
                    [FindingKind.STALE_INDEX, f"of {stamp:%Y-%m-%dT%H:%M:%SZ}, due {wanted:%Y-%m-%dT%H:%M:%SZ}", path],
                )

    def sum_up(self) -> None:
        """Put counts and the first findings into the report."""
        rows = self._connection.execute("select kind, count(*) from findings group by kind order by kind").fetchall()
        self._report.counts = dict(rows)
        self._report.left = sum(self._report.counts.values())
        first = self._connection.execute(f"select kind, path, detail from findings order by kind, path limit {FIRST}")
        self._report.first = tuple(Finding(*row) for row in first.fetchall())


async def digest_at(store: Store, key: str) -> tuple[bytes, int]:
    """SHA-256 and size of what a store holds.

    Raises:
        NotFoundError: nothing is there.
        StoreError: it could not be read to its end.
    """
    found, size = hashlib.sha256(), 0
    async for chunk in _chunks(store, key):
        found.update(chunk)
        size += len(chunk)
    return found.digest(), size


async def _chunks(store: Store, key: str) -> AsyncIterator[bytes]:
    async with store.read(key) as reading:
        assert reading is not None  # only a conditional read yields None
        async for chunk in reading.chunks():
            yield chunk


def _md5_of(info: ObjectInfo) -> str | None:
    """An ETag that may be an MD5, as hex; multi-part ETags are none."""
    text = (info.validator or "").strip('"').lower()
    return text if len(text) == 32 and set(text) <= set("0123456789abcdef") else None


async def _stamp_at(store: Store, path: str, workdir: Path) -> datetime | None:
    """The stamp in the header of an index file in a store; None where there is none to read."""
    part = workdir / "index.part"
    try:
        with part.open("wb") as out:
            async for chunk in _chunks(store, path):
                out.write(chunk)
        return index_stamp(part)
    except (StoreError, RefusedError, OSError, EOFError, zlib.error):
        return None
    finally:
        part.unlink(missing_ok=True)


def load_paths(connection: duckdb.DuckDBPyConnection, table: str, paths: Iterable[str], workdir: Path) -> None:
    """Make a table of paths, through a file."""
    with Spool(workdir / f"{table}.tsv") as spool:
        spool.extend((path,) for path in paths)
        spool.load(connection, table, {"path": "VARCHAR"})
