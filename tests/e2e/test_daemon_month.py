"""Long: a daemon lives through a month in which much goes wrong, and what it tells is true at each point; `make soak`.

The clock is the test's, for the daemon and for its jobs; jobs are real processes, servers are real ones. At noon of
each day what the daemon shows (metrics, status, page) is held against what the stores themselves show.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from gdac.errors import ExitCode
from gdac.sample.archive import make_archive, next_day
from sync.daemon.run import Orders, run_daemon
from sync.loop import run as run_loop
from tests.conftest import ROOT
from tests.deployment import assert_equal_by_rclone, rclone_remote
from tests.e2e.clocked import set_clock, told
from tests.e2e.daemons import metrics_of
from tests.e2e.test_brakes import lose_dac
from tests.servers import PASSWORD, USER, Server, free_port, http_python, s3_moto
from tests.servers.gate import Gate, gated

START = datetime(2026, 1, 1, tzinfo=UTC)
CLOCKED = (sys.executable, "-m", "tests.e2e.clocked")


def at(day: int, hour: float = 12) -> datetime:
    return START + timedelta(days=day, hours=hour)


@dataclass
class StoryClock:
    """Time jumps from one thing to the next: what the daemon waits for, or what the story has happen."""

    file: Path
    story: list[tuple[datetime, Callable[[], None]]]

    def now(self) -> datetime:
        return told(self.file)

    async def sleep(self, seconds: float, woken: asyncio.Event) -> None:
        await asyncio.sleep(0)
        if woken.is_set():
            return
        now = self.now()
        until = now + timedelta(seconds=seconds)
        if self.story and self.story[0][0] <= until:
            when, happens = self.story.pop(0)
            set_clock(self.file, max(when, now))
            await asyncio.to_thread(happens)
        else:
            set_clock(self.file, until)


@dataclass
class Month:
    """The deployment, and what is asked of it."""

    root: Path
    port: int
    bucket: Server
    source_gate: Gate
    bucket_gate: Gate
    clock: Path
    asked: int = 0
    words: dict[int, dict[str, str]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        login = {
            f"GDAC_{name}_{what}": value
            for name in ("BUCKET",)
            for what, value in (("USER", USER), ("PASSWORD", PASSWORD))
        }
        return {**os.environ, **login, "PYTHONPATH": str(ROOT), "GDAC_TEST_CLOCK": str(self.clock), "NO_COLOR": "1"}

    def configure(self, more: str = "") -> None:
        text = f"""
