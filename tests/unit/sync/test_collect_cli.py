"""`gdac collect` as people and programs meet it: what it says, its exit codes, and how it is stopped."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gdac.errors import ExitCode, GdacError, UsageError
from sync.cli.collect import app
from sync.cli.watching import Watch, period
from sync.state import State
from sync.status.submitted import read_collect
from tests.collecting import packed, sample, submitted

META = "6980001_meta.nc"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return submitted(sample(tmp_path_factory.mktemp("sample"), floats=2, cycles=2), "coriolis")


def configured(root: Path) -> Path:
    config = root / "gdac.toml"
    for dac in ("coriolis", "aoml"):
        (root / "in" / dac / "submit").mkdir(parents=True, exist_ok=True)
    config.write_text(
        f'[hub]\nstore = "{root}/hub"\n[collect]\nsettle = 0\n'
        f'[collect.inbox.coriolis]\nstore = "{root}/in/coriolis"\n[collect.inbox.aoml]\nstore = "{root}/in/aoml"\n'
    )
    return config


def put(root, dac, files):
    (folder := root / "in" / dac / "submit").mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        (folder / name).write_bytes(raw)


def call(config, *arguments):
    return CliRunner().invoke(app, [*map(str, arguments), "--config", str(config)])


@pytest.fixture(scope="module")
def collected(tmp_path_factory, files):
    """A deployment after three runs: good and bad files, then lists."""
    root = tmp_path_factory.mktemp("collected")
    config = configured(root)
    put(root, "coriolis", {META: files[META], "all.tar.gz": packed({"D6980001_001.nc": files["D6980001_001.nc"]})})
    put(root, "coriolis", {"R6980001_009.nc": b"junk", "\x1b[31mred.nc": b"junk"})
    first = call(config, "run")
    put(root, "aoml", {"aoml_greylist.csv": b"PLATFORM_CODE,PARAMETER_NAME\n1900170,PSAL\n"})
    put(root, "coriolis", {"coriolis_removal.txt": b"D6980001_001.nc\r\n"})
    call(config, "run", "--quiet", "--dac", "aoml")
    third = call(config, "run", "--json", "--quiet", "--dac", "coriolis")
    return config, first, third


def test_a_run_says_what_it_did_and_where_the_reports_are(collected):
    config, first, _ = collected
    assert first.exit_code == ExitCode.DIFFERENCES
    assert "coriolis  submission 1: 4 files: 2 published, 2 refused\n" in first.stdout
    report = config.parent / "hub.state/reports/coriolis/submission-1.txt"
    assert str(report) in first.stdout
    assert report.is_file()
    assert "seal      serial 1: " in first.stdout
    assert first.stdout.splitlines()[-1].startswith("run 1: fine in ")


def test_a_run_for_programs_is_one_line_of_json(collected):
    _, _, third = collected
    (line,) = third.stdout.splitlines()
    told = json.loads(line)
    assert (told["event"], told["outcome"], third.exit_code) == ("run-ended", "fine", 0)
    assert [(one["dac"], one["counts"]) for one in told["submissions"]] == [("coriolis", {"removed": 1})]


def test_status_lists_and_tells(collected):
    config, *_ = collected
    listed = call(config, "status").stdout.splitlines()
    assert listed[1].split()[:2] == ["3", "coriolis"]
    assert sum("done" in line for line in call(config, "status", "--most", 1).stdout.splitlines()) == 1
    assert listed[-1].startswith(r"coriolis: \x1b[31mred.nc stays in the inbox and is never taken")
    assert "aoml" not in call(config, "status", "--dac", "coriolis").stdout
    told = call(config, "status", 1).stdout
    assert "[OPN-003]" in told
    assert "all.tar.gz!D6980001_001.nc  -> dac/coriolis/6980001/profiles/D6980001_001.nc" in told
    assert "\x1b" not in told
    assert "dac/coriolis/6980001/profiles/D6980001_001.nc" in call(config, "status", 3).stdout
    lists = call(config, "status", 2).stdout
    assert "1 row, the first version of the list" in lists
    assert "1900170" not in lists


def test_status_as_json_has_every_item(collected):
    config, *_ = collected
    told = json.loads(call(config, "status", 1, "--json").stdout)
    assert told["counts"] == {"opened": 1, "published": 2, "refused": 2}
    (meta,) = [one for one in told["items"] if one["label"] == META]
    assert len(meta["sha256"]) == 64
    assert meta["rules"]["policies"]
    assert meta["serial"] == 1
    assert [one["number"] for one in json.loads(call(config, "status", "--json").stdout)["submissions"]] == [3, 2, 1]


def test_status_tells_the_digest_of_every_file_that_came(collected, files):
    config, *_ = collected
    told = call(config, "status", 1).stdout.splitlines()
    for name in (META, "D6980001_001.nc"):
        (at,) = [number for number, line in enumerate(told) if f"{name}  -> " in line]
        assert told[at + 1].split() == ["sha256", hashlib.sha256(files[name]).hexdigest()]
    digest = hashlib.sha256(b"PLATFORM_CODE,PARAMETER_NAME\n1900170,PSAL\n").hexdigest()
    assert f"sha256 {digest}\n" in call(config, "status", 2).stdout


def test_the_status_counts_no_opened_archive_as_a_file(collected):
    config, *_ = collected
    with State.look(config.parent / "hub.state") as state:
        dacs = {one.dac: one for one in read_collect(state, datetime.now(UTC), ["jma"]).dacs}
    assert dacs["coriolis"].results == {"published": 2, "refused": 2, "removed": 1}
    assert dacs["aoml"].results == {"kept": 1}
    assert (dacs["coriolis"].accepted, dacs["jma"].accepted) == (0.6, None)


def test_clean_is_a_dry_run_unless_told(collected):
    config, *_ = collected
    done = call(config, "clean", "--quiet")
    assert done.exit_code == 0
    assert "coriolis: reject: 0 files by RET-003" in done.stdout
    told = json.loads(call(config, "clean", "--json", "--quiet", "--delete").stdout)
    assert [one["policy"] for one in told["places"]] == [*["RET-003", "RET-006", "RET-006"] * 2, "RET-004"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("status", 99), "there is no submission 99."),
        (("replay", 99), "there is no submission 99."),
        (("replay", 3), "nothing of submission 3 was refused"),
        (("run", "--dac", "jma"), "'jma' has no account in the configuration. Known are: aoml, coriolis."),
        (("watch", "--every", "soon"), "'soon' is no period. Write 90s, 30m or 2h."),
        (("watch", "--every", "1s"), "1s is out of bounds"),
        (("watch", "--every", "25h"), "25h is out of bounds"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(collected, arguments, said):
    config, *_ = collected
    done = call(config, *arguments)
    assert isinstance(done.exception, UsageError)
    assert str(done.exception).startswith(said)


@pytest.mark.parametrize("lost", ["in/aoml", "in/aoml/submit"])
@pytest.mark.parametrize("command", ["run", "clean", "status"])
def test_an_account_that_is_not_there_is_failing_and_the_others_go_on(tmp_path, command, lost):
    config = configured(tmp_path)
    put(tmp_path, "coriolis", {"readme.txt": b"?"})
    shutil.rmtree(tmp_path / lost)
    done = call(config, command)
    assert done.exit_code == ExitCode.PARTIAL
    assert f"{tmp_path / lost}, is not there: mount its disk, or make the folder." in done.stdout
    assert "coriolis" in done.stdout or command == "status"
    assert not (tmp_path / lost).exists()
    assert call(config, command, "--dac", "coriolis").exit_code in (ExitCode.FINE, ExitCode.DIFFERENCES)


def test_status_for_programs_names_failing_accounts(tmp_path):
    config = configured(tmp_path)
    assert json.loads(call(config, "status", "--json").stdout)["failing"] == {}
    shutil.rmtree(tmp_path / "in/aoml/submit")
    done = call(config, "status", "--json")
    assert done.exit_code == ExitCode.PARTIAL
    assert list(json.loads(done.stdout)["failing"]) == ["aoml"]


def test_a_configuration_that_does_not_collect_is_named(tmp_path):
    config = tmp_path / "gdac.toml"
    config.write_text('[hub]\nstore = "hub"\n[source.a]\nstore = "source"\n')
    for command in ("run", "watch", "status", "clean"):
        done = call(config, command)
        assert isinstance(done.exception, UsageError)
        assert "has no section [collect]" in str(done.exception)


def test_periods():
    assert [period(text).total_seconds() for text in ("90s", "30m", " 2h ", "24h", "5 s")] == [90, 1800, 7200, 86400, 5]


def test_a_watch_outlives_runs_that_fail_and_ends_with_the_worst(capsys):
    told = iter([0, GdacError("the hub is away.", hint="Look at it."), 5, 1])

    def once():
        done = next(told)
        if isinstance(done, GdacError):
            raise done
        return done

    brisk = Watch.__new__(Watch)
    brisk._seconds, brisk._rounds = 0.01, 4
    assert brisk.run(once) == ExitCode.FAILED
    assert "gdac: the hub is away.\n      Look at it.\n" in capsys.readouterr().err


def test_a_wrong_configuration_ends_a_watch():
    def once():
        raise UsageError("no such thing.")

    with pytest.raises(UsageError):
        Watch(period("5s"), None).run(once)


@pytest.mark.parametrize("wanted", [signal.SIGTERM, signal.SIGINT])
def test_a_watch_is_stopped_in_order(tmp_path, wanted):
    if os.name != "posix":
        pytest.skip("signals of POSIX")
    config = configured(tmp_path)
    command = [sys.executable, "-m", "gdac.cli.main", "collect", "watch", "--every", "1h", "-q", "-c", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            while not running.stdout.readline().startswith("run 1: fine"):
                assert running.poll() is None
            time.sleep(0.2)
            running.send_signal(wanted)
            out, err = running.communicate(timeout=60)
        finally:
            running.kill()
    assert running.returncode == 0, err
    assert err == "stopped; what was under way is resumed by the next run\n"
    assert out == ""
