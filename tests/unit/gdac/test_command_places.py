"""A place that cannot be written is said in a sentence, whichever command meets it: it is no bug."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from gdac.sample.archive import make_archive


@pytest.mark.parametrize(
    ("words", "target"),
    [
        (("vocab", "crate", "TREE", "--path", "*_meta.nc", "-o"), "file/crate"),
        (("vocab", "provenance", "TREE", "-o"), "file"),
        (("vocab", "provenance", "TREE", "-o"), "x" * 300),
    ],
)
def test_a_place_that_cannot_be_written(tmp_path: Path, words: tuple[str, ...], target: str) -> None:
    tree = tmp_path / "tree"
    make_archive(tree, floats=1, cycles=1, seed=7, day=date(2025, 3, 1))
    (tmp_path / "file").write_text("in the way")

    def gdac(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gdac.cli.main", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100)

    assert gdac("manifest", "build", str(tree), "--seal").returncode == 0
    done = gdac(*(str(tree) if one == "TREE" else one for one in words), target)
    assert done.returncode == 3
    assert done.stderr.startswith("gdac: ")
    assert target.partition("/")[0] in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "file").read_text() == "in the way"
