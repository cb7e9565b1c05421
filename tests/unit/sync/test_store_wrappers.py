"""Retry, limits, dry-run and faults, around a real local store; time is counted, not spent."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gdac.errors import StoreError
from gdac.store import ChangedError, Declared, Expect, NotFoundError, Store, TemporaryStoreError
from sync.loop import run
from sync.stores.dryrun import DryRunStore, Noted
from sync.stores.faults import Fault, FaultyStore, Kind, Step, seeded
from sync.stores.limits import LimitedStore, Limits, Pace
from sync.stores.local import LocalStore
from sync.stores.retry import RetryingStore, RetrySettings


class Time:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def failing(root: Path, *kinds: Kind | None, after: float | None = None) -> FaultyStore:
    """A local store whose first operations fail, each in its way."""
    todo = list(kinds)
    return FaultyStore(LocalStore(root), lambda _: Fault(todo.pop(0)) if todo else None)


def retrying(store: Store, time: Time, **settings: float) -> RetryingStore:
    chosen = RetrySettings(**settings)  # type: ignore[arg-type]
    return RetryingStore(store, chosen, draw=lambda: 1.0, sleep=time.sleep, clock=time.clock)


async def fetch(store: Store, key: str) -> bytes:
    async with store.read(key) as reading:
        assert reading is not None
        return b"".join([piece async for piece in reading.chunks()])


# --- retry


def test_temporary_failures_are_tried_again(tmp_path: Path) -> None:
    time = Time()

    async def visit() -> None:
        async with retrying(failing(tmp_path, Kind.UNREACHABLE, Kind.UNREACHABLE, Kind.UNREACHABLE), time) as store:
            await store.write("x.nc", b"bytes", Declared(5))
            assert await fetch(store, "x.nc") == b"bytes"
            assert store.retried == 3

    run(visit())
    assert time.pauses == [0.5, 1.0, 2.0]


def test_tries_and_time_are_bounded(tmp_path: Path) -> None:
    time = Time()

    async def visit(**settings: float) -> None:
        async with retrying(failing(tmp_path, *[Kind.UNREACHABLE] * 50), time, **settings) as store:
            await store.stat("x.nc")

    with pytest.raises(TemporaryStoreError):
        run(visit(tries=3))
    assert len(time.pauses) == 2
    with pytest.raises(TemporaryStoreError):
        run(visit(tries=100, seconds=10))
    assert time.now < 12


def test_the_server_may_ask_for_a_longer_pause(tmp_path: Path) -> None:
    time = Time()

    class Busy(LocalStore):
        async def stat(self, key: str):  # type: ignore[no-untyped-def]
            raise TemporaryStoreError("busy.", after=20.0)

    with pytest.raises(TemporaryStoreError):
        run(retrying(Busy(tmp_path), time, tries=3).stat("x"))
    assert time.pauses == [20.0, 20.0]


def test_what_is_certain_is_not_tried_again(tmp_path: Path) -> None:
    time = Time()

    async def visit() -> None:
        async with retrying(failing(tmp_path, None, None, None, Kind.FULL), time) as store:
            with pytest.raises(NotFoundError):
                await store.stat("none.nc")
            await store.write("x.nc", b"1", Declared(1))
            with pytest.raises(ChangedError):
                await store.write("x.nc", b"2", Declared(1), expect=Expect.NOTHING)
            with pytest.raises(StoreError, match="No space"):
                await store.write("x.nc", b"3", Declared(1))

    run(visit())
    assert time.pauses == []


def test_lost_answer_of_a_conditional_write(tmp_path: Path) -> None:
    """The second try meets our own bytes: that is success; somebody else's are not."""

    async def visit(body: bytes) -> None:
        store = failing(tmp_path, Kind.LOST_ANSWER)
        async with retrying(store, Time()) as retry:
            await retry.write("head.json", body, Declared(len(body)), expect=Expect.NOTHING)

    run(visit(b"ours"))
    with pytest.raises(ChangedError):
        run(visit(b"other"))
    assert (tmp_path / "head.json").read_bytes() == b"ours"


def test_a_body_is_not_sent_twice(tmp_path: Path) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"bytes"

    async def visit(kind: Kind) -> None:
        async with retrying(failing(tmp_path, kind), Time()) as store:
            await store.write("x.nc", body(), Declared(5))

    run(visit(Kind.UNREACHABLE))  # nothing was taken yet
    with pytest.raises(TemporaryStoreError):
        run(visit(Kind.LOST_ANSWER))


