"""Small parts of the daemon: its book, its lock, its lines, the configuration that it holds, its numbers."""

import io
import json
import logging
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gdac.errors import GdacError, UsageError
from gdac.records import IngestRecord, MirrorRecord, Moved, Outcome, RunRecord, SealRecord
from sync.audit.audit import AuditReport
from sync.collect.record import CollectRecord, SubmissionRecord
from sync.daemon.book import BOOK_NAME, BrokenBookError, KeptBook, read_book, write_book
from sync.daemon.children import Done
from sync.daemon.lock import LOCK_NAME, DaemonLock
from sync.daemon.logs import LibraryLines, Log, hide, secrets_of
from sync.daemon.metrics import daemon_registry, render_status_metrics
from sync.daemon.results import tell_results
from sync.daemon.schedule import Ending, JobFacts
from sync.daemon.section import address
from sync.daemon.settings import COPY_NAME, Settings
from sync.daemon.told import read_jobs
from sync.daemon.view import Phase, View
from sync.status.facts import AuditStatus, Delta, HubStatus, MirrorStatus, Status, Word
from sync.status.parts import Aside, CollectStatus, DacStatus, Held, JobStatus, Quarantine, Total
from tests.conftest import ROOT

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


# The book


def test_the_book_comes_back_as_it_was_written(tmp_path):
    assert read_book(tmp_path) is None
    book = KeptBook(NOW, {"sync": JobFacts(NOW, NOW, Ending.HELD, NOW, 3, NOW, "abc", "why"), "audit": JobFacts()})
    write_book(tmp_path, book)
    assert read_book(tmp_path) == book
    write_book(tmp_path, KeptBook(NOW))
    assert [one.name for one in tmp_path.iterdir()] == [BOOK_NAME]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{}",
        b'{"format": "argo-gdac daemon 2", "since": "2026-11-23T12:00:00+00:00", "jobs": {}}',
        b'{"format": "argo-gdac daemon 1", "since": "2026-11-23T12:00:00", "jobs": {}}',
        b'{"format": "argo-gdac daemon 1", "since": "2026-11-23T12:00:00+00:00", "jobs": []}',
        b'{"format": "argo-gdac daemon 1", "since": "2026-11-23T12:00:00+00:00", "jobs": {"sync": {"ending": "x"}}}',
        b'{"format": "argo-gdac daemon 1", "since": "2026-11-23T12:00:00+00:00", "jobs": {"sync": {"started": 3}}}',
        b"[" * 100_000,
        b" " * (2 << 20),
    ],
)
def test_a_damaged_book_is_named_and_nothing_else(tmp_path, raw):
    (tmp_path / BOOK_NAME).write_bytes(raw)
    with pytest.raises(BrokenBookError):
        read_book(tmp_path)


@given(st.binary(max_size=300))
def test_whatever_lies_there_is_a_book_or_broken(tmp_path_factory, raw):
    folder = tmp_path_factory.mktemp("book")
    (folder / BOOK_NAME).write_bytes(raw)
    with pytest.raises(BrokenBookError):
        read_book(folder)


def test_jobs_told_within_a_job_do_not_say_that_it_is_on(tmp_path):
    settings = Settings(configured(tmp_path))
    assert read_jobs(settings.config, NOW) == ()
    settings.config.state_directory.mkdir()
    write_book(settings.config.state_directory, KeptBook(NOW, {"sync": JobFacts(started=NOW)}))
    told = {one.name: one for one in read_jobs(settings.config, NOW)}
    assert told["sync"].last_start == NOW
    assert told["sync"].running_since is None
    assert told["sync"].next_due is not None
    (settings.config.state_directory / BOOK_NAME).write_text("broken")
    assert read_jobs(settings.config, NOW) == ()


# The lock


def test_one_lock_for_one_state(tmp_path):
    first = DaemonLock.take(tmp_path / "state")
    assert first is not None
    assert DaemonLock.take(tmp_path / "state") is None
    program = (
        "import sys; from pathlib import Path; from sync.daemon.lock import DaemonLock\n"
        "print(DaemonLock.take(Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "state")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "None"
    first.close()
    second = DaemonLock.take(tmp_path / "state")
    assert second is not None
    assert second.is_sure
    (tmp_path / "state" / LOCK_NAME).unlink()
    assert not second.is_sure
    third = DaemonLock.take(tmp_path / "state")
    assert third is not None
    assert not second.is_sure
    second.close()
    third.close()


def test_a_state_directory_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GdacError, match="state directory"):
        DaemonLock.take(tmp_path / "file" / "state")


