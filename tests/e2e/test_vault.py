"""The vault, time travel and revert, on a day of the sample GDAC that was a mistake."""

import hashlib
import json
from datetime import date, timedelta

import pytest

from gdac.sample.archive import make_archive, next_day
from sync.hub.keeping import StoppedError
from sync.hub.revert import Revert
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.run import Run, opened
from sync.sealed.absent import NotThereError
from sync.state import State
from tests.deployment import Deployment, assert_equal_by_rclone, folder_mirror
from tests.e2e.conftest import picture
from tests.servers import rclone


class Vaulted(Deployment):
    """A deployment with a vault beside the hub."""

    @property
    def config(self):
        from sync.config import check_config

        raw = {
            "hub": {"store": str(self.hub), "state": str(self.root / "state")},
            "source": {"source": {"store": self.source}},
            "mirror": self.mirrors,
            "vault": {"store": str(self.root / "vault")},
        }
        return check_config(raw, where="test")


def revert(here: Deployment, serial: int):
    with State.open(here.config.state_directory) as state:
        one = Revert(here.config, state, Silent(), lambda: here.now, opened)

        async def work():
            return await one.to(serial)

        return run_loop(work())


def fetch(here: Deployment, path: str, serial: int, output) -> bytes:
    with State.open(here.config.state_directory) as state:
        one = Revert(here.config, state, Silent(), lambda: here.now, opened)

        async def work():
            return await one.fetch(path, serial, output)

        run_loop(work())
    return output.read_bytes()


def replicate(here: Deployment):
    with State.open(here.config.state_directory) as state:

        async def work():
            return await Run(here.config, state, Silent(), lambda: here.now).mirrors_only()

        return run_loop(work())


def data(picture_of):
    return {path: body for path, body in picture_of.items() if not path.startswith(("manifest/", ".gdac"))}


@pytest.fixture
def here(tmp_path):
    make_archive(tmp_path / "source", floats=2, cycles=4, seed=7, day=date(2025, 3, 1))
    made = Vaulted(tmp_path / "here", str(tmp_path / "source"), {"disk": folder_mirror(tmp_path / "disk")})
    made.run()
    return made


def test_bytes_of_every_day_can_be_read(here, tmp_path):
    days = {1: data(picture(here.hub))}
    for serial in (2, 3):
        next_day(tmp_path / "source")
        here.run()
        days[serial] = {**data(picture(here.hub))}
    here.let_grace_pass()
    here.run()
    now = data(picture(here.hub))
    gone = [path for path in days[1] if path not in now]
    replaced = [path for path in days[1] if path in now and now[path] != days[1][path]]
    assert gone
    assert replaced
    for path in (*gone, *replaced):
        assert fetch(here, path, 1, tmp_path / "out") == days[1][path]
    for file in (tmp_path / "here" / "vault").rglob("*"):
        if file.is_file() and ".gdac" not in str(file):
            assert file.parent.name + file.name == hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(NotThereError, match="was not in the archive"):
        fetch(here, "dac/aoml/9999999/9999999_meta.nc", 1, tmp_path / "out")


def test_the_vault_forgets_after_the_retention(here, tmp_path):
    next_day(tmp_path / "source")
    here.run()
    vault = tmp_path / "here" / "vault"
    kept = len(list(vault.glob("sha256/*/*")))
    assert kept
    here.now += timedelta(days=89)
    here.run()
    assert len(list(vault.glob("sha256/*/*"))) >= kept
    here.now += timedelta(days=91)
    here.run()
    assert not list(vault.glob("sha256/*/*"))


@pytest.mark.parametrize("grace_over", [False, True])
def test_a_day_is_undone_forward(here, tmp_path, grace_over):
    before = data(picture(here.hub))
    next_day(tmp_path / "source")
    here.run()
    if grace_over:
        here.let_grace_pass()
        here.run()
    done = revert(here, 1)
    assert (done.lost, done.seal.serial) == (0, 3)
    record = replicate(here).mirrors[0]
    assert (record.serial, record.way) == (3, "delta")
    here.let_grace_pass()
    with pytest.raises(StoppedError, match="serial 1"):
        here.run()
    replicate(here)
    assert data(picture(tmp_path / "disk")) == before
    with State.open(here.config.state_directory) as state:
        state.allow_ingest()
    assert here.run().seal.serial == 4
    if rclone():
        here.let_grace_pass()
        here.run()
        assert_equal_by_rclone(here.hub, str(tmp_path / "disk"))
        assert_equal_by_rclone(tmp_path / "source", str(tmp_path / "disk"))


def test_what_cannot_be_had_is_named(desk):
    """Without a vault, what was replaced in place is gone."""
    assert desk.sync("run", "-q").returncode == 0
    next_day(desk.source)
    assert desk.sync("run", "-q").returncode == 0
    done = desk.sync("revert", "1", "--json", "-q")
    assert done.returncode == 5, done.stderr
    record = json.loads(done.stdout)
    assert record["lost"] == len(record["first_lost"]) > 0
    assert desk.gdac("manifest", "verify", "hub").returncode == 0
    done = desk.sync("run", "-q")
    assert (done.returncode, "--release" in done.stderr) == (4, True)
    assert desk.sync("replicate", "-q").returncode == 0
    assert desk.sync("revert", "--release").returncode == 0
    assert desk.sync("run", "-q").returncode == 0
    assert desk.sync("revert").returncode == 2
    done = desk.sync("revert", "99")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


def test_fetch_by_command(desk):
    assert desk.sync("run", "-q").returncode == 0
    path = "ar_index_global_meta.txt"
    next_day(desk.source)
    assert desk.sync("run", "-q").returncode == 0
    profile = min((desk.hub / "dac").glob("*/*/profiles/R*.nc")).relative_to(desk.hub).as_posix()
    done = desk.sync("fetch", profile, "--serial", "1", "--output", "past.nc")
    assert done.returncode == 0, done.stderr
    assert (desk.root / "past.nc").read_bytes() == (desk.hub / profile).read_bytes()
    done = desk.sync("fetch", path, "--serial", "7", "-o", "past.txt")
    assert done.returncode == 2
    absent = "dac/aoml/9999999/9999999_meta.nc"
    done = desk.sync("fetch", absent, "--serial", "1", "-o", "past.nc")
    assert (done.returncode, f"{absent} was not in the archive at serial 1" in done.stderr) == (1, True)
    assert desk.gdac("cite", absent, "--archive", "hub", "--manifest", "1").returncode == 1
    assert desk.gdac("provenance", absent, "--archive", "hub").returncode == 1
