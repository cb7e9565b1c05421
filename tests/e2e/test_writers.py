"""Two daemons on one hub: never two heads of one serial, whatever the store keeps; what a run says of its stores."""

import asyncio
import threading
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gdac.errors import ExitCode, GdacError, UsageError
from gdac.manifest.head import Head, parse_head, render_head
from gdac.manifest.names import HEAD_KEY
from gdac.records import Outcome
from gdac.sample.archive import make_archive, next_day
from gdac.store import Declared, NotFoundError, Store
from sync.config import check_config
from sync.loop import run as run_loop
from sync.progress import Silent
from sync.run import Run, opened
from sync.sealed.copies import read_head
from sync.sealed.publish import publish_head
from sync.sealed.writers import WRITER_KEY, Fenced
from sync.state import State
from tests.daemon import AZURE_LOG_IN, LOG_IN, Daemon, bucket
from tests.servers import azure_azurite, ftp_pyftpdlib, gcs_own, s3_moto, s3_rclone, sftp_rclone

DAYS = 4


@pytest.fixture(autouse=True)
def log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LOG_IN.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    make_archive(tmp_path / "source", floats=2, cycles=3, seed=11, day=date(2025, 3, 1))
    return tmp_path / "source"


def heads_of(daemon: Daemon) -> list[Head]:
    """The head that the hub shows now."""

    async def read() -> bytes:
        async with opened("(hub)", daemon.config.hub) as store, store.read(HEAD_KEY) as reading:
            return b"".join([piece async for piece in reading.chunks()])

    return [parse_head(run_loop(read()))]


def race(daemons: list[Daemon]) -> list[BaseException | None]:
    """One run of each, at once."""
    ended: list[BaseException | None] = [None] * len(daemons)
    start = threading.Barrier(len(daemons))

    def work(number: int) -> None:
        start.wait()
        try:
            daemons[number].run()
        except GdacError as error:
            ended[number] = error

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(daemons))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


def follow(daemons: list[Daemon], source: Path) -> dict[int, set[str]]:
    """Days of races; digests of every manifest that a head ever named, by serial."""
    seen: dict[int, set[str]] = {}
    lost = 0
    for _ in range(DAYS):
        ended = race(daemons)
        for error in ended:
            assert error is None or error.exit_code == ExitCode.FAILED, error
        assert ended.count(None) >= 1  # one of them got through
        lost += len(ended) - ended.count(None)
        for daemon in daemons:  # who lost goes on from what is there
            daemon.run()
        (head,) = heads_of(daemons[0])
        for entry in (head.manifest, *head.manifests):
            seen.setdefault(entry.serial, set()).add(entry.sha256)
        for delta in head.deltas:
            seen.setdefault(-delta.serial, set()).add(delta.sha256)
        next_day(source)
    return seen


@pytest.mark.soak  # test_many_races_for_the_next_head asks the same in less time
def test_two_states_on_a_bucket_that_keeps_preconditions(source: Path, tmp_path: Path) -> None:
    """moto checks and writes in two steps: its PUTs are let in one at a time (tests.servers)."""
    with s3_moto() as moto:
        daemons = [Daemon(tmp_path / name, str(source), **bucket(moto)) for name in ("one", "two")]
        seen = follow(daemons, source)
    assert all(len(digests) == 1 for digests in seen.values()), seen
    assert max(seen) >= DAYS


ROUNDS = 20


