"""A hub that collects, at full size: what an hour's seal costs beside checking and publishing.

    python -m benchmarks.collect_seal [--rows 4000000] [--runs 3]

An archive of generated rows, and among them 100 floats whose 1,000 core profiles are real files. These all come again
with a new DATE_UPDATE, are journalled as a run of collecting does, and sealed by `sync.collect.sealing.seal_collected`:
index files, merged files, manifest, delta, head. Told apart are the index files alone (`make_indexes`), and the first
seal over a tree that was taken over, whose index files are held against its manifest. Every run is a fresh process.
"""

import argparse
import asyncio
import hashlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gdac.columns import connect
from gdac.index import BUILT, SPECS, new_header
from gdac.index.build import build_indexes
from gdac.manifest.seal import IndexFile, prepare_seal
from gdac.netcdf import read_header
from gdac.paths import ArchivePath, Kind
from gdac.sample import make_archive
from sync.collect import sealing
from sync.config import Config, check_config
from sync.progress import Silent
from sync.run import opened, taken_hub
from sync.state import Ingested, State

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".bench" / "collect_seal"
DAY = date(2025, 3, 1)
NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
CHANGES = 1000
FLOATS, CYCLES = 100, 10
#: The index files of a full archive are to be made again in so many seconds.
TARGET_SECONDS = 20.0
PROFILES = BUILT[0]


def rows_sql(rows: int) -> str:
    """Generated profile rows, as a profile index has them; no geo/ day of the real files is among theirs."""
    wmo = "(1000000 + i // 200)"
    return (
        f"select format('{{}}/{{}}/profiles/D{{}}_{{:03d}}.nc', ['aoml', 'bodc', 'csiro', 'jma'][1 + i * 4 // {rows}],"
        f" {wmo}, {wmo}, 1 + i % 200) as file, strftime(timestamp '2000-01-01' + to_seconds(i * 150), '%Y%m%d%H%M%S')"
        " as date, (i % 120000) / 1000 - 60.0 as latitude, (i % 360000) / 1000 - 180.0 as longitude,"
        " strftime(timestamp '2005-01-01' + to_seconds(i * 77), '%Y%m%d%H%M%S') as date_update"
        f" from range({rows}) t(i)"
    )


def make(rows: int) -> Path:
    """A sealed archive in the place of one that was taken over; made once."""
    root = WORK / str(rows) / "archive"
    if (root / "manifest/head.json").is_file():
        return root
    shutil.rmtree(root, ignore_errors=True)
    make_archive(root, floats=FLOATS, cycles=CYCLES, seed=5, day=DAY)
    for file in [*root.glob("*.txt*"), *root.rglob("*prof.nc")]:
        file.unlink()
    with TemporaryDirectory(dir=WORK) as folder, connect(temp_directory=folder) as con:
        build_indexes(con, root, root, updated=NOW - timedelta(hours=1))
        _seal(con, root, rows, Path(folder))
    return root


def _seal(con: Any, root: Path, rows: int, folder: Path) -> None:
    header = new_header(SPECS[PROFILES], updated=NOW - timedelta(hours=1)).encode()
    own = (root / f"{PROFILES}.txt").read_bytes().removeprefix(header).decode().splitlines()
    con.execute("create table lines (line varchar)")
    con.executemany("insert into lines values (?)", [[line] for line in own])
    con.execute(
        f"""copy (select line from lines union all
        select format('{{}},{{}},{{:.3f}},{{:.3f}},A,846,AO,{{}}', file, date, latitude, longitude, date_update)
        from ({rows_sql(rows)}) order by 1) to '{folder}/rows' (header false, quote '', escape '', delimiter '\x01')"""
    )
    with (root / f"{PROFILES}.txt").open("wb") as out, (folder / "rows").open("rb") as body:
        out.write(header)
        shutil.copyfileobj(body, out, 1 << 20)
    shape = "path varchar, size bigint, sha256 blob, md5 blob, modified timestamp, date_update timestamp"
    con.execute(f"create table own ({shape})")
    files = [each for each in root.rglob("*") if each.is_file()]
    con.executemany("insert into own values (?, ?, ?, ?, ?, ?)", [_row(root, each) for each in files])
    con.execute(
        "create view state as select * from own union all select 'dac/' || file, 20000 + length(file) * 7,"
        " unhex(sha256(file)), unhex(md5(file)), strptime(date_update, '%Y%m%d%H%M%S'),"
        f" strptime(date_update, '%Y%m%d%H%M%S') from ({rows_sql(rows)})"
    )
    seal = prepare_seal(
        con,
        base=None,
        base_table=None,
        new_table="state",
        archive=str(uuid.uuid4()),
        now=NOW,
        staging=folder,
        expires_after=timedelta(days=2),
        indexes=[IndexFile(f"{name}.txt", root / f"{name}.txt", NOW - timedelta(hours=1)) for name in BUILT],
    )
    for file in seal.files:
        (root / file.key).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(file.path, root / file.key)
    (root / "manifest/head.json").write_bytes(seal.head_raw)


