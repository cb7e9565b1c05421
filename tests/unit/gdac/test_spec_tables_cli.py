"""gdac spec and gdac tables, as they are called."""

import json

import pytest
from typer.testing import CliRunner

from gdac.cli.spec import app as spec
from gdac.cli.tables import app as tables
from gdac.errors import RefusedError, UsageError
from gdac.spec import UnsupportedError, document
from tests.unit.gdac import nvs_tables


def run(app, *arguments, exit_code=0):
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == exit_code, done.output
    return done.stdout


def test_spec_show_lists_types_and_what_cannot_be_used():
    text = run(spec, "show")
    assert "profile       2.2  2.3  3.0  3.1" in text
    assert "not usable: technical 2.4: line 29" in text
    assert json.loads(run(spec, "show", "--json"))["types"]["technical"]["2.2"]


def test_spec_show_of_a_version_and_of_a_variable():
    text = run(spec, "show", "profile")
    assert text.startswith("profile 3.1")
    assert "N_LEVELS                any length" in text
    assert "mandatory: PRES, TEMP" in text
    assert json.loads(run(spec, "show", "profile", "2.2", "--json"))["version"] == "2.2"
    one = run(spec, "show", "b_profile", "3.1", "--variable", "DOXY")
    assert "-5.0  or, with a warning, /0.0/" in one
    assert "comes with              DOXY, " in one
    facts = json.loads(run(spec, "show", "metadata", "--variable", "PROJECT_NAME", "--json"))
    assert facts["attributes"]["long_name"]["tolerates"] == "Program under which the float was deployed"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        *(("P", "profile"), ("b", "b_profile"), ("BT", "b_trajectory"), ("T", "trajectory"), ("K", "technical")),
        *(("tech", "technical"), ("meta", "metadata"), ("M", "metadata"), ("bio-profile", "b_profile")),
        *(("Bio trajectory", "b_trajectory"), ("traj", "trajectory"), ("b_traj", "b_trajectory")),
    ],
)
def test_types_have_short_names(said, meant):
    assert run(spec, "show", said).startswith(f"{meant} 3.")


def test_spec_show_of_nothing_known():
    with pytest.raises(UsageError, match="'glider' is no file type"):
        run(spec, "show", "glider")
    with pytest.raises(UnsupportedError, match=r"has 2\.2, 2\.3"):
        run(spec, "show", "profile", "4.0")
    with pytest.raises(UsageError, match="has no variable 'NOPE'"):
        run(spec, "show", "profile", "3.1", "--variable", "NOPE")


def test_spec_diff_of_versions():
    text = run(spec, "diff", "profile-3.0", "profile-3.1", exit_code=1)
    assert '+ variable POSITION_ERROR_REPORTED: "float (N_PROF)"' in text
    assert "POSITION_ERROR_REPORTED:long_name" not in text
    assert '~ variable FLOAT_SERIAL_NO: "char (N_PROF, STRING16)" -> "char (N_PROF, STRING32)"' in text
    assert run(spec, "diff", "prof", "3.0", "3.1", exit_code=1) == text
    assert run(spec, "diff", "profile-3.1", "profile-3.1") == "no difference\n"
    with pytest.raises(UsageError, match="one side is a version"):
        run(spec, "diff", "profile-3.1", document.SHIPPED)


def test_spec_diff_of_folders(tmp_path):
    ours = tmp_path / "ours"
    ours.mkdir()
    for path in document.SHIPPED.iterdir():
        (ours / path.name).write_bytes(path.read_bytes())
    assert run(spec, "diff", document.SHIPPED, ours) == "no difference\n"
    path = ours / "profile-3.1.json"
    path.write_text(path.read_text().replace('"N_PROF": null', '"N_PROF": 1'))
    common = ours / "common.json"
    common.write_text(common.read_text().replace('"b_profile": ["3.1"]', '"b_profile": []'))
    changes = json.loads(run(spec, "diff", document.SHIPPED, ours, "--json", exit_code=1))["changes"]
    assert {"document": "profile-3.1.json", "place": "dimension N_PROF", "old": "any length", "new": 1} in changes
    assert {"document": "b_profile-3.1.json", "place": "document", "old": "gone", "new": None} in changes
    with pytest.raises(RefusedError, match="is not a folder"):
        run(spec, "diff", document.SHIPPED, tmp_path / "absent")


def test_tables_show():
    assert "R27" in run(tables, "show")
    assert "Sea-Bird Scientific SBE 41CP CTD" in run(tables, "show", "r27", "SBE41CP")
    assert "(deprecated)" in run(tables, "show", "RP2")
    assert "<short_sensor_name>  Crover" in run(
        tables, "show", "R18", "CONFIG_CtdDriftAtParkPresSamplingPeriod_minutes"
    )
    assert json.loads(run(tables, "show", "R08", "846", "--json"))["links"] == {"broader": ["R23/APEX"]}
    assert json.loads(run(tables, "show", "--json"))["tables"]["RP2"]["deprecated"] == 1
    assert len(json.loads(run(tables, "show", "R05", "--json"))["entries"]) == 15
    with pytest.raises(UsageError, match="there is no table R99"):
        run(tables, "show", "R99")
    with pytest.raises(UsageError, match="R27 has no entry 'X'"):
        run(tables, "show", "R27", "X")


def test_tables_build_and_diff(tmp_path):
    folder, snapshot = nvs_tables.write(tmp_path / "nvs"), tmp_path / "out" / "tables.jsonl"
    assert "26 tables" in run(tables, "build", folder, "--output", snapshot)
    assert run(tables, "diff", folder, snapshot).endswith("no difference\n")
    assert "R27" in run(tables, "show", "--tables", snapshot)
    content = nvs_tables.tables()
    del content["R27"][0]
    later = nvs_tables.write(tmp_path / "later", content)
    assert "removed    R27 MODEL" in run(tables, "diff", snapshot, later, exit_code=1)
    changes = json.loads(run(tables, "diff", snapshot, later, "--json", exit_code=1))["changes"]
    assert changes == [{"table": "R27", "code": "MODEL", "change": "removed", "what": []}]
    with pytest.raises(UsageError, match="is not a folder"):
        run(tables, "build", snapshot, "--output", snapshot)
