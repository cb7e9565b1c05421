"""Where crash tests can run, and where they run fast."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

#: Killed children need fork and signals as Linux has them.
needs_fork = pytest.mark.skipif(sys.platform != "linux", reason="needs fork and SIGSTOP as on Linux")
_MEMORY = Path("/dev/shm")


@contextmanager
def fast_folder() -> Iterator[Path]:
    """A directory in memory where there is such a thing: nothing here needs to survive the machine."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None, prefix="gdac-model-") as folder:
        yield Path(folder)
