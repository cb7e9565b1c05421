"""The daemon as operators meet it: real processes, signals, a second one, a changed configuration."""

import json
import os
import shutil
import signal
import subprocess
import time
from datetime import date
from pathlib import Path

import pytest

from gdac.sample.archive import make_archive
from sync.state import State
from tests.conftest import ROOT
from tests.e2e.daemons import GDAC, configure, running, until

pytestmark = pytest.mark.timeout(400)  # a busy machine takes long to start a process

#: A source that gives so many files in a second that a run can be caught at work.
SLOW = {"requests_per_second": 12, "connections": 1}


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("sample") / "source"
    make_archive(root, floats=3, cycles=4, seed=7, day=date(2025, 3, 1))
    return root


@pytest.fixture
def desk(tmp_path, sample) -> Path:
    shutil.copytree(sample, tmp_path / "source")
    return tmp_path


def gdac(root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        [*GDAC, *arguments], cwd=root, capture_output=True, text=True, check=False, timeout=100, env=environment
    )


def assert_whole(root: Path) -> None:
    """Hub and mirror hold what their manifest says."""
    for store in ("hub", "mirror"):
        done = gdac(root, "manifest", "verify", store)
        assert done.returncode == 0, done.stdout + done.stderr


def at_work(root: Path, files: int = 5) -> bool:
    """A run has fetched some files and has not sealed."""
    there = len(list((root / "hub" / "dac").rglob("*.nc"))) if (root / "hub" / "dac").exists() else 0
    return there >= files


def test_a_day_of_a_daemon(desk):
    configure(desk, daemon={"index_check": "every 3s", "audit": "every 4s"})
    with running(desk, GDAC_FOLDER_PASSWORD="topsecret", GDAC_FOLDER_USER="me") as daemon:
        assert daemon.wait_for("job-ended", job="sync")["outcome"] == "fine", daemon.log()
        assert daemon.wait_for("job-ended", job="index_check")["new"] is False
        assert daemon.wait_for("job-ended", job="audit")["outcome"] == "fine"
        assert daemon.get("/healthz") == (200, "ok\n")
        assert daemon.get("/readyz")[0] == 200
        status = daemon.status()
        latest = time.monotonic() + 30  # it is read between jobs
        while {one["name"]: one["last_outcome"] for one in status["jobs"]}["audit"] == "" and time.monotonic() < latest:
            time.sleep(0.2)
            status = daemon.status()
        assert {one["name"]: one["last_outcome"] for one in status["jobs"]}["audit"] == "fine"
        found = daemon.metrics()
        assert found["gdac_daemon_ready{}"] == found["gdac_hub_serial{}"] == found["gdac_mirror_serial{mirror=folder}"]
        assert found["gdac_mirror_lag_serials{mirror=folder}"] == 0
        assert found["gdac_last_success_timestamp_seconds{job=sync}"] > 0
        assert found["gdac_last_success_timestamp_seconds{job=audit}"] > 0
        code, page = daemon.get("/")
        assert (code, "folder" in page) == (200, True)
        assert daemon.get("/nothing")[0] == 404

        # One with mistakes is refused: the old one stays in force, for the jobs too.
        configure(desk, daemon={"index_check": "whenever"})
        daemon.process.send_signal(signal.SIGHUP)
        assert "daemon.index_check" in daemon.wait_for("reload-refused")["msg"]
        assert "whenever" in daemon.get("/readyz")[1]
        assert daemon.metrics()["gdac_config_last_reload_successful{}"] == 0
        seen = len(daemon.lines)
        assert daemon.wait_for("job-ended", since=seen, job="index_check")["outcome"] == "fine"

        configure(desk, daemon={}, more=f'[mirror.second]\nstore = "{desk}/second"\n')
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("reloaded")
        found = until(daemon.metrics, lambda now: now["gdac_config_last_reload_successful{}"] == 1)
        assert "gdac_job_next_timestamp_seconds{job=index_check}" not in found  # it is off now

        assert daemon.stop() == 0, daemon.log()
        assert daemon.lines[-1]["event"] == "ended"
        assert daemon.other == [""]
        assert "topsecret" not in daemon.log()
        runs = {line["run"] for line in daemon.lines if line.get("job") == "index_check" and "number" in line}
        ends = [line for line in daemon.lines if line["event"] == "job-ended" and line["job"] == "index_check"]
        assert len(runs) == len([line for line in ends if line["outcome"] != "stopped"])  # with the daemon, at its end
    book = json.loads((desk / "state" / "daemon.json").read_text())
    assert book["jobs"]["sync"]["ending"] == "fine"
    assert_whole(desk)


def test_sigterm_in_the_middle_of_a_run_and_on_from_there(desk):
    configure(desk, daemon={"sync": "every 1d"}, source=SLOW)
    with running(desk) as daemon:
        daemon.wait_for("job-started", job="sync")
        assert until(lambda: at_work(desk), bool), daemon.log()
        assert daemon.stop() == 0
        assert daemon.wait_for("job-ended")["outcome"] == "stopped"
    with State.open(desk / "state") as state:  # its lock is free
        kept = state.pending_count()
        assert kept >= 1
        assert state.published("(hub)") is None
    configure(desk, daemon={"sync": "every 1d"})
    with running(desk) as daemon:
        ended = daemon.wait_for("job-ended", job="sync")
        assert ended["outcome"] == "fine", daemon.log()
        held = len(list((desk / "source" / "dac").rglob("*.nc")))
        assert ended["fetched"] <= held - kept
        assert daemon.stop() == 0
    assert_whole(desk)


