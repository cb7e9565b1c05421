"""The real archive sealed where it lies: nothing of it is touched, and its mirrors are what its indexes say."""

import shutil
from pathlib import Path

import pytest

from gdac.records import Outcome
from tests.conformance.test_first_mirror import reference
from tests.deployment import SECRETS, InPlaceDeployment, assert_equal_by_rclone, folder_mirror, rclone_remote, s3_mirror
from tests.servers import rclone, s3_moto

pytestmark = pytest.mark.skipif(rclone() is None, reason="rclone is not installed")


@pytest.fixture
def here(shared: Path, tmp_path: Path) -> InPlaceDeployment:
    """A copy of the real archive that is its own hub, with a mirror in a folder."""
    made = InPlaceDeployment(tmp_path, "", {"disk": folder_mirror(tmp_path / "disk")})
    shutil.copytree(shared / "gdac", made.hub, copy_function=shutil.copy2)
    for folder in (made.hub, *(each for each in made.hub.rglob("*") if each.is_dir())):
        folder.chmod(0o755)
    return made


def facts(tree: Path) -> dict[Path, tuple[int, int, int]]:
    found = {}
    for each in tree.rglob("*"):
        if each.is_file() and "manifest" not in each.relative_to(tree).parts:
            told = each.stat()
            found[each] = (told.st_ino, told.st_mtime_ns, told.st_ctime_ns)
    return found


@pytest.mark.soak  # tests/e2e/test_in_place.py has the same days with made-up files
@pytest.mark.timeout(400)  # seconds alone; minutes on a machine that does other things
def test_two_real_days_in_place(here, shared, tmp_path, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    with s3_moto() as moto:
        here.mirrors["moto"] = s3_mirror(moto)
        remotes = [str(tmp_path / "disk"), rclone_remote(moto)]
        before = facts(here.hub)

        first = here.run()
        assert first.outcome is Outcome.FINE, first.notes
        assert (first.ingest.listed, first.ingest.moved.files, first.ingest.unlisted) == (1051, 1051 + 7, 219)
        assert (first.seal.serial, first.seal.rows) == (1, 1051 + 7 + 14)
        assert facts(here.hub) == before
        day_one = reference(here.hub, tmp_path / "day-one")
        for remote in remotes:
            assert_equal_by_rclone(day_one, remote)

        for index in (shared / "gdac-next").iterdir():
            (here.hub / index.name).unlink()
            shutil.copyfile(index, here.hub / index.name)
        before = facts(here.hub)
        second = here.run()
        assert second.outcome is Outcome.FINE, second.notes
        assert (second.seal.renamed, second.seal.added, second.seal.removed) == (219, 0, 0)
        assert second.ingest.moved.files == 219  # the D files; nothing else was read again
        assert second.ingest.unlisted == 219  # now the R files, which stay where they are
        assert all(mirror.way == "delta" for mirror in second.mirrors)

        here.let_grace_pass()
        third = here.run()
        assert (third.outcome, third.seal.new, third.ingest.moved.files) == (Outcome.FINE, False, 0)
        assert facts(here.hub) == before
        day_two = reference(here.hub, tmp_path / "day-two")
        for remote in remotes:
            assert_equal_by_rclone(day_two, remote)
