"""The report for a DAC's contact: plain text in short lines, file by file; what was refused comes first."""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from textwrap import wrap
from typing import Final

from gdac.check.report.escape import printable
from sync.collect.report.facts import Counted, Facts, happened, items_of, removals_of
from sync.collect.report.told import Why, explained, reasons_of
from sync.state import State
from sync.state.collected import Item, RuleSet, Verdict

#: Refused files that are told, and files that were accepted; programs find all in JSON and CSV.
REFUSED: Final = 200
ACCEPTED: Final = 200
#: Removed files that are named, of each list.
REMOVED: Final = 100
#: Places of one rule that are told, and reasons of one policy.
_SHOWN: Final = 2
_REASONS: Final = 20
#: Policies and rules that are named before the files.
_TOP: Final = 10
_WIDTH: Final = 78
_REPORT: Final = re.compile(r"submission-([1-9][0-9]{0,17})\.(?:txt|html|json|csv|ttl)")
_HEADINGS: Final = {
    Verdict.PUBLISHED: "PUBLISHED",
    Verdict.REMOVED: "REMOVED BY LISTS",
    Verdict.KEPT: "STORED",
    Verdict.UNCHANGED: "UNCHANGED: published before, with these very bytes",
    Verdict.OPENED: "ARCHIVES",
}


def text_lines(state: State, facts: Facts, *, title: str, reject: str) -> Iterator[str]:
    """The lines of the report, without line ends.

    Args:
        state: where the submission is.
        facts: of it.
        title: what the archive is called.
        reject: folder of the account in which refused files lie.
    """
    yield from _head(facts, title)
    if facts.refused:
        yield from _refused(state, facts, reject)
    yield from _accepted(state, facts)
    others = [(one, one.files) for one in facts.counted if not one.refuses]
    if others:
        yield from ["", "TO BE MENDED, though it keeps no file out today", "", *_most_often(others)]
    yield from ["", "-" * _WIDTH]
    for one in facts.rules:
        yield from wrap(f"decided by {decided_by(one)}", _WIDTH)
    yield "Why a rule is there: gdac explain RULE-ID; a policy: gdac policy explain ID"


def when(moment: datetime) -> str:
    """A time for people."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def name_of(facts: Facts, ending: str) -> str:
    """What a report file of the submission is called."""
    return name_of_number(facts.number, ending)


def name_of_number(number: int, ending: str) -> str:
    """What a report file of a submission is called, by its number."""
    return f"submission-{number}.{ending}"


def number_of_name(name: str) -> int | None:
    """The number of the submission whose report has this name; None when it is no report's."""
    found = _REPORT.fullmatch(name)
    return None if found is None else int(found[1])


def decided_by(rules: RuleSet) -> str:
    """What decisions went by, in a line."""
    known = [f"gdac {rules.checker}"] if rules.checker else []
    known += [f"format specification {rules.specification}"] if rules.specification else []
    known += [f"reference tables {rules.tables}"] if rules.tables else []
    known += [f"policies {rules.policies}"] if rules.policies else []
    return printable(", ".join(known))


def back(reject: str) -> str:
    """Where refused files are."""
    return (
        f"What was read is back in the folder {printable(reject)} of your account, each file with a .filecheck beside"
        " it, members of an archive in a folder named after it. Empty files are only named here; what was too large to"
        " be taken, or is no plain file, stays where you put it."
    )


def about(facts: Facts) -> Iterator[str]:
    """What there is to say of a submission as a whole, a sentence each."""
    if facts.serial is not None:
        yield f"Sealed as serial {facts.serial}."
    elif not facts.verdicts.get(Verdict.PUBLISHED) and not facts.verdicts.get(Verdict.REMOVED):
        yield "Nothing in the archive changed."
    if facts.replay_of is not None:
        yield f"It repeats what was refused of submission {facts.replay_of}."
    if facts.forced:
        yield "Forced by the operator: files older than what was published were let in."
    yield from (printable(note) for note in facts.notes)


def _head(facts: Facts, title: str) -> Iterator[str]:
    yield from wrap(printable(f"{title}: submission {facts.number} of {facts.dac}"), _WIDTH)
    yield f"taken {when(facts.began)}, reported {when(facts.reported)}"
    yield ""
    yield facts.words()
    for one in about(facts):
        yield from _wrapped(one, "", "  ")


def _refused(state: State, facts: Facts, reject: str) -> Iterator[str]:
    yield from ["", f"REFUSED ({facts.refused:,})", "", "What was not kept to:"]
    yield from _most_often([(one, one.refused) for one in facts.counted if one.refuses and one.refused])
    yield ""
    yield from wrap(f"{back(reject)} Mend them and send them again; what was accepted need not be sent again.", _WIDTH)
    for item in islice(items_of(state, facts.number, Verdict.REFUSED), REFUSED):
        yield from ["", *_wrapped(printable(item.label), "", "  ")]
        if item.sha256 is None:
            yield "  (not read, and so not in that folder)"
        for why in reasons_of(item, shown=_SHOWN):
            yield from _why(why)
    yield from _more(facts, facts.refused - REFUSED)


def _most_often(counted: list[tuple[Counted, int]]) -> Iterator[str]:
    """Policies and rules with the number of files that they concern."""
    for one, number in counted[:_TOP]:
        files = f"{number:,} {'file' if number == 1 else 'files'}"
        yield from _wrapped(f"{files:>12}  {one.id}  {explained(one.id).title}", "", " " * 14)
    if len(counted) > _TOP:
        yield f"{'':>14}and {len(counted) - _TOP:,} more"


def _why(why: Why) -> Iterator[str]:
    shown = why.texts[:_REASONS]
    for text in shown:
        yield from _wrapped(f"{why.id}  {text}", "  ", "    ")
    if more := why.more + len(why.texts) - len(shown):
        yield f"    and {more:,} more"
    if why.mend:
        yield from _wrapped(f"do: {why.mend}", "    ", "        ")


def _accepted(state: State, facts: Facts) -> Iterator[str]:
    left = ACCEPTED
    for verdict in _HEADINGS:
        count = facts.verdicts.get(verdict, 0)
        if not count:
            continue
        yield from ["", f"{_HEADINGS[verdict]} ({count:,})", ""]
        for item in islice(items_of(state, facts.number, verdict), left):
            yield from _taken(state, item, facts.dac)
        yield from _more(facts, count - left)
        left = max(0, left - count)


def _taken(state: State, item: Item, dac: str) -> Iterator[str]:
    yield from _wrapped(printable(item.label), "", "  ")
    if item.verdict is not Verdict.UNCHANGED:
        yield from _wrapped(happened(state, item, dac), "  ", "  ")
    if item.verdict is not Verdict.REMOVED:
        return
    removals = removals_of(state, item)
    yield from (f"  {one.path}" for one in islice(removals, REMOVED))
    if more := sum(1 for _ in removals):
        yield f"  and {more:,} more"


def _more(facts: Facts, number: int) -> Iterator[str]:
    if number > 0:
        yield from ["", f"and {number:,} more: {name_of(facts, 'csv')} lists all of them"]


def _wrapped(text: str, first: str, later: str) -> list[str]:
    """Lines of a text; names and paths are never broken."""
    return wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )
