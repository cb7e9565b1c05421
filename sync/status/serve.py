"""Serve the published status of any archive live: state words of now, metrics, health. Never opens a state.

The status is read again from the archive at a fixed pace; where that fails, the last one stays, and what is served
says so.
"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from gdac.errors import GdacError, UsageError
from gdac.store import Store
from sync.daemon.metrics import CONTENT_TYPE, build_info, gauge, status_metrics
from sync.sealed.copies import read_small
from sync.status.facts import MAX_STATUS_BYTES, Status, parse_status, render_json
from sync.status.page import render_page
from sync.status.publish import STATUS_KEY
from sync.status.telling import told
from sync.status.words import aged

#: A read of the status that takes longer is given up until the next time.
_READ_SECONDS: Final = 60.0
_IDLE_SECONDS: Final = 15.0
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_LOG: Final = logging.getLogger("sync.status.serve")


@dataclass(slots=True)
class Published:
    """What was read of an archive's status.

    Attributes:
        status: as read last; None before the first time.
        unread: why it could not be read last; empty when it could.
        read: when it was read last (UTC).
    """

    status: Status | None = None
    unread: str = "it is being read for the first time"
    read: datetime | None = None

    async def refresh(self, store: Store, now: Callable[[], datetime]) -> None:
        """Read it again; what goes wrong is kept as `unread`."""
        before = self.unread
        try:
            async with asyncio.timeout(_READ_SECONDS):
                raw = await read_small(store, STATUS_KEY, MAX_STATUS_BYTES)
            if raw is None:
                raise UsageError(f"{store.name} has no {STATUS_KEY}.", hint="A run of gdac sync publishes one there.")
            self.status, self.unread, self.read = await asyncio.to_thread(parse_status, raw), "", now()
        except TimeoutError:
            self.unread = f"{store.name} did not answer within {_READ_SECONDS:.0f} s."
        except GdacError as error:
            self.unread = told(str(error))
        if self.unread != before and self.unread:
            _LOG.warning("the status cannot be read: %s", self.unread)

    def told(self, now: datetime) -> Status:
        """The status as it is to be told now.

        Raises:
            HTTPServiceUnavailable: there is none yet.
        """
        if self.status is None:
            raise web.HTTPServiceUnavailable(text=f"no status yet: {self.unread}\n", headers={"Retry-After": "5"})
        return aged(self.status, now)


def application(published: Published, now: Callable[[], datetime]) -> web.Application:
    """The application, ready to run; it reads what was published and changes nothing."""
    handlers = _Handlers(published, now)
    app = web.Application(client_max_size=1024)
    app.on_response_prepare.append(_add_headers)
    app.add_routes(
        [
            web.get("/healthz", handlers.health),
            web.get("/readyz", handlers.ready),
            web.get("/metrics", handlers.metrics),
            web.get("/status.json", handlers.json),
            web.get("/", handlers.page),
        ]
    )
    return app


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


class _Handlers:
    """One method per route."""

    def __init__(self, published: Published, now: Callable[[], datetime]) -> None:
        self._published, self._now = published, now
        self._registry = CollectorRegistry()
        self._registry.register(_Metrics(published, now))

    async def health(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def ready(self, _request: web.Request) -> web.Response:
        published = self._published
        text = f"status not readable: {published.unread}\n" if published.unread else "ok\n"
        return web.Response(status=503 if published.status is None else 200, text=text)

    async def metrics(self, _request: web.Request) -> web.Response:
        body = await asyncio.to_thread(generate_latest, self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})

    async def json(self, _request: web.Request) -> web.Response:
        body = await asyncio.to_thread(render_json, self._published.told(self._now()))
        return web.Response(body=body, content_type="application/json", charset="utf-8")

    async def page(self, _request: web.Request) -> web.Response:
        now = self._now()
        status, unread = self._published.told(now), self._published.unread
        body = await asyncio.to_thread(render_page, status, now=now, trouble=unread)
        return web.Response(body=body, content_type="text/html", charset="utf-8")


class _Metrics(Collector):
    def __init__(self, published: Published, now: Callable[[], datetime]) -> None:
        self._published, self._now = published, now

    def collect(self) -> Iterator[Metric]:
        yield build_info()
        text = "1 while the published status can be read from the archive."
        yield gauge("status_readable", text, (), [((), float(not self._published.unread))])
        if self._published.status is not None:
            yield from status_metrics(aged(self._published.status, self._now()))


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[str]:
    """Serve as long as the context is open; gives the address.

    Raises:
        UsageError: the address cannot be listened on.
    """
    runner = web.AppRunner(
        app, access_log=None, keepalive_timeout=_IDLE_SECONDS, handler_cancellation=True, shutdown_timeout=1.0
    )
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host or None, port, backlog=128).start()
        except OSError as error:
            raise UsageError(
                f"{host}:{port} cannot be listened on: {error.strerror or error}.",
                hint="Name another address with --listen.",
            ) from error
        actual = runner.addresses[0][1]
        name = f"[{host}]" if ":" in host else host or "0.0.0.0"  # noqa: S104 - only told, where it was asked for
        yield f"http://{name}:{actual}"
    finally:
        await runner.cleanup()


async def serve_status(
    store: Store, every: float, address: tuple[str, int], now: Callable[[], datetime], ready: Callable[[str], None]
) -> None:
    """Serve until the process is asked to stop.

    Args:
        store: the archive, not yet entered.
        every: seconds between two looks at its status.
        address: host and port to listen on.
        now: the clock (UTC).
        ready: is told the address.

    Raises:
        UsageError: the address cannot be listened on.
    """
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows raises KeyboardInterrupt by itself
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    published = Published()
    async with store, listening(application(published, now), *address) as url:
        ready(url)
        asked_to_stop = asyncio.ensure_future(stop.wait())
        while not stop.is_set():
            looking = asyncio.ensure_future(published.refresh(store, now))
            await asyncio.wait({looking, asked_to_stop}, return_when=asyncio.FIRST_COMPLETED)
            if not looking.done():
                looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), every)
        asked_to_stop.cancel()
