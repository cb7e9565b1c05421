"""Long: a thousand runs by one daemon, each a real one, with pages and metrics asked for after each; `make soak`."""

import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from gdac.sample.archive import make_archive
from tests.e2e.daemons import configure, running

CYCLES = int(os.environ.get("GDAC_TEST_CYCLES", "1000"))
#: Growth from the first fifth to the end that is no leak: caches fill, allocators keep what they had.
ALLOWED = 8 << 20


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_the_memory_of_a_daemon_stays_where_it_is(tmp_path):
    make_archive(tmp_path / "source", floats=3, cycles=4, seed=7, day=date(2025, 3, 1))
    configure(tmp_path, daemon={"sync": "every 1s"})
    sizes: list[int] = []
    with running(tmp_path) as daemon:
        seen = 0
        while len(sizes) < CYCLES:
            ended = daemon.wait_for("job-ended", since=seen)
            assert ended["outcome"] == "fine", daemon.log()[-5000:]
            seen = daemon.lines.index(ended, seen) + 1
            assert daemon.metrics()["gdac_hub_serial{}"] == 1
            assert daemon.get("/")[0] == daemon.get("/status.json")[0] == 200
            sizes.append(anonymous_memory(daemon.process.pid))
            files = len(list(Path(f"/proc/{daemon.process.pid}/fd").iterdir()))
            assert files < 40, files
        assert daemon.stop() == 0
    warm, last = max(sizes[len(sizes) // 10 : len(sizes) // 5]), max(sizes[-20:])
    print(f"{len(sizes)} runs: {warm:,} bytes after a fifth of them, {last:,} at the end")
    assert last - warm < ALLOWED, sizes[:: max(len(sizes) // 25, 1)]
    shutil.rmtree(tmp_path)


def anonymous_memory(pid: int) -> int:
    """Bytes of a process that no file backs."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    pytest.skip("this system does not tell the memory of a process")
