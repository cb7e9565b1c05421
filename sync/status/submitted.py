"""How collecting fares, from the state: what each DAC submitted, and what became of it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sync.state import State
from sync.status.parts import CollectStatus, DacStatus
from sync.status.telling import told

_WINDOW: Final = timedelta(days=30)
_MOST_REFUSALS: Final = 10
#: What became of an item that was submitted as a file; an archive that was opened is told by its members.
_TAKEN: Final = ("published", "unchanged", "removed", "kept")
_REFUSED: Final = "refused"


def read_collect(state: State, now: datetime, dacs: Iterable[str]) -> CollectStatus:
    """What the state tells of submissions.

    Args:
        state: opened or looked at.
        now: the time (UTC).
        dacs: those with an inbox; others are told where they submitted within the last 30 days.
    """
    since = now - _WINDOW
    submissions = state.submissions_by_dac(since)
    results: dict[str, dict[str, int]] = {}
    verdicts: dict[str, dict[str, int]] = {}
    refusals: dict[str, dict[str, int]] = {}
    for dac, verdict, checked, count in state.results_by_dac(since):
        if verdict in (*_TAKEN, _REFUSED):
            _add(results, dac, verdict, count)
        if checked is not None:
            _add(verdicts, dac, checked, count)
    for dac, policy, count in state.refusals_by_dac(since):
        if len(refusals.get(dac, ())) < _MOST_REFUSALS:
            _add(refusals, dac, policy, count)
    tries = state.tries_of_hub(("collect",))
    return CollectStatus(
        tries.last,
        tries.good,
        told(tries.error),
        tuple(
            _dac(dac, submissions.get(dac), results.get(dac, {}), verdicts.get(dac, {}), refusals.get(dac, {}))
            for dac in sorted({*dacs, *submissions})
        ),
    )


def _dac(
    dac: str,
    taken: tuple[int, int, int, datetime] | None,
    results: dict[str, int],
    verdicts: dict[str, int],
    refusals: dict[str, int],
) -> DacStatus:
    count, under_way, number, last = taken or (0, 0, None, None)
    good = sum(results.get(one, 0) for one in _TAKEN)
    decided = good + results.get(_REFUSED, 0)
    accepted = round(good / decided, 4) if decided else None
    return DacStatus(dac, count, last, number, under_way, results, verdicts, accepted, refusals)


def _add(found: dict[str, dict[str, int]], dac: str, word: str, count: int) -> None:
    one = found.setdefault(dac, {})
    one[word] = one.get(word, 0) + count
