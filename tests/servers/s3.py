"""S3: moto, rclone."""

import secrets
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers.running import PASSWORD, USER, Server, free_port, in_thread, rclone_serves


@contextmanager
def s3_moto() -> Iterator[Server]:
    """S3 by moto with a fresh bucket; takes `USER` and `PASSWORD`, or any keys."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    log: list[str] = []
    moto = DomainDispatcherApplication(create_backend_app)
    one_at_a_time, counting, under_way = threading.Lock(), threading.Lock(), [0]

    def application(environ: dict[str, Any], start: Any) -> Any:
        query = environ.get("QUERY_STRING", "")
        method = "COPY" if environ.get("HTTP_X_AMZ_COPY_SOURCE") else environ["REQUEST_METHOD"]
        log.append(f"{method} {environ['PATH_INFO']}{'?' + query if query else ''}")
        with counting:
            under_way[0] += 1
            server_told.busiest = max(server_told.busiest, under_way[0])
        try:
            if environ["REQUEST_METHOD"] != "PUT":
                return moto(environ, start)
            with one_at_a_time:  # moto checks a precondition and writes in two steps; S3 does both at once
                return moto(environ, start)
        finally:
            with counting:
                under_way[0] -= 1

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, *args: Any) -> None:
            pass

    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
    server.daemon_threads = True
    bucket = f"gdac-{secrets.token_hex(4)}"
    endpoint = f"http://127.0.0.1:{server.port}"
    server_told = Server(f"s3://{bucket}", None, log, endpoint)
    with in_thread(server.serve_forever, server.shutdown):
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{bucket}", method="PUT")).close()
        log.clear()
        yield server_told
    server.server_close()


@contextmanager
def s3_rclone(root: Path) -> Iterator[Server]:
    """S3 by rclone on a directory: buckets are its directories; takes `USER` and `PASSWORD`; no preconditions."""
    port = free_port()
    (root / "bucket").mkdir(parents=True, exist_ok=True)
    arguments = ["s3", str(root), "--addr", f"127.0.0.1:{port}", "--auth-key", f"{USER},{PASSWORD}"]
    with rclone_serves(arguments, port):
        yield Server("s3://bucket", root / "bucket", [], f"http://127.0.0.1:{port}")
