"""A sample archive of two days with its floats and two checks, as a folder beside a vocabulary; every shape holds.

The second check goes by tables that lost a sensor model, so that files which were accepted are rejected.
"""

import asyncio
import csv
import io
import json

import aiohttp
import pyoxigraph as ox
import pytest
from rdflib import RDF, RDFS, Namespace
from typer.testing import CliRunner

from gdac.cli.check import app as check_app
from gdac.cli.manifest import app as manifest_app
from gdac.cli.sample import app as sample_app
from gdac.tables import snapshot
from gdac.tables.reference import SHIPPED
from tests.unit.vocab.handed_in import handed_in
from tests.unit.vocab.nvs_tables import small_tables, write_tables
from tests.unit.vocab.sealed_archive import described, doi_snapshots
from vocab.build import build
from vocab.cli.vocab import app
from vocab.folder import write_vocabulary
from vocab.names import PREFIXES, Names
from vocab.nvs.folder import read_folder
from vocab.preflight.shacl import check_shapes, provenance_shapes
from vocab.provenance.archive import archive_triples, serials_known, snapshot_triples
from vocab.query.answer import Limits
from vocab.query.questions import question
from vocab.serve.run import listening_server, open_service

SH = Namespace("http://www.w3.org/ns/shacl#")
OWN = f"{Names().vocabulary}#"


def run(command, *arguments, code=0):
    done = CliRunner().invoke(command, [str(one) for one in arguments])
    assert done.exit_code == code, (done.output, done.exception)
    return done


def tables_without(file, table, identifier):
    _, facts, rows = snapshot.read(SHIPPED)
    kept = [snapshot.concept(row) for row in rows if row[:2] != [table, identifier]]
    assert len(kept) == len(rows) - 1
    snapshot.write(file, facts, kept)
    return file


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    root = tmp_path_factory.mktemp("sample")
    tree = root / "tree"
    run(sample_app, "make", tree, "--floats", "3", "--cycles", "2")
    run(manifest_app, "build", tree, "--seal")
    run(check_app, tree / "dac", "--format", "jsonl", "--evidence", "-o", root / "first.jsonl")
    run(sample_app, "next", tree)
    run(manifest_app, "build", tree, "--seal")
    other = tables_without(root / "tables.jsonl", "R27", "SBE41CP")
    run(
        check_app,
        tree / "dac",
        "--format",
        "jsonl",
        "--evidence",
        "--tables",
        other,
        "-o",
        root / "second.jsonl",
        code=1,
    )
    return root


@pytest.fixture(scope="module")
def folder(archive):
    reports = ["--checks", archive / "first.jsonl", "--checks", archive / "second.jsonl"]
    run(app, "provenance", archive / "tree", "--floats", "--files", "*_meta.nc", *reports, "-o", archive / "made")
    return archive / "made"


@pytest.fixture(scope="module")
def triples(folder):
    quads = ox.parse((folder / "provenance.nq").read_bytes(), format=ox.RdfFormat.N_QUADS)
    return list(dict.fromkeys(quad.triple for quad in quads))


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory):
    root = tmp_path_factory.mktemp("built")
    write_vocabulary(build(read_folder(write_tables(root / "nvs", small_tables())), Names()), root / "vocabulary")
    return root / "vocabulary"


def ask(vocabulary, folder, text):
    done = run(app, "query", "-e", text, "--vocabulary", vocabulary, "--with", folder, "--format", "csv")
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_the_record_names_its_graphs_and_what_could_not_be_used(folder):
    record = json.loads((folder / "provenance.json").read_text())
    parts = [name.removeprefix("https://w3id.org/argo-gdac/graph/provenance/") for name in record["graphs"]]
    assert parts[:3] == ["archive", "snapshots", "floats"]
    assert [one.partition("/")[0] for one in parts[3:]] == ["check", "check", "files"]
    assert (record["serial"], record["floats"], record["findings"]) == (2, 3, [])
    assert sum(record["graphs"].values()) == (folder / "provenance.nq").read_bytes().count(b"\n")


