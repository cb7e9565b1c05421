"""How many extra files may go at once."""

import pytest

from policies.extra import why_not_delete


@pytest.mark.parametrize(
    ("extra", "named", "fine"),
    [(0, 0, True), (10, 0, True), (11, 100, False), (11, 1100, True), (1000, 100_000, True), (1001, 10**7, False)],
)
def test_limits(extra, named, fine):
    assert (why_not_delete(extra, named) is None) is fine


def test_a_stricter_operator():
    assert why_not_delete(1, 10**6, most=0) is not None
    assert why_not_delete(0, 10**6, most=0) is None
