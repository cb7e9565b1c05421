"""The server as clients meet it: the protocol, and everything that clients do wrong while others are served."""

import asyncio
import csv
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlencode, urlsplit

import aiohttp
import pyoxigraph as ox
import pytest

from tests.unit.vocab.nvs_tables import small_tables, write_tables
from vocab.build import build
from vocab.folder import write_vocabulary
from vocab.names import Names
from vocab.nvs.folder import read_folder

LIGHT = "SELECT ?s WHERE { ?s a <http://www.w3.org/2004/02/skos/core#Collection> } ORDER BY ?s"
BOMB = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
HEAP = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l } ORDER BY ?a"
TERM = "/collection/R27/current/OPT1/"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = tmp_path_factory.mktemp("served")
    names = Names()
    write_tables(root / "old", small_tables())
    words = small_tables()
    words["R27"][0].label = "A new label"
    write_tables(root / "new", words, version=2)
    write_vocabulary(build(read_folder(root / "old"), names, label="old"), root / "older")
    write_vocabulary(build(read_folder(root / "new"), names, label="new"), root / "vocabulary")
    line = [
        sys.executable, "-m", "gdac.cli.main", "vocab", "serve", "--vocabulary", str(root / "vocabulary"),
        "--since", str(root / "older"), "--port", "0", "--timeout", "6", "--memory", "200", "--max-rows", "5000",
    ]  # fmt: skip
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip().rstrip("/")
        try:
            assert url.startswith("http://127.0.0.1:"), process.stderr.read()
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            assert process.stderr.read() == ""  # hostile clients fill no log


def get(server, path, *, accept="", method="GET", data=None, headers=None):
    """One request; status, headers and body."""

    async def asked():
        sent = {**({"Accept": accept} if accept else {}), **(headers or {})}
        async with aiohttp.ClientSession() as session, session.request(
            method, server + path, data=data, headers=sent, allow_redirects=False
        ) as answer:  # fmt: skip
            return answer.status, answer.headers.copy(), await answer.read()

    return asyncio.run(asked())


def ask(server, text, **options):
    return get(server, "/sparql?" + urlencode({"query": text}), **options)


def test_three_ways_to_ask(server):
    found = [
        ask(server, LIGHT),
        get(server, "/sparql", method="POST", data=urlencode({"query": LIGHT}),
            headers={"Content-Type": "application/x-www-form-urlencoded"}),
        get(server, "/sparql", method="POST", data=LIGHT, headers={"Content-Type": "application/sparql-query"}),
    ]  # fmt: skip
    assert [status for status, _, _ in found] == [200, 200, 200]
    assert len({body for _, _, body in found}) == 1
    assert len(json.loads(found[0][2])["results"]["bindings"]) == 6


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("application/sparql-results+json", "application/sparql-results+json"),
        ("application/sparql-results+xml", "application/sparql-results+xml"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/tab-separated-values", "text/tab-separated-values; charset=utf-8"),
        ("text/html", "text/html; charset=utf-8"),
    ],
)
def test_tables_in_every_format(server, accept, media):
    status, headers, body = ask(server, LIGHT, accept=accept)
    assert (status, headers["Content-Type"]) == (200, media)
    assert b"http://vocab.nerc.ac.uk/collection/R27/current/" in body or b"R27" in body


@pytest.mark.parametrize(
    "accept", ["text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"]
)
def test_graphs_in_every_format(server, accept):
    status, headers, body = ask(server, "CONSTRUCT WHERE { ?s <http://www.w3.org/2004/02/skos/core#member> ?o }",
                                accept=accept)  # fmt: skip
    assert (status, headers["Content-Type"].partition(";")[0]) == (200, accept)
    triples = list(ox.parse(body, format=ox.RdfFormat.from_media_type(accept)))
    assert len(triples) == sum(len(words) for words in small_tables().values())


def test_datasets_of_the_protocol(server):
    graph = "https://w3id.org/argo-gdac/graph/ontology"
    text = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    _, _, union = ask(server, text, accept="text/csv")
    _, _, one = get(server, "/sparql?" + urlencode({"query": text, "default-graph-uri": graph}), accept="text/csv")
    assert 0 < int(list(csv.reader(one.decode().splitlines()))[1][0]) < int(union.split()[1])
    status, _, _ = get(server, "/sparql?" + urlencode({"query": text, "default-graph-uri": "no iri"}))
    assert status == 400


