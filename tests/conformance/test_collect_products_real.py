"""The real files, journalled as DACs would have submitted them: index rows and merged files are the real ones."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gdac.columns import connect
from gdac.index import BUILT
from gdac.index.compare import Comparison, compare_rows
from tests.conformance.test_merged_real import BEFORE_DELAYED_MODE, FLOATS, as_the_real_merger_has_it, stamp
from tests.unit.sync.journalled_hub import JournalledHub, assert_whole, expected_files, merged_files

pytestmark = [pytest.mark.shared, pytest.mark.soak]  # test_collect_real.py is the short one


@dataclass(frozen=True)
class Days:
    """A hub after the next day of the real archive, and its index files and merged files of floats after the first."""

    hub: JournalledHub
    first: Path


def listed(day: Path) -> set[str]:
    """All that the index files of a day list."""
    lines = (line for name in BUILT for line in (day / f"{name}.txt").read_text().splitlines())
    return {f"dac/{line.partition(',')[0]}" for line in lines if "/" in line.partition(",")[0] and line[0] != "#"}


@pytest.fixture(scope="module")
def days(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Days:
    root = tmp_path_factory.mktemp("days")
    hub = JournalledHub(root, now=datetime(2026, 3, 1, 12, tzinfo=UTC))
    before, after = listed(shared / "gdac"), listed(shared / "gdac-next")
    hub.publish(shared / "gdac", sorted(before))
    assert hub.seal().failed == 0
    first = root / "first"
    first.mkdir()
    kept = [hub.tree / f"{name}.txt" for name in BUILT]
    for file in (*kept, *(hub.tree / merged(float_) for float_ in FLOATS)):
        (first / file.name).write_bytes(file.read_bytes())
    hub.now += timedelta(days=1)
    hub.publish(shared / "gdac", sorted(after - before))
    assert hub.seal().failed == 0
    return Days(hub, first)


def merged(float_: str) -> str:
    return f"dac/{float_}/{float_.rpartition('/')[2]}_prof.nc"


def compared(ours: Path, theirs: Path, name: str, workdir: Path) -> Comparison:
    with connect() as con:
        return compare_rows(con, ours / f"{name}.txt", theirs / f"{name}.txt", workdir=workdir)


@pytest.mark.parametrize("name", BUILT)
def test_index_rows_of_the_first_day_are_the_real_ones(days, shared, tmp_path, name):
    found = compared(days.first, shared / "gdac", name, tmp_path)
    assert (found.different, found.only_ours, found.only_theirs, found.examples) == (0, 0, 0, ())


@pytest.mark.parametrize("name", BUILT)
def test_index_rows_of_the_next_day_are_the_real_ones(days, shared, tmp_path, name):
    """R profiles that became D left; of bio profiles that index says RRRRR where DOXY is D in the files."""
    found = compared(days.hub.tree, shared / "gdac-next", name, tmp_path)
    assert (found.only_ours, found.only_theirs) == (0, 0)
    assert found.different == (162 if name == "argo_bio-profile_index" else 0)
    assert all(ours.replace(",RRRRD,", ",RRRRR,") == theirs for ours, theirs in found.examples)


def test_nothing_that_left_is_in_the_manifest(days, shared):
    assert_whole(days.hub)
    before, after = listed(shared / "gdac"), listed(shared / "gdac-next")
    assert {path for path in days.hub.manifest() if path in before | after} == after
    assert len(before - after) == 219


def test_merged_files_hold_what_the_rules_say(days):
    assert merged_files(days.hub) == expected_files(days.hub, days.hub.arrivals)


@pytest.mark.parametrize("name", FLOATS)
def test_merged_files_of_floats_are_the_real_ones_but_for_dates_and_the_known_differences(days, shared, tmp_path, name):
    """On the first day 2902269 has R files alone, of which its real merged file was made."""
    real = shared / "gdac" / merged(name)
    ours = tmp_path / real.name
    data = (days.first / real.name).read_bytes()
    for what in ("CREATION", "UPDATE"):  # in the order of the file
        data = data.replace(b"20260301120100", f"{stamp(real, what):%Y%m%d%H%M%S}".encode(), 1)
    ours.write_bytes(data.replace(b"2026-03-01T12:01:00Z", f"{stamp(real, 'UPDATE'):%Y-%m-%dT%H:%M:%SZ}".encode(), 1))
    assert as_the_real_merger_has_it(name, ours) == real.read_bytes()


def test_delayed_mode_comes_into_the_merged_file_with_the_next_day(days):
    of_float = [path for path in days.hub.manifest() if path.startswith(f"dac/{BEFORE_DELAYED_MODE}/profiles/D")]
    assert of_float
    assert merged_files(days.hub)[merged(BEFORE_DELAYED_MODE)] == sorted(path.rpartition("/")[2] for path in of_float)
