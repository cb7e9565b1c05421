"""The export for OntoPortal: what is in it, what is left out, that it repeats, and the API payloads."""

import json
import subprocess
import sys

import pyoxigraph as ox
import pytest
from typer.testing import CliRunner

from gdac.errors import UsageError
from tests.unit.vocab.nvs_tables import NVS, Word, small_tables, write_tables
from vocab.build import build
from vocab.cli.vocab import app
from vocab.export.flatten import by_subject, flat_table, flat_vocabulary
from vocab.export.ontoportal import ExportOptions, export_ontoportal
from vocab.export.payloads import Contact, check_acronym
from vocab.names import OWL, SKOS, XSD, Names
from vocab.nvs.folder import read_folder


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory):
    tables = {**small_tables(), "R40": [Word("SOMEBODY", definition="")]}
    return build(read_folder(write_tables(tmp_path_factory.mktemp("nvs"), tables)), Names())


def test_one_ontology_that_is_the_main_scheme_and_one_root_per_table(vocabulary):
    triples = flat_vocabulary(vocabulary)
    main = ox.NamedNode("https://w3id.org/argo-gdac/vocabulary")
    kinds = {one.object.value for one in triples if one.subject == main and one.predicate.value.endswith("#type")}
    assert {OWL + "Ontology", SKOS + "ConceptScheme"} <= kinds
    assert sum(one.object.value == OWL + "Ontology" for one in triples if isinstance(one.object, ox.NamedNode)) == 1
    tops = [one for one in triples if one.predicate.value == SKOS + "hasTopConcept"]
    assert {one.subject for one in tops} == {main}
    assert len(tops) == len(vocabulary.tables)


def test_what_a_portal_would_misread_is_left_out(vocabulary):
    triples = flat_vocabulary(vocabulary)
    predicates = {one.predicate.value for one in triples}
    assert OWL + "sameAs" not in predicates
    assert OWL + "imports" not in predicates
    assert {one.object.datatype.value for one in triples if one.predicate.value == OWL + "deprecated"} == {
        XSD + "boolean"
    }
    broader = [one for one in triples if one.predicate.value == SKOS + "broader"]
    assert all(one.object.value.startswith("https://w3id.org/argo-gdac/vocabulary#") for one in broader)
    assert not [one for one in triples if isinstance(one.object, ox.Literal) and not one.object.value.strip()]
    assert not [one for one in triples if isinstance(one.subject, ox.BlankNode) or isinstance(one.object, ox.BlankNode)]


def test_every_term_keeps_its_nvs_iri_label_and_code(vocabulary):
    triples = set(flat_vocabulary(vocabulary))
    for term in vocabulary.tables.terms():
        node = ox.NamedNode(term.iri)
        assert ox.Triple(node, ox.NamedNode(SKOS + "prefLabel"), ox.Literal(term.label, language="en")) in triples
        assert ox.Triple(node, ox.NamedNode(SKOS + "altLabel"), ox.Literal(term.code)) in triples


def test_personal_names_can_stay_at_home(vocabulary):
    with_people = " ".join(map(str, flat_vocabulary(vocabulary)))
    without = " ".join(map(str, flat_vocabulary(vocabulary, people=False)))
    assert "SOMEBODY" in with_people
    assert "SOMEBODY" not in without
    assert "R40" not in without


def test_a_table_alone_is_an_ontology_with_its_terms_as_roots(vocabulary):
    triples = flat_table(vocabulary, "R27", by_subject(vocabulary))
    scheme = "https://w3id.org/argo-gdac/vocabulary/R27"
    ontologies = {
        one.subject.value
        for one in triples
        if isinstance(one.object, ox.NamedNode) and one.object.value == OWL + "Ontology"
    }
    assert ontologies == {scheme}
    tops = {one.object.value for one in triples if one.predicate.value == SKOS + "hasTopConcept"}
    assert tops == {term.iri for term in vocabulary.tables.get("R27").values()}
    assert not [one for one in triples if one.predicate.value == SKOS + "broader"]
    used = {one.predicate.value for one in triples if "vocabulary#" in one.predicate.value}
    defined = {one.subject.value for one in triples if one.predicate.value == SKOS + "definition"}
    assert used <= defined
    assert not [one for one in triples if one.subject.value.startswith(f"{NVS}R26")]


