"""What the state keeps for those who watch: looking without the lock, sums, audits, and how runs went."""

import sqlite3
from datetime import UTC, date, datetime, timedelta

import pytest

from gdac.errors import GdacError
from sync.state import State
from sync.state.watched import KeptAudit, sums_of

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


def mirror(name, way, error=None, files=0, **more):
    return {
        "mirror": name,
        "way": way,
        "error": error,
        "moved": {"files": files, "bytes": files * 10},
        "deleted": 1,
    } | more


def one_run(state, when, outcome="fine", kind="run", **summary):
    run = state.start_run(kind, when)
    state.end_run(run, when + timedelta(minutes=1), outcome, summary)
    return run


SEAL = {"serial": 1, "new": True}
INGEST = {"moved": {"files": 5, "bytes": 50}, "deleted": 2}


def test_looking_neither_waits_nor_makes_anything(tmp_path):
    with State.look(tmp_path / "nowhere") as state:
        assert state.runs() == []
        assert not state.is_busy
    assert not (tmp_path / "nowhere").exists()
    with State.open(tmp_path / "state") as state:
        state.start_run("run", NOW)
        with State.look(tmp_path / "state") as seen:
            assert seen.is_busy
            assert [one["outcome"] for one in seen.runs()] == ["open"]
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                seen.start_run("run", NOW)
    with State.look(tmp_path / "state") as seen:
        assert not seen.is_busy


def test_a_look_takes_no_lock_from_anybody(tmp_path):
    with State.open(tmp_path):
        pass
    with State.look(tmp_path), State.open(tmp_path), pytest.raises(GdacError, match="another gdac process"):
        State.open(tmp_path)


def test_a_state_of_an_older_gdac_is_brought_up_to_date_by_the_one_who_looks(tmp_path):
    with State.open(tmp_path) as state:
        state._connection.execute("drop table total")
        state._connection.execute("drop table audited")
        state._connection.execute("drop table shown_head")
        state._connection.execute("delete from _sqlite_migrations where name = '0007-watched'")
        state._connection.commit()
    with State.look(tmp_path) as state:
        assert state.totals() == []


def test_sums_only_grow_and_notes_are_not_counted_again(tmp_path):
    with State.open(tmp_path) as state:
        run = one_run(state, NOW, ingest=INGEST, seal=SEAL, mirrors=[mirror("aws", "delta", files=3)], notes=["a"])
        one_run(state, NOW, "failed", error="no answer", cause="no-answer")
        one_run(
            state, NOW, "partial", seal={**SEAL, "new": False}, mirrors=[mirror("aws", "failed", "x", cause="store")]
        )
        state.note_run(run, ["b"])
        assert state.runs()[-1]["summary"]["notes"] == ["a", "b"]
        assert state.totals() == [
            ("bytes", "aws", "", 30),
            ("bytes", "hub", "", 50),
            ("deleted", "aws", "", 2),
            ("deleted", "hub", "", 2),
            ("failures", "aws", "store", 1),
            ("failures", "hub", "no-answer", 1),
            ("files", "aws", "", 3),
            ("files", "hub", "", 5),
            ("runs", "run", "failed", 1),
            ("runs", "run", "fine", 1),
            ("runs", "run", "partial", 1),
            ("seals", "hub", "", 1),
        ]


def test_records_of_older_runs_and_other_kinds_are_counted_as_far_as_they_go():
    assert sums_of("seed", "fine", {"snapshot": "118037", "files": "12"}) == {("runs", "seed", "fine"): 1}
    assert sums_of("run", "failed", {"error": "x"}) == {("runs", "run", "failed"): 1, ("failures", "hub", "other"): 1}


def test_how_runs_went_by_store(tmp_path):
    with State.open(tmp_path) as state:
        assert state.tries_of_hub().last is None
        assert state.tries_of_mirror("aws", ever=False).error == ""
        one_run(state, NOW, seal=SEAL, mirrors=[mirror("aws", "delta"), mirror("disk", "failed", "full")])
        one_run(state, NOW + timedelta(hours=1), "failed", error="the source is away", cause="no-answer")
        one_run(state, NOW + timedelta(hours=2), "partial", kind="replicate", mirrors=[mirror("aws", "held", "brake")])
        one_run(state, NOW + timedelta(days=1), "failed", error="CancelledError", cause="stopped")
        hub, minute = state.tries_of_hub(), timedelta(minutes=1)
        assert (hub.last, hub.good, hub.error) == (NOW + timedelta(minutes=61), NOW + minute, "the source is away")
        aws = state.tries_of_mirror("aws", ever=True)
        assert (aws.last, aws.good, aws.error) == (NOW + timedelta(minutes=121), NOW + minute, "")
        disk = state.tries_of_mirror("disk", ever=True)
        assert (disk.last, disk.good, disk.error) == (NOW + minute, None, "full")
        since = date(2026, 11, 1)
        assert [(one.day, one.good, one.failed, one.held) for one in state.days_of_hub(since)] == [
            (NOW.date(), 1, 1, 0)
        ]
        days = state.days_of_mirrors(since)
        assert [(one.good, one.failed, one.held) for one in days["aws"]] == [(1, 0, 1)]
        assert [(one.good, one.failed, one.held) for one in days["disk"]] == [(0, 1, 0)]
        assert state.days_of_mirrors(NOW.date() + timedelta(days=1)) == {}


def test_an_audit_of_everything_takes_the_place_of_every_part(tmp_path):
    with State.open(tmp_path) as state:
        state.remember_audit("aws", KeptAudit(1, 30, NOW, 10, 2, 1))
        state.remember_audit("aws", KeptAudit(2, 30, NOW, 11, 0, 0))
        state.remember_audit("aws", KeptAudit(1, 30, NOW + timedelta(days=1), 12, 0, 0))
        assert [(one.number, one.files) for one in state.audits("aws")] == [(1, 12), (2, 11)]
        state.remember_audit("aws", KeptAudit(0, 0, NOW, 23, 1, 0))
        assert [(one.number, one.of, one.files) for one in state.audits("aws")] == [(0, 0, 23)]
        assert state.audits("(hub)") == []


def test_heads_are_kept_per_store(tmp_path):
    with State.open(tmp_path) as state:
        assert state.head_of("aws") is None
        state.remember_head("aws", b"{}", NOW)
        state.remember_head("aws", b"{1}", NOW)
        assert state.head_of("aws") == (b"{1}", NOW)
