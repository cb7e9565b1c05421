"""What only a local directory can get wrong: links, full disks, rights, sessions that died."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gdac.errors import StoreError
from gdac.store import ChangedError, Declared, Expect, NotFoundError
from sync.loop import run
from sync.stores import sessions
from sync.stores.local import LocalStore
from sync.stores.sessions import TEMPORARY, TURNS


def declared(data: bytes) -> Declared:
    return Declared(len(data), None, datetime(2020, 1, 1, 0, 0, 0, 123456, tzinfo=UTC))


def write(root: Path, key: str, data: bytes, expect: Expect | str = Expect.ANYTHING) -> None:
    async def work() -> None:
        async with LocalStore(root) as store:
            await store.write(key, data, declared(data), expect=expect)

    run(work())


def read(root: Path, key: str) -> bytes:
    async def work() -> bytes:
        async with LocalStore(root) as store, store.read(key) as reading:
            assert reading is not None
            return b"".join([piece async for piece in reading.chunks()])

    return run(work())


def names(root: Path) -> set[str]:
    async def work() -> set[str]:
        async with LocalStore(root) as store:
            return {info.path async for info in store.list("", recursive=True)}

    return run(work())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "archive"
    made.mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.nc").write_bytes(b"secret")
    return made


def test_tree_is_clean_afterwards(root: Path) -> None:
    write(root, "dac/x.nc", b"x")
    assert sorted(path.name for path in root.rglob("*")) == ["dac", "x.nc"]


def test_time_and_rights(root: Path) -> None:
    old = os.umask(0o022)
    try:
        write(root, "dac/x.nc", b"x")
    finally:
        os.umask(old)
    found = (root / "dac/x.nc").stat()
    assert found.st_mtime_ns == 1_577_836_800_123_456_000
    assert found.st_mode & 0o777 == 0o644  # a web server must be able to read it


@pytest.mark.parametrize("key", ["dac/secret.nc", "dac/deeper/x.nc"])
def test_linked_directory_does_not_lead_out(root: Path, key: str) -> None:
    (root / "dac").symlink_to(root.parent / "outside")
    for attempt in (lambda: read(root, key), lambda: write(root, key, b"overwritten")):
        with pytest.raises(StoreError, match="leads out of the archive"):
            attempt()
    assert names(root) == set()
    assert (root.parent / "outside/secret.nc").read_bytes() == b"secret"


def test_linked_file_does_not_lead_out(root: Path) -> None:
    (root / "x.nc").symlink_to(root.parent / "outside/secret.nc")
    with pytest.raises(StoreError, match="leads out"):
        read(root, "x.nc")
    with pytest.raises(StoreError, match="leads out"):
        write(root, "x.nc", b"overwritten")
    assert names(root) == set()
    assert (root.parent / "outside/secret.nc").read_bytes() == b"secret"


def test_links_inside_are_followed(root: Path) -> None:
    write(root, "dac/x.nc", b"x")
    (root / "alias.nc").symlink_to("dac/x.nc")
    (root / "loop").symlink_to(".")
    assert read(root, "alias.nc") == b"x"
    assert read(root, "loop/dac/x.nc") == b"x"
    assert names(root) == {"dac/x.nc", "alias.nc"}


def test_root_itself_may_be_a_link(root: Path) -> None:
    (root.parent / "link").symlink_to(root)
    write(root.parent / "link", "dac/x.nc", b"x")
    assert read(root, "dac/x.nc") == b"x"


def test_dot_names_are_hidden_and_fifos_do_not_hang(root: Path) -> None:
    (root / ".snapshot").mkdir()
    (root / ".snapshot/x.nc").write_bytes(b"x")
    (root / ".nfs0001").write_bytes(b"x")
    os.mkfifo(root / "pipe")
    assert names(root) == set()
    with pytest.raises(NotFoundError):
        read(root, "pipe")


def test_directory_is_no_file(root: Path) -> None:
    write(root, "dac/x.nc", b"x")
    with pytest.raises(NotFoundError):
        read(root, "dac")
    with pytest.raises(StoreError, match="dac") as found:
        write(root, "dac", b"x")
    assert found.value.hint
    with pytest.raises(StoreError):
        write(root, "dac/x.nc/below.nc", b"x")
    assert read(root, "dac/x.nc") == b"x"


def test_delete_takes_empty_directories(root: Path) -> None:
    async def work() -> None:
        async with LocalStore(root) as store:
            await store.write("dac/aoml/1/x.nc", b"x", declared(b"x"))
            await store.write("dac/bodc/y.nc", b"y", declared(b"y"))
            await store.delete("dac/aoml/1/x.nc")

    run(work())
    assert sorted(path.name for path in root.rglob("*")) == ["bodc", "dac", "y.nc"]


def test_disk_full(root: Path) -> None:
    """A file size limit is the full disk that needs no root: the kernel says EFBIG where it would say ENOSPC."""
    script = f"""
