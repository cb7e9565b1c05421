"""Every check of a face passes on ours, and fails on a broken one."""

import copy
import json

import pytest
from typer.testing import CliRunner

from tests.unit.vocab.described_archives import described, snapshots, view
from vocab.cli.vocab import app
from vocab.faces import describe_archive, describe_serial
from vocab.faces.checks import (
    check_datacite,
    check_description,
    check_faces,
    check_linkset,
    check_page,
    check_rdf,
    check_signposts,
)
from vocab.faces.reading import read_page
from vocab.names import Names
from vocab.preflight.finding import Severity

BASE = "https://example.org/manifest/about/index.html"


@pytest.fixture(scope="module")
def made():
    whole = described(snapshots=snapshots("contained"))
    return {**describe_archive(whole), **describe_serial(whole, 3)}


@pytest.fixture(scope="module")
def about(made):
    return dict(read_page(made["index.html"]).about)


def write(folder, files):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize("which", ["archive", "view", "bare"])
def test_our_own_faces_pass(which, tmp_path):
    whole = {"archive": described(snapshots=snapshots("equal")), "view": view(), "bare": described(doi=None)}[which]
    folder = write(tmp_path, {**describe_archive(whole), **describe_serial(whole, 3)})
    found = check_faces(folder, Names())
    assert [one for one in found if one.severity is Severity.ERROR] == []
    assert bool(found) is (which == "bare"), "creator, publisher and coverage of an archive nobody knows"
    assert check_faces(folder / "3", Names()) == [one for one in found if one.subject.endswith("/serial/3")]


def test_a_missing_face_is_named(tmp_path, made):
    folder = write(tmp_path, made)
    (folder / "3" / "datacite.json").unlink()
    assert [(one.subject, one.text) for one in check_faces(folder, Names())] == [("3/datacite.json", "is missing.")]


def _without(name):
    def mend(about):
        del about[name]

    return mend


def _with(name, value):
    def mend(about):
        about[name] = value

    return mend


#: How a description is broken, and what must be said of it: one case per property of the shapes.
BROKEN = [
    (_without("@id"), "error", "identifier of its own"),
    (_without("name"), "error", "one name"),
    (_without("description"), "error", "50 to 5000"),
    (_with("description", "Too short."), "error", "50 to 5000"),
    (_without("url"), "error", "one address"),
    (_without("identifier"), "error", "has an identifier"),
    (_with("identifier", {"@type": "PropertyValue", "value": "10.17882/42182"}), "error", "PropertyValue with"),
    (
        _with(
            "identifier", {"@type": "PropertyValue", "propertyID": "doi", "value": "doi:10.1/x#1", "url": "https://d/"}
        ),
        "error",
        "no fragment",
    ),
    (_without("version"), "error", "one version"),
    (_without("license"), "error", "licence by address"),
    (_with("isAccessibleForFree", "True"), "error", "JSON boolean"),
    (_without("isAccessibleForFree"), "error", "JSON boolean"),
    (_without("keywords"), "warning", "keywords"),
    (_without("variableMeasured"), "warning", "what it measures"),
    (_with("variableMeasured", "temperature"), "warning", "as PropertyValue"),
    (_with("variableMeasured", {"@type": "PropertyValue", "name": "TEMP", "propertyID": "TEMP"}), "error", "table R03"),
    (_with("variableMeasured", {"@type": "PropertyValue", "propertyID": "x"}), "error", "a variable has a name"),
    (_without("distribution"), "warning", "offer a download"),
    (
        _with("distribution", {"@type": "DataDownload", "contentUrl": "x", "encodingFormat": "parquet"}),
        "error",
        "media",
    ),
    (_with("distribution", {"@type": "DataDownload", "encodingFormat": "a/b"}), "error", "one address"),
    (
        _with("distribution", {"@type": "DataDownload", "contentUrl": "x", "encodingFormat": "a/b", "sha256": "ab"}),
        "error",
        "64 hex",
    ),
    (
        _with(
            "distribution", {"@type": "DataDownload", "contentUrl": "x", "encodingFormat": "a/b", "contentSize": "9"}
        ),
        "error",
        "in bytes",
    ),
    (_without("citation"), "warning", "how it is cited"),
    (_without("creator"), "warning", "creator"),
    (_without("publisher"), "warning", "publisher"),
    (_without("datePublished"), "warning", "when it was published"),
    (_without("temporalCoverage"), "warning", "which time"),
    (_with("temporalCoverage", "since 1997"), "error", "two dates"),
    (_without("spatialCoverage"), "warning", "which place"),
    (_with("spatialCoverage", {"@type": "Place", "geo": {"@type": "GeoShape", "box": "everywhere"}}), "error", "four"),
    (_without("includedInDataCatalog"), "warning", "a part of"),
    (_without("prov:wasGeneratedBy"), "warning", "comes from"),
    (_with("@context", "http://schema.org/x"), "error", "cannot be read"),
    (_with("@context", {"@vocab": "http://schema.org/"}), "error", "context is not https"),
    (_with("@type", "Thing"), "error", "no Dataset"),
    (_with("@type", ["Dataset", "http://schema.org/Dataset"]), "error", "context of schema.org"),
]


