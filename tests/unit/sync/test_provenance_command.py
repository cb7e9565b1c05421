"""`gdac provenance`: one path in every format, near names, everything, from a folder and from a server."""

import hashlib
import json

import pyoxigraph as ox
import pytest
from typer.testing import CliRunner

from gdac.columns import connect
from sync.cli.provenance import app
from tests.servers import http_python
from tests.unit.vocab.test_provenance_files import D1, LIFE, META, R1, seal_all


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("sealed")
    with connect() as con:
        seal_all(con, root, LIFE)
    return root


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_text_says_what_is_known_and_what_is_not(tree):
    done = run(D1, "--archive", tree)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == D1
    assert "2 versions, oldest first:" in lines
    assert f"  at      {R1}" in lines
    assert f"  since   serial 3 (2026-11-04), still there: took the place of {R1}" in lines
    assert "  run     no record of it is kept" in lines
    assert "  DOI     no DOI snapshot is known" in lines
    assert any(line.startswith("licence   CC-BY-4.0 ") for line in lines)
    assert any(line.startswith("cite      ") and "10.17882/42182" in line for line in lines)


def test_json_holds_the_same(tree):
    told = json.loads(run(META, "--archive", tree, "--format", "json").stdout)
    assert [(one["how"], one["first_serial"], one["last_serial"]) for one in told["versions"]] == [
        ("first", 1, 1),
        ("changed", 2, None),
    ]
    assert told["versions"][0]["sha256"] == "62c66a7a5dd70c3146618063c344e531e6d4b59e379808443ce962b3abd63c5a"
    assert told["dac"] == "aoml"


def test_graphs_hold_the_same_triples(tree):
    made = {one: run(D1, "--archive", tree, "--format", one).stdout_bytes for one in ("turtle", "json-ld", "n-quads")}
    formats = {"turtle": ox.RdfFormat.TURTLE, "json-ld": ox.RdfFormat.JSON_LD, "n-quads": ox.RdfFormat.N_QUADS}
    graphs = [{quad.triple for quad in ox.parse(made[one], format=kind)} for one, kind in formats.items()]
    assert graphs[0] == graphs[1] == graphs[2]
    assert len(graphs[0]) > 60


def test_a_path_that_was_never_there(tree):
    done = run("dac/aoml/13857/13857_mata.nc", "--archive", tree)
    assert done.exit_code == 1
    assert "was never in this archive" in done.stderr
    assert f"near: {META}" in done.stderr
    other = run("dac/coriolis/13857/13857_meta.nc", "--archive", tree)
    assert f"near: {META}" in other.stderr


def test_everything_goes_to_a_file_whole(tree, tmp_path):
    done = run("--all", "--archive", tree, "-o", tmp_path / "all.nq")
    assert done.exit_code == 0, done.output
    text = (tmp_path / "all.nq").read_bytes()
    quads = list(ox.parse(text, format=ox.RdfFormat.N_QUADS))
    assert f"{len(text.splitlines()):,} statements" in done.stderr
    assert {quad.graph_name.value.rpartition("/")[2] for quad in quads} == {"archive", "snapshots", "files"}
    assert [one.name for one in tmp_path.iterdir()] == ["all.nq"]
    to_screen = run("--all", "--archive", tree)
    assert sorted(to_screen.stdout_bytes.splitlines()) == sorted(text.splitlines())


def test_from_a_server_that_holds_no_more_than_the_archive(tree):
    with http_python(tree) as server:
        for place in (server.url, f"{server.url.rstrip('/')}/manifest/head.json"):
            there = run(D1, "--archive", place, "--format", "json")
            assert there.stdout == run(D1, "--archive", tree, "--format", "json").stdout, there.output


@pytest.mark.parametrize(
    ("arguments", "code"),
    [([], 2), ([META, "--all"], 2), ([META, "--format", "xml"], 2), (["--all", "--format", "json"], 2), (["../x"], 3)],
)
def test_wrong_orders_are_refused(tree, arguments, code):
    done = run(*arguments, "--archive", tree)
    assert getattr(done.exception, "exit_code", None) == code


def test_what_reports_of_the_checker_say_of_these_bytes(tree, tmp_path):
    line = {
        "schema": 1, "path": META, "verdict": "rejected", "known": 0, "run": "11111111-1111-4111-8111-111111111111",
        "started": "2026-11-03T00:00:00Z", "tables_digest": "sha256:" + "0" * 64,
        "versions": {"checker": "0.1.0", "specification": "3.1", "tables": "NVS 2026-04-10"},
        "findings": [{"rule": "META-SEN-005", "severity": "error"}, {"rule": "X-1", "severity": "warning"}],
        "sha256": hashlib.sha256(b"m2").hexdigest(),
    }  # fmt: skip
    (tmp_path / "r.jsonl").write_text(json.dumps(line) + "\n" + json.dumps({**line, "sha256": "1" * 64}) + "\n")
    shown = run(META, "--archive", tree, "--checks", tmp_path / "r.jsonl").stdout
    (said,) = [one for one in shown.splitlines() if one.startswith("  check   ")]
    assert said.startswith("  check   rejected (META-SEN-005) on 2026-11-03 by checker 0.1.0, tables NVS 2026-04-10")
    told = json.loads(run(META, "--archive", tree, "--checks", tmp_path / "r.jsonl", "--format", "json").stdout)
    assert [one["rules"] for one in told["checks"]] == [["META-SEN-005"]]
    other = run(R1, "--archive", tree, "--checks", tmp_path / "r.jsonl").stdout
    assert "the reports say nothing of these bytes" in other
