"""Queries on a small vocabulary: every format, limits, and processes that are ended."""

import csv
import io
import json
import socket
from xml.etree import ElementTree as ET

import pyoxigraph as ox
import pytest
from typer.testing import CliRunner

from gdac.errors import UsageError
from tests.unit.vocab.nvs_tables import small_tables, write_tables
from vocab.build import build
from vocab.cli.vocab import app
from vocab.folder import QUADS, write_vocabulary
from vocab.header import QUESTIONS
from vocab.names import BASE, Names
from vocab.nvs.folder import read_folder
from vocab.query.answer import Limits, Syntax, evaluate
from vocab.query.process import run_query
from vocab.query.questions import question, questions
from vocab.query.scan import QueryRefusedError, Why, check_query

TERMS = """SELECT ?a ?b WHERE { VALUES (?a ?b) {
  (<http://x.org/a> "one, \\"two\\" <three>") ("deux"@fr 3) ("tab\\there" UNDEF) } }"""
BOMB = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    root = tmp_path_factory.mktemp("asked")
    write_tables(root / "nvs", small_tables())
    write_vocabulary(build(read_folder(root / "nvs"), Names()), root / "vocabulary")
    return root / "vocabulary"


def ask(text, syntax, **limits):
    return evaluate(ox.Store(), text, syntax, Limits(**limits))


def test_json_is_what_the_engine_itself_writes():
    ours = json.loads(ask(TERMS, Syntax.JSON))
    assert ours == json.loads(ox.Store().query(TERMS).serialize(format=ox.QueryResultsFormat.JSON))
    assert json.loads(ask("ASK {}", Syntax.JSON)) == {"head": {}, "boolean": True}


def test_xml_reads_back_equal():
    read = ox.parse_query_results(ask(TERMS, Syntax.XML), format=ox.QueryResultsFormat.XML)
    assert [tuple(row) for row in read] == [tuple(row) for row in ox.Store().query(TERMS)]
    assert ET.fromstring(ask("ASK {}", Syntax.XML))[1].text == "true"


def test_csv_and_tsv_read_back_equal():
    rows = list(csv.reader(io.StringIO(ask(TERMS, Syntax.CSV).decode(), newline="")))
    assert rows == [["a", "b"], ["http://x.org/a", 'one, "two" <three>'], ["deux", "3"], ["tab\there", ""]]
    read = ox.parse_query_results(ask(TERMS, Syntax.TSV), format=ox.QueryResultsFormat.TSV)
    assert [tuple(row) for row in read] == [tuple(row) for row in ox.Store().query(TERMS)]


def test_a_table_keeps_its_lines():
    text = ask('SELECT ("a\\nb\\u001b[31m" AS ?x) {}', Syntax.TABLE).decode()
    assert text.splitlines() == ["x", "-" * 11, r"a b\x1b[31m", "1 row"]


@pytest.mark.parametrize("syntax", [Syntax.TURTLE, Syntax.NTRIPLES, Syntax.RDFXML, Syntax.JSONLD])
def test_graphs_in_every_syntax_hold_the_same(syntax):
    formats = {
        Syntax.TURTLE: ox.RdfFormat.TURTLE, Syntax.NTRIPLES: ox.RdfFormat.N_TRIPLES,
        Syntax.RDFXML: ox.RdfFormat.RDF_XML, Syntax.JSONLD: ox.RdfFormat.JSON_LD,
    }  # fmt: skip
    data = ask("CONSTRUCT { <http://x.org/a> <http://x.org/b> ?o } { VALUES ?o { 1 'x'@en } }", syntax)
    assert {quad.object.value for quad in ox.parse(data, format=formats[syntax])} == {"1", "x"}


def test_too_many_rows_or_bytes_are_refused_not_cut():
    text = "SELECT * { VALUES ?x { 1 2 3 } }"
    assert len(ask(text, Syntax.CSV, rows=3).splitlines()) == 4
    with pytest.raises(QueryRefusedError, match="more than 2 rows") as caught:
        ask(text, Syntax.CSV, rows=2)
    assert caught.value.why is Why.ROWS
    with pytest.raises(QueryRefusedError, match="bytes"):
        ask(text, Syntax.JSON, size=10)


def test_bad_syntax_says_where():
    with pytest.raises(QueryRefusedError, match=r"cannot be read: error at 1:\d+") as caught:
        ask("SELECT * { ?s ?p }", Syntax.CSV)
    assert caught.value.exit_code == 2


