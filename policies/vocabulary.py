"""Whether a newly imported reference table takes the place of the one held, or waits for a person. Pure.

NVS deprecates terms and does not delete them, so a table that lost terms was most likely cut on the way or broken at
the source. What must pass: every growth, any number of changed words, and a tidy-up such as that of 2025, when a third
of the sensor models was deprecated at once. The shares are data (VOC-001 to VOC-003).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from policies.law import values

_LOST: Final = values("vocabulary", "VOC-001")
_DEPRECATED: Final = values("vocabulary", "VOC-002")


class Rule(StrEnum):
    """The rules; values are permanent, reports show them."""

    SHRUNK = "table-shrunk"
    DEPRECATED = "table-deprecated"
    BACK_IN_TIME = "table-back-in-time"


@dataclass(frozen=True, slots=True)
class Limits:
    """What passes without asking.

    Attributes:
        lost: share of the terms held that may be missing; one term always may, unless the table has fewer than four.
        deprecated: share of the live terms held that may be deprecated at once; five always may.
    """

    lost: float = _LOST["share"]
    deprecated: float = _DEPRECATED["share"]

    def most_lost(self, held: int) -> int:
        """The largest number of lost terms that passes."""
        return max(1 if held >= _LOST["one_always_from"] else 0, int(self.lost * held))

    def most_deprecated(self, live: int) -> int:
        """The largest number of newly deprecated terms that passes."""
        return max(int(_DEPRECATED["always"]), int(self.deprecated * live))


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class TableFacts:
    """One table as it is held and as it came.

    Attributes:
        table: its id.
        held: terms held; 0 when the table is new.
        live: of them not deprecated.
        lost: of those held, how many are missing now.
        deprecated: of those live, how many are deprecated now.
        version_before, version: numbers of the table's versions.
    """

    table: str
    held: int
    live: int
    lost: int
    deprecated: int
    version_before: int
    version: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a table is not taken.

    Attributes:
        rule: which rule.
        table: id of the table.
        text: one sentence for the operator.
    """

    rule: Rule
    table: str
    text: str


def judge_table(facts: TableFacts, limits: Limits) -> tuple[Reason, ...]:
    """Reasons to keep the table held; none when the new one may take its place. A new table loses nothing.

    Monotone: more lost or newly deprecated terms, or an older version, never turn a hold into a go.
    """
    if not facts.held:
        return ()
    reasons = []
    if facts.lost > (most := limits.most_lost(facts.held)):
        text = f"table {facts.table} lost {facts.lost:,} of its {facts.held:,} terms (limit {most:,})."
        reasons.append(Reason(Rule.SHRUNK, facts.table, text))
    if facts.deprecated > (most := limits.most_deprecated(facts.live)):
        text = f"{facts.deprecated:,} of {facts.live:,} live terms of {facts.table} were deprecated (limit {most:,})."
        reasons.append(Reason(Rule.DEPRECATED, facts.table, text))
    if facts.version < facts.version_before:
        text = f"table {facts.table} went back from version {facts.version_before} to {facts.version}."
        reasons.append(Reason(Rule.BACK_IN_TIME, facts.table, text))
    return tuple(reasons)