@pytest.mark.parametrize(
    ("text", "status", "told"),
    [
        ("SELECT * { ?s ?p }", 400, "error at 1:"),
        ("SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", 403, "SERVICE"),
        ("DELETE WHERE { ?s ?p ?o }", 403, "update"),
        ("SELECT * { ?a ?b ?c . ?d ?e ?f }", 413, "more than 5,000 rows"),
        ("", 400, "empty"),
        ("SELECT * " + "{" * 500, 400, "deeper"),
    ],
)
def test_refusals_say_why(server, text, status, told):
    found, headers, body = ask(server, text)
    assert found == status
    assert told in body.decode()
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert ask(server, LIGHT)[0] == 200


def test_protocol_errors(server):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert get(server, "/sparql", method="POST", data="update=DROP+ALL", headers=form)[0] == 403
    assert get(server, "/sparql", method="POST", data="DROP ALL",
               headers={"Content-Type": "application/sparql-update"})[0] == 403  # fmt: skip
    assert get(server, "/sparql", method="POST", data="x", headers={"Content-Type": "text/plain"})[0] == 415
    assert get(server, "/sparql?query=ASK{}&query=ASK{}")[0] == 400
    assert get(server, "/sparql", method="DELETE")[0] == 405
    assert get(server, "/sparql", method="PUT", data=b"x")[0] == 405
    assert ask(server, LIGHT, accept="image/png")[0] == 406
    big = get(server, "/sparql", method="POST", data=io.BytesIO(b"query=" + b"a" * 10_000_000), headers=form)
    assert big[0] == 413


def test_a_browser_gets_pages_and_a_machine_descriptions(server):
    browser = "text/html,application/xhtml+xml,*/*;q=0.8"
    status, headers, page = get(server, "/sparql", accept=browser)
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b'name="query"' in page
    assert page.count(b'href="/sparql?question=') == 15
    _, headers, described = get(server, "/sparql")
    assert b"service-description#" in described
    assert headers["Access-Control-Allow-Origin"] == "*"
    status, _, void = get(server, "/.well-known/void")
    assert status == 200
    assert b"sparqlEndpoint" in void


@pytest.mark.parametrize(
    "path", ["/", "/vocabulary", "/vocabulary/R27", "/collection/R27/current/", TERM, TERM.rstrip("/")]
)
def test_every_thing_is_a_page_and_rdf(server, path):
    status, headers, page = get(server, path, accept="text/html")
    assert status == 200
    assert b"<h1>" in page
    assert "cite-as" in headers["Link"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    for media in ("text/turtle", "application/rdf+xml", "application/ld+json", "application/n-triples"):
        status, _, data = get(server, path, accept=media)
        assert status == 200
        assert list(ox.parse(data, format=ox.RdfFormat.from_media_type(media)))
    tag = headers["ETag"]
    assert get(server, path, accept="text/html", headers={"If-None-Match": tag})[0] == 304
    assert get(server, path, accept="image/png")[0] == 406


def test_downloads_changes_search_and_the_rest(server):
    assert get(server, "/download/new/argo.ttl")[0] == 200
    assert get(server, "/download/new/vocabulary.nq")[0] == 200
    assert get(server, "/download/new/tables/R27.ttl")[0] == 200
    assert get(server, "/download/other/argo.ttl")[0] == 404
    assert get(server, "/vocabulary/version/new")[0] == 200
    assert get(server, "/vocabulary/version/old")[0] == 404
    assert b"A new label" in get(server, "/changes", accept="text/html")[2]
    assert b"TermChange" in get(server, "/changes", accept="text/turtle")[2]
    assert b"/collection/R03/current/DOXY/" in get(server, "/search?q=doxy")[2]
    assert get(server, "/graph/enrichment/units", accept="text/html")[0] == 200
    assert get(server, "/agent/bodc", accept="text/turtle")[0] == 200
    assert get(server, "/questions/models.rq")[1]["Content-Type"] == "application/sparql-query"
    assert get(server, "/health")[2] == b"ok\n"
    status, headers, _ = get(server, "/sparql", method="OPTIONS")
    assert (status, headers["Access-Control-Allow-Headers"]) == (204, "Accept, Content-Type, If-None-Match")


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/download/new/..%2f..%2fvocabulary.json",
     "/questions/..%2fmodels.rq", "/vocabulary/..%2f..", "/collection/R27/current/..%2f", "/static/yasgui", "/nothing",
     "/graph/%00", "/agent/<x>"],
)  # fmt: skip
def test_no_way_out_of_what_is_served(server, path):
    target = urlsplit(server)
    with socket.create_connection((target.hostname, target.port), timeout=10) as wire:
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while chunk := wire.recv(65536):
            answer += chunk
    assert answer.split()[1] in {b"404", b"400"}


