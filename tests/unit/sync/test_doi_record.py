"""The publisher's record: read from a server on this machine that answers well, badly, too much or not at all."""

import asyncio
import json
from datetime import UTC, date, datetime

import pytest

from gdac.errors import RefusedError, StoreError
from gdac.manifest.doi import Family, parse_snapshots, render_snapshots
from sync.doi.record import RecordAnswerError, is_offered, parse_answer, record_number
from sync.doi.seanoe import Seanoe
from sync.stores.retry import RetrySettings
from sync.stores.settings import HttpSettings
from tests.servers.seanoe import publishing

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DOI = "10.17882/42182"


@pytest.fixture
def publisher(tmp_path):
    (tmp_path / "118037.tar.gz").write_bytes(b"tar")
    with publishing(tmp_path) as running:
        running.offer("118037", tmp_path / "118037.tar.gz", "2026-11-10")
        running.offer("118038", tmp_path / "118037.tar.gz", "2026-11-10", title="BGC Sprof data files")
        yield running


def seanoe(publisher, **more) -> Seanoe:
    settings = HttpSettings(read_seconds=0.3 if publisher.how == "hangs" else 30)
    retry = RetrySettings(tries=2, first_pause=0.01)
    return Seanoe(DOI, publisher.api, **{"settings": settings, "retry": retry, **more})


def test_a_record_gives_its_snapshots(publisher):
    found, left_out = asyncio.run(seanoe(publisher).snapshots(NOW))
    first, second = found.known
    assert (first.key, first.date, first.family, first.size) == ("118037", date(2026, 11, 10), Family.FULL, 3)
    assert (second.key, second.family, left_out) == ("118038", Family.BGC, 0)
    assert is_offered(first)
    assert parse_snapshots(render_snapshots(found)) == found


def test_one_snapshot_is_asked_for_by_its_fragment(publisher):
    found = asyncio.run(seanoe(publisher).snapshot("118038"))
    assert found is not None
    assert found.key == "118038"
    assert publisher.requests == ["/api/find-by-fragment/42182?fragmentId=118038"]
    assert asyncio.run(seanoe(publisher).snapshot("1&x=2")) is None
    assert publisher.requests[-1].endswith("fragmentId=1%26x%3D2")


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        ("html", RecordAnswerError, "an HTML page"),
        ("no-files", RecordAnswerError, "lists no files"),
        ("huge", RecordAnswerError, "no record has"),
        ("hangs", StoreError, "did not answer in time"),
    ],
)
def test_broken_answers(publisher, how, error, words):
    publisher.how = how
    with pytest.raises(error, match=words):
        asyncio.run(seanoe(publisher).snapshots(NOW))


def test_all_tries_together_take_no_longer_than_allowed(publisher):
    publisher.how = "hangs"
    with pytest.raises(StoreError, match=r"within 0\.2 s"):
        asyncio.run(seanoe(publisher, settings=HttpSettings(read_seconds=50), seconds=0.2).snapshots(NOW))


def test_a_server_that_fails_for_the_moment_is_asked_again(publisher):
    publisher.how = "once-503"
    found, _ = asyncio.run(seanoe(publisher).snapshots(NOW))
    assert len(found.known) == 2
    assert len(publisher.requests) == 2


GOOD = {
    "id": 7,
    "fileUrl": "https://www.seanoe.org/data/7.tar.gz",
    "size": 5,
    "openAccess": True,
    "fragment": {"date": "2020-08-10", "title": "T"},
}


def parsed(*files):
    raw = json.dumps({"files": files}).encode()
    return parse_answer(raw, "the API", DOI, "www.seanoe.org")


@pytest.mark.parametrize(
    "broken",
    [None, [], {}, {**GOOD, "id": None}, {**GOOD, "id": True}, {**GOOD, "id": "a b"}, {**GOOD, "fragment": None},
     {**GOOD, "fragment": {"date": "soon"}}, {**GOOD, "fragment": {"date": "2020-13-45"}}, {**GOOD, "fragment": {}}],
)  # fmt: skip
def test_files_that_are_no_snapshots_are_left_out_and_counted(broken):
    found, left_out = parsed(GOOD, broken)
    assert [one.key for one in found] == ["7"]
    assert left_out == 1


@pytest.mark.parametrize(
    "url",
    [
        None,
        5,
        "file:///etc/passwd",
        "https://elsewhere.example.org/7.tar.gz",
        "http://169.254.169.254/x",
        "https://[",
        "x" * 999,
    ],
)
def test_addresses_of_other_hosts_are_not_followed(url):
    ((found,), _) = parsed({**GOOD, "fileUrl": url})
    assert not is_offered(found)
    assert found.url == "https://doi.org/10.17882/42182#7"
    ((closed,), _) = parsed({**GOOD, "openAccess": False})
    assert not is_offered(closed)


@pytest.mark.parametrize("size", [None, "5", -1, 0, True, 1 << 60, 1.5])
def test_sizes_that_are_none(size):
    ((found,), _) = parsed({**GOOD, "size": size})
    assert found.size is None


def test_titles_are_made_fit_for_terminals():
    ((found,), _) = parsed({**GOOD, "fragment": {"date": "2020-08-10", "title": "A\x1b[31m\n" + "b" * 999}})
    assert found.title.isprintable()
    assert len(found.title) <= 500


@pytest.mark.parametrize("raw", [b"", b"\xff", b"null", b"[]", b'{"files": {}}', b"[" * 100_000, b'{"files": [1, 2]}'])
def test_answers_that_are_no_records(raw):
    with pytest.raises(RecordAnswerError):
        parse_answer(raw, "the API", DOI, "www.seanoe.org")


def test_only_dois_of_the_publisher_have_a_record():
    assert record_number(DOI) == "42182"
    with pytest.raises(RefusedError):
        record_number("10.5555/42182")
