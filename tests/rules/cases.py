"""Good and bad cases of rules, and how they are run. Every rule id needs one `Case`.

    CASES = [
        Case("PRF-META-002", "core", bad=lambda file: file.text("DIRECTION", "X"), where="DIRECTION[1]"),
        Case("NAM-001", "core", good=lambda file: ..., bad=rename("R1900001_001.nc"), where="file"),
    ]
    test_cases = checks(CASES)

The good case is the sample itself, or what ``good`` makes of it: the rule must say nothing. The bad case must give a
finding of this rule, with the severity that the rule declares, at ``where`` (a prefix is enough).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import pytest

from gdac.check.context import Options
from gdac.check.file import check_bytes
from gdac.check.finding import Result
from gdac.check.plan import rule_called
from gdac.tables import Tables, load, snapshot
from gdac.tables.reference import SHIPPED
from tests.rules.draft import Draft
from tests.rules.samples import sample

Change = Callable[[Draft], object]


def _unchanged(file: Draft) -> None:
    pass


@dataclass(frozen=True)
class Case:
    """One rule on one kind of sample (see `tests.rules.samples.KINDS`).

    Attributes:
        rule: its id.
        kind: which sample.
        bad: changes the sample so that the rule finds something.
        where: begins the place of the finding.
        good: changes the sample so that the rule is really asked and finds nothing; nothing by default.
        options: how to check.
        quirk: the finding is advice, because the official checker lets it pass.
        old: (table, code) that count as deprecated in the bad case.
    """

    rule: str
    kind: str
    bad: Change
    where: str = ""
    good: Change = _unchanged
    options: Options = field(default_factory=Options)
    quirk: bool = False
    old: tuple[str, str] | None = None


def renamed(name):
    """A change that gives the file another name."""

    def change(file: Draft) -> None:
        file.name = name

    return change


@cache
def tables(old: tuple[str, str] | None = None):
    """The shipped reference tables; or made anew with one code deprecated: few of the shipped codes are."""
    if old is None:
        return load()
    _, facts, rows = snapshot.read(SHIPPED)
    for row in rows:
        row[4] = row[4] or (row[0] == old[0] and snapshot.concept(row).code == old[1])
    return Tables(facts, rows, "sha256:changed", "changed")


def run(file: Draft, options: Options | None = None, old: tuple[str, str] | None = None) -> Result:
    """Check a draft."""
    asked = options or Options()
    return check_bytes(file.encode(), file.name, tables(old), asked, received=file.received, dac=file.dac)


def checks(cases):
    """A test that runs all these cases."""

    @pytest.mark.parametrize("case", cases, ids=lambda case: f"{case.rule}-{case.kind}")
    def test(case):
        declared = rule_called(case.rule)
        assert declared, f"there is no rule {case.rule}"
        for change, expected in ((case.good, False), (case.bad, True)):
            file = sample(case.kind)
            change(file)
            result = run(file, case.options, case.old if expected else None)
            said = [f"{each.rule} {each.severity} {each.where}: {each.text}" for each in result.findings]
            assert "CHK-001" not in {each.rule for each in result.findings}, said
            hits = [each for each in result.findings if each.rule == case.rule]
            assert bool(hits) == expected, f"{'bad' if expected else 'good'} case: {said}"
            if expected:
                hit = next((each for each in hits if each.where.startswith(case.where)), None)
                assert hit, said
                assert hit.severity == ("advice" if case.quirk else declared.severity), said
                assert hit.text, "the finding says nothing"
                assert hit.mend, "the finding does not say how to mend it"

    return test
