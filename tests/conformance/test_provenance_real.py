"""Two sealed days of the real sample archive with its floats and two checks: questions 12 to 15 by value.

Day one is what the first indexes list; on day two 219 profiles have gone from R to D. A DOI snapshot is proven equal to
day one and to nothing else. The second check goes by tables that lost a sensor model.
"""

import csv
import io
import json
import shutil
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pyoxigraph as ox
import pytest
from typer.testing import CliRunner

from gdac.cli.check import app as check_app
from gdac.columns import connect
from gdac.manifest import local
from gdac.manifest.build import Wanted, build
from gdac.manifest.doi import SNAPSHOTS_KEY, DoiSnapshot, Family, Proof, Relation, Snapshots, render_snapshots
from gdac.manifest.record import (
    About,
    IndexFacts,
    RunFacts,
    RunKind,
    SoftwareFacts,
    SourceFacts,
    VocabularyFacts,
    parse_record,
)
from gdac.manifest.seal import prepare_seal
from gdac.records import Outcome
from gdac.tables import load, snapshot
from gdac.tables.reference import SHIPPED
from sync.cli.provenance import app as provenance_app
from tests.deployment import Deployment, folder_mirror
from vocab.build import build as build_vocabulary
from vocab.cli.vocab import app
from vocab.folder import write_vocabulary
from vocab.names import Names
from vocab.nvs.folder import read_folder
from vocab.preflight.shacl import check_shapes, provenance_shapes
from vocab.query.questions import question

ARCHIVE = "5d1e7a9c-3b52-4c86-9f0a-2f4f7b1c6d3e"
RUNS = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222")
DAYS = tuple(datetime(2026, 11, day, 6, tzinfo=UTC) for day in (21, 22))
R, D = (f"dac/incois/2902269/profiles/{mode}2902269_001.nc" for mode in "RD")
KEY = "https://doi.org/10.17882/42182#118037"
FLOATS = {"13857", "5900446", "3902131", "2902696", "2902269", "2901780"}


def seal(tree, work, number):
    """Seal what the indexes list, as a run of the sync would, with the record of that run."""
    now, digest = DAYS[number], load().digest.removeprefix("sha256:")
    index = IndexFacts("ar_index_global_prof.txt", "0" * 63 + str(number), now - timedelta(hours=2))
    run = About(
        RunFacts(RUNS[number], RunKind.SYNC, now - timedelta(minutes=9), number + 1),
        SoftwareFacts("argo-gdac", "0.1.0"),
        (SourceFacts("ifremer", "https://data-argo.ifremer.fr", "index", (index,)),),
        {"listed": 1051},
        VocabularyFacts(digest, date(2026, 4, 10)),
    )
    work.mkdir()
    with connect() as con:
        base = local.read_head(tree)
        if base is not None:
            local.open_manifest(con, tree, base.manifest, base.archive, "base")
        built = build(con, tree, "state", Wanted(work, 0))
        made = prepare_seal(
            con, base=base, base_table="base" if base else None, new_table="state", archive=ARCHIVE, now=now,
            staging=local.make_staging(tree), expires_after=timedelta(days=3), indexes=built.indexes, run=run,
        )  # fmt: skip
        local.publish(made, tree, before=(tree / "manifest/head.json").read_bytes() if base else None)


def checked(tree, report, *tables):
    files = [str(one) for one in sorted(tree.glob("dac/*/*/*_meta.nc"))]
    order = [*files, "--format", "jsonl", "--evidence", "-o", str(report), *tables]
    assert CliRunner().invoke(check_app, order).exit_code == 1  # some files of the archive are not accepted
    return [json.loads(line) for line in report.read_text().splitlines()]


