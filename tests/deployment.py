"""A deployment for tests: a source, a hub in a directory, mirrors, a clock that can be set, and rclone as the judge."""

import os
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gdac.records import RunRecord
from sync.config import Config, check_config
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.run import Run
from sync.state import State
from tests.servers import PASSWORD, USER, Server, rclone

#: Credentials of every server that `tests.servers` starts, under the store names used here.
SECRETS = {
    f"GDAC_{name}_{what}": value
    for name in ("SOURCE", "MOTO", "RCLONE")
    for what, value in (("USER", USER), ("PASSWORD", PASSWORD))
}


@dataclass
class Deployment:
    """One hub under ``root`` with its source and mirrors; each `run` opens the state anew, as a daily job does."""

    root: Path
    source: str
    mirrors: dict[str, dict[str, Any]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    archive: dict[str, Any] = field(default_factory=dict)
    now: datetime = datetime(2026, 11, 22, 6, tzinfo=UTC)

    @property
    def hub(self) -> Path:
        return self.root / "hub"

    @property
    def config(self) -> Config:
        raw = {
            "hub": {"store": str(self.hub), "state": str(self.root / "state")},
            "source": {"source": {"store": self.source, **self.options}},
            "mirror": self.mirrors,
            "archive": self.archive,
        }
        return check_config(raw, where="test")

    def run(self) -> RunRecord:
        self.now += timedelta(minutes=1)
        with State.open(self.config.state_directory) as state:
            return run_loop(Run(self.config, state, Silent(), lambda: self.now).whole_day())

    def replicate(self, *names: str, adopt: bool = False) -> RunRecord:
        self.now += timedelta(minutes=1)
        with State.open(self.config.state_directory) as state:
            return run_loop(Run(self.config, state, Silent(), lambda: self.now).mirrors_only(names, adopt=adopt))

    def let_grace_pass(self) -> None:
        self.now += timedelta(hours=73)


class InPlaceDeployment(Deployment):
    """A hub that is the operator's own tree: there is no source, ``options`` are sections of the configuration."""

    @property
    def config(self) -> Config:
        hub = {"store": str(self.hub), "state": str(self.root / "state")}
        return check_config({"hub": hub, "mirror": self.mirrors, **self.options}, where="test")


def folder_mirror(path: Path) -> dict[str, Any]:
    return {"store": str(path)}


def s3_mirror(server: Server) -> dict[str, Any]:
    return {"store": server.url, "endpoint": server.endpoint, "connections": 4}


def rclone_remote(server: Server) -> str:
    bucket = server.url.removeprefix("s3://")
    endpoint = server.endpoint
    return f':s3,provider=Other,access_key_id={USER},secret_access_key={PASSWORD},endpoint="{endpoint}":{bucket}'


def assert_equal_by_rclone(reference: Path, remote: str) -> None:
    """No difference in bytes between a folder and a mirror (its ``manifest/`` apart), judged by rclone itself."""
    binary = rclone()
    assert binary is not None
    command = [binary, "check", "--download", "--exclude", "/manifest/**", str(reference), remote]
    done = subprocess.run([*command, "--config", os.devnull], capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "0 differences found" in done.stderr
