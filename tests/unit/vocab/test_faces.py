"""Landing pages and faces: every one says the same, nothing is invented, nothing escapes its quotes."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pyoxigraph as ox
import pytest
import rdflib
from datacite import schema45

from gdac.errors import UsageError
from gdac.manifest.head import Licence
from tests.unit.vocab.described_archives import ARCHIVE, EVIL, described, snapshots, view
from vocab.faces import describe_archive, describe_serial, serials_to_describe
from vocab.faces.facts import facts_of
from vocab.faces.places import Places
from vocab.faces.wording import bytes_text
from vocab.names import Names

IRI = f"https://w3id.org/argo-gdac/archive/{ARCHIVE}"
DOI = "10.17882/42182"


class _Page(HTMLParser):
    """Links, tags, texts and the JSON-LD of a page."""

    def __init__(self, data):
        super().__init__()
        self.tags, self.links, self.heads, self.text, self.about = [], [], [], "", None
        self._script = False
        self.feed(data.decode())
        self.close()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append(tag)
        if tag == "a":
            self.links.append(found["href"])
        if tag == "link":
            self.heads.append((found["rel"], found["href"], found.get("type")))
        self._script = tag == "script"
        assert not any(name.startswith("on") for name in found)

    def handle_endtag(self, tag):
        self._script = False

    def handle_data(self, data):
        if self._script:
            assert self.about is None, "one script, and that holds data"
            self.about = json.loads(data)
        else:
            self.text += data


def page(made, name="index.html"):
    return _Page(made[name])


def everything(one):
    made = dict(describe_archive(one))
    for serial in range(1, one.head.serial + 1):
        if facts_of(one).find(serial):
            made |= describe_serial(one, serial)
    return made


def test_equal_input_gives_equal_bytes():
    assert everything(described(snapshots=snapshots())) == everything(described(snapshots=snapshots()))
    assert sorted(describe_archive(described())) == [
        "archive.jsonld", "archive.ttl", "datacite.json", "index.html", "linkset.json",
    ]  # fmt: skip
    assert sorted(describe_serial(described(), 2)) == [
        "2/datacite.json", "2/index.html", "2/linkset.json", "2/snapshot.jsonld", "2/snapshot.ttl",
    ]  # fmt: skip


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")  # rdflib, of its own parser
@pytest.mark.parametrize("name", ["archive", "3/snapshot", "1/snapshot"])
def test_json_ld_holds_the_triples_of_the_turtle_for_both_readers(name):
    made = everything(described(snapshots=snapshots("contained"), title=EVIL))
    turtle = {one.triple for one in ox.parse(made[f"{name}.ttl"], format=ox.RdfFormat.TURTLE)}
    assert {one.triple for one in ox.parse(made[f"{name}.jsonld"], format=ox.RdfFormat.JSON_LD)} == turtle
    assert b"qudt" not in made[f"{name}.ttl"], "prefixes that nothing uses"
    graph = rdflib.Graph().parse(data=made[f"{name}.jsonld"], format="json-ld")
    # rdflib puts numbers and booleans into its own lexical form; so it reads both sides.
    assert set(graph) == set(rdflib.Graph().parse(data=made[f"{name}.ttl"], format="turtle"))
    assert len(graph) == len(turtle) > 15


def test_the_page_of_an_archive_says_what_a_reader_asks():
    found = page(describe_archive(described(snapshots=snapshots())))
    for told in (
        "Argo Global Data Assembly Centre", "1,003", "370.4 MB", "370,370,367 bytes", "2026-11-22", "CC-BY-4.0",
        "Argo (2000). Argo float data and metadata", "https://doi.org/10.17882/42182", "gdac sync replicate",
        "sha256sum FILE", "argo-gdac 0.1.0", "coriolis", "ar_index_global_prof.txt.gz", "of 2026-04-10",
        "nearest DOI snapshot is 10.17882/42182#118037", "10 days before this serial", "is not proven",
    ):  # fmt: skip
        assert told in found.text, told
    assert {"3/index.html", "2/index.html", "1/index.html", "archive.ttl", "archive.jsonld"} <= set(found.links)
    assert next(one for one in found.links if one.endswith("delta.parquet")).startswith("../000000003-")
    assert "../../" in found.links


def test_the_page_of_a_serial_says_what_changed_and_where_it_comes_from():
    found = page(describe_serial(described(), 2), "2/index.html")
    for told in ("Since serial 1", "98.8 kB", "serial 2 of 2026-11-21", "--serial 2", "makes it again", "number 2"):
        assert told in found.text, told
    assert {"../index.html", "../1/index.html", "../3/index.html", "snapshot.ttl"} <= set(found.links)
    assert not any(one.endswith("manifest.parquet") for one in found.links), "that manifest is gone"
    first = page(describe_serial(described(), 1), "1/index.html")
    assert "first serial" in first.text
    assert any(one.endswith("manifest.parquet") for one in first.links)


def test_pages_fetch_nothing_and_run_nothing():
    for name, data in everything(described(snapshots=snapshots())).items():
        if not name.endswith(".html"):
            continue
        found = _Page(data)
        assert not {"img", "iframe", "object", "form", "input"} & set(found.tags)
        assert "@import" not in data.decode()
        assert "url(" not in data.decode()
        assert {one for one in found.heads if one[0] in {"stylesheet", "preload", "script"}} == set()


def test_hostile_words_stay_words():
    evil = described(title=EVIL, doi="10.1/<x>", snapshots=snapshots())
    about = evil.records[0].about
    source = replace(about.sources[0], name=EVIL, url="javascript:alert(1)", way=EVIL)
    record = replace(evil.records[0], about=replace(about, sources=(source,), counts={EVIL: 1}))
    head = replace(evil.head, licence=Licence(EVIL, "javascript:alert(2)"), generator=EVIL)
    evil = replace(evil, head=head, records=(record, *evil.records[1:]))
    for name, data in everything(evil).items():
        if name.endswith(".html"):
            found = _Page(data)
            assert "alert" not in "".join(found.tags)
            assert found.tags.count("script") == 1
            assert found.tags.count("b") == 0
            assert not any("javascript:" in one for one in found.links)
            assert EVIL in found.text
            assert not any("javascript:" in target for _, target, _ in found.heads)


@pytest.mark.parametrize("address", ["none", "http://a b/", "https://x/>; rel=evil", "javascript:1"])
def test_a_licence_without_an_address_goes_by_its_spdx_name(address):
    odd = described()
    odd = replace(odd, head=replace(odd.head, licence=Licence("MIT 0", address)))
    made = everything(odd)
    assert page(made).about["license"] == "https://spdx.org/licenses/MIT%200"
    assert ("license", "https://spdx.org/licenses/MIT%200", None) in page(made).heads
    assert b"<https://spdx.org/licenses/MIT%200>" in made["archive.ttl"]


def test_what_is_not_configured_is_not_shown():
    made = everything(described(doi=None))
    for name, data in made.items():
        assert b"42182" not in data, name
        assert b"SEANOE" not in data, name
    record = json.loads(made["datacite.json"])
    assert "doi" not in record
    assert record["creators"] == [{"name": ":unav", "nameType": "Organizational"}]
    about = page(made).about
    assert "creator" not in about
    assert "temporalCoverage" not in about
    assert about["identifier"] == IRI
    assert ("cite-as", IRI, None) in page(made).heads


def test_a_serial_without_a_record_says_so():
    bare = described()
    bare = replace(bare, records=(), head=replace(bare.head, record=None))
    found = page(describe_serial(bare, 3), "3/index.html")
    assert "has no record" in found.text
    assert "prov:wasGeneratedBy" not in found.about
    with pytest.raises(UsageError, match="serial 9"):
        describe_serial(bare, 9)


@pytest.mark.parametrize(
    ("relation", "words", "same", "related"),
    [
        ("equal", "hold the same files", "https://doi.org/10.17882/42182#118037", "IsIdenticalTo"),
        ("contained", "holds every file of the DOI snapshot", None, "HasPart"),
        (None, "is not proven", None, None),
    ],
)
def test_a_key_is_claimed_only_where_it_is_proven(relation, words, same, related):
    made = describe_serial(described(snapshots=snapshots(relation)), 3)
    found = page(made, "3/index.html")
    assert words in found.text
    assert found.about.get("sameAs") == same
    record = json.loads(made["3/datacite.json"])
    keyed = [one for one in record["relatedIdentifiers"] if "#" in one["relatedIdentifier"]]
    assert [(one["relationType"], one["relatedIdentifierType"]) for one in keyed] == (
        [(related, "URL")] if related else []
    )
    cite = [target for name, target, _ in found.heads if name == "cite-as"]
    assert cite == [same or f"{IRI}/serial/3"]
    assert ("#118037" in found.about["citation"]) is (relation is not None)


def test_datacite_validates_and_a_broken_one_does_not():
    made = everything(described(snapshots=snapshots("equal")))
    archive, serial = json.loads(made["datacite.json"]), json.loads(made["3/datacite.json"])
    for one in (archive, serial, json.loads(everything(described(doi=None))["datacite.json"])):
        schema45.validator.validate(one)
    assert archive["doi"] == DOI
    assert "doi" not in serial, "a serial has none"
    assert {"relatedIdentifier": DOI, "relatedIdentifierType": "DOI", "relationType": "IsVersionOf",
            "resourceTypeGeneral": "Dataset"} in serial["relatedIdentifiers"]  # fmt: skip
    assert schema45.tostring(archive).startswith("<?xml")
    assert not schema45.validate({**serial, "publicationYear": 2026})
    assert not schema45.validate({name: value for name, value in serial.items() if name != "creators"})


def test_schema_org_is_typed_as_the_guidelines_have_it():
    about = page(describe_archive(described())).about
    assert about["@context"]["@vocab"] == "https://schema.org/"
    assert about["isAccessibleForFree"] is True
    assert about["identifier"]["value"] == f"doi:{DOI}"
    assert about["temporalCoverage"] == "1997/.."
    assert about["spatialCoverage"]["geo"]["box"] == "-90 -180 90 180"
    temperature = next(one for one in about["variableMeasured"] if one["name"] == "TEMP")
    assert temperature["propertyID"] == "http://vocab.nerc.ac.uk/collection/R03/current/TEMP/"
    manifest = about["distribution"][0]
    assert re.fullmatch(r"\.\./000000003-[0-9a-f]{16}\.manifest\.parquet", manifest["contentUrl"])
    assert re.fullmatch(r"[0-9a-f]{64}", manifest["sha256"])
    assert manifest["contentSize"] == "1237 B"
    serial = page(describe_serial(described(), 3), "3/index.html").about
    assert serial["temporalCoverage"] == "1997/2026-11-22"
    assert serial["isPartOf"] == {"@id": IRI}


def test_a_view_is_a_part_and_claims_nothing_of_its_own():
    one = view()
    made = {**describe_archive(one), **describe_serial(one, 3)}
    found = page(made)
    assert "This is a view" in found.text
    assert found.about["isPartOf"] == {"@id": IRI}
    assert found.about["spatialCoverage"]["geo"]["box"] == "30 -6 46 37"
    assert found.about["temporalCoverage"] == "2015-01-01/.."
    record = json.loads(made["datacite.json"])
    assert "doi" not in record
    assert ("IsPartOf", DOI) in {
        (one["relationType"], one["relatedIdentifier"]) for one in record["relatedIdentifiers"]
    }
    assert "Proven" not in page(made, "3/index.html").text
    assert b"118037" not in made["3/snapshot.ttl"]
    assert f'"https://doi.org/{DOI}"^^'.encode() not in made["archive.ttl"]


def test_a_page_of_a_serial_stays_true_when_the_next_one_comes():
    made = describe_serial(described(), 3)
    found = page(made, "3/index.html")
    assert "the newest" not in found.text.replace("while it is the newest", "")
    assert "--serial 3" in found.text
    assert "the last of that day" not in found.text, "another may follow on the same day"
    assert "the last of that day" in page(describe_serial(described(), 2), "2/index.html").text


def test_which_serials_are_to_be_described():
    assert serials_to_describe(described(), None) == (1, 2, 3)
    assert serials_to_describe(described(), 2) == (2, 3)
    assert serials_to_describe(described(), 3) == (3,)
    assert serials_to_describe(described(snapshots=snapshots("equal", serial=1)), 3) == (1, 3)
    bare = replace(described(), records=())
    assert serials_to_describe(bare, None) == (3,), (
        "the archive's page links to serials with a record, and to its newest"
    )


def test_links_are_absolute_where_the_address_is_known():
    made = describe_serial(described(), 3, public="https://example.org/argo/")
    found = page(made, "3/index.html")
    assert all(one.startswith(("https://", "#")) for one in found.links)
    assert found.about["url"] == "https://example.org/argo/manifest/about/3/index.html"
    assert "gdac sync replicate https://example.org/argo/manifest/head.json" in found.text
    with pytest.raises(UsageError, match="address"):
        Places(3, "file:///etc/")


def test_another_base():
    made = everything(described(names=Names("https://example.org/id/")))
    assert not [name for name, data in made.items() if b"w3id.org/argo-gdac" in data]


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"),
     (271_300_000_000, "271.3 GB"), (10**18, "1000.0 PB")],
)  # fmt: skip
def test_sizes(number, text):
    assert bytes_text(number) == text
