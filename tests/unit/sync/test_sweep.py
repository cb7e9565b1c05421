"""The sweep finds what no index shows, and the next run fetches exactly that."""

import os
from datetime import date

import pytest

from gdac.records import Outcome
from gdac.sample.archive import make_archive
from sync.audit.shares import Part
from sync.hub.sweep import Sweep
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.run import opened
from sync.state import State
from tests.deployment import Deployment
from tests.servers import ftp_pyftpdlib, http_aiohttp


def sweep(here: Deployment, part: Part | None = None):
    with State.open(here.config.state_directory) as state:
        one = Sweep(here.config, state, Silent(), lambda: here.now, opened)

        async def work():
            return await one.sweep(part)

        return run_loop(work())


def replace(file) -> None:
    """Other bytes, as a source might put them in place: no index row changes."""
    body = bytearray(file.read_bytes())
    body[-1] ^= 0xFF
    file.write_bytes(bytes(body))
    os.utime(file, (1_800_000_000, 1_800_000_000))


@pytest.fixture
def source(tmp_path):
    make_archive(tmp_path / "source", floats=6, cycles=3, seed=5, day=date(2025, 3, 1))
    return tmp_path / "source"


@pytest.mark.parametrize("way", ["folder", "ftp", "http-without-listing"])
def test_replaced_files_are_found_and_fetched(source, tmp_path, way):
    from contextlib import nullcontext

    servers = {"folder": lambda _: nullcontext(None), "ftp": ftp_pyftpdlib, "http-without-listing": http_aiohttp}
    with servers[way](source) as server:
        here = Deployment(tmp_path / "here", server.url if server else str(source))
        here.run()
        assert here.run().seal.new is False
        profile = min(source.glob("dac/*/*/profiles/*.nc"))
        derived = min(source.glob("dac/*/*/*_prof.nc"))
        due = {file.relative_to(source).as_posix() for file in (profile, derived)}
        for file in (profile, derived):
            replace(file)
        assert here.run().seal.new is False  # no index shows it

        found, floats = set(), 0
        for number in range(1, 4):
            record = sweep(here, Part(number, 3))
            found |= set(record.first)
            floats += record.floats
        assert (found, floats, record.waiting) == (due, 6, 2)
        done = here.run()
        assert (done.outcome, done.ingest.moved.files, done.seal.changed) == (Outcome.FINE, 2, 2)
        for file in (profile, derived):
            assert (here.hub / file.relative_to(source)).read_bytes() == file.read_bytes()
        assert here.run().seal.new is False
        assert sweep(here, Part(1, 1)).replaced == 0


def test_a_file_that_is_gone_does_not_wait_for_ever(source, tmp_path):
    here = Deployment(tmp_path / "here", str(source))
    here.run()
    profile = min(source.glob("dac/*/*/profiles/*.nc"))
    replace(profile)
    assert sweep(here, Part(1, 1)).waiting == 1
    profile.unlink()
    assert here.run().outcome is Outcome.PARTIAL
    here.let_grace_pass()
    here.run()
    assert sweep(here, Part(1, 1)).waiting == 0


def test_parts_follow_each_other(source, tmp_path):
    here = Deployment(tmp_path / "here", str(source))
    here.run()
    assert [sweep(here).part for _ in range(3)] == ["1/30", "2/30", "3/30"]
