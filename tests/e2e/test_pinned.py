"""Mirrors pinned to an earlier serial: by the configuration, by a head; with a vault and without; killed, refused."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gdac.columns import connect
from gdac.errors import RefusedError, StoreError, UsageError
from gdac.manifest import local
from gdac.manifest.head import OtherArchiveError, parse_head
from gdac.manifest.record import parse_record
from gdac.records import Outcome, RunRecord
from gdac.sample.archive import make_archive, next_day
from sync.config import check_config
from sync.hub.revert import Revert
from sync.loop import run as run_loop
from sync.mirror.anywhere import Journey, replicate_from
from sync.mirror.exceptions import MIRROR_KEY, parse_exceptions
from sync.progress import Silent
from sync.run import Run, opened
from sync.state import State
from sync.views.definition import Definition
from tests.conftest import ROOT
from tests.deployment import Deployment, assert_equal_by_rclone, folder_mirror, rclone_remote
from tests.e2e.conftest import picture
from tests.e2e.test_vault import Vaulted
from tests.servers import PASSWORD, USER, http_python, rclone, s3_moto

NOW = datetime(2026, 12, 1, 7, tzinfo=UTC)


def data(root: Path) -> dict[str, bytes]:
    found = picture(root).items()
    return {path: body for path, body in found if not path.startswith(("manifest/", ".gdac"))}


def three_days(here: Deployment, source: Path) -> dict[int, dict[str, bytes]]:
    """Seal three serials, a day apart; what the archive was at each."""
    days = {}
    for serial in (1, 2, 3):
        if serial > 1:
            next_day(source)
            here.now += timedelta(days=1)
        here.run()
        entries = local.need_head(here.hub)
        with connect() as con:
            local.open_manifest(con, here.hub, entries.manifest, entries.archive, "m")
            paths = [row[0] for row in con.execute("select path from m").fetchall()]
        days[serial] = {path: (here.hub / path).read_bytes() for path in paths}
    return days


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """A hub with a vault, three serials old, its graces over: (root, days); to be copied, not touched."""
    root = tmp_path_factory.mktemp("pinned")
    make_archive(root / "source", floats=2, cycles=4, seed=7, day=date(2025, 3, 1))
    here = Vaulted(root / "here", str(root / "source"))
    days = three_days(here, root / "source")
    here.let_grace_pass()
    here.run()
    return root, days, here.now


@pytest.fixture
def here(sealed, tmp_path) -> tuple[Vaulted, dict[int, dict[str, bytes]]]:
    root, days, now = sealed
    shutil.copytree(root / "here", tmp_path / "here")
    shutil.copytree(root / "source", tmp_path / "source")
    made = Vaulted(tmp_path / "here", str(tmp_path / "source"), {"disk": folder_mirror(tmp_path / "disk")}, now=now)
    return made, days


def pin(here: Deployment, when: int | date, *names: str, adopt: bool = False) -> RunRecord:
    here.now += timedelta(minutes=1)
    with State.open(here.config.state_directory) as state:
        run = Run(here.config, state, Silent(), lambda: here.now)
        return run_loop(run.mirrors_only(names or ("disk",), adopt=adopt, when=when))


def pin_from(source: str, target: str, state: Path, when: int | date, **more) -> RunRecord:
    with State.open(state) as opened:
        journey = Journey(source, target, when=when, **more)
        return run_loop(replicate_from(journey, opened, Silent(), lambda: NOW))


@pytest.mark.parametrize("serial", [1, 2, 3])
def test_a_mirror_is_what_a_serial_was(here, tmp_path, serial):
    deployment, days = here
    hub = local.need_head(deployment.hub)
    done = pin(deployment, serial)
    assert (done.outcome, done.mirrors[0].exceptions, done.mirrors[0].serial) == (Outcome.FINE, 0, serial)
    assert data(tmp_path / "disk") == days[serial]
    head = local.need_head(tmp_path / "disk")
    assert (head.serial, head.archive) == (serial, Definition(serial=serial).archive_id(hub.archive))
    assert head.view_of is not None
    known = {entry.serial: entry.sha256 for entry in (*hub.manifests, hub.manifest)}
    assert head.view_of.sha256 == known.get(serial, head.view_of.sha256)
    assert (head.view_of.archive, json.loads(head.view_of.definition)["serial"]) == (hub.archive, serial)
    assert not head.is_stale(datetime(2100, 1, 1, tzinfo=UTC))
    assert head.record is not None  # of the hub's run: every serial's is kept, however old
    record = parse_record((tmp_path / "disk" / head.record.key).read_bytes())
    assert (record.archive, record.serial, record.sealed) == (hub.archive, serial, head.sealed)
    assert {entry.path for entry in head.indexes} == {path for path in days[serial] if "/" not in path}
    for entry in head.indexes:
        assert (tmp_path / "disk" / entry.key).read_bytes() == days[serial][entry.path]
    before = picture(tmp_path / "disk")
    again = pin(deployment, serial)
    assert (again.mirrors[0].way, again.mirrors[0].moved.files) == ("current", 0)
    assert picture(tmp_path / "disk") == before
    other = pin_from("", str(tmp_path / "other"), tmp_path / "other.state", serial, config=deployment.config)
    assert other.outcome is Outcome.FINE
    assert (tmp_path / "other" / "manifest" / "head.json").read_bytes() == before["manifest/head.json"]


def test_a_day_is_its_last_serial(here, tmp_path):
    deployment, days = here
    assert pin(deployment, date(2026, 11, 23)).mirrors[0].serial == 2
    assert data(tmp_path / "disk") == days[2]
    too_early = pin(deployment, date(2026, 11, 21), adopt=True)
    assert "nothing was sealed by the end of 2026-11-21" in (too_early.mirrors[0].error or "")


def test_what_nobody_has_any_more_is_named(here, tmp_path):
    """Without the vault, what was replaced in place is lost, and so is what left before its grace ended."""
    deployment, days = here
    now = data(deployment.hub)
    bare = Deployment(deployment.root, deployment.source, deployment.mirrors, now=deployment.now)
    done = pin(bare, 1)
    assert done.outcome is Outcome.PARTIAL
    head = parse_head((tmp_path / "disk" / "manifest" / "head.json").read_bytes())
    told = parse_exceptions((tmp_path / "disk" / MIRROR_KEY).read_bytes(), head.archive)
    lost = {path for path, body in days[1].items() if body not in now.values()}
    assert lost
    assert {one.path for one in told} == lost
    assert done.mirrors[0].exceptions == len(lost)
    assert any(note.startswith("disk: cannot be had: ") for note in done.notes)
    assert data(tmp_path / "disk") == {path: body for path, body in days[1].items() if path not in lost}
    again = pin(deployment, 1)  # and here is the vault
    assert (again.outcome, again.mirrors[0].exceptions) == (Outcome.FINE, 0)
    assert data(tmp_path / "disk") == days[1]


def test_superseded_files_within_their_grace_are_had(tmp_path):
    make_archive(tmp_path / "source", floats=2, cycles=4, seed=7, day=date(2025, 3, 1))
    mirrors = {"disk": folder_mirror(tmp_path / "disk")}
    deployment = Deployment(tmp_path / "here", str(tmp_path / "source"))
    days = three_days(deployment, tmp_path / "source")
    deployment.mirrors = mirrors
    done = pin(deployment, 1)
    head = parse_head((tmp_path / "disk" / "manifest" / "head.json").read_bytes())
    lost = {one.path for one in parse_exceptions((tmp_path / "disk" / MIRROR_KEY).read_bytes(), head.archive)}
    gone = [path for path in days[1] if path not in days[3] and days[2].get(path, days[1][path]) == days[1][path]]
    assert gone
    assert not lost & set(gone)
    assert done.mirrors[0].exceptions == len(lost)
    assert not [path for path in lost if "/" not in path]  # copies of index files are kept within their grace


def test_another_archive_is_not_taken_over_without_a_word(here, tmp_path):
    deployment, days = here
    pin(deployment, 1)
    for refused in (deployment.replicate("disk"), pin(deployment, 2)):
        assert "shows archive" in (refused.mirrors[0].error or "")
    assert data(tmp_path / "disk") == days[1]
    assert deployment.replicate("disk", adopt=True).outcome is Outcome.FINE
    refused = pin(deployment, 1)
    assert "shows archive" in (refused.mirrors[0].error or "")
    assert pin(deployment, 2, adopt=True).outcome is Outcome.FINE
    deployment.let_grace_pass()
    pin(deployment, 2)
    assert data(tmp_path / "disk") == days[2]
    with pytest.raises(OtherArchiveError):
        pin_from(str(deployment.hub), str(tmp_path / "disk"), tmp_path / "state", 1)


@pytest.mark.skipif(rclone() is None, reason="rclone is not installed")
def test_by_a_head_over_http_into_a_bucket(here, tmp_path, monkeypatch):
    deployment, days = here
    with http_python(deployment.hub) as web, s3_moto() as moto:
        monkeypatch.setenv("AWS_ENDPOINT_URL", moto.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", USER)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PASSWORD)
        target = f"{moto.url}/then"
        done = pin_from(web.url, target, tmp_path / "state", 3)
        assert done.outcome is Outcome.FINE
        assert_equal_by_rclone(deployment.hub, f"{rclone_remote(moto)}/then")
        second = pin_from(web.url, f"{moto.url}/first", tmp_path / "state1", 1)
        assert second.outcome is Outcome.PARTIAL  # the vault is not reached by a head
        assert second.mirrors[0].moved.files + second.mirrors[0].exceptions == len(days[1])
        moto.requests.clear()
        again = pin_from(web.url, target, tmp_path / "state", 3)
        assert again.mirrors[0].way == "current"
        assert not [one for one in moto.requests if one.startswith("PUT") and "probe" not in one]


def test_a_break_is_resumed(here, tmp_path, monkeypatch):
    from sync.stores.local import LocalStore

    deployment, days = here
    honest, left = LocalStore.write, [30]

    async def write(self, key, body, declared, **expect):
        if self.name.endswith("disk") and not key.startswith((".", "manifest/.")):
            left[0] -= 1
            if left[0] < 0:
                raise StoreError("the disk of this mirror is full.")
        return await honest(self, key, body, declared, **expect)

    with monkeypatch.context() as patched:
        patched.setattr(LocalStore, "write", write)
        assert "full" in (pin(deployment, 1).mirrors[0].error or "")
    assert not (tmp_path / "disk" / "manifest" / "head.json").exists()
    done = pin(deployment, 1)
    assert (done.outcome, data(tmp_path / "disk")) == (Outcome.FINE, days[1])
    assert done.mirrors[0].resumed + done.mirrors[0].held > 0
    assert done.mirrors[0].moved.files < len(days[1])


@pytest.mark.soak
def test_killed_and_run_again(desk):
    """kill -9 in the middle, by the real command; and its exit codes."""
    assert desk.sync("run", "-q").returncode == 0
    first = data(desk.hub)
    next_day(desk.source)
    assert desk.sync("run", "-q").returncode == 0
    shutil.rmtree(desk.mirror)
    slow = (desk.root / "gdac.toml").read_text() + "requests_per_second = 15\n"
    (desk.root / "slow.toml").write_text(slow)
    command = [sys.executable, "-m", "gdac.cli.main", "sync", "replicate", "folder", "--serial", "1", "-c", "slow.toml"]
    process = subprocess.Popen(
        command, cwd=desk.root, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while len(list(desk.mirror.glob("dac/**/*.nc"))) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (desk.mirror / "manifest" / "head.json").exists()
    done = desk.sync("replicate", "folder", "--serial", "1", "--json", "-q")
    assert done.returncode == 5, done.stderr  # no vault: what was replaced in place is lost
    record = json.loads(done.stdout.splitlines()[-1])["mirrors"][0]
    assert 0 < record["exceptions"] < len(first) / 2
    assert data(desk.mirror).items() <= first.items()
    assert len(data(desk.mirror)) + record["exceptions"] == len(first)
    assert desk.sync("replicate", "folder").returncode == 3
    assert desk.sync("run", "-q").returncode == 5  # the hub's day goes on
    assert desk.sync("replicate", "folder", "extra", "--serial", "1").returncode == 2
    for wrong in (["folder", "--serial", "9"], ["folder", "--serial", "1", "--date", "2026-11-22"]):
        done = desk.sync("replicate", *wrong)
        assert (done.returncode in (2, 3), "Traceback" in done.stderr) == (True, False)
    text = desk.sync("replicate", str(desk.root / "then"), "--date", f"{datetime.now(UTC):%Y-%m-%d}", "-q")
    assert text.returncode == 0, text.stderr
    assert "serial 2" in text.stdout


def test_a_path_that_must_not_be_public_is_never_published(tmp_path):
    tree = tmp_path / "tree"
    make_archive(tree, floats=1, cycles=2, seed=7, day=date(2025, 3, 1))
    forbidden = tree / "etc" / "ar_greylist.txt"
    forbidden.parent.mkdir(exist_ok=True)
    forbidden.write_text("float,parameter\n")
    command = [sys.executable, "-m", "gdac.cli.main", "manifest", "build", str(tree), "--seal"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    forbidden.unlink()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    with pytest.raises(RefusedError, match=r"serial 1 holds 'etc/ar_greylist\.txt', which must not be published"):
        pin_from(str(tree), str(tmp_path / "copy"), tmp_path / "state", 1)
    assert not (tmp_path / "copy").exists() or not picture(tmp_path / "copy")
    assert pin_from(str(tree), str(tmp_path / "copy"), tmp_path / "state", 2).outcome is Outcome.FINE


def test_what_cannot_be_pinned(here, tmp_path):
    deployment, _ = here
    deployment.mirrors["view"] = {**folder_mirror(tmp_path / "view"), "layout": "asdi"}
    with pytest.raises(UsageError, match="filter or a layout"):
        pin(deployment, 1, "view")
    with pytest.raises(UsageError, match="name it"):
        pin(deployment, 1, "disk", "view")
    assert "there is no serial 9" in (pin(deployment, 9).mirrors[0].error or "")


@pytest.mark.soak
@pytest.mark.skipif(rclone() is None, reason="rclone is not installed")
def test_hub_vault_and_mirror_in_buckets(tmp_path, monkeypatch):
    """Nothing lies here but the state: sealed files of the hub are fetched, bytes go from bucket to bucket."""
    make_archive(tmp_path / "source", floats=2, cycles=3, seed=7, day=date(2025, 3, 1))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", USER)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PASSWORD)
    with s3_moto() as moto:

        class InBuckets(Deployment):
            @property
            def config(self):
                places = {name: {"store": f"{moto.url}/{name}", "endpoint": moto.endpoint} for name in ("h", "m", "v")}
                hub = {**places["h"], "state": str(self.root / "state")}
                source = {"source": {"store": self.source}}
                raw = {"hub": hub, "source": source, "mirror": {"disk": places["m"]}, "vault": places["v"]}
                return check_config(raw, where="test")

        here = InBuckets(tmp_path / "here", str(tmp_path / "source"))
        here.run()
        shutil.copytree(tmp_path / "source", tmp_path / "first")
        next_day(tmp_path / "source")
        here.run()
        here.let_grace_pass()
        here.run()
        done = pin(here, 1, adopt=True)
        assert (done.outcome, done.mirrors[0].exceptions) == (Outcome.FINE, 0), done.mirrors[0].error
        here.let_grace_pass()
        pin(here, 1)
        assert_equal_by_rclone(tmp_path / "first", f"{rclone_remote(moto)}/m")
        with State.open(here.config.state_directory) as state:
            revert = Revert(here.config, state, Silent(), lambda: here.now, opened)
            path = "ar_index_global_prof.txt"
            serial, _ = run_loop(revert.fetch(path, date(2026, 11, 22), tmp_path / "now.txt"))
            assert serial == 2
            run_loop(revert.fetch(path, 1, tmp_path / "then.txt"))
        assert (tmp_path / "then.txt").read_bytes() == (tmp_path / "first" / path).read_bytes()
        assert (tmp_path / "now.txt").read_bytes() == (tmp_path / "source" / path).read_bytes()
