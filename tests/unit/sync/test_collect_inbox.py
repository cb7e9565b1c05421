"""What waits in an inbox, whole; and what never is taken: real folders, and real FTP, SFTP and S3 servers."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gdac.errors import StoreError, UsageError
from gdac.store import Declared
from sync.collect.inbox import Inbox, Look, opened_inbox
from sync.collect.section import CollectSection
from sync.collect.seen import Seen
from sync.loop import run
from tests import servers

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def section(store: str, settle: timedelta = timedelta(0), **options: object) -> CollectSection:
    return CollectSection.model_validate({"inbox": {"aoml": {"store": store, **options}}, "settle": settle})


def look(into: CollectSection, known: dict[str, str] | None = None, now: datetime = NOW) -> Look:
    async def visit() -> Look:
        async with opened_inbox("aoml", into) as inbox:
            return await inbox.waiting(known or {}, now)

    return run(visit())


def names(found: Look) -> list[str]:
    return [one.name for one in found.whole]


@pytest.fixture
def submit(tmp_path: Path) -> Path:
    folder = tmp_path / "aoml" / "submit"
    folder.mkdir(parents=True)
    return folder


def aged(file: Path, seconds: float, data: bytes = b"CDF") -> Path:
    """A file that was written so many seconds ago."""
    file.write_bytes(data)
    then = file.stat().st_mtime - seconds
    os.utime(file, (then, then))
    return file


def test_a_file_is_whole_when_it_has_not_changed_for_long_enough(submit):
    aged(submit / "new.nc", 5)
    aged(submit / "old.nc", 90)
    aged(submit / "older.nc", 900)
    found = look(section(str(submit.parent), MINUTE))
    assert names(found) == ["older.nc", "old.nc"]
    assert found.growing == ("new.nc",)
    assert not found.kept  # its time says when it will be whole
    assert names(look(section(str(submit.parent)))) == ["older.nc", "old.nc", "new.nc"]


def test_a_time_in_the_future_is_not_believed(submit):
    aged(submit / "x.nc", -3600)
    found = look(section(str(submit.parent), MINUTE))
    assert found.growing == ("x.nc",)
    again = look(section(str(submit.parent), MINUTE), dict(found.kept), NOW + timedelta(seconds=59))
    assert again.growing == ("x.nc",)
    assert again.kept == found.kept  # since it was first seen so
    assert names(look(section(str(submit.parent), MINUTE), dict(again.kept), NOW + MINUTE)) == ["x.nc"]


def test_a_file_that_changed_since_the_last_look_waits_anew(submit):
    file = aged(submit / "x.nc", -3600)
    found = look(section(str(submit.parent), MINUTE))
    aged(file, -3600, b"CDF and more")
    again = look(section(str(submit.parent), MINUTE), dict(found.kept), NOW + MINUTE)
    assert again.growing == ("x.nc",)
    since = Seen.read(again.kept["x.nc"])
    assert since is not None
    assert since.since == NOW + MINUTE


def test_memory_that_is_none_of_ours_is_none(submit):
    aged(submit / "x.nc", -3600)
    for rubbish in ("", "3", "{", '{"why": "growing"}', '{"why": 1, "look": 2, "since": "yesterday"}'):
        assert look(section(str(submit.parent), MINUTE), {"x.nc": rubbish}).growing == ("x.nc",)


def test_names_of_unfinished_uploads_wait_for_a_day(submit):
    for name in ("x.nc.filepart", "x.nc.PART", "x.tmp"):
        aged(submit / name, 3600)
    aged(submit / "old.nc.part", 90_000)
    aged(submit / ".x.nc.Q7d", 90_000)
    (submit / ".in.x.nc.").mkdir()
    found = look(section(str(submit.parent)))
    assert names(found) == ["old.nc.part"]
    assert sorted(found.growing) == ["x.nc.PART", "x.nc.filepart", "x.tmp"]
    assert not found.odd


def test_links_devices_and_folders_are_never_taken(submit):
    secret = submit.parent.parent / "secret"
    secret.write_bytes(b"CDF secret")
    inside = submit.parent / "reject" / "x.nc"
    inside.parent.mkdir()
    inside.write_bytes(b"CDF")
    (submit / "out.nc").symlink_to(secret)
    (submit / "in.nc").symlink_to(inside)
    (submit / "dangling.nc").symlink_to("nowhere")
    (submit / "folder").mkdir()
    os.mkfifo(submit / "fifo.nc")
    aged(submit / "R4900001_001.nc", 90)
    found = look(section(str(submit.parent)))
    assert names(found) == ["R4900001_001.nc"]
    assert {one.name: one.why for one in found.odd} == {
        "out.nc": "it is a symbolic link",
        "in.nc": "it is a symbolic link",
        "dangling.nc": "it is a symbolic link",
        "fifo.nc": "it is a FIFO",
        "folder": "it is a folder; only files that lie directly in the inbox are taken",
    }


def test_an_inbox_that_is_a_link_is_refused(tmp_path, submit):
    other = tmp_path / "other"
    other.mkdir()
    aged(other / "R4900001_001.nc", 90)
    submit.rmdir()
    submit.symlink_to(other)
    with pytest.raises(StoreError, match="symbolic link"):
        look(section(str(submit.parent)))


def test_a_link_put_in_a_files_place_is_not_followed(tmp_path, submit):
    secret = tmp_path / "secret"
    secret.write_bytes(b"CDF secret")
    aged(submit / "x.nc", 90)

    async def visit() -> None:
        async with opened_inbox("aoml", section(str(submit.parent))) as inbox:
            (one,) = (await inbox.waiting({}, NOW)).whole
            (submit / "x.nc").unlink()
            (submit / "x.nc").symlink_to(secret)
            with pytest.raises(StoreError):
                async with inbox.store.read(inbox.key(one.name)):
                    pass

    run(visit())


def test_hostile_names_are_told_printable(submit):
    for name in (b"bad\nname.nc", b"\xff\xfe.nc", "e\u0301.nc".encode(), b"back\\slash.nc", b" blank.nc"):
        (submit / os.fsdecode(name)).write_bytes(b"CDF")
    found = look(section(str(submit.parent)))
    assert not found.whole
    assert len(found.odd) == 5
    for one in found.odd:
        one.name.encode()
        assert one.name.isprintable()
        assert one.why


def test_an_account_of_which_a_folder_is_not_there_fails(tmp_path):
    with pytest.raises(StoreError, match=r"the account of aoml, .*/aoml, is not there: mount its disk, or make"):
        look(section(str(tmp_path / "aoml")))
    (tmp_path / "aoml").mkdir()
    with pytest.raises(StoreError, match=r"the inbox of aoml, .*/aoml/submit, is not there: mount its disk, or make"):
        look(section(str(tmp_path / "aoml")))
    (tmp_path / "aoml/submit").write_bytes(b"")
    with pytest.raises(StoreError, match=r"aoml/submit, is no folder"):
        look(section(str(tmp_path / "aoml")))
    (tmp_path / "aoml/submit").unlink()
    (tmp_path / "aoml/submit").mkdir()
    assert look(section(str(tmp_path / "aoml"))) == Look((), (), (), False, {})


def test_one_look_takes_in_so_many(submit, monkeypatch):
    monkeypatch.setattr("sync.collect.inbox.MOST_NAMES", 3)
    for number in range(5):
        aged(submit / f"R490000{number}_001.nc", 90)
    found = look(section(str(submit.parent)))
    assert len(found.whole) == 3
    assert found.more


def test_what_can_only_be_read_is_no_inbox(tmp_path):
    with servers.http_python(tmp_path) as server, pytest.raises(UsageError, match="can only be read"):
        look(section(server.url))


def _ftp(root: Path) -> AbstractContextManager[servers.Server]:
    return servers.ftp_pyftpdlib(root, user=servers.USER, rights=servers.WRITES)


REMOTE: dict[str, Callable[[Path], AbstractContextManager[servers.Server]]] = {
    "ftp": _ftp,
    "sftp": servers.sftp_rclone,
    "s3": lambda _: servers.s3_moto(),
}


@pytest.fixture(params=REMOTE)
def account(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, CollectSection]]:
    root = tmp_path / "served"
    (root / "aoml" / "submit").mkdir(parents=True)
    monkeypatch.setenv("GDAC_INBOX_AOML_USER", servers.USER)
    monkeypatch.setenv("GDAC_INBOX_AOML_PASSWORD", servers.PASSWORD)
    with REMOTE[request.param](root) as server:
        more = {"endpoint": server.endpoint} if request.param == "s3" else {}
        more |= {"known_hosts": server.trust} if request.param == "sftp" else {}
        yield request.param, section(f"{server.url}/aoml", MINUTE, **more)


async def put(inbox: Inbox, name: str, data: bytes, ago: timedelta) -> None:
    """A DAC's upload; where the server keeps times, so long ago."""
    modified = datetime.now(UTC).replace(microsecond=0) - ago
    await inbox.store.write(inbox.key(name), data, Declared(len(data), None, modified))


