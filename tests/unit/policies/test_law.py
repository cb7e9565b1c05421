"""The rules as data: ids, sources, references that exist, the page, the package."""

import importlib
import re
from datetime import timedelta

import pytest
import typer
from hatchling.builders.wheel import WheelBuilder

from gdac.cli.main import plugged_in
from gdac.errors import UsageError
from policies import extra, quarantine, retention
from policies.deletion import DEFAULT_LIMITS, Limit, Limits, Rule
from policies.law import GROUPS, groups, policies, policy, values
from policies.licence import ARGO, Licence, attribution
from policies.pages import document
from policies.shapes import shapes_text
from policies.vocabulary import DEFAULT_LIMITS as TABLES
from sync.config import Config
from tests.conftest import ROOT

ALL = list(policies().values())
REFERENCES = sorted({(one.id, reference) for one in ALL for reference in one.enforced_by})
#: Permanent: an id may come, none may go or mean something else.
IDS = """
ACC-001 ACC-002 ACC-003 ACC-004 ACC-005 ACC-006 ACC-007 ACC-008 ACC-009 ACC-010 ACC-011 ACC-012
BRK-001 BRK-002 BRK-003 BRK-004 BRK-005 BRK-006 BRK-007 BRK-008 BRK-009 CIT-001 CIT-002 CIT-003 CIT-004
DIS-001 DIS-002 DIS-003 DIS-004 DIS-005 DIS-006 LIC-001 LIC-002 LIC-003 QUA-001 QUA-002
RET-001 RET-002 RET-003 RET-004 RET-005 RET-006 VOC-001 VOC-002 VOC-003
PRI-OPEN PRI-LICENCE PRI-ARCHIVE PRI-F1 PRI-F2 PRI-F3 PRI-F4 PRI-A1 PRI-A1.1 PRI-A1.2 PRI-A2
PRI-I1 PRI-I2 PRI-I3 PRI-R1 PRI-R1.1 PRI-R1.2 PRI-R1.3
"""


def test_ids_are_permanent():
    assert set(IDS.split()) <= set(policies())
    assert len(ALL) == len(policies()) == sum(len(part.policies) for part in groups())


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_every_policy_says_what_it_is(one):
    assert re.fullmatch(r"[A-Z]{3}-[A-Z0-9.]+", one.id)
    assert all((one.title, one.statement.strip(), one.source, one.enforced_by))
    assert re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", one.since)
    assert policy(one.id.lower()) is one


def test_every_group_is_there_and_an_unknown_id_is_refused():
    assert tuple(part.name for part in groups()) == GROUPS
    with pytest.raises(UsageError, match="no policy 'DIS-999'"):
        policy("DIS-999")


@pytest.mark.parametrize(("of", "reference"), REFERENCES)
def test_what_enforces_a_policy_exists(of, reference):
    kind, _, what = reference.partition(":")
    match kind:
        case "policy":
            assert what in policies()
        case "test":
            file, _, name = what.partition("::")
            assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
        case "command":
            _, name, *rest = what.split()
            command = typer.main.get_command(plugged_in()[name].load())
            for word in rest:
                command = command.commands[word]
        case "code":
            assert _code(what) is not None
        case _:
            pytest.fail(f"{of}: {reference}")


def _code(name):
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition(".")
        return getattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize("key", sorted({key for one in ALL for key in one.overridable}))
def test_overridable_keys_are_keys_of_the_configuration(key):
    model = Config
    for part in key.split("."):
        if part == "*":
            continue
        assert part in model.model_fields, key
        found = model.model_fields[part].annotation
        inner = [one for one in (found, *getattr(found, "__args__", ())) if hasattr(one, "model_fields")]
        model = inner[0] if inner else model


def test_decisions_have_the_values_of_the_data():
    assert Licence("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/", "10.17882/42182") == ARGO
    assert Limits() == DEFAULT_LIMITS
    assert DEFAULT_LIMITS.dac_removals == Limit(share=0.05, count=5_000, floor=20)
    assert DEFAULT_LIMITS.total_removals == Limit(share=0.02, count=20_000, floor=50)
    assert DEFAULT_LIMITS.dac_changes == Limit(share=0.5, count=150_000, floor=1_000)
    assert DEFAULT_LIMITS.total_changes == Limit(share=0.3, count=300_000, floor=1_000)
    assert DEFAULT_LIMITS.index_loss == Limit(share=0.05, count=50_000, floor=20)
    assert all(str(rule) in policy(rule.policy).title for rule in Rule)
    assert (extra.MOST_EXTRA, extra.MOST_EXTRA_SHARE, extra.ALWAYS_FINE) == (1_000, 0.01, 10)
    assert (2, timedelta(hours=1)) == (quarantine.EAGER_TRIES, quarantine.FIRST_WAIT)
    assert (timedelta(hours=72), timedelta(days=90)) == (retention.DEFAULT_GRACE, retention.DEFAULT_RETENTION)
    assert (timedelta(days=31), timedelta(days=92)) == (retention.REJECTED_KEPT, retention.REMOVED_KEPT)
    assert (TABLES.lost, TABLES.deprecated) == (0.05, 0.6)


def test_values_cannot_be_changed():
    with pytest.raises(TypeError):
        values("licence", "LIC-001")["spdx"] = "none"


def test_the_line_of_attribution():
    assert attribution(ARGO, "Argo GDAC").startswith(
        "Argo GDAC, https://doi.org/10.17882/42182, licensed under CC-BY-4.0"
    )
    assert "doi.org" not in attribution(Licence("CC0-1.0", "https://example.org/cc0", ""), "Ours")


def test_the_page_shows_the_data():
    page = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    assert page == document(groups()), "make it anew: gdac policy show --markdown > docs/policies.md"


def test_a_wheel_holds_data_and_shapes():
    builder = WheelBuilder(str(ROOT))
    held = {file.distribution_path for file in builder.recurse_included_files()}
    assert {f"policies/data/{name}.toml" for name in GROUPS} <= held
    assert {"policies/shapes/provenance.ttl", "policies/shapes/faces.ttl"} <= held


def test_shapes_follow_another_base():
    standard = shapes_text("provenance")
    assert "https://w3id.org/argo-gdac/" in standard
    assert "https://w3id.org/argo-gdac/" not in shapes_text("provenance", "https://example.org/x/")
    for wrong in ("nothing", "../data/licence"):
        with pytest.raises(KeyError):
            shapes_text(wrong)
