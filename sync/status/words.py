"""What a status says at a given moment: state words and hours behind, from its facts and the clock. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sync.status.facts import HubStatus, MirrorStatus, Status, Word
from sync.status.parts import JobStatus

#: What jobs and runs move, by kind; others leave stores as they are, or mend single files.
_MOVE_HUB: Final = frozenset({"sync", "run", "index_check", "collect", "seed"})
_MOVE_MIRRORS: Final = frozenset({"sync", "run", "index_check", "replicate"})


def aged(status: Status, now: datetime, jobs: Sequence[JobStatus] | None = None) -> Status:
    """The same status as it is to be told at ``now``, perhaps with newer jobs of the daemon."""
    status = status if jobs is None else replace(status, jobs=tuple(jobs), until=next_due(jobs) or status.until)
    moving = {one.name for one in status.jobs if one.running_since is not None}
    moving |= {one.kind for one in status.runs if one.outcome == "under way"}
    hub = replace(status.hub, word=_hub_word(status, now, moving))
    return replace(status, hub=hub, mirrors=tuple(_mirror(status, one, now, moving) for one in status.mirrors))


def next_due(jobs: Sequence[JobStatus]) -> datetime | None:
    """When the next job is due that writes a status; None where none is."""
    moves = _MOVE_HUB | _MOVE_MIRRORS
    return min((one.next_due for one in jobs if one.next_due and one.name in moves), default=None)


def is_held(status: Status, store: str) -> bool:
    """Whether a plan for a store (``hub``, or a mirror's name) waits for approval, or, approved, for the next run."""
    return any(one.store == store for one in status.holds)


def _hub_word(status: Status, now: datetime, moving: set[str]) -> Word:
    hub = status.hub
    if moving & _MOVE_HUB:
        return Word.SYNCING
    if is_held(status, "hub") or hub.stopped:
        return Word.HELD
    return _fares(hub, now) or Word.CURRENT


def _mirror(status: Status, one: MirrorStatus, now: datetime, moving: set[str]) -> MirrorStatus:
    hours = one.behind_hours
    if one.behind_since is not None:
        hours = round(max((now - one.behind_since).total_seconds(), 0.0) / 3600, 2)
    word = _fares(one, now)
    if moving & _MOVE_MIRRORS:
        word = Word.SYNCING
    elif is_held(status, one.name):
        word = Word.HELD
    elif word is None:
        word = Word.BEHIND if one.behind_serials else Word.CURRENT
    return replace(one, word=word, behind_hours=hours)


def _fares(one: HubStatus | MirrorStatus, now: datetime) -> Word | None:
    if one.last_error:
        return Word.FAILING
    if one.serial is None:
        return Word.NEVER
    if one.expires is not None and now >= one.expires:
        return Word.STALE
    return None
