"""The daemon's numbers, of the status and of itself."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from sync.daemon.metrics import daemon_registry, render_status_metrics
from sync.daemon.schedule import Ending
from sync.daemon.view import Phase, View
from sync.status.facts import AuditStatus, Delta, HubStatus, MirrorStatus, Status, Word
from sync.status.parts import Aside, CollectStatus, DacStatus, Held, JobStatus, Quarantine, Total
from tests.conftest import ROOT

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


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
