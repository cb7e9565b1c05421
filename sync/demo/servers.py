"""Real servers on 127.0.0.1 for the demo: FTP by pyftpdlib, HTTP by the standard library, S3 by moto."""

import functools
import http.server
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen


@dataclass(slots=True)
class Serving:
    """A running server.

    Attributes:
        url: where it listens; of the S3 server: its endpoint.
        requests: how many requests it has had, in ``requests[0]``.
    """

    url: str
    requests: list[int] = field(default_factory=lambda: [0])


@contextmanager
def ftp(root: Path) -> Iterator[Serving]:
    """An anonymous, read-only FTP server of a directory."""
    from pyftpdlib.authorizers import DummyAuthorizer  # noqa: PLC0415 - of the extra `demo`
    from pyftpdlib.handlers import FTPHandler  # noqa: PLC0415
    from pyftpdlib.ioloop import IOLoop  # noqa: PLC0415
    from pyftpdlib.servers import FTPServer  # noqa: PLC0415

    logger = logging.getLogger("pyftpdlib")
    logger.handlers, logger.propagate = [logging.NullHandler()], False
    serving = Serving("")
    authorizer = DummyAuthorizer()
    authorizer.add_anonymous(str(root))

    class Counting(FTPHandler):  # type: ignore[misc] # an untyped library
        def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
            serving.requests[0] += 1
            super().pre_process_command(line, cmd, arg)

    Counting.authorizer = authorizer
    server = FTPServer(("127.0.0.1", 0), Counting, ioloop=IOLoop())
    serving.url = f"ftp://127.0.0.1:{server.address[1]}"
    stopped = threading.Event()

    def serve() -> None:
        while not stopped.is_set():
            server.ioloop.loop(timeout=0.05, blocking=False)
        server.close_all()

    with _thread(serve, stopped.set):
        yield serving


@contextmanager
def web(root: Path) -> Iterator[Serving]:
    """An HTTP server of a directory, with listings."""
    serving = Serving("")

    class Counting(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ARG002 - the base class's names
            serving.requests[0] += 1

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Counting, directory=str(root)))
    server.daemon_threads = True
    server.block_on_close = False
    serving.url = f"http://127.0.0.1:{server.server_address[1]}"
    with _thread(functools.partial(server.serve_forever, 0.05), server.shutdown):
        yield serving
    server.server_close()


@contextmanager
def s3(bucket: str) -> Iterator[Serving]:
    """An S3 server with one empty bucket; it lives in memory."""
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415 - of the extra `demo`
        DomainDispatcherApplication,
        create_backend_app,
    )
    from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: PLC0415

    serving = Serving("")
    moto = DomainDispatcherApplication(create_backend_app)

    def counting(environ: dict[str, Any], start: Any) -> Any:
        serving.requests[0] += 1
        return moto(environ, start)

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the base class's names
            pass

    server = make_server("127.0.0.1", 0, counting, threaded=True, request_handler=Quiet)
    serving.url = f"http://127.0.0.1:{server.port}"
    with _thread(server.serve_forever, server.shutdown):
        urlopen(Request(f"{serving.url}/{bucket}", method="PUT")).close()  # noqa: S310 - our own server on loopback
        serving.requests[0] = 0
        yield serving
    server.server_close()


@contextmanager
def _thread(serve: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join(10)
