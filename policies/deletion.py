"""The brake: whether a change of the archive goes ahead, or waits until a person has looked at it. Pure.

What the limits must let pass (working figures of the Argo archive): about 600 R files a day that go because their D
twin comes, bursts of more than 10,000 such renames in a week, 3 to 5 thousand changed files on an ordinary day and up
to 100,000 on a day of bulk reprocessing. What they must catch is what emptied other mirrors: a source that lost a
directory, an index that was cut, a tree that moved. Renames are never losses, and a first run has nothing to lose.

The limits are data: policies BRK-001 to BRK-008.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from policies.law import values


class Rule(StrEnum):
    """The rules of the brake; values are permanent, reports and holds show them."""

    DAC_REMOVALS = "dac-removals"
    TOTAL_REMOVALS = "total-removals"
    DAC_CHANGES = "dac-changes"
    TOTAL_CHANGES = "total-changes"
    MOVE = "move"
    INDEX_EMPTY = "index-empty"
    INDEX_SHRUNK = "index-shrunk"
    INDEX_BACK_IN_TIME = "index-back-in-time"

    @property
    def policy(self) -> str:
        """Id of the policy that the rule enforces."""
        return _POLICY[self]


_POLICY: Final = {
    Rule.DAC_REMOVALS: "BRK-001",
    Rule.TOTAL_REMOVALS: "BRK-002",
    Rule.DAC_CHANGES: "BRK-003",
    Rule.TOTAL_CHANGES: "BRK-004",
    Rule.INDEX_SHRUNK: "BRK-005",
    Rule.INDEX_EMPTY: "BRK-006",
    Rule.INDEX_BACK_IN_TIME: "BRK-007",
    Rule.MOVE: "BRK-008",
}


@dataclass(frozen=True, slots=True)
class Limit:
    """How many of the files that are there may be touched at once.

    Attributes:
        share: of the files held before, 0 to 1.
        count: in any case.
        floor: up to this many always pass, so that a small archive is not held for every handful of files.
    """

    share: float
    count: int
    floor: int

    def is_exceeded(self, number: int, held: int) -> bool:
        """Whether ``number`` of ``held`` files is too many; never turns back to False as ``number`` grows."""
        return number > self.floor and (number > self.count or number > self.share * held)

    def most(self, held: int) -> int:
        """The largest number that passes with ``held`` files."""
        return max(self.floor, min(self.count, int(self.share * held)))


_WITH_NUMBERS: Final = (
    Rule.DAC_REMOVALS,
    Rule.TOTAL_REMOVALS,
    Rule.DAC_CHANGES,
    Rule.TOTAL_CHANGES,
    Rule.INDEX_SHRUNK,
)
_BY_DEFAULT: Final = {rule: Limit(**values("deletion", rule.policy)) for rule in _WITH_NUMBERS}


@dataclass(frozen=True, slots=True)
class Limits:
    """What passes without asking; see docs/brakes.md for the reasons behind the numbers."""

    dac_removals: Limit = _BY_DEFAULT[Rule.DAC_REMOVALS]
    total_removals: Limit = _BY_DEFAULT[Rule.TOTAL_REMOVALS]
    dac_changes: Limit = _BY_DEFAULT[Rule.DAC_CHANGES]
    total_changes: Limit = _BY_DEFAULT[Rule.TOTAL_CHANGES]
    index_loss: Limit = _BY_DEFAULT[Rule.INDEX_SHRUNK]


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class DacDiff:
    """What changes in one DAC; ``dac`` is empty for paths of no DAC.

    Attributes:
        held: files before.
        added: new paths, without the new ends of renames.
        changed: paths that get other bytes or another date.
        removed: paths that leave, without the old ends of renames.
        renamed: R/D twins that take each other's place.
    """

    dac: str
    held: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    renamed: int = 0


@dataclass(frozen=True, slots=True)
class IndexDiff:
    """One index, as it was sealed last and as it is now.

    Attributes:
        name: without extension.
        held: files of its kinds that the last seal had listed.
        rows: files that it lists now; None when the source lacks the index.
        stamp_before, stamp: its own "Date of update" (UTC), where there is one.
        retired: the operator said that it will not come back.
    """

    name: str
    held: int
    rows: int | None
    stamp_before: datetime | None = None
    stamp: datetime | None = None
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """Directories of floats that leave one DAC and come under another with the same file names.

    Attributes:
        source, target: the DACs.
        floats: how many directories.
        files: paths that leave ``source`` and come to ``target``; they count among its removed files.
    """

    source: str
    target: str
    floats: int
    files: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the brake looks at.

    Attributes:
        is_first: nothing was held before, so nothing can be lost.
        dacs: per DAC, and for paths of none.
        indexes: empty where no index is compared, as on a mirror.
        moves: those recognised.
    """

    is_first: bool = False
    dacs: tuple[DacDiff, ...] = ()
    indexes: tuple[IndexDiff, ...] = ()
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a run is held.

    Attributes:
        rule: which rule.
        subject: the DAC or index it speaks of; ``"all DACs"`` for totals.
        number: what was found.
        held: of how many.
        limit: the largest number that would have passed; None where the rule has no number.
        text: one or two sentences for the operator.
    """

    rule: Rule
    subject: str
    number: int
    held: int
    limit: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Go:
    """Nothing to ask about."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Wait for approval; at least one reason."""

    reasons: tuple[Reason, ...] = field()


