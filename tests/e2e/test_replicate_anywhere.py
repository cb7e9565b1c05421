"""Mirrors from anywhere: by a head, from another mirror, side by side, with exceptions, onto stores with files."""

import asyncio
import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gdac.errors import StoreError, UsageError
from gdac.manifest.head import ForkError, OtherArchiveError, RollbackError, parse_head
from gdac.records import Outcome, RunRecord
from gdac.sample.archive import make_archive, next_day
from sync.loop import run as run_loop
from sync.mirror.anywhere import Journey, archive_of, replicate_from
from sync.mirror.exceptions import MIRROR_KEY, parse_exceptions
from sync.progress import Silent
from sync.state import State
from tests.deployment import (
    SECRETS,
    Deployment,
    assert_equal_by_rclone,
    folder_mirror,
    rclone_remote,
    s3_mirror,
)
from tests.servers import PASSWORD, USER, http_python, rclone, s3_moto

NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)


@pytest.fixture
def here(tmp_path: Path) -> Deployment:
    make_archive(tmp_path / "source", floats=4, cycles=6, seed=13, day=date(2025, 3, 1))
    deployment = Deployment(tmp_path / "here", str(tmp_path / "source"))
    deployment.run()
    return deployment


def go(source: str, target: str, state: Path, *, adopt: bool = False, now: datetime = NOW) -> RunRecord:
    with State.open(state) as opened:
        return run_loop(replicate_from(Journey(source, target, adopt), opened, Silent(), lambda: now))


def damage(file: Path) -> bytes:
    """Other bytes of the same length at a path; returns the old ones."""
    old = file.read_bytes()
    file.write_bytes(bytes(byte ^ 255 for byte in old))
    return old


