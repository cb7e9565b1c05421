"""Revert: a mistake is undone forward. Serial N+1 is sealed with the state of an earlier serial.

What that state held and the hub no longer shows is looked for where bytes stay: under its path in the hub or a mirror
(grace, or unchanged there), in the vault, and for index files among the kept copies. What cannot be had stays as it is
now, or stays away, and is named.
"""

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb

from gdac.columns import connect, stream
from gdac.errors import RefusedError, StoreError, UsageError
from gdac.manifest.names import index_key, parse_key
from gdac.manifest.record import RunFacts, RunKind
from gdac.manifest.seal import DELTA_TABLE
from gdac.paths import MANIFEST_DIR
from gdac.records import SealRecord
from gdac.store import Store
from sync.hub import plan
from sync.hub.day import HUB
from sync.hub.seal import Sealing
from sync.hub.told import told_of_run
from sync.hub.work import HubWork
from sync.sealed.absent import NotThereError
from sync.sealed.copies import Copies, Shown, fetch_file, read_head
from sync.sealed.describe import describe_hub
from sync.sealed.grace import Grace, dropped_keys
from sync.sealed.past import PastFiles
from sync.sealed.records import chain_keys
from sync.sealed.timetravel import Past, file_at, find, load_since, save
from sync.sealed.underway import UnderWay
from sync.sealed.writers import take_hub
from sync.transfer import carry
from sync.vault.vault import Vault
from sync.vault.wrapper import Vaulting

_FIRST: Final = 20


