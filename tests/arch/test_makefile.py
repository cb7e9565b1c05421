"""`make demo` replaces its own directory and no other: what else make makes must not lie in it."""

import re
import subprocess

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize("target", ["argopy", "ro-crate", "k8s", "test", "lint"])
def test_no_other_target_writes_in_the_demos_directory(target: str) -> None:
    done = subprocess.run(
        ["make", "-n", "-B", target], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert set(re.findall(r"(?<![\w/])\.demo/[\w.-]+", done.stdout)) <= {".demo/hub", ".demo/mirror"}
