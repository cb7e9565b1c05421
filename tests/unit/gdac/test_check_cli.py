"""gdac check, as it is called: formats, folders, archives, baselines, manifests."""

import json
import os
import subprocess
import sys
import tarfile
import time

import numpy as np
import pytest
from typer.testing import CliRunner

from gdac.check.baseline import Baseline
from gdac.check.options import Options
from gdac.check.since import archive_path
from gdac.check.task import Task
from gdac.check.work import perform
from gdac.cli.check import app
from gdac.cli.tables import app as tables_app
from gdac.columns import connect
from gdac.errors import GdacError, UsageError
from gdac.manifest.build import Wanted, build
from gdac.manifest.files import write_manifest
from gdac.tables import load, snapshot
from gdac.tables.reference import SHIPPED
from tests.rules.samples import sample


def run(app, *arguments, exit_code=0):
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == exit_code, done.output
    return done.stdout


@pytest.fixture
def submission(tmp_path):
    """A right file, one with two faults, and one that is no NetCDF, of one DAC."""
    folder = tmp_path / "in" / "dac" / "coriolis" / "9900001"
    good, bad = sample("core"), sample("meta")
    bad.text("PLATFORM_NUMBER", "12")
    bad.text("PI_NAME", "Nobody")
    folder.mkdir(parents=True)
    for draft in (good, bad):
        draft.write(folder)
    (folder / "notes.txt").write_text("x")
    return folder


def test_exit_codes_and_the_text(submission):
    text = run(app, submission, "--dac", sample("core").dac, exit_code=1)
    assert "3 files: 1 accepted, 1 rejected, 1 skipped" in text
    assert "META-VAL-008" in text
    one = run(app, submission / sample("core").name, "--dac", sample("core").dac)
    assert ": accepted  (profile 3.1" in one
    assert sample("core").name in run(app, submission, "--dac", sample("core").dac, "--all", exit_code=1)
    with pytest.raises(UsageError, match="is not a data centre"):
        run(app, submission, "--dac", "atlantis")


def test_documents_of_the_official_program(submission, tmp_path):
    out = tmp_path / "documents"
    run(app, submission, "--dac", sample("core").dac, "--format", "filecheck", "-o", out, exit_code=1)
    names = {path.name for path in out.iterdir()}
    assert names == {f"{sample('core').name}.filecheck", f"{sample('meta').name}.filecheck"}
    text = (out / f"{sample('core').name}.filecheck").read_text()
    assert "<status>FILE-ACCEPTED</status>" in text
    assert "<DATA_TYPE>Argo profile</DATA_TYPE>" in text
    assert "<psal-adj-mean> 0.0000</psal-adj-mean>" in text


def test_an_archive_says_the_same_as_its_folder(submission, tmp_path):
    path = tmp_path / "submission.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(submission, "9900001")
    dac = sample("core").dac
    plain = [
        json.loads(line) for line in run(app, submission, "--dac", dac, "--format", "jsonl", exit_code=1).splitlines()
    ]
    packed = [json.loads(line) for line in run(app, path, "--dac", dac, "--format", "jsonl", exit_code=1).splitlines()]
    assert {each["path"].rpartition("/")[2]: each["findings"] for each in plain} == {
        each["path"].rpartition("/")[2]: each["findings"] for each in packed
    }
    assert all(each["path"].startswith(f"{path}/9900001/") for each in packed)


def test_a_baseline_leaves_only_what_is_new(submission, tmp_path):
    dac, report = sample("core").dac, tmp_path / "report.jsonl"
    run(app, submission, "--dac", dac, "--format", "jsonl", "--output", report, exit_code=1)
    again = run(app, submission, "--dac", dac, "--baseline", report)
    assert "findings of the baseline left out" in again
    assert "META-VAL-008" not in again
    worse = sample("meta")
    worse.text("PLATFORM_NUMBER", "12")
    worse.text("PTT", "")
    worse.write(submission)
    new = run(app, submission, "--dac", dac, "--baseline", report, exit_code=1)
    assert "META-SET-008" in new
    assert "META-VAL-008" not in new
    lines = run(app, submission, "--dac", dac, "--baseline", report, "--format", "jsonl", exit_code=1).splitlines()
    assert max(json.loads(line)["known"] for line in lines) >= 1