def test_a_check_used_the_snapshot_that_it_looked_at_whole(triples, archive):
    used = [
        one.object.value.rpartition("/")[2]
        for one in triples
        if "/check/" in one.subject.value and one.predicate.value.endswith("#used")
    ]
    assert used == ["1", "2"]
    first = json.loads((archive / "first.jsonl").read_text().splitlines()[0])
    assert any(one.subject.value.endswith(f"check/{first['run']}") for one in triples)


def test_files_rejected_by_other_tables_are_told_with_path_and_rules(vocabulary, folder, archive):
    rows = ask(vocabulary, folder, question("rejected-today", Names()).text)
    lines = [json.loads(line) for line in (archive / "second.jsonl").read_text().splitlines()]
    rejected = {line["sha256"] for line in lines if line["verdict"] == "rejected"}
    assert len(rejected) == 3
    before = {json.loads(line)["sha256"] for line in (archive / "first.jsonl").read_text().splitlines()}
    assert {row["sha256"].lower() for row in rows} == rejected & before
    assert all(row["path"].endswith("_meta.nc") and row["rules"] for row in rows)
    assert all(row["accepted"] < row["rejected"] for row in rows)


def test_versions_of_a_path(vocabulary, folder, archive):
    changed = next(
        one["path"].partition("tree/")[2]
        for one in map(json.loads, (archive / "second.jsonl").read_text().splitlines())
        if one["path"].endswith("_meta.nc")
    )
    asked = question("file-versions", Names()).text.replace("dac/incois/2902269/profiles/D2902269_001.nc", changed)
    rows = ask(vocabulary, folder, asked)
    assert [row["at"] for row in rows] == [changed] * len(rows)
    assert rows[0]["first"] == "1"
    assert rows[-1]["last"] == ""


def test_what_to_cite(vocabulary, folder, triples):
    wmo = next(one.object.value for one in triples if one.predicate.value == OWN + "wmoNumber")
    text = question("what-to-cite", Names()).text
    record = json.loads((folder / "provenance.json").read_text())
    head = text.index("VALUES ?float")
    asked = (
        text[:head]
        + "VALUES ?float { <https://w3id.org/argo-gdac/float/"
        + wmo
        + "> }"
        + text[text.index("}", head) + 1 :]
    )
    rows = ask(vocabulary, folder, asked.replace("2026-11-22T", "2999-11-22T"))
    assert [(row["wmo"], row["serial"]) for row in rows] == [(wmo, str(record["serial"]))]
    assert rows[0]["citation"].startswith("Argo (2000)")
    assert rows[0]["licence"] == "https://creativecommons.org/licenses/by/4.0/"
    assert ask(vocabulary, folder, asked.replace("2026-11-22T", "1999-11-22T")) == []


def test_a_damaged_metadata_file_is_told_and_the_rest_goes_on(archive, tmp_path):
    import shutil

    tree = tmp_path / "tree"
    shutil.copytree(archive / "tree", tree)
    metas = sorted(tree.glob("dac/*/*/*_meta.nc"))
    metas[0].write_bytes(metas[0].read_bytes()[:500])
    metas[1].write_bytes(metas[2].read_bytes())
    run(manifest_app, "build", tree, "--seal")
    metas[2].unlink()
    done = run(app, "provenance", tree, "--floats", "-o", tmp_path / "made", code=1)
    findings = json.loads((tmp_path / "made" / "provenance.json").read_text())["findings"]
    assert [one.partition(":")[0] for one in findings] == [one.relative_to(tree).as_posix() for one in metas]
    reasons = ("is not a readable NetCDF file", "it says that it is of float", "it cannot be read (No such file")
    assert all(reason in one for reason, one in zip(reasons, findings, strict=True)), findings
    assert "left out: " in done.stdout


