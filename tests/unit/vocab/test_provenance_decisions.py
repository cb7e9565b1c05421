"""Submissions and decisions as PROV: who, which bytes, what was decided, by which rules; valid under our shapes."""

import pyoxigraph as ox
import rdflib

from gdac.tables import load
from tests.unit.vocab.handed_in import BEGAN, D, R, decisions, handed_in, submitted
from tests.unit.vocab.sealed_archive import ARCHIVE, sha
from tests.unit.vocab.test_vocab_ontology import contradictions
from vocab.names import PROV, Names
from vocab.ontology import ontology_text
from vocab.preflight.shacl import check_shapes, provenance_shapes
from vocab.provenance.decisions import decision_triples, submission_iri, submission_triples

BASE = "https://w3id.org/argo-gdac/"
OWN = f"{BASE}vocabulary#"
SERIES = f"{BASE}archive/{ARCHIVE}"
SUBMISSION = f"{SERIES}/submission/7-20261122T063000Z"


def values(triples, subject, predicate):
    found = [one.object for one in triples if one.subject.value == subject and one.predicate.value == predicate]
    return sorted({one.value for one in found})


def test_a_submission_says_who_handed_in_when_and_which_program_took_it():
    triples = submission_triples(Names(), submitted())
    program = f"{BASE}software/argo-gdac/0.1.0"
    assert values(triples, SUBMISSION, PROV + "wasAssociatedWith") == [f"{BASE}dac/coriolis", program]
    assert values(triples, SUBMISSION, PROV + "startedAtTime") == ["2026-11-22T06:30:00Z"]
    assert values(triples, SUBMISSION, OWN + "sealedIn") == [f"{SERIES}/serial/3"]
    assert values(triples, SUBMISSION, OWN + "forced") == ["false"]
    assert values(triples, SUBMISSION, PROV + "wasInformedBy") == []


def test_a_replay_names_what_it_repeats_and_what_changed_nothing_no_serial():
    again = submitted(8, serial=None, repeats=submission_iri(Names(), ARCHIVE, 7, BEGAN))
    triples = submission_triples(Names(), again)
    iri = f"{SERIES}/submission/8-20261122T063000Z"
    assert values(triples, iri, PROV + "wasInformedBy") == [SUBMISSION]
    assert values(triples, iri, OWN + "sealedIn") == []


def test_a_publication_names_bytes_path_rules_and_what_left_for_it():
    (one, left) = decisions()[1]
    triples = list(decision_triples(Names(), submitted(), one, left))
    iri = f"{SUBMISSION}#decision-2"
    assert values(triples, iri, OWN + "decisionOf") == [SUBMISSION]
    assert values(triples, iri, PROV + "used") == [f"{BASE}version/sha256-{sha(0x52)}"]
    assert values(triples, iri, OWN + "publishedAs") == [f"{SERIES}/file/{D}"]
    assert values(triples, iri, OWN + "tookOut") == [f"{SERIES}/file/{R}"]
    assert values(triples, iri, OWN + "submittedName") == ["nc.tar.gz!D6901473_001.nc"]
    assert values(triples, iri, OWN + "policiesVersion") == ["0.1.0+abc"]
    assert values(triples, iri, OWN + "specificationVersion") == ["3.1"]
    assert values(triples, iri, OWN + "referenceTables") == [Names().tables(load().digest)]
    assert values(triples, f"{SERIES}/file/{D}", OWN + "archivePath") == [D]


def test_tables_that_we_do_not_have_are_named_by_their_version_alone():
    one = decisions()[1][0]
    old = type(one)(**{name: getattr(one, name) for name in one.__dataclass_fields__} | {"tables": "NVS 2019-01-01"})
    triples = list(decision_triples(Names(), submitted(), old))
    iri = f"{SUBMISSION}#decision-2"
    assert values(triples, iri, OWN + "tablesVersion") == ["NVS 2019-01-01"]
    assert values(triples, iri, OWN + "referenceTables") == []


def test_a_refusal_names_what_refused_and_publishes_nothing():
    triples = list(decision_triples(Names(), submitted(), decisions()[2][0]))
    iri = f"{SUBMISSION}#decision-3"
    assert values(triples, iri, OWN + "refusedBy") == ["ACC-003", "OPN-003"]
    assert values(triples, iri, OWN + "publishedAs") == []
    unread = list(decision_triples(Names(), submitted(), decisions()[3][0]))
    assert values(unread, f"{SUBMISSION}#decision-4", PROV + "used") == []


def test_a_name_made_to_harm_is_text_and_nothing_else():
    text = ox.serialize(handed_in(), format=ox.RdfFormat.TURTLE)
    read = list(ox.parse(text, format=ox.RdfFormat.TURTLE))
    assert {one.triple for one in read} == set(handed_in())


def test_all_of_it_is_valid_under_our_shapes_and_contradicts_nothing():
    assert check_shapes(handed_in(), Names(), provenance_shapes(Names())) == []
    other = Names("https://example.org/x/")
    assert check_shapes(handed_in(other), other, provenance_shapes(other)) == []
    assert BASE.encode() not in ox.serialize(handed_in(other), format=ox.RdfFormat.N_TRIPLES)
    graph = rdflib.Graph().parse(data=ontology_text(Names()), format="turtle")
    lines = "".join(f"{one} .\n" for one in handed_in())
    graph.parse(data=lines, format="nt")
    declared = {str(one) for one in graph.subjects(rdflib.RDFS.isDefinedBy)}
    used = {one.predicate.value for one in handed_in()} | {
        one.object.value for one in handed_in() if isinstance(one.object, ox.NamedNode)
    }
    assert {one for one in used if one.startswith(OWN)} <= declared
    assert contradictions(graph) == []
