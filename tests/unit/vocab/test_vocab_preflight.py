"""The pre-flight: what a portal will show, SKOS integrity, IRIs, and other parsers where they are installed."""

import json

import pyoxigraph as ox
import pytest
from typer.testing import CliRunner

from gdac.errors import RefusedError, UsageError
from tests.contract.nvs_server import nvs_like
from tests.unit.vocab.nvs_tables import Word, as_bytes, small_tables, table, write_tables
from vocab.build import build
from vocab.cli.vocab import app
from vocab.export.flatten import flat_vocabulary
from vocab.export.ontoportal import ExportOptions, export_ontoportal
from vocab.folder import write_vocabulary
from vocab.names import PREFIXES, Names, concept
from vocab.nvs.folder import read_folder
from vocab.preflight.check import check_path
from vocab.preflight.facts import facts_of, read_facts
from vocab.preflight.finding import Severity
from vocab.preflight.outside import owlapi_missing, rapper_missing, read_with_owlapi, read_with_rapper
from vocab.preflight.portal import portal_view
from vocab.preflight.skos import check_iris, check_skos, check_source

MAIN = "https://w3id.org/argo-gdac/vocabulary"


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory):
    return build(read_folder(write_tables(tmp_path_factory.mktemp("nvs"), small_tables())), Names())


def turtle(text):
    prefixes = "".join(f"@prefix {one}: <{iri}> .\n" for one, iri in PREFIXES.items())
    return [quad.triple for quad in ox.parse((prefixes + text).encode(), format=ox.RdfFormat.TURTLE)]


def view(text):
    return portal_view(facts_of(turtle(text)))


HEADER = """<http://x/o> a owl:Ontology ; dct:description "What it is" ; dct:issued "2026-01-01" ; owl:versionInfo "1" ;
    dct:license <http://x/l> ; dct:creator "Somebody" ."""


def test_our_export_shows_every_table_every_live_term_and_its_metadata(vocabulary):
    shown = portal_view(facts_of(flat_vocabulary(vocabulary)))
    assert shown.ontology == MAIN
    assert shown.main_scheme
    assert [(one.label, one.live, one.obsolete) for one in shown.roots] == [
        ("Invented table R03 (R03)", 3, 1),
        ("Invented table R18 (R18)", 1, 0),
        ("Invented table R25 (R25)", 2, 0),
        ("Invented table R26 (R26)", 2, 0),
        ("Invented table R27 (R27)", 2, 4),
        ("Invented table RP2 (RP2)", 1, 1),
    ]
    assert shown.unreachable == ()
    assert shown.findings == ()
    assert shown.metadata["publisher"] == ("The argo-gdac developers",)
    assert shown.metadata["hasLicense"] == ("https://creativecommons.org/licenses/by/4.0/",)
    assert shown.collections[0] == ("Invented table R03", 4)


def test_a_raw_nvs_table_shows_an_anonymous_ontology_without_a_tree(tmp_path):
    (tmp_path / "R27.jsonld").write_bytes(as_bytes(table("R27", small_tables()["R27"])))
    shown = portal_view(read_facts(tmp_path / "R27.jsonld"))
    assert (shown.ontology, shown.roots, shown.obsolete, shown.metadata) == ("", (), 0, {})
    assert len(shown.unreachable) == 6
    texts = " ".join(one.text for one in shown.findings)
    for words in ("anonymous ontology", "empty tree", "hang below no root", "no xsd:boolean"):
        assert words in texts


def test_roots_come_from_the_main_scheme_or_from_all_or_from_topconceptof():
    two = """<http://x/a> a skos:Concept . <http://x/b> a skos:Concept .
        <http://x/s> a skos:ConceptScheme ; skos:hasTopConcept <http://x/b> . """
    main = "<http://x/o> a skos:ConceptScheme ; skos:hasTopConcept <http://x/a> ."
    assert [one.iri for one in view(HEADER + two + main).roots] == ["http://x/a"]
    other = "<http://x/t> a skos:ConceptScheme ; skos:hasTopConcept <http://x/a> ."
    assert len(view(HEADER + two + other).roots) == 2
    upward = "<http://x/a> a skos:Concept ; skos:topConceptOf <http://x/t> . <http://x/t> a skos:ConceptScheme ."
    assert [one.iri for one in view(HEADER + upward).roots] == ["http://x/a"]


def test_narrower_alone_makes_no_tree():
    shown = view(
        HEADER + "<http://x/s> a skos:ConceptScheme ; skos:hasTopConcept <http://x/a> . <http://x/b> a skos:Concept . "
        "<http://x/a> a skos:Concept ; skos:narrower <http://x/b> ."
    )
    assert shown.unreachable == ("http://x/b",)
    assert any("hang below no root" in one.text for one in shown.findings)


