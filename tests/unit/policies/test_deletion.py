"""The brake: what passes, what is held, and that more loss never helps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.deletion import DEFAULT_LIMITS, DacDiff, Facts, Go, Hold, IndexDiff, Limit, Limits, Move, Rule, decide

STAMP = datetime(2026, 11, 22, 6, tzinfo=UTC)
AOML = DacDiff("aoml", held=1_500_000)
NMDIS = DacDiff("nmdis", held=2_800)


def rules(decision):
    return [reason.rule for reason in decision.reasons] if isinstance(decision, Hold) else []


def index(**values):
    return IndexDiff(**{"name": "ar_index_global_prof", "held": 10_000, "rows": 10_000, "stamp_before": STAMP} | values)


@pytest.mark.parametrize(
    "dacs",
    [
        (replace(AOML, renamed=600, added=800, changed=4_000, removed=30), NMDIS),
        (replace(AOML, renamed=11_000),),
        (replace(AOML, renamed=1_500_000),),
        (replace(AOML, changed=100_000),),
        (replace(NMDIS, removed=20), AOML),
        (DacDiff("tiny", held=12, removed=12), AOML),
        (replace(AOML, added=5_000_000),),
    ],
    ids=["ordinary day", "burst", "all renamed", "reprocessed", "floor", "a tiny DAC goes", "additions"],
)
def test_days_that_pass(dacs):
    assert decide(Facts(dacs=dacs), DEFAULT_LIMITS) == Go()


@pytest.mark.parametrize(
    ("dacs", "expected"),
    [
        ((replace(AOML, removed=5_001),), [Rule.DAC_REMOVALS]),
        ((replace(NMDIS, removed=2_800), AOML), [Rule.DAC_REMOVALS]),
        (
            tuple(DacDiff(f"dac-{number}", held=1_000, removed=45) for number in range(10)),
            [Rule.TOTAL_REMOVALS],
        ),
        ((replace(AOML, changed=150_001),), [Rule.DAC_CHANGES]),
        ((replace(NMDIS, changed=2_000),), [Rule.DAC_CHANGES, Rule.TOTAL_CHANGES]),
        ((DacDiff("", held=5_000, removed=5_000), AOML), [Rule.DAC_REMOVALS]),
    ],
)
def test_days_that_are_held(dacs, expected):
    decision = decide(Facts(dacs=dacs), DEFAULT_LIMITS)
    assert rules(decision) == expected
    assert all(f"{reason.number:,}" in reason.text for reason in decision.reasons)
    assert all(reason.limit is not None and reason.number > reason.limit for reason in decision.reasons)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (index(rows=0), [Rule.INDEX_EMPTY]),
        (index(rows=9_499), [Rule.INDEX_SHRUNK]),
        (index(rows=9_500, stamp=STAMP), []),
        (index(stamp=STAMP - timedelta(seconds=1)), [Rule.INDEX_BACK_IN_TIME]),
        (index(stamp=None), []),
        (index(rows=None), []),
        (index(rows=None, retired=True), []),
        (index(held=0, rows=0), []),
        (index(held=15, rows=1), []),
    ],
)
def test_indexes(one, expected):
    assert rules(decide(Facts(dacs=(AOML,), indexes=(one,)), DEFAULT_LIMITS)) == expected


def test_a_first_run_has_nothing_to_lose():
    assert decide(Facts(is_first=True, indexes=(index(rows=0),)), DEFAULT_LIMITS) == Go()


def test_a_tree_that_moves_is_offered_as_a_move():
    dacs = (DacDiff("kordi", held=30_000, removed=30_000), DacDiff("kiost", added=30_000), AOML)
    move = Move("kordi", "kiost", floats=130, files=30_000)
    decision = decide(Facts(dacs=dacs, moves=(move,)), DEFAULT_LIMITS)
    assert rules(decision) == [Rule.MOVE]
    (reason,) = decision.reasons
    assert reason.subject == "kordi -> kiost"
    for words in ("130 float directories", "30,000 files", "Approving means"):
        assert words in reason.text


def test_what_is_lost_beside_a_move_is_told_too():
    dacs = (DacDiff("kordi", held=30_000, removed=30_000), DacDiff("kiost", added=20_000), AOML)
    decision = decide(Facts(dacs=dacs, moves=(Move("kordi", "kiost", 90, 20_000),)), DEFAULT_LIMITS)
    assert rules(decision) == [Rule.DAC_REMOVALS, Rule.MOVE]


counts = st.integers(0, 3_000)
limits = st.builds(Limit, share=st.floats(0, 1), count=st.integers(0, 2_000), floor=st.integers(0, 500))
every_limit = st.builds(Limits, limits, limits, limits, limits, limits)
diffs = st.builds(DacDiff, st.sampled_from(["aoml", "jma", ""]), counts, counts, counts, counts, counts)
dac_lists = st.lists(diffs, max_size=3, unique_by=lambda one: one.dac).map(tuple)
stamps = st.none() | st.integers(0, 100).map(lambda hours: STAMP + timedelta(hours=hours))
indexes = st.lists(
    st.builds(IndexDiff, st.just("x"), counts, st.none() | counts, stamps, stamps, st.booleans()), max_size=2
).map(tuple)
moves = st.lists(st.builds(Move, st.sampled_from(["aoml", "jma"]), st.just("kiost"), counts, counts), max_size=2).map(
    tuple
)
all_facts = st.builds(Facts, st.just(False), dac_lists, indexes, moves)


@given(all_facts, every_limit, st.data())
def test_more_loss_never_turns_a_hold_into_a_go(facts, limit, data):
    if isinstance(decide(facts, limit), Go):
        return
    worse = tuple(
        replace(one, removed=one.removed + data.draw(counts), changed=one.changed + data.draw(counts))
        for one in facts.dacs
    )
    fewer = tuple(replace(one, rows=one.rows and data.draw(st.integers(0, one.rows))) for one in facts.indexes)
    assert isinstance(decide(replace(facts, dacs=worse, indexes=fewer), limit), Hold)


@given(all_facts, every_limit, st.data())
def test_renames_and_additions_never_count(facts, limit, data):
    other = tuple(replace(one, renamed=data.draw(counts), added=data.draw(counts)) for one in facts.dacs)
    assert decide(replace(facts, dacs=other), limit) == decide(facts, limit)


@given(all_facts, every_limit, moves)
def test_moves_change_the_words_never_the_decision(facts, limit, other):
    assert type(decide(replace(facts, moves=other), limit)) is type(decide(facts, limit))


@given(limits, counts, counts)
def test_the_limit_that_is_told_is_the_limit_that_counts(limit, number, held):
    assert limit.is_exceeded(number, held) == (number > limit.most(held))
