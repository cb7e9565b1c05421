"""FAIR assessments: FOOPS' own arithmetic, every state with its reason, and what an export and a raw table get."""

import json

import pyoxigraph as ox
import pytest
from typer.testing import CliRunner

from tests.unit.vocab.nvs_tables import small_tables, write_tables
from vocab.build import build
from vocab.cli.vocab import app
from vocab.fair import foops, fuji, ofaire
from vocab.fair.assess import assess
from vocab.fair.outcome import Assessment, Check, State, mean_of_ratios, part, share
from vocab.fair.probe import Server
from vocab.folder import write_vocabulary
from vocab.names import Names
from vocab.nvs.folder import read_folder
from vocab.preflight.facts import facts_of

#: Passed and run sub-tests of the sample that FOOPS publishes with its code; its overall score is 0.7794872.
SAMPLE = {
    "CN1": (2, 2), "PURL1": (1, 1), "URI1": (1, 1), "DOC1": (1, 1), "RDF1": (1, 1), "OM1": (6, 6), "OM2": (2, 4),
    "OM3": (0, 6), "OM4.1": (1, 1), "OM4.2": (1, 1), "OM5.1": (1, 2), "OM5.2": (0, 2), "FIND1": (1, 1),
    "FIND2": (2, 2), "FIND3": (0, 1), "FIND3_BIS": (0, 1), "HTTP1": (1, 1), "VOC1": (1, 1), "VOC2": (1, 1),
    "VOC3": (55, 65), "VOC4": (56, 65), "VER1": (2, 2), "VER2": (1, 1), "URI2": (1, 1),
}  # fmt: skip