@dataclass(frozen=True, slots=True)
class RevertRecord:
    """What a revert did.

    Attributes:
        to: the serial whose state was sealed again.
        seal: what was sealed.
        brought: files whose old bytes were put back in place.
        lost: how many files of that state could not be had; ``first_lost`` the first of them.
        notes: what else to know.
    """

    to: int
    seal: SealRecord
    brought: int
    lost: int
    first_lost: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The record as plain JSON values."""
        return asdict(self)


class Revert(HubWork):
    """Seals an earlier state again; use once."""

    @cached_property
    def _copies(self) -> Copies:
        return Copies(self._state.directory / "sealed")

    @cached_property
    def _borrowed(self) -> list[str]:
        return []

    async def to(self, serial: int) -> RevertRecord:
        """Seal the state of ``serial`` as the next one; runs do not ingest then until they are released.

        Raises:
            UsageError: that serial is not in the past, or a run is open.
            RefusedError: it is further back than the head's deltas reach.
            StoreError: the hub failed; its old head stands.
        """
        if self._config.in_place:
            raise UsageError(
                "the hub is your own tree, sealed in place; gdac puts no files there.",
                hint="Put files back yourself (`gdac sync fetch` finds old bytes); the next run seals what is there.",
            )
        if self._state.pending_count():
            raise UsageError(
                "a run is open: it has brought files that are not sealed yet.",
                hint="End it first: gdac sync run. Or take its files back by a run against the source as it was.",
            )
        async with self._places() as (hub, others, vault):
            shown = await read_head(hub)
            if shown is None:
                raise UsageError(f"the hub {hub.name} shows no head, so there is nothing to go back to.")
            target = await self._take(hub)
            target = Vaulting(target, vault) if vault else target
            with (
                TemporaryDirectory(dir=self._state.directory, prefix="work-") as folder,
                connect(memory_limit=self._config.hub.memory, temp_directory=folder) as connection,
            ):
                workdir = Path(folder)
                files = self._past(connection, hub, shown)
                await load_since(connection, self._copies, files, hub, shown.head, serial)
                kept = await self._kept_indexes(hub)
                under_way = UnderWay(connection, self._state, HUB, shown.head.serial)
                under_way.load("under_way")
                connection.execute(_BACK_IN_PLACE)
                _check_public(connection, serial)
                under_way.begin("select path from back_in_place", _to_borrow(connection, kept))
                brought = await self._bring(connection, target, others, vault, kept)
                return await self._seal(connection, target, shown, serial, kept, brought, under_way, workdir)

    def _past(self, connection: duckdb.DuckDBPyConnection, hub: Store, shown: Shown) -> PastFiles:
        folder = self._state.directory
        return PastFiles(connection, hub, shown.head, folder / "past", folder / "sealed")

    async def fetch(self, path: str, when: int | date, output: Path) -> tuple[int, Past]:
        """Save one file as it was at a serial, or at the last serial of a day (UTC); returns both.

        Raises:
            NotThereError: the archive did not hold it then.
            UsageError: there is no such serial.
            StoreError: its bytes are nowhere any more.
        """
        async with self._places() as (hub, others, vault):
            shown = await read_head(hub)
            if shown is None:
                raise UsageError(f"the hub {hub.name} shows no head.")
            with (
                TemporaryDirectory(dir=self._state.directory, prefix="work-") as folder,
                connect(memory_limit=self._config.hub.memory, temp_directory=folder) as connection,
            ):
                serial, past = await file_at(connection, self._past(connection, hub, shown), path, when)
            if past is None:
                raise NotThereError(
                    f"{path} was not in the archive at serial {serial}.",
                    hint="`gdac provenance PATH` says when a path was there.",
                )
            place = await find(past, (hub, *others), vault)
            if place is None:
                raise StoreError(
                    f"the bytes that {path} had at serial {serial} are nowhere any more (sha256 {past.sha256.hex()}).",
                    hint="A vault ([vault] in the configuration) keeps superseded bytes for its retention.",
                )
            await save(*place, past, output)
            return serial, past

    async def _take(self, hub: Store) -> Store:
        options = self._config.hub
        return await take_hub(
            hub,
            HUB,
            options.definition,
            self._state,
            self._now,
            single_writer=options.single_writer,
            lease=options.expires,
        )

    async def _bring(
        self,
        connection: duckdb.DuckDBPyConnection,
        hub: Store,
        others: Sequence[Store],
        vault: Vault | None,
        kept: dict[str, str],
    ) -> int:
        """Put old bytes back in place; makes the table ``lost`` of what cannot be had."""
        wanted = list(
            stream(connection, "select * from back_in_place order by path")
        )  # of the days since that serial, not of the archive
        lost: list[str] = []
        brought = 0
        with self._reporter.stage("put back", len(wanted)) as stage:
            for path, size, sha256, modified in wanted:
                when = modified and modified.replace(tzinfo=UTC)
                past = Past(path, size, bytes(sha256), when)
                stage.advance()
                if "/" not in path:
                    if past.sha256.hex()[:16] not in kept and not await self._fetch_index(
                        past, others, vault, hub, kept
                    ):
                        lost.append(path)
                    continue
                place = await find(past, (hub, *others), vault)
                if place is None:
                    lost.append(path)
                elif place != (hub, path):
                    await carry(place[0], place[1], hub, sha256=past.sha256, modified=when, target_key=path)
                    brought += 1
        connection.execute("create or replace table lost as select unnest(?::varchar[]) as path", [lost])
        return brought

    async def _fetch_index(
        self, past: Past, others: Sequence[Store], vault: Vault | None, hub: Store, kept: dict[str, str]
    ) -> bool:
        """Put an old index file from the vault or a mirror among the hub's kept copies, where readers never look."""
        place = await find(past, others, vault)
        if place is None:
            return False
        key = _borrowed_key(past.path, past.sha256)
        await carry(place[0], place[1], hub, sha256=past.sha256, target_key=key)
        kept[past.sha256.hex()[:16]] = key
        self._borrowed.append(key)
        return True

    async def _seal(
        self,
        connection: duckdb.DuckDBPyConnection,
        hub: Store,
        before: Shown,
        serial: int,
        kept: dict[str, str],
        brought: int,
        under_way: UnderWay,
        workdir: Path,
    ) -> RevertRecord:
        connection.execute(_GOAL)
        indexes: dict[str, Path] = {}
        rows = connection.execute("select path, size, sha256 from goal where not contains(path, '/')").fetchall()
        for path, size, sha256 in rows:
            indexes[path] = workdir / path
            digest = bytes(sha256).hex()
            key = kept.get(digest[:16]) or path
            await fetch_file(hub, key, indexes[path], digest, size)
        run = RunFacts(str(uuid.uuid4()), RunKind.REVERT, self._now().replace(microsecond=0))
        told = told_of_run(self._config, run, reverted_to=serial, fetched=brought)
        sealing = Sealing(self._config, hub, self._copies, self._now, under_way, told)
        self._state.stop_ingest(f"the state of serial {serial} was sealed again", self._now())
        if self._config.collect is not None:  # before the head: made anew once too often does no harm
            self._state.leave_stale(_products_of_lost(connection))
        record, shown = await sealing.seal_state(connection, before, "manifest", "goal", indexes, workdir / "staging")
        if record.new:
            dropped = dropped_keys(before.head, shown.head)
            grace = Grace(connection, hub, HUB, self._config.hub.grace, self._state, self._copies, self._now)
            grace.record(shown.head, DELTA_TABLE, [*dropped, *self._borrowed])
        chain = await chain_keys(self._copies, hub, shown.head) if under_way.has_broken else frozenset()
        under_way.settle(shown.head, "goal", self._now(), chain)
        notes = await describe_hub(self._copies, hub, shown.head, self._state)
        self._leave_doubtful(connection, shown.head.serial)
        first = plan.first_paths(connection, "lost", _FIRST)
        return RevertRecord(serial, record, brought, plan.count(connection, "lost"), tuple(first), notes)

    def _leave_doubtful(self, connection: duckdb.DuckDBPyConnection, serial: int) -> None:
        """What a broken-off run may have overwritten, and nobody has any more, is for the next run to fetch."""
        rows = connection.execute("select path from lost semi join under_way using (path)").fetchall()
        if rows:
            UnderWay(connection, self._state, HUB, serial).begin(keys=[row[0] for row in rows])

    async def _kept_indexes(self, hub: Store) -> dict[str, str]:
        """Copies of index files of earlier serials that still stand: the digest in their names, and their keys."""
        found = {}
        async for info in hub.list(f"{MANIFEST_DIR}/index"):
            with suppress(RefusedError):
                found[parse_key(info.path).digest] = info.path
        return found

    @asynccontextmanager
    async def _places(self) -> AsyncIterator[tuple[Store, list[Store], Vault | None]]:
        async with AsyncExitStack() as stack:
            hub = await stack.enter_async_context(self._opened(HUB, self._config.hub))
            mirrors = self._config.mirror.items()
            others = [await stack.enter_async_context(self._opened(name, options)) for name, options in mirrors]
            vault = None
            if self._config.vault is not None:
                store = await stack.enter_async_context(self._opened("vault", self._config.vault))
                vault = Vault(store, self._state, self._now)
            yield hub, others, vault


