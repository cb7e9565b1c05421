"""T2, T3, T4: fetching by FTP and HTTP, with and without 40 ms of round trip, and uploading; beside named peers.

    python -m benchmarks.transfers [--runs 3] [--files 600] [--puts 5000] [--only ftp,http,put]

Files of 30 KB in one directory (so that listing it weighs nothing), all sides in turn against the same server. Ours is
what ingest does with a file, both digests included, and for uploads what replicate does, which holds them against the
manifest's (`benchmarks.carrier`). Peers: `lftp mirror`, `rclone copy`, `s5cmd cp`. What was fetched is compared byte by
byte; what went into the sink too.

T2: FTP, 40 ms, 8 connections: >= 1.1x lftp, >= 1.0x rclone. T3: HTTP, 32 connections: >= 1.0x rclone at 40 ms, >= 0.7x
on loopback. T4: uploads into a sink (nginx): >= 1.2x rclone, >= 1.4x s5cmd, <= 0.6x their CPU.
"""

import argparse
import hashlib
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.measured import Table, Used, in_turn, judged, missing, used_by
from benchmarks.servers import AWS_KEYS, KEY, SECRET, WORK, delayed, ftp, program, web

SIZE = 30_720
DELAY = 40.0
OURS = "ours"
Sides = dict[str, Callable[[], Used]]


def flat(folder: Path, files: int) -> Path:
    """A directory of so many files of 30 KB."""
    if not folder.is_dir() or len(list(folder.iterdir())) != files:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        chance = random.Random(4)
        for number in range(files):
            (folder / f"R{1900000 + number}_001.nc").write_bytes(chance.randbytes(SIZE))
    return folder


def same(one: Path, other: Path) -> None:
    """Both hold the same names with the same bytes."""
    names = sorted(each.name for each in one.iterdir())
    found = sorted(each.name for each in other.iterdir() if not each.name.startswith("."))
    assert names == found, f"{len(found)} of {len(names)} files"
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


def fetching(tree: Path, target: Path, command: list[str]) -> Callable[[], Used]:
    """A side that fetches everything into an empty directory, which is compared then."""

    def side() -> Used:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        used = used_by(command)
        same(tree, target)
        return used

    return side


