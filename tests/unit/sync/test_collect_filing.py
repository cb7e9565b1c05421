"""What was refused goes back with its reasons, under names that harm nobody; nothing of an item stays with us."""

import io
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gdac.errors import StoreError
from policies.submission import recognise
from sync.collect.filing import file_items, reject_key
from sync.collect.held import held_file, held_folder
from sync.collect.inbox import opened_inbox
from sync.collect.section import CollectSection
from sync.collect.unpack import unpack
from sync.loop import run
from sync.state import State
from sync.state.collect import Checked, Decided
from sync.state.collected import Item, NewItem, Reason, RuleSet, Step, Verdict

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PROFILE, META = "R4900001_001.nc", "4900001_meta.nc"
FOUND = {
    "verdict": "rejected",
    "file_type": "core-profile",
    "phase": "DATA-VALIDATION",
    "findings": [
        {"rule": "PRF-TIME-001", "severity": "error", "text": "it is <odd> & \x1b[2J", "variable": "JULD",
         "index": [1], "found": "7", "count": 2},
        {"rule": "PRF-TIME-002", "severity": "warning", "where": "file", "text": "so so", "count": 1},
    ],
    "versions": {"checker": "1.0", "specification": "2026", "tables": "t"},
}  # fmt: skip


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State.open(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def account(tmp_path: Path) -> Path:
    (tmp_path / "aoml/submit").mkdir(parents=True)
    return tmp_path / "aoml"


def enter(state: State, number: int, name: str, body: bytes) -> Item:
    known = recognise(name)
    new = NewItem(name, name, len(body), sha256(body).digest(), known.kind if known else None, NOW, step=Step.TAKEN)
    item = state.item(state.add_items(number, [new])[0])
    assert item is not None
    file = held_file(state.directory, item)
    file.parent.mkdir(parents=True)
    file.write_bytes(body)
    return item


def refuse(state: State, item: Item, *reasons: Reason) -> None:
    state.decided([Decided(item.id, Verdict.REFUSED, reasons=reasons, rules=RuleSet(policies="p"))])


def filed(state: State, account: Path, number: int) -> tuple[str, ...]:
    section = CollectSection.model_validate({"inbox": {"aoml": {"store": str(account)}}, "settle": timedelta(0)})

    async def visit() -> tuple[str, ...]:
        submission = state.submission(number)
        assert submission is not None
        async with opened_inbox("aoml", section) as inbox:
            return await file_items(inbox, state, state.directory, submission, NOW)

    return run(visit())


def given_back(account: Path) -> dict[str, bytes]:
    return {str(one.relative_to(account)): one.read_bytes() for one in account.rglob("*") if one.is_file()}


def test_refused_files_go_back_with_their_reasons(state, account):
    number = state.open_submission("aoml", 1, NOW)
    bad, good, other = (enter(state, number, name, b"CDF") for name in (PROFILE, META, "notes & <more>.txt"))
    state.checked([Checked(bad.id, FOUND, None, RuleSet("1.0", "2026", "t"))])
    refuse(state, bad, Reason("ACC-003", "the checker does not accept the file"), Reason("ACC-004", "another's float"))
    refuse(state, other, Reason("ACC-002", "it is no name that a DAC submits"))
    state.decided([Decided(good.id, Verdict.PUBLISHED, f"dac/aoml/4900001/{META}")])
    assert filed(state, account, number) == ()
    assert {one.name: one.step for one in state.items(number)} == {
        PROFILE: Step.FILED,
        META: Step.DECIDED,  # not published yet
        other.name: Step.FILED,
    }
    assert held_file(state.directory, good).exists()
    back = given_back(account)
    assert set(back) == {f"reject/{name}{end}" for name in (PROFILE, other.name) for end in ("", ".filecheck")}
    document = ET.fromstring(back[f"reject/{PROFILE}.filecheck"])
    assert (document.findtext("status"), document.findtext("phase")) == ("FILE-REJECTED", "DATA-VALIDATION")
    errors = [one.text or "" for one in document.iter("error")]
    assert len(errors) == 2
    assert errors[0].startswith("PRF-TIME-001: JULD[1]: it is <odd> & ")
    assert errors[1] == "ACC-004: file: Another's float."
    assert [one.text for one in document.iter("warning")] == ["PRF-TIME-002: file: so so"]
    document = ET.fromstring(back[f"reject/{other.name}.filecheck"])
    assert document.findtext("file") == other.name
    state.done([good.id])
    filed(state, account, number)
    assert not held_folder(state.directory, number).exists()
    assert set(given_back(account)) == set(back)


def test_members_go_into_a_folder_of_their_archive(state, account):
    number = state.open_submission("aoml", 1, NOW)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as packed:
        for name in (f"a/{PROFILE}", META, "R4900001_002.nc"):
            info = tarfile.TarInfo(name)
            info.size = 0 if "002" in name else 3
            packed.addfile(info, io.BytesIO(b"CDF"))
    enter(state, number, "nc_2026.11.23.tar.gz", out.getvalue())
    submission = state.submission(number)
    assert submission is not None
    run(unpack(state, state.directory, submission, NOW))
    for item in state.items(number, step=Step.TAKEN):
        refuse(state, item, Reason("ACC-003", "the checker does not accept the file"))
    filed(state, account, number)
    folder = f"reject/nc_2026.11.23.tar.gz.{number}"
    assert set(given_back(account)) == {
        f"{folder}/{name}{end}" for name in (PROFILE, META) for end in ("", ".filecheck")
    }
    assert {one.step for one in state.items(number)} == {Step.FILED}
    assert not held_folder(state.directory, number).exists()
    document = ET.fromstring(given_back(account)[f"{folder}/{PROFILE}.filecheck"])
    assert document.findtext("file") == f"nc_2026.11.23.tar.gz!a/{PROFILE}"


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("readme.txt", "reject/readme.txt"),
        (f"{PROFILE}.filecheck", f"reject/{PROFILE}.filecheck.refused"),
        ("nc.7", "reject/nc.7.refused"),
        ("nc.7.refused", "reject/nc.7.refused.refused"),
        ("unnamed-1", "reject/unnamed-1.refused"),
        ("..", "reject/unnamed-{id}"),
        ("a\\b", "reject/unnamed-{id}"),
        ("e\u0301.nc", "reject/unnamed-{id}"),
        ("x" * 250, "reject/unnamed-{id}"),
    ],
)
def test_names_harm_nobody(state, account, name, called):
    number = state.open_submission("aoml", 1, NOW)
    item = enter(state, number, name, b"whatever")
    refuse(state, item, Reason("ACC-002", "no such name"))
    filed(state, account, number)
    key = called.format(id=item.id)
    assert set(given_back(account)) == {key, f"{key}.filecheck"}


