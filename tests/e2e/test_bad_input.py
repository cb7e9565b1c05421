"""Bad input, given to the real command: one clear sentence, an exit code, hub and mirror untouched."""

import functools
import gzip
import http.server
import json
import shutil
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest

from gdac.records import Outcome
from gdac.sample.archive import make_archive, next_day
from sync.hub import indexes
from sync.state import State
from sync.transfer import BadTransferError
from tests.deployment import Deployment
from tests.e2e.conftest import Desk, picture
from tests.servers import ftp_pyftpdlib

PROF = "ar_index_global_prof.txt"


def truncate_gz(source: Path) -> None:
    raw = (source / f"{PROF}.gz").read_bytes()
    (source / f"{PROF}.gz").write_bytes(raw[: len(raw) // 2])


def flip_in_gz(source: Path) -> None:
    raw = bytearray((source / f"{PROF}.gz").read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    (source / f"{PROF}.gz").write_bytes(raw)


def cut_in_a_line(source: Path) -> None:
    raw = (source / PROF).read_bytes()
    (source / PROF).write_bytes(raw[:-30])


def html_in_its_place(source: Path) -> None:
    (source / PROF).write_text("<!DOCTYPE html>\n<html><body>503 come back later</body></html>\n")


def climbing_path(source: Path) -> None:
    for file, opened in ((source / PROF, open), (source / f"{PROF}.gz", gzip.open)):
        with opened(file, "rt") as text:
            lines = text.read().splitlines()
        row = lines[-1].split(",")
        row[0] = "aoml/../../../../outside.nc"
        with opened(file, "wt") as out:
            out.write("\n".join([*lines, ",".join(row)]) + "\n")


def no_indexes_at_all(source: Path) -> None:
    for file in source.glob("*.txt*"):
        file.unlink()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (truncate_gz, "ar_index_global_prof.txt.gz is cut"),
        (flip_in_gz, "ar_index_global_prof.txt.gz"),
        (cut_in_a_line, "ar_index_global_prof.txt is cut"),
        (html_in_its_place, "not an index file"),
        (climbing_path, "outside.nc"),
        (no_indexes_at_all, "none of the configured index files"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_bad_index_stops_the_run(desk: Desk, spoil, words):
    assert desk.sync("run", "-q").returncode == 0
    next_day(desk.source)
    spoil(desk.source)
    before = picture(desk.hub), picture(desk.mirror)
    done = desk.sync("run", "-q")
    assert done.returncode == 3, done.stdout + done.stderr
    assert words in done.stderr
    assert done.stderr.startswith("gdac: ")
    assert "Traceback" not in done.stderr
    assert (picture(desk.hub), picture(desk.mirror)) == before
    assert not list(desk.root.glob("outside*"))


def test_a_mended_index_is_taken_by_the_next_run(desk: Desk):
    assert desk.sync("run", "-q").returncode == 0
    good = (desk.source / f"{PROF}.gz").read_bytes()
    changes = next_day(desk.source)
    mended = (desk.source / f"{PROF}.gz").read_bytes()
    assert mended != good
    truncate_gz(desk.source)
    assert desk.sync("run", "-q").returncode == 3
    (desk.source / f"{PROF}.gz").write_bytes(mended)
    done = desk.sync("run", "-q", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["seal"]["renamed"] == len(changes.renamed)


def test_an_index_that_does_not_end(tmp_path, monkeypatch):
    make_archive(tmp_path / "source", floats=1, cycles=2, seed=7, day=date(2025, 3, 1))
    monkeypatch.setattr(indexes, "MAX_BYTES", 100)
    with pytest.raises(BadTransferError, match="does not end"):
        Deployment(tmp_path / "here", str(tmp_path / "source")).run()
    assert not (tmp_path / "here" / "hub" / "dac").exists()


def test_html_over_http(desk: Desk):
    """A server that answers 200 with an error page for every index."""

    class Maintenance(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if ".txt" not in self.path:
                super().do_GET()
                return
            body = b"<html><body>Site under maintenance</body></html>"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    assert desk.sync("run", "-q").returncode == 0
    before = picture(desk.hub), picture(desk.mirror)
    handler = functools.partial(Maintenance, directory=str(desk.source))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        desk.configure(f"http://127.0.0.1:{server.server_address[1]}")
        done = desk.sync("run", "-q")
        server.shutdown()
        thread.join()
    assert (done.returncode, "not an index file" in done.stderr or "not gzip" in done.stderr) == (3, True), done.stderr
    assert (picture(desk.hub), picture(desk.mirror)) == before


def test_an_error_page_under_the_name_of_a_file(tmp_path):
    """It is not mirrored, unless the source still has it the next day: then that is the file."""
    make_archive(tmp_path / "source", floats=2, cycles=2, seed=7, day=date(2025, 3, 1))
    here = Deployment(tmp_path / "here", str(tmp_path / "source"))
    here.run()
    path = next(one for one in next_day(tmp_path / "source").changed if (here.hub / one).suffix == ".nc")
    served, old = tmp_path / "source" / path, (here.hub / path).read_bytes()
    new = served.read_bytes()

    def run() -> tuple[Outcome, list[str]]:
        outcome = here.run().outcome
        with State.open(here.config.state_directory) as state:
            return outcome, [f"{one.path}: {one.reason}" for one in state.all_set_aside()]

    served.write_bytes(b"<html>Site under maintenance</html>")
    for hours in (0, 1, 6):
        here.now += timedelta(hours=hours)
        outcome, (reason,) = run()
        assert outcome is Outcome.PARTIAL
        assert reason.startswith(f"{path}: ")
        assert "is no NetCDF file (35 bytes)" in reason
        assert (here.hub / path).read_bytes() == old
    served.write_bytes(new)
    here.now += timedelta(hours=13)
    assert run() == (Outcome.FINE, [])
    assert (here.hub / path).read_bytes() == new

    path = next(one for one in next_day(tmp_path / "source").changed if (here.hub / one).suffix == ".nc")
    served, old = tmp_path / "source" / path, (here.hub / path).read_bytes()
    for body, hours in ((b"one page", 0), (b"another page", 20), (b"another page", 6)):
        served.write_bytes(body)
        here.now += timedelta(hours=hours)
        assert run()[0] is Outcome.PARTIAL
        assert (here.hub / path).read_bytes() == old
    here.now += timedelta(hours=20)
    assert run() == (Outcome.FINE, [])
    assert (here.hub / path).read_bytes() == b"another page"


def test_a_wrong_length_ftp_transfer_sets_one_file_aside(desk: Desk, monkeypatch):
    """The FTP server says one size and sends another for one file; everything else goes on."""
    from pyftpdlib.filesystems import AbstractedFS

    victim = next(desk.source.glob("dac/*/*/*_tech.nc"))
    honest = AbstractedFS.getsize
    monkeypatch.setattr(AbstractedFS, "getsize", lambda self, path: honest(self, path) + 7 * path.endswith(victim.name))
    format_list = AbstractedFS.format_mlsx

    def format_mlsx(self, basedir, listing, perms, facts, ignore_err=True):
        for line in format_list(self, basedir, listing, perms, facts, ignore_err):
            if victim.name.encode() in line:
                size = honest(self, str(victim))
                yield line.replace(f"size={size};".encode(), f"size={size + 7};".encode())
            else:
                yield line

    monkeypatch.setattr(AbstractedFS, "format_mlsx", format_mlsx)
    path = victim.relative_to(desk.source).as_posix()
    with ftp_pyftpdlib(desk.source) as server:
        desk.configure(server.url)
        done = desk.sync("run", "-q", "--json")
    assert done.returncode == 5, done.stderr
    record = json.loads(done.stdout)
    assert record["ingest"]["set_aside"] == 1
    assert any(path in note and "bytes" in note for note in record["notes"]), record["notes"]
    for place in (desk.hub, desk.mirror):
        assert not (place / path).exists()
        assert (place / PROF).is_file()
    assert path in desk.sync("status").stdout
    # The honest server again: the file comes, and the run is fine.
    monkeypatch.undo()
    with ftp_pyftpdlib(desk.source) as server:
        desk.configure(server.url)
        done = desk.sync("run", "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (desk.mirror / path).read_bytes() == victim.read_bytes()
    assert "set aside" not in desk.sync("status").stdout


def sealed(hub: Path, kind: str) -> Path:
    return max(hub.glob(f"manifest/*.{kind}.parquet"))


def test_a_manifest_that_does_not_match_its_head(desk: Desk):
    assert desk.sync("run", "-q").returncode == 0
    next_day(desk.source)
    shutil.rmtree(desk.root / "state")  # no copy of the manifest beside the state: the hub's own is read
    manifest = sealed(desk.hub, "manifest")
    raw = bytearray(manifest.read_bytes())
    raw[len(raw) // 2] ^= 1
    manifest.write_bytes(raw)
    before = picture(desk.hub), picture(desk.mirror)
    done = desk.sync("run", "-q")
    assert done.returncode == 3
    assert "other bytes than the head says" in done.stderr
    assert (picture(desk.hub), picture(desk.mirror)) == before


def test_a_copy_of_the_manifest_that_rotted_is_fetched_again(desk: Desk):
    assert desk.sync("run", "-q").returncode == 0
    next_day(desk.source)
    copy = next((desk.root / "state" / "sealed").glob("*.manifest.parquet"))
    raw = bytearray(copy.read_bytes())
    raw[len(raw) // 2] ^= 1
    copy.write_bytes(raw)
    done = desk.sync("run", "-q")
    assert done.returncode == 0, done.stderr
    assert "serial 2" in done.stdout


@pytest.mark.parametrize("where", ["hub", "mirror"])
def test_a_head_that_is_none(desk: Desk, where):
    assert desk.sync("run", "-q").returncode == 0
    next_day(desk.source)
    head = desk.root / where / "manifest/head.json"
    head.write_text('{"format": "argo-gdac head 1", "serial": "one"}')
    before = picture(desk.mirror)
    done = desk.sync("run", "-q")
    assert "manifest/head.json" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert picture(desk.mirror) == before
    # A broken hub stops everything; a broken mirror is its own trouble.
    assert done.returncode == (3 if where == "hub" else 5)


def test_a_mirror_of_another_archive_is_refused(desk: Desk):
    assert desk.sync("run", "-q").returncode == 0
    shutil.rmtree(desk.hub)
    shutil.rmtree(desk.root / "state")
    before = picture(desk.mirror)
    done = desk.sync("run", "-q")
    assert done.returncode == 5
    assert "archive" in done.stdout
    assert picture(desk.mirror) == before


def test_a_configuration_with_many_mistakes_names_them_all(desk: Desk):
    (desk.root / "gdac.toml").write_text('[hub]\nstor = "x"\n[source.a]\nstore = "y"\nconnections = 0\n[mirror.B]\n')
    done = desk.sync("run")
    assert done.returncode == 2
    for key in ("hub.store", "hub.stor", "source.a.connections", "mirror.B"):
        assert key in done.stderr


def test_two_runs_at_once(desk: Desk):
    from sync.state import State

    assert desk.sync("run", "-q").returncode == 0
    with State.open(desk.root / "state"):
        done = desk.sync("run", "-q")
    assert done.returncode == 3
    assert "another gdac process" in done.stderr


def test_a_hub_that_was_emptied_is_not_founded_anew(desk: Desk):
    assert desk.sync("run", "-q").returncode == 0
    shutil.move(desk.hub, desk.root / "elsewhere")
    desk.hub.mkdir()
    before = picture(desk.mirror)
    done = desk.sync("run", "-q")
    assert done.returncode == 3
    assert "showed serial 1" in done.stderr
    assert "state directory of its own" in done.stderr
    assert not (desk.hub / "dac").exists()
    assert picture(desk.mirror) == before
    desk.hub.rename(desk.root / "empty")
    shutil.move(desk.root / "elsewhere", desk.hub)
    assert desk.sync("run", "-q").returncode == 0
