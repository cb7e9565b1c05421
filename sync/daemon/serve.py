"""What the daemon shows over HTTP: health, readiness, metrics, the status as JSON and as a page."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest

from gdac.errors import UsageError
from sync.daemon.metrics import CONTENT_TYPE, daemon_registry
from sync.daemon.view import Phase, View
from sync.status.facts import Status, render_json

#: A daemon that did not come round for so long hangs, if no job is on: its disk does not answer, say.
_HANGS_SECONDS: Final = 900.0
_IDLE_SECONDS: Final = 15.0
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(view: View, now: Callable[[], datetime]) -> web.Application:
    """The application, ready to run; it reads the view and changes nothing."""
    handlers = _Handlers(view, now)
    app = web.Application(client_max_size=1024)
    app.on_response_prepare.append(_add_headers)
    app.add_routes(
        [
            web.get("/healthz", handlers.health),
            web.get("/readyz", handlers.ready),
            web.get("/metrics", handlers.metrics),
            web.get("/status.json", handlers.status),
            web.get("/", handlers.page),
        ]
    )
    return app


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


class _Handlers:
    """One method per route."""

    def __init__(self, view: View, now: Callable[[], datetime]) -> None:
        self._view, self._now = view, now
        self._registry: CollectorRegistry = daemon_registry(view, now)

    async def health(self, _request: web.Request) -> web.Response:
        hangs = self._view.phase is not Phase.WORKING and time.monotonic() - self._view.beat > _HANGS_SECONDS
        if hangs and self._view.beat:
            return web.Response(status=503, text="the daemon hangs: does the disk of the state answer?\n")
        return web.Response(text="ok\n")

    async def ready(self, _request: web.Request) -> web.Response:
        view = self._view
        told = [f"{view.phase.value}{f': {view.reason}' if view.reason else ''}"]
        told += [f"configuration not in force: {view.refused}"] * bool(view.refused)
        told += [f"status not readable: {view.unread}"] * bool(view.unread)
        return web.Response(status=200 if view.is_ready else 503, text="\n".join(told) + "\n")

    async def metrics(self, _request: web.Request) -> web.Response:
        body = await asyncio.to_thread(generate_latest, self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})

    async def status(self, _request: web.Request) -> web.Response:
        body = await asyncio.to_thread(render_json, self._told())
        return web.Response(body=body, content_type="application/json", charset="utf-8")

    async def page(self, _request: web.Request) -> web.Response:
        from sync.status.page import render_page  # noqa: PLC0415 - templates weigh

        body = await asyncio.to_thread(render_page, self._told(), now=self._now())
        return web.Response(body=body, content_type="text/html", charset="utf-8")

    def _told(self) -> Status:
        told = self._view.told(self._now())
        if told is None:
            why = self._view.unread or "the daemon has just begun"
            raise web.HTTPServiceUnavailable(text=f"no status yet: {why}.\n", headers={"Retry-After": "5"})
        return told


@asynccontextmanager
async def listening(view: View, now: Callable[[], datetime], host: str, port: int) -> AsyncIterator[str]:
    """Serve as long as the context is open; gives the address.

    Raises:
        UsageError: the address cannot be listened on.
    """
    runner = web.AppRunner(
        application(view, now),
        access_log=None,
        keepalive_timeout=_IDLE_SECONDS,
        handler_cancellation=True,
        lingering_time=1.0,
        shutdown_timeout=1.0,
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
