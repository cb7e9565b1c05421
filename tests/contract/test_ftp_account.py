"""An account on FTP that we may write in: whole files or none, on pyftpdlib (plain and TLS) and rclone."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from gdac.errors import StoreError
from gdac.store import ChangedError, Declared, Expect, NotFoundError, Store
from sync.loop import run
from sync.stores.open import open_store
from sync.stores.settings import FtpSettings, StoreSettings
from tests import servers

STARTS: dict[str, Callable[[Path], AbstractContextManager[servers.Server]]] = {
    "pyftpdlib": lambda root: servers.ftp_pyftpdlib(root, user=servers.USER, rights=servers.WRITES),
    "pyftpdlib-tls": lambda root: servers.ftp_pyftpdlib(
        root, user=servers.USER, rights=servers.WRITES, host="127.0.0.1"
    ),
    "rclone": lambda root: servers.ftp_rclone(root, written=True),
}


@pytest.fixture(scope="module", params=STARTS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    with STARTS[request.param](tmp_path_factory.mktemp(request.param)) as up:
        yield up


def account(server: servers.Server, corner: str) -> Store:
    log_in = FtpSettings(user=servers.USER, password=servers.PASSWORD, ca_file=server.trust, writes=True)
    return open_store(f"{server.url}/{corner}", StoreSettings(ftp=log_in))


async def fetch(store: Store, key: str) -> bytes:
    async with store.read(key) as reading:
        assert reading is not None
        return b"".join([piece async for piece in reading.chunks()])


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 100_000):
        yield data[at : at + 100_000]


async def listed(store: Store) -> set[str]:
    return {info.path async for info in store.list("", recursive=True)}


def test_files_are_written_over_listed_and_deleted(server):
    large = os.urandom(3_000_000)

    async def visit() -> None:
        async with account(server, "first/aoml") as store:
            for body in (b"one", b"", b"two and more"):
                info = await store.write("reject/a.7/x.nc", body, Declared(len(body)))
                assert (info.path, info.size) == ("reject/a.7/x.nc", len(body))
                assert info.validator == (await store.stat("reject/a.7/x.nc")).validator
                assert await fetch(store, "reject/a.7/x.nc") == body
            await store.write("reject/large.nc", pieces(large), Declared(len(large)))
            assert await fetch(store, "reject/large.nc") == large
            assert await listed(store) == {"reject/a.7/x.nc", "reject/large.nc"}
            await store.copy("reject/large.nc", "report/again.nc")
            assert await fetch(store, "report/again.nc") == large
            for key in await listed(store):
                await store.delete(key)
                await store.delete(key)
            assert await listed(store) == set()

    run(visit())
    assert server.root is not None
    kept = sorted(path.name for path in (server.root / "first" / "aoml").rglob("*"))
    assert kept == ["reject", "report"]  # the account's own folders stay


@pytest.mark.parametrize("due", [2_999_999, 3_000_001])
def test_a_body_of_another_size_changes_nothing(server, due):
    data = os.urandom(3_000_000)

    async def visit() -> None:
        async with account(server, f"second{due}") as store:
            await store.write("reject/x.nc", b"old", Declared(3))
            with pytest.raises(StoreError, match="declared"):
                await store.write("reject/x.nc", pieces(data), Declared(due))
            assert await fetch(store, "reject/x.nc") == b"old"

    run(visit())
    assert server.root is not None
    # What was broken off may stay under a name that nobody looks at, until `clean`.
    left = [path.name for path in (server.root / f"second{due}" / "reject").iterdir()]
    assert [name for name in left if not name.startswith(".")] == ["x.nc"]


def test_what_is_expected_is_looked_at_first(server):
    async def visit() -> None:
        async with account(server, "third") as store:
            await store.write("reject/x.nc", b"one", Declared(3), expect=Expect.NOTHING)
            with pytest.raises(ChangedError):
                await store.write("reject/x.nc", b"two", Declared(3), expect=Expect.NOTHING)
            with pytest.raises(ChangedError):
                await store.write("reject/x.nc", b"two", Declared(3), expect="another")
            now = await store.stat("reject/x.nc")
            await store.write("reject/x.nc", b"three", Declared(5), expect=now.validator or "")
            assert await fetch(store, "reject/x.nc") == b"three"
            with pytest.raises(NotFoundError):
                await store.stat("reject/y.nc")

    run(visit())


def test_many_writers_share_few_connections(server):
    files = {f"reject/{number % 3}/{number}.nc": os.urandom(1000) for number in range(20)}

    async def visit() -> None:
        async with account(server, "fourth") as store:
            await asyncio.gather(*[store.write(key, data, Declared(len(data))) for key, data in files.items()])
            assert await listed(store) == set(files)

    run(visit())


def test_an_account_without_the_right_to_write_says_so(tmp_path):
    (tmp_path / "aoml").mkdir()

    async def visit(server: servers.Server) -> None:
        async with account(server, "aoml") as store:
            with pytest.raises(StoreError, match="refused"):
                await store.write("reject/x.nc", b"one", Declared(3))
            (tmp_path / "aoml" / "x.nc").write_bytes(b"CDF")
            with pytest.raises(StoreError, match="refused"):
                await store.delete("x.nc")

    with servers.ftp_pyftpdlib(tmp_path, user=servers.USER) as server:
        run(visit(server))
