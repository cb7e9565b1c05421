"""The real archive, mirrored from real servers into a folder and two S3 servers, judged by rclone after each day."""

import csv
import shutil
from pathlib import Path

import pytest

from gdac.records import Outcome
from tests.deployment import (
    SECRETS,
    Deployment,
    assert_equal_by_rclone,
    folder_mirror,
    rclone_remote,
    s3_mirror,
)
from tests.servers import ftp_pyftpdlib, ftp_rclone, http_python, rclone, s3_moto, s3_rclone

pytestmark = pytest.mark.skipif(rclone() is None, reason="rclone is not installed")


@pytest.fixture
def source_tree(shared: Path, tmp_path: Path) -> Path:
    """A copy of the real archive whose index files can be replaced."""
    root = tmp_path / "source"
    shutil.copytree(shared / "gdac", root, copy_function=shutil.copy2)
    for folder in (root, *(each for each in root.rglob("*") if each.is_dir())):
        folder.chmod(0o755)
    return root


def reference(tree: Path, to: Path) -> Path:
    """Exactly the files that the indexes list, the _prof and _Sprof files, and the indexes; by other code than ours."""
    indexes = sorted(tree.glob("*.txt"))
    listed = set()
    for index in indexes:
        lines = [line for line in index.read_text(encoding="ascii").splitlines() if not line.startswith("#")]
        listed |= {f"dac/{row['file']}" for row in csv.DictReader(lines)}
    derived = {each.relative_to(tree).as_posix() for each in tree.glob("dac/*/*/*prof.nc")}
    for path in [*listed, *derived, *(each.name for each in tree.glob("*.txt*"))]:
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tree / path, to / path)
    return to


@pytest.mark.timeout(400)  # seconds alone; minutes on a machine that does other things
@pytest.mark.parametrize(
    "serve",
    [
        pytest.param(ftp_pyftpdlib, id="pyftpdlib", marks=pytest.mark.soak),
        pytest.param(ftp_rclone, id="rclone-ftp", marks=pytest.mark.soak),
        pytest.param(http_python, id="http", marks=pytest.mark.soak),
    ],
)
def test_two_real_days_by_every_road(serve, source_tree, shared, tmp_path, monkeypatch):
    for name, value in SECRETS.items():
        if serve is ftp_rclone or not name.startswith("GDAC_SOURCE"):
            monkeypatch.setenv(name, value)
    with s3_moto() as moto:
        two_real_days(serve, source_tree, shared, tmp_path, {"moto": moto})


@pytest.mark.timeout(400)
def test_two_real_days(source_tree, shared, tmp_path, monkeypatch):
    for name, value in SECRETS.items():
        if not name.startswith("GDAC_SOURCE"):
            monkeypatch.setenv(name, value)
    two_real_days(http_python, source_tree, shared, tmp_path, {})


def two_real_days(serve, source_tree, shared, tmp_path, more):
    """First mirror, the day after, and what is left when its grace is over; into a folder, rclone's S3 and `more`."""
    with serve(source_tree) as server, s3_rclone(tmp_path / "rclone") as own:
        buckets = {"rclone": own, **more}
        mirrors = {
            "disk": folder_mirror(tmp_path / "disk"),
            **{name: s3_mirror(bucket) for name, bucket in buckets.items()},
        }
        here = Deployment(tmp_path / "here", server.url, mirrors)
        remotes = [str(here.hub), str(tmp_path / "disk"), *(rclone_remote(bucket) for bucket in buckets.values())]

        first = here.run()
        assert first.outcome is Outcome.FINE, first.notes
        assert first.ingest.listed == 1051
        assert first.ingest.moved.files == 1051 + 7
        assert first.ingest.unlisted == 219
        assert (first.seal.serial, first.seal.rows) == (1, 1051 + 7 + 14)
        assert all(mirror.error is None and mirror.serial == 1 for mirror in first.mirrors)
        day_one = reference(source_tree, tmp_path / "day-one")
        for remote in remotes:
            assert_equal_by_rclone(day_one, remote)

        for index in (shared / "gdac-next").iterdir():
            (source_tree / index.name).unlink()
            shutil.copyfile(index, source_tree / index.name)
        here.now = here.now.replace(day=23)
        second = here.run()
        assert second.outcome is Outcome.FINE, second.notes
        changed_indexes = sum(
            (shared / "gdac" / each.name).read_bytes() != each.read_bytes() for each in (shared / "gdac-next").iterdir()
        )
        assert (second.seal.renamed, second.seal.added, second.seal.removed) == (219, 0, 0)
        assert second.seal.changed == changed_indexes
        assert second.ingest.moved.files == 219
        assert second.ingest.unlisted == 219  # now the R files
        for mirror in second.mirrors:
            assert (mirror.way, mirror.error) == ("delta", None)
            assert mirror.moved.files == 219 + changed_indexes
            assert mirror.superseded >= 219
        # A reader with yesterday's index still finds every file it names.
        assert (tmp_path / "disk" / "dac/incois/2902269/profiles/R2902269_001.nc").is_file()

        here.let_grace_pass()
        third = here.run()
        assert (third.outcome, third.seal.new, third.ingest.moved.files) == (Outcome.FINE, False, 0)
        assert all(mirror.deleted >= 219 and mirror.superseded == 0 for mirror in third.mirrors)
        day_two = reference(source_tree, tmp_path / "day-two")
        for remote in remotes:
            assert_equal_by_rclone(day_two, remote)
