"""Collecting, killed with SIGKILL at durable steps, and gone on with: in the end everything is as without a kill.

The clock stands still, so that every byte can be compared: the hub's tree and manifest, what the DACs find in their
accounts, and what the state knows. Nothing may be lost, and nothing published twice.
"""

import random
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gdac.sample.archive import make_archive
from tests.e2e.model.engine import Engine
from tests.e2e.model.platform import fast_folder, needs_fork
from tests.e2e.model.submissions import Desk, first_day, large_batch, second_day

pytestmark = needs_fork

#: Steps of a run, in their order, by their names: a run is killed right before the first of each kind.
KINDS = (
    r"rename .* /state/collect/held/\d+/incoming/",
    r"rename .*/incoming/.* /state/collect/held/\d+/\d+/",
    r"remove /accounts/coriolis/submit/",
    r"remove /accounts/coriolis/submit/empty_meta",
    r"rename .* /state/collect/held/\d+/members-\d+/3",
    r"rename .*/members-\d+/2 ",
    r"remove /state/collect/held/\d+/\d+/nc_",
    r"rename .* /hub/etc/removed/",
    r"rename .* /state/collect/exclusion/",
    r"rename .* /hub/dac/coriolis/6980001/6980001_meta.nc",
    r"rename .* /hub/dac/.*_prof.nc",
    r"rename .* /hub/ar_index_global_prof",
    r"rename .* /hub/manifest/head.json",
    r"remove /state/under-way/",
    r"rename .* /accounts/coriolis/reject/.*/R6980001_003.nc.filecheck$",
    r"rmdir /state/collect/held/\d+/\d+$",
    r"rename .* /state/reports/\w+/submission-.*html",
    r"rename .* /accounts/\w+/report/submission-.*csv",
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as started:
        yield started


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sample")
    make_archive(made, floats=3, cycles=4, seed=5, day=date(2025, 3, 1))
    return made


@pytest.fixture(scope="module")
def desk(engine: Engine, archive: Path) -> Iterator[Desk]:
    """A deployment before the run that is killed (kept as "before"), and as that run leaves it undisturbed."""
    with fast_folder() as folder:
        here = Desk(folder, engine)
        first_day(archive, here)
        here.run()
        here.now += timedelta(hours=1)
        second_day(archive, here)
        here.keep("before")
        yield here


@pytest.fixture(scope="module")
def undisturbed(desk: Desk) -> tuple[dict[str, Any], list[str]]:
    """What a run without a kill leaves, and the names of its steps."""
    answer = desk.run(trace=True)
    assert answer.outcome == "fine"
    return desk.picture(), desk.names


def differences(found: dict[str, Any], due: dict[str, Any]) -> list[str]:
    """What differs between two pictures, in words."""
    told: list[str] = []
    for part, before in due.items():
        after = found[part]
        if after == before:
            continue
        if isinstance(before, dict):
            told += [f"{part}: {key} is missing" for key in before.keys() - after.keys()]
            told += [f"{part}: {key} is new" for key in after.keys() - before.keys()]
            both = before.keys() & after.keys()
            told += [
                f"{part}: {key}: {after[key]!r:.600} for {before[key]!r:.600}"
                for key in both
                if before[key] != after[key]
            ]
        else:
            told.append(f"{part}: {after!r:.600} for {before!r:.600}")
    return told


def test_an_undisturbed_run_does_what_the_others_are_held_against(undisturbed):
    picture, steps = undisturbed
    verdicts = {label: verdict for label, _, _, verdict, *_ in picture["state"]["items"]}
    assert verdicts["nc_2026.11.21.tar.gz!D6980001_003.nc"] == "published"
    assert verdicts["coriolis_removal.txt"] == "removed"
    assert verdicts["coriolis_greylist.csv"] == "kept"
    assert verdicts["6980001_tech.nc"] == "unchanged"
    assert {name for name, verdict in verdicts.items() if verdict == "refused"} == {
        "nc_2026.11.21.tar.gz!D6980001_005.nc",
        "nc_2026.11.21.tar.gz!R6980001_003.nc",
        "bad.tar.gz",
        "empty_meta.nc",
        "notes.doc",
        "R4980000_002.nc",
        "aoml_removal.txt",
    } | {"6980001_Rtraj.nc"} - {name for name, verdict in verdicts.items() if verdict == "published"}
    assert picture["state"]["open"] == 0
    assert picture["state"]["journal"] == (0, 0)
    assert not picture["held"]
    assert len(steps) > 100


def test_killed_at_a_step_of_every_kind_one_after_the_other(desk, undisturbed):
    due, _ = undisturbed
    desk.bring_back("before")
    for kind in KINDS:
        assert desk.run(kill_on=kind).outcome == "killed", f"no step is called {kind}"
    assert desk.run().outcome == "fine"
    assert not differences(desk.picture(), due)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_killed_at_each_step_and_gone_on_with(desk, undisturbed):
    due, steps = undisturbed
    assert not broken(desk, due, range(1, len(steps) + 1), steps)


def broken(desk: Desk, due: dict[str, Any], chosen: Iterable[int], steps: list[str]) -> list[str]:
    """Kill runs at the chosen steps and go on with them; returns what is not as it should be."""
    told: list[str] = []
    for number in chosen:
        desk.bring_back("before")
        desk.run(kill_at=number)
        answer = desk.run()
        found = differences(desk.picture(), due)
        if answer.outcome != "fine" or found:
            told.append(f"killed at step {number} ({steps[number - 1]}): {answer.outcome}, {found}")
    return told


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_killed_over_and_over_and_gone_on_with(desk, undisturbed):
    due, steps = undisturbed
    dice = random.Random(3)
    desk.bring_back("before")
    kills = 0
    while desk.run(kill_at=dice.randrange(5, len(steps) // 2)).outcome == "killed":
        kills += 1
        assert kills < 200, "it never comes to an end"
    assert kills > 3
    assert not differences(desk.picture(), due)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_batch_of_500_files_killed_hundreds_of_times(engine, tmp_path_factory, capsys):
    """Kills creep through the whole run: later while nothing comes of it, earlier again when something did."""
    archive = tmp_path_factory.mktemp("many")
    make_archive(archive, floats=42, cycles=60, seed=9, day=date(2025, 3, 1))
    dice = random.Random(500)
    with fast_folder() as folder:
        desk = Desk(folder, engine, batch=50)
        large_batch(archive, desk, 500)
        desk.keep("before")
        assert desk.run().outcome == "fine"
        due = desk.picture()
        assert len(due["state"]["items"]) >= 500
        desk.bring_back("before")
        reach = 0
        before = desk.marks()
        while desk.run(kill_at=reach + dice.randrange(1, 20)).outcome == "killed":
            assert desk.kills < 5000, "it never comes to an end"
            after = desk.marks()
            reach = reach + 7 if after == before else reach * 3 // 4
            before = after
        assert not differences(desk.picture(), due)
    with capsys.disabled():
        print(f"\na batch of 500 files, killed {desk.kills} times on its way")
    assert desk.kills > 100
