"""A first mirror in shards: together they bring what one run would have brought, and one state seals it."""

import json
import shutil
from datetime import UTC, date, datetime, timedelta

import pytest

from gdac.errors import GdacError, RefusedError, UsageError
from gdac.sample.archive import make_archive
from sync.audit.shares import Part
from sync.hub.join import Join
from sync.hub.shard import Shard
from sync.hub.shardfiles import SHARDS
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.run import opened
from sync.state import State
from tests.deployment import Deployment

OF = 3


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards") / "gdac"
    make_archive(folder, floats=7, cycles=3, seed=8, day=date(2025, 3, 1))
    return folder


@pytest.fixture
def deployed(tmp_path, archive):
    source = tmp_path / "source"
    shutil.copytree(archive, source)
    return Deployment(tmp_path, str(source))


def now():
    return datetime(2026, 11, 22, 6, tzinfo=UTC)


def shard(deployed, number, of=OF, state="shard"):
    with State.open(deployed.root / f"{state}-{number}") as own:
        return run_loop(Shard(deployed.config, own, Silent(), now, opened).fetch(Part(number, of)))


def join(deployed, of=OF, **more):
    with State.open(deployed.config.state_directory) as own:
        return run_loop(Join(deployed.config, own, Silent(), now, opened).join(of, **more))


def files_of(folder):
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and file.relative_to(folder).parts[0] != "manifest"
    }


def test_shards_bring_together_what_one_run_brings(deployed, tmp_path):
    records = [shard(deployed, number) for number in (2, 1, 3)]
    assert not any(one.failed for one in records)  # one of them happens to have no float
    joined = join(deployed)
    assert joined.files == sum(one.files for one in records) == sum(one.fetched for one in records)
    assert not list((deployed.hub / SHARDS).glob("*"))
    record = deployed.run()
    assert record.outcome == "fine"
    assert record.seal.serial == 1
    assert record.ingest.moved.files == 0
    alone = Deployment(tmp_path / "alone", deployed.source)
    alone.run()
    assert files_of(deployed.hub) == files_of(alone.hub)


def test_a_run_fetches_what_changed_since_the_shards(deployed):
    for number in (1, 2, 3):
        shard(deployed, number)
    join(deployed)
    gone = next(iter(sorted(deployed.hub.glob("dac/*/*/profiles/*.nc"))))
    gone.unlink()  # lost from the hub meanwhile
    assert deployed.run().ingest.moved.files == 1
    assert gone.is_file()


def test_a_shard_that_is_started_anew_elsewhere_goes_on(deployed, tmp_path):
    source = tmp_path / "source"
    floats = sorted(source.glob("dac/*/*/*_meta.nc"))
    hidden = {file: file.read_bytes() for file in floats[:3]}
    for file in hidden:
        file.unlink()
    first = shard(deployed, 1, of=1)
    assert first.failed == 3
    for file, raw in hidden.items():
        file.write_bytes(raw)
    second = shard(deployed, 1, of=1, state="elsewhere")
    assert (second.fetched, second.failed) == (3, 0)
    assert second.files == first.files + 3
    join(deployed, of=1)
    assert deployed.run().ingest.moved.files == 0


def test_nothing_is_joined_while_a_shard_is_not_complete(deployed):
    shard(deployed, 1)
    marker = deployed.hub / SHARDS / "00001-of-00003.json"
    shard(deployed, 2)
    second = deployed.hub / SHARDS / "00002-of-00003.json"
    second.write_text(json.dumps({**json.loads(second.read_text()), "is_complete": False}))
    with pytest.raises(GdacError, match=r"2 of 3 shards are not complete: 2, 3\."):
        join(deployed)
    with State.open(deployed.config.state_directory) as state:
        assert state.pending_count() == 0
    assert marker.is_file()


def test_waiting_for_shards_ends(deployed):
    shard(deployed, 1)
    moments = iter(datetime(2026, 11, 22, hour, tzinfo=UTC) for hour in range(6, 24))
    with State.open(deployed.config.state_directory) as own:
        work = Join(deployed.config, own, Silent(), lambda: next(moments), opened)
        with pytest.raises(GdacError, match="not complete"):
            run_loop(work.join(OF, wait=timedelta(hours=5), pause=0.0))
    assert next(moments).hour > 11  # five hours of looks, and no more


def test_a_join_that_was_killed_while_it_cleaned_up_is_given_again(deployed):
    for number in (1, 2, 3):
        shard(deployed, number)
    before = {file: file.read_bytes() for file in (deployed.hub / SHARDS).iterdir()}
    first = join(deployed)
    survivor = next(iter(sorted(before)))
    survivor.parent.mkdir(parents=True, exist_ok=True)
    survivor.write_bytes(before[survivor])
    assert join(deployed) == first
    assert not list((deployed.hub / SHARDS).glob("*"))


@pytest.mark.parametrize("damage", ["cut", "other", "marker"])
def test_what_a_shard_left_is_not_believed_when_it_is_damaged(deployed, damage):
    shard(deployed, 1, of=1)
    rows = next(iter((deployed.hub / SHARDS).glob("*.parquet")))
    marker = deployed.hub / SHARDS / "00001-of-00001.json"
    if damage == "cut":
        rows.write_bytes(rows.read_bytes()[:-20])
    elif damage == "other":
        rows.unlink()
    else:
        marker.write_text("[]")
    with pytest.raises(RefusedError, match=rows.name if damage != "marker" else marker.name):
        join(deployed, of=1)


def test_rows_of_another_shard_are_refused(deployed):
    for number in (1, 2):
        shard(deployed, number, of=2)
    folder = deployed.hub / SHARDS
    one, two = (json.loads((folder / f"0000{n}-of-00002.json").read_text()) for n in (1, 2))
    digest = two["sha256"]
    (folder / f"00001-of-00002.{digest[:16]}.parquet").write_bytes(
        (folder / f"00002-of-00002.{digest[:16]}.parquet").read_bytes()
    )
    (folder / "00001-of-00002.json").write_text(json.dumps({**one, "sha256": digest}))
    with pytest.raises(RefusedError, match="files of other shards"):
        join(deployed, of=2)


def test_a_path_that_leads_outside_is_refused(deployed):
    import hashlib

    import duckdb

    shard(deployed, 1, of=1)
    folder = deployed.hub / SHARDS
    rows = next(iter(folder.glob("*.parquet")))
    with duckdb.connect() as engine:
        chosen = f"select * replace ('dac/aoml/../../etc/passwd' as path) from read_parquet('{rows}') limit 1"
        engine.execute(f"copy ({chosen}) to '{folder}/hostile' (format parquet)")
    raw = (folder / "hostile").read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    (folder / f"00001-of-00001.{digest[:16]}.parquet").write_bytes(raw)
    marker = folder / "00001-of-00001.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "sha256": digest}))
    with pytest.raises(RefusedError):
        join(deployed, of=1)


def test_a_sealed_hub_is_not_begun_anew(deployed):
    deployed.run()
    with pytest.raises(UsageError, match="shows serial 1 already"):
        shard(deployed, 1)
    with pytest.raises(UsageError, match="shows serial 1 already"):
        join(deployed)
