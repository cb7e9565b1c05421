"""Real servers on 127.0.0.1 for tests: FTP, HTTP and S3, in threads (their requests are logged) or by rclone.

Every context manager yields a `Server`; what it started ends with it.
"""

import asyncio
import contextlib
import functools
import http.server
import logging
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

USER = "gdactester"
PASSWORD = "correct-horse-battery"
#: rclone's directory cache would hide what a test puts on the disk. (Not for S3: without it a write takes seconds.)
_FRESH = ("--dir-cache-time", "0s")


@dataclass
class Server:
    """A running server.

    Attributes:
        url: where it listens, without credentials or trailing slash.
        root: directory it serves, where there is one.
        requests: every request so far, one string each (``RETR dac/x.nc``, ``GET /dac/x.nc``); empty for rclone.
        endpoint: of an S3 server: the URL for `S3Settings.endpoint`; `url` is then ``s3://bucket``.
    """

    url: str
    root: Path | None = None
    requests: list[str] = field(default_factory=list)
    endpoint: str = ""

    @property
    def port(self) -> int:
        return int((self.endpoint or self.url).rpartition(":")[2].partition("/")[0])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def rclone() -> str | None:
    """The rclone binary of this environment, or None."""
    return shutil.which("rclone", path=str(Path(sys.executable).parent)) or shutil.which("rclone")


# --- FTP


@contextmanager
def ftp_pyftpdlib(root: Path, *, user: str | None = None, without: tuple[str, ...] = ()) -> Iterator[Server]:
    """FTP by pyftpdlib; anonymous, or for `user` with `PASSWORD`; `without` some commands (``MLSD``, ``EPSV``)."""
    with warnings.catch_warnings():  # it brings asyncore along, or its own copy where Python has none
        warnings.simplefilter("ignore", DeprecationWarning)
        from pyftpdlib.authorizers import DummyAuthorizer
        from pyftpdlib.handlers import FTPHandler
        from pyftpdlib.ioloop import IOLoop
        from pyftpdlib.servers import FTPServer

    logger = logging.getLogger("pyftpdlib")
    logger.handlers, logger.propagate = [logging.NullHandler()], False
    authorizer: Any = DummyAuthorizer()
    if user is None:
        authorizer.add_anonymous(str(root))
    else:
        authorizer.add_user(user, PASSWORD, str(root))
    log: list[str] = []

    class Handler(FTPHandler):  # type: ignore[misc] # untyped library
        proto_cmds: ClassVar = {name: what for name, what in FTPHandler.proto_cmds.items() if name not in without}

        def pre_process_command(self, line: str, cmd: str, arg: str) -> Any:
            log.append(f"{cmd} {arg}".strip())
            return super().pre_process_command(line, cmd, arg)

    Handler.authorizer = authorizer
    Handler.auth_failed_timeout = 0
    server: Any = FTPServer(("127.0.0.1", 0), Handler, ioloop=IOLoop())
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            server.ioloop.loop(timeout=0.02, blocking=False)
        server.close_all()

    with _in_thread(serve, stop.set):
        yield Server(f"ftp://127.0.0.1:{server.address[1]}", root, log)


@contextmanager
def ftp_rclone(root: Path) -> Iterator[Server]:
    """FTP by rclone, for `USER` with `PASSWORD`."""
    port = free_port()
    arguments = ["ftp", str(root), "--addr", f"127.0.0.1:{port}", "--user", USER, "--pass", PASSWORD, *_FRESH]
    with _rclone_serves(arguments, port):
        yield Server(f"ftp://127.0.0.1:{port}", root)


# --- HTTP


@contextmanager
def http_python(root: Path) -> Iterator[Server]:
    """HTTP by Python's own server: lists directories, knows dates but no ETags."""
    log: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_request(self, code: Any = "-", size: Any = "-") -> None:
            log.append(f"{self.command} {self.path}")

        def log_message(self, *args: Any) -> None:
            pass

    with _http_server(functools.partial(Handler, directory=str(root))) as port:
        yield Server(f"http://127.0.0.1:{port}", root, log)


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

    with _in_thread(lambda: asyncio.run(serve()), stop, ready):
        yield Server(f"http://127.0.0.1:{state['port']}", root, log)


@contextmanager
def http_rclone(root: Path) -> Iterator[Server]:
    """HTTP by rclone: lists directories in its own style."""
    port = free_port()
    with _rclone_serves(["http", str(root), "--addr", f"127.0.0.1:{port}", *_FRESH], port):
        yield Server(f"http://127.0.0.1:{port}", root)


# --- S3


@contextmanager
def s3_moto() -> Iterator[Server]:
    """S3 by moto with a fresh bucket; takes `USER` and `PASSWORD`, or any keys."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    log: list[str] = []
    moto = DomainDispatcherApplication(create_backend_app)
    one_at_a_time = threading.Lock()

    def application(environ: dict[str, Any], start: Any) -> Any:
        query = environ.get("QUERY_STRING", "")
        log.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}{'?' + query if query else ''}")
        if environ["REQUEST_METHOD"] != "PUT":
            return moto(environ, start)
        with one_at_a_time:  # moto checks a precondition and writes in two steps; S3 does both at once
            return moto(environ, start)

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, *args: Any) -> None:
            pass

    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
    server.daemon_threads = True
    bucket = f"gdac-{secrets.token_hex(4)}"
    endpoint = f"http://127.0.0.1:{server.port}"
    with _in_thread(server.serve_forever, server.shutdown):
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{bucket}", method="PUT")).close()
        log.clear()
        yield Server(f"s3://{bucket}", None, log, endpoint)
    server.server_close()


@contextmanager
def s3_rclone(root: Path) -> Iterator[Server]:
    """S3 by rclone on a directory: buckets are its directories; takes `USER` and `PASSWORD`; no preconditions."""
    port = free_port()
    (root / "bucket").mkdir(parents=True, exist_ok=True)
    arguments = ["s3", str(root), "--addr", f"127.0.0.1:{port}", "--auth-key", f"{USER},{PASSWORD}"]
    with _rclone_serves(arguments, port):
        yield Server("s3://bucket", root / "bucket", [], f"http://127.0.0.1:{port}")


# --- how they run


@contextmanager
def _in_thread(
    serve: Callable[[], None], stop: Callable[[], None], ready: threading.Event | None = None
) -> Iterator[None]:
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    if ready is not None:
        assert ready.wait(10), "the server did not start"
    try:
        yield
    finally:
        stop()
        thread.join(10)


@contextmanager
def _http_server(handler: Any) -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients leave when they like
    with _in_thread(functools.partial(server.serve_forever, 0.02), server.shutdown):
        yield int(server.server_address[1])
    server.server_close()


@contextmanager
def _rclone_serves(arguments: list[str], port: int) -> Iterator[None]:
    binary = rclone()
    if binary is None:
        import pytest

        pytest.skip("rclone is not installed")
    command = [binary, "serve", *arguments, "--config", os.devnull, "-q"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(200):
        assert process.poll() is None, "the server ended at once"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("the server did not listen")
