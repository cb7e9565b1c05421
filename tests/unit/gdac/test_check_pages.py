"""The rules reference in docs/rules is what the rules themselves say."""

import json

import pytest
from typer.testing import CliRunner

from gdac.check.plan import every_rule
from gdac.check.report.pages import FAMILIES, documents, family_of
from gdac.cli.explain import app
from gdac.errors import UsageError
from tests.conftest import ROOT

PAGES = ROOT / "docs" / "rules"


def test_every_rule_has_its_page_and_the_pages_are_current():
    made = documents(every_rule().values())
    stale = [name for name, text in made.items() if not _same(PAGES / name, text)]
    assert not stale, "run: gdac explain --write docs/rules"
    assert {path.name for path in PAGES.glob("*.md")} == set(made)


def test_every_family_has_a_name():
    assert {family_of(rule_id) for rule_id in every_rule()} <= set(FAMILIES)


def test_explain():
    run = CliRunner().invoke(app, ["opn-012"])
    assert run.stdout.startswith("OPN-012: ")
    assert json.loads(CliRunner().invoke(app, ["OPN-012", "--json"]).stdout)["rule"] == "OPN-012"
    listed = CliRunner().invoke(app, []).stdout
    assert all(rule_id in listed for rule_id in every_rule())
    assert len(json.loads(CliRunner().invoke(app, ["--json"]).stdout)) == len(every_rule())


@pytest.mark.parametrize(
    ("asked", "near"), [("OPN-12", "OPN-012"), ("JULD", "PRF-JULD"), ("nothing", "lists all rules")]
)
def test_explain_names_the_nearest(asked, near):
    run = CliRunner().invoke(app, [asked])
    assert isinstance(run.exception, UsageError)
    assert near in run.exception.hint


def _same(path, text):
    return path.is_file() and path.read_text(encoding="utf-8") == text
