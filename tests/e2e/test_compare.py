"""Two archives compared by their indexes, over real servers and by the command."""

import json
import shutil
from datetime import date

import pytest

from gdac.sample.archive import make_archive, next_day
from tests.servers import http_python


@pytest.fixture
def two(tmp_path):
    """An archive a day ahead of another, with what changed between them."""
    make_archive(tmp_path / "new", floats=5, cycles=8, seed=11, day=date(2025, 3, 1))
    shutil.copytree(tmp_path / "new", tmp_path / "old", copy_function=shutil.copy2)
    changes = next_day(tmp_path / "new")
    return tmp_path / "new", tmp_path / "old", changes


def listed(paths):
    return {path for path in paths if "_prof.nc" not in path and "_Sprof.nc" not in path and "/" in path}


def test_a_day_behind(desk, two):
    new, old, changes = two
    with http_python(old) as web:
        done = desk.sync("compare", str(new), web.url, "--json")
        assert not [request for request in web.requests if "/dac/" in request]
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    sums = {word: sum(row[word] for row in found["rows"]) for word in ("only_here", "only_there", "newer_here")}
    assert sums["only_here"] == len(listed(changes.added))
    assert sums["only_there"] == len(listed(changes.removed))
    assert sums["newer_here"] == len(listed(changes.changed)) + len(changes.renamed)
    assert all(row["newer_there"] == 0 for row in found["rows"])
    assert all(one["behind_seconds"] >= 0 for one in found["stamps"])
    done = desk.sync("compare", str(old), str(new), "--list", "newer-there")
    assert {*done.stdout.splitlines()} == listed(changes.changed) | {came for _, came in changes.renamed}
    done = desk.sync("compare", str(new), str(old), "--list", "newer-here")
    assert {*done.stdout.splitlines()} == listed(changes.changed) | {came for _, came in changes.renamed}


def test_equal_archives_and_a_bucket_layout(desk, two, tmp_path):
    new, _, _ = two
    bucket = tmp_path / "bucket"
    (bucket / "idx").mkdir(parents=True)
    for file in new.glob("*.txt.gz"):
        shutil.copy2(file, bucket / "idx")
    done = desk.sync("compare", str(new), str(bucket))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "+0.0 h behind" in done.stdout


def test_exclusion_lists_are_only_counted(desk, two):
    new, old, _ = two
    head = "PLATFORM_CODE,PARAMETER_NAME,START_DATE,END_DATE,QUALITY_CODE,COMMENT,DAC\n"
    (new / "ar_greylist.txt").write_text(head + "1,PSAL,2001,,3,secret-a,AO\n2,PSAL,2001,,3,x,AO\n")
    (old / "ar_greylist.txt").write_text(head + "2,PSAL,2001,,3,x,AO\n")
    done = desk.sync("compare", str(new), str(old))
    assert "1 rows only here, 0 only there, 1 equal" in done.stdout
    assert "secret-a" not in done.stdout


def test_by_name_and_wrong_names(desk, tmp_path):
    assert desk.sync("run", "-q").returncode == 0
    assert desk.sync("compare", "sample", "hub").returncode == 0
    assert desk.sync("compare", "hub", "nowhere").returncode == 2
    (tmp_path / "empty").mkdir()
    done = desk.sync("compare", "hub", str(tmp_path / "empty"))
    assert (done.returncode, "no index file in common" in done.stderr) == (2, True)
    assert desk.sync("compare", "hub", "sample", "--list", "everything").returncode == 2
