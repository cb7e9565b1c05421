"""A vocabulary from small tables: what is built, that it repeats, and what is refused."""

import json
import re
from dataclasses import replace

import pyoxigraph as ox
import pytest
from typer.testing import CliRunner

from gdac import __version__
from gdac.errors import RefusedError, UsageError
from tests.unit.vocab.nvs_tables import NVS, Word, as_bytes, small_tables, table, write_tables
from vocab.build import build
from vocab.cli.vocab import app
from vocab.enrich import RULES
from vocab.folder import open_vocabulary, write_vocabulary
from vocab.names import Names, concept, parse_concept
from vocab.nvs.folder import read_folder
from vocab.nvs.formats import MEDIA_TYPES, parse_triples, read_verbatim

JSONLD = ox.RdfFormat.JSON_LD


def small(tmp_path):
    return build(read_folder(write_tables(tmp_path / "nvs", small_tables())), Names())


def ask(vocabulary, pattern):
    prefixes = (
        "PREFIX skos: <http://www.w3.org/2004/02/skos/core#> PREFIX owl: <http://www.w3.org/2002/07/owl#> "
        "PREFIX dct: <http://purl.org/dc/terms/> PREFIX qudt: <http://qudt.org/schema/qudt/> "
        "PREFIX argo: <https://w3id.org/argo-gdac/vocabulary#> "
        "PREFIX prov: <http://www.w3.org/ns/prov#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
    )
    asked = " ".join(dict.fromkeys(re.findall(r"[?]\w+", pattern))) or "(1 AS ?yes)"
    query = f"{prefixes} SELECT {asked} {{ {pattern} }}"
    found = vocabulary.store.query(query, use_default_graph_as_union=True)
    return [tuple(getattr(one, "value", None) for one in row) for row in found]


def test_tables_stay_verbatim_in_a_graph_of_their_version(tmp_path):
    vocabulary = small(tmp_path)
    data = (tmp_path / "nvs" / "R27.jsonld").read_bytes()
    graph = vocabulary.graphs["https://w3id.org/argo-gdac/graph/nvs/R27/1"]
    assert set(graph) == set(parse_triples(data, JSONLD, where="R27"))


def test_every_enriched_triple_stands_in_a_graph_that_says_why(tmp_path):
    vocabulary = small(tmp_path)
    enriched = {one for one in vocabulary.graphs if "/graph/enrichment/" in one}
    assert {one.rpartition("/")[2] for one in enriched} == {rule.id for rule in RULES} - {"platforms"}  # no such tables
    for graph in enriched:
        assert ask(vocabulary, f"<{graph}> a argo:Enrichment; rdfs:comment ?why; argo:basis ?b; prov:wasDerivedFrom ?g")


def test_nvs_triples_appear_in_no_other_graph(tmp_path):
    vocabulary = small(tmp_path)
    nvs = [quad for quad in vocabulary.store if "/graph/nvs/" in quad.graph_name.value]
    others = {quad.triple for quad in vocabulary.store if "/graph/nvs/" not in quad.graph_name.value}
    assert nvs
    assert not others & {quad.triple for quad in nvs}


def test_successors_carry_their_evidence_and_every_deprecated_term_a_status(tmp_path):
    vocabulary = small(tmp_path)
    status = {row[0].split("/")[-2]: row[1].split("#")[1] for row in ask(vocabulary, "?t argo:deprecationStatus ?s")}
    assert status == {
        "GONE": "Retired", "OPT0": "Replaced", "OPT3": "Replaced", "OPT4": "Replaced", "OPT5": "StatusUnknown",
        "N": "StatusUnknown",
    }  # fmt: skip
    rows = ask(vocabulary, "?r argo:deprecatedTerm ?t; argo:successor ?s; argo:evidenceKind ?k. ?t dct:isReplacedBy ?s")
    found = {(row[1].split("/")[-2], row[2].split("/")[-2], row[3]) for row in rows}
    assert found == {("OPT0", "OPT1", "relation"), ("OPT3", "OPT2", "successor's text"), ("OPT4", "OPT1", "own text")}


