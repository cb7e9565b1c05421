"""`gdac manifest` as a newcomer types it."""

import gzip
import json
import os
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gdac import __version__
from gdac.cli.manifest import app
from gdac.errors import ExitCode, GdacError, RefusedError, UsageError
from gdac.manifest import local
from gdac.manifest.head import render_head
from gdac.manifest.names import HEAD_KEY
from gdac.manifest.record import RunKind, parse_record, render_record
from gdac.tables import load

FLOAT = "dac/aoml/13857"
META, PROF, R1 = f"{FLOAT}/13857_meta.nc", f"{FLOAT}/13857_prof.nc", f"{FLOAT}/profiles/R13857_001.nc"


def gdac(*words: object, code: ExitCode = ExitCode.FINE) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def put(tree: Path, path: str, content: str, when: int = 1_700_000_000) -> None:
    file = tree / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    os.utime(file, (when, when))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for path in (META, PROF, R1):
        put(root, path, path)
    return root


def test_build_without_a_target_writes_nothing(tree: Path) -> None:
    before = sorted(tree.rglob("*"))
    assert "3 files" in gdac("build", tree, "--all").output
    assert sorted(tree.rglob("*")) == before


def test_build_writes_a_manifest_that_show_reads_and_verify_trusts(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "state.parquet"
    gdac("build", tree, "--all", "--output", out)
    assert (tmp_path / ".state.parquet.scan-cache.parquet").exists()
    assert "3 files, 93 B; 0 of them read" in gdac("build", tree, "--all", "--output", out).output
    shown = json.loads(gdac("show", out, "--json").output)
    assert (shown["serial"], shown["rows"]) == (1, 3)
    assert {"dac": "aoml", "kind": "profile", "files": 1, "bytes": 37} in shown["kinds"]
    gdac("verify", tree, "--manifest", out)
    put(tree, META, "other")
    assert "other size: 1" in gdac("verify", tree, "--manifest", out, code=ExitCode.DIFFERENCES).output


def test_notes_on_index_files_name_them(tree: Path) -> None:
    header = "# Title : Metadata directory file\n# Date of update : 20261122060000\n"
    put(tree, "ar_index_global_meta.txt", f"{header}file,profiler_type,institution,date_update\n")
    packed = gzip.compress(b"# Title : Technical directory file\nfile,institution,date_update\n")
    (tree / "ar_index_global_tech.txt.gz").write_bytes(packed)
    told = gdac("build", tree, "--all").output.splitlines()
    assert "  ar_index_global_meta.txt: it lists nothing (0 rows)" in told
    assert "  ar_index_global_tech.txt.gz: its header has no readable Date of update" in told
    assert "  ar_index_global_tech.txt.gz: it lists nothing (0 rows)" in told


def test_every_seal_keeps_a_record_of_its_run(tree: Path) -> None:
    index = tree / "ar_index_global_meta.txt"
    header = "# Title : Metadata directory file\n# Date of update : 20261122060000\n"
    index.write_text(f"{header}file,profiler_type,institution,date_update\n")
    gdac("build", tree, "--all", "--seal")
    put(tree, META, "new meta", when=1_700_000_001)
    gdac("build", tree, "--all", "--seal")
    head = local.need_head(tree)
    assert head.record is not None
    newest = parse_record((tree / head.record.key).read_bytes())
    assert newest.previous is not None
    first = parse_record((tree / "manifest" / newest.previous.name).read_bytes())
    assert (first.serial, first.previous, newest.serial) == (1, None, 2)
    assert first.manifest.sha256 == head.manifests[0].sha256
    assert newest.delta is not None
    assert newest.delta.sha256 == head.deltas[-1].sha256
    about = newest.about
    assert about.run.id != first.about.run.id
    assert (about.run.kind, about.run.started <= newest.sealed) == (RunKind.SEAL, True)
    assert (about.software.name, about.software.version) == ("argo-gdac", __version__)
    assert about.vocabulary is not None
    assert f"sha256:{about.vocabulary.digest}" == load().digest
    (source,) = about.sources
    assert (source.url, source.way) == (None, "tree")  # where the tree lies on that machine is not told
    found = [(one.path, one.sha256, str(one.updated)) for one in source.indexes]
    assert found == [(index.name, sha256(index.read_bytes()).hexdigest(), "2026-11-22 06:00:00+00:00")]


def test_iris_stay_where_the_archive_minted_them(tree: Path) -> None:
    gdac("build", tree, "--all", "--seal")
    head = local.need_head(tree)
    assert head.record is not None
    record = parse_record((tree / head.record.key).read_bytes())
    raw = render_record(replace(record, about=replace(record.about, base="https://gdac.example.org/id/")))
    entry = replace(head.record, name=f"000000001-{sha256(raw).hexdigest()[:16]}.record.json", size=len(raw))
    entry = replace(entry, sha256=sha256(raw).hexdigest())
    (tree / entry.key).write_bytes(raw)
    (tree / HEAD_KEY).write_bytes(render_head(replace(head, record=entry)))
    put(tree, META, "new meta", when=1_700_000_001)
    gdac("build", tree, "--all", "--seal")
    after = local.need_head(tree).record
    assert after is not None
    assert parse_record((tree / after.key).read_bytes()).about.base == "https://gdac.example.org/id/"


def test_a_life_of_serials(tree: Path) -> None:
    assert "Sealed serial 1 of archive" in gdac("build", tree, "--all", "--seal", "--title", "Ours").output
    assert "Nothing changed" in gdac("build", tree, "--all", "--seal").output
    (tree / R1).rename(tree / R1.replace("/R", "/D"))
    put(tree, META, "new meta", when=1_700_000_001)
    sealed = gdac("build", tree, "--all", "--seal").output
    assert "Sealed serial 2: 0 added, 1 changed, 0 removed, 1 renamed." in sealed
    gdac("verify", tree)
    log = gdac("log", tree).output
    assert "verified" in log
    assert "the first manifest" in log
    serials = json.loads(gdac("log", tree, "--json").output)["serials"]
    assert [(entry["serial"], entry.get("renamed")) for entry in serials] == [(2, 1), (1, None)]
    changed = gdac("diff", f"{tree}@1", tree, code=ExitCode.DIFFERENCES).output
    assert f"renamed  {R1.replace('/R', '/D')}  (was {R1})" in changed
    assert "... and 1 more" in gdac("diff", f"{tree}@1", tree, "--rows", 1, code=ExitCode.DIFFERENCES).output
    found = json.loads(gdac("diff", f"{tree}@1", f"{tree}@2", "--json", code=ExitCode.DIFFERENCES).output)
    assert (found["renamed"], len(found["changes"])) == (1, 2)
    gdac("diff", tree, f"{tree}@2")
    assert "Ours" in gdac("show", tree).output
    rows = gdac("show", tree, "--serial", 1, "--path", "*/profiles/*", "--rows").output
    assert rows.splitlines()[0].endswith(R1)
    row = json.loads(gdac("show", tree, "--path", "*_meta.nc", "--rows", "--json").output)
    assert (row["path"], row["size"], row["serial"], row["modified"]) == (META, 8, 2, "2023-11-14T22:13:21.000000Z")


def test_a_state_is_named_by_its_day(tree: Path) -> None:
    from datetime import UTC, datetime, timedelta

    gdac("build", tree, "--all", "--seal")
    put(tree, META, "new meta", when=1_700_000_001)
    gdac("build", tree, "--all", "--seal")
    today = datetime.now(UTC).date()
    for words in ([tree, "--date", today], [f"{tree}@{today}"], [tree]):
        shown = json.loads(gdac("show", *words, "--json").output)
        assert (shown["serial"], shown["sealed"][:10]) == (2, f"{today}")
    gdac("diff", f"{tree}@1", f"{tree}@{today}", code=ExitCode.DIFFERENCES)
    with pytest.raises(UsageError, match="nothing was sealed by the end of"):
        gdac("show", tree, "--date", today - timedelta(days=2))
    with pytest.raises(UsageError, match="exclude each other"):
        gdac("show", tree, "--date", today, "--serial", 1)
    with pytest.raises(UsageError, match="there is no serial 3"):
        gdac("show", tree, "--serial", 3)


def test_no_staging_is_left(tree: Path) -> None:
    gdac("build", tree, "--all", "--seal")
    names = {file.name for file in (tree / "manifest").iterdir()}
    head = local.need_head(tree)
    assert head.record is not None
    assert names == {".scan-cache.parquet", head.manifest.name, head.record.name, "head.json"}


def test_refused_names_make_the_end_partial(tree: Path) -> None:
    put(tree, "etc/back\\slash", "x")
    assert "refused name: 1" in gdac("build", tree, "--all", "--seal", code=ExitCode.PARTIAL).output
    assert (tree / HEAD_KEY).exists()


@pytest.mark.parametrize("words", [["log"], ["show"], ["verify"], ["diff", "TREE"]])
def test_a_tree_without_head_says_how_to_seal_it(tree: Path, words: list[str]) -> None:
    with pytest.raises(GdacError, match="is not sealed"):
        gdac(*(tree if word == "TREE" else word for word in words), tree)


def test_a_head_that_is_no_head_is_left_alone(tree: Path) -> None:
    put(tree, HEAD_KEY, "<html>502</html>")
    with pytest.raises(RefusedError, match=r"head\.json: the head is no JSON document"):
        gdac("build", tree, "--all", "--seal")
    assert (tree / HEAD_KEY).read_text() == "<html>502</html>"


def test_a_manifest_whose_digest_does_not_match_stops_everything(tree: Path) -> None:
    gdac("build", tree, "--all", "--seal")
    before = (tree / HEAD_KEY).read_bytes()
    manifest = next((tree / "manifest").glob("*.manifest.parquet"))
    manifest.write_bytes(manifest.read_bytes()[:-1] + b"!")
    put(tree, META, "new meta", when=1_700_000_001)
    for words in (["build", tree, "--all", "--seal"], ["show", tree], ["verify", tree]):
        with pytest.raises(RefusedError, match="expected"):
            gdac(*words)
    assert (tree / HEAD_KEY).read_bytes() == before


def test_what_cannot_be_read_or_written_is_no_bug(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(GdacError, match="is no directory"):
        gdac("build", tmp_path / "nothing", "--seal")
    with pytest.raises(GdacError, match="cache"):
        gdac("build", tree, "--all", "--cache", tmp_path / "no" / "cache.parquet")
    (tree / "manifest").write_text("a file where a directory must be")
    with pytest.raises(GdacError, match="manifest"):
        gdac("build", tree, "--all", "--seal")


@pytest.mark.parametrize(
    "words",
    [
        ["build", "TREE", "--seal", "--output", "x"],
        ["build", "TREE", "--all", "--output", "nowhere/at/all.parquet"],
        ["show", "nothing"],
        ["show", "TREE@x"],
        ["show", "TREE@2026-13-01"],
        ["verify", "TREE", "--sample", "2/1"],
        ["verify", "TREE", "--sample", "all"],
    ],
)
def test_what_makes_no_sense_is_a_usage_error(tree: Path, words: list[str]) -> None:
    with pytest.raises(UsageError):
        gdac(*(word.replace("TREE", str(tree)) for word in words))
    assert not (tree / "manifest").exists()


def test_the_installed_command_says_one_sentence_and_exits_3(tree: Path) -> None:
    put(tree, HEAD_KEY, "<html>502</html>")
    command = [sys.executable, "-m", "gdac.cli.main", "manifest", "show", str(tree)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.FAILED
    assert done.stdout == ""
    assert done.stderr.startswith(f"gdac: {tree / HEAD_KEY}: the head is no JSON document")
    assert "Traceback" not in done.stderr
