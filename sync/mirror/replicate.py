"""Bring one mirror from its own serial to the hub's: by deltas where they reach, else by a full manifest.

Write order: data, index files, manifests and deltas, exceptions, head; deletes last, after the grace. What was copied
before a break is journalled and not copied again.
"""

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from gdac.columns import connect
from gdac.errors import GdacError
from gdac.manifest.head import Advance
from gdac.records import MirrorRecord, Moved
from gdac.store import Declared, NotFoundError, Store
from sync.brakes.facts import delta_facts
from sync.brakes.hold import Brake, check_public, leave_out
from sync.files import file_body
from sync.mirror.aim import Aim, aim_at_hub, aim_at_view, begin_copies, catch_up, make_changes
from sync.mirror.copying import Copying, Row, reason
from sync.mirror.exceptions import MOST, read_exceptions, write_exceptions
from sync.mirror.pinned import MOST_LOST, Pin, aim_at_serial, lost_notes
from sync.progress import Reporter, Stage
from sync.sealed.copies import Copies, Shown, read_head
from sync.sealed.describe import describe, description_sources, not_described
from sync.sealed.grace import Grace, dropped_keys, sealed_keys
from sync.sealed.past import PastFiles
from sync.sealed.publish import publish_head
from sync.sealed.records import put_records
from sync.sealed.underway import UnderWay
from sync.state import MirrorException, State
from sync.transfer import OtherBytesError, carry
from sync.views.definition import Definition


@dataclass(frozen=True, slots=True)
class Mirror:
    """One mirror, opened.

    Attributes:
        name: in the configuration.
        store: where it lies.
        grace: how long superseded files stay readable.
        workers: files under way at once.
        view: what it holds, and where.
        get_ready: called before anything is written there, and after what would be written was judged: a probe.
    """

    name: str
    store: Store
    grace: timedelta
    workers: int
    view: Definition = field(default_factory=Definition)
    get_ready: Callable[[], Awaitable[object]] | None = None


