"""The system ends while a run is open: what was not yet on the disk is found and fetched again, the rest is not.

The power cut is played: entries of the journals are given another boot, and files are torn as a disk may leave them.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from gdac.records import Outcome
from gdac.sample.archive import make_archive, next_day
from sync.loop import run as run_loop
from sync.run import Run
from sync.state import State
from sync.state.boot import DURABLE, boot_id
from tests.deployment import Deployment, assert_equal_by_rclone, folder_mirror
from tests.servers import ftp_pyftpdlib, rclone


class _PowerCutError(Exception):
    pass


class _Cut:
    """A reporter that breaks a run off in the middle of a stage."""

    def __init__(self, stage: str, after: int) -> None:
        self._stage, self._after = stage, after

    @contextmanager
    def stage(self, name: str, files: int | None = None) -> Iterator["_Counter"]:
        yield _Counter(self._after if name.startswith(self._stage) else None)

    def note(self, text: str) -> None:
        pass


class _Counter:
    def __init__(self, left: int | None) -> None:
        self._left = left

    def advance(self, files: int = 1, size: int = 0) -> None:
        if self._left is not None:
            self._left -= files
            if self._left <= 0:
                raise _PowerCutError


def break_off(here: Deployment, stage: str, after: int) -> None:
    here.now += timedelta(minutes=1)
    with State.open(here.config.state_directory) as state, pytest.raises(_PowerCutError):
        run_loop(Run(here.config, state, _Cut(stage, after), lambda: here.now).whole_day())


def entries(here: Deployment, table: str) -> list[str]:
    with sqlite3.connect(here.root / "state/state.db") as database:
        return [row[0] for row in database.execute(f"select path from {table} order by path")]


def reboot(here: Deployment) -> None:
    with sqlite3.connect(here.root / "state/state.db") as database:
        for table in ("pending", "copied"):
            boots = {row[0] for row in database.execute(f"select boot from {table}")}
            assert boots <= {boot_id() or DURABLE}
            database.execute(f"update {table} set boot = 'another boot'")


def tear(root: Path, paths: list[str]) -> list[str]:
    """Damage four of the files as a power cut does; returns their paths."""
    torn = paths[:: max(1, len(paths) // 4)][:4]
    for at, path in enumerate(torn):
        file = root / path
        size = file.stat().st_size
        if at == 0:
            file.unlink()
        else:  # nothing of it, a half, or the right length with a hole
            file.write_bytes({1: b"", 2: file.read_bytes()[: size // 2], 3: bytes(size)}[at])
    return torn


@pytest.mark.skipif(boot_id() is None, reason="this system tells no boot: every batch is forced onto the disk")
@pytest.mark.parametrize("day", ["first", "second"])
def test_torn_files_are_fetched_again_and_whole_ones_are_not(tmp_path, day):
    source = tmp_path / "source"
    make_archive(source, floats=8, cycles=6, seed=5, day=date(2025, 3, 1))
    with ftp_pyftpdlib(source) as ftp:
        here = Deployment(tmp_path / "here", ftp.url, {"disk": folder_mirror(tmp_path / "mirror")})
        if day == "second":
            assert here.run().outcome is Outcome.FINE
            next_day(source)
        break_off(here, "ingest", 30 if day == "first" else 8)
        done = entries(here, "pending")
        assert len(done) >= 8
        reboot(here)
        torn = tear(here.hub, done)
        ftp.requests.clear()
        assert here.run().outcome is Outcome.FINE
        fetched = {one.removeprefix("RETR ") for one in ftp.requests if one.startswith("RETR ")}
        assert set(torn) <= fetched
        assert not (set(done) - set(torn)) & fetched
        _assert_right(here, source, tmp_path / "mirror")
    assert entries(here, "swept") == []


@pytest.mark.skipif(boot_id() is None, reason="this system tells no boot: every batch is forced onto the disk")
def test_a_mirrors_torn_files_are_copied_again(tmp_path):
    source = tmp_path / "source"
    make_archive(source, floats=3, cycles=4, seed=5, day=date(2025, 3, 1))
    here = Deployment(tmp_path / "here", str(source), {"disk": folder_mirror(tmp_path / "mirror")})
    break_off(here, "replicate", 20)
    done = entries(here, "copied")
    assert len(done) >= 10
    reboot(here)
    torn = tear(tmp_path / "mirror", done)
    record = here.run()
    assert record.outcome is Outcome.FINE
    assert record.mirrors[0].resumed == len(done) - len(torn)
    _assert_right(here, source, tmp_path / "mirror")


def test_within_one_boot_nothing_is_read_again(tmp_path):
    source = tmp_path / "source"
    make_archive(source, floats=3, cycles=4, seed=5, day=date(2025, 3, 1))
    here = Deployment(tmp_path / "here", str(source))
    break_off(here, "ingest", 20)
    done = entries(here, "pending")
    with State.open(here.config.state_directory) as state:
        assert state.doubtful_count() == 0
        assert state.pending_count() == len(done)
    record = here.run()
    assert record.ingest.moved.files + len(done) == record.ingest.listed + _derived(source)


def _derived(source: Path) -> int:
    return len(list(source.glob("dac/*/*/*prof.nc")))


def _assert_right(here: Deployment, source: Path, mirror: Path) -> None:
    here.let_grace_pass()
    assert here.run().seal.new is False
    if rclone():
        assert_equal_by_rclone(source, str(mirror))
        assert_equal_by_rclone(source, str(here.hub))
