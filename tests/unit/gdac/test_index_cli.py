"""`gdac index show|diff|build` as a newcomer types it: real files, real processes where the exit status counts."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gdac.cli.index import app
from gdac.errors import ExitCode

HEAD = """\
# Title : Profile directory file of the Argo Global Data Assembly Center
# Description : The directory file describes all individual profile files of the argo GDAC ftp site.
# Project : ARGO
# Format version : 2.0
# Date of update : 20230427112425
# FTP root number 1 : ftp://ftp.ifremer.fr/ifremer/argo/dac
# FTP root number 2 : ftp://usgodae.org/pub/outgoing/argo/dac
# GDAC node : CORIOLIS
file,date,latitude,longitude,ocean,profiler_type,institution,date_update
"""
OLD = [
    "aoml/13857/profiles/R13857_001.nc,19970729200300,0.267,-16.032,A,845,AO,20181011180520",
    "aoml/13857/profiles/R13857_002.nc,19970809192112,0.072,-17.659,A,845,AO,20181011180521",
    "jma/29035/profiles/D29035_003.nc,19970820184545,0.543,-19.622,P,846,JM,20181011180522",
]
NEW = [
    OLD[0].replace("R13857", "D13857"),
    OLD[1].replace("80521", "90000"),
    "jma/29035/profiles/D29035_004.nc,,,,,846,JM,20190101000000",
]
PATH = "dac/aoml/13857/profiles"


def index(tmp_path: Path, day: str, rows: list[str]) -> Path:
    file = tmp_path / day / "ar_index_global_prof.txt"
    file.parent.mkdir()
    file.write_text(HEAD + "".join(f"{row}\n" for row in rows), newline="\n")
    return file


def gdac_index(*words: object, code: ExitCode = ExitCode.FINE) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def typed(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gdac.cli.main", "index", *(str(word) for word in words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return index(tmp_path, "old", OLD)


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return index(tmp_path, "new", NEW)


def test_show_says_what_an_index_is(old: Path) -> None:
    said = gdac_index("show", old, "--head", 1).output
    for words in ("ar_index_global_prof", "2023-04-27 11:24:25 UTC", "rows      3", "8 lines", OLD[0]):
        assert words in said
    assert OLD[1] not in said


def test_show_json_is_one_object_and_gzip_says_the_same(old: Path) -> None:
    shown = json.loads(gdac_index("show", old, "--json", "--head", 9).output)
    assert (shown["index"], shown["updated"], shown["rows"]) == ("ar_index_global_prof", "2023-04-27T11:24:25Z", 3)
    assert shown["head"] == OLD
    assert {"dac": "aoml", "kind": "profile", "files": 2} in shown["counts"]
    packed = old.with_suffix(".txt.gz")
    packed.write_bytes(gzip.compress(old.read_bytes()))
    assert json.loads(gdac_index("show", packed, "--json", "--head", 9).output) == {**shown, "file": str(packed)}


def test_diff_of_equal_indexes_is_fine(old: Path) -> None:
    assert "0 added, 0 changed, 0 removed, 0 renamed" in gdac_index("diff", old, old).output


def test_diff_says_what_changed_and_exits_1(old: Path, new: Path) -> None:
    said = gdac_index("diff", old, new, code=ExitCode.DIFFERENCES).output
    assert f"renamed   {PATH}/D13857_001.nc  (was {PATH}/R13857_001.nc)" in said
    assert "1 added, 1 changed, 1 removed, 1 renamed" in said
    assert "... and 3 more" in gdac_index("diff", old, new, "--head", 1, code=ExitCode.DIFFERENCES).output


def test_diff_json_has_every_change(old: Path, new: Path) -> None:
    found = json.loads(gdac_index("diff", old, new, "--json", code=ExitCode.DIFFERENCES).output)
    assert found["total"] == {"added": 1, "changed": 1, "removed": 1, "renamed": 1}
    assert [one["change"] for one in found["changes"]] == ["renamed", "changed", "removed", "added"]
    assert found["changes"][1] == {
        "change": "changed",
        "path": f"{PATH}/R13857_002.nc",
        "old_path": None,
        "old_update": "2018-10-11T18:05:21Z",
        "new_update": "2018-10-11T19:00:00Z",
    }


def test_build_of_a_tree_without_floats_writes_seven_empty_indexes(tmp_path: Path) -> None:
    tree, out = tmp_path / "tree", tmp_path / "out"
    (tree / "dac" / "aoml").mkdir(parents=True)
    built = json.loads(gdac_index("build", tree, "--output", out, "--header", 10, "--json").output)
    assert set(built["rows"].values()) == {0}
    assert len(list(out.glob("*.txt"))) == len(built["rows"]) == 7
    shown = json.loads(gdac_index("show", out / "ar_index_global_prof.txt", "--json").output)
    assert (shown["rows"], len(shown["header"])) == (0, 10)


def test_build_sets_a_file_aside_that_it_cannot_read(tmp_path: Path) -> None:
    file = tmp_path / "tree" / "dac" / "aoml" / "13857" / "profiles" / "R13857_001.nc"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"no NetCDF")
    said = gdac_index("build", tmp_path / "tree", "--output", tmp_path / "out", "--gz", code=ExitCode.PARTIAL).output
    assert "left out" in said
    assert "R13857_001.nc" in said
    assert (tmp_path / "out" / "ar_index_global_prof.txt.gz").is_file()


def test_build_compare_exits_1_where_rows_differ(tmp_path: Path, old: Path) -> None:
    tree, out = tmp_path / "tree", tmp_path / "out"
    (tree / "dac").mkdir(parents=True)
    gdac_index("build", tree, "--output", out, "--compare", old.parent, code=ExitCode.DIFFERENCES)


def test_exit_status_and_words_of_the_real_command(tmp_path: Path, old: Path, new: Path) -> None:
    done = typed("diff", old, new)
    assert (done.returncode, done.stderr) == (1, "")
    cut = tmp_path / "ar_index_global_prof.txt"
    cut.write_bytes(old.read_bytes()[:-5])
    page = tmp_path / "page.txt"
    page.write_text("<!DOCTYPE html><html></html>\n")
    for words, said in (
        (("show", tmp_path / "none.txt"), "cannot be read"),
        (("show", page), "is not an index file"),
        (("show", cut), "line 12 has no end"),
        (("diff", old, cut), "line 12 has no end"),
        (("diff", cut, new), "line 12 has no end"),
        (("build", tmp_path / "nowhere", "--output", tmp_path / "out"), "nowhere"),
    ):
        done = typed(*words)
        assert said in " ".join(done.stderr.split()), done.stderr
        assert done.returncode == (ExitCode.USAGE if words[0] == "build" else ExitCode.FAILED)
        assert len(done.stderr.strip().splitlines()) <= 2  # a sentence and a hint
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
    assert typed("build", tmp_path, "--output", tmp_path / "out", "--header", 9).returncode == ExitCode.USAGE
