"""Status of real runs: read from configuration and state, written into hub and mirrors, true on good and bad days."""

import asyncio
import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from gdac.errors import GdacError
from gdac.records import Outcome
from gdac.sample.archive import make_archive, next_day
from policies.quarantine import Trouble
from sync.audit.orders import Auditor, Order
from sync.progress import Silent
from sync.run import Run
from sync.sections import BrakeSection
from sync.state import State
from sync.status.facts import Word, parse_status
from sync.status.publish import PAGE_KEY, STATUS_KEY
from sync.status.read import read_status
from tests.deployment import Deployment, InPlaceDeployment, folder_mirror


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    root = tmp_path_factory.mktemp("sample") / "source"
    make_archive(root, floats=2, cycles=2, seed=5, day=date(2025, 3, 1))
    return root


@pytest.fixture
def here(archive, tmp_path):
    """A deployment with two mirrors, one a view, that has had its first run."""
    shutil.copytree(archive, tmp_path / "source")
    shutil.copy(f"{archive}.sample.json", tmp_path)
    mirrors = {
        "disk": folder_mirror(tmp_path / "disk"),
        "part": {"store": str(tmp_path / "part"), "layout": "argopy-s3"},
    }
    made = Deployment(tmp_path, str(tmp_path / "source"), mirrors)
    assert made.run().outcome is Outcome.FINE
    return made


def seen(here, when=None):
    with State.look(here.config.state_directory) as state:
        return read_status(here.config, state, when or here.now)


def written(root):
    return parse_status((Path(root) / STATUS_KEY).read_bytes())


def stores(here):
    return [here.hub, *(Path(one["store"]) for one in here.mirrors.values())]


def test_a_good_day_is_told_everywhere(here):
    found = seen(here)
    assert (found.hub.word, found.hub.serial, found.hub.rows) == (Word.CURRENT, 1, found.hub.rows)
    assert found.hub.expires == here.now + timedelta(hours=48)
    assert [(one.name, one.word, one.serial, one.behind_serials) for one in found.mirrors] == [
        ("disk", Word.CURRENT, 1, 0),
        ("part", Word.CURRENT, 1, 0),
    ]
    assert [one.view for one in found.mirrors] == ["", "layout argopy-s3"]
    assert all(one.expires for one in found.mirrors)
    assert [(one.kind, one.outcome, one.is_new) for one in found.runs] == [("run", "fine", True)]
    assert found.hub.days[-1].good == 1
    assert found.mirrors[0].days[-1].good == 1
    for root in stores(here):
        assert written(root) == found
        assert b"Both mirrors are current" in (root / PAGE_KEY).read_bytes()
    sums = {(one.what, one.who): one.number for one in found.totals}
    assert sums["files", "disk"] >= sums["files", "hub"] > 0
    assert sums["seals", "hub"] == 1


def test_what_is_published_holds_no_address(here):
    for root in stores(here):
        for key in (STATUS_KEY, PAGE_KEY):
            assert str(here.root) not in (root / key).read_text(encoding="utf-8")


def test_the_source_is_away_and_then_for_days(here):
    Path(here.source).rename(f"{here.source}.away")
    with pytest.raises(GdacError):
        here.run()
    found = written(here.mirrors["disk"]["store"])
    assert (found.hub.word, found.runs[0].outcome) == (Word.FAILING, "failed")
    assert found.hub.last_error
    assert found.hub.last_good < found.hub.last_try
    assert [one.word for one in found.mirrors] == [Word.CURRENT, Word.CURRENT]
    assert {(one.who, one.how) for one in found.totals if one.what == "failures"} == {("hub", "refused")}
    here.now += timedelta(days=3)
    later = seen(here)
    assert [one.word for one in later.mirrors] == [Word.STALE, Word.STALE]
    Path(f"{here.source}.away").rename(here.source)
    here.run()
    assert [seen(here).hub.word, *(one.word for one in seen(here).mirrors)] == [Word.CURRENT] * 3
    assert (found.hub.days[-1].good, found.hub.days[-1].failed) == (1, 1)