def carrier(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks.carrier", *arguments]


def rclone(connections: int, *arguments: str) -> list[str]:
    limits = ["--transfers", str(connections), "--checkers", str(connections)]
    return [program("rclone") or "rclone", "copy", "--config", os.devnull, "-q", *limits, *arguments]


def by_ftp(table: Table, files: int, runs: int) -> list[str]:
    """T2; returns the peers that were there."""
    tree = flat(WORK / "transfers" / f"flat-{files}", files)
    target = WORK / "transfers" / "fetched"
    with ftp(tree) as port, delayed(port, DELAY) as proxy:
        sides: Sides = {
            OURS: fetching(tree, target, carrier(f"ftp://127.0.0.1:{proxy.port}", str(target), "8")),
        }
        if lftp := program("lftp"):
            mirror = f"set net:max-retries 2; mirror -P8 . {target}; quit"  # never /: vsftpd does not shut us in
            sides["lftp mirror"] = fetching(tree, target, [lftp, "-e", mirror, f"ftp://127.0.0.1:{proxy.port}"])
        if program("rclone"):
            remote = f":ftp,host=127.0.0.1,port={proxy.port},user=anonymous:"
            sides["rclone copy"] = fetching(tree, target, [*rclone(8), *_password(), remote, str(target)])
        in_turn(runs, sides, table, f"FTP GET, {DELAY:.0f} ms, 8 conns")
    return list(sides)


def _password() -> list[str]:
    """An account of rclone's needs a password, hidden in its own way."""
    hidden = subprocess.check_output([program("rclone") or "rclone", "obscure", "a@b"], text=True).strip()
    return ["--ftp-pass", hidden]


def by_http(table: Table, files: int, runs: int, delay: float) -> list[str]:
    """T3; returns the peers that were there."""
    tree = flat(WORK / "transfers" / f"flat-{files}", files)
    target = WORK / "transfers" / "fetched"
    with web(tree) as port, delayed(port, delay) as proxy:
        url = f"http://127.0.0.1:{proxy.port if delay else port}"
        sides: Sides = {OURS: fetching(tree, target, carrier(url, str(target), "32"))}
        if program("rclone"):
            quick = ["--http-no-head", f":http,url='{url}':", str(target)]  # else it asks for every file twice
            sides["rclone copy"] = fetching(tree, target, rclone(32, *quick))
        in_turn(runs, sides, table, f"HTTP GET, {delay:.0f} ms, 32 conns")
    return list(sides)


def into_sink(table: Table, files: int, runs: int) -> list[str]:
    """T4; returns the peers that were there."""
    tree = flat(WORK / "transfers" / f"flat-{files}", files)
    sink = WORK / "transfers" / "sink"
    bucket = sink / "bucket"

    def putting(command: list[str]) -> Callable[[], Used]:
        def side() -> Used:
            shutil.rmtree(bucket, ignore_errors=True)
            bucket.mkdir(parents=True)
            used = used_by(command, AWS_KEYS)
            same(tree, bucket)
            return used

        return side

    sink.mkdir(parents=True, exist_ok=True)
    manifest = WORK / "transfers" / "manifest.txt"
    with manifest.open("w") as out:
        for file in tree.iterdir():
            data = file.read_bytes()
            out.write(f"{file.name} {hashlib.sha256(data).hexdigest()} {hashlib.md5(data).hexdigest()}\n")
    with web(sink, sink=True) as port:
        endpoint = f"http://127.0.0.1:{port}"
        sides: Sides = {OURS: putting(carrier(str(tree), "s3://bucket", "16", endpoint, str(manifest)))}
        if program("rclone"):
            keys = f"access_key_id={KEY},secret_access_key={SECRET}"
            remote = f":s3,provider=Other,{keys},endpoint='{endpoint}',force_path_style=true:bucket"
            quick = ["--ignore-checksum", "--no-check-dest", "--s3-no-head", "--s3-no-check-bucket"]
            sides["rclone copy"] = putting(rclone(16, *quick, str(tree), remote))
        if s5cmd := program("s5cmd"):
            command = [s5cmd, "--numworkers", "64", "--endpoint-url", endpoint, "--log", "error", "cp"]
            sides["s5cmd cp"] = putting([*command, f"{tree}/", "s3://bucket/"])
        in_turn(runs, sides, table, "PUT into a sink")
    return list(sides)


def judge(table: Table, work: str, peer: str, wall: float, cpu: float | None = None) -> bool:
    """Print whether our rate is at least ``wall`` times the peer's and our CPU ``cpu`` of its at most; True: missed."""
    rate = 1 / table.ratio(work, OURS, peer)
    missed = judged(f"{work}: {rate:.2f}x the rate of {peer} (target {wall}x)", met=rate >= wall)
    if cpu is not None:
        share = table.ratio(work, OURS, peer, "cpu")
        missed |= judged(f"{work}: {share:.2f}x the CPU of {peer} (target {cpu}x)", met=share <= cpu)
    return missed


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 1 when a target is missed or could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--files", type=int, default=600, help="files to fetch")
    parser.add_argument("--puts", type=int, default=5000, help="files to upload")
    parser.add_argument("--only", default="ftp,http,put")
    options = parser.parse_args(argv)
    only = options.only.split(",")
    missed = False
    targets: dict[str, list[tuple[str, float, float | None]]] = {}
    tables = []
    if "ftp" in only:
        tables.append((table := Table([OURS]), options.files))
        by_ftp(table, options.files, options.runs)
        targets[f"FTP GET, {DELAY:.0f} ms, 8 conns"] = [("lftp mirror", 1.1, None), ("rclone copy", 1.0, None)]
    for delay, least, more in ((DELAY, 1.0, 10), (0.0, 0.7, 15)) if "http" in only else ():
        if not program("nginx"):
            missing("nginx", "T3 (HTTP) is not measured")
            missed = True
            break
        tables.append((table := Table([OURS]), more * options.files))
        by_http(table, more * options.files, options.runs, delay)
        targets[f"HTTP GET, {delay:.0f} ms, 32 conns"] = [("rclone copy", least, None)]
    if "put" in only and program("nginx"):
        tables.append((table := Table([OURS]), options.puts))
        into_sink(table, options.puts, options.runs)
        targets["PUT into a sink"] = [("rclone copy", 1.2, 0.6), ("s5cmd cp", 1.4, 0.6)]
    elif "put" in only:
        missing("nginx", "T4 (PUT) is not measured")
        missed = True
    for table, files in tables:
        table.show(files)
        for work, peers in targets.items():
            for peer, wall, cpu in peers if (work, OURS) in table.runs else ():
                if (work, peer) in table.runs:
                    missed |= judge(table, work, peer, wall, cpu)
                else:
                    missing(peer, f"{work} has no figures of it")
                    missed = True
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
