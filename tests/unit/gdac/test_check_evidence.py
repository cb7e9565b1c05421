"""``gdac check --evidence``: which bytes were judged, by which run, under which tables."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

from typer.testing import CliRunner

from gdac.check.evidence import Evidence
from gdac.cli.check import app
from gdac.errors import UsageError
from gdac.tables import load


def test_every_line_names_bytes_run_and_tables(tmp_path):
    for name in ("1_meta.nc", "2_meta.nc"):
        (tmp_path / name).write_bytes(b"no NetCDF " + name.encode())
    done = CliRunner().invoke(app, [str(tmp_path), "--format", "jsonl", "--evidence"])
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["sha256"] for line in lines] == [
        hashlib.sha256(b"no NetCDF " + name).hexdigest() for name in (b"1_meta.nc", b"2_meta.nc")
    ]
    assert len({line["run"] for line in lines}) == 1
    assert {line["tables_digest"] for line in lines} == {load().digest}
    assert all(datetime.fromisoformat(line["started"]).tzinfo for line in lines)
    plain = CliRunner().invoke(app, [str(tmp_path), "--format", "jsonl"]).stdout.splitlines()
    extra = {"run", "started", "tables_digest", "sha256"}
    assert [{key: value for key, value in line.items() if key not in extra} for line in lines] == [
        json.loads(line) for line in plain
    ]


def test_bytes_that_may_have_changed_since_the_run_began_have_no_digest(tmp_path):
    file = tmp_path / "a.nc"
    file.write_bytes(b"x")
    now = datetime.now(UTC)
    assert Evidence("r", now + timedelta(seconds=1), "t").of(str(file))["sha256"] == hashlib.sha256(b"x").hexdigest()
    assert Evidence("r", now - timedelta(seconds=1), "t").of(str(file))["sha256"] is None
    assert Evidence("r", now, "t").of(str(tmp_path / "archive.tar.gz" / "a.nc"))["sha256"] is None


def test_other_formats_have_no_place_for_it(tmp_path):
    done = CliRunner().invoke(app, [str(tmp_path), "--evidence"])
    assert isinstance(done.exception, UsageError)
