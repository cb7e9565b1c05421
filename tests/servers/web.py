"""HTTP and HTTPS: Python's own server, aiohttp, rclone."""

import asyncio
import functools
import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers.certificates import Signed, certificate
from tests.servers.running import (
    FRESH,
    Server,
    free_port,
    in_thread,
    rclone_serves,
)


@contextmanager
def http_python(root: Path, *, host: str = "") -> Iterator[Server]:
    """HTTP by Python's own server: lists directories, knows dates but no ETags. With `host` under TLS."""
    log: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_request(self, code: Any = "-", size: Any = "-") -> None:
            log.append(f"{self.command} {self.path}")

        def log_message(self, *args: Any) -> None:
            pass

    signed = certificate(root.parent / f"{root.name}-tls", host) if host else None
    with http_server(functools.partial(Handler, directory=str(root)), signed) as port:
        scheme, trust = ("https", str(signed.authority)) if signed else ("http", "")
        yield Server(f"{scheme}://127.0.0.1:{port}", root, log, trust=trust)


@contextmanager
def http_aiohttp(root: Path) -> Iterator[Server]:
    """HTTP by aiohttp: ETags, no directory pages."""
    from aiohttp import web

    log: list[str] = []
    ready = threading.Event()
    state: dict[str, Any] = {}

    @web.middleware
    async def note(request: web.Request, handler: Any) -> Any:
        log.append(f"{request.method} {request.raw_path}")
        return await handler(request)

    async def serve() -> None:
        app = web.Application(middlewares=[note])
        app.router.add_static("/", root)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        state["port"] = runner.addresses[0][1]
        state["loop"], state["stop"] = asyncio.get_running_loop(), asyncio.Event()
        ready.set()
        await state["stop"].wait()
        await runner.cleanup()

    def stop() -> None:
        state["loop"].call_soon_threadsafe(state["stop"].set)

    with in_thread(lambda: asyncio.run(serve()), stop, ready):
        yield Server(f"http://127.0.0.1:{state['port']}", root, log)


@contextmanager
def http_rclone(root: Path) -> Iterator[Server]:
    """HTTP by rclone: lists directories in its own style."""
    port = free_port()
    with rclone_serves(["http", str(root), "--addr", f"127.0.0.1:{port}", *FRESH], port):
        yield Server(f"http://127.0.0.1:{port}", root)


class _Server(http.server.ThreadingHTTPServer):
    #: A hundred clients may come at once; the others' first packets would be lost, and sent again seconds later.
    request_queue_size = 128


@contextmanager
def http_server(handler: Any, signed: "Signed | None" = None) -> Iterator[int]:
    server = _Server(("127.0.0.1", 0), handler)
    if signed is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(signed.chain, signed.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    server.block_on_close = False
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients leave when they like
    with in_thread(functools.partial(server.serve_forever, 0.02), server.shutdown):
        yield int(server.server_address[1])
    server.server_close()
