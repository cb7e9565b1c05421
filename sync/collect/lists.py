"""Lists that DACs submit: removal lists take files out of the archive, sensor exclusion lists are kept.

A removal list is decided whole (`policies.removal`). What it takes out is written into the state when it is decided, so
that a run that dies in between does the same when it comes back, whatever the archive holds by then. The bytes go to
``etc/removed/DAC/WMO/SUBMISSION/`` of the hub, which no manifest names (policy DIS-004), and stay under their old paths
for the grace.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from gdac.paths import ArchivePath
from gdac.store import NotFoundError, Store
from policies.acceptance import Candidate, Keep, Open, Published, Refuse, decide
from policies.law import Refusal
from policies.removal import Held, RefuseList, decide_removals, floats_of, read_lines
from policies.submission import place
from sync.collect.exclusion import keep_exclusion, why_no_list
from sync.state import State
from sync.state.collect import Decided
from sync.state.collected import Item, Leaving, Reason, RuleSet, Verdict
from sync.state.removed import Removal
from sync.tasks import work_side_by_side
from sync.transfer import carry

#: What the archive holds of floats, by WMO number: `sync.collect.holdings` answers.
HeldFloats = Callable[[Collection[str]], Mapping[str, Held]]

_WORKERS: Final = 8
_BATCH: Final = 1000
_LISTS: Final = {Open: "ACC-010", Keep: "ACC-012"}
_LOST: Final = "the bytes that were taken are no longer whole beside the state; please send the list again"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class ListDecision:
    """What becomes of a list.

    Attributes:
        decided: to be kept with `State.decided`.
        leaving: paths that are out of the archive for whatever is decided next; none but of a removal list.
    """

    decided: Decided
    leaving: tuple[str, ...] = ()


def decide_list(
    state: State, item: Item, account: str, file: Path, held: HeldFloats, rules: RuleSet | None = None
) -> ListDecision:
    """What becomes of a removal or exclusion list; what a removal list will take out is in the state afterwards.

    Args:
        state: keeps the plan of a removal list; made again, the plan takes the place of the one before.
        item: the list.
        account: the DAC through whose account it came.
        file: its bytes.
        held: asked once, for the floats that the list speaks of.
        rules: what the decision goes by; what the item carries already when not given.
    """
    found = decide(Candidate(account, item.name, item.size, item.sha256), Published())
    if isinstance(found, Refuse):
        return _refused(item, found.reasons, rules)
    raw = held_bytes(item, file)
    if raw is None:
        return _refused(item, (Refusal(_LISTS[found.__class__], _LOST),), rules)
    if isinstance(found, Keep):
        why = why_no_list(raw)
        if why is not None:
            return _refused(item, (Refusal("ACC-012", why),), rules)
        return ListDecision(Decided(item.id, Verdict.KEPT, rules=rules))
    assert isinstance(found, Open)  # a list is never published
    return _decide_removal_list(state, item, account, raw, held, rules)


def _decide_removal_list(
    state: State, item: Item, account: str, raw: bytes, held: HeldFloats, rules: RuleSet | None
) -> ListDecision:
    if raw.startswith(_UTF16):
        return _refused(item, (Refusal("ACC-010", "the list is UTF-16 text; save it as plain text (UTF-8)"),), rules)
    lines = read_lines(raw.decode("utf-8", errors="replace"))
    floats = held(floats_of(lines))
    found = decide_removals(account, lines, floats)
    if isinstance(found, RefuseList):
        return _refused(item, _told(found), rules)
    emptied = list(_left_behind(account, found.emptied, floats, found.paths))
    planned = [_planned(item, path, named=True) for path in found.paths]
    planned += [_planned(item, path, named=False) for path in emptied]
    state.plan_removals(item.id, planned)
    return ListDecision(Decided(item.id, Verdict.REMOVED, rules=rules), tuple(one.path for one in planned))


def _refused(item: Item, reasons: tuple[Refusal, ...], rules: RuleSet | None) -> ListDecision:
    told = tuple(Reason(one.policy, one.text) for one in reasons)
    return ListDecision(Decided(item.id, Verdict.REFUSED, reasons=told, rules=rules))


def _told(found: RefuseList) -> tuple[Refusal, ...]:
    untold = found.bad - len(found.reasons)
    if untold <= 0:
        return found.reasons
    return (*found.reasons, Refusal("ACC-010", f"and {untold:,} more lines that are bad"))


def _left_behind(
    account: str, emptied: tuple[str, ...], floats: Mapping[str, Held], paths: tuple[ArchivePath, ...]
) -> Iterator[ArchivePath]:
    """What a GDAC made itself of floats that are empty now: it goes with them."""
    named = {path.name for path in paths}
    for wmo in emptied:
        for name in sorted(floats[wmo].names - named):
            if path := place(account, name):
                yield path


def _planned(item: Item, path: ArchivePath, *, named: bool) -> Removal:
    kept = f"etc/removed/{path.dac}/{path.wmo}/{item.submission}/{path.name}"
    return Removal(item.id, path.text, kept, named)


async def carry_out_list(
    state: State, directory: Path, hub: Store, item: Item, account: str, file: Path, now: datetime
) -> tuple[str, ...]:
    """Do what was decided of a list, and record that it is done; returns notes for the operator.

    Args:
        state: its state.
        directory: the state directory.
        hub: the archive, opened for writing.
        item: the list, with its verdict; one that was refused is nothing to be done with.
        account: the DAC through whose account it came.
        file: its bytes; read of an exclusion list only.
        now: the time (UTC).

    Raises:
        StoreError: the hub could not be written; what was not copied is copied when this is called again.
    """
    if item.verdict is Verdict.REMOVED:
        return await carry_out_removals(state, hub, item, now)
    if item.verdict is Verdict.KEPT:
        if not keep_exclusion(state, directory, item, account, held_bytes(item, file), now):
            state.decided([Decided(item.id, Verdict.REFUSED, reasons=(Reason("ACC-012", _LOST),))])
            return ()
        state.done([item.id])
    return ()


def held_bytes(item: Item, file: Path) -> bytes | None:
    """The bytes of a list that were taken; None when the disk has lost or changed them."""
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        return None
    return raw if hashlib.sha256(raw).digest() == item.sha256 else None


async def carry_out_removals(state: State, hub: Store, item: Item, now: datetime) -> tuple[str, ...]:
    """Keep the bytes of what a removal list takes out, then take it out; again is fine.

    Returns:
        Notes for the operator: files whose bytes the hub had lost.

    Raises:
        StoreError: as of `carry_out_list`.
    """
    leaving: list[Leaving] = []
    lost: list[str] = []
    after = ""
    while page := state.removals(item.id, after=after, most=_BATCH):
        after = page[-1].path
        leaving += [Leaving(one.path, "removed" if one.named else "emptied", item.id) for one in page]
        lost += await _keep_bytes(state, hub, [one for one in page if one.removed is None], now)
    state.done([item.id], left=leaving)
    if not lost:
        return ()
    return (f"{len(lost):,} removed files were not in the hub any more, such as {lost[0]}: nothing of them is kept.",)


async def _keep_bytes(state: State, hub: Store, due: list[Removal], now: datetime) -> list[str]:
    """Copy a batch to its places and remember it; returns the paths of which nothing was there."""
    done: list[Removal] = []
    waiting = iter(due)

    async def work() -> None:
        for one in waiting:
            try:
                kept = await carry(hub, one.path, hub, modified=now, target_key=one.kept)
            except NotFoundError:
                done.append(replace(one, removed=now))
            else:
                done.append(replace(one, size=kept.size, sha256=kept.sha256, removed=now))

    await work_side_by_side(_WORKERS, work)
    if done:
        await hub.flush()
        state.keep_removed(done)
    return sorted(one.path for one in done if one.sha256 is None)
