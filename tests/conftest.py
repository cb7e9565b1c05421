"""Shared by all tests: where the real data lie."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("ARGO_GDAC_SHARED", ROOT.parent / "shared" / "data"))

# A busy machine is no failure: no test of ours is timed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The real data (see ../shared/data/README.md); a test that asks for it skips where it is absent."""
    if not (SHARED / "gdac").is_dir():
        pytest.skip(f"real data not found at {SHARED}; set ARGO_GDAC_SHARED to run this test")
    return SHARED
