"""Cleaning up: what is older than its time goes, only what gdac put there, and only when it is told to."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync.cli.cleaning import clean_all
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.state import State
from tests.collecting import Collecting, packed, restamped, sample, submitted

OLD = datetime(2020, 1, 1, tzinfo=UTC)
META, TECH = "6980001_meta.nc", "6980001_tech.nc"
MONTH, QUARTER = timedelta(days=31), timedelta(days=92)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return submitted(sample(tmp_path_factory.mktemp("sample"), floats=2, cycles=2), "coriolis")


@pytest.fixture
def place(tmp_path: Path) -> Collecting:
    found = Collecting(tmp_path, dacs=("coriolis", "aoml"))
    found.open_accounts()
    return found


def clean(place: Collecting, *dacs: str, delete: bool = False):
    config = place.config
    assert config.collect is not None
    with State.open(place.state) as state:
        work = clean_all(config, config.collect, state, dacs, lambda: place.now, Silent(), delete=delete)
        done, notes = run_loop(work)
    return {one.place: (one.due, one.deleted, one.changed) for one in done}, notes


def reject(place: Collecting) -> set[str]:
    folder = place.account("coriolis", "reject")
    return {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}


def test_refused_files_go_after_a_month_and_not_before(place, files):
    bad = restamped(files[META], OLD, DATA_CENTRE="AO")
    place.put("coriolis", {META: bad, "all.tar.gz": packed({TECH: b"junk"}), "strange name.filecheck": b"x"})
    place.run()
    there = reject(place)
    assert len(there) == 6
    place.now += MONTH - timedelta(hours=1)
    assert clean(place, delete=True)[0]["coriolis: reject"] == (0, 0, 0)
    place.now += timedelta(hours=2)
    assert clean(place)[0]["coriolis: reject"] == (6, 0, 0)
    assert reject(place) == there, "a dry run touches nothing"
    assert clean(place, delete=True)[0]["coriolis: reject"] == (6, 6, 0)
    assert reject(place) == set()
    assert clean(place, delete=True)[0]["coriolis: reject"] == (0, 0, 0)


def test_only_what_gdac_put_there_goes(place, files):
    place.put("coriolis", {META: b"junk", TECH: b"junk too"})
    place.run()
    folder = place.account("coriolis", "reject")
    (folder / TECH).write_bytes(b"the DAC's own work on it")
    (folder / "notes.txt").write_bytes(b"of the DAC")
    (folder / "6980001_Rtraj.nc").write_bytes(b"never refused")
    place.now += MONTH + timedelta(days=1)
    assert clean(place, delete=True)[0]["coriolis: reject"] == (3, 3, 1)
    assert reject(place) == {TECH, "notes.txt", "6980001_Rtraj.nc"}


def test_a_file_that_was_refused_again_since_stays(place, files):
    place.put("coriolis", {META: b"junk"})
    place.run()
    place.now += timedelta(days=20)
    place.put("coriolis", {META: b"junk"})
    place.run()
    place.now += timedelta(days=20)
    assert clean(place, delete=True)[0]["coriolis: reject"] == (0, 0, 0)
    assert reject(place) == {META, f"{META}.filecheck"}


def test_removed_files_go_after_three_months(place, files):
    profiles = ("D6980001_001.nc", "D6980001_001D.nc")
    place.put("coriolis", {name: files[name] for name in (META, *profiles)})
    place.run()
    place.put("coriolis", {"coriolis_removal.txt": "\n".join(profiles).encode()})
    place.run()
    kept, changed = (place.hub / "etc/removed/coriolis/6980001/2" / name for name in profiles)
    assert kept.read_bytes() == files[profiles[0]]
    other = kept.with_name("R6980001_009.nc")
    other.write_bytes(b"of another program")
    changed.write_bytes(b"somebody wrote over it")
    place.now += QUARTER - timedelta(days=1)
    assert clean(place, delete=True)[0]["etc/removed"] == (0, 0, 0)
    place.now += timedelta(days=1, hours=1)
    assert clean(place)[0]["etc/removed"] == (1, 0, 1)
    assert clean(place, delete=True)[0]["etc/removed"] == (1, 1, 1)
    assert not kept.exists()
    assert other.exists()
    assert changed.exists()
    with State.open(place.state) as state:
        (item,) = state.items(2)
        assert [one.deleted for one in state.removals(item.id)] == [place.now, None], "what was removed stays known"
        runs = [run for run in state.runs() if run["kind"] == "clean"]
    assert [run["outcome"] for run in runs] == ["fine", "fine"], "a dry run is not recorded"
    assert runs[0]["summary"]["places"][-1]["deleted"] == 1
    assert clean(place, delete=True)[0]["etc/removed"] == (0, 0, 1)


def test_an_account_that_fails_keeps_no_other_one_waiting(place, files):
    place.put("coriolis", {META: b"junk"})
    place.run()
    (elsewhere := place.root / "elsewhere").mkdir()
    folder = place.account("aoml", "reject")
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(elsewhere)
    place.now += MONTH + timedelta(days=1)
    place.dacs = ("aoml", "coriolis")
    counts, notes = clean(place, delete=True)
    assert counts["coriolis: reject"] == (2, 2, 0)
    assert [note[:6] for note in notes] == ["aoml: "]


def test_one_account_only_leaves_the_hub_alone(place, files):
    counts, _ = clean(place, "coriolis")
    assert set(counts) == {"coriolis: reject", "coriolis: report", "reports/coriolis"}


def reports(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir() if each.is_file()}


def test_reports_go_after_a_year_but_for_those_that_the_page_shows(place, files, monkeypatch):
    monkeypatch.setattr("sync.collect.clean.SUBMISSIONS", 1)
    for body in (files[META], b"junk"):
        place.put("coriolis", {META: body})
        place.run()
    place.put("aoml", {"odd.nc": b"odd"})
    place.run()
    ours, theirs = place.state / "reports/coriolis", place.account("coriolis", "report")
    for folder in (ours, theirs):
        (folder / "submission-3.txt").write_bytes(b"of another DAC's number")
        (folder / "submission-01.txt").write_bytes(b"no name that gdac gives")
    before = reports(ours), reports(theirs)
    first = {name for name in before[0] if name.startswith("submission-1.")}
    assert len(first) == 5
    place.now += timedelta(days=365)
    assert clean(place, delete=True)[0]["reports/coriolis"] == (0, 0, 0)
    place.now += timedelta(days=1)
    assert clean(place)[0]["reports/coriolis"] == (5, 0, 0)
    assert (reports(ours), reports(theirs)) == before, "a dry run touches nothing"
    counts, _ = clean(place, delete=True)
    assert counts["reports/coriolis"] == counts["coriolis: report"] == (5, 5, 0)
    assert counts["reports/aoml"] == (0, 0, 0)
    assert (reports(ours), reports(theirs)) == (before[0] - first, before[1] - first)
    assert [each.name for each in (place.state / "reports").iterdir() if each.name.startswith(".")] == []


def test_reports_that_were_never_written_are_no_trouble(place):
    assert clean(place, "aoml") == (dict.fromkeys(("aoml: reject", "aoml: report", "reports/aoml"), (0, 0, 0)), [])
    assert not (place.state / "reports").exists()