# The configuration


def configured(tmp_path, text: str = "", *, state: str = "state"):
    file = tmp_path / "gdac.toml"
    file.write_text(
        f'[hub]\nstore = "{tmp_path}/hub"\nstate = "{tmp_path}/{state}"\n[source.a]\nstore = "{tmp_path}/s"\n{text}'
    )
    return file


def test_a_good_change_is_taken_and_a_bad_one_is_not(tmp_path):
    file = configured(tmp_path)
    settings = Settings(file)
    settings.put_in_force()
    assert not settings.look_again().changed
    configured(tmp_path, '[mirror.one]\nstore = "/srv/one"\n')
    assert settings.look_again().changed
    good = settings.copy.read_bytes()
    assert good == file.read_bytes()

    configured(tmp_path, '[daemon]\nsync = "sometimes"\n')
    found = settings.look_again()
    assert found.changed
    assert "daemon.sync" in found.refused
    assert not settings.look_again().changed  # said once
    assert (list(settings.config.mirror), settings.copy.read_bytes()) == (["one"], good)

    file.write_text("no toml")
    assert settings.look_again().changed
    file.unlink()
    assert "no configuration" in settings.look_again().refused
    assert not settings.look_again().changed
    configured(tmp_path, state="elsewhere")
    assert "hub.state" in settings.look_again().refused
    assert not (tmp_path / "elsewhere").exists()

    configured(tmp_path, '[mirror.two]\nstore = "/srv/two"\n')
    assert settings.look_again().refused == ""
    assert list(settings.config.mirror) == ["two"]
    assert settings.copy.read_bytes() == file.read_bytes()


def test_one_that_waits_touches_nothing_of_the_other(tmp_path):
    settings = Settings(configured(tmp_path))
    configured(tmp_path, '[mirror.one]\nstore = "/srv/one"\n')
    assert settings.look_again().changed
    assert not (tmp_path / "state" / COPY_NAME).exists()


def test_a_bad_configuration_is_no_beginning(tmp_path):
    with pytest.raises(UsageError, match=r"daemon\.listen"):
        Settings(configured(tmp_path, '[daemon]\nlisten = "everywhere"\n'))


@pytest.mark.parametrize(
    ("text", "found"),
    [("127.0.0.1:80", ("127.0.0.1", 80)), (":0", ("", 0)), ("[::1]:8080", ("::1", 8080)), ("a.b:1", ("a.b", 1))],
)
def test_addresses(text, found):
    assert address(text) == found


@pytest.mark.parametrize("text", ["8080", "a:b", "a:70000", "http://a:80", "::1:80", ""])
def test_what_is_no_address(text):
    with pytest.raises(ValueError, match="no address"):
        address(text)


# Lines


def test_lines_hold_no_secret():
    environment = {
        "GDAC_HUB_PASSWORD": "topsecret",
        "AWS_SECRET_ACCESS_KEY": "wJalr+X/K",
        "AWS_SESSION_TOKEN": "tok/en",
        "GDAC_CONFIG": "gdac.toml",
        "GDAC_X_PASSWORD": "abc",
        "HOME": "/root",
    }
    secrets = secrets_of(environment)
    out = io.StringIO()
    lines = Log(out, lambda: NOW, as_json=True, secrets=secrets)
    text = (
        "ftp://me:hunter2@host/x https://b/k?X-Amz-Signature=deadbeef&x=1 topsecret and wJalr+X/K,"
        " sftp://user@host/y; tok/en"
    )
    lines.error("job-ended", text, error=text, deep={"a": [text]}, files=3)
    told = out.getvalue()
    assert not [one for one in ("hunter2", "deadbeef", "topsecret", "wJalr", "tok/en", "user@", "me:") if one in told]
    line = json.loads(told)
    assert line["ts"] == "2026-11-23T12:00:00.000+00:00"
    assert (line["level"], line["event"], line["files"]) == ("error", "job-ended", 3)
    assert "gdac.toml" not in secrets
    assert hide("x?sig=abc%2B&y=1", ()) == "x?sig=***&y=1"


@given(st.text())
def test_every_text_makes_one_line(text):
    for as_json in (True, False):
        out = io.StringIO()
        Log(out, lambda: NOW, as_json=as_json).info("note", text, job="sync")
        assert out.getvalue().count("\n") == 1
        assert out.getvalue().endswith("\n")


