"""A sealed archive beside the vocabulary: floats, stored and made descriptions, sealed files, and what is refused."""

import asyncio
import json
import logging
import shutil
from contextlib import suppress
from urllib.parse import urljoin

import aiohttp
import pyoxigraph as ox
import pytest
from signposting import htmllinks, linkset
from signposting.linkheader import find_signposting_http_link
from signposting.signpost import AbsoluteURI
from typer.testing import CliRunner

from gdac.cli.manifest import app as manifest
from gdac.cli.sample import app as sample
from gdac.errors import GdacError
from gdac.manifest.local import need_head
from tests.unit.vocab.nvs_tables import small_tables, write_tables
from vocab.build import build
from vocab.faces import describe_archive
from vocab.faces.checks import check_description, check_page
from vocab.faces.reading import read_page
from vocab.folder import write_vocabulary
from vocab.names import Names
from vocab.nvs.folder import read_folder
from vocab.preflight.facts import facts_of
from vocab.preflight.shacl import check_shapes, provenance_shapes
from vocab.provenance.opening import described_tree
from vocab.query.answer import Limits
from vocab.serve.archive import Archive, media_of
from vocab.serve.floats import float_rdf, float_values
from vocab.serve.pool import Lanes
from vocab.serve.run import listening_server, open_service

HTML = "text/html"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("archive") / "gdac"
    assert CliRunner().invoke(sample, ["make", str(root), "--floats", "2", "--cycles", "3"]).exit_code == 0
    sealed = CliRunner().invoke(manifest, ["build", str(root), "--seal", "--title", "Sample <GDAC>"])
    assert sealed.exit_code == 0, sealed.output
    return root


@pytest.fixture(scope="module")
def wmo(tree):
    return min(one.name for one in (tree / "dac").glob("*/*"))


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory):
    root = tmp_path_factory.mktemp("vocabulary")
    write_tables(root / "nvs", small_tables())
    write_vocabulary(build(read_folder(root / "nvs"), Names()), root / "built")
    return root / "built"


@pytest.fixture(scope="module")
def answers(tree, wmo, vocabulary, tmp_path_factory):
    """Everything asked of one server: (path, accept) -> (status, headers, body)."""
    serial = "/archive/" + need_head(tree).archive
    pages = ("/archive/manifest/about/index.html", f"/float/{wmo}", serial, f"{serial}/serial/1", "/archive", "/")
    paths = [(one, HTML) for one in (*pages, "/archive/manifest/about/1/index.html")]
    paths += [(f"/float/{wmo}", media) for media in ("text/turtle", "application/ld+json", "image/png")]
    paths += [(serial, "text/turtle"), (f"{serial}/serial/1", "application/ld+json"), (f"{serial}/serial/9", HTML)]
    paths += [(f"/archive/{serial[9:10]}0000000-0000-4000-8000-000000000000", HTML)]
    names = (
        "archive.ttl",
        "1/snapshot.ttl",
        "1/linkset.json",
        "datacite.json",
        "9/index.html",
        "01/index.html",
        "x.ttl",
    )
    paths += [(f"/archive/manifest/about/{name}", "*/*") for name in names]
    paths += [("/archive/" + need_head(tree).manifest.key, "*/*"), ("/archive/manifest/head.json", "*/*")]
    paths += [(one, "*/*") for one in (*HOSTILE, *RESTRICTED)]
    paths += [
        (f"/archive/{one.relative_to(tree).as_posix()}", "*/*") for one in sorted(tree.glob("dac/*/*/*_meta.nc"))[:1]
    ]

    told = []
    listener = logging.Handler(logging.WARNING)
    listener.emit = told.append
    for name in ("vocab.serve", "aiohttp", "asyncio"):
        logging.getLogger(name).addHandler(listener)

    async def ask():
        service = open_service(
            vocabulary, None, tmp_path_factory.mktemp("scratch"), Limits(), lanes=Lanes(quick=1), archive=tree
        )
        async with listening_server(service, "127.0.0.1", 0) as url, aiohttp.ClientSession() as session:
            found = {}
            for path, accept in paths:
                target = aiohttp.client.URL(url + path, encoded=True)
                async with session.get(target, headers={"Accept": accept}, allow_redirects=False) as answer:
                    found[path, accept] = (answer.status, answer.headers.copy(), await answer.read())
            return url, found

    try:
        found = asyncio.run(ask())
    finally:
        for name in ("vocab.serve", "aiohttp", "asyncio"):
            logging.getLogger(name).removeHandler(listener)
    assert [one.getMessage() for one in told] == [], "nobody's request fills the log"
    return found


