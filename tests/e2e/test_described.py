"""Every store that holds a sealed archive describes itself: pages, RDF and records beside the manifests."""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from gdac.manifest.doi import SNAPSHOTS_KEY
from gdac.manifest.head import parse_head
from gdac.manifest.record import RunKind, parse_record
from gdac.records import Outcome
from gdac.sample.archive import make_archive, next_day
from sync.hub.revert import Revert
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.run import opened
from sync.sealed.describe import ABOUT
from sync.state import State
from tests.deployment import Deployment, folder_mirror

FACES = {"archive.ttl", "archive.jsonld", "datacite.json", "linkset.json", "index.html"}
OF_A_SERIAL = {"snapshot.ttl", "snapshot.jsonld", "datacite.json", "linkset.json", "index.html"}


@pytest.fixture
def here(tmp_path):
    make_archive(tmp_path / "source", floats=3, cycles=4, seed=5, day=date(2025, 3, 1))
    bgc = {**folder_mirror(tmp_path / "view"), "filter": {"kinds": ["meta"]}}
    mirrors = {"disk": folder_mirror(tmp_path / "disk"), "view": bgc}
    return Deployment(tmp_path / "here", str(tmp_path / "source"), mirrors)


def about(store):
    """Descriptions by name; the status of the deployment, which lies beside them, is of every run."""
    return {
        str(file.relative_to(store / ABOUT)): file.read_bytes()
        for file in (store / ABOUT).rglob("*")
        if file.is_file() and file.stem != "status"
    }


def head_of(store):
    return parse_head((store / "manifest/head.json").read_bytes())


def test_hub_and_mirrors_describe_themselves(here, tmp_path):
    assert here.run().outcome is Outcome.FINE
    next_day(tmp_path / "source")
    assert here.run().outcome is Outcome.FINE
    told = about(here.hub)
    assert {name for name in told if "/" not in name} == FACES
    assert {name.removeprefix("2/") for name in told if name.startswith("2/")} == OF_A_SERIAL
    assert told == about(tmp_path / "disk")
    for store in (here.hub, tmp_path / "disk"):
        for page in (store / ABOUT).rglob("index.html"):
            links = re.findall(r'href="([^"#:]+)"', page.read_text(encoding="utf-8"))
            broken = [link for link in links if not (page.parent / link.partition("#")[0]).resolve().exists()]
            assert not broken, page
    view = about(tmp_path / "view")["index.html"].decode()
    assert head_of(tmp_path / "view").archive in view
    assert view != told["index.html"].decode()


def test_the_record_says_where_a_serial_came_from(here, tmp_path):
    here.run()
    next_day(tmp_path / "source")
    done = here.run()
    head = head_of(here.hub)
    assert head.record is not None
    record = parse_record((here.hub / head.record.key).read_bytes())
    assert (record.serial, record.about.run.kind, record.about.run.number) == (2, RunKind.SYNC, done.run)
    assert record.previous is not None
    assert record.manifest.sha256 == head.manifest.sha256
    assert record.about.counts["fetched"] == done.ingest.moved.files
    (source,) = record.about.sources
    assert (source.name, source.url, source.way, len(source.indexes)) == ("source", None, "index", 14)
    assert str(tmp_path).encode() not in (here.hub / head.record.key).read_bytes()
    first = parse_record((here.hub / "manifest" / record.previous.name).read_bytes())
    assert (first.serial, first.previous, first.delta) == (1, None, None)


def test_a_mirror_that_was_away_gets_every_record(here, tmp_path):
    mirrors, here.mirrors = here.mirrors, {}
    for _ in range(3):
        here.run()
        next_day(tmp_path / "source")
    here.mirrors = mirrors
    here.run()
    names = {file.name for file in (here.hub / "manifest").glob("*.record.json")}
    assert len(names) == 4
    assert {file.name for file in (tmp_path / "disk/manifest").glob("*.record.json")} == names


def test_a_quiet_day_writes_no_description_and_another_title_does(here):
    here.run()
    before = {file: file.stat().st_mtime_ns for file in (here.hub / ABOUT).rglob("index.html")}
    here.run()
    assert {file: file.stat().st_mtime_ns for file in (here.hub / ABOUT).rglob("index.html")} == before
    here.archive = {"title": "Another <title> & more"}
    here.run()
    assert b"Another &lt;title&gt; &amp; more" in about(here.hub)["index.html"]


def test_a_damaged_list_of_doi_snapshots_is_named_and_goes_to_no_mirror(here, tmp_path):
    here.mirrors = {}
    here.run()
    (here.hub / SNAPSHOTS_KEY).write_bytes(b'{"x"')
    here.mirrors = {"disk": folder_mirror(tmp_path / "disk")}
    done = here.run()
    (note,) = (one for mirror in done.mirrors for one in mirror.notes)
    assert "manifest/about/doi-snapshots.json" in note
    assert "gdac sync snapshots list --publish" in note
    assert not (tmp_path / "disk" / SNAPSHOTS_KEY).exists()
    (here.hub / SNAPSHOTS_KEY).unlink()
    assert here.run().mirrors[0].notes == ()
    assert "index.html" in about(tmp_path / "disk")


def test_a_description_that_cannot_be_written_is_noted_and_made_later(here):
    here.mirrors = {}
    (here.hub / "manifest").mkdir(parents=True)
    (here.hub / ABOUT).write_text("in the way")
    done = here.run()
    assert done.seal.serial == 1
    assert any("not up to date" in note for note in done.notes)
    (here.hub / ABOUT).unlink()
    assert not any("not up to date" in note for note in here.run().notes)
    assert "index.html" in about(here.hub)


def test_a_mirror_that_was_emptied_is_described_anew(here, tmp_path):
    here.run()
    next_day(tmp_path / "source")
    here.run()
    before = about(tmp_path / "disk")
    shutil.rmtree(tmp_path / "disk")
    here.run()
    assert about(tmp_path / "disk") == before


def test_a_revert_that_cannot_be_described_says_so_and_stands(here):
    here.mirrors = {}
    here.run()
    next_day(Path(here.source))
    here.run()
    shutil.rmtree(here.hub / ABOUT)
    (here.hub / ABOUT).write_text("in the way")
    with State.open(here.config.state_directory) as state:
        done = run_loop(Revert(here.config, state, Silent(), lambda: here.now, opened).to(1))
    assert head_of(here.hub).serial == done.seal.serial == 3
    (note,) = done.notes
    assert "not up to date" in note


@pytest.mark.parametrize("damage", [b"{}", b"not a record"])
def test_an_older_record_that_is_damaged_is_named_and_stops_no_mirror(here, tmp_path, damage):
    here.mirrors = {}
    for _ in range(3):
        here.run()
        next_day(tmp_path / "source")
    first, second, _ = sorted((here.hub / "manifest").glob("*.record.json"))
    second.write_bytes(damage)
    shutil.rmtree(here.root / "state/sealed")
    here.mirrors = {"disk": folder_mirror(tmp_path / "disk")}
    done = here.replicate("disk")
    assert done.mirrors[0].serial == 3
    assert any("records before serial 3 are left out" in note and second.name in note for note in done.notes)
    names = {file.name for file in (tmp_path / "disk/manifest").glob("*.record.json")}
    assert len(names) == 1
    assert not names & {first.name, second.name}
