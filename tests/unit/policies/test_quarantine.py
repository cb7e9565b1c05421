"""When a file set aside is asked for again."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from policies.quarantine import LONGEST_WAIT, next_try

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


def test_waits_grow_and_end():
    waits = [next_try(tries, NOW) - NOW for tries in range(1, 30)]
    assert waits[:5] == [timedelta(0), timedelta(0), timedelta(hours=1), timedelta(hours=2), timedelta(hours=4)]
    assert all(earlier <= later for earlier, later in pairwise(waits))
    assert waits[-1] == LONGEST_WAIT
    assert next_try(10_000, NOW) - NOW == LONGEST_WAIT
