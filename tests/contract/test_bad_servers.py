"""Servers that cut, lie, hang and lead astray: every one ends in a clear `StoreError`, soon."""

import asyncio
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from gdac.errors import StoreError
from gdac.store import ListingNotOfferedError, NotFoundError, TemporaryStoreError
from sync.loop import run
from sync.stores.ftp import FtpStore
from sync.stores.http import HttpStore
from sync.stores.s3 import S3Store
from sync.stores.settings import FtpSettings, HttpSettings, S3Settings
from tests import servers
from tests.contract.conftest import Place

Talk = Callable[[socket.socket], None]


@contextmanager
def listening(talk: Talk) -> Iterator[int]:
    """A TCP server that does `talk` with each connection in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        stop = threading.Event()

        def serve_one(client: socket.socket) -> None:
            with client, suppress(OSError):
                talk(client)

        def accept() -> None:
            while not stop.is_set():
                try:
                    client, _ = server.accept()
                except TimeoutError:
                    continue
                client.settimeout(20)
                threading.Thread(target=serve_one, args=(client,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stop.set()
            thread.join()


def http_says(answer: bytes, *, hang: bool = False) -> Talk:
    def talk(client: socket.socket) -> None:
        while client.recv(65536):
            client.sendall(answer)
            if hang:
                time.sleep(5)
            return

    return talk


async def fetch(store: FtpStore | HttpStore | S3Store, key: str = "x.nc") -> bytes:
    async with store, store.read(key) as reading:
        assert reading is not None
        return b"".join([piece async for piece in reading.chunks()])


def http(port: int) -> HttpStore:
    return HttpStore(f"http://127.0.0.1:{port}", HttpSettings(connect_seconds=1, read_seconds=0.5))


# --- HTTP


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


# --- FTP


class FtpTalk:
    """An FTP server that does one thing wrong.

    Args:
        body: what RETR sends.
        size: what SIZE says.
        done: the last answer of a transfer.
        host: the address in PASV's answer.
        epsv: whether EPSV is known.
        mute: the command after which nothing is said any more.
        quits_after: commands after which the connection is closed, as an idle one is; None for never.
    """

    def __init__(
        self,
        body: bytes = b"hello",
        size: int | None = 5,
        done: str = "226 Done",
        host: str = "127,0,0,1",
        *,
        epsv: bool = True,
        mute: str = "",
        quits_after: int | None = None,
        welcome: str = "220 Hi",
    ) -> None:
        self.body, self.size, self.done, self.host = body, size, done, host
        self.epsv, self.mute, self.quits_after, self.welcome = epsv, mute, quits_after, welcome
        self.connections = 0
        self.commands: list[str] = []

    def __call__(self, client: socket.socket) -> None:
        with ExitStack() as opened:
            self._converse(client, opened)

    def _converse(self, client: socket.socket, opened: ExitStack) -> None:
        self.connections += 1
        client.sendall(f"{self.welcome}\r\n".encode())
        data: socket.socket | None = None
        retrieved = 0
        for raw in opened.enter_context(client.makefile("rb")):
            line = raw.decode().strip()
            command = line.partition(" ")[0]
            self.commands.append(line)
            if command == self.mute:
                time.sleep(5)
                return
            if command in {"EPSV", "PASV"} and (self.epsv or command == "PASV"):
                data = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
                port = data.getsockname()[1]
                text = f"229 Ok (|||{port}|)" if command == "EPSV" else f"227 Ok ({self.host},{port >> 8},{port & 255})"
                client.sendall(f"{text}\r\n".encode())
            elif command == "RETR" and data is not None:
                client.sendall(b"150 Here it comes\r\n")
                accepted, _ = data.accept()
                accepted.sendall(self.body)
                accepted.close()
                data.close()
                client.sendall(f"{self.done}\r\n".encode())
                retrieved += 1
                if retrieved == self.quits_after:
                    return
            else:
                client.sendall(f"{self._answer(command)}\r\n".encode())

    def _answer(self, command: str) -> str:
        known = {"USER": "331 Password", "PASS": "230 In", "TYPE": "200 Ok", "MDTM": "213 20200101000000"}
        known["FEAT"] = "211-Features:\r\n SIZE\r\n MDTM\r\n211 End"
        if self.size is not None:
            known["SIZE"] = f"213 {self.size}"
        return known.get(command, "502 Not known")


def ftp(port: int, **settings: object) -> FtpStore:
    return FtpStore("127.0.0.1", port, "", FtpSettings(connect_seconds=1, read_seconds=0.5, **settings))  # type: ignore[arg-type]


def test_ftp_good_twin() -> None:
    with listening(FtpTalk()) as port:
        assert run(fetch(ftp(port))) == b"hello"


@pytest.mark.parametrize("body", [b"hell", b"hello!"])
def test_ftp_wrong_length(body: bytes) -> None:
    """The server closes the data connection early (or late) and still says that all went well."""
    with listening(FtpTalk(body)) as port, pytest.raises(StoreError, match=f"after {len(body)} bytes.*announced 5"):
        run(fetch(ftp(port)))


def test_ftp_admits_failure() -> None:
    talk = FtpTalk(b"hell", size=None, done="426 Connection closed; transfer aborted")
    with listening(talk) as port, pytest.raises(StoreError, match="426 Connection closed"):
        run(fetch(ftp(port)))


@pytest.mark.parametrize("mute", ["USER", "MDTM", "EPSV", "RETR"])
def test_ftp_hangs(mute: str) -> None:
    began = time.monotonic()
    with listening(FtpTalk(mute=mute)) as port, pytest.raises(StoreError, match="did not answer in time"):
        run(fetch(ftp(port)))
    assert time.monotonic() - began < 4


def test_ftp_ignores_the_address_in_pasv() -> None:
    """10.9.8.7 would be dialled by a client that believes the server; we stay with the machine we talk to."""
    with listening(FtpTalk(host="10,9,8,7", epsv=False)) as port:
        assert run(fetch(ftp(port))) == b"hello"


def test_ftp_extended_passive_comes_first() -> None:
    talk = FtpTalk(epsv=False)
    with listening(talk) as port:
        run(fetch(ftp(port, pipeline=False)))
    asked = [command for command in talk.commands if command in {"EPSV", "PASV"}]
    assert asked == ["EPSV", "PASV"]


def test_ftp_full_server() -> None:
    welcome = "421 There are too many connected users, please try again later."
    with (
        listening(FtpTalk(welcome=welcome)) as port,
        pytest.raises(StoreError, match="421 There are too many") as found,
    ):
        run(fetch(ftp(port)))
    assert "connections" in found.value.hint


def test_ftp_wrong_password_is_not_shown(tmp_path: Path) -> None:
    with servers.ftp_pyftpdlib(tmp_path, user=servers.USER) as server:
        store = FtpStore("127.0.0.1", server.port, "", FtpSettings(user=servers.USER, password="not-this-one"))
        with pytest.raises(StoreError, match="refused the log-in") as found:
            run(fetch(store))
    error = found.value
    assert "not-this-one" not in f"{error} {error!r} {error.__cause__!r}"


def test_ftp_connection_closed_while_idle() -> None:
    """One fresh try, without bothering the caller."""
    talk = FtpTalk(quits_after=1)

    async def visit(port: int) -> list[bytes]:
        got = []
        async with ftp(port) as store:
            for _ in range(3):
                async with store.read("x.nc") as reading:
                    assert reading is not None
                    got.append(b"".join([piece async for piece in reading.chunks()]))
        return got

    with listening(talk) as port:
        assert run(visit(port)) == [b"hello"] * 3
    assert talk.connections == 3


def test_ftp_speaks_http() -> None:
    with listening(FtpTalk(welcome="HTTP/1.1 400 Bad Request")) as port, pytest.raises(StoreError):
        run(fetch(ftp(port)))


# --- S3


def s3(port: int) -> S3Store:
    settings = S3Settings(
        endpoint=f"http://127.0.0.1:{port}",
        access_key="AKIDEXAMPLE",
        secret_key=servers.PASSWORD,
        retries=0,
        connect_seconds=1,
        read_seconds=0.5,
    )
    return S3Store("bucket", "", settings)


def test_s3_short_body() -> None:
    head = b'HTTP/1.1 200 OK\r\nETag: "a"\r\nLast-Modified: Wed, 01 Jan 2020 00:00:00 GMT\r\n'
    with (
        listening(http_says(head + b"Content-Length: 1000\r\n\r\n" + b"x" * 700)) as port,
        pytest.raises(StoreError, match=r"x\.nc in s3://bucket broke off after"),
    ):
        run(fetch(s3(port)))


def test_s3_hangs() -> None:
    began = time.monotonic()
    with listening(http_says(b"", hang=True)) as port, pytest.raises(StoreError, match="did not answer in time"):
        run(fetch(s3(port)))
    assert time.monotonic() - began < 4


def test_s3_nobody_there() -> None:
    with pytest.raises(StoreError, match="Connection refused"):
        run(fetch(s3(servers.free_port())))


def test_s3_missing_bucket_is_no_missing_key(at: Callable[[str], Place]) -> None:
    """Else a typing error in the bucket's name would look like an empty archive."""
    place = at("s3-moto")
    store = S3Store("no-such-bucket", "", place.settings.s3)
    with pytest.raises(StoreError, match="NoSuchBucket") as found:
        run(fetch(store))
    assert not isinstance(found.value, NotFoundError)


