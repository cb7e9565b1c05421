"""The official checker's verdicts on real files and on mutants of them, and ours: equal, and naming the same things.

`python -m tests.conformance.verdicts` shows the disagreements of any part of this.
"""

import pytest

from tests.conformance import verdicts
from tests.conftest import ROOT

#: Mutants whose verdict differs on purpose, and the row of docs/checker-differences.md that says why.
DELIBERATE = {
    "dev-0013": "D-01",
    "dev-1033": "D-03",
    "dev-1200": "D-03",
    "dev-1201": "D-02",
}


@pytest.fixture(scope="module")
def real(shared):
    return verdicts.compare_all(verdicts.real_cases(shared))


@pytest.fixture(scope="module")
def mutants(shared):
    return verdicts.compare_all(verdicts.mutant_cases(shared))


def test_every_real_file_has_the_official_verdict(real):
    assert len(real) > 1000
    print(verdicts.summary("real files", real))
    assert [each.case.id for each in real if not each.agrees] == [], verdicts.disagreements(real)


def test_mutants_have_the_official_verdict_or_differ_on_purpose(mutants):
    print(verdicts.disagreements(mutants))
    print(verdicts.summary("mutants", mutants))
    assert sum(each.agrees for each in mutants) >= 0.99 * len(mutants)
    assert {each.case.id for each in mutants if not each.agrees} <= set(DELIBERATE), verdicts.disagreements(mutants)
    table = (ROOT / "docs" / "checker-differences.md").read_text(encoding="utf-8")
    assert all(f"| {row} |" in table for row in DELIBERATE.values())


def test_what_the_official_checker_names_we_name(mutants):
    named = [each.named for each in mutants if each.named is not None]
    assert len(named) > 500
    assert sum(named) >= 0.97 * len(named), verdicts.disagreements(mutants)


def test_no_rule_fails_on_any_of_them(real, mutants):
    crashed = [each.case.id for each in (*real, *mutants) if each.result.verdict == "crash"]
    assert crashed == []
