"""A mirror of anybody's archive, made from nothing but the address of its head: no configuration, a state of its own.

The rules of docs/formats.md for readers hold: the head accepted last is remembered in the state directory, so that
another archive, a rollback and a fork are refused even where the mirror itself was lost; an expired head is used and
reported.
"""

import os
import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from gdac.errors import UsageError
from gdac.manifest.head import MAX_HEAD_BYTES, Head, check_successor, parse_head
from gdac.manifest.names import HEAD_KEY
from gdac.records import Outcome, RunRecord
from gdac.store import Store
from policies.deletion import DEFAULT_LIMITS
from policies.retention import DEFAULT_GRACE
from sync.brakes.hold import HUB, Brake, HeldError
from sync.config import Config
from sync.mirror.pinned import Pin
from sync.mirror.replicate import Mirror, Replication
from sync.progress import Reporter
from sync.run import opened, opened_vault
from sync.sealed.copies import Copies, Shown, read_head
from sync.sealed.writers import store_record, try_store
from sync.state import State
from sync.stores.open import open_store
from sync.stores.retry import RetryingStore
from sync.stores.settings import AzureSettings, GcsSettings, S3Settings, StoreSettings
from sync.views.definition import Definition

#: Names of the two stores: for ``GDAC_SOURCE_USER`` and its like, and of the mirror in the state.
SOURCE: Final = "source"
TARGET: Final = "target"
_SEEN: Final = "seen-head.json"
_WHERE: Final = "target.txt"
_MEMORY: Final = "1GB"
_WORKERS: Final = 16
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,30}")


@dataclass(frozen=True, slots=True)
class Journey:
    """From where to where.

    Attributes:
        source: address of the archive whose head is followed; the hub of ``config``, where that is given.
        target: address of the mirror.
        adopt: take over a target, or follow a source, that was another archive before.
        view: what the mirror holds, and where.
        grace: how long superseded files stay readable there.
        when: show this serial, or the last one of this day (UTC), for good; None follows the head.
        config: whose hub is the source, and whose vault has old bytes; None for an address.
    """

    source: str
    target: str
    adopt: bool = False
    view: Definition = Definition()  # noqa: RUF009 - frozen
    grace: timedelta = DEFAULT_GRACE
    when: int | date | None = None
    config: Config | None = None


def is_address(text: str) -> bool:
    """Whether an argument of ``gdac sync replicate`` is an address, not the name of a mirror."""
    return _NAME.fullmatch(text) is None


def archive_of(head: str) -> str:
    """The address of the archive whose head lies at ``head``.

    Raises:
        UsageError: it does not end as heads do.
    """
    archive = head.removesuffix(HEAD_KEY)
    if archive == head or not (archive == "" or archive.endswith("/")):
        raise UsageError(
            f"{head} is no address of a head: that ends in /{HEAD_KEY}.",
            hint=f"gdac sync replicate https://host/path/{HEAD_KEY} s3://bucket/prefix",
        )
    return archive.rstrip("/") or ("/" if archive else ".")


def default_state(target: str) -> Path:
    """Where the state of a mirror lies by default: beside a local directory.

    Raises:
        UsageError: the target is no local directory.
    """
    local = target.removeprefix("file://")
    if "://" in local:
        raise UsageError(
            f"a mirror at {target} needs a state directory on this machine.", hint="Name one with --state DIR."
        )
    return Path(f"{local.rstrip('/')}.state")


async def replicate_from(journey: Journey, state: State, reporter: Reporter, now: Callable[[], datetime]) -> RunRecord:
    """Bring a mirror to what a head shows.

    Raises:
        HeadError: the head must be refused; nothing was changed.
        GdacError: it could not be done; the mirror shows what it showed.
    """
    began = now()
    run = state.start_run("replicate", began)
    try:
        record = await _recorded(journey, state, reporter, now, run, began)
    except BaseException as error:
        outcome = Outcome.HELD if isinstance(error, HeldError) else Outcome.FAILED
        state.end_run(run, now(), outcome, {"error": str(error) or type(error).__name__})
        raise
    state.end_run(run, record.ended, record.outcome, record.as_json())
    return record


