"""The state database: journals, graces and the lock."""

from datetime import UTC, datetime, timedelta

import pytest

from gdac.errors import GdacError
from sync.state import Ingested, KnownIndex, NewHold, State

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


@pytest.fixture
def state(tmp_path):
    with State.open(tmp_path / "state") as opened:
        yield opened


def test_the_journal_survives_and_is_forgotten_by_a_seal(tmp_path):
    one = Ingested("dac/aoml/13857/13857_meta.nc", 3, b"\x01" * 32, b"\x02" * 16, NOW, None)
    with State.open(tmp_path) as state:
        state.set_aside(one.path, "broke off", None, NOW)
        state.journal([one])
        assert state.all_set_aside() == []
    with State.open(tmp_path) as state:
        assert list(state.pending()) == [(one.path, 3, "01" * 32, "02" * 16, "2026-11-22T06:00:00.000000+00:00", None)]
        assert state.pending_count() == 1
        state.forget_pending()
        assert state.pending_count() == 0


def test_an_index_is_remembered(state):
    assert state.known_index("ar_index_global_prof.txt") is None
    known = KnownIndex("ar_index_global_prof.txt", '"abc"', 10, b"\x01" * 32, b"\x02" * 16, NOW)
    state.remember_index(known, NOW)
    assert state.known_index("ar_index_global_prof.txt") == known


def test_set_aside_counts_tries_and_keeps_the_first_time(state):
    state.set_aside("a", "404", None, NOW)
    state.set_aside("a", "broke off", None, NOW + timedelta(hours=1))
    (item,) = state.all_set_aside()
    assert (item.tries, item.since, item.reason) == (2, NOW, "broke off")


def test_set_aside_knows_since_when_the_same_bytes_came(state):
    hours = [NOW + timedelta(hours=number) for number in range(6)]
    page, other = b"p" * 32, b"o" * 32
    assert state.sent_since("a", page) is None
    for at, sha256 in zip(hours, (None, page, page, other, None), strict=False):
        state.set_aside("a", "no NetCDF", None, at, sha256=sha256)
        since = {page: hours[1], other: hours[3]}.get(sha256) if sha256 else None
        assert [state.sent_since("a", one) for one in (page, other) if one == sha256] == [since] * bool(sha256)
        assert [state.sent_since("a", one) for one in (page, other) if one != sha256] == [None] * (2 - bool(sha256))


def test_grace_runs_from_the_first_publication_and_ends_when_a_path_comes_back(state):
    later = NOW + timedelta(days=1)
    state.record_published("m", "id", 2, NOW, left=["a", "b"], came=["c"])
    state.record_published("m", "id", 3, later, left=["a", "c"], came=["b"])
    assert [(item.path, item.since, item.serial) for item in state.superseded("m")] == [("a", NOW, 2), ("c", later, 3)]
    assert state.published("m") == (3, later)
    assert state.published("other") is None
    state.forget_superseded("m", ["a"])
    assert state.superseded_count("m") == 1


def test_the_journal_of_copies_ends_with_the_publication(state):
    state.journal_copied("m", [("a", b"1"), ("b", b"2")])
    assert state.is_copied("m", "a", b"1")
    assert not state.is_copied("m", "a", b"9")
    assert not state.is_copied("n", "a", b"1")
    state.record_published("m", "id", 2, NOW, left=[], came=[])
    assert not state.is_copied("m", "a", b"1")


def test_runs_are_told(state):
    run = state.start_run("run", NOW)
    state.end_run(run, NOW, "fine", {"x": 1})
    (row,) = state.runs()
    assert (row["id"], row["outcome"], row["summary"]) == (run, "fine", {"x": 1})


def test_one_process_at_a_time(tmp_path):
    with State.open(tmp_path), pytest.raises(GdacError, match="another gdac process"):
        State.open(tmp_path)
    State.open(tmp_path).close()


def test_a_directory_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GdacError, match="state directory"):
        State.open(tmp_path / "file" / "state")


def test_a_hold_can_be_approved_by_any_run_that_held_it(state):
    """A daemon holds the plan again every hour: the number that somebody read before still names it."""
    hold = NewHold("(hub)", "f", [], {})
    before = state.start_run("run", NOW)
    runs = []
    for _ in range(3):
        runs.append(state.start_run("run", NOW))
        assert state.keep_hold(hold, NOW) == runs[-1]
    assert [one.run for one in state.open_holds()] == [runs[-1]]
    after = state.start_run("run", NOW)
    assert state.approve(before, "me", NOW) == state.approve(after, "me", NOW) == 0
    for run in runs:
        assert len(state.open_holds(run)) == 1
        assert state.approve(run, "me", NOW) == 1
    other = NewHold("(hub)", "g", [], {})
    state.keep_hold(other, NOW)  # the plan changed: the older one is closed, and its runs name nothing
    assert state.approve(runs[1], "me", NOW) == 0
