"""One file of a submission as reports tell it: what happened, why, and what to do. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, Final

from gdac.check.finding import Finding, Place, Severity
from gdac.check.plan import rule_called
from gdac.check.report.escape import printable, sentence
from gdac.check.report.tally import ORDER
from policies.law import policies
from sync.state.collected import Item, Verdict

#: The checker does not accept the file: its findings say more than the policy does.
CHECKED: Final = "ACC-003"

HAPPENED: Final[Mapping[Verdict | None, str]] = {
    Verdict.PUBLISHED: "published",
    Verdict.UNCHANGED: "published before, with these very bytes",
    Verdict.REFUSED: "refused",
    Verdict.OPENED: "opened: what it holds is told file by file",
    Verdict.REMOVED: "carried out: the files that it names are out of the archive",
    Verdict.KEPT: "stored; it is never published",
    None: "not decided yet",
}


@dataclass(frozen=True, slots=True)
class Explained:
    """A policy or a rule of the checker, for who meets its id.

    Attributes:
        id: permanent.
        title: what it demands, in a few words or a sentence.
        why: why it is there, or what it says in full.
        mend: what to do.
    """

    id: str
    title: str
    why: str
    mend: str


@dataclass(frozen=True, slots=True)
class Why:
    """One reason for what became of a file, or one rule's findings in it.

    Attributes:
        id: of a policy or of a rule of the checker.
        severity: what the checker's findings weigh; None for a policy.
        texts: what is wrong and where, one sentence for each place that is shown.
        more: places that are not shown.
        mend: what to do; empty where nothing can be said.
    """

    id: str
    severity: Severity | None
    texts: tuple[str, ...]
    more: int
    mend: str


@cache
def explained(id: str) -> Explained:  # noqa: A002 - it is what everybody calls it
    """What is known of an id; texts are empty for one that we do not know (any more)."""
    found = policies().get(id)
    if found is not None:
        return Explained(id, found.title, " ".join(found.statement.split()), " ".join(found.mend.split()))
    rule = rule_called(id)
    return Explained(id, rule.title, rule.why, rule.mend) if rule else Explained(id, "", "", "")


def findings_of(item: Item) -> tuple[Finding, ...]:
    """What the checker found in a file; empty where it was not checked."""
    return tuple(_finding(one) for one in (item.result or {}).get("findings", ()))


def reasons_of(item: Item, *, shown: int) -> tuple[Why, ...]:
    """Why a file was refused, and what to do about it; policies first, then errors that the checker found.

    Args:
        item: of any verdict; one that was not refused has no reasons.
        shown: how many places of one rule are told.
    """
    if item.verdict is not Verdict.REFUSED:
        return ()
    errors = tuple(one for one in findings_of(item) if one.severity is Severity.ERROR)
    broken = {one.rule for one in errors}
    said = [one for one in item.reasons if one.policy not in broken and not (errors and one.policy == CHECKED)]
    told = [Why(one.policy, None, (printable(one.told),), 0, explained(one.policy).mend) for one in said]
    return (*_merged(told), *grouped(errors, shown=shown))


def grouped(findings: Iterable[Finding], *, shown: int) -> tuple[Why, ...]:
    """Findings by rule, the heaviest first."""
    heaviest_first = sorted(findings, key=lambda one: ORDER.index(one.severity))
    groups = groupby(heaviest_first, key=lambda one: (one.severity, one.rule))
    return tuple(_group(severity, rule, list(group), shown) for (severity, rule), group in groups)


def _group(severity: Severity, rule: str, findings: list[Finding], shown: int) -> Why:
    texts = tuple(f"{printable(one.where)}: {sentence(one)}" for one in findings[:shown])
    mend = next((one.mend for one in findings if one.mend), "") or explained(rule).mend
    return Why(rule, severity, texts, sum(one.count for one in findings[shown:]), printable(mend))


def _merged(reasons: list[Why]) -> Iterator[Why]:
    """Reasons with the same id as one: a removal list can have a hundred bad lines."""
    together: dict[str, list[Why]] = {}
    for one in reasons:
        together.setdefault(one.id, []).append(one)
    for id_, same in together.items():
        yield Why(id_, None, tuple(text for one in same for text in one.texts), 0, same[0].mend)


def _finding(raw: Mapping[str, Any]) -> Finding:
    """A finding as `gdac.check.report.jsonl` writes it."""
    place = Place(
        raw.get("variable") or "", tuple(raw.get("index") or ()), raw.get("attribute") or "", raw.get("dimension") or ""
    )
    return Finding(
        raw["rule"],
        Severity(raw["severity"]),
        place,
        raw["text"],
        raw.get("found") or "",
        raw.get("expected") or "",
        raw.get("mend") or "",
        raw.get("count") or 1,
    )
