"""Audits as an operator orders them: which stores, which part, with or without healing, and adoption."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb

from gdac.columns import connect
from gdac.errors import GdacError, StoreError, UsageError
from gdac.manifest.head import HeadError
from gdac.manifest.names import HEAD_KEY
from gdac.store import Declared, Store
from sync.audit.audit import Audit, AuditReport, Depth, FindingKind, load_paths
from sync.audit.heal import Donors, Healing
from sync.audit.shares import Part
from sync.config import Config
from sync.hub.day import HUB
from sync.mirror.exceptions import read_exceptions
from sync.options import StoreOptions
from sync.progress import Reporter
from sync.run import opened
from sync.sealed.copies import Copies, Shown, read_head
from sync.sealed.grace import Grace
from sync.sealed.publish import publish_head
from sync.sealed.writers import try_store
from sync.state import State
from sync.state.watched import KeptAudit
from sync.vault.vault import Vault

#: What the hub is called on the command line.
HUB_WORD: Final = "hub"


@dataclass(frozen=True, slots=True)
class Order:
    """What an operator asked of an audit.

    Attributes:
        part: which part; None with ``everything`` False: the next one.
        everything: all parts at once.
        download: read every byte.
        heal: mend what can be mended.
        delete_extra: delete extra files, within limits; only with ``heal``.
        adopt: take over a store that has no head of this archive.
    """

    part: Part | None = None
    everything: bool = False
    download: bool = False
    heal: bool = False
    delete_extra: bool = False
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class _Yardstick:
    """The head that a store is held against."""

    shown: Shown
    over: Shown | None  # what the store itself shows
    sound: bool  # it is the store's own
    damaged: bool = False  # what stands in the store is no head


class Auditor:
    """Audits, heals and adopts stores of one deployment.

    Args:
        config: the deployment.
        state: its opened state.
        reporter: where progress goes.
        now: the clock (UTC).
    """

    def __init__(self, config: Config, state: State, reporter: Reporter, now: Callable[[], datetime]) -> None:
        self._config, self._state, self._reporter, self._now = config, state, reporter, now
        self._copies = Copies(state.directory / "sealed")

    async def audit(self, names: Sequence[str], order: Order) -> list[AuditReport]:
        """Audit the named stores (mirrors, or ``hub``); all mirrors by default, and the hub where there is none.

        A store that fails has its error in its report, and the others go on.

        Raises:
            UsageError: no such store.
        """
        chosen = tuple(names) or tuple(self._config.mirror) or (HUB_WORD,)
        for name in chosen:
            if name != HUB_WORD and name not in self._config.mirror:
                known = ", ".join((HUB_WORD, *self._config.mirror))
                raise UsageError(f"no mirror {name!r} in the configuration.", hint=f"Known are: {known}.")
        return [await self._one(name, order) for name in chosen]

    async def _one(self, name: str, order: Order) -> AuditReport:
        report = AuditReport(name)
        try:
            async with AsyncExitStack() as stack:
                store = await stack.enter_async_context(self._opened(name))
                workdir = stack.enter_context(self._workdir())
                connection = connect(memory_limit=self._config.hub.memory, temp_directory=str(workdir))
                stack.callback(connection.close)
                await self._look(name, store, connection, workdir, order, report)
        except GdacError as error:
            report.error = str(error)
        return report

    async def _look(
        self,
        name: str,
        store: Store,
        connection: duckdb.DuckDBPyConnection,
        workdir: Path,
        order: Order,
        report: AuditReport,
    ) -> None:
        key = HUB if name == HUB_WORD else name
        options = self._options(name)
        yardstick = await self._yardstick(name, store, order)
        head = yardstick.shown.head
        report.serial = head.serial
        part = self._part(key, order)
        report.part = str(part or "all")
        async with self._others(name) as others:
            await self._load_manifest(connection, yardstick, store, others)
            await self._load_known(connection, key, yardstick, store, others, workdir)
            audit = Audit(connection, store, head, workdir, self._reporter, options.connections, report)
            depth = Depth.EVERYTHING if order.download else Depth.UNPROVEN if order.adopt else Depth.SAMPLE
            salt = f"{self._now():%Y%m%d}"
            await audit.look(part, depth, self._config.audit.sample, salt, "superseded", "excused")
            await audit.name_stale_indexes()
            if not yardstick.sound and not order.adopt:
                audit.find(FindingKind.HEAD, HEAD_KEY, "it is missing or no sound head")
            audit.sum_up()
            found = report.left
            if order.heal or order.adopt:
                await self._heal(name, store, connection, workdir, order, report, yardstick, others)
                first = report.first
                counts = report.counts
                audit.sum_up()
                report.counts, report.first = counts, report.first or first
        kept = KeptAudit(part.number, part.of, self._now(), report.due, found, report.left) if part else None
        everything = KeptAudit(0, 0, self._now(), report.due, found, report.left)
        self._state.remember_audit(key, kept or everything)
        if part is not None and order.part is None:
            self._state.remember_part(f"audit {key}", part.after.number, part.of)

    async def _heal(
        self,
        name: str,
        store: Store,
        connection: duckdb.DuckDBPyConnection,
        workdir: Path,
        order: Order,
        report: AuditReport,
        yardstick: _Yardstick,
        others: Sequence[Store],
    ) -> None:
        key = HUB if name == HUB_WORD else name
        await try_store(store, key, self._options(name).definition, self._state, self._now())
        async with self._vault() as vault:
            donors = Donors(tuple(others), vault)
            workers = self._options(name).connections
            head = yardstick.shown.head
            healing = Healing(connection, store, head, donors, workdir, self._reporter, workers, report)
            await healing.mend(look_again=not order.adopt)
            if order.delete_extra:
                limits = self._config.audit
                await healing.delete_extra(most=limits.most_extra, share=limits.most_extra_share)
        if not yardstick.sound:
            await self._show_head(name, store, connection, yardstick, report)

    async def _show_head(
        self,
        name: str,
        store: Store,
        connection: duckdb.DuckDBPyConnection,
        yardstick: _Yardstick,
        report: AuditReport,
    ) -> None:
        """Publish the head in a store that has none, or a damaged or foreign one, once it holds everything."""
        shown = yardstick.shown
        open_still = "select count(*) from findings where kind not in (?, ?)"
        left = connection.execute(open_still, [FindingKind.EXTRA, FindingKind.HEAD]).fetchone()
        if report.part != "all" or (left and left[0]):
            report.notes.insert(
                0, "its head is not published: not everything was looked at, or not all of it is there."
            )
            return
        if yardstick.over is None:
            if yardstick.damaged:
                await store.delete(HEAD_KEY)
            await publish_head(store, shown.raw, shown.head, None)
        else:  # of another archive: adopted over it
            await store.flush()
            declared = Declared(len(shown.raw), modified=shown.head.published, content_type="application/json")
            await store.write(HEAD_KEY, shown.raw, declared)
        connection.execute("delete from findings where kind = ?", [FindingKind.HEAD])
        report.mended += 1
        if name != HUB_WORD:
            grace = self._config.mirror[name].grace
            Grace(connection, store, name, grace, self._state, self._copies, self._now).record(shown.head, None, ())

    async def _yardstick(self, name: str, store: Store, order: Order) -> _Yardstick:
        try:
            own = await read_head(store)
        except HeadError:
            own, damaged = None, True
        else:
            damaged = False
        if name != HUB_WORD and not self._config.mirror[name].view.is_plain and (own is None or order.adopt):
            raise UsageError(
                f"mirror {name} is a view, so the head of another store is no yardstick for it.",
                hint=f"gdac sync replicate {name} --adopt derives it anew and keeps what lies there already.",
            )
        reference = None if own and not order.adopt else await self._reference(name)
        if own is not None and (reference is None or own.head.archive == reference.head.archive):
            return _Yardstick(own, own, sound=True)
        if reference is None:
            raise UsageError(
                f"neither {store.name} nor another store of the configuration shows a sound head.",
                hint="Seal the hub first: gdac sync run.",
            )
        if not damaged and not order.adopt:
            raise UsageError(
                f"{store.name} shows no head, so there is nothing to hold it against.",
                hint="Fill it by `gdac sync replicate`, or take over what lies there: gdac sync audit --adopt.",
            )
        self._refuse_older(name, reference)
        return _Yardstick(reference, own, sound=False, damaged=damaged)

    def _refuse_older(self, name: str, reference: Shown) -> None:
        known = self._state.published(HUB)
        if name == HUB_WORD and known is not None and known[0] > reference.head.serial:
            raise GdacError(
                f"the hub showed serial {known[0]}, but the newest head of its mirrors is {reference.head.serial}:"
                " an older head in the hub would let two serials have one number.",
                hint=f"Restore {HEAD_KEY} of the hub from a backup.",
            )

    async def _reference(self, name: str) -> Shown | None:
        """The newest head of the other stores: the hub's for a mirror."""
        found: list[Shown] = []
        async with self._others(name) as others:
            for store in others:
                try:
                    shown = await read_head(store)
                except GdacError:
                    continue
                if shown is not None and name != HUB_WORD:
                    return shown
                found.extend([shown] if shown else [])
        return max(found, key=lambda one: (one.head.serial, one.head.published), default=None)

    async def _load_manifest(
        self, connection: duckdb.DuckDBPyConnection, yardstick: _Yardstick, store: Store, others: Sequence[Store]
    ) -> None:
        for place in (store, *others) if yardstick.sound else others:
            try:
                await self._copies.load_manifest(connection, place, yardstick.shown.head, "manifest")
            except StoreError as error:
                failure = error
                continue
            return
        raise failure

    async def _load_known(
        self,
        connection: duckdb.DuckDBPyConnection,
        key: str,
        yardstick: _Yardstick,
        store: Store,
        others: Sequence[Store],
        workdir: Path,
    ) -> None:
        """Make ``superseded`` and ``excused``: what is there, or differs, for a known reason."""
        head = yardstick.shown.head
        kept = self._state.kept_removals() if key == HUB else iter(())
        load_paths(connection, "superseded", chain((one.path for one in self._state.superseded(key)), kept), workdir)
        for entry in head.deltas:
            for place in (store, *others):
                try:
                    tables = await self._copies.load_deltas(connection, place, head, [entry])
                except StoreError:
                    continue
                connection.execute(
                    f"insert into superseded select coalesce(from_path, path) from {tables[0]}"
                    " where change in ('removed', 'renamed')"
                )
                connection.execute(f"drop table {tables[0]}")
                break
        journal = (row[0] for row in self._state.pending()) if key == HUB else self._state.copied_paths(key)
        published = await read_exceptions(store, head) if yardstick.sound and key != HUB else []
        load_paths(connection, "excused", chain(journal, (one.path for one in published)), workdir)

    def _part(self, key: str, order: Order) -> Part | None:
        if order.everything or order.adopt:
            return None
        if order.part is not None:
            return order.part
        of = self._config.audit.parts
        known = self._state.next_part(f"audit {key}")
        return Part(known[0], of) if known and known[1] == of else Part(1, of)

    def _options(self, name: str) -> StoreOptions:
        return self._config.hub if name == HUB_WORD else self._config.mirror[name]

    def _opened(self, name: str) -> Store:
        return opened(HUB if name == HUB_WORD else name, self._options(name))

    @asynccontextmanager
    async def _others(self, name: str) -> AsyncIterator[list[Store]]:
        """The other stores of the deployment, opened: the hub first."""
        async with AsyncExitStack() as stack:
            names = [one for one in (HUB_WORD, *self._config.mirror) if one != name]
            yield [await stack.enter_async_context(self._opened(one)) for one in names]

    @asynccontextmanager
    async def _vault(self) -> AsyncIterator[Vault | None]:
        if self._config.vault is None:
            yield None
            return
        async with opened("vault", self._config.vault) as store:
            yield Vault(store, self._state, self._now)

    @contextmanager
    def _workdir(self) -> Iterator[Path]:
        with TemporaryDirectory(dir=self._state.directory, prefix="work-") as folder:
            yield Path(folder)
