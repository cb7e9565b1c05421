"""The named questions on the real tables: numbers of rows and the values that experts know."""

import csv
import io
import json
from collections import Counter

import pytest

from vocab.build import build
from vocab.changes.rdf import diff_triples
from vocab.changes.versions import compare_versions
from vocab.names import Names
from vocab.nvs.folder import read_folder
from vocab.query.answer import Limits, Syntax, evaluate
from vocab.query.questions import question

#: Rows of each; 47 and not 49 deprecated terms lack a successor, because two live terms say in their own text which
#: ones they replace (see docs/vocabulary.md).
ROWS = {
    "models": 17, "deprecated-since": 47, "no-successor": 47, "platforms": 75, "unmapped-platforms": 7, "no-p01": 22,
    "shared-p01": 4, "deprecated-models": 48, "units-and-ranges": 89, "configuration-names": 41, "changes": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def vocabulary(shared):
    return build(read_folder(shared / "nvs"), Names())


@pytest.fixture(scope="module")
def ask(vocabulary):
    def asked(name):
        text = question(name, vocabulary.names).text
        data = evaluate(vocabulary.store, text, Syntax.CSV, Limits())
        return list(csv.DictReader(io.StringIO(data.decode())))

    return asked


@pytest.mark.parametrize("name", ROWS)
def test_rows(ask, name):
    assert len(ask(name)) == ROWS[name]


def test_no_triple_stands_in_two_graphs(vocabulary):
    """The union of the graphs would count it twice."""
    triples = [triple for graph in vocabulary.graphs.values() for triple in graph]
    assert len(set(triples)) == len(triples)


def test_models_that_measure_oxygen(ask):
    rows = ask("models")
    assert Counter(row["maker"] for row in rows).keys() == {
        "Aanderaa", "Sea-Bird Scientific", "RBR Ltd", "JFE Advantech Co., Ltd",
    }  # fmt: skip
    assert {"AANDERAA_OPTODE_4330", "SBE63_OPTODE", "SBE43_IDO"} <= {row["code"] for row in rows}


def test_ambiguous_instrument_types(ask):
    rows = ask("platforms")
    assert len({row["code"] for row in rows if int(row["types"]) > 1}) == 11
    assert {"code": "831", "instrument": "PALACE float", "platform": "PALACE", "maker": "Webb Research Corporation",
            "types": "1"} in rows  # fmt: skip


def test_links_that_are_missing(ask):
    rows = [(row["missing"], row["code"]) for row in ask("unmapped-platforms")]
    assert [code for missing, code in rows if missing == "platform type without a maker"] == ["FLOAT"]
    without = [code for missing, code in rows if missing == "WMO instrument type without a platform type"]
    assert without == ["883", "890", "891"]


def test_shared_codes(ask):
    found = {row["p01"].rstrip("/").rpartition("/")[2]: int(row["parameters"]) for row in ask("shared-p01")}
    assert found == {"DWIRXXZZ": 6, "NVLTOBS1": 4, "NCNTATT1": 2, "OXYCPHAR": 2}


def test_successors(ask):
    found = {row["code"]: row["successor"] for row in ask("deprecated-models")}
    assert found["SBE61_V5.0.9"] == "SBE61"
    assert Counter(row["status"] for row in ask("no-successor")) == {"retired": 35, "unknown": 12}
    assert all(row["changed"] >= "2025-08-01" for row in ask("deprecated-since"))


def test_units_and_ranges(ask):
    rows = {row["code"]: row for row in ask("units-and-ranges")}
    doxy = rows["DOXY"]
    assert (doxy["unit"], doxy["minimum"], doxy["maximum"]) == ("micromole/kg", "-5", "600")
    assert doxy["p06"].endswith("/KGUM/")
    assert doxy["qudt"].endswith("/MicroMOL-PER-KiloGM")


def test_configuration_names(ask):
    rows = {row["name"]: row["units"] for row in ask("configuration-names")}
    assert set(rows["CONFIG_<short_sensor_name>WarmUpTime_msec"].split()) == {"usec", "seconds", "msec", "dsec", "csec"}


def test_changes_between_two_versions(shared, vocabulary, tmp_path):
    """A generated second version: one label, one definition, one version number of another table."""
    for file in (shared / "nvs").glob("*.jsonld"):
        text = file.read_text(encoding="utf-8")
        if file.stem == "R22":
            document = json.loads(text)
            terms = [one for one in document["@graph"] if "skos:definition" in one]
            terms[0]["skos:prefLabel"]["@value"] += " (renamed)"
            terms[1]["skos:definition"]["@value"] = "Another definition."
            text = json.dumps(document)
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    newer = build(read_folder(tmp_path), vocabulary.names)
    graph = diff_triples(compare_versions(vocabulary, newer), vocabulary.names)
    newer.store.bulk_extend(_quads(graph))
    data = evaluate(newer.store, question("changes", vocabulary.names).text, Syntax.CSV, Limits())
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    assert sorted(row["kind"] for row in rows) == ["definition", "label"]
    assert all(row["term"].startswith("http://vocab.nerc.ac.uk/collection/R22/current/") for row in rows)
    assert {row["after"].split()[-1] for row in rows} == {"(renamed)", "definition."}


def _quads(triples):
    import pyoxigraph as ox

    name = ox.NamedNode("https://w3id.org/argo-gdac/graph/changes")
    return [ox.Quad(one.subject, one.predicate, one.object, name) for one in triples]
