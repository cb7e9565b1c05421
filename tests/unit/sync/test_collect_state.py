"""What the state keeps of submissions: items step by step, and the journal of what came and left."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from policies.submission import Submission as Kind
from sync.state import Ingested, State
from sync.state.collect import Checked, Decided, Exclusion
from sync.state.collected import Item, Leaving, NewItem, Reason, RuleSet, Step, Verdict

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
RULES = RuleSet("0.1", "r1", "t1", "p1")


@pytest.fixture
def state(tmp_path) -> Iterator[State]:
    with State.open(tmp_path) as opened:
        yield opened


def new(name: str = "4900001_meta.nc", **more: object) -> NewItem:
    values = {"label": name, "size": 3, "sha256": b"\1" * 32, "kind": Kind.METADATA, "arrived": NOW, **more}
    return NewItem(name, **values)  # type: ignore[arg-type]


def came(path: str, date: datetime | None = NOW) -> Ingested:
    return Ingested(path, 3, b"\1" * 32, b"\2" * 16, date, date)


def only(state: State, number: int) -> Item:
    (item,) = state.items(number)
    return item


def test_an_item_goes_its_way(state):
    number = state.open_submission("aoml", 7, NOW, forced=True)
    (id_,) = state.add_items(number, [new()])
    assert (only(state, number).step, only(state, number).has_bytes) == (Step.COPIED, True)
    state.move_items([id_], Step.TAKEN)
    state.checked([Checked(id_, {"verdict": "accepted"}, NOW, RULES, "AO", "4900001")])
    item = only(state, number)
    assert (item.step, item.result, item.date_update, item.rules) == (Step.CHECKED, {"verdict": "accepted"}, NOW, RULES)
    assert (item.centre, item.platform) == ("AO", "4900001")
    state.decided([Decided(id_, Verdict.PUBLISHED, "dac/a", "dac/b", (Reason("ACC-001", "so"),))])
    item = only(state, number)
    assert (item.step, item.verdict, item.path, item.replaces) == (Step.DECIDED, Verdict.PUBLISHED, "dac/a", "dac/b")
    assert item.reasons == (Reason("ACC-001", "so"),)
    assert item.rules == RULES  # not given anew
    state.done([id_], [came("dac/a")], [Leaving("dac/b", "replaced", id_)], arrived=NOW)
    assert only(state, number).step is Step.DONE
    state.collected_sealed(4)
    assert (only(state, number).serial, state.submission(number).serial) == (4, 4)
    state.move_items([id_], Step.FILED, has_bytes=False)
    assert not only(state, number).has_bytes
    assert state.count_items(number) == {(Step.FILED, Verdict.PUBLISHED): 1}
    state.note_submission(number, ["wait"])
    state.end_submission(number, NOW)
    state.mark_mailed(number, NOW)
    ended = state.submission(number)
    assert (ended.dac, ended.run, ended.forced, ended.notes, ended.ended, ended.mailed) == (
        "aoml",
        7,
        True,
        ("wait",),
        NOW,
        NOW,
    )
    assert state.open_submissions() == []


def test_members_and_that_their_archive_is_open_are_one(state):
    number = state.open_submission("aoml", 1, NOW)
    (archive,) = state.add_items(number, [new("a.tar.gz", kind=Kind.ARCHIVE, step=Step.TAKEN)])
    with pytest.raises(AttributeError):
        state.unpacked(archive, [new(parent=archive), None])  # type: ignore[list-item]
    assert [item.verdict for item in state.items(number)] == [None]
    ids = state.unpacked(archive, [new(parent=archive, step=Step.TAKEN), new("x.nc", kind=None, parent=archive)])
    found = {item.id: item for item in state.items(number)}
    assert (found[archive].verdict, found[archive].step) == (Verdict.OPENED, Step.DONE)
    assert [found[id_].parent for id_ in ids] == [archive, archive]
    assert found[ids[1]].kind is None


def test_items_come_a_page_at_a_time(state):
    number = state.open_submission("aoml", 1, NOW)
    ids = state.add_items(number, [new(f"{at}.nc", step=Step.TAKEN if at % 2 else Step.COPIED) for at in range(7)])
    page = state.items(number, most=3)
    assert [item.id for item in page] == ids[:3]
    assert [item.id for item in state.items(number, after=ids[2], most=3)] == ids[3:6]
    assert [item.id for item in state.items(number, step=Step.TAKEN)] == ids[1::2]


def test_what_comes_is_not_leaving_and_what_leaves_is_not_coming(state):
    state.done((), [came("dac/a"), came("dac/b")], [Leaving("dac/c", "removed", 1)], arrived=NOW)
    state.done((), [came("dac/c")], [Leaving("dac/a", "removed", 2)], arrived=NOW + timedelta(hours=1))
    assert sorted(row[0] for row in state.pending()) == ["dac/b", "dac/c"]
    assert [(one.path, one.item) for one in state.leaving()] == [("dac/a", 2)]
    assert [path for path, _ in state.arrivals(NOW)] == ["dac/b", "dac/c"]
    assert state.leaving_count() == 1


def test_what_we_made_ourselves_did_not_arrive(state):
    state.done((), [came("dac/aoml/4900001/4900001_prof.nc")])
    assert state.arrivals(NOW - timedelta(days=30)) == []
    assert state.pending_count() == 1


def test_arrivals_older_than_asked_for_are_forgotten(state):
    state.done((), [came("dac/a")], arrived=NOW - timedelta(days=40))
    state.done((), [came("dac/b")], arrived=NOW)
    assert [path for path, _ in state.arrivals(NOW - timedelta(days=30))] == ["dac/b"]
    assert [path for path, _ in state.arrivals(NOW - timedelta(days=50))] == ["dac/b"]


def test_a_seal_speaks_only_of_what_is_done(state):
    number = state.open_submission("aoml", 1, NOW)
    done, waiting, refused = state.add_items(number, [new("a.nc"), new("b.nc"), new("c.nc")])
    state.decided([Decided(done, Verdict.PUBLISHED, "dac/a"), Decided(waiting, Verdict.PUBLISHED, "dac/b")])
    state.decided([Decided(refused, Verdict.REFUSED, reasons=(Reason("ACC-002", "no"),))])
    state.done([done], [came("dac/a")])
    state.move_items([refused], Step.DONE)
    state.collected_sealed(9)
    assert {item.id: item.serial for item in state.items(number)} == {done: 9, waiting: None, refused: None}
    assert (state.pending_count(), state.leaving_count()) == (0, 0)


def test_the_quota_counts_what_lay_in_the_inbox(state):
    number = state.open_submission("aoml", 1, NOW)
    (archive,) = state.add_items(number, [new("a.tar.gz", size=100, kind=Kind.ARCHIVE)])
    state.unpacked(archive, [new(parent=archive, size=1000)])
    replayed = state.open_submission("aoml", None, NOW, replay_of=number)
    state.add_items(replayed, [new(size=50)])
    state.add_items(state.open_submission("jma", 1, NOW), [new(size=7)])
    assert state.taken_since("aoml", NOW - timedelta(hours=1)) == (1, 100)
    assert state.taken_since("aoml", NOW + timedelta(hours=1)) == (0, 0)


def test_only_a_submission_in_which_nothing_is_can_be_dropped(state):
    empty, full = (state.open_submission("aoml", 1, NOW) for _ in range(2))
    state.add_items(full, [new()])
    state.drop_submission(empty)
    state.drop_submission(full)
    assert [one.number for one in state.submissions()] == [full]
    assert [one.number for one in state.submissions("jma")] == []


def test_what_stays_in_an_inbox_is_kept_by_dac(state):
    state.leave_in_inbox("aoml", {"a": "1", "b": "2"})
    state.leave_in_inbox("jma", {"a": "3"})
    state.leave_in_inbox("aoml", {"b": "4"})
    assert state.left_in_inbox("aoml") == {"b": "4"}
    assert state.left_in_inbox("jma") == {"a": "3"}


def test_versions_of_an_exclusion_list_are_kept_newest_first(state):
    for item, digest in ((1, b"a"), (2, b"b"), (2, b"b")):
        state.add_exclusion(Exclusion("aoml", digest * 32, NOW, item))
    assert [one.item for one in state.exclusions("aoml")] == [2, 1]
    assert state.exclusions("jma") == []


def test_everything_is_there_after_reopening(tmp_path):
    with State.open(tmp_path) as state:
        number = state.open_submission("aoml", 1, NOW, replay_of=3)
        state.add_items(number, [new(sha256=None, kind=None, reasons=(Reason("ACC-008", "large"),), rules=RULES)])
    with State.open(tmp_path) as state:
        item = only(state, number)
        assert (item.sha256, item.kind, item.reasons, item.rules) == (None, None, (Reason("ACC-008", "large"),), RULES)
        assert state.submission(number).replay_of == 3
        assert state.submission(99) is None
        assert state.item(99) is None