@pytest.mark.parametrize("wrong", ["another base", "other bytes", "no folder", "no record"])
def test_what_does_not_fit_is_not_joined(vocabulary, folder, archive, tmp_path, wrong):
    import shutil

    made = tmp_path / "made"
    if wrong == "another base":
        run(app, "provenance", archive / "tree", "-o", made, "--base", "https://example.org/")
    elif wrong != "no folder":
        shutil.copytree(folder, made)
    if wrong == "other bytes":
        (made / "provenance.nq").write_bytes(b"")
    if wrong == "no record":
        (made / "provenance.json").write_text("[]")
    done = CliRunner().invoke(app, ["query", "-e", "ASK {}", "--vocabulary", str(vocabulary), "--with", str(made)])
    assert done.exception.exit_code in {2, 3}


def test_the_server_answers_from_both(vocabulary, folder, tmp_path):
    async def asked():
        service = open_service(vocabulary, None, tmp_path, Limits(), beside=[folder])
        query = "SELECT ?s { ?s a <" + OWN + "Snapshot> } ORDER BY ?s"
        async with (
            listening_server(service, "127.0.0.1", 0) as url,
            aiohttp.ClientSession(headers={"Accept": "text/csv"}) as session,
            session.get(f"{url}/sparql", params={"query": query}) as answer,
        ):
            return (await answer.text()).splitlines()[1:]

    assert [one.rpartition("/")[2] for one in asyncio.run(asked())] == ["1", "2"]


@pytest.mark.parametrize("line", ["{}", "[]", "no", '{"sha256": 1, "known": 0}'])
def test_what_is_no_report_with_evidence(archive, tmp_path, line):
    (tmp_path / "report.jsonl").write_text(line + "\n")
    order = [
        "provenance",
        str(archive / "tree"),
        "--checks",
        str(tmp_path / "report.jsonl"),
        "-o",
        str(tmp_path / "made"),
    ]
    assert CliRunner().invoke(app, order).exception.exit_code == 2
    assert not (tmp_path / "made" / "provenance.nq").exists()


A = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
#: What breaks each shape: of something of that class, the values of a property are replaced by these.
BROKEN = {
    "an archive": ("argo:Archive", "dct:license", ""),
    "a snapshot": ("argo:Snapshot", "argo:serial", '"0"^^xsd:integer'),
    "the snapshot before": ("argo:Snapshot 2", "prov:wasRevisionOf", "<http://x/other>"),
    "the origin of a snapshot": ("argo:Snapshot 2", "prov:wasGeneratedBy", ""),
    "a claimed DOI snapshot": ("argo:Snapshot 3", "argo:doiRelation", '"alike"'),
    "a nearest DOI snapshot": ("argo:Snapshot 2", "argo:doiDayOffset", ""),
    "a DOI snapshot": ("argo:DoiSnapshot", "dct:title", ""),
    "a manifest or delta": ("argo:Manifest", "dcat:byteSize", '"many"'),
    "the counts of a delta": ("argo:Delta", "argo:renamedFiles", ""),
    "a checksum": ("spdx:Checksum", "spdx:checksumValue", '"ABC"^^xsd:hexBinary'),
    "a sync run": ("argo:SyncRun", "argo:kindOfRun", '"magic"'),
    "a version of a program": ("prov:SoftwareAgent", "dcat:version", ""),
    "a source": ("argo:Source", "argo:address", '"ftp://user:secret@host/"'),
    "a count": ("argo:Count", "argo:countedNumber", '"-1"^^xsd:integer'),
    "reference tables in force": ("argo:ReferenceTables", "dct:identifier", '"md5:1"'),
    "a file": ("argo:File", "argo:archivePath", '"/dac"'),
    "a file version": ("argo:FileVersion", "argo:sha256", ""),
    "a stay": ("argo:Stay", "argo:toSerial", '"0"^^xsd:integer'),
    "a float": ("argo:Float", "argo:wmoNumber", '"123"'),
    "a sensor on a float": ("argo:Sensor", "argo:sensorModel", "<http://vocab.nerc.ac.uk/collection/R25/current/X/>"),
    "a deployment": ("argo:Deployment", "argo:deployedFloat", ""),
    "a position": ("geo:Point", "geo:lat", "91.5"),
    "an unmatched value": ("argo:UnmatchedValue", "argo:expectedTable", ""),
    "a check": ("argo:Check", "argo:checkerVersion", ""),
    "an outcome": ("argo:Outcome", "argo:brokenRule", ""),
    "a submission": ("argo:Submission", "prov:wasAssociatedWith", "<http://x/somebody>"),
    "a decision on a submitted file": ("argo:Decision", "argo:decided", '"perhaps"'),
    "a refusal": ("argo:Decision", "argo:refusedBy", ""),
    "a publication": ("argo:Decision", "argo:publishedAs", "<http://x/a>, <http://x/b>"),
}


