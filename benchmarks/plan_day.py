"""T5, T6: planning a day on an archive of 4 million indexed files, without 4 million real files.

The hub's manifest and the source's profile index are generated (`benchmarks.index_diff`); `gdac sync plan` runs as a
process of its own, as an operator runs it. Three days: nothing changed at all (every index file as sealed), a new
header stamp over unchanged rows, and 5,000 changed, 5,000 added and 500 removed rows.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.index_diff import ADDED, CHANGED, REMOVED, ROOT, index_files
from gdac.columns import connect
from gdac.index.read import load_listing
from gdac.manifest.seal import IndexFile, prepare_seal
from sync.files import index_stamp

WORK = ROOT / ".bench" / "plan_day"
NAME = "ar_index_global_prof.txt"
DAYS = {"quiet": "no index changed", "stamp": "new stamp, same rows", "changes": "10,500 changes"}
TARGET_SECONDS, TARGET_MB, TARGET_RATIO = 6.0, 800, 1.3


def make_hub(rows: int) -> None:
    """Seal a hub that holds what the old index lists; only its manifest directory exists."""
    folder = WORK / str(rows)
    hub = folder / "hub"
    if (hub / "manifest/head.json").is_file():
        return
    shutil.rmtree(folder, ignore_errors=True)
    staging = folder / "staging"
    staging.mkdir(parents=True)
    old, _ = index_files(rows)
    with connect(temp_directory=str(folder)) as con:
        load_listing(con, [old], "listed", workdir=folder)
        size, sha256 = old.stat().st_size, subprocess.check_output(["sha256sum", str(old)], text=True).split()[0]
        con.execute(
            "create view state as select path, 20000::bigint as size, unhex(sha256(path)) as sha256,"
            " unhex(md5(path)) as md5, date_update as modified, date_update from listed union all"
            f" select '{NAME}', {size}, unhex('{sha256}'), unhex(md5('x')), null, null"
        )
        seal = prepare_seal(
            con,
            base=None,
            base_table=None,
            new_table="state",
            archive=str(uuid.uuid4()),
            now=datetime(2026, 1, 1, tzinfo=UTC),
            staging=staging,
            expires_after=timedelta(days=2),
            indexes=[IndexFile(NAME, old, index_stamp(old))],
        )
    for file in seal.files:
        (hub / file.key).parent.mkdir(parents=True, exist_ok=True)
        file.path.replace(hub / file.key)
    (hub / "manifest/head.json").write_bytes(seal.head_raw)
    for day in DAYS:
        (folder / day).mkdir()
        source_of(folder, day, rows)


def source_of(folder: Path, day: str, rows: int) -> None:
    """Make the source's root for one of the three days."""
    old, new = index_files(rows)
    target = folder / day / NAME
    if day == "stamp":
        with old.open("rb") as read, target.open("wb") as out:
            for _ in range(9):
                line = read.readline()
                out.write(b"# Date of update : 20260103000000\n" if b"Date of update" in line else line)
            shutil.copyfileobj(read, out, 1 << 20)
    else:
        target.hardlink_to(old if day == "quiet" else new)


def plan(folder: Path, source: Path) -> dict[str, float]:
    """One `gdac sync plan`: wall seconds, peak MB, and what it found."""
    state = folder / "state"
    shutil.rmtree(state, ignore_errors=True)
    config = folder / "gdac.toml"
    config.write_text(
        f'[hub]\nstore = "{folder / "hub"}"\nstate = "{state}"\n[source.bench]\nstore = "{source}"\n'
        'indexes = ["ar_index_global_prof"]\n'
    )
    command = [sys.executable, "-m", "gdac.cli.main", "sync", "plan", "-q", "--json", "-c", str(config)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)  # the second run has the manifest at hand
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    found = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return {"wall": time.perf_counter() - began, "mb": usage.ru_maxrss / 1024, **found}


def main(argv: list[str] | None = None) -> int:
    """Measure and print a table; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description="T5, T6: planning a day")
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.prepare:
        make_hub(options.rows)
        return 0
    # In a process of its own: a child begins with its parent's peak memory.
    again = [sys.executable, "-m", "benchmarks.plan_day", "--prepare", "--rows", str(options.rows)]
    subprocess.run(again, cwd=ROOT, check=True)
    folder = WORK / str(options.rows)
    medians: dict[str, float] = {}
    missed = False
    print(f"planning a day of {options.rows:,} listed files; targets: {TARGET_SECONDS} s, {TARGET_MB} MB,")
    print(f"with changes <= {TARGET_RATIO}x without")
    print(f"{'day':<28}{'wall s':>8}{'peak MB':>9}")
    for day, label in DAYS.items():
        runs = [plan(folder, folder / day) for _ in range(options.runs)]
        expected = {"quiet": (0, 0), "stamp": (0, 0), "changes": (ADDED + CHANGED, REMOVED)}[day]
        assert all((run["to_fetch"], run["gone"]) == expected for run in runs), runs
        medians[day] = statistics.median(run["wall"] for run in runs)
        peak = max(run["mb"] for run in runs)
        print(f"{label:<28}{medians[day]:>8.2f}{peak:>9.0f}")
        missed |= peak > TARGET_MB or (day == "stamp" and medians[day] > TARGET_SECONDS)
    ratio = medians["changes"] / medians["stamp"]
    print(f"with changes / without: {ratio:.2f}")
    return int(missed or ratio > TARGET_RATIO)


if __name__ == "__main__":
    sys.exit(main())