@pytest.mark.parametrize(
    "content", ["hello\n", "{}\n", '{"path": 1, "findings": 2}\n', "[" * 9999, '{"path":"a","findings":[{}]}']
)
def test_what_is_no_baseline(tmp_path, content):
    path = tmp_path / "report.jsonl"
    path.write_text(content)
    with pytest.raises(UsageError, match="is not a file of a report"):
        Baseline(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is not a report in JSON Lines"):
        Baseline(path)
    with pytest.raises(GdacError, match="cannot be read"):
        Baseline(tmp_path / "absent")


def test_only_files_that_differ_from_a_manifest(submission, tmp_path):
    tree = submission.parent.parent.parent
    with connect() as con:
        build(con, tree, "state", Wanted(tmp_path, time.time_ns(), None, False, False))
        sealed = write_manifest(con, "state", tmp_path, archive="00000000-0000-4000-8000-000000000000", serial=1)
    manifest = tmp_path / sealed.name
    arguments = (tree, "--dac", sample("core").dac, "--since-manifest", manifest, "--format", "jsonl")
    before = [json.loads(line)["path"] for line in run(app, *arguments).splitlines()]
    assert not [path for path in before if path.endswith(".nc")]
    changed = submission / sample("meta").name
    content = bytearray(changed.read_bytes())
    content[-1] ^= 1
    changed.write_bytes(content)  # same size
    (submission / "R1_001.nc").write_bytes(b"new")
    after = [json.loads(line)["path"] for line in run(app, *arguments, exit_code=1).splitlines()]
    assert {str(changed), str(submission / "R1_001.nc")} == {path for path in after if path.endswith(".nc")}


def test_where_a_path_lies_in_an_archive():
    assert archive_path("/data/argo/dac/aoml/1/1_meta.nc") == "dac/aoml/1/1_meta.nc"
    assert archive_path("x.tar.gz/dac/aoml/1/dac/1_meta.nc") == "dac/1_meta.nc"
    assert archive_path("C:\\argo\\dac\\aoml\\1_meta.nc") == "dac/aoml/1_meta.nc"
    assert archive_path("dac") is None
    assert archive_path("aoml/1/1_meta.nc") is None


def test_other_tables_change_verdicts(submission, tmp_path):
    file, dac = submission / sample("core").name, sample("core").dac
    _, facts, rows = snapshot.read(SHIPPED)
    kind = sample("core").read_text("WMO_INST_TYPE", 0).strip()
    fewer = [snapshot.concept(row) for row in rows if not (row[0] == "R08" and row[3] == kind)]
    other = tmp_path / "tables.jsonl"
    snapshot.write(other, facts, fewer)
    assert "PRF-META-008" in run(app, file, "--dac", dac, "--tables", other, exit_code=1)
    text = run(tables_app, "diff", "shipped", other, file, "--dac", dac, exit_code=1)
    assert f"removed    R08 {kind}" in text
    assert "accepted -> rejected" in text
    assert "1 would newly fail, 0 would newly pass" in text
    back = json.loads(run(tables_app, "diff", other, "shipped", file, "--dac", dac, "--json", exit_code=1))
    assert back["files"][0]["old"] == "rejected"
    assert back["files"][0]["went"][0].startswith("PRF-META-008 WMO_INST_TYPE[1]")
    meta = submission / "notes.txt"
    assert "0 files are judged differently" in run(tables_app, "diff", "shipped", other, meta)


def test_reports_in_a_folder_that_is_not_there(submission, tmp_path):
    with pytest.raises(GdacError, match="cannot be written"):
        run(app, submission, "--output", tmp_path / "no" / "report.txt")


def facts(draft, tmp_path):
    task = Task(str(draft.write(tmp_path)), draft.name, draft.dac, draft.received)
    return dict(perform(task, load(), Options(extract=True)).metadata)


def test_a_report_that_is_of_no_use_in_half_takes_its_name_when_it_is_done(submission, tmp_path):
    out = tmp_path / "report.html"
    out.write_text("the one before")
    with pytest.raises(UsageError, match="is not a time"):
        run(app, submission, "--format", "html", "-o", out, "--receipt-time", "never")
    assert out.read_text() == "the one before"
    with pytest.raises(GdacError):
        run(app, submission, "--format", "html", "-o", out, "--tables", tmp_path / "absent")
    assert out.read_text() == "the one before"
    run(app, submission, "--dac", sample("core").dac, "--format", "html", "-o", out, exit_code=1)
    assert "<!doctype html>" in out.read_text()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_terminal_that_lacks_letters(submission):
    draft = sample("meta")
    draft["PI_NAME"][...] = np.frombuffer("Müller".encode("latin-1").ljust(draft["PI_NAME"].size), "S1")
    draft.write(submission)
    done = subprocess.run(
        [sys.executable, "-m", "gdac.cli.main", "check", submission],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"M\xfcller" in done.stdout


def test_metadata_of_a_profile(tmp_path):
    draft = sample("core-delayed")
    draft.set("JULD", 27028.5, 0)
    draft.set("CYCLE_NUMBER", 7, 0)
    draft.set("LATITUDE", -0.25, 0)
    found = facts(draft, tmp_path)
    assert list(found)[:4] == ["dac", "DATA_TYPE", "FORMAT_VERSION", "DATE_UPDATE"]
    assert found["JULD-dtg"].startswith(" 20240101120000")
    assert found["CYCLE_NUMBER"].startswith(" 007")
    assert found["LATITUDE"].startswith(" -0.2500")
    assert found["PROFILE_DOXY_QC"] == "null"
    assert found["STATION_PARAMETERS"] == "PRES TEMP PSAL"
    assert found["PARAMETER_DATA_MODE"] == "---"
    assert found["psal-adj-mean"].startswith(" ")
    few = facts(draft.no_attr("JULD", "units"), tmp_path)
    assert "N_PROF" not in few
    assert "psal-adj-mean" not in few
    assert few["PROFILE_TEMP_QC"] == found["PROFILE_TEMP_QC"]


def test_salinity_adjustment_over_the_deepest_levels(tmp_path):
    draft = sample("core-delayed")
    levels = draft["PSAL"].shape[1]
    draft["PRES_ADJUSTED"][0] = [100.0 * (level + 1) for level in range(levels)]
    draft["PRES_ADJUSTED_QC"][0] = b"1"
    draft["PSAL_QC"][0] = draft["PSAL_ADJUSTED_QC"][0] = b"1"
    draft["PSAL"][0] = 35.0
    draft["PSAL_ADJUSTED"][0] = 35.5
    draft["PSAL_ADJUSTED"][0][: levels - 6] = 99.0  # above the last 500 dbar
    found = facts(draft, tmp_path)
    assert (found["psal-adj-mean"], found["psal-adj-sdev"]) == (" 0.5000", " 0.0000")
    draft["PSAL_QC"][0] = b"4"
    assert facts(draft, tmp_path)["psal-adj-mean"] == " 99999.0000"
    draft.set("DATA_MODE", b"R", 0)
    assert facts(draft, tmp_path)["psal-adj-mean"] == " 0.0000"
    bio = facts(sample("bio"), tmp_path)
    assert "psal-adj-mean" not in bio
    assert len(bio["PARAMETER_DATA_MODE"]) == len(bio["STATION_PARAMETERS"].split())
    assert "-" not in bio["PARAMETER_DATA_MODE"]


def test_metadata_of_other_types(tmp_path):
    found = facts(sample("traj"), tmp_path)
    assert float(found["min_latitude"]) <= float(found["max_latitude"])
    assert facts(sample("meta"), tmp_path).keys() == {
        *(
            "dac",
            "DATA_TYPE",
            "FORMAT_VERSION",
            "DATE_UPDATE",
            "DATA_CENTRE",
            "PLATFORM_NUMBER",
            "PI_NAME",
            "WMO_INST_TYPE",
        )
    }
    assert list(facts(sample("tech"), tmp_path))[-1] == "PLATFORM_NUMBER"
    nowhere = sample("traj")
    nowhere["LATITUDE"][...] = 99999.0
    assert facts(nowhere, tmp_path)["max_latitude"] == "99999.0000"
    assert facts(sample("bio-traj"), tmp_path)["PARAMETER_DATA_MODE"].strip("-") == ""
