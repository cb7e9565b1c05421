"""Every row of the official checker's rule table is a rule of ours, with a page and a good and a bad case."""

import csv
import importlib
from pathlib import Path

import pytest

from gdac.check.plan import every_rule

HERE = Path(__file__).parent
ROWS = {row["id"]: row for row in csv.DictReader((HERE / "rows.csv").read_text(encoding="utf-8").splitlines())}
#: Families that are done; the rest is being written.
DONE = ("OPN", "FMT", "NAM", "META", "TECH", "TRJ", "PRF", "RUD", "DAT", "COM")


def rows():
    return [each for each in ROWS if each.partition("-")[0] in DONE]


@pytest.mark.parametrize("row", rows())
def test_row_is_a_rule(row):
    rule = every_rule()[row]
    assert rule.declared == ROWS[row]["severity"]
    scopes = " ".join(f"{each.letter}{each.comparison}{each.version}" for each in rule.scopes)
    assert scopes == ROWS[row]["types"].replace("ALL <3.1", "ALL<3.1")


def test_no_rule_is_invented():
    own = {each for each in every_rule() if each.partition("-")[0] not in {"CHK", "ADV", "SYN"}}
    assert own <= set(ROWS)


@pytest.mark.parametrize("row", sorted(every_rule()))
def test_every_rule_has_a_page(row):
    rule = every_rule()[row]
    assert rule.title.endswith("."), rule.title
    assert len(rule.title) <= 110
    assert len(rule.why) > 20, "say why it matters, under `Why:`"
    assert len(rule.mend) > 10, "say how to mend it, under `Mend:`"


def test_every_rule_has_a_good_and_a_bad_case():
    cased = set()
    for file in sorted(HERE.glob("test_rules_*.py")):
        module = importlib.import_module(f"tests.rules.{file.stem}")
        cased |= {case.rule for case in getattr(module, "CASES", ())}
        cased |= set(getattr(module, "TESTED", ()))  # by plain tests of the module
    done = {each for each in every_rule() if each.partition("-")[0] in DONE}
    assert sorted(done - cased) == []