@pytest.fixture(scope="module")
def asked(shared, tmp_path_factory):
    """Asks a question, its VALUES replaced where another is wanted; and the reports."""
    root = tmp_path_factory.mktemp("real")
    tree = root / "gdac"
    shutil.copytree(shared / "gdac", tree, copy_function=shutil.copy2)
    for folder in (tree, *(each for each in tree.rglob("*") if each.is_dir())):
        folder.chmod(0o755)
    seal(tree, root / "work-1", 0)
    for index in (shared / "gdac-next").iterdir():
        (tree / index.name).unlink()
        shutil.copyfile(index, tree / index.name)
    seal(tree, root / "work-2", 1)
    known = DoiSnapshot(
        "118037", "Snapshot of November 2026", date(2026, 11, 21), "x.tar", "https://x/", 1, Family.FULL
    )
    proof = Proof("118037", Relation.EQUAL, 1, known.title, known.date, "0" * 64, 1, 1065, DAYS[1])
    (tree / SNAPSHOTS_KEY).parent.mkdir()
    (tree / SNAPSHOTS_KEY).write_bytes(render_snapshots(Snapshots("10.17882/42182", DAYS[1], (known,), (proof,))))

    first = checked(tree, root / "first.jsonl")
    _, facts, rows = snapshot.read(SHIPPED)
    kept = [snapshot.concept(row) for row in rows if row[:2] != ["R27", "SBE41CP"]]
    snapshot.write(root / "tables.jsonl", facts, kept)
    second = checked(tree, root / "second.jsonl", "--tables", str(root / "tables.jsonl"))

    reports = ["--checks", str(root / "first.jsonl"), "--checks", str(root / "second.jsonl")]
    order = ["provenance", str(tree), "--floats", "--files", "dac/[ai]*", *reports, "-o", str(root / "made")]
    done = CliRunner().invoke(app, order)
    assert done.exit_code == 0, done.output
    write_vocabulary(build_vocabulary(read_folder(shared / "nvs"), Names()), root / "vocabulary")

    def ask(name, **values):
        text = question(name, Names()).text
        for variable, value in values.items():
            start = text.index(f"VALUES ?{variable} {{")
            text = text[:start] + f"VALUES ?{variable} {{ {value} }}" + text[text.index("}", start) + 1 :]
        where = ["--vocabulary", str(root / "vocabulary"), "--with", str(root / "made")]
        answer = CliRunner().invoke(app, ["query", "-e", text, "--format", "csv", *where])
        assert answer.exit_code == 0, answer.output
        return list(csv.DictReader(io.StringIO(answer.stdout)))

    ask.first, ask.second, ask.made = first, second, root / "made"
    return ask


def test_12_floats_with_a_deprecated_sensor_model(asked):
    """Two sensors of one float: its CTD measures temperature and conductivity. NVS deprecates the versioned model."""
    rows = [
        (row["wmo"], row["dac"], row["model"], row["serial"], row["successor"]) for row in asked("deprecated-sensors")
    ]
    assert rows == [("5900446", "aoml", "SBE41CP_V1.7", "461", "SBE41CP")] * 2


def test_13_versions_of_a_path(asked, shared):
    first, second = asked("file-versions", path=f'"{D}"')
    files = [shared / "gdac" / one for one in (R, D)]
    assert [row["at"] for row in (first, second)] == [R, D]
    assert [row["sha256"] for row in (first, second)] == [sha256(one.read_bytes()).hexdigest() for one in files]
    assert [int(row["size"]) for row in (first, second)] == [one.stat().st_size for one in files]
    assert [(row["first"], row["last"]) for row in (first, second)] == [("1", "1"), ("2", "")]
    assert [row["run"].rpartition("/")[2] for row in (first, second)] == list(RUNS)
    assert [row["sealed"] for row in (first, second)] == ["2026-11-21T06:00:00Z", "2026-11-22T06:00:00Z"]
    assert {row["tables"].rpartition("/")[2] for row in (first, second)} == {load().digest.removeprefix("sha256:")}
    assert [(row["doi"], row["relation"]) for row in (first, second)] == [(KEY, "equal"), ("", "")]
    assert [row["at"] for row in asked("file-versions", path=f'"{R}"')] == [R]


def test_14_files_that_were_accepted_and_are_rejected_today(asked):
    rows = asked("rejected-today")
    verdicts = [{line["sha256"]: line["verdict"] for line in report} for report in (asked.first, asked.second)]
    changed = {one for one, verdict in verdicts[1].items() if (verdicts[0][one], verdict) == ("accepted", "rejected")}
    assert {row["sha256"] for row in rows} == changed
    assert [row["path"] for row in rows] == ["dac/coriolis/3902131/3902131_meta.nc"]
    assert rows[0]["rules"] == "META-SEN-005"
    assert (rows[0]["checker"], rows[0]["vocabulary"]) == ("0.1.0", "2026-04-10")


