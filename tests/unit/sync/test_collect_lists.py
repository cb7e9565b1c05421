"""Lists of DACs: a removal list takes out what it names, or goes back whole; what it took out is kept and known."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from policies.removal import Held
from policies.submission import recognise
from sync.collect.lists import carry_out_list, decide_list
from sync.loop import run as run_loop
from sync.state import Ingested, State
from sync.state.collected import Item, NewItem, RuleSet, Step, Verdict
from sync.stores.local import LocalStore

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
RULES = RuleSet(policies="2026-11")
FLOAT = "13857"
NAMES = ("13857_meta.nc", "13857_prof.nc", "13857_tech.nc", "R13857_001.nc", "R13857_002.nc")


class Bench:
    """A state, a hub that holds one float of aoml, and lists that came through accounts."""

    def __init__(self, root: Path, state: State) -> None:
        self.root, self.state, self.hub = root, state, LocalStore(root / "hub")
        self.asked: list[frozenset[str]] = []
        for name in NAMES:
            (file := root / "hub" / self.path(name)).parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(f"bytes of {name}".encode())

    @staticmethod
    def path(name: str) -> str:
        return f"dac/aoml/{FLOAT}/{'profiles/' if name.startswith('R') else ''}{name}"

    def held(self, wmos):
        self.asked.append(frozenset(wmos))
        return {FLOAT: Held("aoml", frozenset(NAMES))} if FLOAT in wmos else {}

    def enter(self, raw: bytes, name: str = "aoml_removal.txt", account: str = "aoml") -> tuple[Item, Path]:
        number = self.state.open_submission(account, None, NOW)
        known = recognise(name)
        kind = known.kind if known else None
        new = NewItem(name, name, len(raw), hashlib.sha256(raw).digest(), kind, NOW, step=Step.CHECKED)
        (id_,) = self.state.add_items(number, [new])
        (file := self.root / f"list-{id_}").write_bytes(raw)
        item = self.state.item(id_)
        assert item is not None
        return item, file

    def decide(self, raw: bytes, name: str = "aoml_removal.txt", account: str = "aoml"):
        item, file = self.enter(raw, name, account)
        told = decide_list(self.state, item, account, file, self.held, RULES)
        self.state.decided([told.decided])
        again = self.state.item(item.id)
        assert again is not None
        return told, again, file

    def carry_out(self, item: Item, file: Path) -> tuple[str, ...]:
        return run_loop(carry_out_list(self.state, self.root / "state", self.hub, item, "aoml", file, NOW))


@pytest.fixture
def bench(tmp_path):
    with State.open(tmp_path / "state") as state:
        yield Bench(tmp_path, state)


def reasons(told) -> list[str]:
    return [f"{one.policy} {one.told}" for one in told.decided.reasons]


def test_a_list_is_carried_out_and_its_files_are_kept(bench):
    told, item, file = bench.decide(b"R13857_002.nc  \r\n\r\nR13857_001.nc\r\n")
    assert told.decided.verdict is Verdict.REMOVED
    assert set(told.leaving) == {bench.path("R13857_001.nc"), bench.path("R13857_002.nc")}
    assert bench.asked == [frozenset({FLOAT})]

    assert bench.carry_out(item, file) == ()

    kept = bench.root / "hub/etc/removed/aoml/13857" / str(item.submission) / "R13857_001.nc"
    assert kept.read_bytes() == b"bytes of R13857_001.nc"
    assert (bench.root / "hub" / bench.path("R13857_001.nc")).is_file(), "readable under its path for the grace"
    left = bench.state.leaving()
    assert [(one.path, one.why, one.item) for one in left] == [
        (bench.path(name), "removed", item.id) for name in ("R13857_001.nc", "R13857_002.nc")
    ]
    first, _ = bench.state.removals(item.id)
    assert first.sha256 == hashlib.sha256(b"bytes of R13857_001.nc").digest()
    assert (first.removed, first.deleted, first.named) == (NOW, None, True)
    done = bench.state.item(item.id)
    assert done is not None
    assert done.step is Step.DONE


def test_carried_out_twice_is_carried_out_once(bench):
    _, item, file = bench.decide(b"R13857_001.nc\n")
    bench.carry_out(item, file)
    (bench.root / "hub" / bench.path("R13857_001.nc")).write_bytes(b"came again since")
    bench.carry_out(item, file)
    kept = bench.root / "hub/etc/removed/aoml/13857" / str(item.submission) / "R13857_001.nc"
    assert kept.read_bytes() == b"bytes of R13857_001.nc"


def test_what_was_decided_is_done_whatever_the_archive_holds_by_then(bench):
    _, item, file = bench.decide(b"R13857_001.nc\n")
    (bench.root / "hub" / bench.path("R13857_001.nc")).unlink()
    file.unlink()
    (note,) = bench.carry_out(item, file)
    assert bench.path("R13857_001.nc") in note
    assert [one.path for one in bench.state.leaving()] == [bench.path("R13857_001.nc")]


def test_a_float_that_is_emptied_takes_what_was_made_of_it_along(bench):
    submitted = [name for name in NAMES if name != "13857_prof.nc"]
    told, item, file = bench.decide("\n".join(submitted).encode())
    assert set(told.leaving) == {bench.path(name) for name in NAMES}
    bench.carry_out(item, file)
    assert {one.path: one.why for one in bench.state.leaving()} == {
        **{bench.path(name): "removed" for name in submitted},
        bench.path("13857_prof.nc"): "emptied",
    }


def test_a_file_that_came_and_was_not_sealed_leaves_the_journal(bench):
    path = bench.path("R13857_001.nc")
    bench.state.journal([Ingested(path, 1, b"\1" * 32, b"\2" * 16, NOW, None)])
    _, item, file = bench.decide(b"R13857_001.nc\n")
    bench.carry_out(item, file)
    assert list(bench.state.pending()) == []


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"R13857_001.nc\nR13857_999.nc\n", "ACC-010 line 2: R13857_999.nc is not in the archive"),
        (b"../../etc/passwd\n", "ACC-010 line 1: '../../etc/passwd' is no name of a file"),
        (b"R1901234_001.nc\n", "ACC-010 line 1: R1901234_001.nc: the archive has no such float"),
        (b"13857_meta.nc\n", "ACC-011 line 1: 13857_meta.nc stays while 3 other files"),
        (b"13857_prof.nc\n", "ACC-010 line 1: 13857_prof.nc is made by the GDAC"),
        (b"\r\n  \r\n", "ACC-010 the list names no file"),
        ("R13857_001.nc\n".encode("utf-16"), "ACC-010 the list is UTF-16 text"),
        (b"\xff\xfe\x00", "ACC-010 the list is UTF-16 text"),
        (b"R13857_001.nc\x1b[2J\n", r"ACC-010 line 1: 'R13857_001.nc\x1b[2J' is no name of a file"),
    ],
)
def test_one_bad_line_sends_the_list_back(bench, raw, expected):
    told, item, _ = bench.decide(raw)
    assert told.decided.verdict is Verdict.REFUSED
    assert told.leaving == ()
    assert reasons(told)[0].startswith(expected)
    assert bench.state.removals(item.id) == []


def test_a_list_of_rubbish_has_a_bounded_report(bench):
    told, _, _ = bench.decide(b"rubbish\n" * 5000)
    assert len(told.decided.reasons) == 101
    assert reasons(told)[-1] == "ACC-010 and 4,900 more lines that are bad"


@pytest.mark.parametrize(("name", "policy"), [("csiro_removal.txt", "ACC-010"), ("csiro_greylist.csv", "ACC-012")])
def test_a_list_of_another_dac_is_refused_unread(bench, name, policy):
    told, _, _ = bench.decide(b"R13857_001.nc\n", name)
    assert told.decided.verdict is Verdict.REFUSED
    assert [one.policy for one in told.decided.reasons] == [policy]
    assert bench.asked == []


def test_bytes_that_the_disk_lost_or_changed_are_asked_for_again(bench):
    for spoil in (lambda file: file.unlink(), lambda file: file.write_bytes(b"R13857_002.nc\n")):
        item, file = bench.enter(b"R13857_001.nc\n")
        spoil(file)
        told = decide_list(bench.state, item, "aoml", file, bench.held, RULES)
        assert reasons(told) == [
            "ACC-010 the bytes that were taken are no longer whole beside the state; please send the list again"
        ]


def test_deciding_again_makes_the_plan_anew(bench):
    item, file = bench.enter(b"R13857_001.nc\n")
    decide_list(bench.state, item, "aoml", file, bench.held, RULES)
    decide_list(bench.state, item, "aoml", file, bench.held, RULES)
    assert [one.path for one in bench.state.removals(item.id)] == [bench.path("R13857_001.nc")]


def test_places_of_kept_bytes_are_told_to_audits(bench):
    assert list(bench.state.kept_removals()) == []
    _, item, file = bench.decide(b"R13857_001.nc\n")
    bench.carry_out(item, file)
    (kept,) = bench.state.kept_removals()
    assert (bench.root / "hub" / kept).is_file()
    bench.state.forget_removed(bench.state.removals(item.id), NOW)
    assert list(bench.state.kept_removals()) == []