Decision = Go | Hold


def decide(facts: Facts, limits: Limits) -> Decision:
    """Whether a change goes ahead.

    Monotone: more removed or changed files, fewer rows, an older stamp never turn a hold into a go. Renames and added
    files never count.
    """
    if facts.is_first:
        return Go()
    reasons = (
        *(reason for one in facts.indexes if (reason := _judge_index(one, limits))),
        *_judge_removals(facts, limits),
        *_judge_changes(facts, limits),
    )
    return Hold(reasons) if reasons else Go()


def _judge_index(one: IndexDiff, limits: Limits) -> Reason | None:
    if one.rows is None or one.retired:  # a missing index deletes nothing; a retired one's files count as removals
        return None
    loss = one.held - one.rows
    if one.rows == 0 and one.held:
        text = f"index {one.name} lists nothing, but {one.held:,} files that it listed are held."
        return Reason(Rule.INDEX_EMPTY, one.name, loss, one.held, 0, text)
    if limits.index_loss.is_exceeded(loss, one.held):
        most = limits.index_loss.most(one.held)
        text = f"index {one.name} lists {one.rows:,} files, {loss:,} fewer than the {one.held:,} held (limit {most:,})."
        return Reason(Rule.INDEX_SHRUNK, one.name, loss, one.held, most, text)
    if one.stamp and one.stamp_before and one.stamp < one.stamp_before:
        text = (
            f"index {one.name} is of {one.stamp:%Y-%m-%dT%H:%M:%SZ}, older than the one sealed last"
            f" ({one.stamp_before:%Y-%m-%dT%H:%M:%SZ}): the source has gone back in time."
        )
        seconds = int((one.stamp_before - one.stamp).total_seconds())
        return Reason(Rule.INDEX_BACK_IN_TIME, one.name, seconds, one.held, None, text)
    return None


def _judge_removals(facts: Facts, limits: Limits) -> list[Reason]:
    reasons = []
    moving: set[str] = set()
    for one in facts.dacs:
        moved = sum(move.files for move in facts.moves if move.source == one.dac)
        lost = max(one.removed - moved, 0)
        where = f"DAC {one.dac}" if one.dac else "paths outside the DACs"
        if limits.dac_removals.is_exceeded(lost, one.held):
            reasons.append(_too_many(Rule.DAC_REMOVALS, where, "would leave", lost, one.held, limits.dac_removals))
        if limits.dac_removals.is_exceeded(one.removed, one.held):
            moving.add(one.dac)
    held, removed = sum(one.held for one in facts.dacs), sum(one.removed for one in facts.dacs)
    lost = max(removed - sum(move.files for move in facts.moves), 0)
    if limits.total_removals.is_exceeded(lost, held):
        reasons.append(_too_many(Rule.TOTAL_REMOVALS, "all DACs", "would leave", lost, held, limits.total_removals))
    everything = limits.total_removals.is_exceeded(removed, held)
    reasons += [_told_move(move, facts) for move in facts.moves if everything or move.source in moving]
    # A move takes its files out of the numbers above; a move that is none must not take them out of the judgement.
    if not reasons and (everything or moving):
        reasons.append(_too_many(Rule.TOTAL_REMOVALS, "all DACs", "would leave", removed, held, limits.total_removals))
    return reasons


def _judge_changes(facts: Facts, limits: Limits) -> list[Reason]:
    reasons = []
    for one in facts.dacs:
        if limits.dac_changes.is_exceeded(one.changed, one.held):
            where = f"DAC {one.dac}" if one.dac else "paths outside the DACs"
            reasons.append(
                _too_many(Rule.DAC_CHANGES, where, "would change", one.changed, one.held, limits.dac_changes)
            )
    held, changed = sum(one.held for one in facts.dacs), sum(one.changed for one in facts.dacs)
    if limits.total_changes.is_exceeded(changed, held):
        reasons.append(_too_many(Rule.TOTAL_CHANGES, "all DACs", "would change", changed, held, limits.total_changes))
    return reasons


def _too_many(rule: Rule, where: str, what: str, number: int, held: int, limit: Limit) -> Reason:
    most = limit.most(held)
    text = (
        f"{where}: {number:,} of {held:,} files {what} (limit {most:,}). R files replaced by D twins are not counted."
    )
    return Reason(rule, where, number, held, most, text)


def _told_move(move: Move, facts: Facts) -> Reason:
    held = sum(one.held for one in facts.dacs if one.dac == move.source)
    text = (
        f"this looks like a move, DAC {move.source} to {move.target}: {move.floats:,} float directories with"
        f" {move.files:,} files of the same names leave one and come under the other (of {held:,} files held there)."
        f" Approving means: the files are fetched anew under {move.target}, and their paths under {move.source} leave"
        " the archive (readable for the grace period)."
    )
    return Reason(Rule.MOVE, f"{move.source} -> {move.target}", move.files, held, None, text)
