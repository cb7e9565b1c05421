"""All mirrors of a hub at once: each on its own, so that a broken or slow one neither fails nor delays another.

A mirror that copies from another mirror waits for that one, and from the hub when it is behind or broken.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from gdac.errors import GdacError, UsageError
from gdac.records import MirrorRecord
from gdac.store import Store
from sync.brakes.hold import Brake, HeldError
from sync.causes import cause_of
from sync.config import Config
from sync.localdisk import local_disk
from sync.mirror.pinned import Pin
from sync.mirror.replicate import Mirror, Replication
from sync.progress import Reporter
from sync.sealed.copies import Copies, Shown, read_head
from sync.sealed.writers import try_store
from sync.state import State
from sync.tasks import tasks

#: Mirrors under way at once.
_AT_ONCE: Final = 8
#: The column engine's limit is shared among them, but none gets less than this many MB.
_LEAST_MB: Final = 300


class Fleet:
    """The mirrors of one configuration.

    Args:
        config: the deployment.
        state: its opened state.
        reporter: where progress goes.
        now: the clock (UTC).
        open_mirror: makes the store of a mirror by its name.
        adopt: take over stores that show another archive.
        pin: have them show one serial of the hub for good.
    """

    def __init__(
        self,
        config: Config,
        state: State,
        reporter: Reporter,
        now: Callable[[], datetime],
        open_mirror: Callable[[str], Store],
        *,
        adopt: bool = False,
        pin: Pin | None = None,
    ) -> None:
        self._config, self._state, self._reporter, self._now = config, state, reporter, now
        self._open_mirror, self._adopt, self._pin = open_mirror, adopt, pin
        self._copies = Copies(state.directory / "sealed")

    async def bring(self, hub: Store, shown: Shown, names: Sequence[str]) -> tuple[MirrorRecord, ...]:
        """Bring the named mirrors to what the hub shows; records in the order of the names.

        A mirror that fails, or is held, has that in its record.
        """
        at_once = asyncio.Semaphore(_AT_ONCE)
        finished = {name: asyncio.Event() for name in names}
        memory = share_of_memory(self._config.hub.memory, min(len(names), _AT_ONCE))

        async def one(name: str) -> MirrorRecord:
            try:
                origin = self._config.mirror[name].origin
                if origin in finished:
                    await finished[origin].wait()
                async with at_once:
                    return await self._bring_one(hub, shown, name, memory)
            finally:
                finished[name].set()

        async with tasks() as group:
            under_way = [group.create_task(one(name)) for name in names]
        return tuple(task.result() for task in under_way)

    async def _bring_one(self, hub: Store, shown: Shown, name: str, memory: str) -> MirrorRecord:
        options = self._config.mirror[name]
        notes: list[str] = []
        try:
            async with AsyncExitStack() as stack:
                stack.enter_context(local_disk(self._state.directory))
                store = await stack.enter_async_context(self._open_mirror(name))
                if not store.capabilities.writes:
                    raise UsageError(
                        f"the mirror {name} is {store.name}, which gdac can only read.",
                        hint="Use a local directory or a bucket there.",
                    )

                async def probe(opened: Store = store) -> object:
                    return await try_store(opened, name, options.definition, self._state, self._now())

                mirror = Mirror(name, store, options.grace, options.connections, options.view, probe)
                record = await self._from_mirror(options.origin, shown, mirror, memory, notes)
                if record is None:
                    record = await self._replicate(hub, shown, mirror, memory, excuses=True)
        except HeldError as error:
            return MirrorRecord(name, None, None, "held", error=str(error), notes=tuple(notes))
        except GdacError as error:
            return MirrorRecord(name, None, None, "failed", error=str(error), notes=tuple(notes), cause=cause_of(error))
        return replace(record, notes=(*notes, *record.notes))

    async def _from_mirror(
        self, origin: str | None, shown: Shown, mirror: Mirror, memory: str, notes: list[str]
    ) -> MirrorRecord | None:
        """Replicate from another mirror; None, and a note, when that did not work out."""
        if origin is None or self._pin is not None:
            return None
        try:
            async with self._open_mirror(origin) as store:
                found = await read_head(store)
                if found is None or found.head.manifest.sha256 != shown.head.manifest.sha256:
                    serial = found.head.serial if found else "nothing"
                    notes.append(f"mirror {origin} is behind (it shows {serial}), so files came from the hub.")
                    return None
                return await self._replicate(store, shown, mirror, memory, excuses=False)
        except HeldError:
            raise
        except GdacError as error:
            notes.append(f"could not copy from mirror {origin} ({error.what}), so files came from the hub.")
            return None

    async def _replicate(
        self, origin: Store, shown: Shown, mirror: Mirror, memory: str, *, excuses: bool
    ) -> MirrorRecord:
        brake = Brake(self._state, mirror.name, self._config.limits_for(mirror.name), self._now)
        with self._workdir() as workdir:
            return await Replication(
                origin,
                shown,
                self._copies,
                self._state,
                workdir,
                memory,
                self._reporter,
                self._now,
                excuses=excuses,
                adopt=self._adopt,
                pin=self._pin,
            ).bring(mirror, brake)

    @contextmanager
    def _workdir(self) -> Iterator[Path]:
        with TemporaryDirectory(dir=self._state.directory, prefix="work-") as folder:
            yield Path(folder)


def share_of_memory(limit: str, among: int) -> str:
    """An equal share of a limit such as ``2GB``, for the column engine."""
    megabytes = int(limit[:-2]) * (1000 if limit.endswith("GB") else 1)
    return f"{max(min(_LEAST_MB, megabytes), megabytes // max(among, 1))}MB"
