"""`gdac verify`: were these bytes ever in the archive; over a folder and over HTTP."""

import hashlib
import json
import os
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gdac.columns import connect
from gdac.errors import GdacError
from gdac.manifest import local
from gdac.manifest.delta import count
from gdac.manifest.files import load_delta
from gdac.manifest.names import HEAD_KEY
from gdac.sample.archive import make_archive, next_day
from sync.cli.verify import app
from tests.deployment import Deployment
from tests.servers import http_python


def verify(*words: object, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def lines(result: Result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A hub of three serials; ``days`` beside it holds the source as it was each day."""
    root = tmp_path_factory.mktemp("verify")
    make_archive(root / "source", floats=3, cycles=4, seed=7, day=date(2025, 3, 1))
    deployment = Deployment(root / "here", str(root / "source"))
    for serial in (1, 2, 3):
        if serial > 1:
            next_day(root / "source")
        deployment.run()
        for file in (root / "source").rglob("*"):
            if file.is_file():
                kept = root / "days" / str(serial) / file.relative_to(root / "source")
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(file.read_bytes())
    return deployment


def changes(here: Deployment, change: str) -> list[tuple[str, str]]:
    """(path before, path after) of the changes of serial 2."""
    head = local.need_head(here.hub)
    with connect() as con:
        entry = head.deltas[0]
        load_delta(con, here.hub / entry.key, "d", expect_sha256=entry.sha256, archive=None)
        assert count(con, "d").rows
        query = "select coalesce(from_path, path), path from d where change = $1 order by path"
        return con.execute(query, [change]).fetchall()


def test_every_file_of_every_day_is_known(here):
    days = here.root.parent / "days"
    for serial in (1, 2, 3):
        found = lines(verify(days / str(serial), "--archive", here.hub, "--json"))
        *files, about = found
        assert all(one["known"] for one in files)
        assert (
            about["about"]["files"]
            == len(files)
            == len([1 for one in (days / str(serial)).rglob("*") if one.is_file()])
        )
        for one in files:
            path = Path(one["file"]).relative_to(days / str(serial)).as_posix()
            assert any(
                stay["path"] == path and stay["serial"] <= serial < (stay["until"] or 4) for stay in one["stays"]
            ), one
            assert one["sha256"] == hashlib.sha256(Path(one["file"]).read_bytes()).hexdigest()
    assert all(one["current"] for one in files)


def test_what_left_is_known_with_its_days(here):
    (before, after), *_ = changes(here, "renamed")
    file = here.root.parent / "days" / "1" / before
    (one, _) = lines(verify(file, "--archive", here.hub, "--json"))
    (stay,) = one["stays"]
    assert (stay["path"], stay["serial"], stay["until"], one["current"]) == (before, 1, 2, False)
    text = verify(file, "--archive", here.hub).stdout
    assert text.startswith(f"known    {file}: {before} from serial 1 (2026-11-22) to serial 2 (2026-11-22)\n")
    assert "1 file: 1 known (0 there now), 0 unknown" in text
    (new, _) = lines(verify(here.root.parent / "days" / "2" / after, "--archive", here.hub, "--json"))
    assert (new["stays"][0]["how"], new["stays"][0]["from_path"]) == ("renamed", before)


def test_other_bytes_under_a_known_name_are_told_so(here, tmp_path):
    meta = next((here.hub / "dac").rglob("*_meta.nc"))
    path = meta.relative_to(here.hub).as_posix()
    mine = tmp_path / meta.name
    mine.write_bytes(meta.read_bytes() + b"!")
    other = tmp_path / "notes.txt"
    other.write_text("mine\n")
    (wrong, never, about) = lines(verify(mine, other, "--archive", here.hub, "--json", code=1))
    assert (wrong["known"], wrong["alike"]["path"]) == (False, path)
    assert wrong["alike"]["sha256"] == hashlib.sha256(meta.read_bytes()).hexdigest()
    assert (never["known"], never["alike"], about["about"]["unknown"]) == (False, None, 2)
    text = verify(mine, other, meta, "--archive", here.hub, "--quiet", code=1).stdout
    assert f"not the bytes of any known version of {path}; newest is sha256 " in text
    assert "never in the archive, nor any file of that name" in text
    assert "known   " not in text
    (before, _), *_ = changes(here, "renamed")
    gone = tmp_path / Path(before).name
    gone.write_text("no such bytes")
    assert "gone with serial 2" in verify(gone, "--archive", here.hub, code=1).stdout


def test_files_that_cannot_be_read_are_named(here, tmp_path):
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "tab\there\n").write_text("x")
    result = verify(tmp_path, "--archive", here.hub, code=3)
    assert "UNREAD   " in result.stdout
    assert "it is no regular file" in result.stdout
    assert r"tab\there\n" in result.stdout
    with pytest.raises(GdacError, match="is not there"):
        verify(tmp_path / "nothing", "--archive", here.hub)
    with pytest.raises(GdacError, match=r"shows no manifest/head\.json"):
        verify(tmp_path / "dangling", "--archive", tmp_path)
    link = tmp_path / "link.nc"
    link.symlink_to(next((here.hub / "dac").rglob("*_meta.nc")))
    verify(link, "--archive", here.hub)


def test_over_http_with_copies_for_the_next_time(here, tmp_path):
    file = next((here.root.parent / "days" / "1" / "dac").rglob("R*.nc"))
    with http_python(here.hub) as web:
        for place in (web.url, f"{web.url}/{HEAD_KEY}"):
            verify(file, "--archive", place, "--copies", tmp_path / "copies")
        sealed = [request for request in web.requests if "/manifest/0" in request]
        assert len(sealed) == len(set(sealed)) > 2  # each once for both
        assert not [request for request in web.requests if "/dac/" in request]
        unknown = tmp_path / "mine.nc"
        unknown.write_text("mine")
        verify(unknown, "--archive", web.url, code=1)


def test_the_hub_of_a_configuration_and_the_command_itself(desk):
    assert desk.sync("run", "-q").returncode == 0
    file = next((desk.hub / "dac").rglob("*_meta.nc"))
    (desk.root / "mine.nc").write_text("mine")
    done = desk.gdac("verify", str(file), "mine.nc", "-c", "gdac.toml", "--quiet")
    assert (done.returncode, done.stdout.splitlines()[1]) == (1, "2 files: 1 known (1 there now), 1 unknown")
    missing = desk.gdac("verify", "nothing.nc")
    assert (missing.returncode, "Traceback" in missing.stderr) == (3, False)