def told_of(result: dict, ending: Ending = Ending.PARTIAL) -> dict[str, dict]:
    out = io.StringIO()
    heard = json.loads(json.dumps(result))  # as it comes through the pipe
    done = Done(ending, "the source does not answer" if ending.is_failure else "", (heard,))
    tell_results(Log(out, lambda: NOW, as_json=True), "job", "abc", done, 3.25, NOW if ending.is_failure else None)
    return {line["event"]: line for line in map(json.loads, out.getvalue().splitlines())}


def test_what_a_run_did_is_told():
    moved = Moved(3, 999)
    record = RunRecord(
        7,
        NOW,
        NOW,
        Outcome.PARTIAL,
        IngestRecord(moved=moved),
        SealRecord(4, True, 1, 1, 1, 0, 9, 99, "m", "d"),
        (MirrorRecord("good", 3, 4, "delta", moved), MirrorRecord("bad", 3, None, "failed", error="it is gone.")),
        ("a note",),
    )
    lines = told_of(record.as_json())
    assert lines["job-ended"]["msg"] == "partial in 3.2 s, serial 4, 3 files fetched, 3 files copied"
    assert (lines["job-ended"]["number"], lines["job-ended"]["copied_bytes"]) == (7, 999)
    assert (lines["mirror-failed"]["store"], lines["mirror-failed"]["error"]) == ("bad", "it is gone.")
    assert lines["note"]["msg"] == "a note"


def test_what_an_audit_a_collection_and_a_failure_told():
    report = AuditReport("folder", 4, "2/30", due=12)
    assert told_of(report.as_json(), Ending.FINE)["audited"]["msg"] == "folder, part 2/30: 12 files due, no differences"
    taken = SubmissionRecord(5, "aoml", 3, {"published": 2, "refused": 1}, resumed=False, ended=True)
    record = CollectRecord(7, NOW, NOW, Outcome.PARTIAL, (taken,), failed=("bodc",))
    lines = told_of(record.as_json())
    assert lines["submission"]["msg"] == "aoml: submission 5: 2 published, 1 refused"
    assert "bodc" in lines["accounts-failed"]["msg"]
    failed = told_of({}, Ending.FAILED)["job-ended"]
    assert failed["level"] == "error"
    assert failed["msg"].endswith("the source does not answer; tried again at 2026-11-23T12:00:00Z")


def test_long_texts_are_cut_and_a_reader_that_left_stops_nothing():
    out = io.StringIO()
    lines = Log(out, lambda: NOW, as_json=False)
    lines.info("note", "x" * 100_000)
    assert len(out.getvalue()) < 5000
    out.close()
    lines.info("note", "nobody hears this")
    lines.info("note", "nor this")


def test_what_libraries_say_becomes_a_line():
    out = io.StringIO()
    handler = LibraryLines(Log(out, lambda: NOW, as_json=True, secrets=["topsecret"]))
    try:
        raise ValueError("topsecret")
    except ValueError:
        record = logging.LogRecord("aiohttp", logging.ERROR, "", 1, "Error %s", ("here",), sys.exc_info())
    handler.handle(record)
    line = json.loads(out.getvalue())
    assert (line["logger"], line["level"]) == ("aiohttp", "error")
    assert line["msg"] == "Error here: ValueError('***')"


# Numbers


def status() -> Status:
    hub = HubStatus(
        Word.CURRENT,
        "source",
        serial=9,
        rows=51,
        bytes=1000,
        expires=NOW + timedelta(hours=1),
        last_good=NOW,
        deltas=(Delta(9, NOW, 5, 4, 3, 2, 99),),
        audit=AuditStatus(30, 0.1),
    )
    late = MirrorStatus("late", Word.BEHIND, serial=7, behind_serials=2, behind_since=NOW - timedelta(hours=26),
                        behind_hours=26.0, audit=AuditStatus(30, 0.5, NOW, None, 10, 3, 1))  # fmt: skip
    new = MirrorStatus('odd"name\\', Word.NEVER, last_error="no such bucket")
    hold = Held(4, "late", NOW, None, (), (), (), (), (), "gdac sync approve 4")
    aside = Aside("dac/aoml/1/1_meta.nc", "stale", "x", NOW - timedelta(hours=2), 3, NOW)
    return Status(
        NOW,
        "argo-gdac",
        hub,
        (late, new),
        (hold, replace(hold, approved=NOW)),
        Quarantine(1, aside.since, {"stale": 1}, {"aoml": 1}, (aside,)),
        jobs=(JobStatus("sync", last_good=NOW, last_outcome="fine"), JobStatus("audit", last_outcome="failed")),
        collect=CollectStatus(dacs=(DacStatus("aoml", 3, NOW, 3, 1, {"refused": 2}, {"ACCEPT": 7}, 0.75),)),
        totals=(
            Total("files", "hub", "", 37),
            Total("failures", "late", "network", 2),
            Total("runs", "run", "fine", 8),
        ),
    )