def test_no_refused_item_takes_the_place_of_another(account):
    section = CollectSection.model_validate({"inbox": {"aoml": {"store": str(account)}}})

    async def visit() -> tuple[set[str], int]:
        async with opened_inbox("aoml", section) as inbox:
            one = Item(2, 3, 1, META, META, 1, None, None, NOW, None, Step.DONE, True, None, None, None, None, (),
                          RuleSet(), None, None)  # fmt: skip
            archives = ("a.tar.gz", "a.tgz", "a-tgz.tar.gz", "a.tgz.tar.gz")
            keys = [reject_key(inbox, one, replace(one, name=name)) for name in archives]
            loose = (*archives, *(f"{name}.3" for name in archives), "x", "x.filecheck", "x.filecheck.refused", "..",
                     "unnamed-2", "unnamed-2.refused")  # fmt: skip
            keys += [reject_key(inbox, replace(one, name=name, kind=None)) for name in loose]
            return {*keys, *(f"{key}.filecheck" for key in keys)}, len(keys)

    found, keys = run(visit())
    assert len(found) == 2 * keys
    assert f"reject/a.tar.gz.3/{META}" in found
    assert not found & {f"reject/{name}.3" for name in ("a.tar.gz", "a.tgz")}  # they are folders


def test_filing_goes_on_where_it_broke_off(state, account):
    number = state.open_submission("aoml", 1, NOW)
    for name in (PROFILE, META):
        refuse(state, enter(state, number, name, b"CDF"), Reason("ACC-003", "no"))
    (account / "reject").write_bytes(b"a file in the way")
    with pytest.raises(StoreError):
        filed(state, account, number)
    assert {one.step for one in state.items(number)} == {Step.DECIDED}
    (account / "reject").unlink()
    filed(state, account, number)
    assert len(given_back(account)) == 4
    assert filed(state, account, number) == ()


def test_bytes_that_are_not_there_are_told(state, account):
    number = state.open_submission("aoml", 1, NOW)
    item = enter(state, number, PROFILE, b"CDF")
    held_file(state.directory, item).unlink()
    refuse(state, item, Reason("ACC-003", "no"))
    (note,) = filed(state, account, number)
    assert PROFILE in note
    assert {one.step for one in state.items(number)} == {Step.FILED}