def test_whole_files_of_distant_inboxes(account):
    kind, into = account

    async def visit() -> tuple[Look, Look]:
        async with opened_inbox("aoml", into) as inbox:
            await put(inbox, "old.nc", b"CDF old", 10 * MINUTE)
            await put(inbox, "new.nc", b"CDF new", timedelta(0))
            before = await inbox.waiting({}, NOW)
            await inbox.store.delete(inbox.key("old.nc"))
            await inbox.store.delete(inbox.key("new.nc"))
            return before, await inbox.waiting({}, NOW)

    before, after = run(visit())
    whole = {"s3": ["new.nc", "old.nc"], "sftp": ["old.nc"], "ftp": []}[kind]  # FTP keeps no time of ours
    assert sorted(names(before)) == whole
    assert sorted([*names(before), *before.growing]) == ["new.nc", "old.nc"]
    assert {one.size for one in before.whole} <= {7}
    assert after == Look((), (), (), False, {})


def test_the_last_file_leaves_the_folder_where_it_is(account, tmp_path):
    kind, into = account

    async def visit() -> None:
        async with opened_inbox("aoml", into) as inbox:
            await put(inbox, "x.nc", b"CDF", MINUTE)
            await inbox.waiting({}, NOW)
            await inbox.store.delete(inbox.key("x.nc"))

    run(visit())
    if kind != "s3":
        assert (tmp_path / "served" / "aoml" / "submit").is_dir()


def test_folders_in_a_bucket_are_told(tmp_path, monkeypatch):
    monkeypatch.setenv("GDAC_INBOX_AOML_USER", servers.USER)
    monkeypatch.setenv("GDAC_INBOX_AOML_PASSWORD", servers.PASSWORD)

    async def visit(server: servers.Server) -> Look:
        async with opened_inbox("aoml", section(f"{server.url}/aoml", endpoint=server.endpoint)) as inbox:
            await put(inbox, "x.nc", b"CDF", MINUTE)
            await put(inbox, "deep/x.nc", b"CDF", MINUTE)
            await put(inbox, "deep/y.nc", b"CDF", MINUTE)
            return await inbox.waiting({}, NOW)

    with servers.s3_moto() as server:
        found = run(visit(server))
    assert names(found) == ["x.nc"]
    assert [one.name for one in found.odd] == ["deep"]
