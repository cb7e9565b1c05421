"""One run of the sync: the hub's day, then every mirror; what it did becomes a `RunRecord`."""

import uuid
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from gdac.columns import connect
from gdac.errors import GdacError, UsageError
from gdac.manifest.record import RunFacts, RunKind
from gdac.records import IngestRecord, MirrorRecord, Outcome, RunRecord, SealRecord, StoreRecord
from gdac.store import Store
from sync.brakes.hold import HeldError
from sync.causes import NO_ANSWER, cause_of
from sync.collect.sealing import Unsealed, seal_collected, unsealed
from sync.collect.section import InboxSection
from sync.config import Config
from sync.hub.day import HUB, Day, Observed
from sync.hub.inplace import open_in_place
from sync.hub.keeping import begin_day
from sync.journal import check_journal
from sync.localdisk import local_disk
from sync.mirror.fleet import Fleet
from sync.mirror.pinned import Pin
from sync.options import StoreOptions
from sync.progress import Reporter
from sync.sealed.copies import Copies, Shown, read_head
from sync.sealed.describe import describe_hub
from sync.sealed.writers import store_record, take_hub
from sync.sections import HubSection, MirrorSection
from sync.state import State
from sync.status.publish import Publishing
from sync.stores.limits import LimitedStore, Limits
from sync.stores.open import open_store
from sync.stores.retry import RetryingStore
from sync.stores.settings import (
    AzureSettings,
    FtpSettings,
    GcsSettings,
    HttpSettings,
    LocalSettings,
    S3Settings,
    SftpSettings,
    StoreSettings,
)

_MOST_NOTES: Final = 100


@dataclass(frozen=True, slots=True)
class _Done:
    ingest: IngestRecord | None
    seal: SealRecord | None
    mirrors: tuple[MirrorRecord, ...]
    notes: tuple[str, ...]
    failed: int = 0