def test_two_live_candidates_are_no_successor(tmp_path):
    tables = small_tables()
    tables["R27"].append(Word("OPT9", links={"related": ["R27/OPT0"]}))
    tables["R27"][1].links["related"].append("R27/OPT9")
    vocabulary = build(read_folder(write_tables(tmp_path / "nvs", tables)), Names())
    assert not ask(vocabulary, f"<{NVS}R27/current/OPT0/> dct:isReplacedBy ?s")


def test_shared_p01_codes_are_broader_and_single_ones_exact(tmp_path):
    vocabulary = small(tmp_path)
    assert ask(vocabulary, "?s skos:exactMatch ?o") == [(concept("R03", "DOXY"), concept("P01", "DOXMZZXX"))]
    assert len(ask(vocabulary, "?s skos:broadMatch ?o")) == 2


def test_units_ranges_and_fill_values_are_numbers(tmp_path):
    vocabulary = small(tmp_path)
    rows = ask(
        vocabulary,
        f"<{concept('R03', 'DOXY')}> argo:validMin ?a; argo:validMax ?b; argo:unitText ?u; argo:fillValue ?f; "
        "qudt:hasUnit ?q; argo:parameterCategory ?c",
    )
    assert rows == [
        ("-5", "600", "micromole/kg", "99999", "http://qudt.org/vocab/unit/MicroMOL-PER-KiloGM",
         "https://w3id.org/argo-gdac/vocabulary#BgcParameter")
    ]  # fmt: skip
    raw = f"<{concept('R03', 'RAW_A')}>"
    assert ask(vocabulary, f"{raw} argo:longName ?n; argo:extraDimension ?d") == [("Raw: counts", "[N_VALUES]")]
    assert float(ask(vocabulary, f"{raw} argo:fillValue ?f")[0][0]) == 9.969209968386869e36
    assert not ask(vocabulary, f"{raw} argo:validMin ?x")


def test_placeholders_have_values_or_a_range(tmp_path):
    vocabulary = small(tmp_path)
    rows = ask(vocabulary, "?t argo:placeholder ?p. ?p argo:placeholderName ?n. OPTIONAL {?p argo:allowedValue ?v}")
    assert {(row[2], row[3]) for row in rows} == {
        ("short_sensor_name", "Optode"),
        ("short_sensor_name", "Eco"),
        ("N", None),
    }
    assert ask(vocabulary, "?p argo:placeholderName 'N'; argo:minimum ?a; argo:maximum ?b")[0][1:] == ("1", "5")


def test_a_sensor_that_the_map_does_not_know_is_told(tmp_path):
    measures = next(one for one in small(tmp_path).record.enrichment if one.id == "measures")
    assert measures.counts["R25 measures R03"] == 1
    assert any("NEW_SENSOR" in note for note in measures.notes)


