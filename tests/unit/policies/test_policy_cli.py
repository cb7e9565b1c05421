"""gdac policy: what it shows, explains and says of paths, manifests and configurations."""

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from gdac.cli.manifest import app as manifest_app
from gdac.errors import UsageError
from gdac.sample.archive import make_archive
from policies.cli.policy import app
from policies.law import groups, policies


def gdac_policy(*arguments, given=""):
    return CliRunner().invoke(app, list(arguments), input=given)


def test_show_lists_all_one_group_or_one():
    text = gdac_policy("show").output
    assert all(one in text for one in policies())
    group = gdac_policy("show", "Distribution").output
    assert "DIS-001" in group
    assert "LIC-001" not in group
    assert "CC-BY-4.0" in gdac_policy("show", "lic-001").output
    assert "150,000" in gdac_policy("show", "BRK-003").output


def test_show_as_json_round_trips_every_policy():
    shown = json.loads(gdac_policy("show", "--json").output)
    assert [one["id"] for one in shown] == list(policies())
    first = next(one for one in shown if one["id"] == "DIS-005")
    assert first["overridable"] == "no"
    assert "etc/argo-index/" in first["values"]["public"]
    assert next(one for one in shown if one["id"] == "RET-001")["overridable"] == ["hub.grace", "mirror.*.grace"]


@pytest.mark.parametrize("one", policies().values(), ids=lambda one: one.id)
def test_explain_says_everything(one):
    text = " ".join(gdac_policy("explain", one.id).output.split())
    for said in (one.title, one.since, *one.source, one.mend, one.gap, one.statement):
        assert " ".join(said.split()) in text
    assert json.loads(gdac_policy("explain", one.id, "--json").output)["id"] == one.id


def test_what_is_not_there_is_said():
    for wrong in (["show", "nothing"], ["explain", "X-1"], ["check"], ["show", "DIS-001", "--markdown"]):
        assert isinstance(gdac_policy(*wrong).exception, UsageError)
    assert "Groups are licence" in str(gdac_policy("show", "x").exception)
    assert gdac_policy("show", "--markdown").output.count("\n## ") == len(groups())


def test_check_of_paths():
    fine = gdac_policy("check", "dac/aoml/13857/13857_meta.nc")
    assert (fine.exit_code, fine.output) == (0, "1 path asked about, 0 must not be published\n")
    bad = gdac_policy("check", "-", "etc/x", given="ar_greylist.txt\r\n\ndac/aoml/13857/13857_meta.nc\n\x1b[2J\n")
    assert bad.exit_code == 1
    assert bad.output.splitlines()[0].startswith("ar_greylist.txt: [DIS-002] ")
    assert "4 paths asked about, 3 must not be published" in bad.output
    assert "\x1b" not in bad.output
    as_json = json.loads(gdac_policy("check", "etc/removed/x", "--json").output)
    assert as_json["refused"] == [
        {"path": "etc/removed/x", "policy": "DIS-004", "why": policies()["DIS-004"].values["told"]}
    ]


def test_check_of_a_manifest(tmp_path):
    make_archive(tmp_path / "tree", floats=1, cycles=2, seed=7, day=date(2025, 3, 1))
    for policy, path in ((None, "etc/argo-index/x.txt"), ("DIS-002", "etc/greylist/x.txt")):
        file = tmp_path / "tree" / path
        file.parent.mkdir(parents=True)
        file.write_text("x")
        sealed = tmp_path / f"{policy}.parquet"
        done = CliRunner().invoke(manifest_app, ["build", str(tmp_path / "tree"), "--all", "--output", str(sealed)])
        assert done.exit_code == 0, done.output
        found = gdac_policy("check", "--manifest", str(sealed), "--json")
        told = json.loads(found.output)
        assert (found.exit_code, [one["policy"] for one in told["refused"]]) == ((1, [policy]) if policy else (0, []))
        assert told["checked"] > 10


CONFIG = """
[archive]
title = "Ours"
licence = "CC0-1.0"
[hub]
store = "hub"
grace = "P1D"
[brake]
dac_removals = { share = 0.5 }
[mirror.b]
store = "b"
[mirror.b.brake.total_removals]
count = 2
[mirror.a]
store = "a"
grace = "P9D"
filter = { dacs = ["aoml"] }
"""


def test_check_of_a_configuration(tmp_path):
    file = tmp_path / "gdac.toml"
    file.write_text('[hub]\nstore = "hub"\n')
    calm = gdac_policy("check", "--config", str(file))
    assert (calm.exit_code, "overrides no policy" in calm.output) == (0, True)
    file.write_text(CONFIG)
    told = gdac_policy("check", "--config", str(file))
    assert told.exit_code == 0
    assert "archive.licence = CC0-1.0: takes the place of [LIC-001] (the policy says CC-BY-4.0)" in told.output
    shown = json.loads(gdac_policy("check", "--config", str(file), "--json").output)["overrides"]
    assert [(one["policy"], one["key"]) for one in shown] == [
        ("LIC-001", "archive.licence"),
        ("LIC-002", "archive.title"),
        ("BRK-001", "brake.dac_removals"),
        ("BRK-002", "mirror.b.brake.total_removals"),
        ("RET-001", "hub.grace"),
        ("RET-001", "mirror.a.grace"),
    ]
    file.write_text(CONFIG.replace('["aoml"]', '["aoml", "reject", 5]') + '[source.s]\nindexes = ["ar_greylist"]\n')
    bad = gdac_policy("check", "--config", str(file))
    assert bad.exit_code == 1
    assert "mirror.a.filter.dacs asks for 'reject': [DIS-003]" in bad.output
    assert "source.s.indexes asks for 'ar_greylist': [DIS-002]" in bad.output


@pytest.mark.parametrize("text", ["[hub", "mirror = 5\narchive = []\nsource = { a = { indexes = 3 } }\n", "\x00"])
def test_configurations_that_are_none(tmp_path, text):
    file = tmp_path / "gdac.toml"
    file.write_text(text)
    done = gdac_policy("check", "--config", str(file))
    assert done.exception is None or isinstance(done.exception, UsageError)
    assert isinstance(gdac_policy("check", "--config", str(tmp_path)).exception, UsageError)