class Run:
    """One run; use once.

    Args:
        config: the deployment.
        state: its opened state.
        reporter: where progress goes.
        now: the clock (UTC).
    """

    def __init__(self, config: Config, state: State, reporter: Reporter, now: Callable[[], datetime]) -> None:
        self._config, self._state, self._reporter, self._now = config, state, reporter, now
        self._number: int | None = None
        self._is_ours = False  # nobody else seals the hub: what it shows is told by us

    async def whole_day(self) -> RunRecord:
        """Observe, ingest, seal, and replicate to every mirror; a hub that collects seals what is journalled.

        Raises:
            GdacError: the source or the hub failed. A mirror that fails is in the record, and the others go on.
        """
        return await self._recorded("run", self._whole_day if self._config.collect is None else self._collected_day)

    async def mirrors_only(
        self, names: Sequence[str] = (), *, adopt: bool = False, when: int | date | None = None
    ) -> RunRecord:
        """Replicate what the hub shows to the named mirrors (all by default), without looking at the source.

        Args:
            names: of mirrors.
            adopt: take over stores that show another archive.
            when: have the one mirror show this serial, or the last one of this day (UTC), for good.

        Raises:
            UsageError: no such mirror, or the hub shows nothing yet; or the mirror cannot be pinned.
        """
        for name in names:
            if name not in self._config.mirror:
                known = ", ".join(self._config.mirror) or "none"
                raise UsageError(f"no mirror {name!r} in the configuration.", hint=f"Known are: {known}.")
        chosen = tuple(names) or tuple(self._config.mirror)
        if when is not None:
            self._check_can_be_pinned(names)
        return await self._recorded("replicate", lambda: self._mirrors_only(chosen, adopt, when))

    def _check_can_be_pinned(self, names: Sequence[str]) -> None:
        if len(names) != 1:
            raise UsageError("a serial is shown by one mirror: name it.", hint="Other mirrors follow the hub.")
        if not self._config.mirror[names[0]].view.is_plain:
            raise UsageError(
                f"the mirror {names[0]} has a filter or a layout of its own, so it cannot show a serial as it was.",
                hint="Name a mirror without them, or an address.",
            )

    async def look(self) -> tuple[Observed, tuple[str, ...]]:
        """Only observe: what a run would do now. Nothing but the state's copies of index files is touched."""
        async with AsyncExitStack() as stack:
            hub = await stack.enter_async_context(opened(HUB, self._config.hub))
            with self._workdir() as workdir:
                day = await self._day(stack, hub, workdir)
                return await day.observe(), tuple(day.notes)

    async def _recorded(self, kind: str, work: Callable[[], Awaitable[_Done]]) -> RunRecord:
        with local_disk(self._state.directory):
            return await self._keep_record(kind, work)

    async def _keep_record(self, kind: str, work: Callable[[], Awaitable[_Done]]) -> RunRecord:
        began = self._now()
        run = self._state.start_run(kind, began)
        self._number = run
        try:
            done = await work()
        except BaseException as error:
            outcome = Outcome.HELD if isinstance(error, HeldError) else Outcome.FAILED
            told = {"error": str(error) or type(error).__name__, "cause": cause_of(error)}
            self._state.end_run(run, self._now(), outcome, told)
            if self._is_ours and isinstance(error, GdacError):
                await tell_status(self._config, self._state, self._now, run, began)
            raise
        notes = (*done.notes, *(f"{one.mirror}: {note}" for one in done.mirrors for note in one.notes))
        record = RunRecord(
            run,
            began,
            self._now(),
            _outcome(done),
            done.ingest,
            done.seal,
            done.mirrors,
            notes[:_MOST_NOTES],
            store_records(self._config, self._state, [one.mirror for one in done.mirrors], hub=kind == "run"),
        )
        self._state.end_run(run, record.ended, record.outcome, record.as_json())
        if not self._is_ours:
            return record
        silent = {one.mirror for one in record.mirrors if one.cause == NO_ANSWER}
        untold = await tell_status(self._config, self._state, self._now, run, began, without=silent)
        return replace(record, notes=(*record.notes, *untold)[:_MOST_NOTES])

    async def _whole_day(self) -> _Done:
        async with AsyncExitStack() as stack:
            hub = await stack.enter_async_context(opened(HUB, self._config.hub))
            hub = await taken_hub(self._config, self._state, hub, self._now)
            self._is_ours = True
            await hub.clean()
            hub = await begin_day(stack, self._config, self._state, hub, self._now, opened)
            await check_journal(hub, self._state, self._reporter, self._now())
            with self._workdir() as workdir:
                async with AsyncExitStack() as until_sealed:  # mirrors need neither the source nor the day's tables
                    day = await self._day(until_sealed, hub, workdir)
                    seen = await day.observe()
                    day.ask_brake(seen)
                    ingested = await day.ingest(seen)
                    sealed, shown, deleted = await day.seal(seen)
                    self._state.remember_head(HUB, shown.raw, self._now())
                    copies = Copies(self._state.directory / "sealed")
                    day.notes += await describe_hub(copies, hub, shown.head, self._state)
            mirrors = await self._replicate(hub, shown, tuple(self._config.mirror))
            return _Done(replace(ingested, deleted=deleted), sealed, mirrors, tuple(day.notes))

    async def _collected_day(self) -> _Done:
        async with AsyncExitStack() as stack:
            hub = await stack.enter_async_context(opened(HUB, self._config.hub))
            hub = await taken_hub(self._config, self._state, hub, self._now)
            self._is_ours = True
            await hub.clean()
            hub = await begin_day(stack, self._config, self._state, hub, self._now, opened)
            await check_journal(hub, self._state, self._reporter, self._now())
            sealed = await seal_collected(
                self._config, self._state, hub, self._reporter, self._now, run_number=self._number
            )
            if sealed.shown is None:
                note = "the hub shows no head yet, and nothing was collected: gdac collect run takes submissions."
                return _Done(None, None, (), (note,))
            mirrors = await self._replicate(hub, sealed.shown, tuple(self._config.mirror))
            return _Done(None, sealed.record, mirrors, sealed.notes, sealed.failed)

    async def unsealed(self) -> Unsealed:
        """What a run of a hub that collects would seal now; nothing is touched."""
        async with opened(HUB, self._config.hub) as hub:
            return await unsealed(self._state, hub)

    async def _mirrors_only(self, names: Sequence[str], adopt: bool, when: int | date | None) -> _Done:
        async with AsyncExitStack() as stack:
            hub = await stack.enter_async_context(opened(HUB, self._config.hub))
            shown = await read_head(hub)
            if shown is None:
                raise UsageError(f"the hub {hub.name} shows no head yet.", hint="Seal it first: gdac sync run.")
            self._state.remember_head(HUB, shown.raw, self._now())
            self._is_ours = True
            pin = None if when is None else Pin(when, await opened_vault(self._config, stack))
            return _Done(None, None, await self._replicate(hub, shown, names, adopt=adopt, pin=pin), ())

    async def _day(self, stack: AsyncExitStack, hub: Store, workdir: Path) -> Day:
        if self._config.in_place:
            source = hub
        else:
            source = await stack.enter_async_context(opened(self._config.source_name, self._config.the_source))
        connection = connect(memory_limit=self._config.hub.memory, temp_directory=str(workdir))
        stack.callback(connection.close)
        started = self._now().replace(microsecond=0)
        kind = RunKind.SEAL if self._config.in_place else RunKind.SYNC
        run = RunFacts(str(uuid.uuid4()), kind, started, self._number)
        return Day(self._config, source, hub, self._state, connection, workdir, self._reporter, self._now, run)

    async def _replicate(
        self, hub: Store, shown: Shown, names: Sequence[str], *, adopt: bool = False, pin: Pin | None = None
    ) -> tuple[MirrorRecord, ...]:
        def open_mirror(name: str) -> Store:
            return opened(name, self._config.mirror[name])

        fleet = Fleet(self._config, self._state, self._reporter, self._now, open_mirror, adopt=adopt, pin=pin)
        return await fleet.bring(hub, shown, names)

    @contextmanager
    def _workdir(self) -> Iterator[Path]:
        with TemporaryDirectory(dir=self._state.directory, prefix="work-") as folder:
            yield Path(folder)


