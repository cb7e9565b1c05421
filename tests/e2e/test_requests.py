"""What a run asks of servers, counted by the servers themselves."""

import asyncio
import shutil
from datetime import date, timedelta

import pytest

from gdac.records import Outcome
from gdac.sample.archive import make_archive, next_day
from tests.deployment import SECRETS, Deployment, folder_mirror, s3_mirror
from tests.servers import Server, ftp_pyftpdlib, http_python, s3_moto

#: Requests of one probe of an S3 bucket.
MOST_OF_A_PROBE = 20
#: Files that describe a first serial, in every store: its record, five faces of the archive and five of the serial.
#: A later one comes with five of the serial before, which has one after it now.
DESCRIBED, DESCRIBED_NEXT = 11, 16
#: Files of the status, which every run writes into every store.
STATUS = 2


def probing(server: Server) -> list[str]:
    """The requests of probes."""
    return [one for one in server.requests if ".probe" in one]


#: Log-in and set-up of one FTP connection.
_SETUP = {"USER", "PASS", "FEAT", "TYPE", "OPTS", "QUIT", "SYST", "PWD", "CWD", "NOOP"}


def test_http_source_and_s3_mirror(tmp_path, monkeypatch):
    for name, value in SECRETS.items():
        if not name.startswith("GDAC_SOURCE"):
            monkeypatch.setenv(name, value)
    source = tmp_path / "source"
    made = make_archive(source, floats=6, cycles=12, seed=3, day=date(2025, 3, 1))
    with http_python(source) as web, s3_moto() as moto:
        here = Deployment(tmp_path / "here", web.url, {"moto": s3_mirror(moto), "disk": folder_mirror(tmp_path / "m")})
        first = here.run()
        assert first.outcome is Outcome.FINE
        assert first.seal.rows == made.files
        # One GET per file; per float two listings, and a HEAD for each derived file that the listing only names.
        assert len(web.requests) <= 14 + first.ingest.moved.files + 6 * 4
        probe = probing(moto)
        assert 0 < len(probe) <= MOST_OF_A_PROBE
        assert len(moto.requests) - len(probe) <= made.files + 14 + 12 + DESCRIBED + STATUS
        assert [one.guard for one in first.stores] == ["compare-and-swap"] * 3

        web.requests.clear()
        moto.requests.clear()
        quiet = here.run()
        assert (quiet.outcome, quiet.seal.new) == (Outcome.FINE, False)
        assert sorted(web.requests) == sorted(set(web.requests))
        assert len(web.requests) == 14  # one conditional GET per index file, and nothing else
        assert all(".txt" in request for request in web.requests)
        assert not [request for request in moto.requests if "/dac/" in request]
        assert not probing(moto)  # what a store honours is remembered for a day
        assert len(moto.requests) <= 4

        changes = next_day(source)
        came = len(changes.added) + len(changes.changed) + len(changes.renamed) + len(changes.derived)
        floats = {
            path.split("/")[2] for path in (*changes.added, *changes.changed, *(new for _, new in changes.renamed))
        }
        floats |= {path.split("/")[2] for path in changes.removed}
        web.requests.clear()
        moto.requests.clear()
        second = here.run()
        assert second.outcome is Outcome.FINE
        assert second.ingest.moved.files == came
        # An index that changed costs a HEAD and a GET where the server has no ETags.
        assert len(web.requests) <= 2 * 14 + came + 4 * len(floats)
        data = [request for request in moto.requests if "/dac/" in request]
        assert len(data) == came  # one PUT per file that changed, no HEAD, no listing
        assert {request.split()[0] for request in data} == {"PUT"}
        described = [request for request in moto.requests if "/manifest/about/" in request or ".record.json" in request]
        assert len(described) == len(set(described)) == DESCRIBED_NEXT + STATUS
        assert {request.split()[0] for request in described} == {"PUT"}

        moto.requests.clear()
        here.now += timedelta(days=1)
        assert here.run().outcome is Outcome.FINE
        assert 0 < len(probing(moto)) <= MOST_OF_A_PROBE  # once a day
        assert len(moto.requests) <= 4 + MOST_OF_A_PROBE


def test_ftp_source(tmp_path):
    source = tmp_path / "source"
    make_archive(source, floats=4, cycles=10, seed=3, day=date(2025, 3, 1))
    with ftp_pyftpdlib(source) as ftp:
        here = Deployment(tmp_path / "here", ftp.url)
        assert here.run().outcome is Outcome.FINE
        ftp.requests.clear()
        assert here.run().seal.new is False
        asked = [request for request in ftp.requests if request.split()[0] not in _SETUP]
        assert not [request for request in asked if "dac" in request]
        assert not [request for request in asked if request.startswith(("RETR", "MLSD", "LIST", "NLST"))]
        assert len(asked) <= 2 * 14

        changes = next_day(source)
        ftp.requests.clear()
        second = here.run()
        came = second.ingest.moved.files
        assert came >= len(changes.renamed)
        retrieved = [request for request in ftp.requests if request.startswith("RETR") and "dac/" in request]
        assert len(retrieved) == came
        # EPSV, size and RETR per file; two listings per changed float; log-ins per connection.
        assert len(ftp.requests) <= 4 * (came + 14) + 5 * 4 + 8 * len(_SETUP)