import asyncio, resource, signal
from pathlib import Path
from gdac.errors import StoreError
from gdac.store import Declared
from sync.stores.local import LocalStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
async def work():
    async with LocalStore(Path({str(root)!r})) as store:
        await store.write("old.nc", b"old", Declared(3))
        for size in (60_000, 3_000_000):
            try:
                await store.write("old.nc", b"x" * size, Declared(size))
            except StoreError as error:
                print(error)
asyncio.run(work())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.count("File too large") == 2
    assert [path.read_bytes() for path in root.rglob("*") if path.is_file()] == [b"old"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_no_space_is_explained() -> None:
    from sync.stores.disk import Tree

    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(StoreError, match="No space left") as found,
        Tree(Path("/tmp")).errors("dac/x.nc"),
    ):
        full.write(b"x")
    assert "disk is full" in found.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything")
def test_no_right_to_write(root: Path) -> None:
    root.chmod(0o555)
    with pytest.raises(StoreError, match="Permission denied") as found:
        write(root, "x.nc", b"x")
    assert "right to" in found.value.hint


def test_clean_takes_what_the_dead_left_and_nothing_else(root: Path) -> None:
    """kill -9 in the middle of a write: the old bytes stand, the leftover goes, a live run's stays."""
    script = f"""
import asyncio, sys
from pathlib import Path
from gdac.store import Declared
from sync.stores.local import LocalStore
async def slow():
    yield b"x" * 2_000_000
    print("writing", flush=True)
    await asyncio.sleep(60)
async def work():
    async with LocalStore(Path({str(root)!r})) as store:
        await store.write("x.nc", slow(), Declared(3_000_000))
asyncio.run(work())
"""
    write(root, "x.nc", b"old")

    async def sweep() -> int:
        async with LocalStore(root) as store:
            return await store.clean()

    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        assert run(sweep()) == 0
        assert len(list(root.glob(f"{TEMPORARY}/*/1"))) == 1
        process.kill()
    assert run(sweep()) == 1
    assert not (root / TEMPORARY).exists()
    assert read(root, "x.nc") == b"old"
    assert names(root) == {"x.nc"}


def test_validator_changes_with_every_write(root: Path) -> None:
    """Same size, same time: the inode tells."""

    async def work() -> tuple[str | None, str | None]:
        async with LocalStore(root) as store:
            first = await store.write("x.nc", b"one", declared(b"one"))
            keep = os.open(root / "x.nc", os.O_RDONLY)  # else the inode could be given out again
            second = await store.write("x.nc", b"two", declared(b"two"))
            os.close(keep)
            return first.validator, second.validator

    first, second = run(work())
    assert first != second


def test_swap_of_what_is_gone(root: Path) -> None:
    with pytest.raises(ChangedError):
        write(root, "head.json", b"x", expect="1-2-3")
    assert not (root / "head.json").exists()


def test_no_descriptor_is_lost(root: Path) -> None:
    write(root, "big.nc", b"x" * 3_000_000)

    async def work() -> None:
        async with LocalStore(root) as store:
            for _ in range(100):
                async with store.read("big.nc") as reading:
                    assert reading is not None
                    async for _piece in reading.chunks():
                        break
                async for _info in store.list(""):
                    break

    before = len(list(Path("/proc/self/fd").iterdir()))
    run(work())
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


@pytest.mark.skipif(not sessions.HAS_LOCKS, reason="this system has no such locks")
def test_a_writer_that_hangs_keeps_nobody_waiting_for_ever(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    monkeypatch.setattr(sessions, "LONGEST_WAIT", 0.2)
    (root / "head.json").write_bytes(b"old")

    async def replace() -> None:
        async with LocalStore(root) as store:
            now = await store.stat("head.json")
            await store.write("head.json", b"new", declared(b"new"), expect=now.validator or "")

    (root / TEMPORARY).mkdir()
    with (root / TEMPORARY / TURNS).open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match=f"{TURNS} is locked by another process"):
            run(replace())
        assert (root / "head.json").read_bytes() == b"old"
    run(replace())
    assert sorted(path.name for path in root.rglob("*")) == ["head.json"]
    assert (root / "head.json").read_bytes() == b"new"