def opened(name: str, options: StoreOptions) -> Store:
    """The store of one section of the configuration; enter it to use it. What fails for the moment is tried again."""
    if isinstance(options, HubSection) and options.in_place:
        return open_in_place(options.store)
    common: dict[str, Any] = {"connections": options.connections, "read_seconds": options.timeout}
    bucket: dict[str, Any] = {
        "endpoint": options.endpoint or "",
        "anonymous": options.anonymous,
        "allow_http": options.allow_http,
        "ca_file": options.ca_file,
        "read_seconds": options.timeout,
        "retries": 0,  # ours are outside, the same for every kind of store
    }
    is_account = isinstance(options, InboxSection)  # whose folders must stay when the last file leaves them
    settings = StoreSettings(
        local=LocalSettings(kept_levels=int(is_account)),
        http=HttpSettings(**common, ca_file=options.ca_file),
        ftp=FtpSettings(**common, ca_file=options.ca_file, writes=is_account),
        sftp=SftpSettings(
            **common,
            key_file=options.key_file,
            known_hosts=options.known_hosts,
            fingerprint=options.fingerprint,
            kept_levels=int(is_account),
        ),
        s3=S3Settings(**bucket, region=options.region or ""),
        gcs=GcsSettings(**bucket),
        azure=AzureSettings(**bucket),
    )
    store = open_store(options.store, settings, name="hub" if name == HUB else name)
    limits = Limits(
        options.requests_per_second,
        options.bytes_per_second,
        # The other adapters keep to it by themselves.
        options.connections if options.store.startswith(("s3:", "gs:", "az:")) else None,
    )
    if limits != Limits():
        store = LimitedStore(store, limits)
    return store if options.is_local else RetryingStore(store)


async def opened_vault(config: Config, stack: AsyncExitStack) -> Store | None:
    """The store of the vault, open for as long as ``stack`` is; None where the configuration has none."""
    return None if config.vault is None else await stack.enter_async_context(opened("vault", config.vault))


async def taken_hub(config: Config, state: State, hub: Store, now: Callable[[], datetime]) -> Store:
    """The hub's store as whoever seals it must use it; see `sync.sealed.writers.take_hub`.

    Raises:
        UsageError: it can only be read.
        GdacError: two writers could not be kept apart there, or it cannot be written.
    """
    if not hub.capabilities.writes:
        raise UsageError(
            f"the hub is {hub.name}, which gdac can only read.", hint="Use a local directory or a bucket there."
        )
    options = config.hub
    return await take_hub(
        hub, HUB, options.definition, state, now, single_writer=options.single_writer, lease=options.expires
    )


async def tell_status(
    config: Config,
    state: State,
    now: Callable[[], datetime],
    run: int,
    began: datetime,
    *,
    without: Collection[str] = (),
) -> tuple[str, ...]:
    """Publish the status in hub and mirrors after a run; what went wrong becomes notes of the run, and is returned.

    Args:
        config: the deployment.
        state: its opened state.
        now: the clock (UTC).
        run: number of the run, which has ended.
        began: when it began.
        without: mirrors that are known not to answer just now.
    """

    def open_store(name: str) -> Store:
        return opened(name, config.hub if name == HUB else config.mirror[name])

    notes = await Publishing(config, state, now, open_store).publish(began, without=without)
    state.note_run(run, notes)
    return notes


def store_records(config: Config, state: State, mirrors: Iterable[str], *, hub: bool = True) -> tuple[StoreRecord, ...]:
    """What the hub and the named mirrors were seen to do when they were tried last; what never was is left out."""
    sections: list[tuple[str, str, HubSection | MirrorSection]] = [("hub", HUB, config.hub)] if hub else []
    sections += [(name, name, config.mirror[name]) for name in mirrors]
    found = [(name, state.probe_of(key), section.single_writer) for name, key, section in sections]
    return tuple(store_record(name, probe, single_writer=said) for name, probe, said in found if probe is not None)


def _outcome(done: _Done) -> Outcome:
    if any(one.way == "held" for one in done.mirrors):
        return Outcome.HELD
    failed = [one for one in done.mirrors if one.error]
    if failed and len(failed) == len(done.mirrors) and done.seal is None:
        return Outcome.FAILED
    set_aside = done.ingest.set_aside if done.ingest else 0
    excused = any(one.exceptions for one in done.mirrors)
    return Outcome.PARTIAL if failed or set_aside or excused or done.failed else Outcome.FINE
