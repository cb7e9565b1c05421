"""T7: reading two full profile indexes and diffing them, beside bare DuckDB, in the same run.

Ours: `gdac.index.diff.diff_files`: both files scanned to their ends, paths matched against the grammar, result table
with R->D renames and counts. Peer: DuckDB's typed read_csv of both files and a full join. Also shown: reading one index
into the listing that a plan is made from (`load_listing`), which is the larger part of T5.

Every run is a fresh process; runs are interleaved; counts are checked each time.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from gdac.columns import connect
from gdac.index import new_header, spec_of
from gdac.index.diff import diff_files
from gdac.index.read import load_listing

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".bench" / "index_diff"
ADDED, CHANGED, REMOVED = 5000, 5000, 500
TARGET_RATIO, TARGET_MB = 1.3, 900
RUNS = 3


def index_files(rows: int) -> tuple[Path, Path]:
    """Two profile indexes of about ``rows`` rows; the second has 5,000 added, 5,000 changed, 500 removed."""
    folder = WORK / str(rows)
    files = folder / "old" / "ar_index_global_prof.txt", folder / "new" / "ar_index_global_prof.txt"
    if all(file.is_file() for file in files):
        return files
    spec = spec_of("ar_index_global_prof")
    assert spec is not None
    head = new_header(spec, updated=datetime(2026, 1, 2, tzinfo=UTC)).encode()
    step = rows // (CHANGED + REMOVED)  # spread evenly: the worst case for anything that hopes for equal stretches
    kinds = {
        files[0]: (f"range({rows}) t(i)", "i"),
        files[1]: (
            f"range({rows + ADDED}) t(i) WHERE NOT (i % {step} = 1 AND i // {step} < {REMOVED})",
            f"(CASE WHEN i % {step} = 0 AND i // {step} < {CHANGED} THEN i + {rows} ELSE i END)",
        ),
    }
    with connect() as con:
        for file, (source, stamp) in kinds.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            body = file.with_suffix(".rows")
            con.execute(
                f"""COPY (SELECT format('{{}}/{{}}/profiles/{{}}{{}}_{{:03d}}.nc,{{}},{{:.3f}},{{:.3f}},A,846,AO,{{}}',
                ['aoml', 'coriolis', 'jma', 'bodc', 'csiro'][1 + (i // 200) % 5], 1900000 + i // 200,
                CASE WHEN i % 5 = 0 THEN 'R' ELSE 'D' END, 1900000 + i // 200, 1 + i % 200,
                strftime(TIMESTAMP '2000-01-01' + to_seconds(i * 150), '%Y%m%d%H%M%S'),
                (i % 120000) / 1000 - 60.0, (i % 360000) / 1000 - 180.0,
                strftime(TIMESTAMP '2005-01-01' + to_seconds({stamp} * 77), '%Y%m%d%H%M%S')) FROM {source})
                TO '{body}' (HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01')"""
            )
            with file.open("wb") as out, body.open("rb") as rest:
                out.write(head)
                while block := rest.read(1 << 20):
                    out.write(block)
            body.unlink()
    return files


def ours(old: Path, new: Path) -> dict[str, int]:

    with connect() as con:
        found = diff_files(con, old, new, "differences", workdir=WORK)
        return {change: found.total(change) for change in ("added", "changed", "removed")}


def peer(old: Path, new: Path) -> dict[str, int]:

    columns = dict.fromkeys(("file", "ocean", "profiler_type", "institution"), "VARCHAR")
    names = ("file", "date", "latitude", "longitude", "ocean", "profiler_type", "institution", "date_update")
    times = {"date": "TIMESTAMP", "date_update": "TIMESTAMP", "latitude": "DOUBLE", "longitude": "DOUBLE"}
    types = ", ".join(f"'{name}': '{({**columns, **times})[name]}'" for name in names)

    def read(file: Path) -> str:
        return (
            f"read_csv('{file}', columns = {{{types}}}, skip = 9, header = false, delim = ',', quote = '', "
            "escape = '', auto_detect = false, timestampformat = '%Y%m%d%H%M%S')"
        )

    with duckdb.connect(":memory:", config={"threads": 2}) as con:
        found = con.execute(
            "SELECT count(*) FILTER (o.file IS NULL), count(*) FILTER (o.date_update <> n.date_update), "
            f"count(*) FILTER (n.file IS NULL) FROM {read(old)} o FULL JOIN {read(new)} n ON o.file = n.file"
        ).fetchone()
    assert found is not None
    return dict(zip(("added", "changed", "removed"), found, strict=True))


def listing(_old: Path, new: Path) -> dict[str, int]:

    with connect() as con:
        load_listing(con, [new], "listing", workdir=WORK)
    return {"added": ADDED, "changed": CHANGED, "removed": REMOVED}


WORK_OF = {"ours": ours, "bare DuckDB": peer, "load_listing": listing}


def measured(name: str, old: Path, new: Path) -> dict[str, float]:
    """Wall and CPU seconds and peak MB of one fresh process."""
    command = [sys.executable, "-m", "benchmarks.index_diff", "--one", name, str(old), str(new)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def one(name: str, old: Path, new: Path) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    counts = WORK_OF[name](old, new)
    result = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    assert counts == {"added": ADDED, "changed": CHANGED, "removed": REMOVED}, counts
    print(json.dumps({**result, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def main(argv: list[str] | None = None) -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="T7: diff of two full profile indexes")
    parser.add_argument("--rows", default="100000,1000000,4000000")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.one:
        one(options.one[0], Path(options.one[1]), Path(options.one[2]))
        return
    target = f"target <= {TARGET_RATIO}x bare DuckDB and <= {TARGET_MB} MB at 4,000,000 rows"
    print(f"T7 index diff: {target} ({os.cpu_count()} cores)")
    print(f"{'rows':>10}  {'what':<14}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}  wall ratio")
    for rows in (int(text) for text in options.rows.split(",")):
        old, new = index_files(rows)
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in WORK_OF}
        for _ in range(RUNS):
            for name in WORK_OF:
                runs[name].append(measured(name, old, new))
        median = {
            name: {key: statistics.median(run[key] for run in done) for key in ("wall", "cpu", "mb")}
            for name, done in runs.items()
        }
        for name, of in median.items():
            ratio = f"{of['wall'] / median['bare DuckDB']['wall']:.2f}" if name != "bare DuckDB" else ""
            print(f"{rows:>10,}  {name:<14}{of['wall']:>8.2f}{of['cpu']:>8.2f}{of['mb']:>9.0f}  {ratio}")


if __name__ == "__main__":
    main()
