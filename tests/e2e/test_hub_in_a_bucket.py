"""FTP to a bucket without a local disk: the hub itself lies in an object store; and copies that servers make."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gdac.errors import GdacError, StoreError
from gdac.records import Outcome
from gdac.sample.archive import make_archive, next_day
from gdac.store import Declared
from sync.audit.orders import Auditor, Order
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.run import opened
from sync.state import State
from sync.stores.s3 import S3Store
from tests.conftest import ROOT
from tests.daemon import AZURE_LOG_IN, LOG_IN, Daemon, bucket
from tests.deployment import assert_equal_by_rclone, rclone_remote
from tests.servers import (
    AZURITE_ACCOUNT,
    AZURITE_KEY,
    PASSWORD,
    USER,
    Server,
    azure_azurite,
    ftp_pyftpdlib,
    rclone,
    s3_moto,
    s3_rclone,
)

pytestmark = pytest.mark.skipif(rclone() is None, reason="rclone is not installed")
KINDS = ("moto", "rclone", "azurite")


@pytest.fixture(autouse=True)
def log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LOG_IN.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    make_archive(tmp_path / "source", floats=4, cycles=6, seed=17, day=date(2025, 3, 1))
    return tmp_path / "source"


@contextmanager
def serving(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, dict[str, Any], str]]:
    """A server for the hub, the hub's section, and what rclone calls it."""
    with ExitStack() as stack:
        if kind == "azurite":
            server = stack.enter_context(azure_azurite())
            for name, value in AZURE_LOG_IN.items():
                monkeypatch.setenv(name, value)
            remote = (
                f":azureblob,account={AZURITE_ACCOUNT},key={AZURITE_KEY},"
                f'endpoint="{server.endpoint}":{server.url.removeprefix("az://")}/hub'
            )
            yield server, bucket(server), remote
            return
        start: Callable[..., Any] = s3_moto if kind == "moto" else lambda: s3_rclone(tmp_path / "served")
        server = stack.enter_context(start())
        yield server, bucket(server, single_writer=kind == "rclone"), f"{rclone_remote(server)}/hub"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", [pytest.param("moto", marks=pytest.mark.soak), "rclone", "azurite"])
def test_days_of_a_hub_in_a_bucket(kind, source, tmp_path, monkeypatch):
    with ftp_pyftpdlib(source) as ftp, serving(kind, tmp_path, monkeypatch) as (_server, section, remote):
        here = Daemon(tmp_path / "here", ftp.url, **section)
        here.mirrors = {"moto": {"store": str(tmp_path / "mirror")}}
        with s3_moto() as other:
            here.mirrors["rclone"] = {**bucket(other), "store": f"{other.url}/copy"}
            first = here.run()
            assert (first.outcome, first.seal.serial) == (Outcome.FINE, 1), first.notes
            assert [one.error for one in first.mirrors] == [None, None]
            quiet = here.run()
            assert (quiet.outcome, quiet.seal.new, quiet.ingest.moved.files) == (Outcome.FINE, False, 0)
            for serial in (2, 3):
                changes = next_day(source)
                done = here.run()
                assert (done.outcome, done.seal.serial) == (Outcome.FINE, serial), done.notes
                assert (done.seal.added, done.seal.renamed) == (len(changes.added), len(changes.renamed))
                assert [(one.way, one.error) for one in done.mirrors] == [("delta", None)] * 2
            here.let_grace_pass()
            last = here.run()
            assert last.ingest.deleted > 0
            assert all(one.superseded == 0 for one in last.mirrors)
            for place in (remote, f"{rclone_remote(other)}/copy", str(tmp_path / "mirror")):
                assert_equal_by_rclone(source, place)
        with State.open(here.config.state_directory) as state:
            here.mirrors = {}
            (report,) = run_loop(
                Auditor(here.config, state, Silent(), lambda: here.now).audit(["hub"], Order(everything=True))
            )
        assert (report.error, report.counts, report.left) == (None, {}, 0)


@pytest.mark.parametrize("kind", ["moto", "rclone"])
def test_a_hub_in_a_bucket_resumes(kind, source, tmp_path, monkeypatch):
    """The process dies in the middle of its first day; the second one does not fetch again what is journalled."""
    with ftp_pyftpdlib(source) as ftp, serving(kind, tmp_path, monkeypatch) as (_, section, remote):
        here = Daemon(tmp_path / "here", ftp.url, **section)
        options = "".join(f"{key} = {_toml(value)}\n" for key, value in here.hub_section.items())
        (tmp_path / "gdac.toml").write_text(f'[hub]\n{options}[source.source]\nstore = "{ftp.url}"\n')
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", _DIES, str(tmp_path / "gdac.toml")],
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
            env=environment,
        )
        assert done.returncode == 9, done.stderr[-2000:]
        ftp.requests.clear()
        again = here.run()
        assert (again.outcome, again.seal.serial) == (Outcome.FINE, 1)
        assert again.ingest.moved.files < again.seal.rows - 14
        assert_equal_by_rclone(source, remote)


#: A run that journals often and dies without a word after forty files.
_DIES = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from sync import journal
from sync.config import load_config
from sync.hub import ingest
from sync.loop import run
from sync.progress import Silent
from sync.run import Run
from sync.state import State
from sync.stores.objects import ObjectStore

