"""`gdac cite`: the citation, and the evidence that names the very bytes, recomputed here by other means."""

import hashlib
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gdac.errors import GdacError
from gdac.manifest import local
from gdac.manifest.doi import DoiSnapshot, Family, Proof, Relation, Snapshots, render_snapshots
from gdac.manifest.head import render_head
from gdac.sample.archive import make_archive, next_day
from sync.cli.cite import app
from tests.deployment import Deployment
from tests.servers import http_python

DOI = "10.17882/42182"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
NEAR = DoiSnapshot(
    "118037", "Snapshot of Argo GDAC of November 2026", date(2026, 11, 20), "x", "https://x/y", 5, Family.FULL
)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """A hub of three serials, sealed on 22, 23 and 24 November 2026, and the trees of its first two."""
    root = tmp_path_factory.mktemp("cited")
    here = Deployment(root, str(root / "source"))
    make_archive(root / "source", floats=4, cycles=6, seed=7, day=date(2025, 3, 1))
    for number in range(1, 4):
        if number > 1:
            next_day(root / "source")
        here.run()
        here.now += timedelta(days=1)
        if number < 3:
            shutil.copytree(here.hub, root / f"serial{number}")
    return root


@pytest.fixture
def hub(sealed, tmp_path):
    shutil.copytree(sealed / "hub", tmp_path / "hub")
    return tmp_path / "hub"


def cite(archive: Path | str, *arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, [*map(str, arguments), "--archive", str(archive)])
    if isinstance(done.exception, GdacError):
        assert done.exception.exit_code == code, done.exception
        return str(done.exception)
    assert done.exit_code == code, done.output
    return done.stdout


def meta_of(tree: Path) -> Path:
    return min(tree.glob("dac/*/*/*_meta.nc"))


def publish(hub: Path, *proofs: Proof) -> None:
    file = hub / "manifest/about/doi-snapshots.json"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(render_snapshots(Snapshots(DOI, NOW, (NEAR,), proofs)))


def proof(serial: int, relation: Relation) -> Proof:
    return Proof(NEAR.key, relation, serial, NEAR.title, NEAR.date, "a" * 64, 5, 9, NOW)


def test_a_file_is_cited_with_serial_manifest_and_digest(hub):
    path = meta_of(hub).relative_to(hub).as_posix()
    text = cite(hub, path)
    head = local.need_head(hub)
    assert text.startswith(
        "Argo (2000). Argo float data and metadata from Global Data Assembly Centre (Argo GDAC). Serial 3"
    )
    assert "SEANOE. https://doi.org/10.17882/42182\n" in text
    assert f"serial 3 of archive {head.archive}, sealed 2026-11-24T06:03:00Z" in text
    assert f"manifest sha256 {hashlib.sha256((hub / head.manifest.key).read_bytes()).hexdigest()}" in text
    assert (
        f"{path}, {(hub / path).stat().st_size:,} bytes, sha256 {hashlib.sha256((hub / path).read_bytes()).hexdigest()}"
        in text
    )
    assert "Licence: CC-BY-4.0, https://creativecommons.org/licenses/by/4.0/" in text
    assert (
        "Acknowledgement: These data were collected and made freely available by the International Argo Program" in text
    )
    assert "#" not in text


def test_a_floats_digest_is_that_of_sha256sum(hub):
    wmo = meta_of(hub).parent.name
    text = cite(hub, "--float", wmo)
    count, digest = re.search(r"(\d+) files, [\d,]+ bytes, sha256 ([0-9a-f]{64}) over", text).groups()
    script = (
        f"export LC_ALL=C; find dac/*/{wmo} -type f | sort | xargs sha256sum > list;"
        " wc -l < list; sha256sum < list; rm list"
    )
    # Files that left are still readable, and not cited.
    kept = {row.split("  ")[1] for row in listed(hub)}
    for file in hub.glob(f"dac/*/{wmo}/**/*.nc"):
        if file.relative_to(hub).as_posix() not in kept:
            file.unlink()
    said = subprocess.run(["bash", "-c", script], cwd=hub, capture_output=True, text=True, check=True).stdout.split()
    assert said[:2] == [count, digest]


def listed(tree: Path) -> list[str]:
    from gdac.columns import connect

    head = local.need_head(tree)
    with connect() as connection:
        local.open_manifest(connection, tree, head.manifest, head.archive, "files")
        rows = connection.execute("select lower(hex(sha256)) || '  ' || path from files order by path").fetchall()
    return [row for (row,) in rows]


@pytest.mark.parametrize(("option", "value"), [("--manifest", "2"), ("--date", "2026-11-23")])
def test_an_earlier_state_has_the_digest_of_its_own_manifest(hub, sealed, option, value):
    text = cite(hub, option, value)
    own = local.need_head(sealed / "serial2").manifest
    assert (
        f"serial 2 of archive {local.need_head(hub).archive}, sealed 2026-11-23T06:02:00Z, {own.rows:,} files" in text
    )
    assert f"manifest sha256 {own.sha256}" in text
    assert "Serial 2 of archive" in text.splitlines()[0]


