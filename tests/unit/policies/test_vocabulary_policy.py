"""The brake on imported tables: what passes, what is held, and that more loss never helps."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.vocabulary import DEFAULT_LIMITS, Limits, Rule, TableFacts, judge_table

CALM = TableFacts("R27", held=138, live=87, lost=0, deprecated=0, version_before=25, version=26)


def rules(facts):
    return {reason.rule for reason in judge_table(facts, DEFAULT_LIMITS)}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, set()),
        ({"lost": 6}, set()),
        ({"lost": 7}, {Rule.SHRUNK}),
        ({"lost": 69}, {Rule.SHRUNK}),
        ({"deprecated": 48}, set()),  # what happened to the sensor models in 2025
        ({"deprecated": 80}, {Rule.DEPRECATED}),
        ({"version": 24}, {Rule.BACK_IN_TIME}),
        ({"version": 25}, set()),
        ({"held": 3, "live": 3, "lost": 1}, {Rule.SHRUNK}),
        ({"held": 4, "live": 4, "lost": 1}, set()),
        ({"held": 4, "live": 4, "lost": 2}, {Rule.SHRUNK}),
        ({"held": 4, "live": 4, "deprecated": 4}, set()),
        ({"held": 0, "live": 0, "version_before": 0, "version": 0}, set()),
    ],
)
def test_what_passes_and_what_is_held(changed, expected):
    assert rules(replace(CALM, **changed)) == expected


@given(st.integers(1, 700), st.data())
def test_half_of_any_table_is_too_much_and_more_loss_never_passes(held, data):
    half = -(-held // 2)
    facts = TableFacts("R14", held, held, half, 0, 1, 2)
    assert judge_table(facts, DEFAULT_LIMITS)
    lost = data.draw(st.integers(0, held))
    more = data.draw(st.integers(lost, held))
    if judge_table(replace(facts, lost=lost), DEFAULT_LIMITS):
        assert judge_table(replace(facts, lost=more), DEFAULT_LIMITS)


def test_limits_are_the_callers():
    assert judge_table(replace(CALM, lost=100), Limits(lost=1.0)) == ()