@pytest.mark.parametrize(("mend", "severity", "words"), BROKEN, ids=[one[2] + one[1] for one in BROKEN])
def test_a_broken_description_is_found(about, mend, severity, words):
    broken = copy.deepcopy(about)
    mend(broken)
    found = check_description(broken, BASE)
    assert (severity, True) in {(one.severity.value, words in one.text) for one in found}, found


def test_schema_org_by_its_address_is_read_without_fetching_it(about):
    assert check_description({**about, "@context": "https://schema.org/"}, BASE) == []


def test_pages_without_one_description_are_found():
    assert "0 can be read" in check_page(b"<p>nothing</p>", BASE)[0].text
    assert "0 can be read" in check_page(b'<script type="application/ld+json">{</script>', BASE)[0].text


def test_rdf_that_differs_or_does_not_conform_is_found(made):
    turtle, json_ld = made["3/snapshot.ttl"], made["3/snapshot.jsonld"]
    assert check_rdf(turtle, json_ld, Names()) == []
    lost = json.loads(json_ld)
    del lost["@graph"][0]["argo:serial"]
    assert "lacks 1 triples" in check_rdf(turtle, json.dumps(lost).encode(), Names())[0].text
    assert "JSON-LD face cannot be read" in check_rdf(turtle, b"{", Names())[0].text
    assert "Turtle face cannot be read" in check_rdf(b"<a> <b>", json_ld, Names())[0].text
    broken = turtle.replace(b"argo:serial 3", b'argo:serial "three"')
    assert any("one serial" in one.text for one in check_rdf(broken, json_ld, Names()))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "no JSON document"),
        (b"[]", "no object"),
        (b'{"linkset": []}', "no object"),
        (b'{"linkset": [], "more": 1}', "no object"),
        (b'{"linkset": ["x"]}', "context is no object"),
        (b'{"linkset": [{"anchor": 1}]}', "anchor is no text"),
        (b'{"linkset": [{"item": {"href": "x"}}]}', "no list"),
        (b'{"linkset": [{"item": [{"type": "a/b"}]}]}', "no href"),
    ],
)
def test_a_broken_linkset_is_found(data, words, made):
    assert check_linkset(made["linkset.json"]) == []
    assert any(words in one.text for one in check_linkset(data))


def test_broken_signposts_are_found(made):
    page, linkset = made["index.html"], made["linkset.json"]
    assert check_signposts(read_page(page), linkset, BASE) == []

    def texts(old, new):
        assert old in page
        return " ".join(one.text for one in check_signposts(read_page(page.replace(old, new)), linkset, BASE))

    assert "has 0" in texts(b'rel="cite-as"', b'rel="cite"')
    assert "no media type" in texts(b' type="text/turtle"', b"")
    assert "links are in the page or the linkset alone" in texts(b'href="archive.ttl"', b'href="other.ttl"')
    assert "no describedby" in texts(b'rel="describedby"', b'rel="x"')
    assert "alone" in " ".join(one.text for one in check_signposts(read_page(page), b"{", BASE))


def test_a_broken_datacite_record_is_found(made):
    record = json.loads(made["3/datacite.json"])
    assert check_datacite(made["3/datacite.json"], serial=True) == []
    assert check_datacite(made["datacite.json"], serial=False) == []

    def texts(serial=True, **changed):
        return " ".join(one.text for one in check_datacite(json.dumps({**record, **changed}).encode(), serial=serial))

    assert "'creators' is missing" in texts(creators=[])
    assert "four digits" in texts(publicationYear=26)
    assert "a serial has no DOI" in texts(doi="10.17882/42182")
    assert "it has a fragment" in texts(serial=False, doi="10.17882/42182#118037")
    keyed = {"relatedIdentifier": "10.17882/42182#1", "relatedIdentifierType": "DOI", "relationType": "HasPart"}
    assert "it has a fragment" in texts(relatedIdentifiers=[keyed])
    assert "no JSON document" in check_datacite(b"x", serial=True)[0].text


def test_the_command_checks_landing_pages(tmp_path, made):
    folder = write(tmp_path / "manifest" / "about", made)
    good = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert good.exit_code == 0, good.output
    assert "0 errors, 0 warnings" in good.output
    (folder / "datacite.json").write_bytes(b"{}")
    bad = CliRunner().invoke(app, ["check", str(folder), "--json"])
    assert bad.exit_code == 1
    assert {one["subject"] for one in json.loads(bad.output)["findings"]} == {"datacite.json"}
