"""Two versions of the vocabulary: every kind of change, as text, as a page and as RDF."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import pyoxigraph as ox
import pytest
from typer.testing import CliRunner

from gdac.errors import UsageError
from tests.unit.vocab.nvs_tables import Word, small_tables, write_tables
from vocab.build import build
from vocab.changes.compare import Kind, compare_tables
from vocab.changes.page import diff_page, diff_text
from vocab.changes.rdf import diff_triples
from vocab.changes.versions import compare_versions
from vocab.cli.vocab import app
from vocab.folder import write_vocabulary
from vocab.names import Names, concept
from vocab.nvs.folder import read_folder


def changed():
    words = small_tables()
    r27 = {word.id: word for word in words["R27"]}
    r27["OPT2"] = replace(r27["OPT2"], label="<script>alert(1)</script>", definition="A better & longer meter.")
    r27["OPT1"] = replace(r27["OPT1"], deprecated=True)
    r27["OPT5"] = replace(r27["OPT5"], deprecated=False, code="OPT_FIVE")
    r27["NEW"] = Word("NEW", links={"broader": ["R26/SBE"]})
    del r27["OPT4"]
    words["R27"] = list(r27.values())
    doxy = words["R03"][0]
    words["R03"][0] = replace(doxy, definition=doxy.definition.replace("600.f", "650.f"), links={"same": ["P01/OTHER"]})
    del words["RP2"]
    words["R10"] = [Word("ARGOS")]
    return words


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    root = tmp_path_factory.mktemp("versions")
    write_tables(root / "old", small_tables())
    write_tables(root / "new", changed(), version=2)
    return tuple(build(read_folder(root / name), Names()) for name in ("old", "new"))


def test_every_kind_of_change_is_found_once(pair):
    found = compare_versions(*pair)
    rows = {(one.table, one.identifier, one.kind.value) for table in found.tables for one in table.changes}
    assert rows == {
        ("R03", "DOXY", "attributes"), ("R03", "DOXY", "links"), ("R10", "ARGOS", "added"),
        ("R27", "OPT2", "label"), ("R27", "OPT2", "definition"), ("R27", "OPT1", "deprecated"),
        ("R27", "OPT5", "reinstated"), ("R27", "OPT5", "code"), ("R27", "NEW", "added"), ("R27", "OPT4", "removed"),
        ("R27", "OPT0", "successor"), ("R27", "OPT3", "successor"), ("RP2", "A", "removed"), ("RP2", "N", "removed"),
    }  # fmt: skip
    assert found.changes == len(rows)
    attributes = next(one for table in found.tables for one in table.changes if one.kind is Kind.ATTRIBUTES)
    assert "600.f" in attributes.before
    assert "650.f" in attributes.after
    assert "Oxygen of the sea" not in attributes.after


def test_deprecated_terms_say_what_became_of_them(pair):
    found = compare_versions(*pair)
    assert found.fates == {concept("R27", "OPT1"): "no successor is known"}
    lost = [one for table in found.tables for one in table.changes if one.kind is Kind.SUCCESSOR]
    assert {(one.identifier, one.before, one.after) for one in lost} == {
        ("OPT0", "replaced by OPT1", "no successor is known"),
        ("OPT3", "replaced by OPT2", "no successor is known"),
    }


def test_the_way_back_is_the_mirror_image(pair):
    old, new = pair
    mirror = {Kind.ADDED: Kind.REMOVED, Kind.REMOVED: Kind.ADDED, Kind.DEPRECATED: Kind.REINSTATED,
              Kind.REINSTATED: Kind.DEPRECATED}  # fmt: skip
    there = {
        (one.table, one.identifier, mirror.get(one.kind, one.kind), one.after, one.before)
        for table in compare_tables(old.tables, new.tables)
        for one in table.changes
    }
    back = {
        (one.table, one.identifier, one.kind, one.before, one.after)
        for table in compare_tables(new.tables, old.tables)
        for one in table.changes
    }
    assert there == back


def test_equal_versions_have_no_difference(pair):
    found = compare_versions(pair[0], pair[0])
    assert found.tables == ()
    assert "No difference" in diff_text(found)
    assert "No difference" in diff_page(found)


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.tags, self.ids, self.links = [], set(), set(), set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        given = dict(attrs)
        self.ids.add(given.get("id"))
        self.links.add(given.get("href"))
        if tag not in {"meta", "link", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_escaped_and_without_scripts(pair):
    page = diff_page(compare_versions(*pair))
    reader = _Reader()
    reader.feed(page)
    assert reader.open == []
    assert not {"script", "img", "iframe"} & reader.tags
    assert "&lt;script&gt;" in page
    assert {"#R03", "#R27"} <= reader.links
    assert {"R03", "R27"} <= reader.ids
    assert concept("R27", "OPT2") in reader.links
    assert "<ins>better &amp; longer</ins>" in page or "longer</ins>" in page


def test_text_names_every_term_and_prints_no_control_characters(pair):
    text = diff_text(compare_versions(*pair))
    for identifier in ("DOXY", "OPT1", "OPT2", "OPT5", "NEW", "ARGOS"):
        assert identifier in text
    assert "R10 Invented table R10: new table, version 2" in text
    assert "RP2 Invented table RP2: version 1, gone" in text


def test_the_changes_as_rdf_can_be_asked(pair):
    found = compare_versions(*pair)
    store = ox.Store()
    store.extend(ox.Quad(*triple) for triple in diff_triples(found, Names()))
    query = """PREFIX argo: <https://w3id.org/argo-gdac/vocabulary#>
        SELECT ?kind ?before ?after { ?c a argo:TermChange ; argo:changedTerm <%s> ; argo:changeKind ?kind .
        OPTIONAL { ?c argo:valueBefore ?before } OPTIONAL { ?c argo:valueAfter ?after } }"""
    rows = {tuple(one.value for one in row) for row in store.query(query % concept("R27", "OPT5"))}
    assert rows == {("reinstated", "deprecated", "live"), ("code", "OPT5", "OPT_FIVE")}
    changes = {
        triple.subject for triple in diff_triples(found, Names()) if triple.predicate.value.endswith("changeKind")
    }
    assert len(changes) == found.changes


def test_the_command_compares_builds_and_folders(pair, tmp_path):
    write_vocabulary(pair[0], tmp_path / "v")
    write_tables(tmp_path / "new", changed(), version=2)
    page, rdf = tmp_path / "c.html", tmp_path / "c.ttl"
    arguments = ["diff", str(tmp_path / "v"), str(tmp_path / "new"), "--html", str(page), "--rdf", str(rdf)]
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 1
    assert json.loads(done.output)["counts"]["added"] == 2
    assert page.read_text().startswith("<!doctype html>")
    assert list(ox.parse(path=str(rdf)))
    assert CliRunner().invoke(app, ["diff", str(tmp_path / "v"), str(tmp_path / "v")]).exit_code == 0
    wrong = CliRunner().invoke(app, [*arguments[:3], "--rdf", str(tmp_path / "c.json")])
    assert isinstance(wrong.exception, UsageError)
