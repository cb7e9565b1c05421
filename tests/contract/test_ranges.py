"""Large bodies that break off: the rest alone is asked for where the version is sure, else all of it again."""

import os
import re
import socket
from dataclasses import dataclass, field

import pytest

from gdac.errors import StoreError
from gdac.store import NotFoundError, Reading
from sync.loop import run
from sync.stores import retry
from sync.stores.http import HttpStore
from sync.stores.retry import RetryingStore, RetrySettings
from sync.stores.settings import HttpSettings
from tests.contract.bad_servers import listening
from tests.contract.conftest import Place
from tests.contract.traffic import fetch, fill

BODY = os.urandom(2_000_000)
AT = 1_500_000
#: Servers of which a rest must be had: their ETags tell versions, and they answer a range as they should.
GIVE_RANGES = {"http-aiohttp", "s3-moto", "gcs-own", "azure-azurite"}
_RANGE = re.compile(rb"\r\nRange: bytes=(\d+)-\r\n")


@dataclass
class Cutting:
    """A web server that sends one body, and closes after so many bytes of each answer.

    Attributes:
        bodies: what it has, one request after the other; the last one stays.
        cut: bytes of each answer; None for all.
        ranges: whether it gives ranges.
        honest: whether its ETag tells bodies apart.
        asked: where each request began.
        sent: bytes.
    """

    bodies: list[bytes]
    cut: list[int]
    ranges: bool = True
    honest: bool = True
    asked: list[int] = field(default_factory=list)
    sent: int = 0

    def __call__(self, client: socket.socket) -> None:
        request = client.recv(65536)
        number = len(self.asked)
        body = self.bodies[min(number, len(self.bodies) - 1)]
        tag = f'"{hash(body) if self.honest else 0}"'
        found = _RANGE.search(request) if self.ranges else None
        at = int(found[1]) if found and f"If-Range: {tag}\r\n".encode() in request else 0
        status = f"206 Partial Content\r\nContent-Range: bytes {at}-{len(body) - 1}/{len(body)}" if at else "200 OK"
        self.asked.append(at)
        piece = body[at:][: self.cut[min(number, len(self.cut) - 1)]]
        head = f"HTTP/1.1 {status}\r\nETag: {tag}\r\nContent-Length: {len(body) - at}\r\nConnection: close\r\n\r\n"
        client.sendall(head.encode() + piece)
        self.sent += len(piece)


def fetched(server: Cutting) -> tuple[bytes, RetryingStore]:
    async def nap(_seconds: float) -> None:
        return

    async def work(port: int) -> tuple[bytes, RetryingStore]:
        settings = RetrySettings(tries=3, first_pause=0)
        async with RetryingStore(HttpStore(f"http://127.0.0.1:{port}", HttpSettings()), settings, sleep=nap) as store:
            return await fetch(store, "large.tar"), store

    with listening(server) as port:
        return run(work(port))


@pytest.fixture(autouse=True)
def worth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "WORTH_A_RANGE", 100_000)


def test_the_rest_alone_is_asked_for_as_often_as_it_gets_on() -> None:
    server = Cutting([BODY], [300_000])
    data, store = fetched(server)
    assert data == BODY
    assert store.retried > 5  # more than the tries of a body that does not get on
    assert server.asked == sorted(server.asked)
    assert server.asked[0] < server.asked[1]
    assert server.sent < 2 * len(BODY)


def test_a_server_without_ranges_sends_all_of_it_again() -> None:
    server = Cutting([BODY], [1_200_000, 3_000_000], ranges=False)
    assert fetched(server)[0] == BODY
    assert server.asked == [0, 0, 0]  # the second answer was to be a rest, and was not


def test_little_is_read_again_from_the_beginning() -> None:
    server = Cutting([BODY], [50_000, 3_000_000])
    assert fetched(server)[0] == BODY
    assert server.asked == [0, 0]


@pytest.mark.parametrize("honest", [True, False])
def test_never_one_body_of_two_versions(honest: bool) -> None:
    """Replaced meanwhile: told by the ETag, or by the piece that comes again."""
    server = Cutting([BODY, bytes(reversed(BODY))], [1_200_000, 3_000_000], honest=honest)
    with pytest.raises(StoreError, match="other bytes by now"):
        fetched(server)
    assert (server.asked[1] > 0) is not honest


def test_a_body_that_does_not_get_on_is_given_up() -> None:
    server = Cutting([BODY], [1_200_000, 0])
    with pytest.raises(StoreError, match="announced 2,000,000"):
        fetched(server)
    assert len(server.asked) == 3, server.asked


def test_the_middle_of_an_object(place: Place) -> None:
    """Of every store: the rest of the very version, or nothing at all."""

    async def rest(reading: Reading | None) -> bytes | None:
        return None if reading is None else b"".join([piece async for piece in reading.chunks()])

    async def visit() -> None:
        await fill(place, {"etc/large.bin": BODY})
        async with place.open() as store:
            version = (await store.stat("etc/large.bin")).validator or ""
            async with store.read_on("etc/large.bin", AT, version) as reading:
                found = await rest(reading)
                assert found == (BODY[AT:] if place.name in GIVE_RANGES else found and BODY[AT:])
                assert reading is None or reading.info.size == len(BODY)
            async with store.read_on("etc/large.bin", AT, f'"{"0" * 32}"') as reading:
                assert reading is None
            try:
                async with store.read_on("etc/nothing.bin", AT, version) as reading:
                    assert reading is None
            except NotFoundError:
                pass

    run(visit())
