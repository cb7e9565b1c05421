"""The hand-written layer: it stands on terms that exist, contradicts nothing, and everything in it is explained."""

import warnings

import owlrl
import pytest
import rdflib
from rdflib.namespace import DCAT, DCTERMS, OWL, PROV, RDF, RDFS, SKOS, SOSA, SSN, VANN

from tests.unit.vocab.nvs_tables import small_tables, write_tables
from vocab.build import build
from vocab.export.flatten import flat_vocabulary
from vocab.header import vocabulary_header
from vocab.names import Names
from vocab.nvs.folder import read_folder
from vocab.ontology import ontology_text

ARGO = rdflib.Namespace("https://w3id.org/argo-gdac/vocabulary#")
#: Of DCAT 3, which rdflib's list of DCAT 2 lacks.
DCAT_3 = {DCAT["Dataset"] + "Series"}
ERROR = rdflib.URIRef("http://www.daml.org/2002/03/agents/agent-ont#ErrorMessage")


@pytest.fixture(scope="module")
def layer():
    return rdflib.Graph().parse(data=ontology_text(Names()), format="turtle")


def own(graph):
    return {one for one in graph.subjects() if str(one).startswith(str(ARGO))}


def contradictions(graph):
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    return [
        str(one)
        for node in graph.subjects(RDF.type, ERROR)
        for one in graph.objects(node)
        if isinstance(one, rdflib.Literal)
    ]


def test_every_term_of_others_exists(layer):
    known = {str(one): one for one in (DCAT, DCTERMS, OWL, PROV, RDF, RDFS, SKOS, SOSA, SSN, VANN)}
    header = {rdflib.URIRef(triple.predicate.value) for triple in vocabulary_header(Names(), _release(), [])}
    used = {one for triple in layer for one in triple if isinstance(one, rdflib.URIRef)} | header
    checked = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # rdflib warns of a term that its namespace does not have
        for term in sorted(used - DCAT_3):
            base = next((one for one in known if str(term).startswith(one)), None)
            if base:
                assert known[base][str(term).removeprefix(base)] == term
                checked += 1
    assert checked > 40


def _release():
    from vocab.header import Release

    return Release("1", "2026-01-01", "2026-01-01")


def test_everything_of_ours_has_label_definition_and_comment(layer):
    terms = own(layer)
    assert len(terms) > 70
    for term in terms:
        for predicate in (RDFS.label, SKOS.definition, RDFS.comment):
            texts = [one for one in layer.objects(term, predicate) if one.language == "en"]
            assert len(texts) == 1, f"{term} has {len(texts)} {predicate}"
        assert layer.value(term, RDFS.isDefinedBy) == rdflib.URIRef("https://w3id.org/argo-gdac/vocabulary")
    labels = [str(layer.value(one, RDFS.label)) for one in terms]
    assert len(set(labels)) == len(labels)


def test_the_things_of_the_archive_are_classes(layer):
    names = (
        "Float Deployment Cycle Profile Sensor Parameter File FileVersion DataAssemblyCentre GlobalDataAssemblyCentre "
        "Submission Check SyncRun Snapshot"
    )
    for name in names.split():
        assert (ARGO[name], RDF.type, OWL.Class) in layer
        assert any(not str(one).startswith(str(ARGO)) for one in layer.objects(ARGO[name], RDFS.subClassOf)), name


def test_domains_ranges_and_uses_are_of_the_layer(layer):
    classes = set(layer.subjects(RDF.type, OWL.Class))
    for predicate in (RDFS.domain, RDFS.range):
        for one in layer.objects(None, predicate):
            assert not str(one).startswith(str(ARGO)) or one in classes, one


def test_no_blank_nodes_and_no_imports(layer):
    assert not [one for one in layer.all_nodes() if isinstance(one, rdflib.BNode)]
    assert not list(layer.objects(None, OWL.imports))


def test_the_layer_with_a_vocabulary_contradicts_nothing(tmp_path):
    vocabulary = build(read_folder(write_tables(tmp_path, small_tables())), Names())
    text = "".join(f"{triple} .\n" for triple in flat_vocabulary(vocabulary))
    graph = rdflib.Graph().parse(data=text, format="nt")
    graph.parse(
        data="""@prefix argo: <https://w3id.org/argo-gdac/vocabulary#> . @prefix sosa: <http://www.w3.org/ns/sosa/> .
        <http://x/float> a argo:Float ; argo:wmoNumber "6901473" ; sosa:hosts <http://x/sensor> .
        <http://x/sensor> a argo:Sensor .
        <http://x/cycle> a argo:Cycle ; argo:cycleOf <http://x/float> ; argo:cycleNumber 7 .
        <http://x/profile> a argo:Profile ; argo:profileOf <http://x/cycle> .
        <http://x/file> a argo:File ; argo:fileOf <http://x/float> .
        <http://x/v> argo:fileVersionOf <http://x/file> .""",
        format="turtle",
    )
    assert contradictions(graph) == []
    assert (rdflib.URIRef("http://x/v"), RDF.type, ARGO.FileVersion) in graph


@pytest.mark.parametrize("wrong", ["a argo:Float, argo:File", "argo:cycleOf <http://x/f>"])
def test_a_contradiction_would_be_found(layer, wrong):
    graph = rdflib.Graph() + layer
    graph.parse(data=f"@prefix argo: <{ARGO}> . <http://x/f> {wrong} .", format="turtle")
    assert contradictions(graph)
