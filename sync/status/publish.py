"""Publish the status beside the archive: in the hub and in every mirror, so that it outlives the machine that made it.

``manifest/about/status.json`` and ``status.html`` are no part of the seal: whatever is wrong with them, or with a store
that cannot take them, is a note and stops nothing.
"""

import asyncio
import hashlib
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

from gdac.errors import GdacError
from gdac.manifest.head import parse_head
from gdac.paths import MANIFEST_DIR
from gdac.store import Declared, Store
from sync.brakes.hold import HUB
from sync.config import Config
from sync.sealed.copies import read_head
from sync.state import State
from sync.state.watched import HUB_WORD
from sync.status.facts import Status, render_json
from sync.status.read import read_status
from sync.status.telling import told
from sync.tasks import tasks

#: Where a status lies, in every store.
STATUS_KEY: Final = f"{MANIFEST_DIR}/about/status.json"
PAGE_KEY: Final = f"{MANIFEST_DIR}/about/status.html"
#: Stores that are written to at once.
_AT_ONCE: Final = 8


class Publishing:
    """Writes the status of a deployment into its stores; use once.

    Args:
        config: the deployment.
        state: its opened state; it learns which heads the stores show.
        now: the clock (UTC).
        open_store: makes the store of the hub (`sync.brakes.hold.HUB`) or of a mirror.
    """

    def __init__(
        self, config: Config, state: State, now: Callable[[], datetime], open_store: Callable[[str], Store]
    ) -> None:
        self._config, self._state, self._now, self._open = config, state, now, open_store

    async def publish(self, since: datetime, *, without: Collection[str] = ()) -> tuple[str, ...]:
        """Write it wherever something of this archive is shown; returns what went wrong, as notes.

        Args:
            since: heads that the state has seen from then on are not looked at again.
            without: stores that are known not to answer just now.
        """
        if not self._config.status.publish:
            return ()
        from sync.daemon.told import read_jobs  # noqa: PLC0415 - the daemon's modules are its own

        now = self._now()
        status = read_status(self._config, self._state, now, read_jobs(self._config, now))
        if status.hub.archive is None:
            return ()
        names = [HUB, *(name for name in self._config.mirror if name not in without)]
        known = [name for name in names if self._state.published(name) is not None]
        at_once = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str) -> str | None:
            async with at_once:
                return await self._bounded(name, status, since)

        async with tasks() as group:
            under_way = [group.create_task(one(name)) for name in known]
        return tuple(note for task in under_way if (note := task.result()) is not None)

    async def _bounded(self, name: str, status: Status, since: datetime) -> str | None:
        called = HUB_WORD if name == HUB else name
        limit = self._config.status.timeout.total_seconds()
        try:
            async with asyncio.timeout(limit):
                await self._write(name, called, status, since)
        except TimeoutError:
            return f"the status was not written into {called}: it took longer than {limit:.0f} s."
        except GdacError as error:
            return f"the status was not written into {called} ({told(error.what)}); the next run tries again."
        return None

    async def _write(self, name: str, called: str, status: Status, since: datetime) -> None:
        from sync.status.page import render_page  # noqa: PLC0415 - templates weigh

        async with self._open(name) as store:
            if not store.capabilities.writes or await self._shown(name, store, since) != self._archive_of(name, status):
                return  # somebody else's by now, or pinned to a serial: not ours to write into
            page = render_page(status, here=called, about="./")
            for key, body, kind in (
                (PAGE_KEY, page, "text/html; charset=utf-8"),
                (STATUS_KEY, render_json(status), "application/json"),
            ):
                await store.write(key, body, Declared(len(body), hashlib.sha256(body).hexdigest(), content_type=kind))

    async def _shown(self, name: str, store: Store, since: datetime) -> str | None:
        """Id of the archive that a store shows."""
        kept = self._state.head_of(name)
        if kept is not None and kept[1] >= since:
            return parse_head(kept[0]).archive
        shown = await read_head(store)
        if shown is None:
            return None
        self._state.remember_head(name, shown.raw, self._now())
        return shown.head.archive

    def _archive_of(self, name: str, status: Status) -> str | None:
        archive = status.hub.archive
        if archive is None or name == HUB or self._config.mirror[name].view.is_plain:
            return archive
        return self._config.mirror[name].view.archive_id(archive)
