"""A DAC's account on a server, from the upload to the month after: taken, given back, replayed, cleaned."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gdac.store import Declared
from sync.cli.cleaning import clean_all
from sync.collect.inbox import opened_inbox
from sync.config import Config, check_config
from sync.loop import run
from sync.progress import Silent
from sync.state import State
from tests import servers
from tests.collecting import restamped, sample, submitted
from tests.e2e.conftest import Desk

META = "6980001_meta.nc"
SERVERS: dict[str, Callable[[Path], AbstractContextManager[servers.Server]]] = {
    "ftp": lambda root: servers.ftp_pyftpdlib(root, user=servers.USER, rights=servers.WRITES),
    "sftp": servers.sftp_rclone,
    "s3": lambda _: servers.s3_moto(),
}


class Account:
    """A desk that collects from one account on a server, and the DAC's view of that account."""

    def __init__(self, root: Path, server: servers.Server, kind: str) -> None:
        self.desk = Desk(root)
        inbox = {"store": f"{server.url}/coriolis"}
        inbox |= {"endpoint": server.endpoint} if kind == "s3" else {}
        inbox |= {"known_hosts": server.trust} if kind == "sftp" else {}
        lines = [f'[hub]\nstore = "{root / "hub"}"', '[collect]\nsettle = "PT0S"', "[collect.inbox.coriolis]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in inbox.items()]
        (root / "gdac.toml").write_text("\n".join(lines) + "\n")
        self.raw = {"hub": {"store": str(root / "hub")}, "collect": {"settle": 0, "inbox": {"coriolis": inbox}}}

    @property
    def config(self) -> Config:
        return check_config(self.raw, where="test")

    def put(self, name: str, body: bytes) -> None:
        async def work() -> None:
            assert self.config.collect is not None
            async with opened_inbox("coriolis", self.config.collect) as inbox:
                await inbox.store.write(inbox.key(name), body, Declared(len(body)))

        run(work())

    def listed(self) -> set[str]:
        async def work() -> set[str]:
            assert self.config.collect is not None
            async with opened_inbox("coriolis", self.config.collect) as inbox:
                return {info.path async for info in inbox.store.list("", recursive=True)}

        return run(work())

    def collect(self, *arguments: str, exit_code: int) -> str:
        found = self.desk.gdac("collect", *arguments, "-c", "gdac.toml")
        assert found.returncode == exit_code, found.stdout + found.stderr
        return found.stdout

    def published(self) -> bytes:
        return (self.desk.hub / "dac/coriolis/6980001" / META).read_bytes()


@pytest.fixture(params=SERVERS)
def account(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    (tmp_path / "served/coriolis/submit").mkdir(parents=True)
    monkeypatch.setenv("GDAC_INBOX_CORIOLIS_USER", servers.USER)
    monkeypatch.setenv("GDAC_INBOX_CORIOLIS_PASSWORD", servers.PASSWORD)
    with SERVERS[request.param](tmp_path / "served") as server:
        yield Account(tmp_path, server, request.param)


@pytest.mark.parametrize("account", ["ftp", "sftp"], indirect=True)
def test_an_inbox_that_is_not_there_is_not_an_empty_one(account, tmp_path):
    """An account that was moved, or a disk of theirs that is not mounted."""
    (tmp_path / "served/coriolis/submit").rmdir()
    told = account.collect("run", exit_code=5)
    assert "the inbox of coriolis, submit/ on " in told
    assert "is not there" in told
    assert not (tmp_path / "served/coriolis/submit").exists()


def test_from_the_upload_to_the_month_after(account, tmp_path):
    old = submitted(sample(tmp_path / "sample"), "coriolis")[META]
    new = restamped(old, datetime(2026, 11, 1, tzinfo=UTC))
    account.put(META, new)
    account.collect("run", exit_code=0)
    assert account.published() == new
    account.put(META, old)
    account.put("odd.nc", b"odd")
    assert "2 refused" in account.collect("run", exit_code=1)
    assert "ACC-006" in account.collect("status", "2", exit_code=0)
    back = {f"reject/{name}{end}" for name in (META, "odd.nc") for end in ("", ".filecheck")}
    told = account.listed()
    assert {one for one in told if not one.startswith("report/")} == back
    assert "report/submission-2.txt" in told
    account.collect("replay", "2", "--force", exit_code=1)  # odd.nc is what it was
    assert account.published() == old
    account.collect("clean", "--delete", exit_code=0)
    assert back <= account.listed()  # not a month old

    with State.open(account.config.state_directory) as state:
        later = datetime.now(UTC) + timedelta(days=40)
        assert account.config.collect is not None
        done, notes = run(
            clean_all(account.config, account.config.collect, state, (), lambda: later, Silent(), delete=True)
        )
    assert notes == []
    assert (done[0].due, done[0].deleted, done[0].changed) == (4, 4, 0)
    assert not [one for one in account.listed() if one.startswith("reject/")]
