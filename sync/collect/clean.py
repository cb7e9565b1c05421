"""Cleaning up by policy: refused files after a month (RET-003), removed ones after three (RET-004), reports (RET-006).

Only what gdac itself put somewhere is deleted: the state remembers it by place and digest, and the bytes are read
before they go; a report goes by its name, which only gdac gives. Whatever else lies in a reject folder or below
``etc/removed/`` is its owner's, and stays.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from gdac.store import NotFoundError, Store
from policies.retention import REJECTED_KEPT, REMOVED_KEPT, REPORTS_KEPT, is_over
from sync.collect.filing import SUFFIX, reject_key
from sync.collect.inbox import Inbox
from sync.collect.report.page import SUBMISSIONS
from sync.collect.report.text import number_of_name
from sync.progress import human_size
from sync.state import State
from sync.state.removed import Removal, Returned
from sync.tasks import work_side_by_side

_BATCH: Final = 500
_WORKERS: Final = 8
#: Names that are told.
_MOST_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What one place had to be cleaned of.

    Attributes:
        place: such as ``aoml: reject`` or ``etc/removed``.
        policy: by which files go, such as RET-003.
        due: files whose time is over, their ``.filecheck`` included.
        size: their bytes.
        deleted: how many were deleted; none in a dry run.
        changed: files whose time is over and that are not the ones that gdac put there; they stay.
        first: paths of the first files that are due.
    """

    place: str
    policy: str
    due: int
    size: int
    deleted: int
    changed: int
    first: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The record as plain JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        files = f"{self.due:,} {'file' if self.due == 1 else 'files'}"
        what = (
            f"{files} ({human_size(self.size)}) {'deleted' if self.deleted else 'to be deleted'}" if self.due else files
        )
        lines = [f"{self.place}: {what} by {self.policy}"]
        lines += [f"  {path}" for path in self.first]
        if self.due > len(self.first):
            lines.append(f"  and {self.due - len(self.first):,} more")
        if self.changed:
            lines.append(f"  {self.changed:,} files stay although their time is over: somebody changed them")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Due:
    """A key whose time is over; with the digests that gdac put there, None where only the name is known."""

    key: str
    size: int
    digests: frozenset[bytes] | None


async def clean_rejects(
    inbox: Inbox, state: State, now: datetime, *, delete: bool = False, kept: timedelta = REJECTED_KEPT
) -> Cleaned:
    """Delete refused files of a DAC whose month is over, each with its ``.filecheck``; or only say which.

    Args:
        inbox: the DAC's account, opened.
        state: knows what went back, and when.
        now: the time (UTC).
        delete: do it.
        kept: how long refused files stay.

    Raises:
        StoreError: the account could not be listed, read or cleaned; what was deleted stays deleted.
    """
    folder = inbox.options.reject
    sizes = {info.path: info.size or 0 async for info in inbox.store.list(folder, recursive=True)}
    due: list[_Due] = []
    for key, returned in _by_key(inbox, state, frozenset(sizes)).items():
        newest = returned[-1].ended
        if newest is not None and is_over(newest, now, kept):
            due += [_Due(key, sizes[key], frozenset(one.sha256 for one in returned))] if key in sizes else []
            report = key + SUFFIX
            due += [_Due(report, sizes[report], None)] if report in sizes else []
    return await _clean(inbox.store, f"{inbox.dac}: {folder}", "RET-003", due, delete=delete)


def _by_key(inbox: Inbox, state: State, keys: frozenset[str]) -> dict[str, list[Returned]]:
    """Refused files by where they lie, oldest first; those of which nothing lies there are left out."""
    names = {key.rpartition("/")[2].removesuffix(SUFFIX) for key in keys}
    found: dict[str, list[Returned]] = {}
    for one in state.returned(inbox.dac):
        if one.is_known and one.name not in names:
            continue
        item = state.item(one.item)
        assert item is not None  # it was just listed
        key = reject_key(inbox, item, state.item(item.parent) if item.parent is not None else None)
        if key in keys or key + SUFFIX in keys:
            found.setdefault(key, []).append(one)
    return found


async def clean_removed(
    hub: Store, state: State, now: datetime, *, delete: bool = False, kept: timedelta = REMOVED_KEPT
) -> Cleaned:
    """Delete bytes of removed files below ``etc/removed/`` of the hub whose three months are over; or only say which.

    Args:
        hub: the archive, opened; not behind the vault, which would keep the bytes once more.
        state: knows what was put there, and when.
        now: the time (UTC).
        delete: do it.
        kept: how long removed files stay.

    Raises:
        StoreError: the hub could not be read or cleaned; what was deleted stays deleted.
    """
    over = list(state.removed_before(now - kept))
    due = [_Due(one.kept, one.size or 0, frozenset({one.sha256 or b""})) for one in over]
    done = await _clean(hub, "etc/removed", "RET-004", due, delete=delete)
    if delete:
        _forget(state, await _gone(hub, over), now)
    return done


async def clean_reports(
    store: Store,
    place: str,
    folder: str,
    dac: str,
    state: State,
    now: datetime,
    *,
    delete: bool = False,
    kept: timedelta = REPORTS_KEPT,
) -> Cleaned:
    """Delete the reports of a DAC's submissions whose year is over, but for those on its page; or only say which.

    Args:
        store: where they lie, opened: the DAC's account or the reports directory.
        place: what to call it.
        folder: within the store.
        dac: whose.
        state: knows when each submission ended.
        now: the time (UTC).
        delete: do it.
        kept: how long reports stay.

    Raises:
        StoreError: the folder could not be listed or cleaned; what was deleted stays deleted.
    """
    shown = {one.number for one in state.submissions(dac, SUBMISSIONS)}
    due: list[_Due] = []
    async for info in store.list(folder):
        number = number_of_name(info.path.rpartition("/")[2])
        if number is None or number in shown or info.size is None:
            continue
        submission = state.submission(number)
        if submission is None or submission.dac != dac or submission.ended is None:
            continue
        if is_over(submission.ended, now, kept):
            due.append(_Due(info.path, info.size, None))
    return await _clean(store, place, "RET-006", due, delete=delete)


async def _gone(hub: Store, over: Sequence[Removal]) -> list[Removal]:
    gone = []
    for one in over:
        try:
            await hub.stat(one.kept)
        except NotFoundError:
            gone.append(one)
    return gone


def _forget(state: State, gone: Sequence[Removal], now: datetime) -> None:
    for at in range(0, len(gone), _BATCH):
        state.forget_removed(gone[at : at + _BATCH], now)


async def _clean(store: Store, place: str, policy: str, due: Iterable[_Due], *, delete: bool) -> Cleaned:
    ours: list[_Due] = []
    changed: list[str] = []
    waiting = iter(due)

    async def work() -> None:
        for one in waiting:
            try:
                same = one.digests is None or await _digest(store, one.key) in one.digests
                if same and delete:
                    await store.delete(one.key)
            except NotFoundError:
                continue
            if same:
                ours.append(one)
            else:
                changed.append(one.key)

    await work_side_by_side(_WORKERS, work)
    first = tuple(sorted(one.key for one in ours)[:_MOST_NAMED])
    size = sum(one.size for one in ours)
    return Cleaned(place, policy, len(ours), size, len(ours) if delete else 0, len(changed), first)


async def _digest(store: Store, key: str) -> bytes:
    digest = hashlib.sha256()
    async with store.read(key) as reading:
        assert reading is not None  # only a conditional read yields None
        async for chunk in reading.chunks():
            digest.update(chunk)
    return digest.digest()
