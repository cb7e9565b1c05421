"""What becomes of submitted files: checked for real, decided against what the archive holds, in the right order."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gdac.columns import connect
from gdac.netcdf import read_header
from policies.submission import recognise
from sync.collect.check import check_all
from sync.collect.decide import decide_submission
from sync.collect.held import held_file
from sync.collect.holdings import Holdings
from sync.collect.publish import Doing
from sync.collect.section import CollectSection
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.sealed.copies import Copies
from sync.state import State
from sync.state.collected import Item, NewItem, Reason, Step, Submission, Verdict
from sync.stores.local import LocalStore
from tests.collecting import NOW, enter, restamped, sample, submitted

META, TECH, TRAJ = "6980001_meta.nc", "6980001_tech.nc", "6980001_Rtraj.nc"
LATER = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return submitted(sample(tmp_path_factory.mktemp("sample")), "coriolis")


class Bench:
    """A state and a hub without a head; submissions of coriolis go through check, decide and do."""

    def __init__(self, root: Path, state: State) -> None:
        self.state, self.hub = state, LocalStore(root / "hub")
        self.root = root

    def submit(
        self, files: dict[str, bytes], *, dac: str = "coriolis", do: bool = True, **more: object
    ) -> dict[str, Item]:
        """What became of files submitted together, by name."""
        found = enter(self.state, dac, files, NOW, **more)  # type: ignore[arg-type]
        run_loop(self.work(found, do))
        return {item.name: item for item in self.state.items(found.number)}

    def open(self, number: int) -> Submission:
        found = self.state.submission(number)
        assert found is not None
        return found

    async def work(self, submission: Submission, do: bool = True) -> None:
        directory = self.state.directory
        await check_all(self.state, directory, [submission], CollectSection(), Silent())
        work = self.root / f"work-{submission.number}"
        work.mkdir()
        with connect() as connection:
            holdings = await Holdings.open(connection, self.state, self.hub, None, Copies(self.root / "sealed"), work)
            await decide_submission(self.state, directory, submission, holdings)
        if do:
            async with self.hub:
                await Doing(self.state, directory, self.hub, 4, lambda: NOW, Silent()).do(submission, resumed=False)


@contextmanager
def bench(root: Path) -> Iterator[Bench]:
    with State.open(root / "state") as state:
        yield Bench(root, state)


def policies(item: Item) -> list[str]:
    return [one.policy for one in item.reasons]


def test_good_files_are_published_where_they_belong(tmp_path, files):
    with bench(tmp_path) as here:
        found = here.submit(files)
        assert {one.verdict for one in found.values()} == {Verdict.PUBLISHED}
        assert {one.step for one in found.values()} == {Step.DONE}
        assert found[META].path == "dac/coriolis/6980001/6980001_meta.nc"
        assert found["BD6980001_001D.nc"].path == "dac/coriolis/6980001/profiles/BD6980001_001D.nc"
        for item in found.values():
            assert (tmp_path / "hub" / str(item.path)).read_bytes() == files[item.name]
        assert here.state.pending_count() == len(files)
        meta = found[META]
        assert (meta.centre, meta.platform) == ("IF", "6980001")
        assert meta.date_update is not None
        assert meta.result is not None
        assert meta.result["verdict"] == "accepted"
        assert meta.rules.checker
        assert meta.rules.tables
        assert meta.rules.policies


def test_the_journal_knows_what_an_index_would(tmp_path, files):
    with bench(tmp_path) as here:
        found = here.submit({META: files[META]})[META]
        (row,) = here.state.pending()
    path, size, sha256, _, modified, date_update = row
    assert (path, size, sha256) == (found.path, len(files[META]), found.sha256.hex() if found.sha256 else "")
    assert modified == date_update
    assert modified is not None
    when = datetime.fromisoformat(modified)
    assert (tmp_path / "hub" / path).stat().st_mtime == when.timestamp()


def test_one_bad_file_does_not_keep_the_others_out(tmp_path, files):
    corrupt = files["D6980001_001.nc"][:9000]
    with bench(tmp_path) as here:
        found = here.submit({**files, "D6980001_001.nc": corrupt, "readme.nc": b"x", "D6980001_9.nc": b"x"})
    bad = {name: policies(one) for name, one in found.items() if one.verdict is Verdict.REFUSED}
    assert bad == {"D6980001_001.nc": ["ACC-003"], "readme.nc": ["ACC-002"], "D6980001_9.nc": ["ACC-002"]}
    refused = found["D6980001_001.nc"]
    assert refused.result is not None
    assert refused.result["verdict"] == "rejected"
    assert refused.path is None


def test_only_bad_files_change_nothing(tmp_path, files):
    with bench(tmp_path) as here:
        found = here.submit({META: b"CDF\x01" + bytes(30), "x.txt": b"?", TECH: files[TECH][:100]})
        assert {one.verdict for one in found.values()} == {Verdict.REFUSED}
        assert here.state.pending_count() == 0
    assert not [each for each in (tmp_path / "hub").rglob("*") if each.is_file()]


def test_another_dacs_float_is_refused(tmp_path, files):
    mine = {META: files[META]}
    with bench(tmp_path) as here:
        here.submit(mine)
        found = here.submit({TECH: files[TECH]}, dac="bodc")[TECH]
    assert found.verdict is Verdict.REFUSED
    assert set(policies(found)) >= {"ACC-001", "ACC-004"}


def test_a_file_under_another_floats_name_is_refused(tmp_path, files):
    with bench(tmp_path) as here:
        (found,) = here.submit({"6980002_meta.nc": files[META]}).values()
    assert found.verdict is Verdict.REFUSED
    assert set(policies(found)) == {"ACC-003", "ACC-005"}


def test_the_same_bytes_again_change_nothing(tmp_path, files):
    with bench(tmp_path) as here:
        here.submit({META: files[META]})
        here.state.forget_pending()
        again = here.submit({META: files[META]})[META]  # the archive does not hold it now
        assert again.verdict is Verdict.PUBLISHED
        third = here.submit({META: files[META]})[META]
        assert (third.verdict, third.step) == (Verdict.UNCHANGED, Step.DONE)
        assert third.path == "dac/coriolis/6980001/6980001_meta.nc"


def test_an_older_version_is_refused_unless_forced(tmp_path, files):
    new = restamped(files[META], LATER)
    with bench(tmp_path) as here:
        assert here.submit({META: new})[META].verdict is Verdict.PUBLISHED
        older = here.submit({META: files[META]})[META]
        assert older.verdict is Verdict.REFUSED
        assert policies(older) == ["ACC-006"]
        assert here.submit({META: files[META]}, forced=True)[META].verdict is Verdict.PUBLISHED
    assert (tmp_path / "hub/dac/coriolis/6980001/6980001_meta.nc").read_bytes() == files[META]


def test_by_force_an_older_file_does_not_replace_the_newest_that_came_with_it(tmp_path, files):
    new = restamped(files[META], LATER)
    with bench(tmp_path) as here:
        assert here.submit({META: new})[META].verdict is Verdict.PUBLISHED
        number = here.state.open_submission("coriolis", None, NOW, forced=True)
        for label, raw in (("old.tar.gz", files[META]), ("new.tar.gz", new)):
            _add(here, number, META, raw, f"{label}!{META}")
        run_loop(here.work(here.open(number)))
        found = {item.label: item for item in here.state.items(number)}
        assert found[f"new.tar.gz!{META}"].verdict is Verdict.UNCHANGED
        older = found[f"old.tar.gz!{META}"]
        assert (older.verdict, policies(older)) == (Verdict.REFUSED, ["ACC-006"])
    assert (tmp_path / "hub/dac/coriolis/6980001/6980001_meta.nc").read_bytes() == new


def test_a_file_sealed_without_a_date_is_asked_for_its_own(tmp_path, files):
    new = restamped(files[META], LATER)
    with bench(tmp_path) as here:
        here.submit({META: new})
        with here.state._transaction() as connection:
            connection.execute("update pending set date_update = null")
        assert policies(here.submit({META: files[META]})[META]) == ["ACC-006"]


def test_a_delayed_mode_profile_takes_the_place_of_its_real_time_twin(tmp_path, files):
    real, delayed = "R6980001_003.nc", "D6980001_003.nc"
    with bench(tmp_path) as here:
        assert here.submit({real: files[real]})[real].verdict is Verdict.PUBLISHED
        found = here.submit({delayed: _delayed(files)})[delayed]
        assert (found.verdict, found.replaces) == (Verdict.PUBLISHED, f"dac/coriolis/6980001/profiles/{real}")
        assert [(one.path, one.why, one.item) for one in here.state.leaving()] == [
            (f"dac/coriolis/6980001/profiles/{real}", "replaced", found.id)
        ]
        assert [row[0] for row in here.state.pending()] == [f"dac/coriolis/6980001/profiles/{delayed}"]
        late = here.submit({real: files[real]})[real]
        assert policies(late) == ["ACC-007"]


def test_both_modes_at_once_leave_the_delayed_one(tmp_path, files):
    real, delayed = "R6980001_003.nc", "D6980001_003.nc"
    with bench(tmp_path) as here:
        found = here.submit({real: files[real], delayed: _delayed(files)})
        assert found[delayed].verdict is Verdict.PUBLISHED
        assert policies(found[real]) == ["ACC-007"]
        assert not here.state.leaving()


def test_a_refused_delayed_profile_does_not_keep_its_twin_out(tmp_path, files):
    real, delayed = "R6980001_003.nc", "D6980001_003.nc"
    with bench(tmp_path) as here:
        found = here.submit({real: files[real], delayed: files[real]})  # a real-time profile under a delayed name
    assert found[delayed].verdict is Verdict.REFUSED
    assert found[real].verdict is Verdict.PUBLISHED


def _delayed(files: dict[str, bytes]) -> bytes:
    """A delayed-mode file of cycle 3."""
    return _cycle(files, 3)


def test_of_several_versions_in_one_submission_the_newest_is_published(tmp_path, files):
    new = restamped(files[META], LATER)
    for order in ((files[META], new), (new, files[META])):
        root = tmp_path / str(order[0] is new)
        with bench(root) as here:
            number = here.state.open_submission("coriolis", None, NOW)
            for at, raw in enumerate(order):
                _add(here, number, META, raw, f"{at}.tar.gz!{META}")
            run_loop(here.work(here.open(number)))
            found = {item.label: item for item in here.state.items(number)}
            chosen, other = (found[f"{at}.tar.gz!{META}"] for at in ((0, 1) if order[0] is new else (1, 0)))
            assert chosen.verdict is Verdict.PUBLISHED
            assert other.verdict is Verdict.REFUSED
            assert other.reasons[0].policy == "ACC-006"
            assert chosen.label in other.reasons[0].told
        assert (root / "hub/dac/coriolis/6980001/6980001_meta.nc").read_bytes() == new


def test_the_same_file_twice_in_one_submission_is_published_once(tmp_path, files):
    with bench(tmp_path) as here:
        number = here.state.open_submission("coriolis", None, NOW)
        for at in range(2):
            _add(here, number, META, files[META], f"{at}.tar.gz!{META}")
        run_loop(here.work(here.open(number)))
        assert sorted(str(item.verdict) for item in here.state.items(number)) == ["published", "unchanged"]


def _add(here: Bench, number: int, name: str, raw: bytes, label: str) -> None:
    known = recognise(name)
    assert known is not None
    new = NewItem(name, label, len(raw), hashlib.sha256(raw).digest(), known.kind, NOW, step=Step.TAKEN)
    (id_,) = here.state.add_items(number, [new])
    item = here.state.item(id_)
    assert item is not None
    held = held_file(here.state.directory, item)
    held.parent.mkdir(parents=True)
    held.write_bytes(raw)


def test_what_was_refused_unread_stays_refused(tmp_path):
    with bench(tmp_path) as here:
        number = here.state.open_submission("coriolis", None, NOW)
        reasons = (Reason("ACC-008", "the file is empty"),)
        new = NewItem(META, META, 0, None, None, NOW, step=Step.TAKEN, has_bytes=False, verdict=Verdict.REFUSED)
        here.state.add_items(number, [new])
        with here.state._transaction() as connection:
            connection.execute("update item set reasons = ?", ('[{"policy": "ACC-008", "told": "the file is empty"}]',))
        run_loop(here.work(here.open(number)))
        (item,) = here.state.items(number)
        assert (item.verdict, item.step, item.reasons) == (Verdict.REFUSED, Step.DONE, reasons)


def test_a_removal_list_goes_first_and_what_comes_with_it_comes_back(tmp_path, files):
    profile = "D6980001_001.nc"
    path = f"dac/coriolis/6980001/profiles/{profile}"
    newer = restamped(files[profile], LATER)
    with bench(tmp_path) as here:
        here.submit(files)
        found = here.submit({"coriolis_removal.txt": f"{profile}\r\n".encode(), profile: newer})
        assert found["coriolis_removal.txt"].verdict is Verdict.REMOVED
        assert found[profile].verdict is Verdict.PUBLISHED
        assert not here.state.leaving()
        assert path in [row[0] for row in here.state.pending()]
        alone = here.submit({"coriolis_removal.txt": f"{profile}\n".encode()})
        assert alone["coriolis_removal.txt"].verdict is Verdict.REMOVED
        assert [one.path for one in here.state.leaving()] == [path]
        assert path not in [row[0] for row in here.state.pending()]
        back = here.submit({profile: files[profile]})[profile]  # older than what was removed: that is gone
        assert back.verdict is Verdict.PUBLISHED
    kept = list((tmp_path / "hub/etc/removed/coriolis/6980001").rglob("*.nc"))
    assert len(kept) == 2


def test_a_list_of_another_dac_is_refused(tmp_path, files):
    with bench(tmp_path) as here:
        here.submit({META: files[META]})
        found = here.submit({"aoml_removal.txt": f"{META}\n".encode()})["aoml_removal.txt"]
        assert found.verdict is Verdict.REFUSED
        assert policies(found) == ["ACC-010"]


def test_an_archive_within_an_archive_is_not_opened(tmp_path):
    with bench(tmp_path) as here:
        found = here.submit({"more.tar.gz": b"\x1f\x8b"})["more.tar.gz"]
        assert found.verdict is Verdict.REFUSED
        assert policies(found) == ["ACC-008"]


def test_bytes_lost_beside_the_state_cost_that_file_alone(tmp_path, files):
    with bench(tmp_path) as here:
        number = here.submit({META: files[META], TECH: files[TECH]}, do=False)[META].submission
        (lost,) = [item for item in here.state.items(number) if item.name == META]
        held_file(here.state.directory, lost).write_bytes(files[META][:-1])
        submission = here.open(number)

        async def do() -> None:
            async with here.hub:
                await Doing(here.state, here.state.directory, here.hub, 4, lambda: NOW, Silent()).do(
                    submission, resumed=True
                )

        run_loop(do())
        found = {item.name: item for item in here.state.items(number)}
        assert found[TECH].verdict is Verdict.PUBLISHED
        assert found[META].verdict is Verdict.REFUSED
        assert found[META].step is Step.DONE
    assert not (tmp_path / "hub/dac/coriolis/6980001/6980001_meta.nc").exists()


def test_more_files_than_one_process_checks_go_through_the_pool(tmp_path, files):
    many = {f"D6980001_{cycle:03d}.nc": _cycle(files, cycle) for cycle in range(100, 140)}
    with bench(tmp_path) as here:
        found = here.submit(many)
    assert {one.verdict for one in found.values()} == {Verdict.PUBLISHED}


def _cycle(files: dict[str, bytes], number: int) -> bytes:
    """The file of cycle 2 with another number in it."""
    raw = bytearray(files["D6980001_002.nc"])
    variable = read_header(bytes(raw)).variables["CYCLE_NUMBER"]
    assert variable.begin is not None
    raw[variable.begin : variable.begin + variable.nbytes] = number.to_bytes(4, "big") * (variable.nbytes // 4)
    return bytes(raw)
