"""The vocabulary of the real tables: sizes, what each enrichment finds, and what a portal makes of the export."""

import time

import pytest

from vocab.build import build
from vocab.export.flatten import flat_vocabulary
from vocab.export.ontoportal import ExportOptions, export_ontoportal
from vocab.names import Names, concept
from vocab.nvs.folder import read_folder
from vocab.preflight.check import check_path
from vocab.preflight.facts import facts_of
from vocab.preflight.finding import Severity
from vocab.preflight.outside import owlapi_missing, rapper_missing, read_with_owlapi, read_with_rapper
from vocab.preflight.portal import portal_view
from vocab.preflight.shacl import check_shapes

#: What each rule must find in the tables of 2026-04 (see docs/vocabulary.md for those that differ from other counts).
COUNTS = {
    "typed-dates": {"dates typed": 2214},
    "typed-flags": {"flags typed": 2177, "of them deprecated": 95},
    "schemes": {"concept schemes": 38, "terms in their scheme": 2177},
    "tree": {"top concepts": 37, "terms below them": 2177},
    "successors": {
        "deprecated terms": 95, "replaced": 48, "retired": 35, "unknown": 12, "replaced (relation)": 43,
        "replaced (own text)": 1, "replaced (successor's text)": 2, "replaced (curated)": 2,
    },
    "matches": {
        "P01 exactMatch": 54, "P01 broadMatch": 14, "P01 codes shared": 4, "RTV closeMatch": 14,
        "R15 measurementCodeCategory RMC": 2,
    },
    "sensors": {"R27 sensorMaker R26": 166, "R27 sensorType R25": 305},
    "platforms": {"R08 platformType R23": 64, "R23 platformMaker R24": 45, "R23 controllerBoard R28": 18},
    "measures": {"R25 measures R03": 30, "by the sensor's name": 18, "of no R03 parameter": 3},
    "units": {"R03 unit P06": 86, "with a QUDT unit": 86, "QUDT unit by the text of R03 alone": 12},
    "parameters": {
        "parameters read": 100, "with a unit": 100, "with a valid range": 23, "with a standard name": 17,
    },
    "templates": {"R14 names with units": 645, "R18 names with units": 330, "placeholders": 204},
}  # fmt: skip


@pytest.fixture(scope="module")
def vocabulary(shared):
    return build(read_folder(shared / "nvs"), Names())


def test_all_tables_and_terms_are_there(vocabulary):
    assert len(vocabulary.record.tables) == 37
    assert sum(one.terms for one in vocabulary.record.tables) == 2177
    assert sum(one.deprecated for one in vocabulary.record.tables) == 95
    assert sum(one.triples for one in vocabulary.record.tables) == 38415


def test_every_enrichment_finds_what_it_should(vocabulary):
    assert {one.id: dict(one.counts) for one in vocabulary.record.enrichment} == COUNTS
    unread = [note for one in vocabulary.record.enrichment for note in one.notes if "no " in note]
    assert unread == []


def test_a_build_takes_seconds(shared):
    started = time.monotonic()
    build(read_folder(shared / "nvs"), Names())
    print(f"37 tables built in {time.monotonic() - started:.1f} s")


def test_successors_that_only_text_gives_away(vocabulary):
    triples = vocabulary.graphs[vocabulary.names.enrichment_graph("successors")]
    found = {(one.subject.value, one.object.value) for one in triples if one.predicate.value.endswith("/isReplacedBy")}
    for table, old, new in (
        ("R27", "QUARTZDYNE_DSB301-10-C85", "DSB301-10-C85"),
        ("R27", "SATLANTIC_OCR504_ICSW", "OCR504_ICSW"),
        ("R27", "SATLANTIC_OCR504_R10W", "OCR504_R10W"),
        ("R14", "T000500", "T000499"),
        ("R15", "1100", "599"),
        ("R15", "1100", "710"),
        ("R15", "1100", "711"),
    ):
        assert (concept(table, old), concept(table, new)) in found
    live = {term.iri for term in vocabulary.tables.terms() if not term.deprecated}
    assert {new for _, new in found} <= live


def test_no_definition_is_left_half_read(vocabulary):
    """Every unit, slot and attribute is a word without the braces and brackets of the text it was read from."""
    for rule in ("parameters", "templates"):
        for triple in vocabulary.graphs[vocabulary.names.enrichment_graph(rule)]:
            text = getattr(triple.object, "value", "")
            if triple.predicate.value.rpartition("#")[2] != "extraDimension":
                assert not set("{}[];") & set(text), triple


def test_the_portal_shows_37_roots_and_every_live_term(vocabulary):
    shown = portal_view(facts_of(flat_vocabulary(vocabulary)))
    assert (shown.ontology, shown.main_scheme) == ("https://w3id.org/argo-gdac/vocabulary", True)
    assert len(shown.roots) == 37
    assert sum(one.live for one in shown.roots) == 2082
    assert sum(one.obsolete for one in shown.roots) == 95
    assert shown.unreachable == ()
    assert [one.text for one in shown.findings] == []
    assert len(shown.metadata) >= 28


def test_the_whole_conforms_to_the_shapes(vocabulary):
    assert check_shapes(flat_vocabulary(vocabulary), Names()) == []


@pytest.mark.soak
@pytest.mark.skipif(bool(owlapi_missing()), reason=owlapi_missing() or "installed")
def test_owl_api_loses_no_triple_of_the_whole(vocabulary, tmp_path):
    export_ontoportal(vocabulary, tmp_path / "e", ExportOptions())
    (reading,), findings = read_with_owlapi([tmp_path / "e" / "argo.ttl"])
    assert findings == []
    assert (reading.ontology, reading.lost) == ("https://w3id.org/argo-gdac/vocabulary", ())
    assert reading.triples == len(flat_vocabulary(vocabulary))


@pytest.mark.skipif(bool(rapper_missing()), reason=rapper_missing() or "installed")
def test_rapper_counts_every_triple_in_three_syntaxes(vocabulary, tmp_path):
    export_ontoportal(vocabulary, tmp_path / "e", ExportOptions())
    for suffix in ("ttl", "rdf", "nt"):
        assert read_with_rapper(tmp_path / "e" / f"argo.{suffix}") == (len(flat_vocabulary(vocabulary)), [])


@pytest.mark.soak
def test_the_whole_pre_flight_with_other_parsers(vocabulary, tmp_path):
    export_ontoportal(vocabulary, tmp_path / "e", ExportOptions())
    report = check_path(tmp_path / "e", Names())
    assert [one.text for one in report.findings if one.severity is not Severity.NOTE] == []
    if not owlapi_missing():
        assert len(report.owlapi) == 38
        assert sum(len(one.lost) for one in report.owlapi) == 0
    if not rapper_missing():
        assert {dict(report.rapper)[f"argo.{suffix}"] for suffix in ("ttl", "rdf", "nt")} == {
            len(flat_vocabulary(vocabulary))
        }


def test_the_snapshot_is_the_one_that_the_package_ships(vocabulary):
    from importlib.resources import files

    from vocab.snapshot import snapshot_bytes

    shipped = files("gdac.tables") / "data" / "tables.jsonl"
    assert snapshot_bytes(vocabulary.tables) == shipped.read_bytes()
