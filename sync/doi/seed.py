"""Begins a new hub with the files of a DOI snapshot: 4 million files by one request instead of one for each.

Files are written into the hub's store while the tar is read, and journalled as an ingest does; the run that follows
finds them there, asks the source what has changed since, and fetches only that. So each needs the date that an index
would list: its own DATE_UPDATE; else, where the bytes cannot be older, that of the snapshot's index; else its time in
the tar, which is no date of an index and has it fetched anew.

A journalled file is not written again when a seed that broke off is begun anew; the tar itself has to be read again.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TextIO

from gdac.columns import connect, stream
from gdac.errors import RefusedError, UsageError
from gdac.index.read import load_listing
from gdac.paths import ArchivePath, Kind
from gdac.store import Declared, Store
from policies.distribution import why_private
from sync.config import Config
from sync.doi.broken import LOG, note_broken_off
from sync.doi.members import Member, members
from sync.doi.opening import Tar
from sync.doi.table import Refused
from sync.hub.ingest import Journal
from sync.journal import check_journal
from sync.progress import Reporter, Stage
from sync.sealed.copies import read_head
from sync.spool import Spool
from sync.state import Ingested, State
from sync.tasks import work_side_by_side
from sync.transfer import SMALL, own_date

#: What of a large file is kept to read its date from.
_BEGINNING: Final = 1 << 18
#: Largest index file that is kept, in bytes.
_MOST_INDEX: Final = 1 << 30
#: Stands for a date that nothing tells; no index lists it.
_NO_DATE: Final = datetime(1950, 1, 1)  # noqa: DTZ001 - UTC, as all dates of indexes
_UNDATED: Final = {"path": "VARCHAR", "size": "BIGINT", "sha256": "VARCHAR", "md5": "VARCHAR", "modified": "TIMESTAMP"}


@dataclass(slots=True)
class Seeded:
    """What a seed did.

    Attributes:
        tar_sha256: digest of the tar.
        files: files of the snapshot that are in the hub now.
        bytes: of those.
        written: of them, how many were written this time; the others a seed before had journalled.
        undated: files of which nothing told the date that an index lists; the next run fetches them anew.
        left: members that are not for this hub, by reason.
        refused: members that no archive may hold.
        notes: sentences for the operator.
    """

    tar_sha256: str = ""
    files: int = 0
    bytes: int = 0
    written: int = 0
    undated: int = 0
    left: Counter[str] = field(default_factory=Counter)
    refused: Refused = field(default_factory=Refused)
    notes: list[str] = field(default_factory=list)


class Seeder:
    """Seeds one hub; use once.

    Args:
        config: the deployment.
        state: its opened state.
        hub: its store, taken for writing.
        workdir: for temporary files.
        reporter: where progress goes.
        now: the clock (UTC).
    """

    def __init__(
        self, config: Config, state: State, hub: Store, workdir: Path, reporter: Reporter, now: Callable[[], datetime]
    ) -> None:
        self._config, self._state, self._hub, self._workdir = config, state, hub, workdir
        self._reporter, self._now = reporter, now
        self._journal = Journal(state, hub)
        self._result = Seeded()
        self._writing: dict[str, asyncio.Event] = {}

    async def seed(self, tar: AbstractAsyncContextManager[Tar]) -> Seeded:
        """Write the snapshot's files into the hub.

        Raises:
            UsageError: the hub is sealed already, or it is the operator's own tree.
            TarError: the tar is not what the record says, or damaged; what came before is journalled.
            StoreError: tar or hub failed; likewise.
        """
        await self._check_new()
        await check_journal(self._hub, self._state, self._reporter, self._now())
        with self._reporter.stage("seed") as stage, Spool(self._workdir / "undated.tsv") as undated:
            try:
                async with tar as opened:
                    await self._take_all(opened, undated, stage)
                    self._result.tar_sha256 = await opened.finish()
                await self._date(undated)
            finally:
                await self._journal.write()
                note_broken_off(self._state)
        return self._result

    async def _check_new(self) -> None:
        if self._config.in_place:
            raise UsageError(
                "the hub is the operator's own tree, which gdac seals where it lies; a seed writes files.",
                hint="Name another directory as hub, and a source to keep it up to date from.",
            )
        shown = await read_head(self._hub)
        if shown is not None:
            raise UsageError(
                f"the hub {self._hub.name} shows serial {shown.head.serial} already; a seed begins a new one.",
                hint="`gdac sync run` keeps it up to date.",
            )

    async def _take_all(self, tar: Tar, undated: Spool, stage: Stage) -> None:
        """Members are read one after the other; small ones are written side by side while the next are read."""
        turn = asyncio.Lock()
        with (self._state.directory / LOG).open("a", encoding="utf-8", newline="\n") as log:
            async with aclosing(members(tar.stream, tar.budget)) as found:

                async def work() -> None:
                    while True:
                        async with turn:
                            member = await anext(found, None)
                            if member is None:
                                return
                            taken = await self._take(member, log)
                        if taken is not None:
                            await self._keep(taken, undated)
                            stage.advance(1, taken.one.size)

                await work_side_by_side(self._config.hub.connections, work)

    async def _take(self, member: Member, log: TextIO) -> "_Taken | None":
        """Read a member; a large one is written too, because its bytes pass once."""
        path = member.path
        if path is None:
            self._result.refused.add(member)
            return None
        why = await self._why_left(path, member)
        if why:
            self._result.left[why] += 1
            return None
        while (under_way := self._writing.get(path.text)) is not None:  # it stands in the tar twice
            await under_way.wait()
        self._writing[path.text] = asyncio.Event()
        log.write(f"{path.text}\n")
        log.flush()
        if member.size <= SMALL:
            body = await member.body.whole()
            return _taken(member, path, body, hashlib.sha256(body), hashlib.md5(body, usedforsecurity=False), body)
        tap = _Tap(member)
        await self._hub.write(path.text, tap.chunks(), Declared(member.size, modified=member.modified))
        return _taken(member, path, tap.beginning, tap.sha256, tap.md5, None)

    async def _why_left(self, path: ArchivePath, member: Member) -> str:
        """Why a file of the snapshot is not for this hub; empty when it is."""
        if why := why_private(path):
            return why
        if path.kind is Kind.INDEX:
            await self._keep_index(path, member)
            return "index files: the first run fetches them as they are by then"
        is_floats = path.wmo is not None and path.dac is not None and path.kind is not Kind.AUX
        if not is_floats and self._config.the_source.observe == "index":
            return "outside the directories of floats: a run by index files never looks there"
        return ""

    async def _keep_index(self, path: ArchivePath, member: Member) -> None:
        """The snapshot's own index files tell dates."""
        if member.size > _MOST_INDEX:
            return
        (self._workdir / "indexes").mkdir(exist_ok=True)
        with (self._workdir / "indexes" / path.name).open("wb") as out:
            async for piece in member.body.chunks():
                out.write(piece)

    async def _keep(self, taken: "_Taken", undated: Spool) -> None:
        """Write a small file unless the journal has these very bytes, and enter it."""
        one = taken.one
        try:
            if taken.body is None:
                self._result.written += 1
            elif self._state.pending_digest(one.path) != one.sha256:
                declared = Declared(one.size, one.sha256.hex(), one.modified, md5=one.md5.hex())
                await self._hub.write(one.path, taken.body, declared)
                self._result.written += 1
            await self._journal.add(one)
        finally:
            self._writing.pop(one.path).set()
        self._result.files += 1
        self._result.bytes += one.size
        if not taken.is_dated:
            undated.add(one.path, one.size, one.sha256.hex(), one.md5.hex(), one.modified and _naive(one.modified))

    async def _date(self, undated: Spool) -> None:
        """Give files whose own date cannot be read that of the snapshot's index, where they are not older."""
        with connect(memory_limit=self._config.hub.memory, temp_directory=str(self._workdir)) as connection:
            undated.load(connection, "undated", _UNDATED)
            indexes = sorted((self._workdir / "indexes").glob("*"))
            try:
                load_listing(connection, _one_form(indexes), "listed", workdir=self._workdir)
            except RefusedError as error:
                self._result.notes.append(f"the snapshot's index files tell no dates: {error.what}")
                connection.execute("create or replace table listed (path varchar, date_update timestamp)")
            query = (
                "select u.*, l.date_update from undated u left join listed l"
                " on u.path = l.path and date_trunc('second', u.modified) >= l.date_update"
            )
            for path, size, sha256, md5, modified, listed in stream(connection, query):
                if listed is None:
                    self._result.undated += 1
                    continue
                one = Ingested(path, size, bytes.fromhex(sha256), bytes.fromhex(md5), _utc(modified), _utc(listed))
                await self._journal.add(one)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A file that was read: its entry, its bytes unless they are written already, and whether its date is its own."""

    one: Ingested
    body: bytes | None
    is_dated: bool


class _Tap:
    """Hashes a large member on its way, and keeps its beginning."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self.sha256, self.md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        self.beginning = b""

    async def chunks(self) -> AsyncIterator[bytes]:
        async for piece in self._member.body.chunks():
            self.sha256.update(piece)
            self.md5.update(piece)
            if len(self.beginning) < _BEGINNING:
                self.beginning += piece
            yield piece


def _taken(member: Member, path: ArchivePath, beginning: bytes, sha256: Any, md5: Any, body: bytes | None) -> _Taken:
    own = own_date(beginning) if path.kind.is_listed else None
    date = own or (_naive(member.modified).replace(microsecond=0) if member.modified else _NO_DATE)
    listed = _utc(date) if path.kind.is_listed else None
    entry = Ingested(path.text, member.size, sha256.digest(), md5.digest(), member.modified, listed)
    return _Taken(entry, body, own is not None or not path.kind.is_listed)


def _one_form(indexes: Sequence[Path]) -> list[Path]:
    """Of an index that is there packed and plain, the plain form."""
    names = {file.name for file in indexes}
    return [file for file in indexes if file.name.removesuffix(".gz") == file.name or file.stem not in names]


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None