[hub]
store = "{self.root}/hub"
state = "{self.root}/state"
[source.gdac]
store = "http://127.0.0.1:{self.source_gate.port}"
[mirror.folder]
store = "{self.root}/folder"
[mirror.bucket]
store = "{self.bucket.url}"
endpoint = "http://127.0.0.1:{self.bucket_gate.port}"
connections = 4
[brake]
dac_removals = {{ share = 0.0, count = 8, floor = 8 }}
[audit]
parts = 3
[daemon]
index_check = "every 12h"
sweep = "every 7d"
{more}"""
        (self.root / "gdac.toml").write_text(text)

    # What the daemon says

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
            return answer.read().decode()

    # What the stores say

    def heads(self) -> dict[str, dict[str, Any]]:
        found = {}
        for name in ("hub", "folder", "second"):
            file = self.root / name / "manifest" / "head.json"
            if file.is_file():
                found[name] = json.loads(file.read_text())
        here = {"endpoint_url": self.bucket.endpoint, "region_name": "us-east-1"}
        s3 = boto3.client("s3", **here, aws_access_key_id=USER, aws_secret_access_key=PASSWORD)
        shown = s3.get_object(Bucket=self.bucket.url.removeprefix("s3://"), Key="manifest/head.json")
        found["bucket"] = json.loads(shown["Body"].read())
        return found

    def truth(self) -> tuple[dict[str, float], dict[str, Any], str]:
        """What is shown now, after it was found true as far as the stores can tell."""
        self.asked += 1
        metrics, status, page = metrics_of(self.get("/metrics")), json.loads(self.get("/status.json")), self.get("/")
        heads, now = self.heads(), told(self.clock)
        hub = heads["hub"]
        assert metrics["gdac_hub_serial{}"] == status["hub"]["serial"] == hub["serial"]
        assert metrics["gdac_hub_files{}"] == hub["manifest"]["rows"]
        expires = datetime.fromisoformat(hub["expires"]).timestamp()
        assert metrics["gdac_hub_head_expires_timestamp_seconds{}"] == expires
        for mirror in status["mirrors"]:
            name, shown = mirror["name"], heads.get(mirror["name"])
            serial = shown["serial"] if shown else None
            assert mirror["serial"] == serial, name
            assert metrics.get(f"gdac_mirror_serial{{mirror={name}}}") == serial
            behind = None if serial is None else hub["serial"] - serial
            assert mirror["behind_serials"] == behind
            assert metrics.get(f"gdac_mirror_lag_serials{{mirror={name}}}") == behind
            if behind == 0:
                assert metrics[f"gdac_mirror_lag_hours{{mirror={name}}}"] == 0
            assert metrics[f"gdac_mirror_state{{mirror={name},state={mirror['word']}}}"] == 1
            assert name in page
        assert metrics[f"gdac_hub_state{{state={status['hub']['word']}}}"] == 1
        assert metrics["gdac_daemon_ready{}"] == 1
        jobs = {one["name"]: one for one in status["jobs"]}
        for name, job in jobs.items():
            assert metrics.get(f"gdac_last_success_timestamp_seconds{{job={name}}}") == seconds(job["last_good"])
            assert job["next_due"] is not None
            assert datetime.fromisoformat(job["next_due"]) >= now - timedelta(minutes=10)
        words = {"hub": status["hub"]["word"], **{one["name"]: one["word"] for one in status["mirrors"]}}
        self.words[(now - START).days] = words
        return metrics, status, page

    def gdac(self, *arguments: str) -> str:
        done = subprocess.run(
            [*CLOCKED, *arguments, "-c", f"{self.root}/gdac.toml"],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env=self.environment,
            cwd=self.root,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def seconds(moment: str | None) -> float | None:
    return None if moment is None else datetime.fromisoformat(moment).timestamp()


def run(month: Month, story: list[tuple[datetime, Callable[[], None]]]) -> None:
    """The daemon's life until the story ends it."""
    story = sorted(story, key=lambda one: one[0])
    story.append((story[-1][0] + timedelta(minutes=1), lambda: os.kill(os.getpid(), signal.SIGTERM)))
    orders = Orders(month.root / "gdac.toml", f"127.0.0.1:{month.port}", as_json=True)
    clock = StoryClock(month.clock, story)
    code = run_loop(run_daemon(orders, clock=clock, environment=month.environment, gdac=CLOCKED))
    assert code is ExitCode.FINE
    assert not story