def test_an_export_repeats_byte_by_byte_in_another_process(vocabulary, tmp_path):
    from vocab.folder import write_vocabulary

    write_vocabulary(vocabulary, tmp_path / "v")
    export_ontoportal(vocabulary, tmp_path / "a", ExportOptions())
    command = [sys.executable, "-m", "gdac.cli.main", "vocab", "export", "--vocabulary", str(tmp_path / "v")]
    subprocess.run([*command, "--ontoportal", str(tmp_path / "b")], check=True, capture_output=True)
    files = sorted(one.relative_to(tmp_path / "a") for one in (tmp_path / "a").rglob("*") if one.is_file())
    assert len(files) == 3 + 2 * len(vocabulary.tables) + 2
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_tables_are_exported_without_a_build_in_between(tmp_path):
    write_tables(tmp_path / "nvs", small_tables())
    arguments = ["export", "--vocabulary", str(tmp_path / "nvs"), "--ontoportal", str(tmp_path / "e")]
    done = CliRunner().invoke(app, [*arguments, "--contact", "A. Name,a@example.org", "--account", "me", "--json"])
    assert done.exit_code == 0, done.output
    assert "tables/R27.ttl" in json.loads(done.output)["files"]
    wrong = CliRunner().invoke(app, [*arguments, "--contact", "nobody"])
    assert isinstance(wrong.exception, UsageError)


def test_three_syntaxes_hold_the_same_triples(vocabulary, tmp_path):
    export_ontoportal(vocabulary, tmp_path / "out", ExportOptions())
    read = [
        {quad.triple for quad in ox.parse(path=str(tmp_path / "out" / f"argo.{suffix}"))}
        for suffix in ("ttl", "rdf", "nt")
    ]
    assert read[0] == read[1] == read[2] == set(flat_vocabulary(vocabulary))


def test_a_second_export_leaves_nothing_of_the_first(vocabulary, tmp_path):
    export_ontoportal(vocabulary, tmp_path / "out", ExportOptions())
    assert (tmp_path / "out" / "tables" / "R40.ttl").exists()
    export_ontoportal(vocabulary, tmp_path / "out", ExportOptions(people=False))
    assert not (tmp_path / "out" / "tables" / "R40.ttl").exists()
    assert "R40" not in (tmp_path / "out" / "export.json").read_text()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        export_ontoportal(vocabulary, tmp_path / "mine", ExportOptions())


def test_payloads_have_the_mandatory_fields(vocabulary, tmp_path):
    options = ExportOptions(contact=Contact("A. Name", "a@example.org"), account="somebody")
    export_ontoportal(vocabulary, tmp_path / "out", options)
    for file in (tmp_path / "out" / "payloads").iterdir():
        made = json.loads(file.read_text())
        assert check_acronym(made["acronym"]) == made["ontology"]["acronym"]
        assert made["ontology"]["administeredBy"] == ["somebody"]
        submission = made["submission"]
        assert {"URI", "status", "hasOntologyLanguage", "description", "released", "contact"} <= set(submission)
        assert submission["URI"] != submission["versionIRI"]
        assert (tmp_path / "out" / made["file"]).is_file()


@pytest.mark.parametrize("acronym", ["argo", "1ARGO", "ARGO VOCAB", "A" * 17, "", "ÄRGO", "ARGO\n"])
def test_acronyms_that_a_portal_refuses(acronym):
    with pytest.raises(UsageError):
        check_acronym(acronym)
