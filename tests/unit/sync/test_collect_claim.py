"""Claiming: whole files come out of an inbox once, whatever happens on the way; the rest stays where it is."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gdac.errors import StoreError
from gdac.store import Declared
from sync.collect.claim import Claimed, claim, finish_claim
from sync.collect.copying import ChangedError, copy_in, take_out
from sync.collect.held import held_file, held_folder
from sync.collect.inbox import Look, Waiting, opened_inbox
from sync.collect.room import Room, plan_claim
from sync.collect.section import CollectSection
from sync.collect.seen import TOLD, Seen
from sync.loop import run
from sync.progress import Silent
from sync.state import State
from sync.state.collected import Item, NewItem, Step, Verdict
from sync.stores.local import LocalStore
from tests import servers

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PROFILE = "R4900001_001.nc"


def section(store: str, **options: object) -> CollectSection:
    return CollectSection.model_validate({"inbox": {"aoml": {"store": store, **options}}, "settle": timedelta(0)})


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State.open(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def submit(tmp_path: Path) -> Path:
    folder = tmp_path / "aoml" / "submit"
    folder.mkdir(parents=True)
    return folder


def claimed(state: State, into: CollectSection, most_files: int = 1000, now: datetime = NOW, **more: Any) -> Claimed:
    async def visit() -> Claimed:
        async with opened_inbox("aoml", into) as inbox:
            return await claim(
                inbox, state, state.directory, run=7, now=now, most_files=most_files, reporter=Silent(), **more
            )

    return run(visit())


def finished(state: State, into: CollectSection, number: int) -> bool:
    async def visit() -> bool:
        submission = state.submission(number)
        assert submission is not None
        async with opened_inbox("aoml", into) as inbox:
            return await finish_claim(inbox, state, state.directory, submission)

    return run(visit())


def items(state: State, number: int | None) -> dict[str, Item]:
    assert number is not None
    return {one.name: one for one in state.items(number)}


def test_files_come_out_of_the_inbox_and_lie_beside_the_state(state, submit):
    bodies = {PROFILE: b"CDF profile", "4900001_meta.nc": os.urandom(2_000_000), "what is this.txt": b"text"}
    for name, body in bodies.items():
        (submit / name).write_bytes(body)
    found = claimed(state, section(str(submit.parent)), forced=True)
    assert (found.left, found.notes, found.failed) == (0, (), "")
    entered = items(state, found.number)
    assert set(entered) == set(bodies)
    for name, one in entered.items():
        assert (one.step, one.verdict, one.size) == (Step.TAKEN, None, len(bodies[name]))
        assert one.sha256 == sha256(bodies[name]).digest()
        assert held_file(state.directory, one).read_bytes() == bodies[name]
    assert held_file(state.directory, entered["what is this.txt"]).name == "file"
    assert not list(submit.iterdir())
    submission = state.submission(found.number or 0)
    assert submission is not None
    assert (submission.dac, submission.run, submission.forced) == ("aoml", 7, True)
    assert not list(held_folder(state.directory, found.number or 0).glob("incoming*"))
    assert claimed(state, section(str(submit.parent))) == Claimed(None, (), 0)


def test_what_a_run_that_died_had_begun_to_put_back_goes(state, submit):
    (submit / PROFILE).write_bytes(b"CDF")
    left = submit.parent / ".gdac-tmp" / "f00d"
    left.mkdir(parents=True)
    (left / "1").write_bytes(b"half a rejec")
    claimed(state, section(str(submit.parent)))
    assert not left.exists()


def test_arrival_is_the_files_own_time_where_that_can_be(state, submit):
    for name, when in ((PROFILE, NOW - timedelta(hours=2)), ("4900001_meta.nc", NOW - timedelta(days=900)),
                       ("4900001_tech.nc", NOW + timedelta(days=1))):  # fmt: skip
        (submit / name).write_bytes(b"CDF")
        os.utime(submit / name, (when.timestamp(), when.timestamp()))
    entered = items(state, claimed(state, section(str(submit.parent))).number)
    assert entered[PROFILE].arrived == NOW - timedelta(hours=2)
    assert entered["4900001_meta.nc"].arrived == entered["4900001_tech.nc"].arrived == NOW


def test_empty_files_are_refused_unread_and_deleted(state, submit):
    (submit / PROFILE).write_bytes(b"CDF")
    for number in range(300):
        (submit / f"R49{number + 100:05}_001.nc").touch()
    found = claimed(state, section(str(submit.parent)), most_files=250)
    assert found.left == 51
    entered = items(state, found.number)
    assert entered[PROFILE].step is Step.TAKEN  # before any of those
    empty = [one for one in entered.values() if one.name != PROFILE]
    assert len(empty) == 249
    for one in empty:
        assert (one.step, one.verdict, one.has_bytes, one.sha256) == (Step.FILED, Verdict.REFUSED, False, None)
        assert [reason.policy for reason in one.reasons] == ["ACC-008"]
        assert one.rules.policies
    assert len(list(submit.iterdir())) == 51
    assert state.taken_since("aoml", NOW - timedelta(days=1)) == (1, 3)  # no quota for what never travelled


def test_what_is_too_large_or_odd_stays_and_is_told_once(state, submit):
    with (submit / PROFILE).open("wb") as sparse:
        sparse.truncate(1 << 30)
    (submit / "aoml_removal.txt").symlink_to("/etc/hostname")
    into = section(str(submit.parent))
    found = claimed(state, into)
    told = {one.name: (one.step, one.verdict, one.reasons[0].policy) for one in items(state, found.number).values()}
    assert told == {
        PROFILE: (Step.FILED, Verdict.REFUSED, "ACC-008"),
        "aoml_removal.txt": (Step.FILED, Verdict.REFUSED, "ACC-002"),
    }
    assert claimed(state, into).number is None
    assert claimed(state, into).number is None
    with (submit / PROFILE).open("r+b") as sparse:
        sparse.truncate(1 << 29)
    assert list(items(state, claimed(state, into).number)) == [PROFILE]
    assert (submit / PROFILE).exists()
    (submit / PROFILE).write_bytes(b"CDF")
    assert items(state, claimed(state, into).number)[PROFILE].step is Step.TAKEN


def test_the_rest_waits_and_its_dac_is_told(state, submit):
    for number in range(5):
        (submit / f"R490000{number}_001.nc").write_bytes(b"CDF")
        os.utime(submit / f"R490000{number}_001.nc", (1000 - number, 1000 - number))
    found = claimed(state, section(str(submit.parent)), most_files=2)
    assert found.left == 3
    assert "one run takes no more than 2 files" in found.notes[0]
    assert set(items(state, found.number)) == {"R4900004_001.nc", "R4900003_001.nc"}  # the oldest
    submission = state.submission(found.number or 0)
    assert submission is not None
    assert submission.notes == found.notes
    small = claimed(state, section(str(submit.parent)), most_bytes=7)
    assert (len(items(state, small.number)), small.left) == (2, 1)


def waiting(name: str, size: int) -> Waiting:
    return Waiting(name, size, NOW, "v")


def test_a_quota_lets_the_rest_wait_until_tomorrow():
    look = Look((waiting("R4900001_001.nc", 5), waiting("R4900001_002.nc", 5)), (), (), False, {})
    plan = plan_claim("aoml", look, {}, Room(100, 1 << 40, files_today=149_999))
    assert ([one.name for one in plan.take], plan.left) == (["R4900001_001.nc"], 1)
    assert "[ACC-009]" in plan.notes[0]
    plan = plan_claim("aoml", look, {}, Room(100, 1 << 40, size_today=137_438_953_472 - 6))
    assert ([one.name for one in plan.take], plan.left) == (["R4900001_001.nc"], 1)
    told = {"R4900001_001.nc": Seen(TOLD, "5 v", NOW).text}
    assert len(plan_claim("aoml", look, told, Room(100, 1 << 40)).take) == 2  # only what is too large is left out


def test_a_file_that_changes_or_goes_meanwhile_is_left(submit, tmp_path):
    into = section(str(submit.parent))

    async def visit() -> None:
        async with opened_inbox("aoml", into) as inbox, LocalStore(tmp_path / "held") as held:
            for change in ("grow", "shrink", "replace"):
                (submit / PROFILE).write_bytes(b"C" * 3_000_000)
                (one,) = (await inbox.waiting({}, NOW)).whole
                if change == "grow":
                    with (submit / PROFILE).open("ab") as file:
                        file.write(b"more")
                elif change == "shrink":
                    (submit / PROFILE).write_bytes(b"C" * 100)
                else:
                    (submit / "other").write_bytes(b"D" * 3_000_000)
                    (submit / "other").replace(submit / PROFILE)
                with pytest.raises(ChangedError):
                    await copy_in(inbox, one, held, "x", NOW)
                assert [info.path async for info in held.list("")] == []
                assert not await take_out(inbox, one.name, one.size, one.validator)
                assert (submit / PROFILE).exists()

    run(visit())


def test_an_account_that_cannot_be_reached_is_an_error(state):
    with pytest.raises(StoreError):
        claimed(state, section("ftp://127.0.0.1:1/aoml", timeout=1))
    assert not state.open_submissions()


def _half_way(state: State, submit: Path, *, placed: bool, taken_out: bool) -> int:
    """A claim that broke off after the item was entered."""
    body = b"CDF half way"
    (submit / PROFILE).write_bytes(body)
    number = state.open_submission("aoml", 7, NOW)
    stat = (submit / PROFILE).stat()
    validator = f"{stat.st_size}-{stat.st_mtime_ns}-{stat.st_ino}"
    new = NewItem(PROFILE, PROFILE, len(body), sha256(body).digest(), None, NOW, validator)
    (entered,) = state.add_items(number, [new])
    item = state.item(entered)
    assert item is not None
    incoming = held_folder(state.directory, number) / "incoming"
    incoming.mkdir(parents=True)
    target = incoming / sha256(PROFILE.encode()).hexdigest()[:32]
    if placed:
        target = held_file(state.directory, item)
        target.parent.mkdir()
    target.write_bytes(body)
    if taken_out:
        (submit / PROFILE).unlink()
    return number


@pytest.mark.parametrize("taken_out", [False, True])
@pytest.mark.parametrize("placed", [False, True])
def test_a_claim_that_broke_off_is_finished(state, submit, placed, taken_out):
    number = _half_way(state, submit, placed=placed, taken_out=taken_out)
    into = section(str(submit.parent))
    assert claimed(state, into).number is None  # the same file is not taken twice
    assert finished(state, into, number)
    (item,) = items(state, number).values()
    assert item.step is Step.TAKEN
    assert held_file(state.directory, item).read_bytes() == b"CDF half way"
    assert not list(submit.iterdir())
    assert not (held_folder(state.directory, number) / "incoming").exists()


def test_what_came_after_a_claim_broke_off_is_not_lost(state, submit):
    number = _half_way(state, submit, placed=True, taken_out=False)
    (submit / PROFILE).write_bytes(b"CDF another version")
    into = section(str(submit.parent))
    assert finished(state, into, number)
    assert (submit / PROFILE).exists()
    again = claimed(state, into)
    assert items(state, again.number)[PROFILE].sha256 == sha256(b"CDF another version").digest()


def test_a_claim_that_broke_off_before_anything_was_entered_is_forgotten(state, submit):
    number = state.open_submission("aoml", 7, NOW)
    incoming = held_folder(state.directory, number) / "incoming"
    incoming.mkdir(parents=True)
    (incoming / "half").write_bytes(b"CD")
    assert not finished(state, section(str(submit.parent)), number)
    assert state.submission(number) is None
    assert not incoming.parent.exists()


def test_bytes_that_were_lost_are_asked_for_again(state, submit):
    number = _half_way(state, submit, placed=True, taken_out=True)
    shutil.rmtree(held_folder(state.directory, number))
    assert finished(state, section(str(submit.parent)), number)
    (item,) = items(state, number).values()
    assert (item.verdict, item.step, item.has_bytes) == (Verdict.REFUSED, Step.DECIDED, False)
    assert "send the file again" in item.reasons[0].told


REMOTE: dict[str, Callable[[Path], AbstractContextManager[servers.Server]]] = {
    "ftp": lambda root: servers.ftp_pyftpdlib(root, user=servers.USER, rights=servers.WRITES),
    "sftp": servers.sftp_rclone,
    "s3": lambda _: servers.s3_moto(),
}


@pytest.mark.parametrize("kind", REMOTE)
def test_files_come_out_of_distant_inboxes(kind, state, tmp_path, monkeypatch):
    root = tmp_path / "served"
    root.mkdir()
    monkeypatch.setenv("GDAC_INBOX_AOML_USER", servers.USER)
    monkeypatch.setenv("GDAC_INBOX_AOML_PASSWORD", servers.PASSWORD)
    bodies = {f"R490000{number}_001.nc": os.urandom(1000 + number) for number in range(5)}
    with REMOTE[kind](root) as server:
        more = {"endpoint": server.endpoint} if kind == "s3" else {}
        more |= {"known_hosts": server.trust} if kind == "sftp" else {}
        into = section(f"{server.url}/aoml", **more)

        async def fill() -> None:
            async with opened_inbox("aoml", into) as inbox:
                for name, body in {**bodies, "R4900009_001.nc": b""}.items():
                    await inbox.store.write(inbox.key(name), body, Declared(len(body)))

        async def left() -> list[str]:
            async with opened_inbox("aoml", into) as inbox:
                return [info.path async for info in inbox.store.list("submit")]

        run(fill())
        found = claimed(state, into)
        assert run(left()) == []
        assert claimed(state, into).number is None
    entered = items(state, found.number)
    assert entered.pop("R4900009_001.nc").verdict is Verdict.REFUSED
    assert {name: held_file(state.directory, one).read_bytes() for name, one in entered.items()} == bodies
    assert {one.step for one in entered.values()} == {Step.TAKEN}
    assert replace(found, number=None) == Claimed(None, (), 0)
