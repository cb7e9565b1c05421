"""Replaying: what was refused is taken again out of the reject folder, the same bytes or not at all."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gdac.errors import GdacError, UsageError
from sync.collect.held import held_file
from sync.collect.inbox import opened_inbox
from sync.collect.replay import check_replay, finish_replay, replay
from sync.collect.run import Collect
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.state import State
from sync.state.collected import Step, Verdict
from tests.collecting import Collecting, packed, restamped, sample, submitted

OLD = datetime(2020, 1, 1, tzinfo=UTC)
META = "6980001_meta.nc"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return submitted(sample(tmp_path_factory.mktemp("sample"), floats=2, cycles=2), "coriolis")


@pytest.fixture
def place(tmp_path: Path) -> Collecting:
    return Collecting(tmp_path, dacs=("coriolis",))


def again(place: Collecting, number: int, *, forced: bool = False, go_on: bool = True):
    async def work(state: State):
        section = place.config.collect
        assert section is not None
        found = check_replay(state, number)
        async with opened_inbox(found.dac, section) as inbox:
            done = await replay(inbox, state, state.directory, found, place.now, forced=forced, reporter=Silent())
        if go_on:
            await Collect(place.config, state, Silent(), lambda: place.now).run(claiming=False)
        return done

    with State.open(place.state) as state:
        return run_loop(work(state))


def test_an_older_file_is_let_in_by_force(place, files):
    older, newer = files[META], restamped(files[META], place.now)
    place.put("coriolis", {META: newer})
    place.run()
    place.put("coriolis", {META: older})
    place.run()
    assert place.published()[f"dac/coriolis/6980001/{META}"] == newer

    assert again(place, 2).items == 1
    assert [item.verdict for item in place.items()] == [Verdict.PUBLISHED, Verdict.REFUSED, Verdict.REFUSED]
    done = again(place, 2, forced=True)
    assert place.published()[f"dac/coriolis/6980001/{META}"] == older

    with State.open(place.state) as state:
        found = state.submission(done.number)
        assert found is not None
        assert (found.replay_of, found.forced, found.run) == (2, True, None)
        assert found.ended is not None
        assert found.serial == 2
        (item,) = state.items(done.number)
        assert item.arrived == place.now
        assert state.taken_since("coriolis", OLD) == (2, len(files[META]) + len(older)), "no quota for a replay"


def test_members_of_archives_and_whole_archives_are_taken_again(place, files):
    bad = restamped(files[META], OLD, DATA_CENTRE="AO")
    place.put("coriolis", {"all.tar.gz": packed({META: bad}), "bomb.tar.gz": b"no archive at all"})
    place.run()
    done = again(place, 1)
    assert (done.items, done.missing) == (2, ())
    labels = {item.label: item.verdict for item in place.items() if item.submission == done.number}
    assert labels == {f"all.tar.gz!{META}": Verdict.REFUSED, "bomb.tar.gz": Verdict.REFUSED}


def test_what_the_dac_took_away_or_changed_is_named(place, files):
    bad = {
        name: restamped(files[name], OLD, DATA_CENTRE="AO") for name in (META, "6980001_tech.nc", "6980001_Rtraj.nc")
    }
    place.put("coriolis", bad)
    place.run()
    reject = place.account("coriolis", "reject")
    (reject / META).unlink()
    (reject / "6980001_tech.nc").write_bytes(b"another file, and longer" * 10_000)
    done = again(place, 1)
    assert done.items == 1
    assert set(done.missing) == {META, "6980001_tech.nc"}
    with State.open(place.state) as state:
        found = state.submission(done.number)
        assert found is not None
        assert any("6980001_tech.nc" in note and META in note for note in found.notes)


def test_nothing_left_is_an_error_and_no_submission(place, files):
    place.put("coriolis", {META: restamped(files[META], OLD, DATA_CENTRE="AO")})
    place.run()
    (place.account("coriolis", "reject") / META).unlink()
    with pytest.raises(GdacError, match=rf"nothing that was refused of submission 1 \({META}\)"):
        again(place, 1)
    with State.open(place.state) as state:
        assert len(state.submissions()) == 1


def test_only_what_is_done_and_was_refused_is_taken_again(place, files):
    with State.open(place.state) as state:
        with pytest.raises(UsageError, match="there is no submission 1"):
            check_replay(state, 1)
        state.open_submission("coriolis", None, place.now)
        with pytest.raises(UsageError, match="still under way"):
            check_replay(state, 1)
        state.drop_submission(1)
    place.put("coriolis", {META: files[META]})
    place.run()
    with State.open(place.state) as state, pytest.raises(UsageError, match="nothing of submission 1 was refused"):
        check_replay(state, 1)


def test_a_replay_that_died_after_it_was_entered_is_gone_on_with(place, files):
    bad = restamped(files[META], OLD, DATA_CENTRE="AO")
    place.put("coriolis", {META: bad})
    place.run()
    done = again(place, 1, go_on=False)
    with State.open(place.state) as state:
        (item,) = state.items(done.number)
        assert item.step is Step.TAKEN
        found = state.submission(done.number)
        assert found is not None
        held = held_file(place.state, item)
        assert held.read_bytes() == bad
        finish_replay(state, place.state, found)  # again is fine
        assert held.read_bytes() == bad
    place.run()
    (item,) = (one for one in place.items() if one.submission == done.number)
    assert (item.step, item.verdict) == (Step.FILED, Verdict.REFUSED)
    assert not (place.state / "collect/replay/1").exists()