def test_a_query_that_takes_too_long_is_ended(built):
    with pytest.raises(QueryRefusedError, match=r"more than 0\.5 s") as caught:
        run_query([built / QUADS], BOMB, Syntax.CSV, Limits(seconds=0.5))
    assert caught.value.why is Why.TIME


def test_a_query_that_takes_too_much_memory_is_ended(built):
    text = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?a"
    with pytest.raises(QueryRefusedError) as caught:
        run_query([built / QUADS], text, Syntax.CSV, Limits(seconds=60, memory=30 << 20))
    assert caught.value.why is Why.MEMORY


def test_the_process_that_answers_can_reach_nobody(built, monkeypatch):
    """Past the reading of tokens, by asking the engine in a confined process directly."""
    from vocab.query import process, worker

    script = (
        "import sys, pyoxigraph as ox; from vocab.query import worker; worker._confine(1 << 30)\n"
        "try: list(ox.Store().query(sys.argv[1]))\n"
        "except OSError as error: print('refused', error)\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        text = f"SELECT * {{ SERVICE <http://127.0.0.1:{server.getsockname()[1]}/> {{ ?s ?p ?o }} }}"
        done = process.subprocess.run(
            [process.sys.executable, "-c", script, text], capture_output=True, text=True, timeout=60
        )
        server.settimeout(0.2)
        assert done.stdout.startswith("refused"), done.stderr
        with pytest.raises(TimeoutError):
            server.accept()
    assert worker.frame(b"ab") == b"\0\0\0\2ab"


def test_named_questions_are_those_that_the_vocabulary_names():
    found = questions(Names())
    assert tuple(one.title for one in found) == QUESTIONS
    assert all(one.explanation and check_query(one.text) for one in found)
    other = question("models", Names("https://example.org/argo/"))
    assert "<https://example.org/argo/vocabulary#>" in other.text
    assert BASE not in other.text
    assert question("7", Names()).name == "shared-p01"
    with pytest.raises(UsageError, match="no named question"):
        question("../../etc/passwd", Names())


def test_every_question_runs_on_a_small_vocabulary(built):
    store = ox.Store()
    store.bulk_load(path=str(built / QUADS), format=ox.RdfFormat.N_QUADS)
    counts = {
        one.name: len(evaluate(store, one.text, Syntax.CSV, Limits()).splitlines()) - 1 for one in questions(Names())
    }
    assert counts["changes"] == 0
    assert counts["no-successor"] + counts["deprecated-since"] > 0


@pytest.mark.parametrize(
    ("arguments", "code", "shown"),
    [
        (["-e", "SELECT (1 AS ?x) {}"], 0, "x\n-\n1\n1 row\n"),
        (["-e", "ASK {}", "--format", "csv"], 0, "true"),
        (["-e", "CONSTRUCT WHERE { ?s a <http://none/> }", "--format", "ntriples"], 0, ""),
        (["--question", "models", "--show"], 0, "# title: Which live sensor models"),
        (["--list"], 0, " 7 shared-p01 "),
    ],
)
def test_command(built, arguments, code, shown):
    done = CliRunner().invoke(app, ["query", *arguments, "--vocabulary", str(built)])
    assert done.exit_code == code, done.output
    assert shown in done.output


@pytest.mark.parametrize(
    "arguments",
    [[], ["-e", "ASK {}", "--question", "1"], ["-e", "ASK {}", "--format", "turtle"], ["/nowhere.rq"],
     ["-e", "SELECT * { SERVICE <http://x/> {} }"], ["-e", "DROP ALL"]],
)  # fmt: skip
def test_command_refuses(built, arguments):
    done = CliRunner().invoke(app, ["query", *arguments, "--vocabulary", str(built)])
    assert getattr(done.exception, "exit_code", None) == 2


def test_files_and_changes(built, tmp_path):
    words = small_tables()
    words["R27"][0].label = "Another label"
    write_tables(tmp_path / "nvs", words, version=2)
    write_vocabulary(build(read_folder(tmp_path / "nvs"), Names()), tmp_path / "newer")
    arguments = ["--question", "changes", "--since", str(built), "--vocabulary", str(tmp_path / "newer")]
    done = CliRunner().invoke(app, ["query", *arguments, "--format", "csv"])
    rows = list(csv.reader(io.StringIO(done.stdout)))
    assert [row[1] for row in rows[1:]] == ["label"]
    assert rows[1][3] == "Another label"