async def _timed(session, server, text):
    start = time.monotonic()
    async with session.get(f"{server}/sparql", params={"query": text}) as answer:
        return answer.status, await answer.text(), time.monotonic() - start


def test_bombs_end_while_others_are_served(server):
    """More bombs than workers of both lanes, of time and of memory; every light query is answered meanwhile."""

    async def run():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            bombs = [asyncio.create_task(_timed(session, server, one)) for one in (BOMB, HEAP, BOMB)]
            await asyncio.sleep(1.5)
            light = [await _timed(session, server, LIGHT) for _ in range(10)]
            return await asyncio.gather(*bombs), light

    bombs, light = asyncio.run(run())
    assert {status for status, _, _ in bombs} == {503}
    assert {status for status, _, _ in light} == {200}


def test_two_hundred_clients_at_once(server):
    async def run():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            return await asyncio.gather(*(_timed(session, server, LIGHT) for _ in range(200)))

    found = asyncio.run(run())
    assert {status for status, _, _ in found} == {200}
    assert len({body for _, body, _ in found}) == 1


def test_a_client_that_leaves_takes_its_query_with_it(server):
    target = urlsplit(server)
    for _ in range(5):
        with socket.create_connection((target.hostname, target.port), timeout=10) as wire:
            wire.sendall(f"GET /sparql?{urlencode({'query': BOMB})} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            time.sleep(0.1)
    assert ask(server, LIGHT)[0] == 200


@pytest.mark.soak
def test_slow_clients_are_cut_off_while_others_are_served(server):
    """One that sends its head byte by byte, one that sends its body so, one that never reads."""
    target = urlsplit(server)
    wires = [socket.create_connection((target.hostname, target.port), timeout=60) for _ in range(2)]
    wires[0].sendall(b"GET / HT")
    wires[1].sendall(
        b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\nContent-Length: 50\r\n\r\nSEL"
    )
    ended = {}
    start = time.monotonic()
    while len(ended) < 2 and time.monotonic() - start < 40:
        for at, wire in enumerate(wires):
            if at in ended:
                continue
            wire.settimeout(0.5)
            try:
                wire.sendall(b"T" if at == 0 else b" ")
                if wire.recv(4096):
                    ended[at] = True
            except TimeoutError:
                continue
            except OSError:
                ended[at] = True
            else:
                ended[at] = True
        assert ask(server, LIGHT)[0] == 200
    for wire in wires:
        wire.close()
    assert set(ended) == {0, 1}


def test_it_listens_on_this_machine_alone(server):
    others = [one[4][0] for one in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    for address in {one for one in others if not one.startswith("127.")}:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((address, urlsplit(server).port), timeout=5)


def test_a_port_that_is_taken(server, tmp_path):
    write_tables(tmp_path / "nvs", small_tables())
    write_vocabulary(build(read_folder(tmp_path / "nvs"), Names()), tmp_path / "vocabulary")
    line = [sys.executable, "-m", "gdac.cli.main", "vocab", "serve", "--vocabulary", str(tmp_path / "vocabulary"),
            "--port", str(urlsplit(server).port)]  # fmt: skip
    done = subprocess.run(line, check=False, capture_output=True, text=True, timeout=60, env=os.environ)
    assert done.returncode == 2
    assert "cannot be listened on" in done.stderr