# --- limits


def test_pace_is_fair_and_exact() -> None:
    time = Time()
    order: list[int] = []

    async def visit() -> None:
        pace = Pace(10, sleep=time.sleep, clock=time.clock)

        async def take(number: int) -> None:
            await pace.take(1)
            order.append(number)

        await asyncio.gather(*[take(number) for number in range(31)])

    run(visit())
    assert order == list(range(31))
    assert time.now == pytest.approx(3.0)


def test_cancelled_waiters_use_nothing_up() -> None:
    async def visit() -> float:
        pace = Pace(20)
        await pace.take(1)
        waiting = [asyncio.ensure_future(pace.take(1000)) for _ in range(5)]
        await asyncio.sleep(0.01)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        began = asyncio.get_running_loop().time()
        await pace.take(1)
        return asyncio.get_running_loop().time() - began

    assert run(visit()) < 0.5


def test_limits_hold(tmp_path: Path) -> None:
    time = Time()
    most = 0
    now = 0

    async def visit() -> None:
        limits = Limits(requests_per_second=100, bytes_per_second=1_000_000, at_once=3)
        async with LimitedStore(LocalStore(tmp_path), limits, sleep=time.sleep, clock=time.clock) as store:

            async def work(number: int) -> None:
                nonlocal most, now
                await store.write(f"{number}.nc", bytes(10_000), Declared(10_000))
                async with store.read(f"{number}.nc") as reading:
                    now += 1
                    most = max(most, now)
                    await asyncio.sleep(0)
                    assert reading is not None
                    assert len(b"".join([piece async for piece in reading.chunks()])) == 10_000
                    now -= 1

            await asyncio.gather(*[work(number) for number in range(50)])

    run(visit())
    assert 1 < most <= 3
    assert time.now >= 0.98  # 100 requests, and a million bytes


# --- dry-run


def test_dry_run_touches_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.nc").write_bytes(b"old")

    async def visit() -> list[Noted]:
        async with DryRunStore(LocalStore(tmp_path)) as store:
            await store.write("x.nc", b"new!", Declared(4))
            await store.copy("x.nc", "y.nc")
            await store.delete("x.nc")
            with pytest.raises(NotFoundError):
                await store.copy("none.nc", "y.nc")
            assert await fetch(store, "x.nc") == b"old"
            return store.noted

    assert run(visit()) == [Noted("write", "x.nc", 4), Noted("copy", "y.nc", 3, "x.nc"), Noted("delete", "x.nc")]
    assert [path.name for path in tmp_path.iterdir()] == ["x.nc"]


# --- faults


def test_spoiled_bytes(tmp_path: Path) -> None:
    (tmp_path / "x.nc").write_bytes(b"hello")

    async def visit(kind: Kind) -> bytes:
        async with failing(tmp_path, kind) as store:
            return await fetch(store, "x.nc")

    wrong = run(visit(Kind.WRONG))
    assert len(wrong) == 5
    assert wrong != b"hello"
    with pytest.raises(TemporaryStoreError, match="after 2 bytes"):
        run(visit(Kind.CUT))


def test_seeded_faults_come_again() -> None:
    steps = [Step(number, "stat", "x") for number in range(200)]
    first, again = ([seeded(7, 0.3)(step) for step in steps[:1]] for _ in range(2))
    assert first == again
    script = seeded(7, 0.3)
    faults = [fault for step in steps if (fault := script(step)) is not None]
    assert 30 < len(faults) < 90
    assert {fault.kind for fault in faults} == set(Kind)


def test_crash_hooks_stand_around_durable_steps(tmp_path: Path) -> None:
    seen: list[str] = []

    class Crash(BaseException):
        pass

    def hook(step: Step, when: str) -> None:
        seen.append(f"{when} {step.action} {step.key}".strip())
        if when == "before" and step.action == "delete":
            raise Crash

    async def visit() -> None:
        async with FaultyStore(LocalStore(tmp_path), hook=hook) as store:
            await store.write("x.nc", b"x", Declared(1))
            await store.stat("x.nc")
            await store.flush()
            with pytest.raises(Crash):
                await store.delete("x.nc")

    run(visit())
    assert seen == ["before write x.nc", "after write x.nc", "before flush", "after flush", "before delete x.nc"]
    assert (tmp_path / "x.nc").exists()
