"""The audit trail of a submission as PROV: every decision on every file, as Turtle."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, Final

import pyoxigraph as ox

from gdac import __version__
from gdac.check.finding import Severity
from sync.collect.report.facts import Facts, items_of, removals_of
from sync.collect.report.told import findings_of
from sync.state import State
from sync.state.collected import Item, Verdict
from vocab.names import PREFIXES, Names
from vocab.provenance.decisions import (
    Decision,
    Submitted,
    decision_triples,
    submission_iri,
    submission_triples,
)

#: Statements that are remembered so that they are not said again: programs and tables come with every file.
_LATELY: Final = 10_000


def write_decisions(out: IO[bytes], state: State, facts: Facts, names: Names, archive: str) -> None:
    """Write the decisions of a submission; memory does not grow with its files.

    Args:
        out: where the Turtle goes.
        state: where the submission is.
        facts: of it.
        names: our IRIs.
        archive: id of the archive that it was for.
    """
    prefixes = {**PREFIXES, "argo": f"{names.vocabulary}#"}
    ox.serialize(_once(_triples(state, facts, names, archive)), out, ox.RdfFormat.TURTLE, prefixes=prefixes)


def _triples(state: State, facts: Facts, names: Names, archive: str) -> Iterator[ox.Triple]:
    submitted = Submitted(
        archive,
        facts.number,
        facts.dac,
        _seconds(facts.began),
        facts.reported,
        facts.forced,
        facts.rules[0].checker if facts.rules and facts.rules[0].checker else __version__,
        facts.serial,
        _repeated(state, facts, names, archive),
    )
    yield from submission_triples(names, submitted)
    for item in items_of(state, facts.number):
        if item.verdict is not None:
            yield from decision_triples(names, submitted, _decision(item, item.verdict), _left(state, item))


def _decision(item: Item, verdict: Verdict) -> Decision:
    errors = (one.rule for one in findings_of(item) if one.severity is Severity.ERROR)
    broken = dict.fromkeys([*(one.policy for one in item.reasons), *errors]) if verdict is Verdict.REFUSED else {}
    return Decision(
        item.id,
        item.label,
        item.size,
        item.sha256.hex() if item.sha256 else None,
        verdict,
        item.path,
        tuple(broken),
        item.rules.checker,
        item.rules.specification,
        item.rules.tables,
        item.rules.policies,
    )


def _left(state: State, item: Item) -> Iterator[str]:
    """Paths that left for an item."""
    if item.verdict is Verdict.REMOVED:
        yield from (one.path for one in removals_of(state, item))
    elif item.verdict is Verdict.PUBLISHED and item.replaces is not None:
        yield item.replaces


def _repeated(state: State, facts: Facts, names: Names, archive: str) -> str | None:
    before = None if facts.replay_of is None else state.submission(facts.replay_of)
    return None if before is None else submission_iri(names, archive, before.number, before.began)


def _seconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _once(triples: Iterable[ox.Triple]) -> Iterator[ox.Triple]:
    """Without what was said lately; Turtle that says a thing twice is longer and means the same."""
    lately: dict[ox.Triple, None] = {}
    for one in triples:
        if one in lately:
            continue
        lately[one] = None
        if len(lately) > _LATELY:
            lately.pop(next(iter(lately)))
        yield one
