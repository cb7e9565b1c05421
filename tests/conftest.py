"""Shared by all tests: where the real data lie."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("ARGO_GDAC_SHARED", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The real data (see ../shared/data/README.md); a test that asks for it skips where it is absent."""
    if not (SHARED / "gdac").is_dir():
        pytest.skip(f"real data not found at {SHARED}; set ARGO_GDAC_SHARED to run this test")
    return SHARED
