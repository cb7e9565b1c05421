"""Manifest write, read and diff, beside bare DuckDB doing the same on the same Parquet without looking at a row (T8).

    python -m benchmarks.manifest_io [--rows 4000000] [--runs 3]

Every measurement is a process of its own; the two sides take turns. ``read`` is the validated read: digest, metadata,
order, uniqueness, values and path grammar of every row; bare DuckDB copies the rows into a table and believes them.
``reread`` is what every later run does with a manifest whose digest it knows: digest and metadata, rows not again.
``diff`` takes two manifests from disk, 5,000 changed, 5,000 added and 500 removed, and writes the delta.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from gdac.columns import connect
from gdac.manifest.delta import diff
from gdac.manifest.files import digest, load_manifest, scan_of, write_delta, write_manifest

ARCHIVE = "0b5a3c52-8a53-4a0e-9d5f-6c1f6f2f4c11"
TARGET = 1.5
MEMORY_TARGET = 4 << 30
COLUMNS = "path, size, sha256, md5, modified, date_update, serial"
COPY = "(FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)"
STEPS = ("write", "read", "reread", "diff")


def rows_sql(rows: int) -> str:
    """A state of the archive: floats of 200 cycles, sizes and digests without pattern."""
    return f"""SELECT format('dac/{{}}/{{}}/profiles/{{}}{{}}_{{:03d}}.nc',
            ['aoml', 'coriolis', 'jma'][1 + (i // 200) % 3], 1900000 + i // 200,
            CASE WHEN hash(i) % 5 = 0 THEN 'R' ELSE 'D' END, 1900000 + i // 200, i % 200) AS path,
        (20000 + hash(i) % 30000)::BIGINT AS size, unhex(sha256(i::VARCHAR)) AS sha256,
        unhex(md5(i::VARCHAR)) AS md5, make_timestamp((1500000000 + hash(i + 1) % 200000000)::BIGINT * 1000000)
        AS modified, make_timestamp((1500000000 + hash(i + 1) % 200000000)::BIGINT * 1000000) AS date_update,
        (1 + hash(i) % 300)::INTEGER AS serial FROM range({rows}) r(i)"""


def engine(folder: Path, rows: int) -> duckdb.DuckDBPyConnection:
    limit = "2GB" if rows <= 5_000_000 else "2800MB"
    spill = folder / "spill"
    spill.mkdir(exist_ok=True)
    con = connect(memory_limit=limit, temp_directory=str(spill))
    con.execute("SET enable_progress_bar = false")
    return con


def prepare(folder: Path, rows: int) -> None:
    """Write the two states, as manifests of ours and as plain tables in one DuckDB file for the writers."""
    con = engine(folder, rows)
    con.execute(f"COPY (SELECT * FROM ({rows_sql(rows)}) ORDER BY path) TO '{folder}/state.parquet' {COPY}")
    con.execute(f"CREATE VIEW old AS FROM '{folder}/state.parquet'")
    step = max(1, rows // 5000)
    con.execute(
        f"""CREATE VIEW new AS SELECT * REPLACE (CASE WHEN hash(path) % {step} = 0 THEN size + 1 ELSE size END AS size)
        FROM old WHERE hash(path, 1) % {step * 10} <> 0
        UNION ALL SELECT * REPLACE ('dac/kma/' || path[10:] AS path) FROM old WHERE hash(path, 2) % {step} = 0"""
    )
    for name in ("old", "new"):
        write_manifest(con, name, folder, archive=ARCHIVE, serial=300).path.rename(folder / f"{name}.parquet")


def bare_write(folder: Path, rows: int) -> Callable[[], object]:
    con = engine(folder, rows)
    con.execute(f"CREATE TABLE state AS FROM '{folder}/state.parquet'")
    return lambda: con.execute(f"COPY (FROM state ORDER BY path) TO '{folder}/bare.parquet' {COPY}")


def our_write(folder: Path, rows: int) -> Callable[[], object]:
    con = engine(folder, rows)
    con.execute(f"CREATE TABLE state AS FROM '{folder}/state.parquet'")

    def work() -> None:
        write_manifest(con, "state", folder, archive=ARCHIVE, serial=300)

    return work


def bare_read(folder: Path, rows: int) -> Callable[[], object]:
    con = engine(folder, rows)
    return lambda: con.execute(f"CREATE TABLE state AS SELECT {COLUMNS} FROM '{folder}/old.parquet'")


def our_read(folder: Path, rows: int) -> Callable[[], object]:
    con, file = engine(folder, rows), folder / "old.parquet"
    sha256 = digest(file)
    return lambda: load_manifest(con, file, "state", expect_sha256=sha256, archive=ARCHIVE)


def our_reread(folder: Path, rows: int) -> Callable[[], object]:
    con, file = engine(folder, rows), folder / "old.parquet"
    sha256 = digest(file)
    return lambda: load_manifest(con, file, "state", expect_sha256=sha256, archive=ARCHIVE, rows_known=True)


def bare_diff(folder: Path, rows: int) -> Callable[[], object]:
    con = engine(folder, rows)
    names = [name for name in COLUMNS.split(", ") if name not in {"path", "serial"}]
    differ = " OR ".join(f"o.{name} IS DISTINCT FROM n.{name}" for name in names)
    both = ", ".join(f"n.{name}, o.{name} AS old_{name}" for name in names)
    query = f"""SELECT coalesce(n.path, o.path) AS path, {both},
        o.serial AS old_serial FROM '{folder}/old.parquet' o FULL JOIN '{folder}/new.parquet' n ON o.path = n.path
        WHERE o.path IS NULL OR n.path IS NULL OR {differ} ORDER BY path"""
    return lambda: con.execute(f"COPY ({query}) TO '{folder}/bare-delta.parquet' {COPY}")


def our_diff(folder: Path, rows: int) -> Callable[[], object]:

    con = engine(folder, rows)
    shown = "path, size, sha256, md5, make_timestamp(epoch_us(modified)) AS modified, "
    shown += "make_timestamp(epoch_us(date_update)) AS date_update, serial"
    for name in ("old", "new"):  # read and judged before: that is the row above
        con.execute(f"CREATE VIEW {name} AS SELECT {shown} FROM {scan_of(folder / f'{name}.parquet')}")

    def work() -> None:
        diff(con, "old", "new", "d")
        write_delta(con, "d", folder, archive=ARCHIVE, from_serial=300, serial=301, previous=None).path.unlink()

    return work


WORK: dict[str, Callable[[Path, int], Callable[[], object]]] = {
    "bare-write": bare_write,
    "our-write": our_write,
    "bare-read": bare_read,
    "our-read": our_read,
    "bare-reread": bare_read,
    "our-reread": our_reread,
    "bare-diff": bare_diff,
    "our-diff": our_diff,
}


def run_one(what: str, folder: Path, rows: int) -> None:
    """In a process of its own: do it once, print seconds and peak memory."""
    work = WORK[what](folder, rows)
    began = time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


def command(what: str, folder: Path, rows: int) -> str:
    words = ["-m", "benchmarks.manifest_io", "--one", what, "--folder", str(folder), "--rows", str(rows)]
    return subprocess.run([sys.executable, *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def measure(what: str, folder: Path, rows: int) -> tuple[float, int]:
    found = json.loads(command(what, folder, rows))
    return found["seconds"], found["peak"]


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--one", choices=sorted([*WORK, "prepare"]), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.one == "prepare":
        prepare(options.folder, options.rows)
        return 0
    if options.one:
        run_one(options.one, options.folder, options.rows)
        return 0
    with tempfile.TemporaryDirectory(prefix="gdac-bench-") as name:
        folder = Path(name)
        # In a process of its own too: a child begins with its parent's peak memory.
        command("prepare", folder, options.rows)
        size = (folder / "old.parquet").stat().st_size
        print(f"manifest of {options.rows:,} rows: {size / 1e6:.1f} MB, {size / options.rows:.1f} bytes per row")
        return report(folder, options.rows, options.runs)


def report(folder: Path, rows: int, runs: int) -> int:
    missed = 0
    print(f"{'':<7}{'ours s':>9}{'MB':>8}{'bare s':>9}{'MB':>8}{'ratio':>8}   target {TARGET}")
    for step in STEPS:
        sides: dict[str, list[tuple[float, int]]] = {"our": [], "bare": []}
        for _ in range(runs):
            for side, found in sides.items():
                found.append(measure(f"{side}-{step}", folder, rows))
        (ours, our_peak), (bare, bare_peak) = (
            (statistics.median(seconds for seconds, _ in found), max(peak for _, peak in found))
            for found in sides.values()
        )
        good = ours / bare <= TARGET and our_peak <= MEMORY_TARGET
        missed += not good
        print(
            f"{step:<7}{ours:>9.2f}{our_peak / 1e6:>8.0f}{bare:>9.2f}{bare_peak / 1e6:>8.0f}{ours / bare:>8.2f}"
            f"   {'met' if good else 'MISSED'}",
            flush=True,
        )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