def numbers(raw: bytes) -> dict[str, float]:
    found = {}
    for family in text_string_to_metric_families(raw.decode()):
        assert family.documentation
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_a_status_as_metrics():
    found = numbers(render_status_metrics(status()))
    assert found["gdac_mirror_lag_serials{mirror=late}"] == 2
    assert found["gdac_mirror_lag_hours{mirror=late}"] == 26
    assert 'gdac_mirror_lag_serials{mirror=odd"name\\}' not in found  # it shows nothing: no lag is no lag of 0
    assert found['gdac_mirror_failing{mirror=odd"name\\}'] == 1
    assert found["gdac_mirror_state{mirror=late,state=behind}"] == 1
    assert found["gdac_mirror_state{mirror=late,state=current}"] == 0
    assert found["gdac_hub_head_expires_timestamp_seconds{}"] == (NOW + timedelta(hours=1)).timestamp()
    assert found["gdac_brake_holds{store=late}"] == 1  # the approved one waits for nobody
    assert found["gdac_brake_holds{store=hub}"] == 0
    assert found["gdac_quarantine_files{trouble=stale}"] == 1
    assert found["gdac_quarantine_files{trouble=broken}"] == 0
    assert found["gdac_quarantine_oldest_age_seconds{}"] == 7200
    assert found["gdac_audit_coverage_ratio{store=late}"] == 0.5
    assert found["gdac_audit_differences_left{store=late}"] == 1
    assert found["gdac_last_success_timestamp_seconds{job=sync}"] == NOW.timestamp()
    assert "gdac_last_success_timestamp_seconds{job=audit}" not in found
    assert found["gdac_check_verdicts{dac=aoml,verdict=ACCEPT}"] == 7
    assert found["gdac_collect_files{dac=aoml,result=refused}"] == 2
    assert found["gdac_files_moved_total{store=hub}"] == 37
    assert found["gdac_failures_total{cause=network,store=late}"] == 2
    assert found["gdac_runs_total{kind=run,outcome=fine}"] == 8
    assert found["gdac_delta_files{change=added}"] == 5


def test_the_daemon_as_metrics():
    view = View(Phase.WAITING, jobs=(JobStatus("sync", last_good=NOW),), refused="a mistake")
    view.tally.count("sync", Ending.FINE, 2.0)
    view.tally.count("sync", Ending.FAILED, 4.0)
    found = numbers(generate_latest(daemon_registry(view, lambda: NOW)))
    assert found["gdac_daemon_ready{}"] == 0
    assert found["gdac_daemon_phase{phase=waiting}"] == 1
    assert found["gdac_config_last_reload_successful{}"] == 0
    assert found["gdac_job_runs_total{job=sync,outcome=failed}"] == 1
    assert found["gdac_job_duration_seconds_sum{job=sync}"] == 6
    assert found["gdac_job_duration_seconds_count{job=sync}"] == 2
    assert found["gdac_last_success_timestamp_seconds{job=sync}"] == NOW.timestamp()
    view.phase, view.status = Phase.IDLE, status()
    later = NOW + timedelta(hours=10)
    found = numbers(generate_latest(daemon_registry(view, lambda: later)))
    assert found["gdac_daemon_ready{}"] == 1
    assert found["gdac_mirror_lag_hours{mirror=late}"] == 36  # as it is now, not as it was read
    assert found["gdac_hub_state{state=stale}"] == 1


def test_every_metric_is_documented_and_every_documented_one_exists():
    view = View(status=status(), jobs=status().jobs, failures={"sync": 1})
    view.reloaded = NOW
    view.tally.count("sync", Ending.FINE, 2.0)
    raw = generate_latest(daemon_registry(view, lambda: NOW)).decode()
    there = {line.split()[2] for line in raw.splitlines() if line.startswith("# TYPE gdac_")}
    page = (ROOT / "docs" / "daemon.md").read_text(encoding="utf-8")
    told = {re.sub(r"_(sum|count)$", "", one) for one in re.findall(r"`(gdac_[a-z_]+)`", page)}
    assert there == told