def test_15_what_to_cite_for_floats_on_a_day(asked, shared):
    floats = " ".join(f"<https://w3id.org/argo-gdac/float/{one}>" for one in ("2902269", "13857"))
    days = {}
    for day in ("2026-11-20", "2026-11-21", "2026-11-22", "2027-01-01"):
        rows = asked("what-to-cite", float=floats, end=f'"{day}T23:59:59Z"^^xsd:dateTime')
        days[day] = {row["wmo"]: row for row in rows}
    assert days["2026-11-20"] == {}
    assert days["2026-11-22"] == days["2027-01-01"]
    for day, serial, key in (("2026-11-21", "1", "#118037"), ("2026-11-22", "2", "")):
        assert {wmo: int(row["files"]) for wmo, row in days[day].items()} == {
            wmo: files_of(shared, wmo) for wmo in ("2902269", "13857")
        }
        for row in days[day].values():
            assert row["serial"] == serial
            assert row["citation"].endswith(f"SEANOE. https://doi.org/10.17882/42182{key}")
            assert f"Serial {serial} of archive {ARCHIVE}" in row["citation"]
            assert row["licence"] == "https://creativecommons.org/licenses/by/4.0/"
            assert "International Argo Program" in row["acknowledgement"]


def files_of(shared, wmo):
    """What the indexes list of a float, and its merged files, which none lists; both days have as many."""
    lines = [line for index in (shared / "gdac").glob("*.txt") for line in index.read_text().splitlines()]
    merged = list((shared / "gdac/dac").glob(f"*/{wmo}/*prof.nc"))
    return len({line.partition(",")[0] for line in lines if f"/{wmo}/" in line.partition(",")[0]}) + len(merged)


def test_every_float_is_described_and_everything_conforms(asked):
    quads = list(ox.parse((asked.made / "provenance.nq").read_bytes(), format=ox.RdfFormat.N_QUADS))
    numbers = {one.object.value for one in quads if one.predicate.value.endswith("#wmoNumber")}
    assert numbers == FLOATS
    triples = [one.triple for one in quads if not one.graph_name.value.endswith("/files")]
    some = [
        one.triple for one in quads if "2902269_001" in one.subject.value and one.graph_name.value.endswith("/files")
    ]
    assert check_shapes([*triples, *some], Names(), provenance_shapes(Names())) == []


def test_a_hub_run_by_the_sync_tells_the_same_at_its_mirror(shared, tmp_path):
    """The runs are those whose records the hub sealed; the mirror needs nothing but its own files."""
    source = tmp_path / "source"
    shutil.copytree(shared / "gdac", source, copy_function=shutil.copy2)
    for folder in (source, *(each for each in source.rglob("*") if each.is_dir())):
        folder.chmod(0o755)
    here = Deployment(tmp_path, str(source), {"disk": folder_mirror(tmp_path / "mirror")})
    assert here.run().outcome is Outcome.FINE
    for index in (shared / "gdac-next").iterdir():
        (source / index.name).unlink()
        shutil.copyfile(index, source / index.name)
    here.now = here.now.replace(day=23)
    assert here.run().outcome is Outcome.FINE
    told = [
        json.loads(CliRunner().invoke(provenance_app, [D, "--archive", str(place), "--format", "json"]).stdout)
        for place in (here.hub, tmp_path / "mirror")
    ]
    assert told[0] == told[1]
    records = [parse_record(each.read_bytes()) for each in sorted((here.hub / "manifest").glob("*.record.json"))]
    assert [one["path"] for one in told[0]["versions"]] == [R, D]
    assert [one["run"]["id"] for one in told[0]["versions"]] == [record.about.run.id for record in records]
    assert [one["first_sealed"][:10] for one in told[0]["versions"]] == ["2026-11-22", "2026-11-23"]
    assert {one["run"]["vocabulary"]["tables"] for one in told[0]["versions"]} == {
        load().digest.removeprefix("sha256:")
    }
    listed = [line for line in (source / "ar_index_global_prof.txt").read_text().splitlines() if line[:1] != "#"][1:]
    assert records[1].about.counts["fetched"] == 219
    assert records[1].about.counts["listed"] >= len(listed)
    graphs = CliRunner().invoke(provenance_app, [D, "--archive", str(tmp_path / "mirror"), "--format", "n-quads"])
    triples = [one.triple for one in ox.parse(graphs.stdout_bytes, format=ox.RdfFormat.N_QUADS)]
    assert check_shapes(triples, Names(), provenance_shapes(Names())) == []