def _row(root: Path, file: Path) -> list[Any]:
    data, path = file.read_bytes(), file.relative_to(root).as_posix()
    listed = ArchivePath.parse(path).kind.is_listed
    when = datetime(2025, 2, 1) if listed else None  # noqa: DTZ001 - as tables have it
    sha256, md5 = hashlib.sha256(data).digest(), hashlib.md5(data, usedforsecurity=False).digest()
    return [path, len(data), sha256, md5, datetime(2025, 2, 1), when]  # noqa: DTZ001


def fresh(archive: Path) -> Path:
    """A hub to work on: links to what is never changed in place, but for the files that come again."""
    root = archive.parent / "run"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(archive, root / "hub", copy_function=os.link)
    return root


def configured(root: Path) -> Config:
    return check_config(
        {"hub": {"store": str(root / "hub"), "state": str(root / "state")}, "collect": {}}, where="benchmark"
    )


def submit(root: Path, stamp: datetime) -> None:
    """The 1,000 profiles come with another DATE_UPDATE."""
    hub = root / "hub"
    found = [each for each in sorted((hub / "dac").rglob("profiles/*.nc")) if is_core(hub, each)][:CHANGES]
    assert len(found) == CHANGES, len(found)
    came = []
    for file in found:
        data = bytearray(file.read_bytes())
        begin = read_header(bytes(data)).variables["DATE_UPDATE"].begin
        assert begin is not None
        data[begin : begin + 14] = f"{stamp:%Y%m%d%H%M%S}".encode()
        file.unlink()
        file.write_bytes(data)
        sha256, md5 = hashlib.sha256(data).digest(), hashlib.md5(data, usedforsecurity=False).digest()
        came.append(Ingested(file.relative_to(hub).as_posix(), len(data), sha256, md5, stamp, stamp))
    with State.open(root / "state") as state:
        state.done((), came, (), arrived=stamp)


def is_core(hub: Path, file: Path) -> bool:
    return ArchivePath.parse(file.relative_to(hub).as_posix()).kind is Kind.PROFILE


@contextmanager
def timed_indexes(seconds: dict[str, float]) -> Iterator[None]:
    """Tell how long the index files and the merged files take within a seal."""
    parts = {"indexes": "make_indexes", "merged": "derive"}
    originals = {part: getattr(sealing, name) for part, name in parts.items()}

    def timed(part: str) -> Any:
        async def call(*args: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return await originals[part](*args, **named)
            finally:
                seconds[part] = time.perf_counter() - began

        return call

    for part, name in parts.items():
        setattr(sealing, name, timed(part))
    try:
        yield
    finally:
        for part, name in parts.items():
            setattr(sealing, name, originals[part])


async def seal(root: Path, when: datetime) -> None:
    config = configured(root)
    with State.open(config.state_directory) as state:
        async with opened("(hub)", config.hub) as store:
            hub = await taken_hub(config, state, store, lambda: when)
            await sealing.seal_collected(config, state, hub, Silent(), lambda: when, run_number=None)


def one(root: Path, when: datetime) -> None:
    """One seal in this process: its seconds and peak."""
    seconds: dict[str, float] = {}
    wall, cpu = time.perf_counter(), time.process_time()
    with timed_indexes(seconds):
        asyncio.run(seal(root, when))
    used = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**used, "indexes": 0.0, "merged": 0.0, **seconds, "mb": peak}))


def measured(root: Path, when: datetime) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.collect_seal", "--one", str(root), when.isoformat()]
    return dict(json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout))


def main(argv: list[str] | None = None) -> int:
    """Measure and print a table; 1 when the target was missed."""
    parser = argparse.ArgumentParser(description="an hour's seal of a hub that collects")
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--make", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    WORK.mkdir(parents=True, exist_ok=True)
    if options.one:
        one(Path(options.one[0]), datetime.fromisoformat(options.one[1]))
        return 0
    if options.make:
        make(options.rows)
        return 0
    # in a process of its own: a child begins with its parent's peak memory
    own = [sys.executable, "-m", "benchmarks.collect_seal", "--make", "--rows", str(options.rows)]
    subprocess.run(own, cwd=ROOT, check=True)
    print(
        f"sealing {CHANGES:,} submitted profiles into an archive of {options.rows:,} files; target: index files <="
        f" {TARGET_SECONDS:.0f} s ({os.cpu_count()} cores)"
    )
    print(f"{'what':<34}{'wall s':>8}{'CPU s':>8}{'indexes s':>11}{'merged s':>10}{'peak MB':>9}")
    root = fresh(make(options.rows))
    found: dict[str, list[dict[str, float]]] = {}
    at = NOW
    for number in range(options.runs):
        at += timedelta(hours=1)
        submit(root, at)
        name = f"{CHANGES:,} changes" if number else "taken over, and the changes"
        found.setdefault(name, []).append(measured(root, at))
        found.setdefault("nothing came", []).append(measured(root, at + timedelta(minutes=1)))
    missed = False
    for name, runs in found.items():
        told = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        missed |= "changes" in name and "over" not in name and told["indexes"] > TARGET_SECONDS
        cells = f"{told['wall']:>8.2f}{told['cpu']:>8.2f}{told['indexes']:>11.2f}{told['merged']:>10.2f}"
        print(f"{name:<34}{cells}{told['mb']:>9.0f}")
    shutil.rmtree(root)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
