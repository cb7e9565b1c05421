"""Web servers that cut, lie, hang and lead astray: every one ends in a clear `StoreError`, soon."""

import socket
import time

import pytest

from gdac.errors import StoreError
from gdac.store import ListingNotOfferedError, NotFoundError, TemporaryStoreError
from sync.loop import run
from sync.stores.http import HttpStore
from sync.stores.settings import HttpSettings
from tests import servers
from tests.contract.bad_servers import fetch, http_says, listening


def http(port: int) -> HttpStore:
    return HttpStore(f"http://127.0.0.1:{port}", HttpSettings(connect_seconds=1, read_seconds=0.5))


def test_http_short_body() -> None:
    with (
        listening(http_says(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 700)) as port,
        pytest.raises(StoreError, match=r"after 700 bytes.*announced 1,000"),
    ):
        run(fetch(http(port)))


def test_http_short_chunked_body() -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    with listening(http_says(answer)) as port, pytest.raises(StoreError, match="broke off after 5 bytes"):
        run(fetch(http(port)))


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"])
def test_http_hangs(answer: bytes) -> None:
    began = time.monotonic()
    with listening(http_says(answer, hang=True)) as port, pytest.raises(StoreError, match="did not answer in time"):
        run(fetch(http(port)))
    assert time.monotonic() - began < 3


def test_http_gibberish() -> None:
    with listening(http_says(b"220 ftp.example.org ready\r\n")) as port, pytest.raises(StoreError, match="failed at x"):
        run(fetch(http(port)))


def test_http_nobody_there() -> None:
    with pytest.raises(StoreError, match=r"failed at x\.nc"):
        run(fetch(http(servers.free_port())))


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        ("404 Not Found", NotFoundError, "404"),
        ("410 Gone", NotFoundError, "410"),
        ("403 Forbidden", StoreError, "not for us"),
        ("503 Busy", TemporaryStoreError, "not served now"),
        ("206 Partial Content", StoreError, "206"),
        ("304 Not Modified", StoreError, "304"),
    ],
)
def test_http_status(status: str, kind: type[StoreError], words: str) -> None:
    with (
        listening(http_says(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())) as port,
        pytest.raises(kind, match=words) as found,
    ):
        run(fetch(http(port)))
    assert type(found.value) is kind


def test_http_html_passes_through() -> None:
    """What a page means is for the reader of the index to say."""
    page = b"<html>maintenance</html>"
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page)
    with listening(http_says(answer)) as port:
        assert run(fetch(http(port), "ar_index_global_prof.txt")) == page


def test_http_gz_arrives_as_it_lies() -> None:
    raw = b"\x1f\x8b not even gzip"
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: x-gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(raw), raw)
    with listening(http_says(answer)) as port:
        assert run(fetch(http(port), "ar_index_global_prof.txt.gz")) == raw
        with pytest.raises(StoreError, match="coded although"):
            run(fetch(http(port), "x.nc"))


@pytest.mark.parametrize(
    "target", ["http://127.0.0.2/x.nc", "https://example.org/x.nc", "ftp://127.0.0.1/x.nc", "//a/"]
)
def test_http_redirect_elsewhere(target: str) -> None:
    answer = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()
    with listening(http_says(answer)) as port, pytest.raises(StoreError, match="another host or an unprotected one"):
        run(fetch(http(port)))


def test_http_redirect_in_circles() -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: /x.nc\r\nContent-Length: 0\r\n\r\n"
    with listening(http_says(answer)) as port, pytest.raises(StoreError, match="in circles"):
        run(fetch(http(port)))


def test_http_head_not_allowed() -> None:
    def talk(client: socket.socket) -> None:
        if client.recv(65536).startswith(b"HEAD"):
            client.sendall(b"HTTP/1.1 405 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        else:
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

    async def visit(port: int) -> int | None:
        async with http(port) as store:
            return (await store.stat("x.nc")).size

    with listening(talk) as port:
        assert run(visit(port)) == 5


def test_http_home_page_is_no_listing() -> None:
    page = b"<html><title>Welcome</title><a href='dac/'>data</a></html>"
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page)

    async def visit(port: int) -> None:
        async with http(port) as store:
            async for _ in store.list(""):
                pass

    with listening(http_says(answer)) as port, pytest.raises(ListingNotOfferedError):
        run(visit(port))
