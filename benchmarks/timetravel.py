"""Time travel over 4 million files: the listing of an earlier day from deltas, and questions about single files.

    python -m benchmarks.timetravel [--rows 4000000] [--deltas 30] [--changes 5000] [--runs 3]

An archive is generated and sealed by the sealing code itself: one serial a day, each with ``--changes`` changed, added
and removed files. Only the first and the newest full manifest stay, as within a month. ``list`` writes the
listing of a day in the middle as Parquet: ours rebuilds it from the nearest full manifest and the deltas, with every
digest and every row judged; the peer is bare DuckDB, which copies a full manifest of that very day, were it stored,
and believes it. ``show`` is `gdac manifest show`. ``path`` and ``bytes`` ask about one file and one digest in a process
that lives on, as a server does: the first question, and the 95th percentile of the others. Sides are processes.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree

from benchmarks.manifest_io import COPY, engine, rows_sql
from benchmarks.measured import Table, in_turn, judged, used_by
from benchmarks.servers import ROOT
from gdac.manifest import local
from gdac.manifest.chain import survey
from gdac.manifest.history import History, state_at
from gdac.manifest.seal import prepare_seal

WORK = ROOT / ".bench" / "timetravel"
BEGIN = datetime(2026, 1, 5, 2, tzinfo=UTC)  # a Monday
TARGET_SECONDS, TARGET_RATIO, TARGET_MB, TARGET_P95 = 10.0, 3.0, 2500, 0.5
QUESTIONS = 40


def prepare(folder: Path, rows: int, deltas: int, changes: int) -> None:
    """Seal the days; keep the full manifest of the middle day beside the tree, for the peer."""
    tree = folder / "tree"
    if (folder / "ready").is_file():
        return
    rmtree(folder, ignore_errors=True)
    tree.mkdir(parents=True)
    con = engine(folder, rows)
    con.execute(f"copy (from ({rows_sql(rows)}) order by path) to '{folder}/state.parquet' {COPY}")
    step = max(3, 3 * rows // changes)
    for day in range(deltas + 1):
        now = BEGIN + timedelta(hours=4 * day)  # all within a week: no full manifest is kept between
        state = f"select * from '{folder}/state.parquet'"
        if day:
            part = f"hash(path, {day}) % {step}"
            state = (
                f"select * replace (case when {part} = 0 then unhex(sha256(path || '{day}')) else sha256 end as sha256)"
                f" from '{folder}/state.parquet' where {part} <> 1 union all select * replace"
                f" ('etc/{day}-' || md5(path) as path) from '{folder}/state.parquet' where {part} = 2"
            )
        con.execute(f"copy (from ({state}) order by path) to '{folder}/new.parquet' {COPY}")
        (folder / "new.parquet").replace(folder / "state.parquet")
        con.execute(
            "create or replace view state as select * replace (make_timestamp(epoch_us(modified)) as modified,"
            f" make_timestamp(epoch_us(date_update)) as date_update) from '{folder}/state.parquet'"
        )
        base = local.read_head(tree)
        if base is not None:
            local.open_manifest(con, tree, base.manifest, base.archive, "base")
        seal = prepare_seal(
            con,
            base=base,
            base_table="base" if base else None,
            new_table="state",
            archive=base.archive if base else str(uuid.uuid4()),
            now=now,
            staging=local.make_staging(tree),
            expires_after=timedelta(days=2),
        )
        local.publish(seal, tree, before=(tree / "manifest/head.json").read_bytes() if base else None)
        if base is not None and base.serial > 1:
            kept = tree / base.manifest.key
            if base.serial == 1 + deltas // 2:
                kept.replace(folder / "middle.parquet")
            else:
                kept.unlink()
        print(f"  sealed serial {seal.head.serial}", file=sys.stderr, flush=True)
    (folder / "ready").touch()


def ours(folder: Path, rows: int, serial: int) -> None:
    """Write the listing of a serial, rebuilt."""
    con = engine(folder, rows)
    tree = folder / "tree"
    state_at(con, tree, local.need_head(tree), serial, "past")
    con.execute(f"copy past to '{folder}/ours.parquet' {COPY}")


def bare(folder: Path, rows: int, _serial: int) -> None:
    """Write the same listing from a stored full manifest."""
    engine(folder, rows).execute(f"copy (from '{folder}/middle.parquet') to '{folder}/bare.parquet' {COPY}")


def ask(folder: Path, rows: int, _serial: int) -> None:
    """Questions about paths and digests, one after the other, in one process; prints seconds as JSON."""
    con = engine(folder, rows)
    tree = folder / "tree"
    head = local.need_head(tree)
    sample = f"select path, sha256 from '{folder}/state.parquet' using sample {QUESTIONS} rows (reservoir, 7)"
    found = con.execute(sample).fetchall()
    seconds: dict[str, list[float]] = {"path": [], "bytes": []}
    for kind, measured in seconds.items():
        for path, sha256 in found:
            began = time.perf_counter()
            history = History(con, survey(con, tree, head))
            stays = history.of_path(path) if kind == "path" else history.of_digest(bytes(sha256))
            measured.append(time.perf_counter() - began)
            assert stays, path
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**seconds, "mb": peak}))


def tell_questions(folder: Path, rows: int, serial: int) -> bool:
    command = [sys.executable, "-m", "benchmarks.timetravel", "--side", "ask", "--rows", str(rows), str(folder)]
    found = json.loads(subprocess.check_output([*command, "--serial", str(serial)], cwd=ROOT, text=True))
    missed = False
    for kind in ("path", "bytes"):
        first, others = found[kind][0], sorted(found[kind][1:])
        p95 = others[int(len(others) * 0.95)]
        middle = statistics.median(others)
        text = f"one {kind} of {rows:,} files: first {first:.2f} s, then median {middle:.3f} s, p95 {p95:.3f} s"
        missed |= judged(f"{text} (target {TARGET_P95} s)", met=p95 <= TARGET_P95)
    print(f"peak of that process {found['mb']:.0f} MB")
    return missed


def main(argv: list[str] | None = None) -> int:
    """Measure and print a table; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--deltas", type=int, default=30)
    parser.add_argument("--changes", type=int, default=5_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--serial", type=int, help=argparse.SUPPRESS)
    parser.add_argument("folder", nargs="?", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    folder = options.folder or WORK / f"{options.rows}-{options.deltas}-{options.changes}"
    serial = options.serial or 1 + options.deltas // 2
    if options.side == "prepare":
        prepare(folder, options.rows, options.deltas, options.changes)
        return 0
    if options.side:
        {"ours": ours, "bare": bare, "ask": ask}[options.side](folder, options.rows, serial)
        return 0
    again = [sys.executable, "-m", "benchmarks.timetravel", "--rows", str(options.rows)]
    sizes = ["--deltas", str(options.deltas), "--changes", str(options.changes)]
    subprocess.run([*again, *sizes, "--side", "prepare", str(folder)], cwd=ROOT, check=True)

    def side(name: str) -> list[str]:
        return [*again, "--side", name, "--serial", str(serial), str(folder)]

    show = [sys.executable, "-m", "gdac.cli.main", "manifest", "show", str(folder / "tree"), "--serial", str(serial)]
    table = Table(["gdac"])
    in_turn(
        options.runs,
        {"gdac": lambda: used_by(side("ours")), "bare DuckDB": lambda: used_by(side("bare"))},
        table,
        "list",
    )
    in_turn(options.runs, {"gdac manifest show": lambda: used_by(show)}, table, "show")
    print(f"{options.rows:,} files, serial {serial} of {options.deltas + 1}, {options.changes:,} changes a serial")
    table.show()
    seconds = statistics.median(run.wall for run in table.runs["list", "gdac"])
    peak = max(run.mb for run in table.runs["list", "gdac"])
    ratio = table.ratio("list", "gdac", "bare DuckDB")
    missed = judged(f"listing in {seconds:.1f} s (target {TARGET_SECONDS} s)", met=seconds <= TARGET_SECONDS)
    missed |= judged(f"{ratio:.2f}x bare DuckDB reading it stored (target {TARGET_RATIO})", met=ratio <= TARGET_RATIO)
    missed |= judged(f"peak {peak:.0f} MB (target {TARGET_MB})", met=peak <= TARGET_MB)
    missed |= tell_questions(folder, options.rows, serial)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
