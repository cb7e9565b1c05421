"""The published status, served: pages, metrics and health over real HTTP, from archives that answer and that do not."""

import asyncio
import os
import signal
import subprocess
import sys
import urllib.request
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import pytest

from gdac.errors import UsageError
from sync.mirror.anywhere import opened_at
from sync.status.facts import Word, parse_status, render_json
from sync.status.publish import STATUS_KEY
from sync.status.serve import Published, application, listening
from tests.conftest import ROOT
from tests.status_sample import NOW, full, status


@pytest.fixture
def archive(tmp_path):
    """A directory that publishes a status."""
    (tmp_path / STATUS_KEY).parent.mkdir(parents=True)
    (tmp_path / STATUS_KEY).write_bytes(render_json(status(3)))
    return tmp_path


@asynccontextmanager
async def served(archive, when=NOW):
    published = Published()
    async with opened_at(str(archive), "source") as store:
        await published.refresh(store, lambda: when)
        app = application(published, lambda: when)
        async with listening(app, "127.0.0.1", 0) as url, aiohttp.ClientSession(url) as client:
            yield client, published, store


async def get(client, path):
    async with client.get(path) as answer:
        return answer.status, await answer.text(), answer.headers


def test_page_json_and_metrics_of_now(archive):
    async def visit():
        later = NOW + timedelta(days=5)
        async with served(archive, later) as (client, _, _):
            code, page, headers = await get(client, "/")
            assert (code, "mirror-1, mirror-2, mirror-3 are stale" in page) == (200, True)
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert headers["Cache-Control"] == "no-store"
            _, raw, headers = await get(client, "/status.json")
            found = parse_status(raw.encode())
            assert found.made == NOW
            assert {one.word for one in found.mirrors} == {Word.STALE}
            assert headers["Content-Type"].startswith("application/json")
            _, metrics, _ = await get(client, "/metrics")
            assert "gdac_status_readable 1.0" in metrics
            assert 'gdac_mirror_serial{mirror="mirror-1"} 190.0' in metrics
            assert 'gdac_mirror_state{mirror="mirror-1",state="stale"} 1.0' in metrics
            for path in ("/healthz", "/readyz"):
                assert (await get(client, path))[:2] == (200, "ok\n")
            assert (await get(client, "/state.db"))[0] == 404

    asyncio.run(visit())


@pytest.mark.parametrize("broken", [None, b"<html>", b"{" * 100_000, b" " * (5 << 20)])
def test_nothing_to_serve_yet(tmp_path, broken):
    if broken is not None:
        (tmp_path / STATUS_KEY).parent.mkdir(parents=True)
        (tmp_path / STATUS_KEY).write_bytes(broken)

    async def visit():
        async with served(tmp_path) as (client, published, _):
            assert published.unread
            for path in ("/", "/status.json"):
                code, text, headers = await get(client, path)
                assert (code, headers["Retry-After"]) == (503, "5")
                assert text.startswith("no status yet: ")
            assert (await get(client, "/readyz"))[0] == 503
            assert (await get(client, "/healthz"))[0] == 200
            assert "gdac_status_readable 0.0" in (await get(client, "/metrics"))[1]

    asyncio.run(visit())


def test_the_last_good_status_stays_and_it_is_said(archive):
    async def visit():
        async with served(archive) as (client, published, store):
            (archive / STATUS_KEY).write_bytes(b"half of it")
            await published.refresh(store, lambda: NOW)
            code, page, _ = await get(client, "/")
            assert (code, "No newer status could be read" in page) == (200, True)
            code, text, _ = await get(client, "/readyz")
            assert (code, "not readable" in text) == (200, True)
            assert "gdac_status_readable 0.0" in (await get(client, "/metrics"))[1]
            (archive / STATUS_KEY).write_bytes(render_json(full()))
            await published.refresh(store, lambda: NOW)
            assert "No newer status could be read" not in (await get(client, "/"))[1]

    asyncio.run(visit())


def test_an_address_that_is_taken(archive):
    async def visit():
        app = application(Published(), lambda: NOW)
        async with listening(app, "127.0.0.1", 0) as url:
            port = int(url.rpartition(":")[2])
            with pytest.raises(UsageError, match="cannot be listened on"):
                async with listening(application(Published(), lambda: NOW), "127.0.0.1", port):
                    pass

    asyncio.run(visit())


def command(*arguments):
    return [sys.executable, "-m", "gdac.cli.main", "sync", "serve", *arguments]


def test_as_a_command_until_it_is_stopped(archive):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command(str(archive), "--listen", "127.0.0.1:0", "--every", "1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as running:
        try:
            url = running.stdout.readline().strip()
            with urllib.request.urlopen(f"{url}healthz", timeout=60) as answer:
                assert answer.read() == b"ok\n"
            running.send_signal(signal.SIGTERM)
            _, said = running.communicate(timeout=60)
        finally:
            running.kill()
    assert (running.returncode, said) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "words"), [(["--listen", "nowhere"], "no address"), (["--every", "0"], "1 to 86400 seconds")]
)
def test_what_the_command_line_may_not_say(archive, arguments, words):
    done = subprocess.run(
        command(str(archive), *arguments),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 2
    assert words in done.stderr