def test_an_obsolete_root_is_not_shown_and_cycles_end():
    shown = view(
        HEADER + "<http://x/s> a skos:ConceptScheme ; skos:hasTopConcept <http://x/a>, <http://x/b> . "
        "<http://x/a> a skos:Concept ; owl:deprecated true . <http://x/b> a skos:Concept ; skos:broader <http://x/c> . "
        "<http://x/c> a skos:Concept ; skos:broader <http://x/b> ."
    )
    assert [one.iri for one in shown.roots] == ["http://x/b"]
    assert shown.unreachable == ()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ('<http://x/o> dct:issued "10 March 2026" .', "no ISO 8601 date"),
        ("<http://x/o> owl:imports <http://x/other> .", "owl:imports"),
        ("<http://x/o> owl:versionIRI <http://x/o> .", "versionIRI must differ"),
        ("<http://x/o> dct:publisher <http://x/somebody> .", "has no rdfs:label"),
        ("<http://x/p> a owl:Ontology .", "2 nodes typed owl:Ontology"),
    ],
)
def test_what_a_portal_drops_or_refuses_is_told(wrong, words):
    assert any(words in one.text for one in view(HEADER + wrong).findings)


def test_missing_metadata_is_named():
    texts = " ".join(one.text for one in view("<http://x/o> a owl:Ontology .").findings)
    for name in ("description", "released", "version", "hasLicense", "hasCreator"):
        assert f"{name} is missing" in texts


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("<http://x/a> a skos:Concept, skos:ConceptScheme .", "skos S9"),
        ("<http://x/a> a skos:Concept, skos:Collection .", "skos S37"),
        ('<http://x/a> skos:prefLabel "A", "B" .', "skos S14"),
        ('<http://x/a> skos:prefLabel "A"@en ; skos:altLabel "A"@en .', "skos S13"),
        ("<http://x/a> skos:broader <http://x/b>; skos:related <http://x/c> . <http://x/b> skos:broader <http://x/c> .",
         "skos S27"),
        ("<http://x/a> skos:broader <http://x/b> . <http://x/a> skos:narrower <http://x/b> .", "skos cycle"),
        ("<http://x/a> skos:exactMatch <http://x/b> ; skos:broadMatch <http://x/b> .", "skos S46"),
        ("<http://x/s> a skos:ConceptScheme ; skos:hasTopConcept <http://x/a> .", "skos S7"),
    ],
)  # fmt: skip
def test_skos_integrity_is_broken_and_found(text, condition):
    found = check_skos(facts_of(turtle(text)))
    assert {one.check for one in found} == {condition}
    assert all(one.severity is Severity.ERROR for one in found)


def test_our_export_keeps_skos_integrity_and_has_clean_iris(vocabulary):
    facts = facts_of(flat_vocabulary(vocabulary))
    assert check_skos(facts) == []
    assert check_iris(facts) == []


def test_iris_that_stores_refuse_are_found():
    bad = ["http://x/a b", "http://x/{a}", "http://x/%zz", "http://x/é"]
    triples = [ox.Triple(ox.NamedNode("http://x/ok%20x"), ox.NamedNode("http://x/p"), ox.BlankNode())]
    for iri in bad:
        try:
            triples.append(ox.Triple(ox.NamedNode(iri), ox.NamedNode("http://x/p"), ox.Literal("x")))
        except ValueError:  # the library refuses to make it at all
            continue
    found = check_iris(facts_of(triples))
    assert {one.subject for one in found if one.severity is Severity.ERROR} == {
        one.subject.value for one in triples if one.subject.value in bad
    }
    assert any("blank nodes" in one.text for one in found)


def test_oddities_of_the_source_are_notes():
    made = small_tables()
    made["R27"] += [
        Word("SAME1", label="One"), Word("SAME2", label="One"), Word("SAYS", definition="Deprecated - do not use."),
        Word("LINKS", links={"related": ["R27/NOWHERE", "P06/XXXX"]}),
    ]  # fmt: skip
    raw = [quad.triple for quad in ox.parse(as_bytes(table("R27", made["R27"])), format=ox.RdfFormat.JSON_LD)]
    facts = facts_of(raw)
    found = check_source(facts)
    assert {one.severity for one in found} == {Severity.NOTE}
    assert [one.subject for one in found if one.check == "source links"] == [concept("R27", "NOWHERE")]
    assert any("SAME1, SAME2" in one.text for one in found)


