"""Submissions against a local server that keeps the portal's rules."""

import json

import pytest
from typer.testing import CliRunner

from gdac.errors import UsageError
from tests.unit.vocab.nvs_tables import small_tables, write_tables
from tests.unit.vocab.portal_server import KEY, PortalServer, running
from vocab.build import build
from vocab.cli.vocab import app
from vocab.export.ontoportal import RECORD, ExportOptions, export_ontoportal
from vocab.export.payloads import Contact
from vocab.names import Names
from vocab.nvs.folder import read_folder
from vocab.submit.plan import read_export
from vocab.submit.portal import check_portal


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory):
    root = tmp_path_factory.mktemp("submitted")
    write_tables(root, small_tables())
    return build(read_folder(root), Names())


@pytest.fixture
def export(vocabulary, tmp_path):
    options = ExportOptions(contact=Contact("A. Name", "a@example.org"), account="argo")
    export_ontoportal(vocabulary, tmp_path / "portal", options)
    return tmp_path / "portal"


@pytest.fixture
def portal():
    server = PortalServer()
    with running(server) as url:
        yield server, url


def submit(export, url, *options, key=KEY):
    line = ["submit", str(export), "--portal", url, *options]
    return CliRunner().invoke(app, line, env={"ONTOPORTAL_API_KEY": key})


def test_a_dry_run_sends_nothing(export, portal):
    server, url = portal
    done = submit(export, url)
    assert done.exit_code == 0, done.output
    assert "POST" in done.output
    assert "Nothing was sent" in done.output
    assert server.requests == []
    assert KEY not in done.output


def test_create_submit_poll(export, portal):
    server, url = portal
    done = submit(export, url, "--send", "--artefacts", "argo,R27", "--wait", "5", "--every", "0.1")
    assert done.exit_code == 0, done.output
    assert set(server.ontologies) == {"ARGO-VOCABULARY", "ARGO_R27"}
    assert server.ontologies["ARGO_R27"]["flat"] is True
    sent = server.submissions["ARGO-VOCABULARY"][0]
    assert sent["file"] == (export / "argo.ttl").read_bytes()
    assert sent["contact[][email]"] == "a@example.org"
    assert sent["naturalLanguage[]"] == "http://lexvo.org/id/iso639-1/en"
    assert "created, submission 1 taken" in done.output
    assert "read by the portal: UPLOADED, RDF" in done.output


def test_a_second_version_creates_nothing(export, portal):
    server, url = portal
    submit(export, url, "--send")
    done = submit(export, url, "--send")
    assert "ARGO-VOCABULARY: submission 2 taken" in done.output
    assert [method for method, _, _ in server.requests].count("PUT") == 1


def test_the_key_is_in_the_header_alone(export, portal):
    server, url = portal
    server.echo_key = True
    done = submit(export, url, "--send", "--wait", "1", "--every", "0.1")
    for _, path, headers in server.requests:
        assert KEY not in path
        assert headers["Authorization"] == f"apikey token={KEY}"
    assert KEY not in done.output
    wrong = submit(export, url, "--send", key="another-key")
    assert "another-key" not in str(wrong.exception)
    assert "***" in str(wrong.exception)
    assert "ONTOPORTAL_API_KEY" in wrong.exception.hint


def test_fields_that_the_portal_refuses_are_named(export, portal):
    server, url = portal
    server.ontologies["OTHER"] = {"name": "Argo vocabulary"}
    done = submit(export, url, "--send")
    assert "refused: 422" in str(done.exception)
    assert done.exception.fields == {"name": "must be unique"}
    assert server.submissions == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda one: one["submission"].pop("contact"), "contact: missing; export with --contact"),
        (lambda one: one["ontology"].pop("administeredBy"), "administeredBy: missing; export with --account"),
        (lambda one: one["submission"].pop("description"), "description: missing"),
        (lambda one: one["submission"].update(versionIRI=one["submission"]["URI"]), "URI: must differ"),
        (lambda one: one["submission"].update(status="draft"), "status: none of"),
        (lambda one: one.update(acronym="1lower"), "acronym: a capital"),
    ],
)
def test_what_the_portal_would_refuse_is_not_sent(export, portal, change, told):
    server, url = portal
    file = export / "payloads" / "argo.json"
    payload = json.loads(file.read_text())
    change(payload)
    file.write_text(json.dumps(payload))
    rewrite_digest(export, "payloads/argo.json")
    assert told in submit(export, url).output
    done = submit(export, url, "--send")
    assert told in str(done.exception)
    assert server.requests == []


def rewrite_digest(export, name):
    from hashlib import sha256

    record = json.loads((export / RECORD).read_text())
    record["files"][name]["sha256"] = sha256((export / name).read_bytes()).hexdigest()
    (export / RECORD).write_text(json.dumps(record))


def test_a_file_that_was_changed_is_not_sent(export, portal):
    server, url = portal
    with (export / "argo.ttl").open("ab") as file:
        file.write(b"\n# one more line\n")
    done = submit(export, url, "--send")
    assert "its sha256 differs" in str(done.exception)
    assert server.requests == []


def test_a_file_outside_the_export_is_not_sent(export):
    file = export / "payloads" / "argo.json"
    payload = json.loads(file.read_text())
    payload["file"] = "../secret"
    file.write_text(json.dumps(payload))
    rewrite_digest(export, "payloads/argo.json")
    (export.parent / "secret").write_text("x")
    with pytest.raises(Exception, match="not a whole export"):
        read_export(export, ["argo"])


def test_processing_that_fails_exits_one(export, portal):
    server, url = portal
    server.states = [["UPLOADED", "ERROR_RDF"]]
    done = submit(export, url, "--send", "--wait", "1", "--every", "0.1")
    assert done.exit_code == 1
    assert "could not process it: UPLOADED, ERROR_RDF" in done.output


def test_redirects_are_not_followed(export, portal):
    server, url = portal
    with running(PortalServer()) as elsewhere:
        server.redirect = f"{elsewhere}/ontologies/X"
        done = submit(export, url, "--send")
    assert "302" in str(done.exception)
    assert "redirect" in done.exception.hint


@pytest.mark.parametrize(
    "url", ["ftp://x/", "portal", "http://data.example.org", "https://x/?apikey=1", "https://u:p@x/", ""]
)
def test_addresses_that_get_no_key(url):
    with pytest.raises(UsageError):
        check_portal(url)


def test_no_key_no_portal_no_artefact(export):
    assert "holds no key" in str(submit(export, "http://127.0.0.1:9", "--send", key="").exception)
    assert "does not answer" in str(submit(export, "http://127.0.0.1:9", "--send").exception)
    assert "no artefact 'R99'" in str(submit(export, "http://127.0.0.1:9", "--artefacts", "R99").exception)
    assert "holds no export" in str(submit(export / "tables", "http://127.0.0.1:9").exception)
