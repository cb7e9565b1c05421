"""What the server decides without a network: negotiation, pages that escape, search, descriptions."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import pyoxigraph as ox
import pytest

from tests.unit.vocab.nvs_tables import Word, small_tables, write_tables
from vocab.build import build
from vocab.names import Names
from vocab.nvs.folder import read_folder
from vocab.query.scan import Why
from vocab.serve.answering import STATUS, root_of
from vocab.serve.describe import (
    landing_links,
    schema_org,
    service_description,
    signposts,
    table_links,
    term_links,
    void_description,
)
from vocab.serve.negotiate import GRAPHS, HTML, RESULTS, negotiate
from vocab.serve.pages import Pages, static_files
from vocab.serve.site import Site

EVIL = '<script>alert("1")</script><N+1>'
ROOT = "http://127.0.0.1:8080"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("site")
    words = small_tables()
    words["R27"].append(Word("EVIL", label=EVIL, definition=f"{EVIL} & more", code='"onclick="x'))
    write_tables(root, words)
    return Site(build(read_folder(root), Names()))


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "application/sparql-results+json"),
        ("*/*", "application/sparql-results+json"),
        ("text/csv", "text/csv"),
        ("text/*", "text/csv"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", HTML),
        ("application/sparql-results+xml;q=0.5, text/csv;q=0.4", "application/sparql-results+xml"),
        ("application/sparql-results+json;q=0, */*;q=0.1", "application/sparql-results+xml"),
        ("APPLICATION/SPARQL-RESULTS+XML", "application/sparql-results+xml"),
        ("image/png", None),
        ("text/csv;q=0", None),
        ("text/csv;q=nonsense", None),
        (",;,", "application/sparql-results+json"),
    ],
)
def test_negotiation(accept, chosen):
    assert negotiate(accept, (*RESULTS, HTML)) == chosen


def test_graphs_are_offered_in_every_syntax():
    assert [negotiate(one, tuple(GRAPHS)) for one in GRAPHS] == list(GRAPHS)


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []
        self.attributes = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


@pytest.mark.parametrize("page", ["term", "table", "search", "results"])
def test_pages_escape_what_tables_hold(site, page):
    pages = Pages(site, changes=True)
    term = site.term("R27", "EVIL")
    made = {
        "term": lambda: pages.term(term),
        "table": lambda: pages.table(site.vocabulary.tables.by_id["R27"]),
        "search": lambda: pages.render("search.html", asked=EVIL, hits=site.search("alert")[0], found=1),
        "results": lambda: pages.render(
            "results.html", text=EVIL, graph=None, truth=None, variables=[EVIL], rows=[1], more=False,
            shown=[[{"text": EVIL, "href": ""}]],
        ),
    }[page]().decode()  # fmt: skip
    seen = _Tags()
    seen.feed(made)
    assert "script" not in seen.tags
    assert not [name for name in seen.attributes if name.startswith("on")]
    assert "&lt;script&gt;" in made
    assert "style=" not in made  # the policy forbids it


def test_structured_data_cannot_leave_its_element(site):
    vocabulary = site.vocabulary
    about = schema_org(vocabulary, "http://x/</script><script>", {"argo.ttl": 5})
    page = Pages(site, changes=False).home(about).decode()
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)[1]
    assert json.loads(block)["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert json.loads(block)["distribution"][0]["contentSize"] == "5 B"
    assert page.count("<script") == 1


def test_term_page_says_what_became_of_a_term(site):
    page = Pages(site, changes=False).term(site.term("R27", "OPT0")).decode()
    assert "This term is deprecated. Use instead" in page
    assert '<a href="/collection/R27/current/OPT1/">' in page
    assert "because NVS relates" in page
    unknown = Pages(site, changes=False).term(site.term("R27", "OPT5")).decode()
    assert "no known successor (status: unknown)" in unknown
    live = Pages(site, changes=False).term(site.term("R27", "OPT1")).decode()
    assert "Takes the place of" in live
    assert "Maker" in live


def test_links_are_named_from_both_ends(site):
    headings = dict(site.links(site.term("R26", "SBE")))
    assert [link.here for link in headings["Maker of"]] == ["/collection/R27/current/OPT1/"]
    values = dict(site.values(site.term("R03", "DOXY")))
    assert values["Valid minimum"] == "-5"
    assert values["Unit as written"] == "micromole/kg"


def test_search_ranks_codes_before_definitions(site):
    hits, found = site.search("opt1")
    assert hits[0].term.identifier == "OPT1"
    assert found >= 1
    assert site.search("") == ((), 0)
    assert site.search("no such words anywhere") == ((), 0)
    definition, _ = site.search("meter")
    assert any(hit.term.identifier == "OPT2" for hit in definition)


def test_descriptions_are_rdf_and_name_the_endpoint(site):
    service = service_description(site.vocabulary, ROOT)
    names = {str(one.object) for one in service if one.predicate.value.endswith("#endpoint")}
    assert names == {f"<{ROOT}/sparql>"}
    graphs = {one.object.value for one in service if one.predicate.value.endswith("#name")}
    assert graphs == set(site.vocabulary.graphs)
    void = void_description(site.vocabulary, ROOT)
    assert sum(one.predicate.value.endswith("#subset") for one in void) == 6
    data = ox.serialize([*service, *void], format=ox.RdfFormat.TURTLE)
    assert len(list(ox.parse(data, format=ox.RdfFormat.TURTLE))) == len({*service, *void})


def test_signposts_parse_as_links(site):
    term, table = site.term("R27", "OPT1"), site.vocabulary.tables.by_id["R27"]
    for links in (
        landing_links(site.vocabulary, ROOT), table_links(site.vocabulary, table, ROOT), term_links(term, "/x/", ROOT),
    ):  # fmt: skip
        header = signposts(links)
        relations = re.findall(r'<[^<>"]+>; rel="([a-z-]+)"(?:; type="[^"]+")?(?:, |$)', header)
        assert len(relations) == len(links)
        assert {"cite-as", "license", "type", "describedby"} <= set(relations)


def test_a_host_header_that_is_no_host_is_not_repeated():
    request = SimpleNamespace(host='x"><script>', scheme="http")
    assert root_of(request, "") == "http://localhost"
    assert root_of(SimpleNamespace(host="a.org:80", scheme="http"), "") == "http://a.org:80"
    assert root_of(request, "https://b.org") == "https://b.org"


def test_only_packaged_files_are_static():
    files = static_files()
    assert {"style.css", "query.js", "yasgui/yasgui.min.js", "yasgui/yasgui.min.css", "yasgui/LICENSE.txt"} <= set(
        files
    )
    assert b"MIT" in files["yasgui/LICENSE.txt"][0]
    assert b"sourceMappingURL" not in files["yasgui/yasgui.min.js"][0]


def test_every_refusal_has_a_status():
    assert set(STATUS) == set(Why)


def test_a_site_of_another_base_names_its_own(tmp_path):
    write_tables(tmp_path, {"RP2": [Word("A")]})
    vocabulary = build(read_folder(tmp_path), Names("http://127.0.0.1:1/"))
    assert Site(replace(vocabulary)).describe("http://127.0.0.1:1/vocabulary/RP2")