def test_equal_tables_give_equal_bytes_in_any_syntax_and_order(tmp_path):
    folder = write_tables(tmp_path / "nvs", small_tables())
    first = build(read_folder(folder), Names())
    other = tmp_path / "other"
    other.mkdir()
    for number, file in enumerate(sorted(folder.iterdir())):
        syntax, suffix = [(ox.RdfFormat.TURTLE, ".ttl"), (ox.RdfFormat.RDF_XML, ".rdf"), (JSONLD, ".jsonld")][
            number % 3
        ]
        triples = parse_triples(file.read_bytes(), JSONLD, where=file.name)
        (other / f"{number}{suffix}").write_bytes(ox.serialize(reversed(triples), format=syntax))
    second = build(tuple(reversed(read_folder(other))), Names())
    assert first.record.release == second.record.release
    assert [one.digest for one in first.record.tables] == [one.digest for one in second.record.tables]
    write_vocabulary(first, tmp_path / "a")
    write_vocabulary(build(read_folder(folder), Names()), tmp_path / "b")
    for name in ("vocabulary.nq", "vocabulary.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_release_is_named_after_everything_it_says(tmp_path, monkeypatch):
    folder = write_tables(tmp_path / "nvs", small_tables())
    tables = read_folder(folder)
    first = build(tables, Names()).record.release.label
    later = [replace(one, retrieved="2026-11-22T20:00:00Z", sha256="0" * 64) for one in tables]
    assert build(later, Names()).record.release.label == first
    words = small_tables()
    words["RP2"][0].definition = "Another thing of the sea."
    others = [
        build(read_folder(write_tables(tmp_path / "other", words)), Names()),
        build(tables, Names("https://example.org/")),
        build(tables, Names(), prior="2025.1"),
        build(tables[1:], Names()),
    ]
    assert len({one.record.release.label for one in others} | {first}) == 5
    monkeypatch.setattr("vocab.build.RULES", RULES[:-1])
    assert build(tables, Names()).record.release.label != first


def test_another_base_moves_every_iri_of_ours(tmp_path):
    folder = write_tables(tmp_path / "nvs", small_tables())
    vocabulary = build(read_folder(folder), Names("https://example.org/terms/"))
    assert not [quad for quad in vocabulary.store if "w3id.org/argo-gdac" in str(quad)]
    for base in ("https://example.org/terms", "terms/", "https://example.org/a b/"):
        with pytest.raises(UsageError):
            Names(base)


def test_a_build_is_opened_as_it_was_written_and_refused_when_touched(tmp_path):
    vocabulary = small(tmp_path)
    write_vocabulary(vocabulary, tmp_path / "out")
    again = open_vocabulary(tmp_path / "out")
    assert again.record == vocabulary.record
    assert again.tables == vocabulary.tables
    assert again.graphs == vocabulary.graphs
    assert set(again.store) == set(vocabulary.store)
    quads = tmp_path / "out" / "vocabulary.nq"
    quads.write_bytes(quads.read_bytes()[:-200])
    with pytest.raises(RefusedError, match="sha256"):
        open_vocabulary(tmp_path / "out")
    (tmp_path / "out" / "vocabulary.json").write_text("[]")
    with pytest.raises(RefusedError, match="record"):
        open_vocabulary(tmp_path / "out")
    with pytest.raises(UsageError, match="no vocabulary"):
        open_vocabulary(tmp_path)


@pytest.mark.parametrize(
    "wrong", [{"label": "a b"}, {"prior": "../x"}, {"issued": "soon"}, {"label": "1", "prior": "1"}]
)
def test_releases_that_no_iri_or_calendar_can_carry(tmp_path, wrong):
    tables = read_folder(write_tables(tmp_path, {"R10": [Word("ARGOS")]}))
    with pytest.raises(UsageError):
        build(tables, Names(), **wrong)


def test_a_named_release_stands_in_the_header(tmp_path):
    tables = read_folder(write_tables(tmp_path, {"R10": [Word("ARGOS")]}))
    vocabulary = build(tables, Names(), label="2026.1", issued="2026-05-01", prior="2025.9")
    rows = ask(
        vocabulary, "<https://w3id.org/argo-gdac/vocabulary> owl:versionIRI ?v; owl:priorVersion ?p; dct:issued ?i"
    )
    base = "https://w3id.org/argo-gdac/vocabulary/version/"
    assert rows == [(f"{base}2026.1", f"{base}2025.9", "2026-05-01")]


def test_nothing_is_issued_or_changed_before_it_existed(tmp_path):
    vocabulary = small(tmp_path)
    rows = ask(
        vocabulary,
        "?o dct:created ?c; dct:issued ?i; dct:modified ?m FILTER(?o = <https://w3id.org/argo-gdac/vocabulary>)",
    )
    assert [created <= min(issued, modified) for _, created, issued, modified in rows] == [True]


def test_the_command_builds_and_says_what_it_found(tmp_path):
    folder = write_tables(tmp_path / "nvs", small_tables())
    arguments = ["build", "--from", str(folder), "--output", str(tmp_path / "v")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "6 tables, 17 terms, 6 deprecated" in done.output
    assert "not among them: R01, R04" in done.output
    assert "1 replaced (relation)" in done.output
    said = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)
    assert len(said["tables"]) == 6
    assert said["quads"] == open_vocabulary(tmp_path / "v").quads


def test_a_folder_of_other_things_is_not_written_into(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        write_vocabulary(small(tmp_path), tmp_path)


BAD = {
    "cut JSON": as_bytes(table("R03", small_tables()["R03"]))[:-40],
    "remote context": as_bytes({**table("R03", [Word("A")]), "@context": "http://127.0.0.1:9/context"}),
    "imported context": as_bytes({**table("R03", [Word("A")]), "@context": {"@import": "http://127.0.0.1:9/c"}}),
    "no collection": as_bytes({"@context": {}, "@graph": []}),
    "no terms": as_bytes(table("R03", [])),
    "deep nesting": b'{"a":' * 60_000,
    "not UTF-8": b"\xff\xfe{\x00",
    "an HTML page": b"<html><body>Service unavailable</body></html>",
}


@pytest.mark.parametrize("kind", BAD)
def test_bytes_that_are_no_table_are_refused_in_one_sentence(kind):
    with pytest.raises(RefusedError) as refused:
        read_verbatim(BAD[kind], JSONLD, origin="R03.jsonld")
    assert "R03.jsonld" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_table_whose_members_are_not_all_described_is_not_whole():
    document = table("R03", small_tables()["R03"])
    del document["@graph"][0]
    with pytest.raises(RefusedError, match="not whole: 1 members are not described"):
        read_verbatim(as_bytes(document), JSONLD, origin="R03")


def test_xml_entities_are_refused_before_they_grow():
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'
    )
    with pytest.raises(RefusedError, match="entities"):
        read_verbatim(bomb.encode(), MEDIA_TYPES["application/rdf+xml"], origin="R03.rdf")


def test_another_table_than_the_expected_one_is_refused():
    with pytest.raises(RefusedError, match="holds table R03, not R27"):
        read_verbatim(as_bytes(table("R03", [Word("A")])), JSONLD, origin="x", expected="R27")


def test_one_table_in_two_files_is_refused(tmp_path):
    folder = write_tables(tmp_path, {"R03": [Word("A")]})
    (folder / "copy.jsonld").write_bytes((folder / "R03.jsonld").read_bytes())
    with pytest.raises(RefusedError, match="both hold table R03"):
        read_folder(folder)


def test_the_record_of_an_import_vouches_for_its_files(tmp_path):
    folder = write_tables(tmp_path, {"R03": [Word("A")]})
    (folder / "import.json").write_text(json.dumps({"tables": {"R03": {"file": "R03.jsonld", "sha256": "0" * 64}}}))
    with pytest.raises(RefusedError, match="not what was imported"):
        read_folder(folder)


def test_links_with_https_mean_the_same_term():
    document = table("R27", [Word("OPT1", links={"broader": ["R26/SBE"]})])
    text = as_bytes(document).replace(
        b"http://vocab.nerc.ac.uk/collection/R26", b"https://vocab.nerc.ac.uk/collection/R26"
    )
    term = read_verbatim(text, JSONLD, origin="R27").table.terms["OPT1"]
    assert term.linked("broader", "R26") == (concept("R26", "SBE"),)


def test_concept_iris_are_told_from_collections_and_versions():
    assert parse_concept(concept("R27", "SBE41CP_V3.0a")) == ("R27", "SBE41CP_V3.0a")
    assert parse_concept(f"https{NVS[4:]}R27/current/SBE") == ("R27", "SBE")
    assert parse_concept(f"{NVS}R27/current/") is None
    assert parse_concept(f"{NVS}R27/current/SBE/3/") is None
    assert parse_concept("http://example.org/") is None


def test_the_build_is_an_activity_of_a_program_on_versions_of_tables(tmp_path):
    vocabulary = small(tmp_path)
    names, label = vocabulary.names, vocabulary.record.release.label
    catalogue = vocabulary.graphs[names.catalogue_graph]
    said = [one for one in catalogue if one.subject.value == f"{names.version(label)}#build"]
    used = {one.object.value for one in said if one.predicate.value.endswith("#used")}
    assert {one.graph for one in vocabulary.record.tables} < used
    assert [one.object.value for one in said if one.predicate.value.endswith("#wasAssociatedWith")] == [
        names.software("argo-gdac", __version__)
    ]
    assert any(one.object == said[0].subject for one in catalogue if one.subject.value == names.version(label))