@pytest.fixture(scope="module")
def published(triples):
    """Everything that is published, with three more serials, DOI snapshots and a value that no table has."""
    given = described(snapshots=doi_snapshots(proven=3))
    more = [*archive_triples(given)]
    for serial in serials_known(given):
        more += snapshot_triples(given, serial)
    sensor = next(one.subject for one in triples if one.predicate.value == OWN + "sensorModel")
    return [
        *triples,
        *more,
        *handed_in(),
        *turtle(f"""{sensor} argo:unmatched <http://x/u> . <http://x/u> a argo:UnmatchedValue ;
        argo:inVariable "SENSOR_MODEL" ; argo:unmatchedText "X" ;
        argo:expectedTable <http://vocab.nerc.ac.uk/collection/R27/current/> ."""),
    ]


def turtle(text):
    prefixes = "".join(f"@prefix {one}: <{iri}> .\n" for one, iri in {**PREFIXES, "argo": OWN}.items())
    return [quad.triple for quad in ox.parse((prefixes + text).encode(), format=ox.RdfFormat.TURTLE)]


def test_everything_published_conforms(published):
    assert check_shapes(published, Names(), provenance_shapes(Names())) == []


@pytest.mark.parametrize("shape", BROKEN)
def test_a_broken_example_is_found_by_its_shape(published, shape):
    wanted, predicate, value = BROKEN[shape]
    name, _, serial = wanted.partition(" ")
    cls, prop = (turtle(f"{one} a owl:Thing .")[0].subject for one in (name, predicate))
    having = {one.subject for one in published if one.predicate == prop} if value == "" else None
    subject = next(
        one.subject
        for one in published
        if one.predicate.value == A
        and one.object == cls
        and (having is None or one.subject in having)
        and (not serial or one.subject.value.endswith(f"6d3e/serial/{serial}"))
    )
    changed = [one for one in published if (one.subject, one.predicate) != (subject, prop)]
    changed += turtle(f"{subject} <{prop.value}> {value} .") if value else []
    about = [one for one in [*published, *changed] if subject in {one.subject, one.object}]
    near = {one.object for one in about} | {one.subject for one in about}
    graph = [one for one in changed if one.subject in near]
    found = check_shapes(graph, Names(), provenance_shapes(Names()))
    assert f"shacl {shape}" in {one.check for one in found if one.subject == subject.value}, found
    whole = [one for one in published if one.subject in near]
    assert f"shacl {shape}" not in {
        one.check for one in check_shapes(whole, Names(), provenance_shapes(Names())) if one.subject == subject.value
    }


def test_every_shape_has_a_broken_example():
    graph = provenance_shapes(Names())
    shapes = {str(graph.value(one, RDFS.label)) for one in graph.subjects(RDF.type, SH.NodeShape)}
    assert shapes == set(BROKEN)
