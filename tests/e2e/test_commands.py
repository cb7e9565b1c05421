"""The commands as a newcomer meets them."""

import json
import signal
import subprocess
import sys
import time

from tests.conftest import ROOT
from tests.e2e.conftest import Desk


def test_from_init_to_status(tmp_path, desk: Desk):
    (desk.root / "gdac.toml").unlink()
    done = desk.sync("plan")
    assert (done.returncode, "gdac sync init" in done.stderr) == (2, True)
    done = desk.sync("init", "--source", str(desk.source), "--hub", str(desk.hub))
    assert done.returncode == 0, done.stderr
    text = (desk.root / "gdac.toml").read_text()
    done = desk.sync("init")
    assert (done.returncode, (desk.root / "gdac.toml").read_text()) == (2, text)

    done = desk.sync("replicate")
    assert (done.returncode, "no head yet" in done.stderr) == (2, True), done.stderr
    done = desk.sync("plan", "--json")
    planned = json.loads(done.stdout)
    assert done.returncode == 0
    assert planned["to_fetch"] > 0
    assert not (desk.hub / "dac").exists()

    done = desk.sync("run", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["ingest"]["moved"]["files"] == planned["to_fetch"]
    assert record["ingest"]["indexes_changed"] == record["ingest"]["indexes"] > 0, "what the plan asked for is counted"
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert {event["event"] for event in events} == {"stage-began", "stage-ended"}
    assert "nothing changed" in desk.sync("plan").stdout

    with (desk.root / "gdac.toml").open("a") as config:
        config.write(f'\n[mirror.disk]\nstore = "{desk.mirror}"\n')
    assert desk.sync("replicate", "tape").returncode == 2
    done = desk.sync("replicate", "disk")
    assert (done.returncode, "serial 1" in done.stdout) == (0, True), done.stdout
    status = json.loads(desk.sync("status", "--json").stdout)
    assert status["stores"]["disk"]["serial"] == status["stores"]["hub"]["serial"] == 1
    assert [row["kind"] for row in status["runs"]] == ["replicate", "run", "replicate"]
    assert [row["outcome"] for row in status["runs"]] == ["fine", "fine", "failed"]
    assert "disk" in desk.sync("status").stdout


def test_a_source_that_nobody_serves(desk: Desk):
    desk.configure("ftp://127.0.0.1:9")
    done = desk.sync("run", "-q")
    assert done.returncode == 3
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_password_in_a_url_is_refused_and_not_repeated(desk: Desk):
    desk.configure("ftp://me:topsecret@127.0.0.1:9")
    done = desk.sync("run", "-q")
    assert done.returncode == 2
    assert "topsecret" not in done.stdout + done.stderr


def test_ctrl_c_and_again(desk: Desk):
    """SIGINT in the middle of a run: a plain sentence, no head; the next run ends the work."""
    command = [sys.executable, "-m", "gdac.cli.main", "sync", "run", "--json"]
    process = subprocess.Popen(
        command, cwd=desk.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={"PYTHONPATH": str(ROOT)}
    )
    assert process.stderr is not None
    for line in process.stderr:
        if '"stage-began"' in line and "ingest" in line:
            break
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors
    assert process.returncode in {0, 130}, errors  # 0: it was quicker than the signal
    time.sleep(0.1)
    assert desk.sync("run", "-q").returncode == 0
    assert desk.gdac("manifest", "verify", "hub").returncode == 0
