"""A day by listing and a scan in place on an archive of 4 million files, without 4 million real files.

The hub's manifest and index are those of `benchmarks.plan_day`. By listing: the source's listing is generated, one
object after the other, in the two forms that listings have (size and time, size and ETag), and goes through the real
listing, spool and comparison. In place: the same rows go through the real comparison; the scan itself is measured on
real, tiny files (``--files``), because it costs what the disk costs.
"""

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.index_diff import ROOT, index_files
from benchmarks.plan_day import NAME, WORK, make_hub
from gdac.columns import connect, stream
from gdac.index.read import load_listing
from gdac.manifest.files import load_manifest
from gdac.manifest.head import parse_head
from gdac.store import ObjectInfo
from sync.hub import plan, scan, whole
from sync.hub.listing import list_everything
from sync.hub.marks import Marks
from sync.progress import Silent
from sync.state import State


class Listed:
    """Lists what the manifest holds, as a server would; one in a thousand files was replaced."""

    name = "generated"

    def __init__(self, rows: Path, way: str) -> None:
        self._rows, self._way = rows, way

    async def list(self, prefix: str, *, recursive: bool = False) -> AsyncIterator[ObjectInfo]:
        del prefix, recursive
        with connect() as con:
            query = (
                f"select path, size, modified::timestamp, md5, row_number() over () from read_parquet('{self._rows}')"
            )
            for path, size, modified, md5, number in stream(con, query):
                if "/" not in path:
                    continue
                replaced = number % 1000 == 0
                if self._way == "etag":
                    yield ObjectInfo(path, size, None, f'"{md5.hex()}"' if not replaced else f'"{"0" * 32}"')
                else:
                    when = modified.replace(tzinfo=UTC) + timedelta(days=replaced)
                    yield ObjectInfo(path, size, when, None)


def prepared(rows: int, con: duckdb.DuckDBPyConnection, folder: Path) -> Path:
    """What a run has made before it looks: ``base``, ``known``, ``wanted``; returns the manifest."""
    hub = WORK / str(rows) / "hub"
    head = parse_head((hub / "manifest/head.json").read_bytes())
    manifest = hub / head.manifest.key
    load_manifest(con, manifest, "base", expect_sha256=head.manifest.sha256, archive=head.archive, rows_known=True)
    with State.open(folder / "state") as state:
        plan.load_pending(con, state, folder)
    plan.overlay(con)
    old, _ = index_files(rows)
    (folder / NAME).hardlink_to(old)
    load_listing(con, [folder / NAME], "wanted", workdir=folder)
    plan.compare_listed(con)
    return manifest


async def by_listing(rows: int, way: str) -> None:
    """Measure one day by listing."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".bench") as text:
        folder = Path(text)
        with connect(memory_limit="700MB", temp_directory=text) as con, Silent().stage("list") as stage:
            manifest = prepared(rows, con, folder)
            began = time.perf_counter()
            source: Any = Listed(manifest, way)
            await list_everything(source, {NAME}, con, folder, stage, 8)
            listed = time.perf_counter()
            Marks(folder).load(con)
            whole.compare_listing(con)
            compared = time.perf_counter()
            found = plan.count(con, "todo"), plan.count(con, "gone")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"listing by {way}: list {listed - began:.1f} s, compare {compared - listed:.1f} s, todo {found[0]:,},"
              f" gone {found[1]:,}, peak {peak:.0f} MB")  # fmt: skip


async def in_place(rows: int, tree: Path | None) -> None:
    """Measure the comparison of a scanned tree, and the scan of ``tree``."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".bench") as text:
        folder = Path(text)
        with connect(memory_limit="700MB", temp_directory=text) as con, Silent().stage("scan") as stage:
            if tree is not None:
                began = time.perf_counter()
                found = await scan.scan(tree, (), con, folder, stage, 8)
                print(f"scan of {found.files:,} files: {time.perf_counter() - began:.1f} s")
            manifest = prepared(rows, con, folder)
            con.execute(
                "create or replace table seen as select path, size, modified::timestamp as modified, 'profile' as kind,"
                f" regexp_extract(path, '^dac/[^/]+/[^/]+') as folder from read_parquet('{manifest}')"
                " where contains(path, '/')"
            )
            began = time.perf_counter()
            whole.compare_tree(con)
            seconds = time.perf_counter() - began
            done = plan.count(con, "todo"), plan.count(con, "gone")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"in place: compare {seconds:.1f} s, todo {done[0]:,}, gone {done[1]:,}, peak {peak:.0f} MB")


def main(argv: list[str] | None = None) -> int:
    """Measure and print, one way at a time: a peak belongs to its process."""
    parser = argparse.ArgumentParser(description="a day by listing, a tree in place")
    parser.add_argument("way", choices=("time", "etag", "tree"))
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--tree", type=Path, default=None, help="a tree to scan")
    options = parser.parse_args(argv)
    make_hub(options.rows)
    work = in_place(options.rows, options.tree) if options.way == "tree" else by_listing(options.rows, options.way)
    asyncio.run(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