for module in (ingest, journal):
    if hasattr(module, "_JOURNAL_FILES"):
        module._JOURNAL_FILES = 8
honest, count = ObjectStore.write, 0

async def write(self, key, *rest, **more):
    global count
    count += key.startswith("dac/")
    if count > 40:
        os._exit(9)
    return await honest(self, key, *rest, **more)

ObjectStore.write = write
config = load_config(Path(sys.argv[1]))
with State.open(config.state_directory) as state:
    run(Run(config, state, Silent(), lambda: datetime.now(UTC)).whole_day())
"""


def _toml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


# --- copies by the servers


def hub_and_mirror(server: Server) -> dict[str, Any]:
    return {"copy": {**bucket(server), "store": f"{server.url}/copy"}}


def test_a_mirror_beside_the_hub_is_copied_by_the_server(source, tmp_path, monkeypatch):
    for what, value in (("USER", USER), ("PASSWORD", PASSWORD)):
        monkeypatch.setenv(f"GDAC_COPY_{what}", value)
    with s3_moto() as moto:
        here = Daemon(tmp_path / "here", str(source), **bucket(moto))
        here.mirrors = hub_and_mirror(moto)
        first = here.run()
        (mirror,) = first.mirrors
        assert (mirror.error, mirror.by_server) == (None, first.ingest.moved.files)
        changes = next_day(source)
        came = len(changes.added) + len(changes.changed) + len(changes.renamed) + len(changes.derived)
        moto.requests.clear()
        (mirror,) = here.run().mirrors
        assert mirror.by_server == came
        there = [one for one in moto.requests if "/copy/dac/" in one]
        assert sorted(one.split()[0] for one in there) == sorted(["COPY", "HEAD"] * came)
        # Per file: the hub's PUT, a look before and after, the copy; nothing is read.
        hub = [one.split()[0] for one in moto.requests if "/hub/dac/" in one]
        assert sorted(hub) == sorted(["PUT", "HEAD"] * came)
        here.let_grace_pass()
        here.run()
        for place in ("hub", "copy"):
            assert_equal_by_rclone(source, f"{rclone_remote(moto)}/{place}")
        look = run_loop(_stat(here, next(iter(changes.added))))
        assert look.sha256 == hashlib.sha256((source / next(iter(changes.added))).read_bytes()).hexdigest()


async def _stat(here: Daemon, path: str) -> Any:
    async with opened("copy", here.config.mirror["copy"]) as store:
        return await store.stat(path)


def test_what_a_server_will_not_copy_travels(source, tmp_path, monkeypatch):
    """Other keys: no copies are tried. A server that refuses them: a few are. Both mirrors are right."""
    with s3_moto() as moto:
        here = Daemon(tmp_path / "here", str(source), **bucket(moto))
        here.mirrors = {"other": {**bucket(moto), "store": f"{moto.url}/other"}}
        monkeypatch.setenv("GDAC_OTHER_USER", "another-key")
        monkeypatch.setenv("GDAC_OTHER_PASSWORD", PASSWORD)
        (mirror,) = here.run().mirrors
        assert (mirror.error, mirror.by_server) == (None, 0)
        assert not [one for one in moto.requests if one.startswith("COPY")]

        refused = 0

        async def refuse(self: S3Store, *_: object) -> None:
            nonlocal refused
            refused += 1
            raise StoreError(f"{self.name} does not copy.")

        monkeypatch.setattr(S3Store, "copy_from", refuse)
        here.mirrors = hub_and_mirror(moto)
        for what, value in (("USER", USER), ("PASSWORD", PASSWORD)):
            monkeypatch.setenv(f"GDAC_COPY_{what}", value)
        (mirror,) = here.run().mirrors
        assert (mirror.error, mirror.by_server) == (None, 0)
        assert 0 < refused <= 16 + 4  # the workers that were on their way
        for place in ("hub", "other", "copy"):
            assert_equal_by_rclone(source, f"{rclone_remote(moto)}/{place}")


def test_bytes_that_changed_in_the_hub_are_not_copied_by_the_server(source, tmp_path, monkeypatch):
    """Somebody replaced a sealed file in the bucket, metadata and size kept: the ETag tells."""
    for what, value in (("USER", USER), ("PASSWORD", PASSWORD)):
        monkeypatch.setenv(f"GDAC_COPY_{what}", value)
    with s3_moto() as moto:
        here = Daemon(tmp_path / "here", str(source), **bucket(moto))
        here.run()
        victim = min(each.relative_to(source).as_posix() for each in source.glob("dac/*/*/*_meta.nc"))

        async def spoil() -> None:
            async with opened("(hub)", here.config.hub) as store:
                info = await store.stat(victim)
                wrong = bytes(byte ^ 255 for byte in (source / victim).read_bytes())
                await store.write(victim, wrong, Declared(len(wrong), info.sha256, info.modified))

        run_loop(spoil())
        here.mirrors = hub_and_mirror(moto)
        done = here.replicate()
        (mirror,) = done.mirrors
        assert (done.outcome, mirror.exceptions) == (Outcome.PARTIAL, 1)
        with pytest.raises(GdacError):
            run_loop(_stat(here, victim))