def test_a_mirror_that_fails_lags_and_returns(here):
    disk = Path(here.mirrors["disk"]["store"])
    disk.rename(f"{disk}.away")
    disk.write_text("no directory any more")
    next_day(Path(here.source))
    here.now += timedelta(hours=24)
    assert here.run().outcome is Outcome.PARTIAL
    found = seen(here, here.now + timedelta(hours=6))
    failing, fine = found.mirrors
    assert (failing.word, failing.serial, failing.behind_serials) == (Word.FAILING, 1, 1)
    assert failing.behind_hours == pytest.approx(6, abs=0.1)
    assert failing.last_error
    assert failing.last_good < here.now - timedelta(hours=23)
    assert fine.word is Word.CURRENT
    assert found.hub.deltas[-1].serial == 2
    assert "disk" in found.runs[0].failed
    assert [one.word for one in written(here.hub).mirrors] == [Word.FAILING, Word.CURRENT]
    disk.unlink()
    Path(f"{disk}.away").rename(disk)
    assert here.run().outcome is Outcome.FINE
    assert seen(here).mirrors[0].word is Word.CURRENT
    assert (seen(here).mirrors[0].days[-1].good, seen(here).mirrors[0].days[-1].failed) == (1, 1)


def test_a_held_run_waits_with_its_preview(here):
    next_day(Path(here.source))
    none = {"share": 0.0, "count": 0, "floor": 0}
    strict = BrakeSection.model_validate({"total_removals": none, "total_changes": none})
    config = here.config.model_copy(update={"brake": strict})
    with State.open(config.state_directory) as state, pytest.raises(GdacError, match="brake holds"):
        asyncio.run(Run(config, state, Silent(), lambda: here.now).whole_day())
    found = written(here.hub)
    assert found.hub.word is Word.HELD
    (held,) = found.holds
    assert held.command == f"gdac sync approve {held.run}"
    assert held.changed
    assert sum(one.changed for one in held.dacs) > 0
    assert held.command in (here.hub / PAGE_KEY).read_text(encoding="utf-8")
    with State.open(config.state_directory) as state:
        state.approve(held.run, "somebody", here.now)
        found = read_status(config, state, here.now)
    assert found.holds[0].approved == here.now
    assert "somebody" not in json.dumps(found.as_json())


def test_nothing_is_written_where_another_archive_is_shown(here):
    disk = Path(here.mirrors["disk"]["store"])
    for key in (STATUS_KEY, PAGE_KEY):
        (disk / key).unlink()
    head = disk / "manifest" / "head.json"
    other = json.loads(head.read_text())
    other["archive"] = "87654321-4321-4321-8321-210987654321"
    head.write_text(json.dumps(other))
    assert here.run().outcome is Outcome.PARTIAL
    assert not (disk / STATUS_KEY).exists()
    assert (here.hub / STATUS_KEY).exists()


def test_a_store_that_cannot_take_it_is_a_note_and_nothing_more(here):
    hub_page = here.hub / PAGE_KEY
    hub_page.unlink()
    hub_page.mkdir()
    (hub_page / "in-the-way").touch()
    record = here.run()
    assert record.outcome is Outcome.FINE
    assert [note for note in record.notes if "the status was not written into hub" in note]
    assert [note for note in seen(here).runs[0].notes if "the status was not written into hub" in note]
    assert written(here.mirrors["disk"]["store"]).runs[0].id == record.run


def test_it_can_be_switched_off(here):
    for root in stores(here):
        (root / STATUS_KEY).unlink()
    config = here.config.model_copy(update={"status": here.config.status.model_copy(update={"publish": False})})
    with State.open(config.state_directory) as state:
        asyncio.run(Run(config, state, Silent(), lambda: here.now).mirrors_only())
    assert not [root for root in stores(here) if (root / STATUS_KEY).exists()]


