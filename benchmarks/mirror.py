"""T1: a first mirror FTP -> S3 of many small files, a day without change, a day with 100 changes; beside peers.

    python -m benchmarks.mirror [--files 20000] [--runs 3] [--delay 40] [--peers lftp,rclone]

Ours is `gdac sync run`, with a journal, SHA-256 and MD5 of every file and a sealed manifest, in two forms: *bucket*,
the hub itself in the bucket; *disk*, a hub on disk and the bucket as its mirror, as `lftp` and `s5cmd` do it. Peers:
`lftp mirror` to disk, then `s5cmd sync` to S3; `rclone sync` from FTP to S3 (in the first run only: its pauses between
two files make it some minutes). Same servers for all, in turn: vsftpd (or `rclone serve ftp`) and `rclone serve s3`.

In the first run the two later days are played once more with ``--delay`` milliseconds of round trip to the FTP server
and with both servers behind `benchmarks.delay`, which counts what they are asked for.

After every first mirror and at the end all buckets are compared with the source, byte by byte.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from benchmarks.measured import Table, Used, judged, median, missing, together, used_by
from benchmarks.servers import AWS_KEYS, KEY, OUR_KEYS, ROOT, SECRET, WORK, delayed, free_port, ftp, program, s3

HOME = WORK / "mirror"
CHANGES = 100
TARGET_RATIO, TARGET_MB = 0.75, 150
DISK, BUCKET = "disk", "bucket"
PEERS = ("lftp, then s5cmd", "rclone sync")


class Ours:
    """Our own run, with the hub on disk and a bucket as mirror, or with the hub in a bucket."""

    def __init__(self, name: str, ftp_port: int, s3_port: int, connections: int) -> None:
        self.name = self.bucket = name
        folder = HOME / f"ours-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._config = folder / "gdac.toml"
        place = f'store = "s3://{name}"\nendpoint = "http://127.0.0.1:{s3_port}"\nconnections = 16\n'
        # `rclone serve s3` ignores preconditions: a hub there must be the only writer, and say so.
        hub = f'store = "{folder / "hub"}"\n' if name == DISK else f"{place}single_writer = true\n"
        self._config.write_text(
            f'[hub]\n{hub}state = "{folder / "state"}"\n'
            f'[source.ftp]\nstore = "ftp://127.0.0.1:{ftp_port}"\nconnections = {connections}\n'
            + (f"[mirror.s3]\n{place}" if name == DISK else "")
        )

    def __call__(self) -> Used:
        command = [sys.executable, "-m", "gdac.cli.main", "sync", "run", "-q", "-c", str(self._config)]
        return used_by(command, OUR_KEYS)


class Rclone:
    """`rclone sync` straight from FTP to S3."""

    name, bucket = PEERS[1], "rclone"

    def __init__(self, ftp_port: int, s3_port: int, connections: int) -> None:
        rclone = program("rclone") or "rclone"
        hidden = subprocess.check_output([rclone, "obscure", "a@b"], text=True).strip()
        keys = f"access_key_id={KEY},secret_access_key={SECRET}"
        remote = f":s3,provider=Other,{keys},endpoint='http://127.0.0.1:{s3_port}':{self.bucket}"
        self._command = [rclone, "sync", "--config", os.devnull, "-q", "--ftp-pass", hidden]
        self._command += ["--transfers", str(connections), "--checkers", str(connections)]
        self._command += [f":ftp,host=127.0.0.1,port={ftp_port},user=anonymous:", remote]

    def __call__(self) -> Used:
        return used_by(self._command)


class LftpAndS5cmd:
    """`lftp mirror` to disk, then `s5cmd sync` to S3."""

    name, bucket = PEERS[0], "lftp"

    def __init__(self, ftp_port: int, s3_port: int, connections: int) -> None:
        folder = HOME / "lftp"
        shutil.rmtree(folder, ignore_errors=True)
        mirror = f"mirror -P{connections} --delete . {folder}"  # never /: vsftpd does not shut us in
        self._lftp = ["lftp", "-e", f"set net:max-retries 2; {mirror}; quit", f"ftp://127.0.0.1:{ftp_port}"]
        self._s5cmd = [program("s5cmd") or "s5cmd", "--endpoint-url", f"http://127.0.0.1:{s3_port}", "--log", "error"]
        self._s5cmd += ["sync", "--delete", f"{folder}/", f"s3://{self.bucket}/"]

    def __call__(self) -> Used:
        return together([used_by(self._lftp), used_by(self._s5cmd, AWS_KEYS)])


Side = Ours | Rclone | LftpAndS5cmd


def source_tree(files: int) -> Path:
    """A fresh copy, by hard links, of a sample archive of about so many profile files, which is made once."""
    # In a process of its own: a child begins with its parent's peak memory.
    subprocess.run([sys.executable, "-m", "benchmarks.source", "make", str(HOME), str(files)], cwd=ROOT, check=True)
    return HOME / "source"


def change(tree: Path, number: int, files: int = CHANGES, *, old_times: bool = False) -> list[str]:
    """A day at the source, ``number`` days after the first; returns what changed (`benchmarks.source`)."""
    command = [sys.executable, "-m", "benchmarks.source", "change", str(tree), str(number), str(files)]
    done = subprocess.run([*command, str(int(old_times))], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.split()


def sides_of(ftp_port: int, s3_port: int, connections: int, peers: Sequence[str]) -> list[Side]:
    """Our two forms and the peers that are there, in the order in which they take turns."""
    sides: list[Side] = [Ours(BUCKET, ftp_port, s3_port, connections)]
    if "lftp" in peers and program("lftp") and program("s5cmd"):
        sides.append(LftpAndS5cmd(ftp_port, s3_port, connections))
    sides.append(Ours(DISK, ftp_port, s3_port, connections))
    if "rclone" in peers and program("rclone"):
        sides.append(Rclone(ftp_port, s3_port, connections))
    return sides


def buckets_of(sides: Sequence[Side] = ()) -> Path:
    """Empty buckets."""
    buckets = HOME / "buckets"
    shutil.rmtree(buckets, ignore_errors=True)
    for name in (BUCKET, DISK, LftpAndS5cmd.bucket, Rclone.bucket, *(side.bucket for side in sides)):
        (buckets / name).mkdir(parents=True, exist_ok=True)
    return buckets


def differing(tree: Path, bucket: Path) -> set[str]:
    """What a bucket lacks, has too much, or has with other bytes; `manifest/` apart."""
    held = {each.relative_to(bucket).as_posix() for each in bucket.rglob("*") if each.is_file()}
    held = {path for path in held if not path.startswith("manifest/")}
    listed = {each.relative_to(tree).as_posix() for each in tree.rglob("*") if each.is_file()}
    return (held ^ listed) | {
        path for path in held & listed if (tree / path).read_bytes() != (bucket / path).read_bytes()
    }


def check(tree: Path, buckets: Path, sides: Sequence[Side]) -> None:
    """All buckets are right; ours must be, of peers it is told."""
    for side in sides:
        wrong = differing(tree, buckets / side.bucket)
        if wrong and isinstance(side, Ours):
            raise SystemExit(f"{side.name}: {len(wrong)} files differ, such as {sorted(wrong)[:3]}")
        if wrong:
            print(f"{side.name} left {len(wrong)} files wrong, such as {min(wrong)}")


def one_run(table: Table, files: int, connections: int, peers: Sequence[str], delay: float) -> None:
    """All days once, every side in turn; with a ``delay`` the later days once more, counted."""
    tree, buckets = source_tree(files), buckets_of()
    ports = free_port(), free_port()
    sides = sides_of(*ports, connections, peers)

    def day(name: str, run: Callable[[Side], Used]) -> None:
        for side in sides:
            table.add(name, side.name, run(side))

    with ftp(tree, ports[0]), s3(buckets, ports[1]):
        day("first mirror", lambda side: side())
        check(tree, buckets, sides)
        day("no change", lambda side: side())
        change(tree, 1)
        day(f"{CHANGES} changes", lambda side: side())
    with ExitStack() as stack:
        if delay:
            inner = stack.enter_context(ftp(tree)), stack.enter_context(s3(buckets))
            proxies = [
                stack.enter_context(delayed(inner[0], delay, ports[0])),
                stack.enter_context(delayed(inner[1], 0, ports[1])),
            ]

            def counted(side: Side) -> Used:
                for proxy in proxies:
                    proxy.seen()
                used = side()
                return replace(used, requests=sum(sum(proxy.seen().values()) for proxy in proxies))

            day(f"no change, {delay:.0f} ms", counted)
            change(tree, 2)
            day(f"{CHANGES} changes, {delay:.0f} ms", counted)
    check(tree, buckets, sides)


def judge(table: Table) -> bool:
    """Print T1; True when it is missed."""
    work = "first mirror"
    missed = False
    for name in table.ours:
        mb = median(table.runs[work, name], "mb")
        missed |= judged(f"T1 {name}: peak memory {mb:.0f} MB (target {TARGET_MB})", met=mb <= TARGET_MB)
        if (work, PEERS[0]) in table.runs:
            ratio, cpu = (table.ratio(work, name, PEERS[0], part) for part in ("wall", "cpu"))
            text = f"T1 {name}: {ratio:.2f}x the time of {PEERS[0]} (target {TARGET_RATIO}x), {cpu:.2f}x its CPU"
            missed |= judged(text, met=ratio <= TARGET_RATIO)
    return missed


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 1 when a target is missed or could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--delay", type=float, default=40, help="milliseconds of round trip to FTP; 0: no such days")
    parser.add_argument("--connections", type=int, default=8, help="to the FTP server")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peers", default="lftp,rclone")
    options = parser.parse_args(argv)
    peers = options.peers.split(",")
    HOME.mkdir(parents=True, exist_ok=True)
    table = Table([BUCKET, DISK])
    for number in range(options.runs):
        first = number == 0
        now = peers if first else [name for name in peers if name != "rclone"]
        one_run(table, options.files, options.connections, now, options.delay if first else 0)
    print(f"FTP -> S3, about {options.files:,} profile files of 25 kB and more, {options.connections} FTP connections")
    table.show()
    missed = judge(table)
    for name, programs in (("lftp", ("lftp", "s5cmd")), ("rclone", ("rclone",))):
        for one in programs:
            if name in peers and not program(one):
                missing(one, f"no figures beside {name}")
                missed = True
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