async def _recorded(
    journey: Journey, state: State, reporter: Reporter, now: Callable[[], datetime], run: int, began: datetime
) -> RunRecord:
    async with AsyncExitStack() as stack:
        source = await stack.enter_async_context(_source(journey))
        store = await stack.enter_async_context(opened_at(journey.target, TARGET))
        pin = None if journey.when is None else Pin(journey.when, await _vault(journey, stack))
        _check_target(store)
        _check_same(state.directory, store)
        shown, notes = await _accepted(source, state, now(), adopt=journey.adopt)
        brake = Brake(state, TARGET, DEFAULT_LIMITS, now)
        copies = Copies(state.directory / "sealed")

        async def probe() -> object:
            return await try_store(store, TARGET, store.name, state, now())

        mirror = Mirror(TARGET, store, journey.grace, _WORKERS, journey.view, probe)
        with TemporaryDirectory(dir=state.directory, prefix="work-") as folder:
            replication = Replication(
                source, shown, copies, state, Path(folder), _MEMORY, reporter, now, adopt=journey.adopt, pin=pin
            )
            done = await replication.bring(mirror, brake)
        _remember(state.directory, shown)
        copies.prune(shown.head)
        probed = await try_store(store, TARGET, store.name, state, now())  # as remembered: it was asked above
    outcome = Outcome.PARTIAL if done.exceptions else Outcome.FINE
    return RunRecord(
        run,
        began,
        now(),
        outcome,
        None,
        None,
        (replace(done, mirror=journey.target),),
        (*notes, *done.notes),
        (store_record(journey.target, probed, single_writer=False),),
    )


def _source(journey: Journey) -> Store:
    return opened_at(journey.source, SOURCE) if journey.config is None else opened(HUB, journey.config.hub)


async def _vault(journey: Journey, stack: AsyncExitStack) -> Store | None:
    return None if journey.config is None else await opened_vault(journey.config, stack)


def opened_at(address: str, name: str) -> Store:
    """The store at an address, by default settings; what fails for the moment is tried again.

    Args:
        address: where.
        name: for its credentials, ``GDAC_<NAME>_USER`` and ``_PASSWORD``.
    """
    once = StoreSettings(s3=S3Settings(retries=0), gcs=GcsSettings(retries=0), azure=AzureSettings(retries=0))
    store = open_store(address, once, name=name)
    return store if "://" not in address or address.startswith("file:") else RetryingStore(store)


def _check_target(store: Store) -> None:
    if not store.capabilities.writes:
        raise UsageError(
            f"the target is {store.name}, which gdac can only read.", hint="Use a local directory or a bucket there."
        )


def _check_same(directory: Path, store: Store) -> None:
    """One state speaks of one mirror."""
    file = directory / _WHERE
    known = file.read_text(encoding="utf-8").strip() if file.is_file() else store.name
    if known != store.name:
        raise UsageError(
            f"the state in {directory} is that of the mirror {known}, not of {store.name}.",
            hint="Give every mirror a state directory of its own with --state.",
        )
    file.write_text(f"{known}\n", encoding="utf-8")


async def _accepted(source: Store, state: State, now: datetime, *, adopt: bool) -> tuple[Shown, list[str]]:
    """The source's head, after the refusal rules; with what the operator should know of it."""
    shown = await read_head(source)
    if shown is None:
        raise UsageError(f"{source.name} shows no {HEAD_KEY}.", hint="Is this the root of a sealed archive?")
    head = shown.head
    seen = _remembered(state.directory)
    if not (adopt and seen is not None and seen.archive != head.archive):
        check_successor(seen, head)
    notes = []
    if head.is_stale(now):
        notes.append(
            f"the head of {source.name} expired on {head.expires:%Y-%m-%dT%H:%M:%SZ}: serial {head.serial} is stale,"
            " and used all the same."
        )
    return shown, notes


def _remembered(directory: Path) -> Head | None:
    file = directory / _SEEN
    return parse_head(file.read_bytes()[:MAX_HEAD_BYTES]) if file.is_file() else None


def _remember(directory: Path, shown: Shown) -> None:
    """After the work: a head whose files did not fit it is not one to hold others against."""
    part = directory / f"{_SEEN}.part"
    part.write_bytes(shown.raw)
    with part.open("rb+") as opened:
        os.fsync(opened.fileno())
    part.replace(directory / _SEEN)
