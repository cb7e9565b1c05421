"""A source observed by listing its whole tree, on real servers: directories, FTP, web pages, buckets."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gdac.errors import RefusedError
from gdac.records import Outcome
from gdac.sample.archive import make_archive, next_day
from sync.brakes.hold import HeldError
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.run import Run
from sync.state import State
from tests.conftest import ROOT
from tests.deployment import Deployment, folder_mirror
from tests.servers import PASSWORD, USER, Server, ftp_pyftpdlib, http_aiohttp, http_python, s3_moto

GEO = "geo/atlantic_ocean/2025/03/20250301_prof.nc"
LATEST = "latest_data/D20250301_prof_0.nc"
AUX = "aux/coriolis/1900722/1900722_Rtraj_aux.nc"


@dataclass
class Place:
    """A source: its tree on the disk, and what a test must do to have the server show it."""

    tree: Path
    options: dict[str, Any]
    store: str
    server: Server | None = None
    client: Any = None

    def show(self) -> None:
        """Bring the server to what the tree is."""
        if self.client is None:
            return
        bucket = self.store.removeprefix("s3://")
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        there = {one["Key"]: one["ETag"] for page in pages for one in page.get("Contents", [])}
        here = {each.relative_to(self.tree).as_posix(): each for each in self.tree.rglob("*") if each.is_file()}
        from hashlib import md5

        for key, file in here.items():
            body = file.read_bytes()
            if there.get(key) != f'"{md5(body).hexdigest()}"':
                self.client.put_object(Bucket=bucket, Key=key, Body=body)
        for key in there.keys() - here.keys():
            self.client.delete_object(Bucket=bucket, Key=key)


@contextmanager
def a_folder(tree):
    yield Place(tree, {}, str(tree))


@contextmanager
def an_ftp(tree):
    with ftp_pyftpdlib(tree) as server:
        yield Place(tree, {}, server.url, server)


@contextmanager
def an_ftp_without_mlsd(tree):
    with ftp_pyftpdlib(tree, without=("MLSD", "MLST")) as server:
        yield Place(tree, {}, server.url, server)


@contextmanager
def a_web_server(tree):
    with http_python(tree) as server:
        yield Place(tree, {}, server.url, server)


@contextmanager
def a_bucket(tree):
    import boto3

    with s3_moto() as server:
        client = boto3.client(
            "s3", endpoint_url=server.endpoint, region_name="us-east-1", aws_access_key_id=USER,
            aws_secret_access_key=PASSWORD,
        )  # fmt: skip
        with closing(client), pytest.MonkeyPatch.context() as environment:
            environment.setenv("GDAC_SOURCE_USER", USER)
            environment.setenv("GDAC_SOURCE_PASSWORD", PASSWORD)
            yield Place(tree, {"endpoint": server.endpoint}, server.url, server, client)


PLACES = {"folder": a_folder, "ftp": an_ftp, "ftp-list": an_ftp_without_mlsd, "http": a_web_server, "s3": a_bucket}


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.delenv("GDAC_SOURCE_USER", raising=False)  # anonymous, but for buckets
    root = tmp_path / "source"
    make_archive(root, floats=3, cycles=4, seed=7, day=date(2025, 3, 1))
    for path in (GEO, LATEST, AUX):
        write(root, path, netcdf(path))
    return root


def netcdf(text: str) -> bytes:
    """What begins as a NetCDF file."""
    return b"CDF\x01" + text.encode()


def write(tree, path, body, when=1_700_000_000):
    file = tree / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body)
    os.utime(file, (when, when))


def deployed(place, tmp_path, **options):
    options = {"observe": "listing", **place.options, **options}
    return Deployment(tmp_path / "here", place.store, {"disk": folder_mirror(tmp_path / "disk")}, options)


def picture(tree):
    """Every file of an archive with its bytes."""
    found = {each.relative_to(tree).as_posix(): each for each in tree.rglob("*") if each.is_file()}
    return {path: each.read_bytes() for path, each in found.items() if not path.startswith("manifest/")}


@pytest.mark.parametrize("way", PLACES)
def test_days_by_listing(tree, tmp_path, way):
    with PLACES[way](tree) as place:
        place.show()
        here = deployed(place, tmp_path)
        first = here.run()
        assert first.outcome is Outcome.FINE, first.notes
        assert picture(here.hub) == picture(tree)

        asked = place.server.requests if place.server else []
        asked.clear()
        quiet = here.run()
        assert (quiet.seal.new, quiet.ingest.planned) == (False, 0)
        assert not [one for one in asked if one.startswith(("RETR", "GET")) and one.endswith((".nc", ".txt"))
                    and "index" not in one]  # fmt: skip

        changes = next_day(tree)
        write(tree, GEO, b"CDF other bytes, other size")
        write(tree, LATEST, netcdf(LATEST[::-1]), when=1_700_000_600)  # the same size
        (tree / AUX).unlink()
        write(tree, "geo/indian_ocean/2025/03/20250302_prof.nc", b"CDF new")
        stray = min(tree.glob("dac/*/*/profiles"))
        stray = stray / f"R{stray.parent.name}_998.nc"
        stray.write_bytes(b"CDF unlisted")
        place.show()
        second = here.run()
        assert second.outcome is Outcome.FINE, second.notes
        assert second.ingest.unlisted == 1
        assert second.seal.renamed == len(changes.renamed)
        assert second.seal.removed == len(changes.removed) + 1
        assert second.seal.added == len(changes.added) + 1
        assert second.seal.changed == len(changes.changed) + len(changes.derived) + len(changes.indexes) + 2
        here.let_grace_pass()
        here.run()
        stray.unlink()
        assert picture(here.hub) == picture(tree) == picture(tmp_path / "disk")


@pytest.mark.parametrize(("way", "sees"), [("folder", True), ("ftp", True), ("s3", True), ("http", False)])
def test_a_profile_replaced_under_an_unchanged_date(tree, tmp_path, way, sees):
    """Web pages tell no sizes: there a profile is known by its index row alone, and the sweep finds it."""
    with PLACES[way](tree) as place:
        place.show()
        here = deployed(place, tmp_path)
        here.run()
        victim = min(tree.glob("dac/*/*/profiles/*.nc"))
        body = bytearray(victim.read_bytes())
        body[-1] ^= 1
        victim.write_bytes(bytes(body))
        place.show()
        done = here.run()
        assert (done.seal.new, done.seal.changed) == (sees, int(sees))
        assert (picture(here.hub) == picture(tree)) is sees


def test_from_index_to_listing_nothing_is_fetched_twice(tree, tmp_path):
    for way in ("folder", "ftp", "s3"):
        with PLACES[way](tree) as place:
            place.show()
            here = deployed(place, tmp_path / way, observe="index")
            here.run()
            here.options["observe"] = "listing"
            done = here.run()
            assert done.seal.added == done.ingest.moved.files == 3  # what an index-run never sees
            assert done.seal.changed == 0


def test_a_listing_of_a_bucket_costs_pages_and_no_request_per_file(tree, tmp_path):
    with a_bucket(tree) as place:
        place.show()
        here = deployed(place, tmp_path)
        here.run()
        place.server.requests.clear()
        here.run()
        lists = [one for one in place.server.requests if "list-type=2" in one]
        assert len(lists) == 1
        assert len(place.server.requests) <= 1 + 14
        assert not [one for one in place.server.requests if one.startswith("HEAD")]


def test_objects_of_many_parts_are_known_by_the_etag_they_had(tree, tmp_path):
    """Such an ETag is no MD5 of the bytes; that of the last visit is remembered."""
    with a_bucket(tree) as place:
        place.show()
        bucket = place.store.removeprefix("s3://")

        def upload(body):
            made = place.client.create_multipart_upload(Bucket=bucket, Key=GEO)["UploadId"]
            parts = []
            for number, piece in enumerate((body[: 5 << 20], body[5 << 20 :]), 1):
                answer = place.client.upload_part(Bucket=bucket, Key=GEO, UploadId=made, PartNumber=number, Body=piece)
                parts.append({"ETag": answer["ETag"], "PartNumber": number})
            place.client.complete_multipart_upload(
                Bucket=bucket, Key=GEO, UploadId=made, MultipartUpload={"Parts": parts}
            )

        body = os.urandom(6 << 20)
        upload(body)
        here = deployed(place, tmp_path)
        here.run()
        for _ in range(2):
            assert here.run().ingest.moved.files == 0
        upload(body[::-1])
        done = here.run()
        assert (done.ingest.moved.files, done.seal.changed) == (1, 1)
        assert (here.hub / GEO).read_bytes() == body[::-1]
        assert here.run().ingest.moved.files == 0
        (tmp_path / "here/state/listed.parquet").unlink()  # lost: fetched once more, nothing worse
        done = here.run()
        assert (done.ingest.moved.files, done.seal.new) == (1, False)
        assert here.run().ingest.moved.files == 0


def test_brakes_hold_what_a_listing_loses(tree, tmp_path):
    with an_ftp(tree) as place:
        for day in range(1, 29):
            write(tree, f"geo/pacific_ocean/2025/02/202502{day:02}_prof.nc", b"CDF")
        here = deployed(place, tmp_path)
        here.run()
        (tree / "geo").rename(tmp_path / "unmounted")
        before = picture(here.hub)
        with pytest.raises(HeldError, match="geo/"):
            here.run()
        assert picture(here.hub) == before
        (tmp_path / "unmounted").rename(tree / "geo")
        assert here.run().seal.new is False


def test_a_plan_touches_nothing(tree, tmp_path):
    with a_folder(tree) as place:
        here = deployed(place, tmp_path)
        here.run()
        write(tree, GEO, b"CDF new")
        before = picture(here.hub)
        with State.open(here.config.state_directory) as state:
            seen, _ = run_loop(Run(here.config, state, Silent(), lambda: here.now).look())
        assert (seen.todo, seen.gone, seen.size) == (1, 0, 7)
        assert picture(here.hub) == before
        assert here.run().ingest.moved.files == 1


def test_a_server_that_lists_nothing_is_refused_with_a_way_out(tree, tmp_path):
    with http_aiohttp(tree) as server:
        here = deployed(Place(tree, {}, server.url), tmp_path)
        with pytest.raises(RefusedError, match="cannot be observed by listing") as said:
            here.run()
        assert 'observe = "index"' in said.value.hint
        assert not (here.hub / "manifest").exists()


def test_a_server_that_is_busy_now_and_then_is_listed_all_the_same(tree, tmp_path):
    """Every fifth directory is refused once; a listing of 40,000 directories meets that every day."""
    import functools
    import http.server
    import zlib

    from tests.servers.web import http_server

    refused = set()

    class Busy(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def do_GET(self):
            if (
                self.path.endswith("/")
                and self.path != "/"
                and self.path not in refused
                and zlib.crc32(self.path.encode()) % 5 == 0
            ):
                refused.add(self.path)
                self.send_response(503)
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                super().do_GET()

    for day in range(1, 29):
        write(tree, f"geo/pacific_ocean/{1990 + day}/02/{1990 + day}02{day:02}_prof.nc", b"CDF")
    with http_server(functools.partial(Busy, directory=str(tree))) as port:
        here = deployed(Place(tree, {}, f"http://127.0.0.1:{port}"), tmp_path)
        assert here.run().outcome is Outcome.FINE
        assert refused
        assert picture(here.hub) == picture(tree)


def test_odd_names_are_told_and_left_out(tree, tmp_path):
    with an_ftp(tree) as place:
        write(tree, "geo/readme.txt", b"x")
        write(tree, "geo/atlantic_ocean/2025/03/20250303_prof.nc.filepart", b"x")
        write(tree, "etc/greylist/ar_greylist.txt", b"x")
        write(tree, "manifest/head.json", b"{}")
        (tree / "latest_data/R20250301_prof_0.nc").symlink_to(tmp_path)
        here = deployed(place, tmp_path)
        done = here.run()
        told = "\n".join(done.notes)
        assert all(word in told for word in ("readme.txt", ".filepart", "ar_greylist"))
        assert not [path for path in picture(here.hub) if path.endswith((".txt", ".filepart")) and "index" not in path]


def test_killed_while_it_fetches_it_goes_on_with_what_is_journalled(tree, tmp_path):
    for day in range(1, 29):
        write(tree, f"geo/pacific_ocean/2025/02/202502{day:02}_prof.nc", os.urandom(6 << 20))
    with an_ftp(tree) as place:
        here = deployed(place, tmp_path)
        config = tmp_path / "gdac.toml"
        config.write_text(
            f'[hub]\nstore = "{here.hub}"\nstate = "{here.root / "state"}"\n'
            f'[source.source]\nstore = "{place.store}"\nobserve = "listing"\nconnections = 2\n'
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "gdac.cli.main", "sync", "run", "-q", "-c", str(config)],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for _ in range(6_000):
            time.sleep(0.01)
            if process.poll() is not None or len(list((here.hub / "geo").rglob("*.nc"))) > 20:
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
        with State.open(here.config.state_directory) as state:
            journalled = {row[0] for row in state.pending()}
        place.server.requests.clear()
        done = here.run()
        assert done.outcome is Outcome.FINE
        again = {one.partition(" ")[2].lstrip("/") for one in place.server.requests if one.startswith("RETR")}
        assert not again & journalled
        assert picture(here.hub) == picture(tree)
