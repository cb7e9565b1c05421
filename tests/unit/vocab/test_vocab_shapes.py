"""SHACL: a built export conforms; and for every shape there is an example that breaks it, and only it."""

import pyoxigraph as ox
import pytest
from rdflib import RDF, RDFS, Namespace

from tests.unit.vocab.nvs_tables import small_tables, write_tables
from vocab.build import build
from vocab.export.flatten import by_subject, flat_table, flat_vocabulary
from vocab.names import PREFIXES, Names, concept
from vocab.nvs.folder import read_folder
from vocab.preflight.shacl import check_shapes, shapes_graph

SH = Namespace("http://www.w3.org/ns/shacl#")
MAIN = "https://w3id.org/argo-gdac/vocabulary"
OPT1, OPT0, OPT5 = (f"<{concept('R27', one)}>" for one in ("OPT1", "OPT0", "OPT5"))
DOXY, RAW = f"<{concept('R03', 'DOXY')}>", f"<{concept('R03', 'RAW_A')}>"
SLOT = f"<{MAIN}/placeholder/R18/CB1/N>"

#: Shape, triples added, triples taken away (subject and predicate).
BROKEN = {
    "no English label": ("a term", "", [(OPT1, "skos:prefLabel")]),
    "two English labels": ("a term", f'{OPT1} skos:prefLabel "Another"@en .', []),
    "no notation": ("a term", "", [(OPT1, "skos:notation")]),
    "no scheme": ("a term", "", [(OPT1, "skos:inScheme")]),
    "an empty definition": ("a term", f'{OPT1} skos:definition ""@en .', []),
    "a plain-string flag": ("the deprecation flag", f'{OPT1} owl:deprecated "false" .', []),
    "a plain-string date": (
        "the date of a term", f'{OPT1} dct:modified "2026-03-10 02:00:00.0" .', [(OPT1, "dct:modified")],
    ),
    "no status": ("a deprecated term", "", [(OPT5, "argo:deprecationStatus")]),
    "a successor of an unknown": ("a replaced term", f"{OPT5} dct:isReplacedBy {OPT1} .", []),
    "replaced by nothing": ("a replaced term", "", [(OPT0, "dct:isReplacedBy")]),
    "a deprecated successor": ("a successor", f"{OPT0} dct:isReplacedBy {OPT5} .", []),
    "no evidence": ("a replacement", "", [(f"<{MAIN}/replacement/R27/OPT0/OPT1>", "argo:evidence")]),
    "identity": ("no identity", f"{DOXY} owl:sameAs <{concept('P01', 'X')}> .", []),
    "exact and broader": (
        "a match", f"{DOXY} skos:broadMatch <{concept('P01', 'DOXMZZXX')}> .", [],
    ),
    "related and broader": ("related terms", f"{OPT1} skos:related <{MAIN}#R27> .", []),
    "a maker from R25": ("a sensor model", f"{OPT1} argo:sensorMaker <{concept('R25', 'OPTODE_DOXY')}> .", []),
    "measures a maker": (
        "a type of sensor", f"<{concept('R25', 'OPTODE_DOXY')}> argo:measures <{concept('R26', 'SBE')}> .", [],
    ),
    "an upside-down range": (
        "a parameter", f'{DOXY} argo:validMin "700"^^xsd:decimal .', [(DOXY, "argo:validMin")],
    ),
    "two units": ("a parameter", f"{DOXY} qudt:hasUnit unit:DEG_C .", []),
    "a range without an end": ("a placeholder", "", [(SLOT, "argo:maximum")]),
    "no licence": ("a concept scheme", "", [(f"<{MAIN}/R27>", "dct:license")]),
    "no version": ("the header", "", [(f"<{MAIN}>", "owl:versionIRI")]),
    "no top concepts": ("the header", "", [(f"<{MAIN}>", "skos:hasTopConcept")]),
    "an import": ("the header", f"<{MAIN}> owl:imports <http://example.org/> .", []),
    "a class without definition": ("a class or property of ours", "", [("argo:Float", "skos:definition")]),
    "a property without comment": ("a class or property of ours", "", [("argo:measures", "rdfs:comment")]),
    "no reason": (
        "an enrichment",
        f'<{MAIN}/x> a argo:Enrichment ; argo:basis "added" ; prov:wasAttributedTo <{MAIN}> .',
        [],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory):
    return build(read_folder(write_tables(tmp_path_factory.mktemp("nvs"), small_tables())), Names())


def turtle(text):
    prefixes = "".join(f"@prefix {one}: <{iri}> .\n" for one, iri in {**PREFIXES, "argo": f"{MAIN}#"}.items())
    return [quad.triple for quad in ox.parse((prefixes + text).encode(), format=ox.RdfFormat.TURTLE)]


def full(name):
    return turtle(f"{name} a owl:Thing .")[0].subject


def test_the_export_its_tables_and_the_catalogue_conform(vocabulary):
    assert check_shapes(flat_vocabulary(vocabulary), Names()) == []
    described = by_subject(vocabulary)
    for table in vocabulary.tables:
        assert check_shapes(flat_table(vocabulary, table.id, described), Names()) == [], table.id
    assert check_shapes(vocabulary.graphs[vocabulary.names.catalogue_graph], Names()) == []


@pytest.mark.parametrize("example", BROKEN)
def test_a_broken_example_is_found_by_its_shape_alone(vocabulary, example):
    shape, added, taken = BROKEN[example]
    gone = {(full(subject), full(predicate)) for subject, predicate in taken}
    triples = [one for one in flat_vocabulary(vocabulary) if (one.subject, one.predicate) not in gone]
    assert taken == [] or len(triples) < len(flat_vocabulary(vocabulary))
    found = check_shapes([*triples, *turtle(added)], Names())
    assert {one.check for one in found} == {f"shacl {shape}"}, found


def test_every_shape_has_a_broken_example():
    graph = shapes_graph(Names())
    shapes = {str(graph.value(one, RDFS.label)) for one in graph.subjects(RDF.type, SH.NodeShape)}
    assert shapes - {"an agent"} == {shape for shape, _, _ in BROKEN.values()}


def test_a_nameless_agent_breaks_the_header(vocabulary):
    agent = full("<https://w3id.org/argo-gdac/agent/argo-gdac>")
    label = full("rdfs:label")
    triples = [one for one in flat_vocabulary(vocabulary) if (one.subject, one.predicate) != (agent, label)]
    assert {one.check for one in check_shapes(triples, Names())} == {"shacl the header", "shacl an agent"}


def test_shapes_follow_another_base(tmp_path):
    names = Names("https://example.org/terms/")
    vocabulary = build(read_folder(write_tables(tmp_path, small_tables())), names)
    assert check_shapes(flat_vocabulary(vocabulary), names) == []
    gone = [one for one in flat_vocabulary(vocabulary) if not one.predicate.value.endswith("#evidence")]
    assert check_shapes(gone, names)
