"""What the daemon keeps and holds: its book, its lock, its configuration."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdac.errors import GdacError, UsageError
from sync.daemon.book import BOOK_NAME, BrokenBookError, KeptBook, read_book, write_book
from sync.daemon.lock import LOCK_NAME, DaemonLock
from sync.daemon.schedule import Ending, JobFacts
from sync.daemon.section import address
from sync.daemon.settings import COPY_NAME, Settings
from sync.daemon.told import read_jobs
from tests.conftest import ROOT

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


# The book


def test_the_book_comes_back_as_it_was_written(tmp_path):
    assert read_book(tmp_path) is None
    book = KeptBook(NOW, {"sync": JobFacts(NOW, NOW, Ending.HELD, NOW, 3, NOW, "abc", "why"), "audit": JobFacts()})
    write_book(tmp_path, book)
    assert read_book(tmp_path) == book
    write_book(tmp_path, KeptBook(NOW))
    assert [one.name for one in tmp_path.iterdir()] == [BOOK_NAME]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{}",
        b'{"format": "argo-gdac daemon 2", "since": "2026-11-23T12:00:00+00:00", "jobs": {}}',
        b'{"format": "argo-gdac daemon 1", "since": "2026-11-23T12:00:00", "jobs": {}}',
        b'{"format": "argo-gdac daemon 1", "since": "2026-11-23T12:00:00+00:00", "jobs": []}',
        b'{"format": "argo-gdac daemon 1", "since": "2026-11-23T12:00:00+00:00", "jobs": {"sync": {"ending": "x"}}}',
        b'{"format": "argo-gdac daemon 1", "since": "2026-11-23T12:00:00+00:00", "jobs": {"sync": {"started": 3}}}',
        b"[" * 100_000,
        b" " * (2 << 20),
    ],
)
def test_a_damaged_book_is_named_and_nothing_else(tmp_path, raw):
    (tmp_path / BOOK_NAME).write_bytes(raw)
    with pytest.raises(BrokenBookError):
        read_book(tmp_path)


@given(st.binary(max_size=300))
def test_whatever_lies_there_is_a_book_or_broken(tmp_path_factory, raw):
    folder = tmp_path_factory.mktemp("book")
    (folder / BOOK_NAME).write_bytes(raw)
    with pytest.raises(BrokenBookError):
        read_book(folder)


def test_jobs_told_within_a_job_do_not_say_that_it_is_on(tmp_path):
    settings = Settings(configured(tmp_path))
    assert read_jobs(settings.config, NOW) == ()
    settings.config.state_directory.mkdir()
    write_book(settings.config.state_directory, KeptBook(NOW, {"sync": JobFacts(started=NOW)}))
    told = {one.name: one for one in read_jobs(settings.config, NOW)}
    assert told["sync"].last_start == NOW
    assert told["sync"].running_since is None
    assert told["sync"].next_due is not None
    (settings.config.state_directory / BOOK_NAME).write_text("broken")
    assert read_jobs(settings.config, NOW) == ()


# The lock


def test_one_lock_for_one_state(tmp_path):
    first = DaemonLock.take(tmp_path / "state")
    assert first is not None
    assert DaemonLock.take(tmp_path / "state") is None
    program = (
        "import sys; from pathlib import Path; from sync.daemon.lock import DaemonLock\n"
        "print(DaemonLock.take(Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "state")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "None"
    first.close()
    second = DaemonLock.take(tmp_path / "state")
    assert second is not None
    assert second.is_sure
    (tmp_path / "state" / LOCK_NAME).unlink()
    assert not second.is_sure
    third = DaemonLock.take(tmp_path / "state")
    assert third is not None
    assert not second.is_sure
    second.close()
    third.close()


def test_a_state_directory_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GdacError, match="state directory"):
        DaemonLock.take(tmp_path / "file" / "state")


# The configuration


def configured(tmp_path, text: str = "", *, state: str = "state"):
    file = tmp_path / "gdac.toml"
    file.write_text(
        f'[hub]\nstore = "{tmp_path}/hub"\nstate = "{tmp_path}/{state}"\n[source.a]\nstore = "{tmp_path}/s"\n{text}'
    )
    return file


def test_a_good_change_is_taken_and_a_bad_one_is_not(tmp_path):
    file = configured(tmp_path)
    settings = Settings(file)
    settings.put_in_force()
    assert not settings.look_again().changed
    configured(tmp_path, '[mirror.one]\nstore = "/srv/one"\n')
    assert settings.look_again().changed
    good = settings.copy.read_bytes()
    assert good == file.read_bytes()

    configured(tmp_path, '[daemon]\nsync = "sometimes"\n')
    found = settings.look_again()
    assert found.changed
    assert "daemon.sync" in found.refused
    assert not settings.look_again().changed  # said once
    assert (list(settings.config.mirror), settings.copy.read_bytes()) == (["one"], good)

    file.write_text("no toml")
    assert settings.look_again().changed
    file.unlink()
    assert "no configuration" in settings.look_again().refused
    assert not settings.look_again().changed
    configured(tmp_path, state="elsewhere")
    assert "hub.state" in settings.look_again().refused
    assert not (tmp_path / "elsewhere").exists()

    configured(tmp_path, '[mirror.two]\nstore = "/srv/two"\n')
    assert settings.look_again().refused == ""
    assert list(settings.config.mirror) == ["two"]
    assert settings.copy.read_bytes() == file.read_bytes()


def test_one_that_waits_touches_nothing_of_the_other(tmp_path):
    settings = Settings(configured(tmp_path))
    configured(tmp_path, '[mirror.one]\nstore = "/srv/one"\n')
    assert settings.look_again().changed
    assert not (tmp_path / "state" / COPY_NAME).exists()


def test_a_bad_configuration_is_no_beginning(tmp_path):
    with pytest.raises(UsageError, match=r"daemon\.listen"):
        Settings(configured(tmp_path, '[daemon]\nlisten = "everywhere"\n'))


@pytest.mark.parametrize(
    ("text", "found"),
    [("127.0.0.1:80", ("127.0.0.1", 80)), (":0", ("", 0)), ("[::1]:8080", ("::1", 8080)), ("a.b:1", ("a.b", 1))],
)
def test_addresses(text, found):
    assert address(text) == found


@pytest.mark.parametrize("text", ["8080", "a:b", "a:70000", "http://a:80", "::1:80", ""])
def test_what_is_no_address(text):
    with pytest.raises(ValueError, match="no address"):
        address(text)