class Replication:
    """One mirror's way to the hub's head; use once.

    Args:
        hub: the store that files are read from: the hub, or a mirror that shows its head.
        shown: the hub's head.
        copies: local copies of the hub's sealed files.
        state: journal and graces.
        workdir: for temporary files.
        memory: limit of the column engine.
        reporter: where progress goes.
        now: the clock.
        excuses: a file that ``hub`` lacks becomes an exception of the mirror; else it is an error.
        adopt: take over a store that shows another archive.
        pin: show one serial of the hub for good; None follows it.
    """

    def __init__(
        self,
        hub: Store,
        shown: Shown,
        copies: Copies,
        state: State,
        workdir: Path,
        memory: str,
        reporter: Reporter,
        now: Callable[[], datetime],
        *,
        excuses: bool = True,
        adopt: bool = False,
        pin: Pin | None = None,
    ) -> None:
        self._hub, self._shown, self._copies, self._state = hub, shown, copies, state
        self._workdir, self._memory, self._reporter, self._now = workdir, memory, reporter, now
        self._excuses, self._adopt, self._pin = excuses, adopt, pin

    async def bring(self, mirror: Mirror, brake: Brake) -> MirrorRecord:
        """Make the mirror show the hub's head, or the view of it, then delete what is due.

        Raises:
            HeldError: the brake holds what would change there.
            GdacError: it could not be done; the mirror still shows what it showed.
        """
        there = await read_head(mirror.store)
        before = await self._exceptions_of(mirror, there)
        shows = there.head.serial if there else 0
        if there is None:
            self._state.forget_described(mirror.name)
        with connect(memory_limit=self._memory, temp_directory=str(self._workdir)) as connection:
            aim = await self._aim(connection, mirror, there)
            grace = Grace(connection, mirror.store, mirror.name, mirror.grace, self._state, aim.copies, self._now)
            await catch_up(connection, aim, grace, self._hub, mirror.store, self._state, mirror.name)
            under_way = UnderWay(connection, self._state, mirror.name, shows)
            under_way.load("under_way")
            told = await read_exceptions(mirror.store, there.head) if there and under_way.is_open else before
            way, notes = await make_changes(connection, aim, self._hub, mirror.store, there, self._workdir)
            await self._ask_brake(connection, brake, aim, there, way)
            if mirror.get_ready is not None:
                await mirror.get_ready()
            await mirror.store.clean()
            copying = Copying(
                self._hub,
                mirror.store,
                mirror.name,
                aim,
                self._state,
                mirror.workers,
                excuses=self._excuses,
                listed=there is None,
                vault=self._pin.vault if self._pin else None,
                most=MOST_LOST if self._pin else MOST,
            )
            if way != "current":
                begin_copies(connection, aim, there, under_way, self._state, mirror.name, self._workdir)
                await self._copy(connection, mirror, copying)
            missing = await self._settle_exceptions(connection, mirror, aim, copying, before, told, way)
            notes += lost_notes({one.path: one.reason for one in missing}) if self._pin else ()
            sources = await description_sources(self._copies, self._hub, aim.head)
            notes += sources.notes
            if aim.advance is not Advance.SAME:
                await put_records(mirror.store, sources.records[1:], shows)
                await self._publish(mirror, aim, there)
                brake.settle()
            self._state.set_exceptions(mirror.name, missing)
            if way != "current":
                grace.record(aim.head, "changes_there", dropped_keys(there.head if there else None, aim.head))
            await self._settle(connection, mirror, aim, under_way, frozenset(one.key for one in sources.records))
            deleted = await grace.delete_due(self._sealed_at(mirror, aim), aim.head)
            if aim.is_view:
                aim.copies.prune(aim.head)
        self._state.remember_head(mirror.name, aim.raw, self._now())
        try:
            await describe(mirror.store, mirror.name, aim.head, sources, self._state, is_hub=False)
        except GdacError as error:
            notes += (not_described(error),)
        return MirrorRecord(
            mirror.name,
            shows or None,
            aim.head.serial,
            way,
            Moved(copying.files, copying.size),
            copying.resumed,
            deleted,
            self._state.superseded_count(mirror.name),
            held=copying.held,
            by_server=copying.by_server.files,
            exceptions=len(missing),
            notes=notes,
        )

    async def _settle(
        self,
        connection: duckdb.DuckDBPyConnection,
        mirror: Mirror,
        aim: Aim,
        under_way: UnderWay,
        chain: frozenset[str],
    ) -> None:
        """What broken-off runs brought and the head does not name goes after the grace."""
        if under_way.has_broken:
            await aim.copies.load_manifest(connection, self._sealed_at(mirror, aim), aim.head, "shown_rows")
        under_way.settle(aim.head, "shown_rows", self._now(), chain)

    async def _aim(self, connection: duckdb.DuckDBPyConnection, mirror: Mirror, there: Shown | None) -> Aim:
        own = Copies(self._state.directory / "views" / mirror.name)
        if self._pin is not None:
            folder, beside = self._state.directory / "past", self._state.directory / "sealed"
            files = PastFiles(connection, self._hub, self._shown.head, folder, beside)
            return await aim_at_serial(
                connection,
                self._pin,
                self._hub,
                self._shown,
                there,
                self._copies,
                own,
                files,
                self._workdir,
                adopt=self._adopt,
            )
        if mirror.view.is_plain:
            return aim_at_hub(self._shown, there, self._copies, adopt=self._adopt)
        return await aim_at_view(
            connection,
            mirror.view,
            self._hub,
            self._shown,
            there,
            self._copies,
            own,
            self._workdir,
            adopt=self._adopt,
        )

    async def _ask_brake(
        self, connection: duckdb.DuckDBPyConnection, brake: Brake, aim: Aim, there: Shown | None, way: str
    ) -> None:
        if way == "current":
            return
        check_public(connection, "changes", aim.sealed)
        if there is None:
            return
        changes = leave_out(connection, "changes", await self._approved(connection, brake, there.head.serial))
        if brake.has_little_to_judge(connection, changes):
            return
        if way == "delta" and not _is_made(connection, "goal"):
            await self._copies.load_manifest(connection, self._hub, self._shown.head, "goal")
        facts = delta_facts(connection, changes, "goal")
        brake.enforce(brake.judge(connection, facts, there.head.serial), called="this mirror")

    async def _approved(self, connection: duckdb.DuckDBPyConnection, brake: Brake, after: int) -> list[str]:
        """Tables of the deltas that were approved at the hub: what a person has seen there needs no second look."""
        if self._pin is not None:
            return []
        head = self._shown.head
        approved = brake.approved_serials(after, head.serial)
        entries = [entry for entry in head.deltas if entry.serial in approved]
        return await self._copies.load_deltas(connection, self._hub, head, entries)

    async def _copy(self, connection: duckdb.DuckDBPyConnection, mirror: Mirror, copying: Copying) -> None:
        with ExitStack() as stack:

            def stage(files: int) -> Stage:
                return stack.enter_context(self._reporter.stage(f"replicate to {mirror.name}", files))

            await copying.copy_all(connection, stage)

    async def _publish(self, mirror: Mirror, aim: Aim, there: Shown | None) -> None:
        before = sealed_keys(there.head) if there else {}
        for key, sha256 in sealed_keys(aim.head).items():
            if key in before:  # immutable names: what the mirror's head named is there
                continue
            made = aim.made.get(key)
            if made is not None:
                await mirror.store.write(key, file_body(made), Declared(made.stat().st_size, sha256))
            else:
                await carry(self._hub, key, mirror.store, sha256=bytes.fromhex(sha256))
        await publish_head(mirror.store, aim.raw, aim.head, there, adopt=self._adopt)

    def _sealed_at(self, mirror: Mirror, aim: Aim) -> Store:
        return mirror.store if aim.is_view else self._hub

    # exceptions

    async def _exceptions_of(self, mirror: Mirror, there: Shown | None) -> list[MirrorException]:
        """Those of the mirror's head: from the state, else (a lost state, a break at the wrong moment) from itself."""
        if there is None:
            return []
        known = self._state.published(mirror.name)
        if known is not None and known[0] == there.head.serial:
            return self._state.exceptions(mirror.name)
        return await read_exceptions(mirror.store, there.head)

    async def _settle_exceptions(
        self,
        connection: duckdb.DuckDBPyConnection,
        mirror: Mirror,
        aim: Aim,
        copying: Copying,
        before: list[MirrorException],
        told: list[MirrorException],
        way: str,
    ) -> list[MirrorException]:
        """Try the old ones again, add the new ones, publish them where they differ from what the mirror tells.

        A run that died before its head may have told other ones than those of the head that the mirror shows.
        """
        waiting = before if way == "current" else _untouched(connection, before)
        missing = dict(copying.missing)
        if waiting:
            missing |= await self._try_again(connection, mirror, aim, copying, [one.path for one in waiting])
        since = {one.path: one.since for one in before}
        now = self._now()
        found = [MirrorException(path, why, since.get(path, now)) for path, why in sorted(missing.items())]
        if (found and way != "current") or {one.path for one in found} != {one.path for one in told}:
            await write_exceptions(mirror.store, aim.head, found)
        return found

    async def _try_again(
        self, connection: duckdb.DuckDBPyConnection, mirror: Mirror, aim: Aim, copying: Copying, paths: list[str]
    ) -> dict[str, str]:
        """Those of ``paths`` that the mirror still lacks, with the reason."""
        await aim.copies.load_manifest(connection, self._sealed_at(mirror, aim), aim.head, "excused_rows")
        query = "select path, sha256, modified from excused_rows where path in (select unnest(?)) order by path"
        missing = {}
        for path, sha256, modified in connection.execute(query, [paths]).fetchall():
            original = aim.layout.original(path)
            if original is None:
                continue
            row = Row(original, bytes(sha256), modified and modified.replace(tzinfo=UTC))
            try:
                await copying.copy_one(row)
            except (NotFoundError, OtherBytesError) as error:
                missing[path] = reason(error, self._hub)
        return missing


def _untouched(connection: duckdb.DuckDBPyConnection, exceptions: list[MirrorException]) -> list[MirrorException]:
    """Exceptions whose paths neither come, change nor leave."""
    paths = [one.path for one in exceptions]
    query = (
        "select path from changes_there where path in (select unnest($1::varchar[]))"
        " union all select from_path from changes_there where from_path in (select unnest($1::varchar[]))"
    )
    touched = {row[0] for row in connection.execute(query, [paths]).fetchall()} if paths else set()
    return [one for one in exceptions if one.path not in touched]


def _is_made(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    query = "select 1 from information_schema.tables where table_name = ?"
    return connection.execute(query, [table]).fetchone() is not None
