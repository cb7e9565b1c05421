"""Reference tables: reading JSON-LD, snapshots and their digest, look-ups, names and templates."""

import json

import pytest

from gdac.errors import RefusedError
from gdac.tables import Found, load, nvs, snapshot
from gdac.tables.compare import Kind, compare
from tests.unit.gdac import nvs_tables
from tests.unit.gdac.nvs_tables import collection, concept, write


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "nvs")


@pytest.fixture
def tables(folder):
    return load(folder)


def test_labels_codes_and_deprecation(tables):
    assert tables.version == "NVS 2026-01-02"
    assert tables.versions["R27"] == "7"
    assert tables.facts["R27"].name == "NAME_R27"
    assert tables.codes("R27") == {"MODEL", "OLD"}
    assert tables.deprecated("R27") == {"OLD"}
    assert tables.label("R27", "MODEL") == "Label of MODEL"
    assert tables.label("R27", "NONE") == ""
    assert tables.codes("R01") == {"Label of ONE"}  # coded by its preferred label
    assert tables.concept("R01", "Label of ONE").alternative == "ONE"
    with pytest.raises(KeyError):
        tables.codes("R99")


def test_cross_tables_compare_ids_to_the_letter(tables):
    assert tables.linked("R27", "MODEL", "broader", "R26", "MAKER")
    assert not tables.linked("R27", "MODEL", "broader", "R26", "OTHER")
    assert not tables.linked("R27", "MODEL", "related", "R26", "MAKER")
    assert not tables.linked("R27", "OLD", "broader", "R26", "MAKER")  # its link lacks the last slash
    assert not tables.linked("R27", "NONE", "broader", "R26", "MAKER")
    assert tables.linked_codes("R27", "MODEL", "related", "R25") == ("A",)
    assert tables.concept("R27", "MODEL").links["related"] == ("P01/Z", "R25/A")


def test_parameters(tables):
    temp, light = tables.parameters["TEMP"], tables.parameters["LIGHT"]
    assert (temp.category, temp.data_type, temp.extra_dimensions, light.extra_dimensions) == ("c", "float", False, True)
    assert temp.attributes == {
        "long_name": "Warmth",
        "units": "degree_Celsius",
        "valid_min": "-2.5f",
        "fill_value": "99999.f",
    }


@pytest.mark.parametrize(
    ("table", "name", "found", "unlisted", "without_list"),
    [
        ("R14", "NUMBER_Plain", Found.NAME, (), ()),
        ("R14", "NUMBER_CtdCounts", Found.TEMPLATE, (), ()),
        ("R14", "NUMBER_CTDCounts", Found.TEMPLATE, (), ()),
        ("R14", "NUMBER_EcoCounts", Found.TEMPLATE, (("short_sensor_name", "Eco"),), ()),
        ("R14", "NUMBER_Zone9Counts", Found.TEMPLATE, (), ()),  # Z is never enforced
        ("R14", "NUMBER_Gone", Found.DEPRECATED_NAME, (), ()),
        ("R14", "NUMBER_Old12", Found.DEPRECATED_TEMPLATE, (), ()),
        ("R18", "CONFIG_CtdZone4To5", Found.TEMPLATE, (), ()),
        ("R18", "CONFIG_CtdZone5To6", Found.TEMPLATE, (("N", "5"), ("N+1", "6")), ()),
        ("R18", "CONFIG_CtdZone04To5", Found.TEMPLATE, (("N", "04"),), ()),
        ("R18", "CONFIG_CtdBare", Found.TEMPLATE, (), ("short_sensor_name",)),
        ("R18", "CONFIG_ChlaOverlap7", Found.TEMPLATE, (), ()),  # the second template accepts what the first does not
        ("R18", "CONFIG_Any_thing_9", Found.TEMPLATE, (), ()),
    ],
)
def test_names(tables, table, name, found, unlisted, without_list):
    match = tables.match_name(table, name)
    assert (match.found, match.unlisted, match.without_list) == (found, unlisted, without_list)
    assert match.deprecated is found.value.startswith("deprecated")


@pytest.mark.parametrize(
    "name", ["", "NUMBER_", "NUMBER_plainCounts", "NUMBER_Plain_COUNT", "NUMBER_Zone\u0661Counts", "x\n"]
)
def test_names_that_nobody_knows(tables, name):
    assert tables.match_name("R14", name) is None


def test_which_time_series_may_be_there(tables):
    assert tables.is_technical_variable("NUMBER_Plain")
    assert tables.is_technical_variable("NUMBER_CTDCounts")
    assert not tables.is_technical_variable("NUMBER_EcoCounts")
    assert not tables.is_technical_variable("NUMBER_Zone1Counts")
    assert not tables.is_technical_variable("NUMBER_Gone")


