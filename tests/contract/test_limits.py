"""Limits on our side, as the configuration sets them, and on the server's; and bodies that break off in the middle."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gdac.errors import StoreError, UsageError
from gdac.store import Declared, Store, TemporaryStoreError
from sync.config import check_config
from sync.loop import run
from sync.options import StoreOptions
from sync.run import opened
from sync.stores.ftp import FtpStore
from sync.stores.http import HttpStore
from sync.stores.retry import RetryingStore, RetrySettings
from sync.stores.settings import FtpSettings
from tests import servers
from tests.contract.bad_servers import FtpTalk, listening

FILES = {f"dac/{number}.nc": os.urandom(20_000 + number) for number in range(40)}


def filled(root: Path) -> Path:
    for key, data in FILES.items():
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(data)
    return root


async def fetch(store: Store, key: str) -> bytes:
    async with store.read(key) as reading:
        assert reading is not None
        return b"".join([piece async for piece in reading.chunks()])


# --- servers that are full


@pytest.mark.parametrize("serve", [servers.ftp_pyftpdlib, servers.ftp_vsftpd, servers.ftp_proftpd])
def test_a_server_that_takes_two_connections(serve: Callable[..., Any], tmp_path: Path) -> None:
    """Eight are allowed to us: all files come, and the server turns us away a few times only."""
    (tmp_path / "root").mkdir()
    with serve(filled(tmp_path / "root"), most=2) as server:

        async def visit() -> tuple[dict[str, bytes], int]:
            inner = FtpStore("127.0.0.1", server.port, "", FtpSettings(connections=8))
            async with RetryingStore(inner, RetrySettings(tries=5, first_pause=0.05)) as store:
                await asyncio.sleep(0.1)  # the server's check whether we listen is a connection, too
                got = await asyncio.gather(*[fetch(store, key) for key in FILES])
                return dict(zip(FILES, got, strict=True)), store.retried

        got, retried = run(visit())
    assert got == FILES
    assert retried <= 8


def test_a_server_that_is_full_for_others_is_tried_again() -> None:
    talk = FtpTalk()
    welcomes = iter(["421 Too many users"] * 3)

    def sometimes(client: socket.socket) -> None:
        if (welcome := next(welcomes, None)) is not None:
            client.sendall(f"{welcome}\r\n".encode())
            return
        talk(client)

    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def visit(port: int) -> bytes:
        inner = FtpStore("127.0.0.1", port, "", FtpSettings(connect_seconds=1, read_seconds=0.5))
        async with RetryingStore(inner, draw=lambda: 1.0, sleep=sleep) as store:
            return await fetch(store, "x.nc")

    with listening(sometimes) as port:
        assert run(visit(port)) == b"hello"
    assert pauses == [0.5, 1.0, 2.0]


def test_a_wrong_password_is_not_tried_again(tmp_path: Path) -> None:
    with servers.ftp_pyftpdlib(tmp_path, user=servers.USER) as server:
        store = FtpStore("127.0.0.1", server.port, "", FtpSettings(user=servers.USER, password="no"))
        with pytest.raises(StoreError, match="refused the log-in") as found:
            run(fetch(RetryingStore(store), "x.nc"))
    assert not isinstance(found.value, TemporaryStoreError)
    assert len([request for request in server.requests if request.startswith("PASS")]) == 1


# --- limits of the configuration


def test_requests_and_bytes_per_second(tmp_path: Path) -> None:
    with servers.http_python(filled(tmp_path)) as server:

        async def visit(**limits: Any) -> float:
            began = time.monotonic()
            async with opened("source", StoreOptions(store=server.url, **limits)) as store:
                await asyncio.gather(*[fetch(store, key) for key in FILES])
            return time.monotonic() - began

        assert run(visit(requests_per_second=100)) > 39 / 100
        assert run(visit(bytes_per_second="2MB")) > 0.8 * sum(map(len, FILES.values())) / 2e6


def test_connections_of_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GDAC_TARGET_USER", servers.USER)
    monkeypatch.setenv("GDAC_TARGET_PASSWORD", servers.PASSWORD)
    with servers.s3_moto() as server:
        options = StoreOptions(store=server.url, endpoint=server.endpoint, connections=3)

        async def visit() -> None:
            async with opened("target", options) as store:
                await asyncio.gather(*[store.write(key, data, Declared(len(data))) for key, data in FILES.items()])
                async for _ in store.list("", recursive=True):  # a listing needs no place of its own
                    await asyncio.gather(*[store.stat(key) for key in list(FILES)[:5]])
                    break

        run(visit())
    assert 1 <= server.busiest <= 3


@pytest.mark.parametrize(
    ("said", "number"), [("2MB", 2e6), ("1.5 GB", 1.5e9), ("500kB", 5e5), ("4096B", 4096.0), (1_000_000, 1e6)]
)
def test_sizes_in_the_configuration(said: Any, number: float) -> None:
    assert StoreOptions(store="/x", bytes_per_second=said).bytes_per_second == number


@pytest.mark.parametrize("wrong", ["fast", "2 furlongs", 0, -1, "1B"])
def test_wrong_limits_are_named(wrong: Any) -> None:
    raw = {"hub": {"store": "/x"}, "source": {"a": {"store": "/y", "bytes_per_second": wrong}}}
    with pytest.raises(UsageError, match=r"source\.a\.bytes_per_second"):
        check_config(raw, where="test")


# --- bodies that break off


@contextmanager
def breaking(bodies: list[bytes], cuts: list[int | None]) -> Iterator[tuple[int, list[str]]]:
    """A web server that sends one body after the other, each cut where it is told; the last one for ever."""
    asked: list[str] = []
    lock = threading.Lock()

    def talk(client: socket.socket) -> None:
        while request := client.recv(65536):
            with lock:
                number = min(len(asked), len(bodies) - 1)
                asked.append(request.decode())
            body, cut = bodies[number], cuts[number]
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n"
            client.sendall(f"{head}Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT\r\n\r\n".encode() + body[:cut])
            if cut is not None:
                return

    with listening(talk) as port:
        yield port, asked


BIG = os.urandom(3_000_000)


async def fetch_stubbornly(port: int) -> bytes:
    async def sleep(_: float) -> None:
        return

    async with RetryingStore(HttpStore(f"http://127.0.0.1:{port}"), sleep=sleep) as store:
        return await fetch(store, "big.nc")


def test_a_body_that_breaks_off_goes_on() -> None:
    with breaking([BIG] * 4, [700_000, 0, 2_500_000, None]) as (port, asked):
        assert run(fetch_stubbornly(port)) == BIG
    assert len(asked) == 4
    assert not [one for one in asked if "Range" in one]


def test_a_body_that_changed_meanwhile_is_never_torn() -> None:
    """Same length, same time, other bytes: a validator would not have told."""
    other = bytes(byte ^ 1 for byte in BIG)
    with breaking([BIG, other], [700_000, None]) as (port, _), pytest.raises(StoreError, match="other bytes by now"):
        run(fetch_stubbornly(port))
    longer = BIG + b"x"
    with breaking([BIG, longer], [700_000, None]) as (port, _), pytest.raises(StoreError, match="another size by now"):
        run(fetch_stubbornly(port))


def test_a_body_that_always_breaks_off_ends() -> None:
    with breaking([BIG], [700_000]) as (port, asked), pytest.raises(TemporaryStoreError, match="after"):
        run(fetch_stubbornly(port))
    assert len(asked) == RetrySettings().tries


def test_the_end_of_a_body_may_change_between_the_tries() -> None:
    """What was handed out is the beginning of the new version as well: the whole is that version, not a mixture."""
    other = BIG[:700_000] + os.urandom(2_300_000)
    with breaking([BIG, other], [600_000, None]) as (port, _):
        assert run(fetch_stubbornly(port)) == other