def test_a_local_file_is_known_by_its_bytes_and_cited_where_they_were(hub, sealed, tmp_path):
    old = next(one for one in sorted((sealed / "serial1").glob("dac/*/*/*.nc"))
               if (hub / one.relative_to(sealed / "serial1")).read_bytes() != one.read_bytes())  # fmt: skip
    mine = tmp_path / "downloaded.nc"
    mine.write_bytes(old.read_bytes())
    text = cite(hub, mine)
    assert old.relative_to(sealed / "serial1").as_posix() in text
    assert hashlib.sha256(old.read_bytes()).hexdigest() in text
    assert "Serial 3" not in text
    assert "were not in serial 3" in cite(hub, mine, "--manifest", "3", code=1)
    (tmp_path / "folder").mkdir()
    shutil.copy(mine, tmp_path / "folder")
    assert cite(hub, tmp_path / "folder") == text
    mine.write_bytes(b"never there")
    assert "were never in this archive" in cite(hub, mine, code=1)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["dac/aoml/13857/13857_meta.nc"], 1, "is not in serial 3"),
        (["../etc/passwd"], 1, "climbs"),
        (["--float", "1234567"], 1, "no files of float"),
        (["--manifest", "4"], 2, "no serial 4"),
        (["--date", "2026-11-21"], 2, "nothing of"),
        (["--float", "12"], 2, "no WMO number"),
        (["--date", "soon"], 2, "no day"),
        (["--date", "2026-11-24", "--manifest", "1"], 2, "exclude"),
        ([], 2, "nothing to cite"),
        (["--manifest", "1", "--format", "endnote"], 2, "no format"),
    ],
)
def test_what_cannot_be_cited_is_said(sealed, arguments, code, words):
    assert words in cite(sealed / "hub", *arguments, code=code)


def test_no_key_without_a_proof_but_the_nearest_is_named(hub):
    publish(hub)
    text = cite(hub, "--manifest", "3")
    assert "#" not in text.splitlines()[0]
    assert "nearest DOI snapshot #118037 of 2026-11-20, 4 days earlier; not proven" in text


def test_an_equal_snapshot_is_cited_by_its_key_for_all_and_for_single_files(hub):
    publish(hub, proof(3, Relation.EQUAL))
    for arguments in (["--manifest", "3"], ["--float", meta_of(hub).parent.name]):
        first = cite(hub, *arguments).splitlines()[0]
        assert first.startswith("Argo (2026).")
        assert "\u2013 Snapshot of Argo GDAC of November 2026." in first
        assert first.endswith("SEANOE. https://doi.org/10.17882/42182#118037")
    assert "#" not in cite(hub, "--manifest", "2").splitlines()[0]


def test_a_contained_snapshot_is_not_lent_to_files_that_may_not_be_in_it(hub):
    publish(hub, proof(3, Relation.CONTAINED))
    assert cite(hub, "--manifest", "3").splitlines()[0].endswith("#118037")
    text = cite(hub, "--float", meta_of(hub).parent.name)
    assert "#" not in text.splitlines()[0]
    assert "holds all files of the DOI snapshot https://doi.org/10.17882/42182#118037" in text
    assert "not proven" in text


def test_a_bgc_snapshot_that_is_held_names_nothing_but_itself(hub):
    bgc = replace(NEAR, key="118038", title="BGC Sprof data files", family=Family.BGC)
    held = replace(proof(3, Relation.CONTAINED), key=bgc.key, title=bgc.title)
    file = hub / "manifest/about/doi-snapshots.json"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(render_snapshots(Snapshots(DOI, NOW, (NEAR, bgc), (held,))))
    text = cite(hub, "--manifest", "3")
    assert "#" not in text.splitlines()[0]
    assert "nearest DOI snapshot #118037" in text
    assert "holds all files of the DOI snapshot https://doi.org/10.17882/42182#118038" in text
    file.write_bytes(render_snapshots(Snapshots(DOI, NOW, (NEAR, bgc), (proof(3, Relation.CONTAINED), held))))
    assert cite(hub, "--manifest", "3").splitlines()[0].endswith("#118037")


def test_over_the_web_and_in_every_form(hub):
    publish(hub)
    with http_python(hub) as server:
        text = cite(server.url, "--manifest", "1", "--accessed", "2026-11-25")
        assert "Accessed 2026-11-25." in text
        for form, begins in (("bibtex", "@misc{argo-2000-serial1,"), ("ris", "TY  - DATA"), ("csl-json", "[")):
            told = cite(f"{server.url}/manifest/head.json", "--manifest", "1", "--format", form)
            assert told.startswith(begins)
            for fact in ("10.17882/42182", "manifest sha256", "CC-BY-4.0", "nearest DOI snapshot", "Acknowledgement"):
                assert fact in told


def test_another_archive_speaks_for_itself(hub):
    head = local.need_head(hub)
    (hub / "manifest/head.json").write_bytes(render_head(replace(head, doi=None, title="Drifting {buoys} & more")))
    text = cite(hub, "--manifest", "3")
    assert text.startswith("Drifting {buoys} & more (2026). Serial 3 of archive")
    assert "Argo" not in text
    assert "doi" not in text.lower()
    assert r"Drifting \textbraceleft{}buoys\textbraceright{} \& more" in cite(
        hub, "--manifest", "3", "--format", "bibtex"
    )


def test_the_command_itself(desk):
    assert desk.sync("run", "-q").returncode == 0
    done = desk.gdac("cite", "--manifest", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Argo (2000).")
    unknown = desk.gdac("cite", "dac/aoml/1/1_meta.nc")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "is not in serial 1" in unknown.stderr