def test_two_daemons_one_works_and_one_waits_until_the_first_is_killed(desk):
    configure(desk, daemon={"sync": "every 1d"}, source=SLOW)
    with running(desk) as first:
        first.wait_for("job-started", job="sync")
        with running(desk) as second:
            second.wait_for("waiting")
            assert second.get("/readyz")[0] == 503
            assert second.get("/healthz")[0] == 200
            assert second.metrics()["gdac_daemon_ready{}"] == 0
            assert until(lambda: at_work(desk), bool), first.log()
            first.process.kill()  # its job is left alone, at work
            second.wait_for("ready")
            ended = second.wait_for("job-ended", job="sync")
            assert ended["outcome"] == "fine", second.log()
            assert second.get("/readyz")[0] == 200
            assert second.stop() == 0
            assert [line["event"] for line in second.lines].count("job-ended") == 1  # nothing failed in between
    assert_whole(desk)


@pytest.mark.soak
def test_a_job_that_is_killed_is_tried_again(desk):
    configure(desk, daemon={"sync": "every 1d"}, source=SLOW)
    with running(desk) as daemon:
        daemon.wait_for("job-started", job="sync")
        assert until(lambda: at_work(desk), bool), daemon.log()
        for child in children_of(daemon.process.pid):
            os.kill(child, signal.SIGKILL)
        assert daemon.wait_for("job-ended", job="sync")["outcome"] == "killed"
        seen = next(at for at, line in enumerate(daemon.lines) if line["event"] == "job-ended") + 1
        assert daemon.wait_for("job-ended", since=seen)["outcome"] == "fine", daemon.log()
        assert daemon.metrics()["gdac_job_failures{job=sync}"] == 0
        assert daemon.stop() == 0
    assert_whole(desk)


def test_somebody_at_work_by_hand_is_waited_for(desk):
    configure(desk, daemon={"sync": "every 1d"})
    with State.open(desk / "state"), running(desk) as daemon:
        daemon.wait_for("blocked")
        code, told = daemon.get("/readyz")
        assert (code, "another gdac process" in told) == (200, True)
    with running(desk, "--once") as daemon:
        assert daemon.process.wait(100) == 0
        assert daemon.wait_for("job-ended")["outcome"] == "fine"


def test_what_a_daemon_tells_of_failures(desk):
    shutil.rmtree(desk / "source")
    configure(desk, daemon={"sync": "every 1d"})
    done = gdac(desk, "sync", "daemon", "--once", "--log", "text")
    assert done.returncode == 3, done.stderr
    assert "sync: error: failed" in done.stderr
    assert "tried again at" in done.stderr
    assert "Traceback" not in done.stderr
    make_archive(desk / "source", floats=1, cycles=1, seed=7, day=date(2025, 3, 1))
    done = gdac(desk, "sync", "daemon", "--once", "--log", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stderr.splitlines()[-1])["event"] == "ended"


def test_words_that_it_does_not_know(desk):
    configure(desk, daemon={})
    for arguments in (["--log", "xml"], ["--listen", "everywhere"], ["--config", "nowhere.toml"]):
        done = gdac(desk, "sync", "daemon", *arguments)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr


def test_as_process_1_of_a_container(desk):
    """In namespaces of its own, on a root that cannot be written: SIGTERM and kill -9 end it, and it goes on."""
    where = f'mount --bind {desk} {desk} && mount -o remount,bind,ro / && exec "$@"'
    wrapped = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", where, "sh")
    if (
        shutil.which("unshare") is None
        or subprocess.run([*wrapped, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("namespaces cannot be made here")
    configure(desk, daemon={"sync": "every 1d"}, source=SLOW)
    with running(desk, wrapped=wrapped, PYTHONDONTWRITEBYTECODE="1") as daemon:
        daemon.wait_for("job-started", job="sync")
        assert until(lambda: at_work(desk), bool), daemon.log()
        (inside,) = children_of(daemon.process.pid)
        os.kill(inside, signal.SIGTERM)
        assert daemon.process.wait(100) == 0, daemon.log()
        assert daemon.wait_for("job-ended")["outcome"] == "stopped"
    configure(desk, daemon={"sync": "every 1d"}, source=SLOW)
    with running(desk, wrapped=wrapped, PYTHONDONTWRITEBYTECODE="1") as daemon:
        daemon.wait_for("job-started", job="sync")
        (inside,) = children_of(daemon.process.pid)
        os.kill(inside, signal.SIGKILL)  # all of the container goes
        daemon.process.wait(100)
    configure(desk, daemon={"sync": "every 1d"})
    with running(desk, "--once", wrapped=wrapped, PYTHONDONTWRITEBYTECODE="1") as daemon:
        assert daemon.process.wait(100) == 0, daemon.log()
        assert daemon.wait_for("job-ended")["outcome"] == "fine"
    assert_whole(desk)


def children_of(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in told]
