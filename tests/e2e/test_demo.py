"""The demo says what is true."""

import json
from datetime import date

import pytest

from gdac.manifest.head import parse_head
from gdac.records import Outcome
from sync.cli.demo import demo
from sync.demo.report import rows
from sync.demo.story import play
from sync.progress import Silent


def test_two_days_and_a_quiet_one(tmp_path):
    told = []
    played = play(tmp_path / "demo", floats=4, cycles=10, reporter=Silent(), tell=told.append)
    days = played.days
    first, second, again = days
    assert [day.record.outcome for day in days] == [Outcome.FINE] * 3
    assert [day.record.seal.serial for day in days] == [1, 2, 2]
    changes = second.changes
    assert changes.day == date(2025, 3, 2)
    seal = second.record.seal
    assert (seal.added, seal.renamed, seal.removed) == (
        len(changes.added),
        len(changes.renamed),
        len(changes.removed),
    )
    assert [mirror.way for mirror in first.record.mirrors] == ["snapshot", "snapshot"]
    assert [mirror.way for mirror in second.record.mirrors] == ["delta", "delta"]
    assert [mirror.way for mirror in again.record.mirrors] == ["current", "current"]
    assert again.source_requests == 14
    assert again.record.ingest.moved.files == 0
    head = parse_head((tmp_path / "demo/hub/manifest/head.json").read_bytes())
    assert (tmp_path / "demo/mirror/manifest/head.json").read_bytes() == (
        tmp_path / "demo/hub/manifest/head.json"
    ).read_bytes()
    assert head.serial == 2
    table = list(rows(days))
    assert all(len(row) == 4 for row in table)
    assert demo.__doc__
    submitted = played.submitted
    assert len(submitted.spoiled) == 4
    assert submitted.rejected == sorted(submitted.spoiled)
    assert len(submitted.results) > len(submitted.rejected) + 2
    assert all(name in submitted.report.read_text() for name in submitted.rejected)
    assert json.dumps(told)


@pytest.mark.soak
def test_it_replaces_its_own_directory_and_no_other(tmp_path, desk):
    (desk.root / "precious").mkdir()
    (desk.root / "precious" / "data.nc").write_bytes(b"CDF")
    done = desk.gdac("demo", "--directory", "precious")
    assert done.returncode == 2
    assert "left as it is" in done.stderr
    done = desk.gdac("demo", "-q", "--directory", "mine", "--floats", "2", "--cycles", "3")
    assert done.returncode == 0, done.stderr
    assert "What moved" in done.stdout
    assert desk.gdac("demo", "-q", "-d", "mine", "--floats", "2", "--cycles", "2").returncode == 0
    # The commands that the demo names next work without its servers.
    assert desk.gdac("manifest", "log", "mine/hub").returncode == 0
    done = desk.gdac("manifest", "verify", "mine/mirror")
    assert (done.returncode, "No difference" in done.stdout) == (0, True), done.stdout
    (desk.root / "mine/mirror/dac/stranger").write_text("x")
    done = desk.gdac("manifest", "verify", "mine/mirror")
    assert (done.returncode, "dac/stranger" in done.stdout) == (1, True), done.stdout
    assert desk.gdac("sample", "next", "mine/source").returncode == 0
    assert desk.gdac("sync", "plan", "-c", "mine/gdac.toml").returncode == 0
    done = desk.gdac("sync", "run", "-q", "-c", "mine/gdac.toml")
    assert done.returncode == 0, done.stderr
    assert "serial 3" in done.stdout
