"""The shipped reference tables are exactly what the NVS files say."""

import json

from gdac.tables import load, nvs, snapshot
from gdac.tables.compare import compare
from gdac.tables.reference import SHIPPED


def test_the_shipped_snapshot_is_the_converted_one(shared):
    made = snapshot.dump(*nvs.read_folder(shared / "nvs"))
    assert SHIPPED.read_bytes() == made, "stale: gdac tables build <nvs> --output gdac/tables/data/tables.jsonl"
    assert compare(load(shared / "nvs"), load()) == []


def test_nothing_is_lost(shared):
    tables = load()
    assert len(tables.facts) == 37
    entries = deprecated = 0
    for path in (shared / "nvs").glob("*.jsonld"):
        nodes = [each for each in json.loads(path.read_text())["@graph"] if each["@type"] == "skos:Concept"]
        concepts = tables.concepts(path.stem)
        assert len(concepts) == len(nodes) == len(tables.codes(path.stem))
        entries += len(nodes)
        deprecated += len(tables.deprecated(path.stem))
    assert (entries, deprecated) == (2177, 95)


def test_no_definition_is_shipped(shared):
    text, tables = SHIPPED.read_text(encoding="utf-8"), load()
    labels = {concept.label for table in tables.facts for concept in tables.concepts(table)}
    for path in (shared / "nvs").glob("*.jsonld"):
        for node in json.loads(path.read_text())["@graph"]:
            definition = node.get("skos:definition", "")
            words = (definition["@value"] if isinstance(definition, dict) else definition).partition(" Local_Attr")[0]
            words = words.partition(" Template_Values")[0]
            assert len(words) < 60 or words in labels or words not in text, node["@id"]


def test_cross_tables_of_the_official_checker(shared):
    tables = load()
    assert tables.linked("R27", "SBE41CP", "broader", "R26", "SBE")
    assert tables.linked("R27", "SBE41CP", "related", "R25", "CTD_TEMP")
    assert tables.linked("R23", "APEX", "narrower", "R08", "846")
    assert tables.linked("R23", "APEX", "related", "R24", "TWR") or tables.linked_codes("R23", "APEX", "related", "R24")
    # Known gaps of the tables decide verdicts.
    for model in ("RAFOS", "UNKNOWN"):
        assert tables.linked_codes("R27", model, "broader", "R26") == ()
    assert tables.linked_codes("R23", "ALAMO", "narrower", "R08") == ()
    assert sorted(tables.parameters["DOXY"].attributes) == [
        "fill_value",
        "long_name",
        "standard_name",
        "units",
        "valid_max",
        "valid_min",
    ]


def test_every_name_of_the_tables_finds_itself(shared):
    tables = load()
    for table in ("R14", "R18"):
        for concept in tables.concepts(table):
            name = concept.label.rpartition("_")[0]
            if "<" not in name:
                assert tables.match_name(table, name) is not None
