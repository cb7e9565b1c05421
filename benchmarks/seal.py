"""T14: the brake and the seal of a day over a large archive, from generated manifests and no real files.

    python -m benchmarks.seal [--rows 20000000] [--memory 2800MB]

A day of 5,000 changed, 5,000 added and 500 removed files; and the worst plan a brake may meet, everything gone. Each
step is a process of its own. There is no peer to stand beside: rclone, lftp and s5cmd keep no sealed state.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from benchmarks.index_diff import ROOT
from benchmarks.manifest_io import rows_sql
from gdac.columns import connect
from gdac.manifest.files import load_manifest
from gdac.manifest.head import Head, parse_head
from gdac.manifest.seal import prepare_seal
from policies.deletion import Hold, Limits, decide
from sync.brakes.facts import plan_facts

WORK = ROOT / ".bench" / "seal"
CHANGED, ADDED, REMOVED = 5_000, 5_000, 500
TARGET_MB = 4096
STEPS = ("seal", "brake: a day", "brake: all gone")


def make(rows: int, memory: str) -> None:
    """Seal the first serial of a generated archive."""
    hub = WORK / str(rows)
    if (hub / "head.json").is_file():
        return
    shutil.rmtree(hub, ignore_errors=True)
    (hub / "staging").mkdir(parents=True)
    with connect(memory_limit=memory, temp_directory=str(hub)) as con:
        con.execute(f"create view state as {rows_sql(rows)}")
        seal = prepare_seal(
            con,
            base=None,
            base_table=None,
            new_table="state",
            archive=str(uuid.uuid4()),
            now=datetime(2026, 1, 1, tzinfo=UTC),
            staging=hub / "staging",
            expires_after=timedelta(days=2),
        )
    for file in seal.files:
        (hub / file.key).parent.mkdir(parents=True, exist_ok=True)
        file.path.replace(hub / file.key)
    (hub / "head.json").write_bytes(seal.head_raw)


def measure(step: str, rows: int, memory: str) -> dict[str, float]:
    """One step, from manifest on disk to its result; wall seconds and peak MB of this process."""
    hub = WORK / str(rows)
    head = parse_head((hub / "head.json").read_bytes())
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=hub) as folder, connect(memory_limit=memory, temp_directory=folder) as con:
        manifest = hub / head.manifest.key
        load_manifest(con, manifest, "base", expect_sha256=head.manifest.sha256, archive=head.archive, rows_known=True)
        if step == "seal":
            _seal(con, head, rows, Path(folder))
        else:
            _brake(con, rows, everything=step.endswith("gone"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"wall": time.perf_counter() - began, "mb": peak}


def _seal(con: duckdb.DuckDBPyConnection, head: Head, rows: int, folder: Path) -> None:
    con.execute(
        f"""create view state as select * replace (
            case when hash(path) % {rows // CHANGED} = 0 then size + 1 else size end as size,
            case when hash(path) % {rows // CHANGED} = 0 then unhex(sha256(path)) else sha256 end as sha256)
        from base where hash(path, 1) % {rows // REMOVED} <> 0
        union all select * replace ('dac/kma/' || path[10:] as path) from base
            where hash(path, 2) % {rows // ADDED} = 0 and hash(path, 1) % {rows // REMOVED} <> 0"""
    )
    staging = folder / "staging"
    staging.mkdir()
    seal = prepare_seal(
        con,
        base=head,
        base_table="base",
        new_table="state",
        archive=head.archive,
        now=datetime(2026, 2, 1, tzinfo=UTC),
        staging=staging,
        expires_after=timedelta(days=2),
    )
    assert seal.head.serial == 2
    assert seal.counts.rows > CHANGED


def _brake(con: duckdb.DuckDBPyConnection, rows: int, *, everything: bool) -> None:
    gone = "true" if everything else f"hash(path, 1) % {rows // REMOVED} = 0"
    come = "false" if everything else f"hash(path) % {rows // CHANGED} = 0"
    con.execute(f"create table todo as select path, date_update, 'changed' as why from base where {come}")
    con.execute(f"create table gone as select path from base where {gone} order by path")
    con.execute("create table pending (path varchar, date_update timestamp)")
    decision = decide(plan_facts(con, ()), Limits())
    assert isinstance(decision, Hold) == everything


def main(argv: list[str] | None = None) -> int:
    """Measure and print a table; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description="T14: brake and seal of a large archive")
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument(
        "--memory", default="2800MB", help="limit of the column engine, as hub.memory in a configuration"
    )
    parser.add_argument("--step", choices=("make", *STEPS), help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.step == "make":
        make(options.rows, options.memory)
        return 0
    if options.step:
        print(json.dumps(measure(options.step, options.rows, options.memory)))
        return 0
    again = [sys.executable, "-m", "benchmarks.seal", "--rows", str(options.rows), "--memory", options.memory, "--step"]
    subprocess.run([*again, "make"], cwd=ROOT, check=True)
    print(f"a day over {options.rows:,} files, column engine limited to {options.memory}; target {TARGET_MB} MB")
    print(f"{'step':<20}{'wall s':>8}{'peak MB':>9}")
    missed = False
    for step in STEPS:
        found = json.loads(subprocess.check_output([*again, step], cwd=ROOT))
        print(f"{step:<20}{found['wall']:>8.1f}{found['mb']:>9.0f}", flush=True)
        missed |= found["mb"] > TARGET_MB
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
