"""Merged files of a hub that collects: made when their members change, not otherwise; gone with the last of them."""

import shutil
import struct
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from gdac.netcdf import read_header, read_variables, text
from gdac.sample import make_archive
from tests.unit.sync.journalled_hub import (
    JournalledHub,
    assert_whole,
    expected_files,
    merged_files,
    profiles_in,
    submitted,
)

FLOAT = "dac/aoml/4980000"
FIRST, SECOND = f"{FLOAT}/profiles/R4980000_001.nc", f"{FLOAT}/profiles/R4980000_002.nc"
MERGED = f"{FLOAT}/4980000_prof.nc"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One float of four cycles."""
    folder = tmp_path_factory.mktemp("sample")
    make_archive(folder, floats=1, cycles=4, seed=5, day=date(2025, 3, 1))
    return folder


@pytest.fixture(scope="module")
def sealed(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> JournalledHub:
    hub = JournalledHub(tmp_path_factory.mktemp("sealed"))
    hub.publish(sample, submitted(sample))
    hub.seal()
    return hub


@pytest.fixture
def hub(sealed: JournalledHub, tmp_path: Path) -> JournalledHub:
    shutil.copytree(sealed.root, tmp_path / "copy")
    return replace(sealed, root=tmp_path / "copy", arrivals=dict(sealed.arrivals))


def changed(source: Path, root: Path, path: str, stamp: str, **values: float | bytes) -> Path:
    """An archive with one file, which has another DATE_UPDATE and other values of some variables."""
    data = bytearray((source / path).read_bytes())
    header = read_header(bytes(data))
    for name, value in {"DATE_UPDATE": stamp.encode(), **values}.items():
        begin = header.variables[name].begin
        assert begin is not None
        raw = value if isinstance(value, bytes) else struct.pack(">d", value)
        data[begin : begin + len(raw)] = raw
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(data)
    return root


def stamps(file: Path) -> tuple[str, str]:
    found = read_variables(file, {"DATE_CREATION", "DATE_UPDATE"}).variables
    return text(found["DATE_CREATION"]), text(found["DATE_UPDATE"])


def test_a_merged_file_keeps_its_date_of_creation_and_says_who_merged(hub, sample, tmp_path):
    assert stamps(hub.tree / MERGED) == ("20250301120100",) * 2
    hub.options = {"node": "FNMOC"}
    hub.publish(changed(sample, tmp_path, SECOND, "20250301110000"), [SECOND])
    hub.seal()
    assert stamps(hub.tree / MERGED) == ("20250301120100", "20250301120200")
    assert b"US GDAC" in (hub.tree / MERGED).read_bytes()
    assert b"FR GDAC" in (hub.tree / "geo/atlantic_ocean/2025/01/20250120_prof.nc").read_bytes()  # not touched


def test_what_is_no_profile_makes_no_merged_file_again(hub, sample, tmp_path):
    before = hub.manifest()
    meta = f"{FLOAT}/4980000_meta.nc"
    hub.publish(changed(sample, tmp_path, meta, "20250301110000"), [meta])
    hub.seal()
    after = hub.manifest()
    assert {path for path in after if after[path] != before.get(path)} == {
        meta,
        "ar_index_global_meta.txt",
        "ar_index_this_week_meta.txt",
    }


def test_a_float_without_profiles_has_no_merged_file(hub):
    profiles = [path for path in hub.manifest() if path.startswith(f"{FLOAT}/profiles/")]
    hub.leave(profiles)
    done = hub.seal()
    assert done.failed == 0
    assert merged_files(hub) == {}
    assert f"{FLOAT}/4980000_meta.nc" in hub.manifest()
    assert hub.index("ar_index_global_prof") == []
    assert all((hub.tree / path).is_file() for path in (*profiles, MERGED))  # for the grace
    assert_whole(hub)
    hub.now += timedelta(hours=73)
    hub.seal()
    assert not any((hub.tree / path).exists() for path in (*profiles, MERGED))


def test_a_profile_that_moves_to_another_day_leaves_the_file_of_the_first(hub, sample, tmp_path):
    gone, new = "geo/atlantic_ocean/2025/01/20250120_prof.nc", "geo/atlantic_ocean/2025/01/20250122_prof.nc"
    assert gone in hub.manifest()
    days = (datetime(2025, 1, 22) - datetime(1950, 1, 1)) / timedelta(days=1)
    hub.publish(changed(sample, tmp_path, FIRST, "20250301110000", JULD=days), [FIRST])
    hub.seal()
    assert gone not in hub.manifest()
    assert profiles_in(hub.tree / new) == ["R4980000_001.nc"]
    assert merged_files(hub) == expected_files(hub, hub.arrivals)


def test_a_profile_without_a_good_position_is_in_no_file_of_a_day(hub, sample, tmp_path):
    hub.publish(changed(sample, tmp_path, FIRST, "20250301110000", POSITION_QC=b"4"), [FIRST])
    hub.seal()
    assert "geo/atlantic_ocean/2025/01/20250120_prof.nc" not in hub.manifest()
    assert merged_files(hub) == expected_files(hub, hub.arrivals)


def test_arrivals_of_a_day_shrink_when_a_profile_comes_again(hub, sample, tmp_path):
    hub.now += timedelta(days=1)
    hub.publish(changed(sample, tmp_path, FIRST, "20250302110000"), [FIRST])
    hub.seal()
    assert profiles_in(hub.tree / "latest_data/R20250302_prof_0.nc") == ["R4980000_001.nc"]
    assert "R4980000_001.nc" not in profiles_in(hub.tree / "latest_data/R20250301_prof_0.nc")
    hub.now += timedelta(days=1)
    rest = [path for path in submitted(sample) if "/profiles/" in path]
    for path in rest:
        changed(sample, tmp_path, path, "20250303110000")
    hub.publish(tmp_path, rest)
    hub.seal()
    assert [path for path in hub.manifest() if path.startswith("latest_data/")] == ["latest_data/R20250303_prof_0.nc"]
    assert merged_files(hub) == expected_files(hub, hub.arrivals)


def test_what_cannot_be_merged_stays_as_it_was_until_it_can(hub, sample, tmp_path):
    before = hub.manifest()[MERGED]
    # its name says cycle 1, its content another float: the checker would not have let it pass
    hub.publish(changed(sample, tmp_path, FIRST, "20250301110000", PLATFORM_NUMBER=b"4980009 "), [FIRST])
    done = hub.seal()
    assert done.failed == 3  # of the float, the day and the arrivals
    assert any(note.startswith(f"{MERGED} stays as it was: ") for note in done.notes)
    assert hub.manifest()[MERGED] == before
    assert_whole(hub)
    assert hub.seal().failed == 3  # as long as it is so
    hub.publish(changed(sample, tmp_path, FIRST, "20250301111500"), [FIRST])
    assert hub.seal().failed == 0
    assert hub.manifest()[MERGED] != before
    assert merged_files(hub) == expected_files(hub, hub.arrivals)


def test_what_a_run_must_leave_the_next_ones_make(sample, tmp_path):
    hub = JournalledHub(tmp_path, options={"most_merged": 5})
    hub.publish(sample, submitted(sample))
    done = hub.seal()
    assert any("wait for the next run" in note for note in done.notes)
    assert done.failed == 0
    assert list(merged_files(hub)) == ["latest_data/R20250301_prof_0.nc"]
    for _ in range(2):
        hub.seal()
    assert merged_files(hub) == expected_files(hub, hub.arrivals)
    assert hub.seal().record.new is False  # type: ignore[union-attr]


def test_arrivals_that_somebody_else_merged_stay_until_their_day_is_over(hub, sample, tmp_path):
    hub.publish(sample, [])
    foreign = "latest_data/R20250301_prof_0.nc"
    with hub.state() as state:
        state.forget_made([foreign])  # as if another program had made it
    before = hub.manifest()[foreign]
    hub.publish(changed(sample, tmp_path, SECOND, "20250301110000"), [SECOND])
    hub.seal()
    assert hub.manifest()[foreign] == before
    assert "latest_data/R20250301_prof_1.nc" in hub.manifest()
    hub.now += timedelta(days=30)
    hub.seal()
    assert not [path for path in hub.manifest() if path.startswith("latest_data/")]


def test_a_state_that_was_lost_makes_nothing_worse(hub, sample, tmp_path):
    before = hub.manifest()
    shutil.rmtree(hub.root / "state")
    done = hub.seal()
    assert done.failed == 0
    after = hub.manifest()
    assert {path for path in before if path not in after or after[path] != before[path]} == set()
    hub.publish(changed(sample, tmp_path, SECOND, "20250301110000"), [SECOND])
    hub.seal()
    assert profiles_in(hub.tree / MERGED) == profiles_in(sample / MERGED)
    assert_whole(hub)
