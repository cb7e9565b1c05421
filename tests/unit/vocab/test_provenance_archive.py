"""What is said of an archive and its serials: out of head and records, honest where one is missing."""

import json
from dataclasses import replace

import pyoxigraph as ox
import pytest
import rdflib

from gdac.errors import RefusedError
from gdac.manifest.head import ViewOf
from gdac.manifest.history import FileState
from gdac.tables import load
from tests.unit.vocab.sealed_archive import ARCHIVE, RUNS, described, doi_snapshots, head, record, sha
from tests.unit.vocab.test_vocab_ontology import contradictions
from vocab.names import DCAT, DCT, PROV, SPDX, Names, encoded
from vocab.ontology import ontology_text
from vocab.preflight.shacl import check_shapes, provenance_shapes
from vocab.provenance.archive import archive_triples, serials_known, snapshot_triples
from vocab.provenance.files import file_triples
from vocab.provenance.floats import FloatFacts, SensorFacts, float_triples

BASE = "https://w3id.org/argo-gdac/"
SERIES = f"{BASE}archive/{ARCHIVE}"
OWN = f"{BASE}vocabulary#"


def values(triples, subject, predicate):
    found = [one.object for one in triples if one.subject.value == subject and one.predicate.value == predicate]
    return sorted(one.value for one in found)


def everything(given):
    serials = serials_known(given)
    return [*archive_triples(given), *(one for serial in serials for one in snapshot_triples(given, serial))]


def test_the_archive_is_a_series_with_licence_doi_and_citation():
    triples = archive_triples(described())
    assert f"{DCAT}DatasetSeries" in values(triples, SERIES, "http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    assert values(triples, SERIES, DCT + "license") == ["https://creativecommons.org/licenses/by/4.0/"]
    assert values(triples, SERIES, DCT + "identifier") == ["https://doi.org/10.17882/42182", f"urn:uuid:{ARCHIVE}"]
    assert values(triples, SERIES, DCAT + "dataset") == [f"{SERIES}/serial/{one}" for one in (1, 2, 3)]
    assert values(triples, SERIES, DCAT + "last") == [f"{SERIES}/serial/3"]
    (citation,) = values(triples, SERIES, DCT + "bibliographicCitation")
    assert "10.17882/42182" in citation
    assert "CC" not in citation


def test_a_serial_names_run_manifest_delta_source_tables_and_the_one_before():
    triples = snapshot_triples(described(), 2)
    serial, run = f"{SERIES}/serial/2", f"{BASE}run/{RUNS[2]}"
    assert (
        values(triples, serial, DCAT + "prev")
        == values(triples, serial, PROV + "wasRevisionOf")
        == [f"{SERIES}/serial/1"]
    )
    assert values(triples, serial, PROV + "wasGeneratedBy") == [run]
    assert values(triples, serial, DCAT + "distribution") == [f"{serial}/delta", f"{serial}/manifest"]
    (checksum,) = values(triples, f"{serial}/manifest", SPDX + "checksum")
    assert values(triples, checksum, SPDX + "checksumValue") == [sha(0x12)]
    assert values(triples, f"{serial}/delta", DCAT + "byteSize") == ["700"]
    used = values(triples, run, PROV + "used")
    assert used == [f"{SERIES}/serial/1", f"{SERIES}/source/ifremer", f"{BASE}version/sha256-{sha(0x32)}"]
    assert values(triples, f"{SERIES}/source/ifremer", OWN + "address") == ["https://data-argo.ifremer.fr/"]
    (tables,) = values(triples, run, OWN + "referenceTables")
    assert f"{BASE}graph/nvs/R27/25" in values(triples, tables, PROV + "wasDerivedFrom")
    assert values(triples, run, PROV + "wasAssociatedWith") == [f"{BASE}software/argo-gdac/0.1.0"]
    assert (
        values(triples, run, PROV + "endedAtTime")
        == values(triples, serial, DCT + "issued")
        == ["2026-11-22T06:00:00Z"]
    )
    assert values(triples, f"{run}#count-fetched", OWN + "countedNumber") == ["3"]


def test_the_first_serial_has_no_delta_and_nothing_before():
    triples = snapshot_triples(described(), 1)
    serial = f"{SERIES}/serial/1"
    assert values(triples, serial, DCAT + "distribution") == [f"{serial}/manifest"]
    assert values(triples, serial, DCAT + "prev") == []


def test_without_a_record_only_what_the_head_says_is_said():
    given = described(records=())
    triples = snapshot_triples(given, 2)
    serial = f"{SERIES}/serial/2"
    assert values(triples, serial, PROV + "wasGeneratedBy") == []
    assert values(triples, serial, DCAT + "distribution") == [f"{serial}/delta"]  # the head does not list its manifest
    assert values(triples, serial, OWN + "fileCount") == []
    assert "No record" in values(triples, serial, "http://www.w3.org/2000/01/rdf-schema#comment")[0]
    assert check_shapes(everything(given), Names(), provenance_shapes(Names())) == []
    with pytest.raises(RefusedError, match="nothing is known of serial 9"):
        snapshot_triples(given, 9)


def test_a_doi_key_is_claimed_only_when_proven():
    key = "https://doi.org/10.17882/42182#118037"
    proven = snapshot_triples(described(snapshots=doi_snapshots(proven=3)), 3)
    serial = f"{SERIES}/serial/3"
    assert values(proven, serial, OWN + "doiSnapshot") == [key]
    assert values(proven, serial, OWN + "doiRelation") == ["contained"]
    assert values(proven, serial, OWN + "nearestDoiSnapshot") == []
    assert "#118037" in values(proven, serial, DCT + "bibliographicCitation")[0]
    nearest = snapshot_triples(described(snapshots=doi_snapshots(proven=2)), 3)
    assert values(nearest, serial, OWN + "doiSnapshot") == []
    assert values(nearest, serial, OWN + "nearestDoiSnapshot") == [key]
    assert values(nearest, serial, OWN + "doiDayOffset") == ["13"]
    assert "#118037" not in values(nearest, serial, DCT + "bibliographicCitation")[0]
    assert values(snapshot_triples(described(), 3), serial, OWN + "nearestDoiSnapshot") == []


def test_a_view_names_the_snapshot_of_the_hub_and_not_its_run():
    hub = "0b5f8a52-8f0e-4c0a-9d4e-5c6b7a8d9e0f"
    view = head(deltas=(), manifests=(), view_of=ViewOf(hub, 3, sha(5), json.dumps({"rules": 1})))
    given = described()
    given = type(given)(
        view, tuple(type(one)(**{**_fields(one), "archive": hub}) for one in given.records), None, Names()
    )
    triples = everything(given)
    serial = f"{SERIES}/serial/3"
    assert values(triples, serial, PROV + "wasDerivedFrom") == [f"{BASE}archive/{hub}/serial/3"]
    assert values(triples, serial, PROV + "wasGeneratedBy") == []
    assert check_shapes(triples, Names(), provenance_shapes(Names())) == []


def _fields(record):
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def test_another_base_and_another_doi():
    given = described(base="https://example.org/x/", doi=None, title='A "title"')
    triples = everything(given)
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES).decode()
    assert BASE not in text
    assert "10.17882" not in text
    assert check_shapes(triples, given.names, provenance_shapes(given.names)) == []