HOSTILE = [
    "/float/9999999", "/float/%3Cscript%3E", "/float/1234567'%20OR%201=1", "/float/12345678", "/float/%2e%2e",
    "/archive/%2e%2e/%2e%2e/etc/passwd", "/archive/..%2f..%2fetc%2fpasswd", "/archive/manifest/../../x",
    "/archive/manifest/about/..%2fhead.json", "/archive/manifest/about/%2e%2e/%2e%2e/x", "/archive/manifest/x.parquet",
    "/archive/etc/%00", "/archive/.sample.json", "/archive//etc/passwd", "/archive/dac", "/archive/manifest/about/1/",
]  # fmt: skip


RESTRICTED = {
    "/archive/etc/greylist/ar_greylist.txt": "DIS-002",
    "/archive/argo_sensor_exclusion_list.txt": "DIS-001",
    "/archive/manifest/index/000000001-0123456789abcdef-AR_greylist.txt": "DIS-002",
    "/archive/dac/aoml/submit/R1900722_001.nc": "DIS-003",
}


def test_restricted_files_are_not_sent_and_the_policy_is_named(answers):
    for path, policy in RESTRICTED.items():
        status, _, body = answers[1][path, "*/*"]
        assert (status, f"[{policy}]" in body.decode()) == (403, True), path


