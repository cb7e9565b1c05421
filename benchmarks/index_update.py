"""T13: an hour's changes put into a full profile index, beside writing the whole index again from its rows.

Ours: `gdac.index.update.apply_changes`: 1,000 rows changed, added and removed all over an index in order of its paths.
Beside it: the same rows loaded, changed and written as a table, which is what a rebuild costs once every file was read.
Both must give the same bytes. Every run is a fresh process; runs are interleaved.
"""

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from gdac.columns import connect
from gdac.index import new_header, spec_of
from gdac.index.read import load_index
from gdac.index.update import apply_changes
from gdac.index.write import write_index

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".bench" / "index_update"
CHANGES = 1000
TARGET_SECONDS = 10.0
RUNS = 3
_SPEC = spec_of("ar_index_global_prof")
assert _SPEC is not None
SPEC = _SPEC
BEFORE, AFTER = (new_header(SPEC, updated=datetime(2026, 1, day, tzinfo=UTC)) for day in (1, 2))


def index_file(rows: int) -> Path:
    """A profile index of ``rows`` rows in the order of paths."""
    file = WORK / str(rows) / f"{SPEC.name}.txt"
    if file.is_file():
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    body = file.with_suffix(".rows")
    with TemporaryDirectory(dir=WORK) as folder, connect(temp_directory=folder) as con:
        con.execute(
            f"""COPY (SELECT format('{{}}/{{}}/profiles/{{}}{{}}_{{:03d}}.nc,{{}},{{:.3f}},{{:.3f}},A,846,AO,{{}}',
            ['aoml', 'bodc', 'coriolis', 'csiro', 'jma'][1 + i * 5 // {rows}], 1000000 + i // 200, 'D',
            1000000 + i // 200, 1 + i % 200, strftime(TIMESTAMP '2000-01-01' + to_seconds(i * 150), '%Y%m%d%H%M%S'),
            (i % 120000) / 1000 - 60.0, (i % 360000) / 1000 - 180.0,
            strftime(TIMESTAMP '2005-01-01' + to_seconds(i * 77), '%Y%m%d%H%M%S')) AS line
            FROM range({rows}) t(i) ORDER BY i) TO '{body}' (HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01')"""
        )
    with file.with_suffix(".tmp").open("wb") as out, body.open("rb") as rest:
        out.write(BEFORE.encode())
        while block := rest.read(1 << 20):
            out.write(block)
    file.with_suffix(".tmp").replace(file)
    body.unlink()
    return file


def changes(rows: int) -> dict[str, str | None]:
    """Half of them new rows for paths that are there, a quarter new paths, a quarter paths that went."""
    found: dict[str, str | None] = {}
    for number in range(CHANGES):
        at = number * rows // CHANGES
        dac = ("aoml", "bodc", "coriolis", "csiro", "jma")[at * 5 // rows]
        letter = "R" if number % 4 == 2 else "D"
        wmo = 1000000 + at // 200
        path = f"{dac}/{wmo}/profiles/{letter}{wmo}_{1 + at % 200:03d}.nc"
        found[path] = None if number % 4 == 3 else f"{path},20260101000000,1.000,2.000,A,846,AO,20260101000000"
    return found


def ours(old: Path, rows: int, new: Path) -> None:
    with connect() as con:
        apply_changes(con, old, new, changes(rows), header=AFTER)


def whole(old: Path, rows: int, new: Path) -> None:
    come = new.with_name("come") / old.name
    come.parent.mkdir(exist_ok=True)
    lines = changes(rows)
    come.write_bytes(AFTER.encode() + "".join(f"{row}\n" for row in lines.values() if row).encode())
    with TemporaryDirectory(dir=new.parent) as folder, connect(temp_directory=folder) as con:
        load_index(con, old, "kept", workdir=new.parent)
        load_index(con, come, "come", workdir=new.parent)
        touched = [f"dac/{path}" for path in lines]
        con.execute("DELETE FROM kept WHERE path IN (SELECT unnest(?::VARCHAR[]))", [touched])
        con.execute("INSERT INTO kept SELECT * FROM come")
        write_index(con, "kept", new, spec=SPEC, header=AFTER)


WORK_OF = {"ours": ours, "as a table": whole}


def one(name: str, old: Path, rows: int) -> None:
    new = old.with_name("new.txt")
    wall, cpu = time.perf_counter(), time.process_time()
    WORK_OF[name](old, rows, new)
    result = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with new.open("rb") as made:
        digest = hashlib.file_digest(made, "sha256").hexdigest()
    new.unlink()
    print(json.dumps({**result, "mb": peak, "sha256": digest}))


def measured(name: str, old: Path, rows: int) -> dict[str, float | str]:
    """Wall and CPU seconds, peak MB and the digest of what was written, of one fresh process."""
    command = [sys.executable, "-m", "benchmarks.index_update", "--one", name, str(old), str(rows)]
    return dict(json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout))


def main(argv: list[str] | None = None) -> int:
    """Measure and print a table; 1 when the target was missed."""
    parser = argparse.ArgumentParser(description="T13: an index brought up to date")
    parser.add_argument("--rows", default="100000,1000000,4000000")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--make", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.make:
        index_file(options.make)
        return 0
    if options.one:
        one(options.one[0], Path(options.one[1]), int(options.one[2]))
        return 0
    print(
        f"T13 index update: {CHANGES:,} changes, target <= {TARGET_SECONDS:.0f} s at 4,000,000 rows "
        f"({os.cpu_count()} cores)"
    )
    print(f"{'rows':>10}  {'what':<12}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}  same bytes")
    missed = False
    for rows in (int(text) for text in options.rows.split(",")):
        # in a process of its own: a child begins with its parent's peak memory
        subprocess.run([sys.executable, "-m", "benchmarks.index_update", "--make", str(rows)], cwd=ROOT, check=True)
        old = index_file(rows)
        runs: dict[str, list[dict[str, float | str]]] = {name: [] for name in WORK_OF}
        for _ in range(options.runs):
            for name in WORK_OF:
                runs[name].append(measured(name, old, rows))
        same = len({run["sha256"] for done in runs.values() for run in done}) == 1
        for name, done in runs.items():
            wall, cpu, peak = (statistics.median(float(run[key]) for run in done) for key in ("wall", "cpu", "mb"))
            missed |= not same or (name == "ours" and rows >= 4_000_000 and wall > TARGET_SECONDS)
            print(f"{rows:>10,}  {name:<12}{wall:>8.2f}{cpu:>8.2f}{peak:>9.0f}  {'yes' if same else 'NO'}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
