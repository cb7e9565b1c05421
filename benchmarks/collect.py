"""T15: collecting, from the inboxes to the sealed archive and the reports, with every file checked.

The whole command `gdac collect run` as a timer starts it, in a fresh process each time. First as on an ordinary hour:
few submissions of few files, run after run. Then a large batch at once. Beside it: `gdac check` of the same files,
which does nothing else, and the checker started once for each file, as collecting scripts do. What a seal costs in an
archive of 4 million files is `benchmarks.collect_seal`'s.
"""

import argparse
import os
import shutil
import statistics
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import Path

from benchmarks.measured import Used, used_by
from gdac.sample.archive import make_archive
from policies.submission import recognise

ROOT = Path(__file__).resolve().parent.parent
WORK = Path(os.environ.get("GDAC_BENCH_DIR", ROOT / ".bench")) / "collect"
GDAC = (sys.executable, "-m", "gdac.cli.main")
DACS = ("aoml", "coriolis", "jma")
FLOATS, CYCLES = 80, 30
#: An ordinary hour: so many runs, each with a submission of every DAC of so many files.
RUNS, FILES = 8, 20
LARGE = 1000
ALONE = 10
TARGET_A_MINUTE, TARGET_SHARE = 60.0, 3.0


def corpus() -> dict[str, list[Path]]:
    """Files that three DACs submit: valid ones, of 15 to 50 kB, by DAC."""
    archive = WORK / "sample"
    if not archive.is_dir():
        WORK.mkdir(parents=True, exist_ok=True)
        make_archive(archive, floats=FLOATS, cycles=CYCLES, seed=7, day=date(2025, 3, 1))
    found = {dac: sorted((archive / "dac" / dac).rglob("*.nc")) for dac in DACS}
    return {dac: [file for file in files if recognise(file.name)] for dac, files in found.items()}


def deployment(name: str) -> Path:
    """An empty deployment; returns its directory."""
    root = WORK / name
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    lines = [f'[hub]\nstore = "{root / "hub"}"', '[collect]\nsettle = "PT0S"']
    for dac in DACS:
        lines.append(f'[collect.inbox.{dac}]\nstore = "{root / "accounts" / dac}"')
        (root / "accounts" / dac / "submit").mkdir(parents=True)
    (root / "gdac.toml").write_text("\n".join(lines) + "\n")
    return root


def submit(root: Path, dac: str, files: Sequence[Path]) -> None:
    for file in files:
        shutil.copy(file, root / "accounts" / dac / "submit")


def collect(root: Path) -> Used:
    return used_by([*GDAC, "collect", "run", "--quiet", "-c", str(root / "gdac.toml")])


def published(root: Path) -> int:
    """Files in the hub that DACs submitted."""
    return sum(recognise(file.name) is not None for file in (root / "hub" / "dac").rglob("*.nc"))


def hour(files: dict[str, list[Path]], runs: int) -> tuple[list[Used], int]:
    """Runs with small submissions of every DAC, one after the other."""
    root = deployment("hour")
    waiting: dict[str, Iterator[Path]] = {dac: iter(some) for dac, some in files.items()}
    used = []
    for _ in range(runs):
        for dac in DACS:
            submit(root, dac, list(islice(waiting[dac], FILES)))
        used.append(collect(root))
    return used, published(root)


def batch(root: Path, files: dict[str, list[Path]]) -> tuple[Used, int]:
    """One run with a large submission of every DAC."""
    for dac in DACS:
        submit(root, dac, files[dac][: LARGE // len(DACS)])
    return collect(root), published(root)


def checked(files: dict[str, list[Path]]) -> Used:
    """`gdac check` of the files of the large batch, DAC by DAC."""
    chosen = {dac: [str(file) for file in files[dac][: LARGE // len(DACS)]] for dac in DACS}
    used = [used_by([*GDAC, "check", "--dac", dac, *some]) for dac, some in chosen.items()]
    return Used(sum(one.wall for one in used), sum(one.cpu for one in used), max(one.mb for one in used))


def one_by_one(files: dict[str, list[Path]]) -> float:
    """Seconds that the checker takes for one file when it is started for it."""
    used = [used_by([*GDAC, "check", "--dac", DACS[0], str(file)]) for file in files[DACS[0]][:ALONE]]
    return statistics.median(one.wall for one in used)


def line(what: str, used: Used, files: int, submissions: int) -> str:
    minute = 60 / used.wall
    return (
        f"{what:<44}{files:>7,}{used.wall:>8.2f}{used.cpu:>8.2f}{used.mb:>9.0f}"
        f"{files * minute:>12,.0f}{submissions * minute:>14,.1f}"
    )


def main(argv: list[str] | None = None) -> int:
    """Measure and print a table; 1 when a target was missed."""
    parser = argparse.ArgumentParser(description="T15: collecting")
    parser.add_argument("--runs", type=int, default=RUNS, help="Runs of an ordinary hour.")
    options = parser.parse_args(argv)
    files = corpus()
    print(f"T15 collecting on {os.cpu_count()} cores, every file checked")
    print(f"{'':<44}{'files':>7}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'files/min':>12}{'submissions/min':>16}")
    used, count = hour(files, options.runs)
    assert count == options.runs * FILES * len(DACS), count
    typical = sorted(used, key=lambda one: one.wall)[len(used) // 2]
    print(line(f"a run of {len(DACS)} submissions of {FILES}", typical, FILES * len(DACS), len(DACS)))
    whole, count = batch(deployment("batch"), files)
    print(line(f"a run of {len(DACS)} submissions of {LARGE // len(DACS)}", whole, count, len(DACS)))
    alone = checked(files)
    print(line("  gdac check of the same files", alone, count, len(DACS)))
    share = whole.cpu / alone.cpu
    each = one_by_one(files)
    print(
        f"  collecting takes {share:.1f}x the CPU of checking alone;"
        f" one process for each file: {60 / each:,.0f} files/min"
    )
    a_minute = len(DACS) * 60 / typical.wall
    print(f"targets: {TARGET_A_MINUTE:.0f} small submissions a minute, {TARGET_SHARE:.0f}x")
    return int(a_minute < TARGET_A_MINUTE or share > TARGET_SHARE)


if __name__ == "__main__":
    sys.exit(main())
