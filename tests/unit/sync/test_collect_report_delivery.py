"""Reports in the account of a DAC, and the audit trail of a hub that was sealed."""

from datetime import date, timedelta

import pyoxigraph as ox
import pytest
from typer.testing import CliRunner

from gdac.cli.manifest import app as manifest_app
from gdac.manifest.local import need_head
from gdac.sample.archive import make_archive
from sync.collect.inbox import opened_inbox
from sync.collect.report import write_reports
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.state.collected import Verdict
from tests.unit.sync.reported import Reported
from vocab.names import Names
from vocab.preflight.shacl import check_shapes, provenance_shapes

WAITING = ".undelivered.json"


def write_into_account(made, number):
    async def work():
        async with opened_inbox("coriolis", made.config.collect) as inbox:
            return await write_reports(
                made.config, made.state, inbox, made.submission(number), lambda: made.now, Silent()
            )

    notes = run_loop(work())
    made.state.end_submission(number, made.now)
    return notes


def submit(made):
    number = made.open()
    made.add(number, "R6901234_001.nc", None, Verdict.REFUSED, ("ACC-008", "the file is empty"))
    return number


def files(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file() and file.name != WAITING}


def test_the_account_gets_the_same_files(tmp_path):
    with Reported(tmp_path) as made:
        (tmp_path / "account/submit").mkdir(parents=True)
        assert write_into_account(made, submit(made)) == ()
        assert files(tmp_path / "account" / "report") == files(made.folder)
        assert set(files(made.folder)) == {
            "index.html", "submissions.json", *(f"submission-1.{one}" for one in ("txt", "html", "json", "csv"))
        }  # fmt: skip


def test_what_could_not_be_delivered_comes_with_the_next_submission(tmp_path):
    with Reported(tmp_path) as made:
        account = tmp_path / "account"
        (account / "submit").mkdir(parents=True)
        (note,) = made.write(submit(made))
        assert note.startswith("reports wait until they can be delivered to coriolis: the account could not be reached")
        (account / "report").write_text("a file where the folder should be")
        (note,) = write_into_account(made, submit(made))
        assert "coriolis" in note
        (account / "report").unlink()
        assert write_into_account(made, submit(made)) == ()
        assert files(account / "report") == files(made.folder)
        assert "submission-1.txt" in files(account / "report")
        assert not (made.folder / WAITING).exists()


@pytest.mark.parametrize("damage", ["", "{", '["../../state.db", "submission-1.txt"]', "[1]"])
def test_a_damaged_list_of_what_waits_delivers_nothing_else(tmp_path, damage):
    with Reported(tmp_path) as made:
        (tmp_path / "account/submit").mkdir(parents=True)
        made.write(submit(made))
        (made.folder / WAITING).write_text(damage)
        assert write_into_account(made, submit(made)) == ()
        delivered = files(tmp_path / "account" / "report")
        assert "submission-2.txt" in delivered
        assert delivered.items() <= files(made.folder).items()
        assert not list((tmp_path / "account").rglob("state.db"))


def test_an_account_without_a_folder_for_reports_gets_none(tmp_path):
    inbox = {"coriolis": {"store": str(tmp_path / "account"), "report": ""}}
    with Reported(tmp_path, {"inbox": inbox}) as made:
        (tmp_path / "account/submit").mkdir(parents=True)
        assert write_into_account(made, submit(made)) == ()
        assert list((tmp_path / "account").iterdir()) == [tmp_path / "account/submit"]
        assert files(made.folder)


def test_every_decision_is_in_the_audit_trail_of_a_sealed_hub(tmp_path):
    make_archive(tmp_path / "hub", floats=1, cycles=1, seed=5, day=date(2025, 3, 1))
    done = CliRunner().invoke(manifest_app, ["build", str(tmp_path / "hub"), "--seal"])
    assert done.exit_code == 0, done.output
    with Reported(tmp_path) as made:
        first = submit(made)
        path = "dac/coriolis/6901234/profiles/D6901234_001.nc"
        made.add(first, "D6901234_001.nc", b"D", Verdict.PUBLISHED, path=path, replaces=path.replace("/D", "/R"))
        archive = made.add(first, "nc.tgz", b"tar", Verdict.OPENED)
        finding = {"rule": "OPN-003", "severity": "error", "text": "no NetCDF", "where": "file", "count": 1}
        result = {"verdict": "rejected", "findings": [finding]}
        no = ("ACC-003", "the checker does not accept the file")
        made.add(first, "R6901234_002.nc", b"2", Verdict.REFUSED, no, result=result, archive=archive)
        made.now += timedelta(minutes=5)
        made.write(first)
        again = made.open(forced=True, replay_of=first)
        made.add(again, "R6901234_002.nc", b"2", Verdict.UNCHANGED, path=path.replace("D6901234_001", "R6901234_002"))
        made.write(again)
        parsed = [
            [one.triple for one in ox.parse(made.read(number, "ttl").encode(), format=ox.RdfFormat.TURTLE)]
            for number in (first, again)
        ]
        names = Names()
        for triples in parsed:
            assert check_shapes(triples, names, provenance_shapes(names)) == []
        own = f"{names.vocabulary}#"
        decided = sorted(one.object.value for one in parsed[0] if one.predicate.value == f"{own}decided")
        assert decided == ["opened", "published", "refused", "refused"]
        broken = {one.object.value for one in parsed[0] if one.predicate.value == f"{own}refusedBy"}
        assert broken == {"ACC-003", "ACC-008", "OPN-003"}
        head = need_head(tmp_path / "hub")
        repeated = [one.object.value for one in parsed[1] if one.predicate.value.endswith("#wasInformedBy")]
        assert repeated == [f"{names.archive(head.archive)}/submission/1-20261122T063000Z"]
        assert '<a href="submission-1.ttl">provenance</a>' in made.read(first, "html")
        assert str(tmp_path) not in made.read(first, "ttl")