@pytest.mark.parametrize("place", ["moto", "azurite", "gcs", "directory"])
def test_many_races_for_the_next_head(
    place: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four writers in four stores, again and again: each time one head is published, and every writer knows whose."""
    with ExitStack() as stack:
        if place == "directory":
            section: dict[str, Any] = {"store": str(tmp_path / "hub")}
        elif place == "gcs":
            server = stack.enter_context(gcs_own(tmp_path / "gcs"))
            monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", server.key)
            section = bucket(server)
        else:
            server = stack.enter_context(s3_moto() if place == "moto" else azure_azurite())
            for name, value in (LOG_IN if place == "moto" else AZURE_LOG_IN).items():
                monkeypatch.setenv(name, value)
            section = bucket(server)
        daemon = Daemon(tmp_path / "one", str(source), **section)
        daemon.run()
        (head,) = heads_of(daemon)
        run_loop(_races(daemon, head))


async def _races(daemon: Daemon, head: Head) -> None:
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(opened("(hub)", daemon.config.hub)) for _ in range(4)]
        for store in stores:
            await store.probe()
            assert store.capabilities.compare_and_swap

        async def publish(store: Store, number: int) -> str:
            over = await read_head(store)
            assert over is not None
            await meeting.wait()
            mine = replace(head, published=over.head.published + timedelta(seconds=1), title=f"writer {number}")
            await publish_head(store, render_head(mine), mine, over)
            return mine.title

        for _ in range(ROUNDS):
            meeting = asyncio.Barrier(len(stores))
            ended = await asyncio.gather(
                *[publish(store, number) for number, store in enumerate(stores)], return_exceptions=True
            )
            won = [one for one in ended if isinstance(one, str)]
            lost = [one for one in ended if isinstance(one, GdacError) and "another writer is there" in one.what]
            assert (len(won), len(lost)) == (1, 3), ended
            shown = await read_head(stores[0])
            assert shown is not None
            assert shown.head.title == won[0]


def test_two_states_on_one_directory(source: Path, tmp_path: Path) -> None:
    daemons = [Daemon(tmp_path / name, str(source), store=str(tmp_path / "hub")) for name in ("one", "two")]
    seen = follow(daemons, source)
    assert all(len(digests) == 1 for digests in seen.values()), seen


def test_one_state_lets_one_run_in(source: Path, tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "one", str(source), store=str(tmp_path / "hub"))
    with State.open(daemon.config.state_directory), pytest.raises(GdacError, match="another gdac process"):
        daemon.run()


@pytest.mark.parametrize("serve", [s3_rclone, sftp_rclone])
def test_a_store_without_preconditions_needs_a_word(serve: Any, source: Path, tmp_path: Path) -> None:
    with serve(tmp_path / "served") as server:
        section = bucket(server) if server.endpoint else {"store": f"{server.url}/hub", "known_hosts": server.trust}
        silent = Daemon(tmp_path / "silent", str(source), **section)
        with pytest.raises(GdacError, match="two heads of one serial") as found:
            silent.run()
        assert found.value.exit_code == ExitCode.FAILED
        assert "single_writer = true" in found.value.hint
        served = [path for path in (tmp_path / "served").rglob("*") if path.is_file()]
        assert not served, served

        daemon = Daemon(tmp_path / "one", str(source), **section, single_writer=True)
        (told,) = daemon.run().stores
        assert told.guard == "a single writer, as configured"
        assert not told.seen.honours_expectations
        other = Daemon(tmp_path / "two", str(source), **section, single_writer=True)
        with pytest.raises(GdacError, match="although single_writer says") as taken:
            other.run()
        assert (taken.value.exit_code, WRITER_KEY in taken.value.hint) == (ExitCode.FAILED, True)
        next_day(source)
        assert daemon.run().seal.serial == 2
        other.now = daemon.now
        other.let_grace_pass()  # longer than the lease
        assert other.run().seal.serial == 2
        with pytest.raises(GdacError, match="although single_writer says"):
            daemon.run()


def test_a_hub_that_can_only_be_read(source: Path, tmp_path: Path) -> None:
    with ftp_pyftpdlib(tmp_path) as server, pytest.raises(UsageError, match="only read"):
        Daemon(tmp_path / "one", str(source), store=f"{server.url}/hub").run()


def test_a_hub_elsewhere_needs_a_state_here() -> None:
    raw = {"hub": {"store": "s3://bucket/argo"}, "source": {"source": {"store": "https://example.org"}}}
    with pytest.raises(UsageError, match="needs a state directory"):
        check_config(raw, where="test")


def test_the_head_of_a_taken_over_hub_is_not_written(source: Path, tmp_path: Path) -> None:
    """Between the beginning of a run and its head another state takes the hub over."""
    with s3_rclone(tmp_path / "served") as server:
        daemon = Daemon(tmp_path / "one", str(source), **bucket(server, single_writer=True))
        honest = Fenced.claim

        async def claim(self: Fenced) -> None:
            await honest(self)
            usurper = Fenced(self._store, "somebody else", self._lease, lambda: self._now() + self._lease)
            await honest(usurper)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Fenced, "claim", claim)
            with pytest.raises(GdacError, match="somebody else"):
                daemon.run()

        async def look() -> None:
            async with opened("(hub)", daemon.config.hub) as store:
                with pytest.raises(NotFoundError):
                    await store.stat(HEAD_KEY)

        run_loop(look())


def test_what_a_store_honours_is_remembered_and_reported(source: Path, tmp_path: Path) -> None:
    with s3_moto() as moto:
        daemon = Daemon(tmp_path / "one", str(source), **bucket(moto))
        (first,) = daemon.run().stores
        assert (first.store, first.guard, first.seen.etag_is_md5) == ("hub", "compare-and-swap", True)
        assert (first.seen.refuses_wrong_md5, first.seen.refuses_wrong_sha256) == (False, False)
        moto.requests.clear()
        (second,) = daemon.run().stores
        assert second == first
        assert not [one for one in moto.requests if ".probe" in one]
        daemon.hub_section["region"] = "eu-west-3"  # another store, for all we know
        (third,) = daemon.run().stores
        assert third.probed > first.probed
        assert [one for one in moto.requests if ".probe" in one]
        assert not [one for one in _left(daemon) if "probe" in one]


def _left(daemon: Daemon) -> list[str]:
    async def read() -> list[str]:
        async with opened("(hub)", daemon.config.hub) as store:
            return [info.path async for info in store.list("", recursive=True)]

    return run_loop(read())


def test_look_touches_nothing(source: Path, tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "one", str(source), store=str(tmp_path / "hub"))
    with State.open(daemon.config.state_directory) as state:
        run_loop(Run(daemon.config, state, Silent(), lambda: daemon.now).look())
    assert not (tmp_path / "hub").exists()


def test_a_head_that_is_replaced_at_once_is_noticed(source: Path, tmp_path: Path) -> None:
    """Where nothing swaps, a look afterwards finds out the writer who came between the look before and the write."""
    with s3_rclone(tmp_path / "served") as server:
        daemon = Daemon(tmp_path / "one", str(source), **bucket(server, single_writer=True))
        daemon.run()
        (before,) = heads_of(daemon)
        honest = Fenced.write

        async def write(self: Fenced, key: str, *rest: Any, **more: Any) -> Any:
            made = await honest(self, key, *rest, **more)
            if key == HEAD_KEY:
                raw = render_head(before)
                await self._store.write(key, raw, Declared(len(raw)))
            return made

        next_day(source)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Fenced, "write", write)
            with pytest.raises(GdacError, match="another writer is there"):
                daemon.run()
        done = daemon.run()
        assert (done.outcome, done.seal.serial) == (Outcome.FINE, 2)
