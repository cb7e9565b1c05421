"""Fixtures of the end-to-end tests: a small sample GDAC, and a deployment that mirrors it."""

import json
import os
import subprocess
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gdac.sample.archive import make_archive
from sync.status.publish import PAGE_KEY, STATUS_KEY
from tests.conftest import ROOT
from tests.e2e import forked


@dataclass
class Desk:
    """Somebody's desk with a configuration file: runs the real command in its own process."""

    root: Path

    @property
    def hub(self) -> Path:
        return self.root / "hub"

    @property
    def mirror(self) -> Path:
        return self.root / "mirror"

    @property
    def source(self) -> Path:
        return self.root / "source"

    def configure(self, source: str, **options: Any) -> None:
        extra = "".join(f"{key} = {json.dumps(value)}\n" for key, value in options.items())
        (self.root / "gdac.toml").write_text(
            f'[hub]\nstore = "{self.hub}"\nstate = "{self.root / "state"}"\n'
            f'[source.sample]\nstore = "{source}"\n{extra}'
            f'[mirror.folder]\nstore = "{self.mirror}"\n'
        )

    def gdac(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "200"}
        return forked.gdac(arguments, self.root, environment)

    def sync(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self.gdac("sync", *arguments)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with a sample GDAC in ``source`` (3 floats, 4 cycles) and a configuration that reads its directory."""
    here = Desk(tmp_path)
    make_archive(here.source, floats=3, cycles=4, seed=7, day=date(2025, 3, 1))
    here.configure(str(here.source))
    return here


def picture(root: Path) -> dict[str, bytes]:
    """Every file below a directory, with its bytes: equal pictures mean that nothing was touched.

    But for the status: every run publishes how it went, a held one and a failed one too.
    """
    files = {each.relative_to(root).as_posix(): each for each in root.rglob("*") if each.is_file()}
    return {path: each.read_bytes() for path, each in files.items() if path not in (STATUS_KEY, PAGE_KEY)}