def test_s3_denied_without_secrets() -> None:
    xml = (
        b"<Error><Code>SignatureDoesNotMatch</Code><Message>The signatures differ</Message>"
        b"<AWSAccessKeyId>AKIDEXAMPLE</AWSAccessKeyId><StringToSign>AWS4 secret things</StringToSign></Error>"
    )
    answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%s" % (len(xml), xml)
    with listening(http_says(answer)) as port, pytest.raises(StoreError, match="SignatureDoesNotMatch") as found:
        run(fetch(s3(port)))
    error = found.value
    assert not re.search("AKIDEXAMPLE|secret things", f"{error} {error.__cause__!r}")
    assert "GDAC_<NAME>_PASSWORD" in error.hint


# --- requests


def test_requests_per_file(at: Callable[[str], Place]) -> None:
    """O(N): what a file costs, by the servers' own logs."""
    files = {f"dac/{number}.nc": b"x" * 100 for number in range(20)}

    async def visit(place: Place) -> None:
        from tests.contract.test_store_contract import fill

        await fill(place, files)
        place.server.requests.clear()
        async with place.open() as store:
            await asyncio.gather(*[_take(store, key) for key in files])

    async def _take(store: object, key: str) -> None:
        async with store.read(key) as reading:  # type: ignore[attr-defined]
            async for _ in reading.chunks():
                pass

    for name, each, besides in [("http-python", 1, 0), ("s3-moto", 1, 0), ("ftp-pyftpdlib", 3, 8 * 6)]:
        place = at(name)
        run(visit(place))
        assert each * 20 <= len(place.server.requests) <= each * 20 + besides, place.server.requests
