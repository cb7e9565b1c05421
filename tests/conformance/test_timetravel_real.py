"""Two sealed days of the real archive: the first day back from the second, and whether real files were ever there."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gdac.columns import connect
from gdac.manifest import local
from gdac.manifest.chain import survey
from gdac.manifest.files import load_delta
from gdac.manifest.history import history_of
from gdac.records import Outcome
from sync.cli.verify import app
from tests.conformance.test_first_mirror import reference
from tests.deployment import assert_equal_by_rclone, folder_mirror
from tests.e2e.test_pinned import pin
from tests.e2e.test_vault import Vaulted
from tests.servers import rclone

pytestmark = pytest.mark.shared


def test_two_real_days(shared: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(shared / "gdac", source)
    for folder in (source, *(each for each in source.rglob("*") if each.is_dir())):
        folder.chmod(0o755)
    here = Vaulted(tmp_path / "here", str(source))
    assert here.run().seal.serial == 1
    day_one = reference(source, tmp_path / "day-one")
    for index in (shared / "gdac-next").iterdir():
        (source / index.name).unlink()
        shutil.copyfile(index, source / index.name)
    done = here.run()
    assert done.seal is not None
    assert (done.seal.serial, done.seal.renamed) == (2, 219)
    here.let_grace_pass()
    here.run()

    here.mirrors = {"disk": folder_mirror(tmp_path / "disk")}
    assert pin(here, 1).outcome is Outcome.FINE
    if rclone():
        assert_equal_by_rclone(day_one, str(tmp_path / "disk"))

    head = local.need_head(here.hub)
    with connect() as con:
        past = survey(con, here.hub, head)
        assert (past.oldest, past.newest) == (1, 2)
        entry = head.deltas[0]
        load_delta(con, here.hub / entry.key, "d", expect_sha256=entry.sha256, archive=head.archive)
        renamed = con.execute("select path, from_path from d where change = 'renamed' order by path").fetchall()
        assert len(renamed) == 219
        for path, before in renamed[::10]:
            real, late = history_of(con, here.hub, head, path)
            assert (real.path, real.until, real.how) == (before, 2, "first")
            assert (late.path, late.serial, late.until, late.how, late.from_path) == (path, 2, None, "renamed", before)

    told = CliRunner().invoke(app, [str(shared / "gdac"), "--archive", str(here.hub), "--json"], catch_exceptions=False)
    assert told.exit_code == 0, told.output[-2000:]
    about = json.loads(told.stdout.splitlines()[-1])["about"]
    assert (about["files"], about["known"]) == (1291, 1291)
    assert about["current"] == 1291 - 219 - 14 + sum(
        (shared / "gdac" / index.name).read_bytes() == index.read_bytes() for index in (shared / "gdac-next").iterdir()
    ) + (14 - len(list((shared / "gdac-next").iterdir())))