@pytest.mark.skipif(rclone() is None, reason="rclone is not installed")
def test_over_http_into_a_bucket_and_on_by_deltas(here, tmp_path, monkeypatch):
    with http_python(here.hub) as web, s3_moto() as moto:
        monkeypatch.setenv("AWS_ENDPOINT_URL", moto.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", USER)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PASSWORD)
        target = f"{moto.url}/copy"
        first = go(web.url, target, tmp_path / "state")
        assert (first.outcome, first.mirrors[0].way) == (Outcome.FINE, "snapshot")
        assert_equal_by_rclone(here.hub, f"{rclone_remote(moto)}/copy")
        changes = next_day(tmp_path / "source")
        here.run()
        web.requests.clear()
        moto.requests.clear()
        second = go(web.url, target, tmp_path / "state", now=NOW + timedelta(days=1))
        came = len(changes.added) + len(changes.changed) + len(changes.renamed) + len(changes.derived)
        assert second.mirrors[0].way == "delta"
        assert len([request for request in web.requests if "/dac/" in request]) == came
        assert len([request for request in moto.requests if "/dac/" in request]) == came
        here.let_grace_pass()
        here.run()
        third = go(web.url, target, tmp_path / "state", now=NOW + timedelta(days=9))
        assert any("expired" in note for note in third.notes)  # stale, said so, used all the same
        assert third.mirrors[0].superseded == 0
        assert_equal_by_rclone(here.hub, f"{rclone_remote(moto)}/copy")


def test_a_lost_mirror_does_not_forget_what_its_state_has_seen(here, tmp_path):
    old_day = tmp_path / "old"
    shutil.copytree(here.hub, old_day)
    next_day(tmp_path / "source")
    here.run()
    target = tmp_path / "copy"
    go(str(here.hub), str(target), tmp_path / "state")
    shutil.rmtree(target)
    with pytest.raises(RollbackError):
        go(str(old_day), str(target), tmp_path / "state")
    other = Deployment(tmp_path / "other", str(tmp_path / "source"))
    other.run()
    with pytest.raises(OtherArchiveError):
        go(str(other.hub), str(target), tmp_path / "state")
    assert not (target / "manifest").exists()
    assert go(str(other.hub), str(target), tmp_path / "state", adopt=True).outcome is Outcome.FINE


def test_a_fork_is_refused(here, tmp_path):
    forked = tmp_path / "forked"
    shutil.copytree(here.hub, forked)
    shutil.copytree(here.root / "state", tmp_path / "forked.state")
    next_day(tmp_path / "source")
    here.run()
    go(str(here.hub), str(tmp_path / "copy"), tmp_path / "state")
    next_day(tmp_path / "source")
    other = Deployment(tmp_path / "x", str(tmp_path / "source"))
    shutil.copytree(forked, other.hub)
    other.now = here.now + timedelta(hours=1)
    other.run()
    with pytest.raises(ForkError):
        go(str(other.hub), str(tmp_path / "copy"), tmp_path / "state")


def test_one_state_speaks_of_one_mirror(here, tmp_path):
    go(str(here.hub), str(tmp_path / "copy"), tmp_path / "state")
    with pytest.raises(UsageError, match="--state"):
        go(str(here.hub), str(tmp_path / "second"), tmp_path / "state")


def test_addresses_of_heads():
    assert archive_of("https://host/argo/manifest/head.json") == "https://host/argo"
    assert archive_of("/srv/argo/manifest/head.json") == "/srv/argo"
    assert archive_of("manifest/head.json") == "."
    for wrong in ("https://host/argo/", "https://host/xmanifest/head.json"):
        with pytest.raises(UsageError):
            archive_of(wrong)


def test_files_that_are_there_already_are_not_uploaded(here, tmp_path, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    target = tmp_path / "copy"
    shutil.copytree(here.hub / "dac", target / "dac")
    wrong = next((target / "dac").rglob("*_meta.nc"))
    damage(wrong)
    record = go(str(here.hub), str(target), tmp_path / "state").mirrors[0]
    files = len(list((here.hub / "dac").rglob("*.nc")))
    assert (record.held, record.moved.files) == (files - 1, 1 + 14)
    with s3_moto() as moto:
        here.mirrors = {"moto": s3_mirror(moto)}
        here.run()
        (manifest,) = [request for request in moto.requests if "head.json" in request and request.startswith("PUT")]
        shutil.rmtree(here.root / "state")
        here.mirrors = {"moto": {**s3_mirror(moto)}}
        asyncio.run(_delete_head(moto))
        moto.requests.clear()
        again = here.run().mirrors[0]
        assert (again.held, again.moved.files) == (files + 14, 0)
        assert not [request for request in moto.requests if "/dac/" in request]
        assert manifest


async def _delete_head(moto):
    from sync.stores.open import open_store
    from sync.stores.settings import S3Settings, StoreSettings

    settings = StoreSettings(s3=S3Settings(endpoint=moto.endpoint))
    async with open_store(moto.url, settings, name="moto") as store:
        await store.delete("manifest/head.json")


def test_bytes_that_the_hub_lost_are_an_exception_until_they_are_back(here, tmp_path):
    here.mirrors = {"disk": folder_mirror(tmp_path / "disk")}
    overtaken = next((here.hub / "dac").rglob("*_meta.nc"))
    gone = next((here.hub / "dac").rglob("*_tech.nc"))
    old = damage(overtaken)
    kept = gone.read_bytes()
    gone.unlink()
    names = sorted(each.relative_to(here.hub).as_posix() for each in (overtaken, gone))
    first = here.replicate()
    assert (first.outcome, first.mirrors[0].exceptions, first.mirrors[0].error) == (Outcome.PARTIAL, 2, None)
    published = tmp_path / "disk" / MIRROR_KEY
    head = parse_head((tmp_path / "disk" / "manifest" / "head.json").read_bytes())
    told = parse_exceptions(published.read_bytes(), head.archive)
    assert [one.path for one in told] == names
    assert json.loads(published.read_bytes())["serial"] == head.serial
    gone.parent.mkdir(exist_ok=True)
    gone.write_bytes(kept)
    second = here.replicate()
    assert second.mirrors[0].exceptions == 1
    later = parse_exceptions(published.read_bytes(), head.archive)
    assert [one.path for one in later] == [overtaken.relative_to(here.hub).as_posix()]
    assert {one.path: one.since for one in told}[later[0].path] == later[0].since
    shutil.rmtree(here.root / "state")  # the mirror itself still says what it lacks
    overtaken.write_bytes(old)
    third = here.replicate()
    assert (third.outcome, third.mirrors[0].exceptions) == (Outcome.FINE, 0)
    assert parse_exceptions(published.read_bytes(), head.archive) == []
    for name in names:
        assert (tmp_path / "disk" / name).read_bytes() == (here.hub / name).read_bytes()


def test_an_exception_does_not_hold_up_the_next_serial(here, tmp_path):
    here.mirrors = {"disk": folder_mirror(tmp_path / "disk")}
    here.replicate()
    before = {each: each.read_bytes() for each in (here.hub / "dac").rglob("*.nc")}
    next_day(tmp_path / "source")
    here.mirrors = {}
    here.run()
    new = sorted(each for each in (here.hub / "dac").rglob("*.nc") if each not in before)
    new[0].unlink()
    here.mirrors = {"disk": folder_mirror(tmp_path / "disk")}
    done = here.replicate()
    assert (done.mirrors[0].way, done.mirrors[0].serial, done.mirrors[0].exceptions) == ("delta", 2, 1)


def test_from_another_mirror_and_from_the_hub_when_that_is_behind_or_broken(here, tmp_path):
    here.mirrors = {
        "near": folder_mirror(tmp_path / "near"),
        "far": {**folder_mirror(tmp_path / "far"), "from": "near"},
    }
    overtaken = next((here.hub / "dac").rglob("*_meta.nc"))
    here.replicate("near")
    damage(overtaken)  # only the mirror has the sealed bytes now
    done = here.replicate()
    far = next(one for one in done.mirrors if one.mirror == "far")
    assert (far.exceptions, far.error, far.notes) == (0, None, ())
    shutil.rmtree(tmp_path / "far")
    shutil.rmtree(tmp_path / "near")
    behind = here.replicate("far")
    assert behind.mirrors[0].exceptions == 1
    assert "behind" in behind.mirrors[0].notes[0]
    assert any("far: mirror near is behind" in note for note in behind.notes)
    here.mirrors["near"] = {"store": "http://127.0.0.1:9"}
    broken = here.replicate()
    assert [one.error is None for one in broken.mirrors] == [False, True]
    assert "near" in broken.mirrors[1].notes[0]


def test_mirrors_go_side_by_side_and_a_broken_one_stops_nobody(here, tmp_path, monkeypatch):
    from sync.stores.local import LocalStore

    honest = LocalStore.write
    under_way: set[str] = set()
    together: list[int] = []

    async def write(self, key, body, declared, **expect):
        if self.name.endswith("bad"):
            raise StoreError("the disk of this mirror is full.")
        under_way.add(self.name)
        together.append(len(under_way))
        await asyncio.sleep(0.001)
        try:
            return await honest(self, key, body, declared, **expect)
        finally:
            under_way.discard(self.name)

    here.mirrors = {name: folder_mirror(tmp_path / name) for name in ("one", "bad", "two")}
    monkeypatch.setattr(LocalStore, "write", write)
    done = here.replicate()
    assert done.outcome is Outcome.PARTIAL
    assert [(one.mirror, one.error is None) for one in done.mirrors] == [("one", True), ("bad", False), ("two", True)]
    assert max(together) > 1


def test_the_command(desk):
    assert desk.sync("run", "--quiet").returncode == 0
    copy = desk.root / "copy"
    done = desk.sync("replicate", str(desk.hub / "manifest" / "head.json"), str(copy), "--quiet")
    assert done.returncode == 0, done.stderr
    assert f"mirror    {copy}: serial 1" in done.stdout
    assert (desk.root / "copy.state" / "state.db").is_file()
    assert (copy / "manifest" / "head.json").read_bytes() == (desk.hub / "manifest" / "head.json").read_bytes()
    for wrong in (["https://x/y"], [str(desk.hub), str(copy)], ["x.y", "s3://b/p", "z"]):
        assert desk.sync("replicate", *wrong).returncode == 2
    needs_state = desk.sync("replicate", str(desk.hub / "manifest" / "head.json"), "s3://bucket/prefix")
    assert needs_state.returncode == 2
    assert "--state" in needs_state.stderr


def test_a_delta_outside_its_chain_sends_the_mirror_back_to_full_manifests(here, tmp_path):
    """Rule 9: the hub's head names a sound delta file that leads elsewhere."""
    from dataclasses import replace

    from gdac.manifest.head import render_head
    from gdac.manifest.names import delta_key

    for _ in range(2):
        next_day(tmp_path / "source")
        here.run()
    go(str(here.hub), str(tmp_path / "copy"), tmp_path / "state")
    next_day(tmp_path / "source")
    here.run()
    head = parse_head((here.hub / "manifest" / "head.json").read_bytes())
    older = head.deltas[-2]
    wrong = replace(older, serial=head.serial, name=delta_key(head.serial, older.sha256).partition("/")[2])
    shutil.copyfile(here.hub / older.key, here.hub / wrong.key)
    forged = render_head(replace(head, deltas=(*head.deltas[:-1], wrong)))
    (here.hub / "manifest" / "head.json").write_bytes(forged)
    done = go(str(here.hub), str(tmp_path / "copy"), tmp_path / "state")
    assert (done.mirrors[0].way, done.outcome) == ("snapshot", Outcome.FINE)
    assert "full manifests were compared" in done.notes[0]
    for file in (tmp_path / "source" / "dac").rglob("*.nc"):
        path = file.relative_to(tmp_path / "source")
        assert (tmp_path / "copy" / path).read_bytes() == file.read_bytes(), path