HEADER = """
@prefix dct: <http://purl.org/dc/terms/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix vann: <http://purl.org/vocab/vann/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
<https://w3id.org/x/o> a owl:Ontology ; dct:title "O" ;
    dct:license <http://l/> ; owl:versionIRI <https://w3id.org/x/o> .
<https://w3id.org/x/o#A> a owl:Class ; rdfs:label "A" ; rdfs:comment "" .
<https://w3id.org/x/o#B> a owl:Class ; skos:prefLabel "B" ; skos:definition "b" .
<http://other.org/C> a owl:Class ; rdfs:label "C" . <http://other.org/c> a <http://other.org/C> .
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("fair")
    write_tables(root / "nvs", small_tables())
    write_vocabulary(build(read_folder(root / "nvs"), Names()), root / "vocabulary")
    return root / "vocabulary", root / "nvs" / "R27.jsonld"


def subject(text, loads=None):
    triples = [quad.triple for quad in ox.parse(text.encode(), format=ox.RdfFormat.TURTLE)]
    return foops.subject_of("file", facts_of(triples), loads)


def states(assessment):
    return {check.id: check.state for check in assessment.checks}


def test_the_arithmetic_is_that_of_foops():
    checks = [Check(name, "", "", (share("", passed, run, ""),)) for name, (passed, run) in SAMPLE.items()]
    assessment = Assessment("", "", tuple(checks))
    assert assessment.over_all == pytest.approx(0.7794872, abs=5e-8)
    assert mean_of_ratios(list(SAMPLE.values())) == pytest.approx(0.7794872, abs=5e-8)
    assert assessment.over_assessed == assessment.over_all


def test_what_is_not_assessed_is_never_passed():
    half = Check("a", "", "", (part("x", True, ""), part("y", None, "")))
    none = Check("b", "", "", (part("z", None, ""),))
    assert (half.state, none.state) == (State.PARTIAL, State.NOT_ASSESSED)
    for by_points in (False, True):
        one = Assessment("", "", (half, none), by_points)
        assert one.over_assessed == 1
        assert one.over_all < 0.5
    assert Assessment("", "", (none,)).over_assessed == 0
    assert Check("c", "", "", (part("x", False, ""), part("y", None, ""))).state is State.FAIL


def test_there_are_as_many_tests_as_their_definitions_have():
    one = subject(HEADER)
    server = Server("https://w3id.org/x/", "http://127.0.0.1:1/", {})
    assert len(foops.assess_file(one).checks) == 15
    uri = foops.assess_uri(one, server)
    assert set(states(uri)) == set(SAMPLE)
    metrics = fuji.assess(server, "https://w3id.org/x/o")
    assert len(metrics.checks) == 17
    assert sum(check.most for check in metrics.checks) == 26
    assert sum(check.most for check in ofaire.assess(one, server).checks) == 192


def test_rules_of_foops_by_one_header():
    found = {check.id: check for check in foops.assess_file(subject(HEADER)).checks}
    assert found["PURL1"].state is State.PASS
    assert found["RDF1"].state is State.NOT_ASSESSED  # OWL API was not asked
    assert (found["OM1"].points, found["OM1"].most) == (3, 6)
    assert found["VER1"].state is State.PARTIAL  # there, but the ontology's own IRI
    assert (found["VOC3"].points, found["VOC3"].most) == (2, 2)  # of its own namespace only
    assert found["VOC4"].points == 1  # an empty comment defines nothing
    assert found["OM4.2"].state is State.NOT_ASSESSED
    assert found["VOC2"].state is State.PASS


@pytest.mark.parametrize(
    ("iri", "persistent"),
    [("https://w3id.org/a", True), ("http://purl.obolibrary.org/a", True), ("http://vocab.nerc.ac.uk/a", False)],
)
def test_persistent_addresses(iri, persistent):
    one = subject(f"<{iri}> a <http://www.w3.org/2002/07/owl#Ontology> .")
    assert (states(foops.assess_file(one))["PURL1"] is State.PASS) == persistent


def test_only_a_doi_of_its_own_counts():
    bibo = '<a:b> a <http://www.w3.org/2002/07/owl#Ontology> ; <http://purl.org/ontology/bibo/doi> "10.1/x" .'
    (doi, *_) = next(check for check in foops.assess_file(subject(bibo)).checks if check.id == "OM3").parts
    assert doi.state is State.PASS
    (doi, *_) = next(check for check in foops.assess_file(subject(HEADER)).checks if check.id == "OM3").parts
    assert (doi.state, doi.reason) == (State.FAIL, "it has no DOI of its own; a deposit would give it one")


def test_a_server_that_says_nothing_passes_nothing():
    server = Server("https://w3id.org/x/", "http://127.0.0.1:1/", {})
    found = states(foops.assess_uri(subject(HEADER), server))
    assert {found[one] for one in ("URI1", "URI2", "VER2", "CN1", "DOC1")} == {State.FAIL}
    metrics = fuji.assess(server, "https://w3id.org/x/o")
    assert metrics.over_all < 0.1


@pytest.mark.parametrize("page", [b"", b'<script type="application/ld+json">{</script>',
                                  b'<script type="application/ld+json">[1]</script>'])  # fmt: skip
def test_structured_data_that_is_none(page):
    assert fuji.structured_data(page) == {}


def test_a_build_as_file_and_as_served_beside_a_raw_table(folders):
    build_folder, raw = folders
    report = assess(build_folder, raw, outside=False)
    file, uri, _, metrics = report.assessments
    failed = [f"{check.id} {one.name}" for check in uri.checks for one in check.parts if one.state is State.FAIL]
    assert failed == ["OM3 DOI"]
    assert all(check.state in {State.PASS, State.NOT_ASSESSED} for check in file.checks if check.id != "OM3")
    assert all(check.state is not State.FAIL for check in metrics.checks)
    compared = states(report.compared[0])
    assert [name for name, state in compared.items() if state is State.PASS] == ["VOC2"]
    assert compared["RDF1"] is State.NOT_ASSESSED


def test_command(folders):
    build_folder, raw = folders
    done = CliRunner().invoke(app, ["fair", str(raw), "--compare", str(raw), "--no-outside", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert [one["name"] for one in told["assessments"]] == [foops.VERSION + ", file", ofaire.VERSION]
    text = CliRunner().invoke(app, ["fair", str(raw), "--no-outside"]).output
    assert "not assessed" in text
    assert "% of what was assessed" in text
    missing = CliRunner().invoke(app, ["fair", str(build_folder / "nothing")])
    assert missing.exception.exit_code == 2
