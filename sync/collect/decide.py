"""The step *decide*: what becomes of every item of a submission, kept in one transaction and never asked again.

The order within a submission is that of the rules: lists first (what a DAC takes out and sends again comes back), then
everything but R profiles, then those (an R profile never takes the place of the D profile that came with it). Of
several files for one place the newest is asked first, and nothing that the submission publishes takes its place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gdac.check.finding import Verdict as CheckVerdict
from gdac.paths import ArchivePath
from policies.acceptance import Candidate, Publish, Published, Refuse, Unchanged, decide
from policies.law import version
from policies.submission import Submission as Kind
from policies.submission import place
from sync.collect.held import held_file
from sync.collect.holdings import Holdings
from sync.collect.lists import decide_list
from sync.state import State
from sync.state.collect import Decided
from sync.state.collected import Item, Reason, RuleSet, Step, Submission, Verdict

_PAGE: Final = 1000
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_NOTHING: Final = Published()
#: What a file with this verdict does to others for its place, older ones by force, too.
_CHOSEN: Final = {
    Verdict.PUBLISHED: "is published in its place",
    Verdict.UNCHANGED: "is newer, and is what is published already",
}


@dataclass(frozen=True, slots=True)
class _Case:
    """What a decision needs of an item."""

    id: int
    label: str
    arrived: datetime
    candidate: Candidate
    path: ArchivePath


async def decide_submission(state: State, directory: Path, submission: Submission, holdings: Holdings) -> None:
    """Decide what becomes of every item that was checked; does nothing where there is none.

    Args:
        state: gets the decisions, all in one transaction.
        directory: the state directory, in which the items' bytes lie.
        submission: whose items.
        holdings: what the archive holds; answers as if the decisions were done afterwards.

    Raises:
        StoreError: the hub failed; nothing was decided.
    """
    found: list[Decided] = []
    cases: list[_Case] = []
    lists: list[Item] = []
    for item in _checked(state, submission.number):
        case = _case(item, submission.dac)
        if item.verdict is not None:
            found.append(Decided(item.id, item.verdict, item.path, item.replaces, item.reasons))
        elif item.kind is not None and item.kind.is_list:
            lists.append(item)
        elif case is None:
            found.append(_refuse_by_name(item, submission.dac))
        else:
            cases.append(case)
    if not (found or cases or lists):
        return
    await holdings.look(submission.dac, [case.path for case in cases])
    for item in sorted(lists, key=lambda item: (item.kind is Kind.EXCLUSION_LIST, item.id)):
        told = decide_list(state, item, submission.dac, held_file(directory, item), holdings.held, _rules(item))
        holdings.left(told.leaving)
        found.append(told.decided)
    found += _decide_files(cases, holdings, forced=submission.forced)
    state.decided(found)


def _decide_files(cases: list[_Case], holdings: Holdings, *, forced: bool) -> Iterator[Decided]:
    chosen: dict[str, tuple[_Case, str]] = {}
    for case in sorted(cases, key=_order):
        before, place_taken = chosen.get(case.path.text, (None, ""))
        if before is not None and before.candidate.sha256 != case.candidate.sha256:
            told = f"{before.label}, which came in the same submission, {place_taken}"
            yield Decided(case.id, Verdict.REFUSED, reasons=(Reason("ACC-006", told),))
            continue
        one = _decide_file(case, holdings, forced=forced)
        if one.verdict in _CHOSEN:
            chosen[case.path.text] = case, _CHOSEN[one.verdict]
        yield one


def _decide_file(case: _Case, holdings: Holdings, *, forced: bool) -> Decided:
    told = decide(case.candidate, holdings.published(case.path), forced=forced)
    match told:
        case Publish(path, replaces):
            assert case.candidate.sha256 is not None  # bytes that were taken have one
            holdings.came(path, case.candidate.sha256, case.candidate.date_update, replaces)
            return Decided(case.id, Verdict.PUBLISHED, path.text, replaces.text if replaces else None)
        case Unchanged(path):
            return Decided(case.id, Verdict.UNCHANGED, path.text)
        case Refuse(reasons):
            return Decided(case.id, Verdict.REFUSED, reasons=tuple(Reason(one.policy, one.text) for one in reasons))
    raise AssertionError(f"a file is neither opened nor kept: {told}")


def _refuse_by_name(item: Item, account: str) -> Decided:
    """What is no file of a float: a name that no DAC submits, or an archive within an archive."""
    told = decide(Candidate(account, item.name, item.size, item.sha256), _NOTHING)
    if isinstance(told, Refuse):
        reasons = tuple(Reason(one.policy, one.text) for one in told.reasons)
    else:
        reasons = (Reason("ACC-008", "an archive within an archive is not opened"),)
    return Decided(item.id, Verdict.REFUSED, reasons=reasons, rules=_rules(item))


def _checked(state: State, number: int) -> Iterator[Item]:
    after = 0
    while page := state.items(number, step=Step.CHECKED, after=after, most=_PAGE):
        after = page[-1].id
        yield from page


def _case(item: Item, account: str) -> _Case | None:
    if item.kind is None or not item.kind.is_file or item.verdict is not None:
        return None
    path = place(account, item.name)
    if path is None:
        return None
    candidate = Candidate(
        account,
        item.name,
        item.size,
        item.sha256,
        item.centre,
        item.platform,
        item.date_update,
        item.result is not None and item.result["verdict"] == CheckVerdict.ACCEPTED,
    )
    return _Case(item.id, item.label, item.arrived, candidate, path)


def _order(case: _Case) -> tuple[bool, str, float, float, int]:
    """R profiles last; of one place the newest first: by its own date, then by its arrival."""
    is_real_time = case.path.kind.is_single_profile and case.path.mode == "R"
    date_update = case.candidate.date_update or _FIRST
    return (is_real_time, case.path.text, -_seconds(date_update), -_seconds(case.arrived), -case.id)


def _seconds(moment: datetime) -> float:
    return (moment - _FIRST).total_seconds()


def _rules(item: Item) -> RuleSet:
    return item.rules if item.rules.policies else RuleSet(policies=version())