def test_a_link_to_a_restricted_file_is_no_way_round(tree, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(tree, copy)
    for name in ("ar_greylist.txt", "public.txt"):
        (copy / name).write_text("x")
    for name in ("ar_greylist.txt", "public.txt"):
        (copy / "aux").mkdir(exist_ok=True)
        (copy / "aux" / f"to-{name[:2]}.txt").symlink_to(copy / name)
    archive = Archive(copy, Names())
    assert archive.file("aux/to-pu.txt") is not None
    assert archive.file("aux/to-ar.txt") is None
    assert archive.file("ar_greylist.txt") is None


def test_hostile_addresses_find_nothing(answers):
    for path in HOSTILE:
        assert answers[1][path, "*/*"][0] == 404, path


def test_the_page_of_a_float(answers, wmo, tree):
    url, found = answers
    status, headers, body = found[f"/float/{wmo}", HTML]
    assert status == 200
    text = body.decode()
    for told in (f"Float {wmo}", "Sample &lt;GDAC&gt;", "CTD_TEMP", "Core profiles", "cycles 1 to 3", "CC-BY-4.0",
                 "Argo (2000)", "/archive/dac/", "Sensors", "DRUCK_2900PSIA"):  # fmt: skip
        assert told in text, told
    assert 'rel="cite-as"' in headers["Link"]
    assert f"<{url}/float/{wmo}?format=ttl>" in headers["Link"]
    assert check_page(body, f"{url}/float/{wmo}") == [] or all(
        one.severity.value == "warning" for one in check_page(body, f"{url}/float/{wmo}")
    )
    about = read_page(body).about
    assert about["identifier"]["value"] == f"wmo:{wmo}"
    assert {one["propertyID"].split("/")[-2] for one in about["variableMeasured"]} >= {"TEMP", "PSAL", "PRES"}
    assert all(len(one["sha256"]) == 64 for one in about["distribution"])
    assert text.count("<script") == 1


def test_a_float_as_rdf_is_the_same_in_both_syntaxes_and_conforms(answers, wmo):
    turtle = answers[1][f"/float/{wmo}", "text/turtle"]
    json_ld = answers[1][f"/float/{wmo}", "application/ld+json"]
    assert turtle[1]["Content-Type"].startswith("text/turtle")
    triples = {one.triple for one in ox.parse(turtle[2], format=ox.RdfFormat.TURTLE)}
    assert {one.triple for one in ox.parse(json_ld[2], format=ox.RdfFormat.JSON_LD)} == triples
    iri = Names().wmo(wmo)
    facts = facts_of(sorted(triples, key=str))
    measured = facts.iris(iri, Names().own("measuresParameter").value)
    assert "http://vocab.nerc.ac.uk/collection/R03/current/TEMP/" in measured
    assert check_shapes(sorted(triples, key=str), Names(), provenance_shapes(Names())) == []
    assert answers[1][f"/float/{wmo}", "image/png"][0] == 406


def test_the_landing_page_is_made_where_none_is_stored_and_has_its_links_in_the_header(answers):
    url, found = answers
    status, headers, body = found["/archive/manifest/about/index.html", HTML]
    assert status == 200
    assert "'unsafe-inline'" in headers["Content-Security-Policy"].split("style-src")[1].split(";")[0]
    here = f"{url}/archive/manifest/about/index.html"
    for one in read_page(body).links:
        if one.relation != "icon":
            assert f'<{urljoin(here, one.target)}>; rel="{one.relation}"' in headers["Link"]
    assert found["/archive", HTML][1]["Location"] == "/archive/manifest/about/index.html"
    assert b'href="/archive/"' in found["/", HTML][2]


def test_every_face_has_its_type_and_a_way_back(answers, tree):
    found = answers[1]
    kinds = {
        "archive.ttl": "text/turtle",
        "1/snapshot.ttl": "text/turtle",
        "1/linkset.json": "application/linkset+json",
        "datacite.json": "application/vnd.datacite.datacite+json",
    }
    for name, media in kinds.items():
        status, headers, body = found[f"/archive/manifest/about/{name}", "*/*"]
        assert (status, headers["Content-Type"].partition(";")[0]) == (200, media)
        assert 'rel="describes"' in headers["Link"]
        assert body
    for name in ("9/index.html", "01/index.html", "x.ttl"):
        assert found[f"/archive/manifest/about/{name}", "*/*"][0] == 404
    entry = need_head(tree).manifest
    status, headers, body = found["/archive/" + entry.key, "*/*"]
    assert (status, len(body), headers["Content-Type"]) == (200, entry.size, media_of(entry.key))
    assert found["/archive/manifest/head.json", "*/*"][2] == (tree / "manifest/head.json").read_bytes()
    meta = next(one for path, one in found.items() if path[0].endswith("_meta.nc"))
    assert (meta[0], meta[1]["Content-Type"]) == (200, "application/netcdf")


def test_the_package_signposting_reads_page_header_and_linkset(answers):
    """The package asks for absolute addresses in a linkset, and a server knows its own."""
    url, found = answers
    here = f"{url}/archive/manifest/about/1/index.html"
    where = AbsoluteURI(here.replace("index.html", "linkset.json"))
    text = found["/archive/manifest/about/1/linkset.json", "*/*"][2].decode()
    by_linkset = linkset._parse_linkset_json(linkset.LinksetJSON(text, "application/linkset+json", where, where))
    of_page = by_linkset.for_context(AbsoluteURI(here))
    assert of_page.citeAs.target.endswith("/serial/1")
    assert {one.type for one in of_page.describedBy} >= {"text/turtle", "application/ld+json"}
    assert {one.target for one in of_page.types} == {"https://schema.org/AboutPage", "https://schema.org/Dataset"}
    assert of_page.license.target == "https://creativecommons.org/licenses/by/4.0/"
    _, headers, body = found["/archive/manifest/about/index.html", HTML]
    page = AbsoluteURI(f"{url}/archive/manifest/about/index.html")
    by_header = find_signposting_http_link([headers["Link"]], page)
    by_html = htmllinks._parse_html(htmllinks.HTML(body.decode(), HTML, page, page))
    assert by_header.citeAs.target == by_html.citeAs.target == "https://doi.org/10.17882/42182"
    assert {one.target for one in by_header.items} == {one.target for one in by_html.items} != set()
    assert {one.target for one in by_header.authors} == {"https://argo.ucsd.edu/"}


def test_iris_lead_to_page_or_rdf(answers, tree):
    found, iri = answers[1], "/archive/" + need_head(tree).archive
    assert found[iri, HTML][1]["Location"] == "/archive/manifest/about/index.html"
    assert found[iri, "text/turtle"][1]["Location"] == "/archive/manifest/about/archive.ttl"
    assert found[f"{iri}/serial/1", "application/ld+json"][1]["Location"].endswith("/1/snapshot.jsonld")
    assert found[f"{iri}/serial/1", HTML][0] == 303
    assert found[f"{iri}/serial/9", HTML][0] == 404
    others = [one for (path, _), one in found.items() if path.endswith("0000-4000-8000-000000000000")]
    assert [one[0] for one in others] == [404]


def test_stored_descriptions_are_served_as_they_are(tree):
    archive = Archive(tree, Names())
    made = describe_archive(described_tree(tree, Names()))
    assert archive.description("archive.ttl") == made["archive.ttl"]
    (tree / "manifest" / "about").mkdir()
    try:
        (tree / "manifest" / "about" / "archive.ttl").write_bytes(b"# stored")
        assert archive.description("archive.ttl") == b"# stored"
        assert archive.description("../head.json") is None
    finally:
        (tree / "manifest" / "about" / "archive.ttl").unlink()
        (tree / "manifest" / "about").rmdir()


def test_a_metadata_file_that_changed_or_went_is_said_to_have(tree, wmo, vocabulary):
    archive = Archive(tree, Names())
    whole = archive.float(wmo)
    assert whole.trouble == ""
    assert whole.version == next(one.sha256 for one in whole.files if one.path.name.endswith("_meta.nc"))
    file = next(tree.glob(f"dac/*/{wmo}/{wmo}_meta.nc"))
    good = file.read_bytes()
    try:
        file.write_bytes(good + b"\0")
        other = archive.float(wmo)
        assert (other.version, "other bytes" in other.trouble or "cannot be read" in other.trouble) == ("", True)
        file.write_bytes(b"no netcdf")
        broken = archive.float(wmo)
        assert "cannot be read" in broken.trouble
        file.unlink()
        gone = archive.float(wmo)
        assert "not there" in gone.trouble
        assert gone.facts is None
        site = open_service(vocabulary, None, tree, Limits()).site
        assert float_values(gone, site, "http://x")["sensors"] == []
        assert float_rdf(gone)
        assert (
            check_description(float_values(gone, site, "http://x")["about"], "http://x/")[0].severity.value == "warning"
        )
    finally:
        file.write_bytes(good)


def test_a_tree_that_is_not_sealed_is_refused_before_anything_listens(tmp_path):
    with pytest.raises(GdacError, match="not sealed"):
        Archive(tmp_path, Names())


def test_a_new_serial_is_seen(tree, wmo):
    archive = Archive(tree, Names())
    before = archive.described()
    assert archive.described() is before
    head = tree / "manifest" / "head.json"
    raw = head.read_bytes()
    try:
        with suppress(OSError):
            head.unlink()
        head.write_bytes(json.dumps(json.loads(raw), indent=2).encode())
        assert archive.described() is not before
        head.write_bytes(b"no head")
        with pytest.raises(GdacError):
            archive.float(wmo)
    finally:
        head.write_bytes(raw)


def test_a_reader_that_takes_nothing_is_cut_off(tree, vocabulary, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("vocab.serve.archive_routes.DOWNLOADING", 0.3)
    (tree / "etc" / "bufr").mkdir(parents=True)
    big = tree / "etc" / "bufr" / "big.bin"
    big.write_bytes(bytes(30_000_000))

    async def read():
        service = open_service(vocabulary, None, tmp_path, Limits(), lanes=Lanes(quick=1), archive=tree)
        async with listening_server(service, "127.0.0.1", 0) as url:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
            writer.write(b"GET /archive/etc/bufr/big.bin HTTP/1.1\r\nHost: x\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(1)
            taken = 0
            with suppress(ConnectionError):
                while data := await reader.read(1 << 20):
                    taken += len(data)
            writer.close()
            return taken

    try:
        assert 10_000 < asyncio.run(asyncio.wait_for(read(), 30)) < 30_000_000  # more than a page that refuses
    finally:
        big.unlink()
        (tree / "etc" / "bufr").rmdir()
        (tree / "etc").rmdir()
    assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == []
