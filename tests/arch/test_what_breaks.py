"""docs/what-breaks.md names tests and benchmarks that exist."""

import importlib.util
import re

import pytest

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "what-breaks.md").read_text(encoding="utf-8")
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@pytest.mark.parametrize(("file", "name"), TESTS)
def test_a_named_test_exists(file, name):
    assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_named_benchmarks_exist():
    names = set(re.findall(r"python -m (benchmarks\.\w+)", PAGE))
    assert names
    assert all(importlib.util.find_spec(name) for name in names)


def test_every_row_is_shown_by_something():
    for line in PAGE.splitlines():
        if line.startswith("| ") and not line.startswith("| what happened"):
            assert "tests/" in line or "benchmarks" in line, line