def test_texts_of_a_record_that_are_no_addresses_are_no_links():
    about = record(2).about
    odd = replace(about, sources=(replace(about.sources[0], url="", name="a b/ü"),),
                  vocabulary=replace(about.vocabulary, iri="no <IRI>"), counts={"a b>": 1})  # fmt: skip
    given = replace(described(), records=(replace(record(2), about=odd),))
    triples = snapshot_triples(given, 2)
    assert check_shapes(triples, Names(), provenance_shapes(Names())) == []
    ox.parse(ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES), format=ox.RdfFormat.N_TRIPLES)


def test_the_layer_contradicts_nothing_that_is_published():
    """Domains, ranges and disjoint classes of the ontology, with an archive, a file and a float."""
    path = "dac/aoml/13857/13857_meta.nc"
    states = [FileState(path, 9, bytes(32), None, None, 1, None, "first")]
    sensor = SensorFacts("CTD_PRES", "DRUCK", "nobody", "1", ("PRES",))
    facts = FloatFacts(
        "13857", "PALACE", "845", "WRC", "28", ("ARGOS",), ("ARGOS",), (sensor,), ("PRES",), None, 1.0, 2.0, "1"
    )
    triples = [
        *everything(described(snapshots=doi_snapshots(proven=3))),
        *file_triples(Names(), ARCHIVE, states, {}),
        *float_triples(facts, load(), Names(), dac="aoml", version="0" * 64),
    ]
    assert any(one.predicate.value == OWN + "unmatchedText" and one.object.value == "nobody" for one in triples)
    graph = rdflib.Graph().parse(data=ontology_text(Names()), format="turtle")
    graph.parse(data=ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES), format="nt")
    assert contradictions(graph) == []


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("dac/aoml/13857/13857_meta.nc", "dac/aoml/13857/13857_meta.nc"),
        ('aux/a b#c?"é%.txt', "aux/a%20b%23c%3F%22%C3%A9%25.txt"),
    ],
)
def test_a_path_in_an_iri(path, written):
    assert encoded(path) == written
    ox.parse(
        f"<{Names().file(ARCHIVE, path)}> <{DCT}x> <{Names().stay(ARCHIVE, path, 3)}> .".encode(),
        format=ox.RdfFormat.N_TRIPLES,
    )
