"""DOI snapshots through the command: listed, proven against what a hub has sealed, refused when they are others."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gdac.manifest.doi import Relation, parse_snapshots
from tests.conftest import ROOT
from tests.e2e.conftest import Desk
from tests.servers.seanoe import Publisher, publishing
from tests.snapshot_tars import files_of, snapshot_tar, tar_of, times_of

SNAPSHOTS = "manifest/about/doi-snapshots.json"


@pytest.fixture
def publisher(tmp_path: Path):
    (tmp_path / "tars").mkdir()
    with publishing(tmp_path / "tars") as running:
        yield running


def offer(publisher: Publisher, key: str, tar: bytes, day: str = "2026-11-20", **more) -> Path:
    file = publisher.folder / f"{key}.tar.gz"
    file.write_bytes(tar)
    publisher.offer(key, file, day, **more)
    return file


def test_a_snapshot_is_proven_and_listed(desk: Desk, publisher: Publisher):
    assert desk.sync("run", "-q").returncode == 0
    day = json.loads((desk.hub / "manifest/head.json").read_text())["sealed"][:10]
    file = offer(publisher, "118037", snapshot_tar(files_of(desk.hub)), day)
    assert desk.sync("snapshots", "list", "--publish", "--api", publisher.api).returncode == 0
    assert "nearest DOI snapshot #118037" in desk.gdac("cite", "--manifest", "1").stdout
    done = desk.sync("snapshots", "prove", "118037", "--api", publisher.api)
    assert done.returncode == 0, done.stderr
    assert "10.17882/42182#118037\n" in desk.gdac("cite", "--manifest", "1").stdout
    assert "proven: serial 1 equals snapshot #118037" in done.stdout
    (proof,) = parse_snapshots((desk.hub / SNAPSHOTS).read_bytes()).proofs
    assert (proof.key, proof.relation, proof.serial) == ("118037", Relation.EQUAL, 1)

    listed = desk.sync("snapshots", "list", "--api", publisher.api)
    assert f"#118037       {day}  full" in listed.stdout
    assert "equal: serial 1" in listed.stdout

    # From the disk, with the API out of order: what the hub published before says which snapshot it is.
    publisher.how = "html"
    (desk.root / "with.tar.gz").write_bytes(file.read_bytes()[:-1])
    other = desk.sync("snapshots", "prove", "with.tar.gz", "--key", "118037", "--api", publisher.api, "-q")
    assert other.returncode == 3
    assert "the DOI's record says" in other.stderr
    unknown = desk.sync("snapshots", "prove", "with.tar.gz", "--api", publisher.api, "-q")
    assert unknown.returncode == 2
    assert "--key" in unknown.stderr


def test_nothing_is_claimed_of_a_snapshot_that_is_no_state_of_ours(desk: Desk, publisher: Publisher):
    assert desk.sync("run", "-q").returncode == 0
    files = [(path, body[:-1] if path.endswith("_tech.nc") else body) for path, body in files_of(desk.hub)]
    offer(publisher, "7", snapshot_tar(files))
    publisher.files.append({**publisher.files[0], "id": "8", "openAccess": False})
    done = desk.sync("snapshots", "prove", "7", "--api", publisher.api, "--json")
    assert done.returncode == 1
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert outcome["proofs"] == []
    assert [(one["kind"], one["other"]) for one in outcome["lacks"] if one["other"] or one["absent"]] == [("tech", 3)]
    assert "118037" not in (desk.hub / SNAPSHOTS).read_text()
    assert desk.sync("snapshots", "prove", "8", "--api", publisher.api).returncode == 2  # sent on demand only
    assert desk.sync("snapshots", "prove", "9", "--api", publisher.api).returncode == 2


@pytest.mark.soak
def test_a_seed_killed_in_the_middle_goes_on_where_it_was(desk: Desk, publisher: Publisher):
    files = [one for one in files_of(desk.source) if "/" in one[0]]
    tar = tar_of(files, packed=False, times=times_of(desk.source))
    offer(publisher, "5", tar)
    publisher.stall_at = len(tar) * 2 // 3
    command = [sys.executable, "-m", "gdac.cli.main", "sync", "seed", "5", "--api", publisher.api, "-q"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.Popen(command, cwd=desk.root, env=environment)
    due = len(files) // 2
    give_up = time.monotonic() + 60
    while sum(1 for one in desk.hub.rglob("*.nc")) < due:
        assert killed.poll() is None
        assert time.monotonic() < give_up
        time.sleep(0.05)
    time.sleep(2.5)  # the journal is written every two seconds, with the next file
    publisher.stall_at += len(tar) // 6
    time.sleep(0.5)
    killed.kill()
    killed.wait(10)
    publisher.stall_at = None
    done = desk.sync("seed", "5", "--api", publisher.api, "-q")
    assert done.returncode == 0, done.stderr
    assert "were there already" in done.stdout
    assert desk.sync("run", "-q").returncode == 0
    assert [one for one in files_of(desk.hub) if "/" in one[0]] == files
    again = desk.sync("seed", "5", "--api", publisher.api, "-q")
    assert again.returncode == 2
    assert "shows serial 1 already" in again.stderr