@pytest.fixture
def month(tmp_path):
    make_archive(tmp_path / "source", floats=8, cycles=4, seed=11, day=date(2025, 12, 31))
    set_clock(tmp_path / "clock", START)
    with (
        http_python(tmp_path / "source") as source,
        s3_moto() as bucket,
        gated(source.port) as source_gate,
        gated(bucket.port) as bucket_gate,
    ):
        here = Month(tmp_path, free_port(), bucket, source_gate, bucket_gate, tmp_path / "clock")
        here.configure()
        yield here


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_month(month: Month, capsys):
    source, gone = month.root / "source", month.root / "gone"
    dac = max((source / "dac").iterdir(), key=lambda one: len(list(one.rglob("*.nc")))).name
    held: dict[str, Any] = {}

    def quiet_noon() -> None:
        metrics, status, _ = month.truth()
        assert set(month.words[day_now()].values()) == {"current"}, status
        assert metrics["gdac_brake_holds{store=hub}"] == 0
        assert metrics["gdac_job_failures{job=sync}"] == metrics["gdac_job_failures{job=index_check}"] == 0

    def day_now() -> int:
        return (told(month.clock) - START).days

    def bucket_away() -> None:
        metrics, _, page = month.truth()
        days = day_now() - 4
        assert (month.words[day_now()]["bucket"], month.words[day_now()]["folder"]) == ("failing", "current")
        assert metrics["gdac_mirror_lag_serials{mirror=bucket}"] == days
        assert days * 24 - 24 <= metrics["gdac_mirror_lag_hours{mirror=bucket}"] <= days * 24
        assert metrics["gdac_mirror_failing{mirror=bucket}"] == 1
        assert metrics["gdac_last_success_timestamp_seconds{job=sync}"] > at(day_now(), 0).timestamp()
        assert "failing" in page

    def source_away() -> None:
        metrics, status, _ = month.truth()
        assert month.words[day_now()]["hub"] == "failing"
        assert metrics["gdac_last_success_timestamp_seconds{job=sync}"] < at(10, 2).timestamp()
        assert metrics["gdac_job_failures{job=sync}"] + metrics["gdac_job_failures{job=index_check}"] > 2
        expired = metrics["gdac_hub_head_expires_timestamp_seconds{}"] < told(month.clock).timestamp()
        assert expired is (day_now() >= 12)
        jobs = {one["name"]: one for one in status["jobs"]}
        assert "failed" in {jobs["sync"]["last_outcome"], jobs["index_check"]["last_outcome"]}

    def lose() -> None:
        shutil.copytree(source / "dac" / dac, gone)
        lose_dac(source, dac)

    def is_held() -> None:
        metrics, status, page = month.truth()
        assert month.words[day_now()]["hub"] == "held"
        assert metrics["gdac_brake_holds{store=hub}"] == 1
        (hold,) = status["holds"]
        held.update(hold)
        assert f"gdac sync approve {hold['run']}" in page
        assert {one["dac"] for one in hold["dacs"] if one["removed"]} == {dac}
        assert metrics["gdac_hub_serial{}"] == held.setdefault("serial", metrics["gdac_hub_serial{}"])

    def approve() -> None:
        month.gdac("sync", "approve", str(held["run"]))
        held["approved"] = True

    def is_let_go() -> None:
        metrics, _, _ = month.truth()
        assert set(month.words[day_now()].values()) == {"current"}
        assert metrics["gdac_brake_holds{store=hub}"] == 0
        assert metrics["gdac_hub_serial{}"] == held["serial"] + 1

    def bring_back() -> None:
        shutil.copytree(gone, source / "dac" / dac)
        next_day(source)

    def damage() -> None:
        file = min((month.root / "folder" / "dac").rglob("*_prof.nc"))
        raw = bytearray(file.read_bytes())
        raw[len(raw) // 2] ^= 0xFF
        file.write_bytes(raw[:-1])
        held["damaged"] = file

    def is_mended() -> None:
        metrics, _, _ = month.truth()
        assert metrics["gdac_audit_coverage_ratio{store=folder}"] == 1
        assert metrics["gdac_audit_differences_left{store=folder}"] == 0
        assert metrics["gdac_audit_differences_found{store=folder}"] >= 1
        path = held["damaged"].relative_to(month.root / "folder")
        assert held["damaged"].read_bytes() == (month.root / "hub" / path).read_bytes()

    def add_a_mirror() -> None:
        month.configure(f'[mirror.second]\nstore = "{month.root}/second"\n')
        os.kill(os.getpid(), signal.SIGHUP)

    def is_added() -> None:
        month.truth()
        assert month.words[day_now()] == dict.fromkeys(("hub", "folder", "bucket", "second"), "current")

    def after_downtime() -> None:
        quiet_noon()
        runs = json.loads(month.get("/status.json"))["runs"]
        since = [one for one in runs if datetime.fromisoformat(one["started"]) > at(24, 5.9)]
        assert 1 <= len(since) <= 3, since  # the one that was missed, and the looks of the day

    lost, away, dark, quiet = {16, 17}, {5, 6, 7}, {10, 11, 12}, {22, 23}
    story: list[tuple[datetime, Callable[[], None]]] = [
        (at(day, 1), lambda: held.__setitem__("day", next_day(source).day))
        for day in range(1, 20)
        if day not in lost | {18}
    ]
    story += [(at(day), quiet_noon) for day in range(22) if day not in lost | away | dark | {18}]
    story += [(at(5, 0.5), month.bucket_gate.close), (at(8, 0.5), month.bucket_gate.open)]
    story += [(at(day), bucket_away) for day in away]
    story += [(at(10, 2), month.source_gate.close), (at(13, 2), month.source_gate.open)]
    story += [(at(day), source_away) for day in dark - {10}]
    story += [(at(16, 1), lose), (at(16), is_held), (at(17), is_held), (at(17, 13), approve)]
    story += [(at(18, 2), is_let_go), (at(18, 2.5), bring_back), (at(18), quiet_noon)]
    story += [(at(19, 13), damage), (at(22), is_mended)]
    run(month, story)
    assert (month.root / "state" / "daemon.json").is_file()

    set_clock(month.clock, at(24, 6))  # nobody was there for two days
    for _ in quiet:
        next_day(source)
    story = [(at(24), after_downtime), (at(25, 13), add_a_mirror), (at(26), is_added)]
    story += [(at(day, 1), lambda: held.__setitem__("day", next_day(source).day)) for day in (25, 26)]
    story += [(at(day), is_added) for day in range(27, 31)]  # the grace of what left last ends on the 29th
    run(month, story)
    assert month.asked >= 25

    for line in capsys.readouterr().err.splitlines():
        assert json.loads(line)["ts"]
        assert PASSWORD not in line
    for name in ("folder", "second"):
        assert_equal_by_rclone(month.root / "source", str(month.root / name))
    assert_equal_by_rclone(month.root / "source", rclone_remote(month.bucket))
