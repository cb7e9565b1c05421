"""What was decided is done: written, journalled with its step, in batches, and done again without harm."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync.collect import publish
from sync.collect.held import held_file
from sync.collect.publish import Doing
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.state import State
from sync.state.collect import Checked, Decided
from sync.state.collected import Item, RuleSet, Step, Submission, Verdict
from sync.stores.local import LocalStore
from tests.collecting import NOW, enter

FOLDER = "dac/aoml/4900001/profiles"
DATE = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


class Counting(LocalStore):
    """Counts what is written; fails at one of the writes."""

    def __init__(self, root: Path, fail_at: int = 0) -> None:
        super().__init__(root)
        self.written: list[str] = []
        self.flushed = 0
        self._fail_at = fail_at

    async def write(self, key, body, declared, **more):  # type: ignore[no-untyped-def]
        if len(self.written) + 1 == self._fail_at:
            raise OSError(28, "no space")
        self.written.append(key)
        return await super().write(key, body, declared, **more)

    async def flush(self) -> None:
        self.flushed += 1


def profiles(count: int) -> dict[str, bytes]:
    return {f"D4900001_{number:03d}.nc": f"profile {number}".encode() for number in range(1, count + 1)}


def decided(state: State, files: dict[str, bytes], *, replaces: str | None = None) -> Submission:
    """A submission of which every file is to be published."""
    found = enter(state, "aoml", files, NOW)
    items = state.items(found.number)
    state.checked([Checked(item.id, None, DATE, RuleSet(policies="1")) for item in items])
    state.decided([Decided(item.id, Verdict.PUBLISHED, f"{FOLDER}/{item.name}", replaces) for item in items])
    return found


def do(state: State, hub: LocalStore, submission: Submission, *, resumed: bool = False) -> list[Item]:
    async def work() -> None:
        async with hub:
            await Doing(state, state.directory, hub, 1, lambda: NOW, Silent()).do(submission, resumed=resumed)

    run_loop(work())
    return state.items(submission.number)


def test_files_are_written_flushed_and_journalled_batch_by_batch(tmp_path, monkeypatch):
    monkeypatch.setattr(publish, "BATCH", 4)
    hub = Counting(tmp_path / "hub")
    with State.open(tmp_path / "state") as state:
        items = do(state, hub, decided(state, profiles(10)))
        assert {item.step for item in items} == {Step.DONE}
        assert state.pending_count() == 10
        assert [path for path, _ in state.arrivals(DATE)] == [f"{FOLDER}/{name}" for name in profiles(10)]
    assert hub.flushed == 3
    assert len(hub.written) == 10
    assert (tmp_path / "hub" / FOLDER / "D4900001_001.nc").stat().st_mtime == DATE.timestamp()


def test_a_file_without_a_date_has_the_time_of_its_arrival(tmp_path):
    with State.open(tmp_path / "state") as state:
        found = enter(state, "aoml", profiles(1), NOW)
        (item,) = state.items(found.number)
        state.checked([Checked(item.id, None, None, RuleSet())])
        state.decided([Decided(item.id, Verdict.PUBLISHED, f"{FOLDER}/{item.name}")])
        do(state, LocalStore(tmp_path / "hub"), found)
        ((_, _, _, _, modified, date_update),) = state.pending()
    assert modified == item.arrived.isoformat(timespec="microseconds")
    assert date_update is None
    assert (tmp_path / "hub" / FOLDER / item.name).stat().st_mtime == item.arrived.timestamp()


def test_a_disk_that_fills_up_stops_the_run_and_what_is_journalled_stays_done(tmp_path, monkeypatch):
    monkeypatch.setattr(publish, "BATCH", 4)
    with State.open(tmp_path / "state") as state:
        submission = decided(state, profiles(10))
        with pytest.raises(OSError, match="no space"):
            do(state, Counting(tmp_path / "hub", fail_at=7), submission)
        assert state.pending_count() == 4
        again = Counting(tmp_path / "hub")
        items = do(state, again, submission, resumed=True)
        assert {item.step for item in items} == {Step.DONE}
        assert state.pending_count() == 10
    assert again.written == [f"{FOLDER}/{name}" for name in list(profiles(10))[6:]]  # two were there already


def test_the_twin_leaves_in_the_same_transaction(tmp_path):
    real = f"{FOLDER}/R4900001_001.nc"
    with State.open(tmp_path / "state") as state:
        submission = decided(state, profiles(1), replaces=real)
        (item,) = do(state, LocalStore(tmp_path / "hub"), submission)
        assert [(one.path, one.why, one.item) for one in state.leaving()] == [(real, "replaced", item.id)]


def test_large_files_go_through_in_pieces(tmp_path):
    large = {"4900001_Rtraj.nc": bytes(3 << 20)}
    with State.open(tmp_path / "state") as state:
        submission = decided(state, large)
        do(state, LocalStore(tmp_path / "hub"), submission)
        assert state.pending_count() == 1
    assert (tmp_path / "hub" / FOLDER / "4900001_Rtraj.nc").stat().st_size == 3 << 20


def test_nothing_is_done_twice(tmp_path):
    with State.open(tmp_path / "state") as state:
        submission = decided(state, profiles(3))
        do(state, LocalStore(tmp_path / "hub"), submission)
        again = Counting(tmp_path / "hub")
        do(state, again, submission, resumed=True)
    assert not again.written


def test_the_bytes_beside_the_state_stay_until_the_item_is_filed(tmp_path):
    with State.open(tmp_path / "state") as state:
        for item in do(state, LocalStore(tmp_path / "hub"), decided(state, profiles(2))):
            assert held_file(state.directory, item).is_file()