def _borrowed_key(path: str, sha256: bytes) -> str:
    """Where an index file lies from when it was fetched until the new serial's own copy is there."""
    return index_key(1, sha256.hex(), path)


def _to_borrow(connection: duckdb.DuckDBPyConnection, kept: Mapping[str, str]) -> list[str]:
    """Keys of index files that the hub has no copy of any more."""
    rows = connection.execute("select path, sha256 from back_in_place where not contains(path, '/')").fetchall()
    return [_borrowed_key(path, bytes(sha256)) for path, sha256 in rows if bytes(sha256).hex()[:16] not in kept]


def _products_of_lost(connection: duckdb.DuckDBPyConnection) -> list[str]:
    from sync.collect.derive import products_of_lost  # noqa: PLC0415 - a mirror's revert needs no NetCDF

    return products_of_lost(connection, "lost", "back_in_place")


def _check_public(connection: duckdb.DuckDBPyConnection, serial: int) -> None:
    for path, why in sorted(plan.private_paths(connection, "back_in_place").items()):
        raise RefusedError(
            f"the state of serial {serial} held {path!a}, which must not be published: {why}. Nothing was done.",
            hint="Go back to a serial that did not hold it.",
        )


#: What that serial held and the manifest does not, or with other bytes; and what a broken-off run may have overwritten.
_BACK_IN_PLACE: Final = (
    "create or replace temp table back_in_place as"
    " select coalesce(from_path, path) as path, old_size as size, old_sha256 as sha256, old_modified as modified"
    " from since where change <> 'added' and (change <> 'changed' or sha256 is distinct from old_sha256)"
    " union all select path, size, sha256, modified from manifest semi join under_way using (path)"
    " where contains(path, '/') and path not in (select unnest([path, coalesce(from_path, path)]) from since"
    " where change <> 'changed' or sha256 is distinct from old_sha256)"
)
#: The state of that serial; where a path is lost, what stands in its place now stays.
_GOAL: Final = (
    "create or replace view goal as"
    " select path, size, sha256, md5, modified, date_update from manifest"
    " where path not in (select path from since where change <> 'removed')"
    " union all"
    " select coalesce(from_path, path), old_size, old_sha256, old_md5, old_modified, old_date_update from since"
    " where change <> 'added' and coalesce(from_path, path) not in (select path from lost)"
    " union all"
    " select path, size, sha256, md5, modified, date_update from manifest where path in (select path from since"
    " where change in ('changed', 'renamed') and coalesce(from_path, path) in (select path from lost))"
)
