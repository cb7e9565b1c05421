"""Sealing what was collected: an empty hub, a day's changes, trees taken over, broken-off runs, clocks, mirrors."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gdac.cli.manifest import app as manifest_app
from gdac.index import BUILT
from gdac.manifest.record import RunKind, parse_record
from gdac.netcdf import read_variables, text
from gdac.sample import make_archive, next_day
from sync.cli.sync import app as sync_app
from sync.config import check_config
from sync.hub.revert import Revert
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.run import Run, opened
from sync.stores.faults import Step
from tests.unit.sync.journalled_hub import (
    JournalledHub,
    assert_whole,
    expected_files,
    is_submitted,
    merged_files,
    submitted,
)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of three floats (``first``), and the next one (``then``), with what changed."""
    folder = tmp_path_factory.mktemp("sample")
    make_archive(folder / "then", floats=3, cycles=4, seed=5, day=date(2025, 3, 1))
    shutil.copytree(folder / "then", folder / "first")
    next_day(folder / "then")
    return folder


@pytest.fixture(scope="module")
def sealed(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> JournalledHub:
    """A hub with the first day; tests work on copies of it (`copied`)."""
    hub = JournalledHub(tmp_path_factory.mktemp("sealed"))
    hub.publish(sample / "first", submitted(sample / "first"))
    hub.seal()
    return hub


def copied(hub: JournalledHub, root: Path) -> JournalledHub:
    shutil.copytree(hub.root, root, dirs_exist_ok=True)
    return replace(hub, root=root, arrivals=dict(hub.arrivals))


def publish_next_day(hub: JournalledHub, sample: Path) -> None:
    """What differs between the two days of the sample, as its DACs would tell."""
    days = [{path: (sample / day / path).read_bytes() for path in submitted(sample / day)} for day in ("first", "then")]
    hub.publish(sample / "then", [path for path, data in days[1].items() if days[0].get(path) != data])
    with hub.state() as state:
        left = {one.path for one in state.leaving()}
    hub.leave([path for path in days[0] if path not in days[1] and path not in left])


def rows(folder: Path, name: str) -> list[str]:
    found = (folder / f"{name}.txt").read_text().partition("date_update\n")[2].splitlines()
    return [row for row in found if is_submitted(f"dac/{row.partition(',')[0]}")]


def test_nothing_collected_seals_nothing(tmp_path):
    hub = JournalledHub(tmp_path)
    assert hub.seal().record is None
    assert not (hub.tree / "manifest/head.json").exists()


def test_the_first_serial_of_an_empty_hub(sample, sealed):
    head, manifest = sealed.head(), sealed.manifest()
    assert head.serial == 1
    assert_whole(sealed)
    assert {path for path in manifest if is_submitted(path) and "/" in path} == set(submitted(sample / "first"))
    for name in BUILT:
        assert sealed.index(name) == rows(sample / "first", name)
    assert merged_files(sealed) == expected_files(sealed, sealed.arrivals)
    assert "latest_data/R20250301_prof_0.nc" in manifest
    assert head.record is not None
    record = parse_record((sealed.tree / head.record.key).read_bytes())
    assert record.about.run.kind is RunKind.COLLECT
    assert record.about.counts == {"published": len(submitted(sample / "first")), "leaving": 0, "merged": 19}


def test_after_a_revert_that_could_not_have_all_files_back_rows_and_products_are_of_those_there_are(
    sample, sealed, tmp_path
):
    hub = copied(sealed, tmp_path)
    publish_next_day(hub, sample)
    hub.seal()
    with hub.state() as state:
        reverted = run_loop(Revert(hub.config, state, Silent(), lambda: hub.now, opened).to(1))
        assert reverted.lost  # files replaced in place, and there is no vault
        state.allow_ingest()
    hub.seal()
    assert_whole(hub)
    for name in BUILT:
        dates = {row.partition(",")[0]: row.rpartition(",")[2] for row in rows(hub.tree, name)}
        for path, stamp in dates.items():
            file = hub.tree / "dac" / path
            assert text(read_variables(file, {"DATE_UPDATE"}).variables["DATE_UPDATE"]) == stamp, path
    held = {path: names for path, names in merged_files(hub).items() if path.startswith("dac/")}
    assert held == {path: names for path, names in expected_files(hub, {}).items() if path.startswith("dac/")}


def test_what_this_week_lists(sealed):
    week = [row for row in sealed.index("ar_index_global_prof") if row.rpartition(",")[2] >= "20250223"]
    assert sealed.index("ar_index_this_week_prof") == week
    assert len(week) == 4
    assert sealed.index("ar_index_this_week_meta") == []


def test_a_run_without_changes_issues_the_head_again_and_writes_nothing(sealed, tmp_path):
    hub = copied(sealed, tmp_path)
    before = {each: each.stat().st_mtime_ns for each in hub.tree.rglob("*") if each.is_file()}
    steps: list[str] = []
    hub.hook = lambda step, when: steps.append(step.key) if step.action == "write" and when == "before" else None
    done = hub.seal()
    assert done.record is not None
    assert not done.record.new
    assert steps == ["manifest/head.json"]
    after = {each: each.stat().st_mtime_ns for each in hub.tree.rglob("*") if each.is_file()}
    assert {each.name for each in after if before.get(each) != after[each]} == {"head.json"}


def test_a_day_of_changes(sample, sealed, tmp_path):
    hub = copied(sealed, tmp_path)
    publish_next_day(hub, sample)
    hub.now += timedelta(hours=1)
    before = hub.manifest()
    done = hub.seal()
    assert done.record is not None
    assert done.record.serial == 2
    assert done.record.renamed == 1
    assert done.failed == 0
    assert_whole(hub)
    for name in BUILT:
        assert hub.index(name) == rows(sample / "then", name)
    manifest = hub.manifest()
    assert {path for path in manifest if is_submitted(path) and "/" in path} == set(submitted(sample / "then"))
    assert merged_files(hub) == expected_files(hub, hub.arrivals)
    # what the changes do not concern is not made again
    untouched = {path for path in manifest if manifest[path] == before.get(path)}
    assert "dac/coriolis/6980001/6980001_prof.nc" in untouched
    assert "geo/atlantic_ocean/2025/02/20250220_prof.nc" in untouched
    assert "argo_bio-profile_index.txt" in untouched
    assert {"dac/aoml/4980000/4980000_prof.nc", "ar_index_global_prof.txt"}.isdisjoint(untouched)


def test_what_left_stays_readable_for_the_grace_and_goes_then(sample, sealed, tmp_path):
    hub = copied(sealed, tmp_path)
    left = hub.tree / "dac/jma/2980002/profiles/R2980002_002.nc"
    publish_next_day(hub, sample)
    hub.seal()
    assert left.is_file()
    assert left.relative_to(hub.tree).as_posix() not in hub.manifest()
    hub.now += timedelta(hours=73)
    assert hub.seal().deleted > 0
    assert not left.exists()
    assert_whole(hub)


def test_packed_forms_are_alike(sample, sealed, tmp_path):
    import gzip

    hub = copied(sealed, tmp_path)
    hub.options = {"gzip": True}
    hub.seal()
    made = [path for path in hub.manifest() if path.endswith(".gz")]
    assert len(made) == len(BUILT) + 2
    hub.options = {}  # the head has them now
    publish_next_day(hub, sample)
    hub.seal()
    for path in made:
        assert gzip.decompress((hub.tree / path).read_bytes()) == (hub.tree / path.removesuffix(".gz")).read_bytes()
    assert_whole(hub)
    assert not hub.seal().record.new  # type: ignore[union-attr]


class _Died(BaseException):
    """The process ends here."""


def die_at(number: int) -> Callable[[Step, str], None]:
    def hook(step: Step, when: str) -> None:
        if step.number >= number and when == "after":
            raise _Died

    return hook


def durable_steps(hub: JournalledHub, root: Path) -> int:
    counted, last = copied(hub, root), [0]

    def hook(step: Step, when: str) -> None:
        last[0] = step.number

    counted.hook = hook
    counted.seal()
    return last[0]


def outcome(hub: JournalledHub) -> object:
    """All that a reader sees, and all that the state waits for; the archive's id and times of day apart."""
    hub.hook = None
    done = hub.seal()
    assert done.failed == 0
    assert_whole(hub)
    with hub.state() as state:
        waits = state.pending_count(), state.leaving_count(), state.stale_count()
    indexes = {name: hub.index(name) for name in (*BUILT, "ar_index_this_week_prof")}
    return hub.head().serial, merged_files(hub), indexes, waits, sorted(hub.manifest())


def interrupted(sample: Path, sealed: JournalledHub, root: Path, at: int) -> object:
    hub = copied(sealed, root)
    publish_next_day(hub, sample)
    hub.hook = die_at(at)
    with pytest.raises(_Died):
        hub.seal()
    return outcome(hub)


def test_a_seal_that_dies_is_done_again(sample, sealed, tmp_path):
    hub = copied(sealed, tmp_path / "whole")
    publish_next_day(hub, sample)
    steps = durable_steps(hub, tmp_path / "counted")
    expected = outcome(hub)
    for at in range(3, steps, max(1, steps // 3)):
        assert interrupted(sample, sealed, tmp_path / str(at), at) == expected, at


@pytest.mark.soak
def test_a_seal_that_dies_anywhere_is_done_again(sample, sealed, tmp_path):
    hub = copied(sealed, tmp_path / "whole")
    publish_next_day(hub, sample)
    steps = durable_steps(hub, tmp_path / "counted")
    expected = outcome(hub)
    for at in range(1, steps):
        assert interrupted(sample, sealed, tmp_path / str(at), at) == expected, at


def seal_tree(hub: JournalledHub, *options: str) -> None:
    """A tree that somebody else has made is sealed by command."""
    done = CliRunner().invoke(manifest_app, ["build", str(hub.tree), "--seal", *options], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def test_a_tree_that_was_taken_over_with_its_index_files(sample, tmp_path):
    hub = JournalledHub(tmp_path)
    shutil.copytree(sample / "first", hub.tree)
    seal_tree(hub)
    before = hub.manifest()
    publish_next_day(hub, sample)
    done = hub.seal()
    assert done.notes == ()
    assert_whole(hub)
    for name in BUILT:
        assert [row for row in hub.index(name) if is_submitted(f"dac/{row.partition(',')[0]}")] == rows(
            sample / "then", name
        )
    manifest = hub.manifest()
    # those that the tree had in two forms have both still
    assert {path for path in manifest if path.endswith(".gz")} >= {path for path in before if path.endswith(".gz")}
    # what others made and nothing changed stays byte for byte, synthetic profiles among it
    same = "dac/coriolis/6980001/6980001_Sprof.nc"
    assert manifest[same] == before[same]
    assert hub.index("argo_synthetic-profile_index") == [
        row
        for row in (sample / "first/argo_synthetic-profile_index.txt").read_text().splitlines()
        if "profiles/S" in row
    ]


def test_index_files_that_the_tree_lacked_are_built_once(sample, tmp_path):
    hub = JournalledHub(tmp_path)
    shutil.copytree(sample / "first", hub.tree)
    for file in hub.tree.glob("*.txt*"):
        file.unlink()
    seal_tree(hub, "--all")
    assert hub.manifest()["dac/aoml/4980000/4980000_meta.nc"][4] is None  # no index lists it
    publish_next_day(hub, sample)
    done = hub.seal()
    assert any("made from the tree" in note for note in done.notes)
    for name in BUILT:
        assert [row for row in hub.index(name) if is_submitted(f"dac/{row.partition(',')[0]}")] == rows(
            sample / "then", name
        )
    assert hub.manifest()["dac/aoml/4980000/4980000_meta.nc"][4] == datetime(2025, 1, 11, 8)
    assert_whole(hub)
    assert hub.seal().notes == ()


def test_index_files_that_do_not_fit_the_archive_are_mended(sample, tmp_path):
    """Rows of files that are not there go, files without a row get one, in the forms that there are."""
    hub = JournalledHub(tmp_path)
    shutil.copytree(sample / "first", hub.tree)
    for file in hub.tree.glob("*.gz"):
        file.unlink()
    file = hub.tree / "ar_index_global_prof.txt"
    lines = file.read_text().splitlines(keepends=True)
    foreign = lines[9].replace("4980000", "4980007")
    file.write_text("".join([*lines[:9], foreign, *lines[12:][::-1]]))
    seal_tree(hub, "--all")
    publish_next_day(hub, sample)
    hub.seal()
    assert hub.index("ar_index_global_prof") == rows(sample / "then", "ar_index_global_prof")
    assert_whole(hub)


def test_a_clock_that_was_set_back_makes_nothing_look_older(sample, sealed, tmp_path):
    hub = copied(sealed, tmp_path)
    before = {entry.path: entry.updated for entry in hub.head().indexes}
    hub.now -= timedelta(days=40)
    publish_next_day(hub, sample)
    hub.seal()
    after = {entry.path: entry.updated for entry in hub.head().indexes}
    assert all(after[path] >= before[path] for path in before)
    assert "latest_data/R20250301_prof_0.nc" in hub.manifest()
    assert_whole(hub)


def test_time_alone_moves_the_week_and_the_last_arrivals(sealed, tmp_path):
    hub = copied(sealed, tmp_path)
    hub.now += timedelta(days=8)
    assert hub.seal().record.new  # type: ignore[union-attr]
    assert hub.index("ar_index_this_week_prof") == []
    assert "latest_data/R20250301_prof_0.nc" in hub.manifest()
    hub.now += timedelta(days=22)
    hub.seal()
    assert not [path for path in hub.manifest() if path.startswith("latest_data/")]
    assert_whole(hub)


def test_mirrors_follow_by_sync_run(sample, sealed, tmp_path):
    hub = copied(sealed, tmp_path)
    publish_next_day(hub, sample)
    raw = {"hub": {"store": str(hub.tree), "state": str(tmp_path / "state")}, "collect": {}}
    raw["mirror"] = {"copy": {"store": str(tmp_path / "copy")}}

    config = check_config(raw, where="test")
    with hub.state() as state:
        waiting = run_loop(Run(config, state, Silent(), lambda: hub.now).unsealed())
        assert (waiting.serial, waiting.came > 0, waiting.leaving) == (1, True, 2)
        record = run_loop(Run(config, state, Silent(), lambda: hub.now).whole_day())
    assert record.seal is not None
    assert record.seal.serial == 2
    assert record.outcome.value == "fine"
    for path in hub.manifest():
        assert (tmp_path / "copy" / path).read_bytes() == (hub.tree / path).read_bytes()


def test_plan_says_what_waits(sample, sealed, tmp_path):
    hub = copied(sealed, tmp_path)
    file = tmp_path / "gdac.toml"
    file.write_text(f'[hub]\nstore = "{hub.tree}"\nstate = "{tmp_path / "state"}"\n[collect]\n')
    for expected in ("nothing waits to be sealed", "files of the journal"):
        assert expected in CliRunner().invoke(sync_app, ["plan", "--config", str(file)]).output
        publish_next_day(hub, sample)
