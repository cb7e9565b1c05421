"""T10, T11: checking profile files, beside netCDF4 merely reading them, and one file from the shell, in the same run.

T10: 500 real single-profile files, two workers, every rule. Peer: two processes in which netCDF4 opens the same files
and reads every variable and attribute, no masking. Both with start-up, and per further file (from 500 to 4,000).
T11: `gdac check` of one file beside ``python -c "import numpy"``.
Also shown: peak memory of the check of 500 and of 4,000 files (each file several times): it must not grow.

Runs are fresh processes and take turns. Files of the sample archive stand in where the real data are absent.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from gdac.sample.archive import make_archive

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("ARGO_GDAC_SHARED", ROOT.parent / "shared" / "data"))
TARGET_RATIO, TARGET_START, TARGET_START_RATIO, TARGET_MB = 3.0, 0.35, 4.0, 100
WORKERS = 2

PEER = """
import sys
from concurrent.futures import ProcessPoolExecutor
import netCDF4
def read(path):
    with netCDF4.Dataset(path) as dataset:
        dataset.set_auto_maskandscale(False)
        dataset.set_auto_chartostring(False)
        names = [dataset.getncattr(name) for name in dataset.ncattrs()]
        for variable in dataset.variables.values():
            names += [variable.getncattr(name) for name in variable.ncattrs()]
            variable[...]
    return len(names)
if __name__ == "__main__":
    paths = open(sys.argv[1]).read().split("\\n")
    with ProcessPoolExecutor(int(sys.argv[2])) as pool:
        assert all(pool.map(read, paths, chunksize=16))
"""
OURS = """
import sys
from gdac.check import check_paths
if __name__ == "__main__":
    paths = open(sys.argv[1]).read().split("\\n")
    verdicts = [each.verdict for each in check_paths(paths, jobs=int(sys.argv[2]))]
    assert len(verdicts) == len(paths) and not set(verdicts) - {"accepted", "rejected"}, set(verdicts)
"""


def profiles(folder: Path, count: int) -> list[str]:
    """Real single-profile files; those of a sample archive where there are none."""
    found = sorted((SHARED / "gdac" / "dac").glob("*/*/profiles/[RD]*.nc"))
    if not found:
        make_archive(folder / "sample", floats=12, cycles=60, seed=1, day=date(2026, 5, 1))
        found = sorted((folder / "sample" / "dac").glob("*/*/profiles/[RD]*.nc"))
    step = max(1, len(found) // count)
    return [str(path) for path in found[::step][:count]]


def run(command: list[str]) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak memory (MB, of the largest process) of a command and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    wall = time.perf_counter() - began
    assert done.returncode in {0, 1}, command
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, after.ru_maxrss / 1024


def peak(command: list[str]) -> float:
    """Peak memory of a command alone, in MB: measured by a process that has no other children."""
    program = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, *command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return float(told.stdout)


def main(argv: list[str] | None = None) -> int:
    """Print the table; 1 when a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args(argv)
    with TemporaryDirectory() as made:
        folder = Path(made)
        paths = profiles(folder, asked.files)
        size = sum(Path(path).stat().st_size for path in paths)
        print(f"{len(paths)} single-profile files, {size / len(paths) / 1024:.0f} KB on average, {WORKERS} workers")
        for name, text in (
            ("peer.py", PEER),
            ("ours.py", OURS),
            ("list", "\n".join(paths)),
            ("many", "\n".join(paths * 8)),
        ):
            (folder / name).write_text(text)
        missed = _rate(folder, len(paths), asked.runs) + _start(paths[0], asked.runs)
        few, many = (
            peak([sys.executable, str(folder / "ours.py"), str(folder / name), "2"]) for name in ("list", "many")
        )
        print(f"  peak memory of any process: {few:.0f} MB for {len(paths)} files, {many:.0f} MB for {len(paths) * 8}")
    return 1 if missed else 0


def _rate(folder: Path, count: int, runs: int) -> int:
    """The rate over all with start-up, and over further files: eight times the list less the list."""
    walls: dict[tuple[str, str], list[float]] = {}
    cpus: dict[tuple[str, str], list[float]] = {}
    for number in range(runs + 1):
        for kind in ("list", "many"):
            for name in ("peer", "ours"):
                if kind == "many" and number > 1:
                    continue  # long enough to be told once
                wall, cpu, _ = run([sys.executable, str(folder / f"{name}.py"), str(folder / kind), str(WORKERS)])
                if number:  # the first fills the page cache
                    walls.setdefault((name, kind), []).append(wall)
                    cpus.setdefault((name, kind), []).append(cpu)
    wall = {key: statistics.median(each) for key, each in walls.items()}
    cpu = {key: statistics.median(each) for key, each in cpus.items()}
    more = {name: (wall[name, "many"] - wall[name, "list"]) / (7 * count) for name in ("peer", "ours")}
    for name, title in (("peer", "netCDF4, reading alone"), ("ours", "gdac check, everything")):
        print(
            f"  {title}: {wall[name, 'list']:5.2f} s, {cpu[name, 'list']:5.2f} CPU s with start-up, "
            f"{count / wall[name, 'list']:5.0f} files/s; {1 / more[name]:5.0f} files/s once started"
        )
    ratio, started = wall["peer", "list"] / wall["ours", "list"], more["peer"] / more["ours"]
    fine = started >= TARGET_RATIO
    print(
        f"  T10 {started:.1f}x (target {TARGET_RATIO}x) {'ok' if fine else 'MISSED'}; "
        f"with start-up of both {ratio:.1f}x"
    )
    return int(not fine)


def _start(path: str, runs: int) -> int:
    command = [str(Path(sys.executable).with_name("gdac")), "check", path]
    walls: dict[str, list[float]] = {"gdac": [], "numpy": []}
    for _ in range(runs * 2):
        walls["gdac"].append(run(command)[0])
        walls["numpy"].append(run([sys.executable, "-c", "import numpy"])[0])
    ours, peer = statistics.median(walls["gdac"]), statistics.median(walls["numpy"])
    memory = peak(command)
    fine = ours <= TARGET_START and ours <= TARGET_START_RATIO * peer and memory <= TARGET_MB
    print(f"  one file {ours:.3f} s, {memory:.0f} MB; import numpy {peer:.3f} s")
    print(
        f"  T11 {ours:.2f} s (target {TARGET_START}), {ours / peer:.1f}x (target {TARGET_START_RATIO}x), "
        f"{memory:.0f} MB (target {TARGET_MB}) {'ok' if fine else 'MISSED'}"
    )
    return int(not fine)


if __name__ == "__main__":
    sys.exit(main())
