"""The real command, killed with SIGKILL at random moments against real servers, held against the same judge.

The source is served by FTP or HTTP, one mirror lies in a bucket that rclone serves from a directory, so that the judge
can look at what lies there without asking the engine.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.deployment import SECRETS
from tests.e2e.model.judge import Judge, Limits
from tests.e2e.model.life import Past, live
from tests.e2e.model.platform import needs_fork
from tests.e2e.model.source import META, PROF, TRAJ, Source
from tests.servers import Server, ftp_pyftpdlib, http_aiohttp, rclone, s3_rclone

pytestmark = [needs_fork, pytest.mark.skipif(rclone() is None, reason="needs rclone")]

Serve = Callable[[Path], AbstractContextManager[Server]]


@dataclass
class Site:
    """A deployment on real servers, run by the real command."""

    root: Path
    source: Source
    judge: Judge
    last: float = 2.0

    def start(self) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "gdac.cli.main", "sync", "run", "--quiet"]
        environment = {**os.environ, **SECRETS, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
        return subprocess.Popen(
            command, cwd=self.root, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def kill_after(self, seconds: float) -> bool:
        """Whether the run was still on when it was killed."""
        process = self.start()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        out, errors = process.communicate(timeout=60)
        assert process.returncode in {-signal.SIGKILL, 0}, out + errors
        self.judge.look(datetime.now(UTC))
        return process.returncode != 0

    def run(self) -> None:
        began = time.monotonic()
        process = self.start()
        out, errors = process.communicate(timeout=100)
        assert process.returncode == 0, out + errors
        self.last = time.monotonic() - began
        self.judge.look(datetime.now(UTC))
        self.judge.settled(without_extras=False)


@contextmanager
def site(root: Path, serve: Serve, seed: int) -> Iterator[Site]:
    source = Source(root / "source", seed, (PROF, META, TRAJ))
    source.found(3, 4)
    source.write()
    (root / "bucket").mkdir()
    with serve(source.root) as served, s3_rclone(root / "bucket") as bucket:
        lies = root / "bucket" / bucket.url.removeprefix("s3://")
        files = {"hub": root / "hub", "folder": root / "folder", "vault": root / "vault"}
        lines = [
            f"[hub]\nstore = {json.dumps(str(files['hub']))}",
            f"[source.sample]\nstore = {json.dumps(served.url)}",
            f"indexes = {json.dumps([PROF, META, TRAJ])}",
            f"[mirror.folder]\nstore = {json.dumps(str(files['folder']))}",
            f"[mirror.rclone]\nstore = {json.dumps(bucket.url)}\nendpoint = {json.dumps(bucket.endpoint)}",
            f"[vault]\nstore = {json.dumps(str(files['vault']))}",
        ]
        (root / "gdac.toml").write_text("\n".join(lines) + "\n")
        judge = Judge(
            source,
            files["hub"],
            {"folder": files["folder"], "rclone": lies},
            vault=files["vault"],
            grace=timedelta(days=3),
            retention=timedelta(days=90),
            limits=Limits(dac=20, total=50, index=20),
        )
        yield Site(root, source, judge)


def kill_and_mend(root: Path, serve: Serve, *, kills: int, seed: int) -> int:
    """So many runs killed at random moments, with source days between them; returns how many were still on."""
    dice, past, hit = random.Random(seed), Past(), 0
    with site(root, serve, seed) as here:
        for number in range(kills):
            hit += here.kill_after(dice.uniform(0.3, 1.0) * here.last)
            if dice.random() < 0.5:
                here.source.when += timedelta(hours=1)
                live(here.source, dice, past, 3)
            if number % 3 == 2:
                here.run()
                here.source.when += timedelta(hours=1)
                live(here.source, dice, past, 3)
        here.run()
    return hit


def test_a_killed_process_is_mended(tmp_path):
    kill_and_mend(tmp_path, ftp_pyftpdlib, kills=2, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("serve", [ftp_pyftpdlib, http_aiohttp], ids=["ftp", "http"])
@pytest.mark.parametrize("seed", [2, 3])
def test_killed_again_and_again(tmp_path, serve, seed, capsys):
    hit = kill_and_mend(tmp_path, serve, kills=15, seed=seed)
    with capsys.disabled():
        print(f"\n15 runs killed by SIGKILL, {hit} of them at work; mended every time")
    assert hit
