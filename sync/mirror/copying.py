"""Files on their way to one mirror: several at once, journalled, those that the origin lacks noted as exceptions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import duckdb

from gdac.columns import stream
from gdac.errors import StoreError
from gdac.store import Declared, NotFoundError, Store
from sync.files import file_body
from sync.hub.plan import count
from sync.journal import surety
from sync.mirror.adopt import holds
from sync.mirror.aim import Aim
from sync.mirror.exceptions import MOST
from sync.progress import Stage
from sync.serverside import Due, ServerCopies
from sync.state import State
from sync.tasks import work_side_by_side
from sync.transfer import OtherBytesError, carry
from sync.vault.vault import vault_key

#: Files per entry of the journal of copies.
_JOURNAL_FILES: Final = 256


@dataclass(frozen=True, slots=True)
class Row:
    """A file that a mirror shall hold.

    Attributes:
        path: by the hub.
        sha256: its digest.
        modified: its time (UTC), or None.
        md5: digest, too; None where it is not at hand.
        perhaps: the mirror holds a file of this name and size already.
    """

    path: str
    sha256: bytes
    modified: datetime | None
    md5: bytes | None = None
    perhaps: bool = False


class Copying:
    """Copies to one mirror and counts.

    Args:
        origin: where from.
        target: the mirror.
        name: its name in the state.
        aim: what it shall show.
        state: the journal.
        workers: files under way at once.
        excuses: what the origin lacks is an exception; else it is an error.
        listed: the mirror was listed, as it shows no head; what is not there is not, whatever the journal says.
        vault: where bytes lie by digest that the origin lacks, or None.
        most: more files than this that nobody has are no exceptions.

    Attributes:
        files, size: what was copied.
        resumed: files that a broken-off run had copied already.
        held: files that were there before the mirror's first head.
        by_server: of them, those that the servers copied.
        missing: paths in the mirror whose bytes the origin lacks, with the reason.
    """

    def __init__(
        self,
        origin: Store,
        target: Store,
        name: str,
        aim: Aim,
        state: State,
        workers: int,
        *,
        excuses: bool,
        listed: bool = False,
        vault: Store | None = None,
        most: int = MOST,
    ) -> None:
        self._origin, self._target, self._name, self._aim = origin, target, name, aim
        self._state, self._workers, self._excuses, self._listed = state, workers, excuses, listed
        self._vault, self._most = vault, most
        self.files = self.size = self.resumed = self.held = 0
        self.by_server = ServerCopies(origin, target)
        self.missing: dict[str, str] = {}

    async def copy_all(self, connection: duckdb.DuckDBPyConnection, stage: Callable[[int], "Stage"]) -> None:
        """Copy what ``to_copy`` names: data first, then the indexes that speak of them.

        Args:
            connection: holds ``to_copy``.
            stage: begins a stage of so many files.

        Raises:
            StoreError: the mirror failed, or the origin in another way than lacking single files.
        """
        self.held += count(connection, "(select 1 from to_copy where held = 'yes')")
        shown = stage(count(connection, "(select 1 from to_copy where held <> 'yes')"))
        for condition in ("not is_index", "is_index"):
            query = (
                f"select path, sha256, modified, md5, held = 'perhaps' from to_copy where held <> 'yes' and {condition}"
            )
            await self._copy_some(_rows(connection, f"{query} order by path"), shown)

    async def _copy_some(self, waiting: Iterator[Row], stage: "Stage") -> None:
        done: list[tuple[str, bytes]] = []

        async def work() -> None:
            for one in waiting:
                if size := await self._arrive(one):
                    done.append((self._aim.layout.place(one.path), one.sha256))
                stage.advance(1, size)
                if len(done) >= _JOURNAL_FILES:
                    await write_journal()

        async def write_journal() -> None:
            batch = done.copy()
            done.clear()
            if batch:
                self._state.journal_copied(self._name, batch, await surety(self._target, self._state.boot))

        try:
            await work_side_by_side(self._workers, work)
        finally:
            await write_journal()

    async def _arrive(self, one: Row) -> int:
        """Bytes that travelled; 0 when none had to or could."""
        key = self._aim.layout.place(one.path)
        emptied = self._listed and not one.perhaps
        copied = not emptied and self._state.is_copied(self._name, key, one.sha256)
        if copied or (copied is None and await holds(self._target, key, one.sha256)):
            self.resumed += 1
            return 0
        if one.perhaps and await holds(self._target, key, one.sha256):
            self.held += 1
            return 0
        try:
            return await self.copy_one(one)
        except (NotFoundError, OtherBytesError) as error:
            if not self._excuses:
                raise
            self.missing[key] = reason(error, self._origin)
            if len(self.missing) > self._most:
                raise StoreError(
                    f"{self._origin.name} lacks more than {self._most:,} files that its manifest names, the last one"
                    f" {one.path}: that is no exception any more.",
                    hint="Audit it: gdac sync audit.",
                ) from error
            return 0

    async def copy_one(self, one: Row) -> int:
        """Copy one file; returns its bytes.

        Raises:
            NotFoundError: the origin has nothing there.
            OtherBytesError: the origin has other bytes there.
            StoreError: a store failed.
        """
        key = self._aim.layout.place(one.path)
        made = self._aim.made.get(key)
        if made is not None:
            size = made.stat().st_size
            await self._target.write(key, file_body(made), Declared(size, one.sha256.hex(), one.modified))
        else:
            size = await self._bring(one, key)
        self.files += 1
        self.size += size
        return size

    async def _bring(self, one: Row, key: str) -> int:
        source_key = self._aim.elsewhere.get(one.path, self._aim.sealed.get(one.path, one.path))
        try:
            if source_key is None:
                raise OtherBytesError(f"{self._origin.name} has other bytes under {one.path} by now.")
            return await self._bring_from_origin(one, source_key, key)
        except (NotFoundError, OtherBytesError):
            if self._vault is None:
                raise
        old = vault_key(one.sha256)
        received = await carry(
            self._vault, old, self._target, sha256=one.sha256, md5=one.md5, modified=one.modified, target_key=key
        )
        return received.size

    async def _bring_from_origin(self, one: Row, source_key: str, key: str) -> int:
        if one.md5 is not None:
            made = await self.by_server.copy(source_key, key, Due(one.sha256, one.md5, one.modified))
            if made is not None:
                return made.size or 0
        received = await carry(
            self._origin,
            source_key,
            self._target,
            sha256=one.sha256,
            md5=one.md5,
            modified=one.modified,
            target_key=key,
        )
        return received.size


def reason(error: StoreError, origin: Store) -> str:
    """Why a file is an exception, one sentence."""
    if isinstance(error, NotFoundError):
        return f"{origin.name} does not have it."
    return f"{origin.name} has other bytes there than were sealed; expected while it is being updated."


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[Row]:
    for path, sha256, modified, md5, perhaps in stream(connection, query):
        yield Row(path, bytes(sha256), modified and modified.replace(tzinfo=UTC), bytes(md5), perhaps)
