"""The daemon's lines: no secrets, one line each, and what the jobs tell."""

import io
import json
import logging
import sys
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from gdac.records import IngestRecord, MirrorRecord, Moved, Outcome, RunRecord, SealRecord
from sync.audit.audit import AuditReport
from sync.collect.record import CollectRecord, SubmissionRecord
from sync.daemon.children import Done
from sync.daemon.logs import LibraryLines, Log, hide, secrets_of
from sync.daemon.results import tell_results
from sync.daemon.schedule import Ending

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


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
