"""Views end to end: filters and layouts of mirrors, on a directory and on S3, judged by rclone and by other code."""

import csv
import gzip
import os
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

from gdac.manifest.head import parse_head
from gdac.records import Outcome
from gdac.sample.archive import make_archive, next_day
from tests.conftest import ROOT
from tests.deployment import (
    SECRETS,
    Deployment,
    assert_equal_by_rclone,
    folder_mirror,
    rclone_remote,
    s3_mirror,
)
from tests.servers import PASSWORD, USER, rclone, s3_moto

needs_rclone = pytest.mark.skipif(rclone() is None, reason="rclone is not installed")
#: A Python with argopy, s3fs and boto3, as `make argopy` makes one without the latter two.
ARGOPY = Path(os.environ.get("ARGO_GDAC_ARGOPY", ROOT / ".judges" / "argopy-venv" / "bin" / "python"))


def rows(index: Path) -> list[dict[str, str]]:
    text = gzip.decompress(index.read_bytes()) if index.suffix == ".gz" else index.read_bytes()
    lines = [line for line in text.decode("ascii").splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def listed(root: Path) -> set[str]:
    """Paths that the plain indexes of a root list."""
    return {f"dac/{row['file']}" for index in root.glob("*.txt") for row in rows(index)}


def held(root: Path) -> set[str]:
    return {each.relative_to(root).as_posix() for each in (root / "dac").rglob("*.nc")}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    make_archive(root, floats=6, cycles=8, seed=11, day=date(2025, 3, 1))
    return root


def test_a_filter_by_dac_follows_the_days(source, tmp_path):
    dac = min(each.name for each in (source / "dac").iterdir())
    mirrors = {
        "part": {**folder_mirror(tmp_path / "part"), "filter": {"dacs": [dac]}},
        "all": folder_mirror(tmp_path / "all"),
    }
    here = Deployment(tmp_path / "here", str(source), mirrors)
    for day in range(3):
        if day:
            next_day(source)
        done = here.run()
        assert done.outcome is Outcome.FINE, done.mirrors
        part, every = done.mirrors
        assert part.way == ("delta" if day else "snapshot")
        assert part.moved.files <= every.moved.files
        assert listed(tmp_path / "part") <= held(tmp_path / "part")
        assert listed(tmp_path / "part") == {path for path in listed(source) if path.startswith(f"dac/{dac}/")}
        head = parse_head((tmp_path / "part" / "manifest" / "head.json").read_bytes())
        hub = parse_head((here.hub / "manifest" / "head.json").read_bytes())
        assert (head.serial, head.view_of.archive, head.view_of.sha256) == (
            hub.serial,
            hub.archive,
            hub.manifest.sha256,
        )
        assert head.archive != hub.archive
    here.let_grace_pass()
    assert here.run().mirrors[0].superseded == 0
    expected = {path for path in held(source) if path.startswith(f"dac/{dac}/")}
    assert held(tmp_path / "part") == expected


def test_cycles_of_an_area_bring_no_file_that_holds_others(source, tmp_path):
    found = rows(source / "ar_index_global_prof.txt")
    place = next(row for row in found if row["latitude"])
    south, west = float(place["latitude"]) - 0.5, float(place["longitude"]) - 0.5
    area = {"south": south, "north": south + 1, "west": max(-180.0, west), "east": min(180.0, west + 1)}
    mirror = {**folder_mirror(tmp_path / "box"), "filter": {"area": area}}
    here = Deployment(tmp_path / "here", str(source), {"box": mirror})
    assert here.run().outcome is Outcome.FINE
    inside = {
        f"dac/{row['file']}"
        for row in found
        if row["latitude"]
        and area["south"] <= float(row["latitude"]) <= area["north"]
        and area["west"] <= float(row["longitude"]) <= area["east"]
    }
    assert inside
    box = held(tmp_path / "box")
    assert {f"dac/{row['file']}" for row in rows(tmp_path / "box" / "ar_index_global_prof.txt")} >= inside
    assert inside <= box
    assert listed(tmp_path / "box") <= box
    floats = {"/".join(path.split("/")[:3]) for path in inside}
    assert {"/".join(path.split("/")[:3]) for path in box} == floats
    for folder in floats:  # a float of which cycles are missing brings neither trajectories nor merged files
        whole = {path for path in held(source) if path.startswith(f"{folder}/profiles/")}
        names = {path.rpartition("_")[2] for path in box if path.startswith(f"{folder}/") and "/profiles/" not in path}
        assert "meta.nc" in names
        if not whole <= box:
            assert not names & {"prof.nc", "Sprof.nc", "Rtraj.nc", "Dtraj.nc"}
    before = (tmp_path / "box" / "manifest" / "head.json").read_bytes()
    assert here.run().mirrors[0].way == "current"
    again = parse_head((tmp_path / "box" / "manifest" / "head.json").read_bytes())
    assert again.manifest == parse_head(before).manifest


def test_two_processes_derive_the_same_manifest(source, tmp_path):
    mirrors = {name: {**folder_mirror(tmp_path / name), "layout": "asdi"} for name in ("one", "two")}
    here = Deployment(tmp_path / "here", str(source), {"one": mirrors["one"]})
    here.run()
    next_day(source)
    here.run()
    here.mirrors = mirrors
    here.run()
    heads = [parse_head((tmp_path / name / "manifest" / "head.json").read_bytes()) for name in mirrors]
    assert heads[0].manifest.sha256 == heads[1].manifest.sha256
    assert heads[0].archive == heads[1].archive


def reference_of_bucket(source: Path, to: Path) -> Path:
    """What the public bucket would show of a source, by other code than ours."""
    shutil.copytree(source / "dac", to / "pub" / "dac")
    (to / "pub" / "idx").mkdir(parents=True)
    for index in source.glob("*.txt*"):
        (to / "pub" / "idx" / index.name).write_bytes(ten_lines(index))
    return to


def ten_lines(index: Path) -> bytes:
    packed = index.suffix == ".gz"
    lines = (gzip.decompress(index.read_bytes()) if packed else index.read_bytes()).splitlines(keepends=True)
    extra = [
        b"# Note : paths are relative to the dac directory\n",
        b"# Note : dates are UTC, YYYYMMDDHHMMSS\n",
    ]
    text = b"".join([*lines[:8], *extra, *lines[8:]])
    return gzip.compress(text, 6, mtime=0) if packed else text


@needs_rclone
def test_the_bucket_layout_on_s3_and_disk(source, tmp_path, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    with s3_moto() as moto:
        mirrors = {
            "moto": {**s3_mirror(moto), "layout": "asdi"},
            "disk": {**folder_mirror(tmp_path / "disk"), "layout": "asdi"},
        }
        here = Deployment(tmp_path / "here", str(source), mirrors)
        assert here.run().outcome is Outcome.FINE
        changes = next_day(source)
        moto.requests.clear()
        second = here.run()
        assert second.outcome is Outcome.FINE, second.mirrors
        came = len(changes.added) + len(changes.changed) + len(changes.renamed) + len(changes.derived)
        assert len([request for request in moto.requests if "/pub/dac/" in request]) == came
        here.let_grace_pass()
        third = here.run()
        assert [one.superseded for one in third.mirrors] == [0, 0]
        expected = reference_of_bucket(source, tmp_path / "expected")
        for remote in (rclone_remote(moto), str(tmp_path / "disk")):
            judge_names_and_unpacked_bytes(expected, remote, tmp_path)


def judge_names_and_unpacked_bytes(expected: Path, remote: str, tmp_path: Path) -> None:
    """rclone compares every byte, but for .gz files, which it fetches and we unpack: packing is free to differ."""
    binary = rclone()
    assert binary is not None
    quiet = ["--config", os.devnull]
    command = [binary, "check", "--download", "--exclude", "/manifest/**", "--exclude", "*.gz", str(expected), remote]
    done = subprocess.run([*command, *quiet], capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr[-3000:]
    fetched = tmp_path / "fetched"
    shutil.rmtree(fetched, ignore_errors=True)
    copy = [binary, "copy", "--include", "/pub/**.gz", remote, str(fetched), *quiet]
    subprocess.run(copy, check=True, timeout=100)
    packed = {each.relative_to(expected) for each in expected.rglob("*.gz")}
    assert {each.relative_to(fetched) for each in fetched.rglob("*.gz")} == packed
    for name in packed:
        ours, theirs = (gzip.decompress((root / name).read_bytes()) for root in (fetched, expected))
        assert ours == theirs


def has_argopy() -> bool:
    command = [str(ARGOPY), "-c", "import argopy, boto3, s3fs"]
    return ARGOPY.exists() and subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_argopy_opens_the_bucket(source, tmp_path, monkeypatch):
    if not has_argopy():
        pytest.skip(f"no Python with argopy, s3fs and boto3 at {ARGOPY}; name one in ARGO_GDAC_ARGOPY")
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    with s3_moto() as moto:
        mirror = {**s3_mirror(moto), "store": f"{moto.url}/argo", "layout": "argopy-s3"}
        here = Deployment(tmp_path / "here", str(source), {"moto": mirror})
        assert here.run().outcome is Outcome.FINE
        reader = ROOT / "tests" / "conformance" / "argopy_reads.py"
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": moto.endpoint,
            "AWS_ACCESS_KEY_ID": USER,
            "AWS_SECRET_ACCESS_KEY": PASSWORD,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        done = subprocess.run(
            [str(ARGOPY), str(reader), f"{moto.url}/argo"],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env=environment,
        )
        assert done.returncode == 0, done.stderr[-3000:]


def test_an_audit_knows_views(desk):
    settings = (desk.root / "gdac.toml").read_text(encoding="utf-8")
    (desk.root / "gdac.toml").write_text(settings + 'layout = "asdi"\n', encoding="utf-8")
    assert desk.sync("run", "--quiet").returncode == 0
    assert desk.sync("audit", "--all").returncode == 0
    (desk.mirror / "pub" / "idx" / "ar_index_global_prof.txt").write_bytes(b"x")
    assert desk.sync("audit", "--all").returncode == 1
    adopted = desk.sync("audit", "--adopt", "folder")
    assert adopted.returncode != 0
    assert "is a view" in adopted.stdout + adopted.stderr


def test_another_definition_is_another_archive(source, tmp_path):
    here = Deployment(tmp_path / "here", str(source), {"disk": folder_mirror(tmp_path / "disk")})
    here.run()
    here.mirrors = {"disk": {**folder_mirror(tmp_path / "disk"), "layout": "argopy-s3"}}
    done = here.run()
    assert done.outcome is Outcome.PARTIAL
    assert "--adopt" in done.mirrors[0].error
    adopted = here.replicate(adopt=True)
    assert (adopted.mirrors[0].error, adopted.mirrors[0].way) == (None, "snapshot")
    assert adopted.mirrors[0].moved.files == len(list(source.glob("*.txt*")))  # only the indexes differ
    first = (tmp_path / "disk" / "ar_index_global_prof.txt").read_bytes().splitlines()
    assert sum(line.startswith(b"#") for line in first) == 10
    original = next((tmp_path / "disk" / "manifest" / "index").glob("*-ar_index_global_prof.txt"))
    assert original.read_bytes() == (source / "ar_index_global_prof.txt").read_bytes()


@needs_rclone
def test_plain_mirrors_are_equal_to_a_reference(source, tmp_path):
    here = Deployment(tmp_path / "here", str(source), {"disk": folder_mirror(tmp_path / "disk")})
    here.run()
    assert_equal_by_rclone(here.hub, str(tmp_path / "disk"))
