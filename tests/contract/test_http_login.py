"""Credentials of a web server: sent over TLS, as basic authentication, and never shown."""

import http.server
import ssl
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gdac.errors import StoreError
from sync.loop import run
from sync.stores.http import HttpStore
from sync.stores.settings import HttpSettings
from tests.servers import certificate

USER, PASSWORD = "argo", "grüße:42"


@contextmanager
def guarded(root: Path) -> Iterator[tuple[str, str]]:
    """A server that answers those who log in; yields its URL and the authority to trust."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            sent = self.headers.get("Authorization", "").removeprefix("Basic ")
            known = b64decode(sent).decode("utf-8") == f"{USER}:{PASSWORD}"
            self.send_response(200 if known else 401)
            self.send_header("Content-Length", "5" if known else "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    signed = certificate(root, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(signed.chain, signed.key)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_address[1]}/", str(signed.authority)
        finally:
            server.shutdown()
            thread.join()


async def size(url: str, settings: HttpSettings) -> int | None:
    async with HttpStore(url, settings) as store:
        return (await store.stat("x.nc")).size


def test_the_right_password_and_a_wrong_one(tmp_path: Path) -> None:
    with guarded(tmp_path / "tls") as (url, authority):
        assert run(size(url, HttpSettings(user=USER, password=PASSWORD, ca_file=authority))) == 5
        with pytest.raises(StoreError) as found:
            run(size(url, HttpSettings(user=USER, password="guess-work", ca_file=authority)))
        assert "guess-work" not in str(found.value)