def test_the_delta_says_what_the_sample_says(tmp_path):
    source = tmp_path / "source"
    make_archive(source, floats=6, cycles=12, seed=5, day=date(2025, 3, 1))
    here = Deployment(tmp_path / "here", str(source), {"disk": folder_mirror(tmp_path / "disk")})
    here.run()
    for _ in range(3):
        changes = next_day(source)
        done = here.run()
        assert done.outcome is Outcome.FINE
        assert done.seal.added == len(changes.added)
        assert done.seal.renamed == len(changes.renamed)
        assert done.seal.removed == len(changes.removed)
        assert done.seal.changed == len(changes.changed) + len(changes.derived) + len(changes.indexes)
        assert done.mirrors[0].way == "delta"


def test_a_mirror_that_was_away_catches_up_by_deltas(tmp_path):
    source = tmp_path / "source"
    make_archive(source, floats=3, cycles=6, seed=5, day=date(2025, 3, 1))
    mirrors = {"near": folder_mirror(tmp_path / "near"), "far": folder_mirror(tmp_path / "far")}
    here = Deployment(tmp_path / "here", str(source), mirrors)
    here.run()
    here.mirrors = {"near": mirrors["near"]}
    for _ in range(3):
        next_day(source)
        here.run()
    here.mirrors = mirrors
    done = here.run()
    assert (done.mirrors[1].from_serial, done.mirrors[1].serial, done.mirrors[1].way) == (1, 4, "delta")
    here.let_grace_pass()
    here.run()
    files = {
        place: sorted(each.relative_to(tmp_path / place) for each in (tmp_path / place / "dac").rglob("*.nc"))
        for place in ("near", "far", "source")
    }
    assert files["near"] == files["far"] == files["source"]


def test_a_lost_state_costs_work_and_nothing_else(tmp_path):
    source = tmp_path / "source"
    make_archive(source, floats=3, cycles=6, seed=5, day=date(2025, 3, 1))
    here = Deployment(tmp_path / "here", str(source), {"disk": folder_mirror(tmp_path / "disk")})
    here.run()
    next_day(source)
    here.run()
    shutil.rmtree(tmp_path / "here" / "state")
    done = here.run()
    assert (done.outcome, done.seal.new, done.ingest.moved.files) == (Outcome.FINE, False, 0)
    assert done.mirrors[0].superseded > 0  # relearned from the deltas
    here.let_grace_pass()
    assert here.run().mirrors[0].superseded == 0


def test_a_run_that_breaks_off_before_the_derived_files_brings_them_later(tmp_path, monkeypatch):
    from gdac.errors import StoreError
    from sync.stores.local import LocalStore

    source = tmp_path / "source"
    make_archive(source, floats=2, cycles=3, seed=5, day=date(2025, 3, 1))
    here = Deployment(tmp_path / "here", str(source))
    honest = LocalStore.write

    async def write(self, key, body, declared, **expect):
        if key.endswith("_prof.nc"):
            await asyncio.sleep(1)  # all other files come meanwhile
            raise StoreError("the hub's disk is gone.")
        return await honest(self, key, body, declared, **expect)

    monkeypatch.setattr(LocalStore, "write", write)
    with pytest.raises(StoreError, match="gone"):
        here.run()
    monkeypatch.undo()
    here.run()
    for file in source.glob("dac/*/*/*prof.nc"):
        path = file.relative_to(source)
        assert (here.hub / path).read_bytes() == file.read_bytes(), path


def test_a_run_that_breaks_off_goes_on_where_it_was(tmp_path, monkeypatch):
    from gdac.errors import StoreError
    from sync.stores.local import LocalStore

    source = tmp_path / "source"
    made = make_archive(source, floats=4, cycles=8, seed=5, day=date(2025, 3, 1))
    here = Deployment(tmp_path / "here", str(source))
    written = []
    honest = LocalStore.write

    async def write(self, key, body, declared, **expect):
        if len(written) >= 40:
            raise StoreError("the disk of the hub is full.")
        info = await honest(self, key, body, declared, **expect)
        if not key.startswith("manifest/"):  # where the store is tried out first
            written.append(key)
        return info

    monkeypatch.setattr(LocalStore, "write", write)
    with pytest.raises(StoreError, match="full"):
        here.run()
    assert not (here.hub / "manifest").exists()
    monkeypatch.undo()
    done = here.run()
    assert done.outcome is Outcome.FINE
    assert done.seal.rows == made.files
    assert done.ingest.moved.files == made.files - 14 - len(written)