def test_a_tree_in_place_gets_it_too(archive, tmp_path):
    shutil.copytree(archive, tmp_path / "hub")
    here = InPlaceDeployment(tmp_path, "", {"disk": folder_mirror(tmp_path / "disk")})
    before = {each for each in here.hub.rglob("*") if each.is_file()}
    assert here.run().outcome is Outcome.FINE
    came = {each.relative_to(here.hub).as_posix() for each in set(here.hub.rglob("*")) - before if each.is_file()}
    assert {STATUS_KEY, PAGE_KEY} < came
    assert all(path.startswith("manifest/") for path in came)
    assert written(tmp_path / "disk").hub.kind == "in place"


def test_audits_are_told_part_by_part(here):
    def audit(order):
        with State.open(here.config.state_directory) as state:
            return asyncio.run(Auditor(here.config, state, Silent(), lambda: here.now).audit((), order))

    audit(Order())
    part = seen(here).mirrors[0].audit
    assert (part.parts, part.covered, part.oldest) == (30, round(1 / 30, 4), None)
    lost = next(Path(here.mirrors["disk"]["store"]).glob("dac/*/*/*_meta.nc"))
    lost.unlink()
    audit(Order(everything=True))
    whole = seen(here).mirrors[0].audit
    assert (whole.covered, whole.last, whole.oldest, whole.found, whole.left) == (1.0, here.now, here.now, 1, 1)
    audit(Order(everything=True, heal=True))
    mended = seen(here).mirrors[0].audit
    assert (mended.found, mended.left) == (1, 0)
    assert seen(here, here.now + timedelta(days=32)).mirrors[0].audit.covered == 0.0


def test_files_set_aside_and_a_stop(here):
    with State.open(here.config.state_directory) as state:
        for at in range(60):
            path = f"dac/aoml/190{at:04d}/190{at:04d}_meta.nc"
            state.set_aside(path, "404 at https://me:secret@host/x?key=1", None, here.now, Trouble.ABSENT)
        state.set_aside("geo/x.nc", "broken off", None, here.now - timedelta(hours=1))
        state.stop_ingest("serial 1 was sealed again", here.now)
        found = read_status(here.config, state, here.now)
    aside = found.quarantine
    assert (aside.count, aside.troubles, aside.dacs) == (61, {"broken": 1, "absent": 60}, {"(none)": 1, "aoml": 60})
    assert (len(aside.first), aside.first[0].path, aside.oldest) == (50, "geo/x.nc", here.now - timedelta(hours=1))
    assert "secret" not in json.dumps(found.as_json())
    assert (found.hub.stopped, found.hub.word) == ("serial 1 was sealed again", Word.HELD)


def test_a_run_under_way_and_one_that_broke_off(here):
    with State.open(here.config.state_directory) as state:
        state.start_run("replicate", here.now)
        found = seen(here)
        assert found.runs[0].outcome == "under way"
        assert (found.hub.word, found.mirrors[0].word) == (Word.CURRENT, Word.SYNCING)
    found = seen(here)
    assert found.runs[0].outcome == "broken off"
    assert found.mirrors[0].word is Word.CURRENT


def test_before_the_first_run_and_with_a_damaged_head(archive, tmp_path):
    here = Deployment(tmp_path, str(archive), {"disk": folder_mirror(tmp_path / "disk")})
    found = seen(here)
    assert (found.hub.word, found.mirrors[0].word, found.runs) == (Word.NEVER, Word.NEVER, ())
    assert not (tmp_path / "state").exists()
    head = here.hub / "manifest" / "head.json"
    head.parent.mkdir(parents=True)
    head.write_text("<html>")
    assert (seen(here).hub.word, "JSON" in seen(here).hub.last_error) == (Word.FAILING, True)