def test_a_build_an_export_and_a_file_are_checked(vocabulary, tmp_path):
    write_vocabulary(vocabulary, tmp_path / "v")
    export_ontoportal(vocabulary, tmp_path / "e", ExportOptions())
    for path in (tmp_path / "v", tmp_path / "e", tmp_path / "e" / "argo.ttl"):
        report = check_path(path, Names(), outside=False)
        assert report.errors == 0, [one.text for one in report.findings if one.severity is Severity.ERROR]
    assert len(check_path(tmp_path / "e", Names(), outside=False).files) == 7
    with pytest.raises(UsageError, match="no vocabulary, no export and no tables"):
        check_path(tmp_path, Names())
    with pytest.raises(UsageError, match="not a file"):
        check_path(tmp_path / "nothing.ttl", Names())


def test_a_folder_of_tables_is_checked_as_its_export_would_be(tmp_path):
    write_tables(tmp_path / "nvs", small_tables())
    report = check_path(tmp_path / "nvs", Names("https://example.org/"), outside=False)
    assert report.errors == 0
    assert report.view.ontology == "https://example.org/vocabulary"


def test_a_touched_or_lost_file_of_an_export_is_found(vocabulary, tmp_path):
    export_ontoportal(vocabulary, tmp_path / "e", ExportOptions())
    file = tmp_path / "e" / "payloads" / "R27.json"
    file.write_text(file.read_text().replace("ARGO_R27", "ARGO_R28"))
    report = check_path(tmp_path / "e", Names(), outside=False)
    assert [one.subject for one in report.findings if one.check == "export"] == ["payloads/R27.json"]
    (tmp_path / "e" / "export.json").write_text("{}")
    with pytest.raises(RefusedError, match="not the record"):
        check_path(tmp_path / "e", Names(), outside=False)


def test_the_command_says_what_the_portal_will_show(vocabulary, tmp_path):
    export_ontoportal(vocabulary, tmp_path / "e", ExportOptions())
    done = CliRunner().invoke(app, ["check", str(tmp_path / "e"), "--no-outside"])
    assert done.exit_code == 0, done.output
    assert "6 roots; every live class in the tree" in done.output
    assert "+ Invented table R27 (R27)  2 below, 4 obsolete" in done.output
    raw = tmp_path / "R27.jsonld"
    raw.write_bytes(as_bytes(table("R27", small_tables()["R27"])))
    done = CliRunner().invoke(app, ["check", str(raw), "--no-outside", "--json"])
    assert done.exit_code == 1
    said = json.loads(done.output)
    assert said["portal"]["roots"] == []
    assert any(one["check"] == "portal" for one in said["findings"])


@pytest.mark.skipif(bool(rapper_missing()), reason=rapper_missing() or "installed")
def test_rapper_reads_the_export_in_three_syntaxes_and_refuses_a_bad_iri(vocabulary, tmp_path):
    export_ontoportal(vocabulary, tmp_path / "e", ExportOptions())
    expected = len(flat_vocabulary(vocabulary))
    for suffix in ("ttl", "rdf", "nt"):
        assert read_with_rapper(tmp_path / "e" / f"argo.{suffix}") == (expected, [])
    (tmp_path / "bad.ttl").write_text("<http://x/a b> <http://x/p> <http://x/{o}> .")
    _, found = read_with_rapper(tmp_path / "bad.ttl")
    assert found


@pytest.mark.skipif(bool(owlapi_missing()), reason=owlapi_missing() or "installed")
def test_owl_api_loses_nothing_of_ours_and_finds_a_raw_table_anonymous_and_a_bad_file_bad(vocabulary, tmp_path):
    export_ontoportal(vocabulary, tmp_path / "e", ExportOptions())
    raw = tmp_path / "R27.jsonld"
    raw.write_bytes(as_bytes(table("R27", small_tables()["R27"])))
    bad = tmp_path / "bad.ttl"
    bad.write_text("this is no turtle")
    importing = tmp_path / "importing.ttl"
    files = [bad, tmp_path / "e" / "argo.ttl", tmp_path / "e" / "tables" / "R27.ttl", raw, importing]
    with nvs_like({}) as server:
        importing.write_text(
            "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
            f"<http://x/o> a owl:Ontology ; owl:imports <{server.url}/collection/R03/current/> ."
        )
        readings, found = read_with_owlapi(files)
        assert server.requests == []
    assert [one.ontology for one in readings] == [MAIN, f"{MAIN}/R27", "anonymous", "http://x/o"]
    assert [one.lost for one in readings][:2] == [(), ()]
    assert readings[0].version.startswith(f"{MAIN}/version/")
    assert readings[0].annotations > 40
    assert readings[2].annotations == 0
    assert {one.subject for one in found} == {str(bad), str(raw)}
    assert "\n" not in found[0].text
