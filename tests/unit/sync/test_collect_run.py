"""Whole runs of collecting: DAC by DAC, one serial for all, and what happens when something fails."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gdac.errors import ExitCode, GdacError, UsageError
from gdac.records import Outcome
from sync.collect.run import Collect
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.state import State
from sync.state.collected import Step, Verdict
from tests.collecting import Collecting, enter, packed, restamped, sample, submitted
from tests.e2e.model.submissions import recycled


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture
def here(tmp_path: Path) -> Collecting:
    found = Collecting(tmp_path)
    for dac in found.dacs:
        found.account(dac).mkdir(parents=True)
    return found


def few(archive: Path, dac: str, count: int = 2) -> dict[str, bytes]:
    return dict(list(submitted(archive, dac).items())[:count])


def head(here: Collecting) -> dict:
    return json.loads((here.hub / "manifest/head.json").read_bytes())


def test_what_dacs_submit_is_published_sealed_and_reported(here, archive):
    files = {dac: few(archive, dac, 4) for dac in here.dacs}
    for dac, some in files.items():
        here.put(dac, some)
    record = here.run()
    assert (record.outcome, record.exit_code) == (Outcome.FINE, ExitCode.FINE)
    assert record.count("published") == 12
    assert record.seal is not None
    assert record.seal.serial == 1
    assert [(one.dac, one.ended) for one in record.submissions] == [(one.dac, True) for one in record.submissions]
    assert {one.dac for one in record.submissions} == set(here.dacs)
    published = here.published()
    for some in files.values():
        for name, raw in some.items():
            assert [body for path, body in published.items() if path.endswith(f"/{name}")] == [raw]
    for dac in here.dacs:
        assert not list(here.account(dac).iterdir())
        assert list(here.account(dac, "report").glob("submission-*.txt"))
    assert {item.step for item in here.items()} == {Step.FILED}
    assert {item.serial for item in here.items()} == {1}
    assert not list((here.state / "collect/held").glob("*/*"))
    assert json.loads(json.dumps(record.as_json(), default=str))["outcome"] == "fine"


def test_a_run_without_submissions_issues_the_head_again(here, archive):
    here.put("aoml", few(archive, "aoml"))
    here.run()
    before = head(here)
    record = here.run()
    assert record.exit_code == ExitCode.FINE
    assert record.submissions == ()
    assert record.seal is not None
    assert not record.seal.new
    after = head(here)
    assert (after["serial"], after["manifest"]) == (before["serial"], before["manifest"])
    assert after["expires"] > before["expires"]


def test_the_very_first_run_may_find_nothing(here):
    record = here.run()
    assert (record.exit_code, record.seal) == (ExitCode.FINE, None)
    assert not (here.hub / "manifest/head.json").exists()


def test_refused_files_go_back_and_the_exit_status_tells(here, archive):
    good = few(archive, "coriolis")
    name, raw = next(iter(good.items()))
    here.put("coriolis", {**good, "D6980001_009.nc": raw[:500], "notes.doc": b"hello"})
    record = here.run()
    assert (record.outcome, record.exit_code) == (Outcome.FINE, ExitCode.DIFFERENCES)
    assert (record.count("published"), record.count("refused")) == (2, 2)
    rejected = here.account("coriolis", "reject")
    assert (rejected / "D6980001_009.nc").read_bytes() == raw[:500]
    assert (rejected / "D6980001_009.nc.filecheck").is_file()
    assert (rejected / "notes.doc").read_bytes() == b"hello"
    assert name


def test_a_batch_of_bad_files_changes_nothing(here, archive):
    here.put("aoml", few(archive, "aoml"))
    here.run()
    before, tree = head(here), here.published()
    here.put("aoml", {"R4980000_001.nc": b"CDF\x01", "x.tar.gz": b"\x1f\x8b??", "aoml_removal.txt": b"nothing\n"})
    record = here.run()
    assert record.exit_code == ExitCode.DIFFERENCES
    assert record.count("refused") == 3
    after = head(here)
    assert (after["serial"], after["manifest"], after["deltas"]) == (
        before["serial"],
        before["manifest"],
        before["deltas"],
    )
    assert here.published() == tree


def test_an_archive_is_as_good_as_its_files(here, archive):
    files = few(archive, "jma", 5)
    here.put("jma", {"jma_1.tar.gz": packed(files)})
    record = here.run()
    assert (record.count("published"), record.count("opened")) == (5, 1)
    assert {path.rpartition("/")[2] for path in here.published()} >= set(files)


def test_an_account_that_fails_is_told_and_the_others_go_on(here, archive):
    here.put("aoml", few(archive, "aoml"))
    here.put("jma", few(archive, "jma"))
    here.accounts["coriolis"] = {"store": "ftp://127.0.0.1:1", "timeout": 2}
    record = here.run()
    assert (record.outcome, record.exit_code) == (Outcome.PARTIAL, ExitCode.PARTIAL)
    assert record.failed == ("coriolis",)
    assert record.count("published") == 4
    (note,) = record.notes
    assert note.startswith("coriolis: ftp://127.0.0.1:1 ")
    assert "Check host and port" in note


def test_a_run_that_failed_is_told_where_the_archive_is_read(here, archive, monkeypatch):
    here.put("aoml", few(archive, "aoml"))
    here.run()

    async def broken(*_args, **_more):
        raise GdacError("the seal broke.", hint="Mend it.")

    monkeypatch.setattr("sync.collect.run.seal_collected", broken)
    with pytest.raises(GdacError, match="the seal broke"):
        here.run()
    (status,) = here.hub.rglob("status.json")
    assert [one["outcome"] for one in json.loads(status.read_bytes())["runs"]][:2] == ["failed", "fine"]


def test_a_report_that_cannot_be_written_is_told_and_the_others_go_out(here, archive):
    for dac in here.dacs:
        here.put(dac, few(archive, dac))
    first, *others = here.dacs
    (here.state / "reports").mkdir(parents=True)
    (here.state / "reports" / first).write_bytes(b"a file in the way")
    record = here.run()
    assert (record.outcome, record.failed) == (Outcome.PARTIAL, (first,))
    assert "reports cannot be written" in " ".join(record.notes)
    assert {one.dac: one.ended for one in record.submissions} == {first: False, **dict.fromkeys(others, True)}
    for dac in others:
        assert list(here.account(dac, "report").glob("submission-*.txt"))
    (here.state / "reports" / first).unlink()
    record = here.run()
    assert (record.outcome, [(one.dac, one.ended) for one in record.submissions]) == (Outcome.FINE, [(first, True)])
    assert list(here.account(first, "report").glob("submission-*.txt"))


def test_only_the_named_inboxes_are_looked_into(here, archive):
    for dac in here.dacs:
        here.put(dac, few(archive, dac))
    assert {one.dac for one in here.run("jma").submissions} == {"jma"}
    assert {one.dac for one in here.run("aoml", "coriolis").submissions} == {"aoml", "coriolis"}


def test_an_inbox_that_there_is_not(here):
    with pytest.raises(UsageError, match="no inbox of 'bodc'"):
        here.run("bodc")


def test_a_deployment_that_does_not_collect(here):
    config = here.config.model_copy(update={"collect": None})
    with State.open(here.state) as state, pytest.raises(UsageError, match="collects nothing"):
        run_loop(Collect(config, state, Silent(), lambda: here.now).run())


def test_what_is_under_way_is_gone_on_with(here, archive):
    files = few(archive, "coriolis", 5)
    with State.open(here.state) as state:
        number = enter(state, "coriolis", files, here.now).number
    record = here.run("aoml")
    (one,) = record.submissions
    assert (one.number, one.dac, one.resumed, one.ended, one.items) == (number, "coriolis", True, True, 5)
    assert record.count("published") == 5


def test_a_submission_in_which_nothing_came_is_forgotten(here):
    with State.open(here.state) as state:
        state.open_submission("aoml", 1, here.now)
    assert here.run().submissions == ()
    with State.open(here.state) as state:
        assert state.submissions() == []


def test_an_account_taken_out_of_the_configuration_leaves_its_submission_open(here, archive):
    with State.open(here.state) as state:
        enter(state, "jma", {**few(archive, "jma"), "bad.nc": b"?"}, here.now)
    here.dacs = ("aoml",)
    record = here.run()
    (one,) = record.submissions
    assert not one.ended
    assert record.exit_code == ExitCode.PARTIAL
    assert any("no inbox of this DAC any more" in note for note in record.notes)
    here.dacs = ("aoml", "jma")
    (one,) = here.run().submissions
    assert one.ended
    assert here.published()


def test_a_tree_that_nobody_sealed_is_refused_before_anything_is_taken(here, archive):
    shutil.copytree(archive / "dac", here.hub / "dac")
    here.put("aoml", few(archive, "aoml"))
    with pytest.raises(UsageError, match="holds files") as told:
        here.run()
    assert "gdac manifest build" in told.value.hint
    assert len(list(here.account("aoml").iterdir())) == 2
    with State.open(here.state) as state:
        (run,) = state.runs()
    assert (run["kind"], run["outcome"]) == ("collect", "failed")


def test_after_a_revert_nothing_is_taken(here, archive):
    here.put("aoml", few(archive, "aoml"))
    with State.open(here.state) as state:
        state.stop_ingest("a revert", here.now)
    with pytest.raises(GdacError, match="do not ingest") as told:
        here.run()
    assert told.value.exit_code is ExitCode.HELD
    assert len(list(here.account("aoml").iterdir())) == 2


def test_an_older_version_passes_only_when_the_operator_says_so(here, archive):
    (name, raw), *_ = few(archive, "jma").items()
    here.put("jma", {name: restamped(raw, datetime(2026, 11, 1, tzinfo=UTC))})
    here.run()
    here.put("jma", {name: raw})
    assert here.run().count("refused") == 1
    here.put("jma", {name: raw})
    assert here.run(forced=True).count("published") == 1
    assert raw in here.published().values()


def test_old_bytes_go_into_the_vault(here, archive):
    here.sections = {"vault": {"store": str(here.root / "vault")}}
    (name, raw), *_ = few(archive, "jma").items()
    here.put("jma", {name: raw})
    here.run()
    here.put("jma", {name: restamped(raw, datetime(2026, 11, 1, tzinfo=UTC))})
    here.run()
    assert raw in [each.read_bytes() for each in (here.root / "vault").rglob("*") if each.is_file()]


def test_a_profile_in_real_time_gives_way_and_stays_readable(here, archive):
    files = submitted(archive, "coriolis")
    real = "R6980001_003.nc"
    here.put("coriolis", {real: files[real], "6980001_meta.nc": files["6980001_meta.nc"]})
    here.run()
    delayed = recycled(files["D6980001_002.nc"], 3)
    here.put("coriolis", {"D6980001_003.nc": delayed})
    record = here.run()
    assert record.seal is not None
    assert record.seal.renamed == 1
    profiles = here.hub / "dac/coriolis/6980001/profiles"
    assert (profiles / "D6980001_003.nc").read_bytes() == delayed
    assert (profiles / real).is_file()  # for the grace
    index = (here.hub / "ar_index_global_prof.txt").read_text()
    assert "D6980001_003.nc" in index
    assert real not in index
    (item,) = [item for item in here.items() if item.name == "D6980001_003.nc"]
    assert item.verdict is Verdict.PUBLISHED
    assert item.replaces == f"dac/coriolis/6980001/profiles/{real}"


def test_what_came_and_left_again_before_a_seal_goes_after_the_grace(here, archive):
    files = submitted(archive, "coriolis")
    real = "R6980001_003.nc"
    with State.open(here.state) as state:
        enter(state, "coriolis", {real: files[real]}, here.now)
        enter(state, "coriolis", {"D6980001_003.nc": recycled(files["D6980001_002.nc"], 3)}, here.now)
    record = here.run()
    assert record.count("published") == 2
    there = here.hub / "dac/coriolis/6980001/profiles" / real
    assert there.is_file()
    assert real not in (here.hub / "ar_index_global_prof.txt").read_text()
    here.now += timedelta(hours=80)
    here.run()
    assert not there.exists()
    assert (there.parent / "D6980001_003.nc").is_file()