def test_other_spellings_of_the_same_json_ld(tmp_path):
    core = "http://www.w3.org/2004/02/skos/core#"
    node = {
        "@id": "http://vocab.nerc.ac.uk/collection/R05/current/G/",
        "@type": [f"{core}Concept"],
        f"{core}prefLabel": [{"@value": "Label", "@language": "en"}],
        f"{core}altLabel": [{"@value": "G"}],
        "http://www.w3.org/2002/07/owl#deprecated": [{"@value": True}],
    }
    path = tmp_path / "R05.jsonld"
    path.write_text(json.dumps([collection("R05"), node]))
    facts, (entry,) = nvs.read_table(path)
    assert facts.id == "R05"
    assert (entry.code, entry.label, entry.deprecated) == ("G", "Label", True)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "is not JSON"),
        ('{"@graph": [', "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("{}", "holds 0 collections"),
        (json.dumps({"@graph": [collection("R05"), collection("R06")]}), "holds 2 collections"),
        (json.dumps({"@graph": [collection("R05")]}), "table without entries"),
        (json.dumps({"@graph": [{**collection("R05"), "@id": "x"}, concept("R05", "G")]}), "does not say which table"),
        (json.dumps({"@graph": [collection("R05"), concept("R05", "G", **{"skos:altLabel": ""})]}), "has no label"),
        ("7", "holds 0 collections"),
    ],
)
def test_files_that_are_no_table(tmp_path, content, why):
    path = tmp_path / "R05.jsonld"
    path.write_text(content)
    with pytest.raises(RefusedError, match=why):
        nvs.read_table(path)


def test_folders_that_do_not_do(tmp_path, folder):
    with pytest.raises(RefusedError, match="holds no reference tables"):
        load(tmp_path)
    with pytest.raises(RefusedError, match="cannot be read"):
        load(tmp_path / "absent")
    (folder / "R27.jsonld").unlink()
    with pytest.raises(RefusedError, match="lacks the reference tables R27"):
        load(folder)
    (folder / "R99.jsonld").write_bytes((folder / "R26.jsonld").read_bytes())
    with pytest.raises(RefusedError, match="holds table R26 twice"):
        load(folder)


def test_a_snapshot_says_the_same_and_is_always_the_same(tmp_path, folder):
    first, second = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    snapshot.write(first, *nvs.read_folder(folder))
    snapshot.write(second, *nvs.read_folder(folder))
    assert first.read_bytes() == second.read_bytes()
    assert b"Words" not in first.read_bytes()  # no definitions
    one, whole = load(first), load(folder)
    assert one.digest == whole.digest
    assert compare(one, whole) == []
    assert [path.name for path in tmp_path.glob("*.new")] == []


def test_snapshots_that_are_not_what_they_say(tmp_path, folder):
    path = tmp_path / "tables.jsonl"
    snapshot.write(path, *nvs.read_folder(folder))
    good = path.read_bytes()

    def refused(content, why):
        path.write_bytes(content)
        with pytest.raises(RefusedError, match=why):
            load(path)

    refused(good.replace(b"MODEL", b"MODEM", 1), "its digest does not match")
    refused(good[:-5], "its digest does not match")
    refused(good.replace(b'"format":1', b'"format":2', 1), "snapshot of format 2")
    refused(b"", "is not a snapshot")
    refused(b"\x00\x01\n", "is not a snapshot")
    refused(b"[]\n", "is not a snapshot")
    for body in (
        b"",
        b"{}\n",
        b'{"tables":{}}\n["R05","G"]\n',
        b'{"tables":{}}\n["R05","G","a","b",0]\n',
        b"\xff\n",
        b"7\n",
    ):
        head = json.dumps({"format": 1, "digest": snapshot.digest_of(body)}).encode() + b"\n"
        refused(head + body, "is not a snapshot|lacks the reference tables")


def test_what_changed(folder, tmp_path):
    content = nvs_tables.tables()
    content["R27"][1]["owl:deprecated"] = "false"
    content["R27"][0]["skos:broader"] = nvs_tables.link("R26", "OTHER")
    content["R26"].insert(0, concept("R26", "NEW"))
    content["R25"][1]["owl:deprecated"] = "true"
    del content["R14"][0]
    changes = compare(load(folder), load(write(tmp_path / "later", content)))
    assert [(each.table, each.code, each.kind, each.what) for each in changes] == [
        ("R14", "NUMBER_Plain_COUNT", Kind.REMOVED, ()),
        ("R25", "B", Kind.DEPRECATED, ()),
        ("R26", "NEW", Kind.ADDED, ()),
        ("R27", "MODEL", Kind.CHANGED, ("links",)),
        ("R27", "OLD", Kind.REVIVED, ()),
    ]


def test_the_shipped_tables_are_kept():
    assert load() is load()
    assert load().source == "shipped"
