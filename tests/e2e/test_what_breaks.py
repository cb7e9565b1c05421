"""What breaks other mirror tools at millions of small files and has no test elsewhere; see docs/what-breaks.md."""

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from gdac.columns import connect
from gdac.errors import GdacError
from gdac.records import Outcome
from gdac.sample.archive import make_archive
from gdac.store import Declared
from sync.loop import run as run_loop
from sync.sealed.copies import Copies, read_head
from sync.sealed.grace import Grace
from sync.state import State
from sync.stores.local import LocalStore
from sync.stores.sessions import TEMPORARY
from tests.conftest import ROOT
from tests.deployment import Deployment, folder_mirror

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def files_of(root):
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.mark.soak
def test_memory_of_a_first_mirror_does_not_follow_the_number_of_files(tmp_path):
    if not hasattr(os, "wait4"):
        pytest.skip("peak memory of a child is not told on this system")
    peaks = {}
    for floats in (3, 24):
        root = tmp_path / str(floats)
        made = make_archive(root / "source", floats=floats, cycles=20, seed=2, day=date(2025, 3, 1))
        config = root / "gdac.toml"
        config.write_text(
            f'[hub]\nstore = "{root / "hub"}"\nstate = "{root / "state"}"\n[source.s]\nstore = "{root / "source"}"\n'
            f'[mirror.m]\nstore = "{root / "mirror"}"\n'
        )
        command = [sys.executable, "-m", "gdac.cli.main", "sync", "run", "-q", "--json", "-c", str(config)]
        with (root / "out").open("wb") as out:
            process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, (root / "out").read_text()
        assert json.loads((root / "mirror/manifest/head.json").read_bytes())["manifest"]["rows"] == made.files
        peaks[floats] = usage.ru_maxrss
    assert peaks[24] < 1.5 * peaks[3], peaks


def test_thousands_of_superseded_files_go_and_nothing_else_does(tmp_path):
    make_archive(tmp_path / "source", floats=1, cycles=3, seed=1, day=date(2025, 3, 1))
    here = Deployment(tmp_path, str(tmp_path / "source"))
    assert here.run().outcome is Outcome.FINE
    kept = files_of(here.hub)
    old = [f"dac/aoml/1900999/profiles/R1900999_{cycle:03d}.nc" for cycle in range(1, 5001)]

    async def delete():
        with State.open(here.config.state_directory) as state, connect() as connection:
            store, copies = LocalStore(here.hub), Copies(tmp_path / "copies")
            async with store:
                for path in old:
                    await store.write(path, b"x", Declared(1))
                shown = await read_head(store)
                assert shown is not None
                head = shown.head
                state.record_published("hub", head.archive, head.serial, NOW, left=old, came=())
                grace = Grace(connection, store, "hub", timedelta(hours=72), state, copies, lambda: moment)
                deleted = await grace.delete_due(store, head)
                return deleted, state.superseded_count("hub")

    moment = NOW + timedelta(hours=71)
    assert run_loop(delete()) == (0, 5000)
    moment = NOW + timedelta(hours=73)
    assert run_loop(delete()) == (5000, 0)
    assert files_of(here.hub) == kept


def test_what_a_dead_run_left_half_written_is_gone_with_the_next(tmp_path):
    make_archive(tmp_path / "source", floats=1, cycles=3, seed=1, day=date(2025, 3, 1))
    here = Deployment(tmp_path, str(tmp_path / "source"), {"m": folder_mirror(tmp_path / "m")})
    assert here.run().outcome is Outcome.FINE
    for root in (here.hub, tmp_path / "m"):
        left = root / TEMPORARY / "dead" / "half"
        left.parent.mkdir(parents=True)
        left.write_bytes(b"CDF\x01")
        os.utime(left, (0, 0))
        os.utime(left.parent, (0, 0))
    assert here.run().outcome is Outcome.FINE
    for root in (here.hub, tmp_path / "m"):
        assert not (root / TEMPORARY / "dead" / "half").exists()


@pytest.mark.parametrize("loss", ["directory", "contents"])
def test_a_source_that_is_gone_wipes_nothing(tmp_path, loss):
    source = tmp_path / "source"
    make_archive(source, floats=2, cycles=5, seed=1, day=date(2025, 3, 1))
    here = Deployment(tmp_path, str(source), {"m": folder_mirror(tmp_path / "m")})
    assert here.run().outcome is Outcome.FINE
    before = {root: files_of(root) for root in (here.hub, tmp_path / "m")}
    source.rename(tmp_path / "elsewhere")
    if loss == "contents":
        source.mkdir()
    for _ in range(2):
        with pytest.raises(GdacError):
            here.run()
        here.let_grace_pass()
    for root, files in before.items():
        assert {path for path in files if path.startswith(("dac", "ar_"))} <= files_of(root)
