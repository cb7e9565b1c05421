"""T1: a first mirror FTP -> S3 of many small files, a day without change, a day with 100 changes; beside peers.

    python -m benchmarks.mirror [--files 20000] [--delay 0] [--runs 1] [--peers rclone,lftp]

Ours is `gdac sync run` with a hub on disk, a journal, SHA-256 and MD5 of every file, a sealed manifest, and a bucket
as mirror. Peers: `rclone sync` from FTP to S3, and `lftp mirror` to disk followed by `s5cmd sync` to S3. Same servers
in the same run: vsftpd (or `rclone serve ftp`) and `rclone serve s3`; with ``--delay`` milliseconds of round trip added
to the FTP side by `benchmarks.delay`. After each of our runs the bucket's files are counted and compared.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from gdac.netcdf import read_header
from gdac.sample.archive import make_archive

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".bench" / "mirror"
BIN = Path(sys.executable).parent
KEY, SECRET = "benchmark-key", "benchmark-secret"
FILES_PER_FLOAT = 42
CHANGES = 100


@dataclass(frozen=True)
class Used:
    """What one command used: seconds on the wall, CPU seconds, peak megabytes."""

    wall: float
    cpu: float
    mb: float


def source_tree(files: int) -> Path:
    """A sample archive of about so many profile files, made once; a fresh copy of it by hard links."""
    kept = WORK / f"archive-{files}"
    if not (kept / "ar_index_global_prof.txt").is_file():
        make_archive(kept, floats=max(1, files // FILES_PER_FLOAT), cycles=27, seed=1, day=date(2025, 3, 1))
    tree = WORK / "source"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(kept, tree, copy_function=os.link)
    return tree


def change(tree: Path) -> None:
    """Give 100 core profiles a new DATE_UPDATE, in the file (same size, new bytes) and in its index row."""
    index = tree / "ar_index_global_prof.txt"
    lines = index.read_text().splitlines()
    rows = [at for at, line in enumerate(lines) if line.endswith(tuple("0123456789")) and ".nc," in line]
    for at in rows[:: max(1, len(rows) // CHANGES)][:CHANGES]:
        name = lines[at].partition(",")[0]
        file = tree / "dac" / name
        raw = bytearray(file.read_bytes())
        begin = read_header(bytes(raw)).variables["DATE_UPDATE"].begin
        assert begin is not None
        raw[begin : begin + 14] = b"20250302070000"
        file.unlink()  # the kept archive shares it
        file.write_bytes(raw)
        lines[at] = lines[at].rpartition(",")[0] + ",20250302070000"
    stamped = [line if "Date of update" not in line else "# Date of update : 20250302082402" for line in lines]
    index.unlink()
    index.write_text("\n".join(stamped) + "\n")
    packed = tree / "ar_index_global_prof.txt.gz"
    packed.unlink()
    subprocess.run(["gzip", "-k", str(index)], check=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: list[str], port: int | None) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        while port is not None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None, command
                time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(10)


def ftp_server(tree: Path) -> tuple[list[str], int]:
    port = free_port()
    if vsftpd := shutil.which("vsftpd", path=f"{os.environ['PATH']}:/usr/sbin"):
        empty = WORK / "empty"
        empty.mkdir(exist_ok=True)
        config = WORK / "vsftpd.conf"
        config.write_text(
            f"listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\nanonymous_enable=YES\n"
            f"local_enable=NO\nanon_root={tree}\nno_anon_password=YES\nrun_as_launching_user=YES\n"
            f"secure_chroot_dir={empty}\nseccomp_sandbox=NO\nmax_per_ip=0\nwrite_enable=NO\nxferlog_enable=NO\n"
        )
        return [vsftpd, str(config)], port
    return [str(BIN / "rclone"), "serve", "ftp", str(tree), "--addr", f"127.0.0.1:{port}", "-q"], port


def used_by(command: list[str], **environment: str) -> Used:
    began = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    return Used(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


class Ours:
    """Our own run: hub on disk, bucket as mirror."""

    name = "gdac sync run"

    def __init__(self, ftp: int, s3: int, connections: int) -> None:
        self.folder = WORK / "ours"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        (self.folder / "gdac.toml").write_text(
            f'[hub]\nstore = "{self.folder / "hub"}"\nstate = "{self.folder / "state"}"\n'
            f'[source.ftp]\nstore = "ftp://127.0.0.1:{ftp}"\nconnections = {connections}\n'
            f'[mirror.s3]\nstore = "s3://ours"\nendpoint = "http://127.0.0.1:{s3}"\nconnections = 16\n'
        )

    def __call__(self) -> list[Used]:
        command = [sys.executable, "-m", "gdac.cli.main", "sync", "run", "-q", "-c", str(self.folder / "gdac.toml")]
        return [used_by(command, GDAC_S3_USER=KEY, GDAC_S3_PASSWORD=SECRET)]


class Rclone:
    """`rclone sync` straight from FTP to S3."""

    name = "rclone sync"

    def __init__(self, ftp: int, s3: int, connections: int) -> None:
        remote = f":s3,provider=Other,access_key_id={KEY},secret_access_key={SECRET},endpoint='http://127.0.0.1:{s3}':"
        self.command = [str(BIN / "rclone"), "sync", "--config", os.devnull, "-q", "--transfers", str(connections)]
        self.command += ["--checkers", str(connections), f":ftp,host=127.0.0.1,port={ftp},user=anonymous,pass=:"]
        self.command += [f"{remote}rclone"]
        self.obscured = subprocess.check_output([str(BIN / "rclone"), "obscure", "a@b"], text=True).strip()

    def __call__(self) -> list[Used]:
        return [used_by([part.replace("pass=:", f"pass={self.obscured}:") for part in self.command])]


class LftpAndS5cmd:
    """`lftp mirror` to disk, then `s5cmd sync` to S3."""

    name = "lftp, then s5cmd"

    def __init__(self, ftp: int, s3: int, connections: int) -> None:
        self.folder = WORK / "lftp"
        shutil.rmtree(self.folder, ignore_errors=True)
        mirror = f"mirror -P{connections} --delete . {self.folder}"  # never /: vsftpd does not shut us in
        self.lftp = ["lftp", "-e", f"set net:max-retries 2; {mirror}; quit", f"ftp://127.0.0.1:{ftp}"]
        self.s5cmd = [str(BIN / "s5cmd"), "--endpoint-url", f"http://127.0.0.1:{s3}", "--log", "error", "sync"]
        self.s5cmd += ["--delete", f"{self.folder}/", "s3://lftp/"]

    def __call__(self) -> list[Used]:
        keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
        return [used_by(self.lftp), used_by(self.s5cmd, **keys)]


def total(parts: list[Used]) -> Used:
    return Used(sum(each.wall for each in parts), sum(each.cpu for each in parts), max(each.mb for each in parts))


def one_run(files: int, delay: float, connections: int, peers: list[str]) -> dict[tuple[str, str], Used]:
    tree = source_tree(files)
    buckets = WORK / "buckets"
    shutil.rmtree(buckets, ignore_errors=True)
    for name in ("ours", "rclone", "lftp"):
        (buckets / name).mkdir(parents=True)
    figures: dict[tuple[str, str], Used] = {}
    with ExitStack() as stack:
        command, port = ftp_server(tree)
        stack.enter_context(serving(command, port))
        s3 = free_port()
        auth = ["--addr", f"127.0.0.1:{s3}", "--auth-key", f"{KEY},{SECRET}", "--config", os.devnull, "-q"]
        stack.enter_context(serving([str(BIN / "rclone"), "serve", "s3", str(buckets), *auth], s3))
        if delay:
            proxy = [sys.executable, "-m", "benchmarks.delay", str(port), str(delay)]
            process = stack.enter_context(serving(proxy, None))
            assert process.stdout is not None
            port = int(process.stdout.readline())
        makers: list[Callable[[int, int, int], Ours | Rclone | LftpAndS5cmd]] = [Ours]
        makers += [maker for maker in (LftpAndS5cmd, Rclone) if maker.name.split()[0].rstrip(",") in peers]
        sides = [maker(port, s3, connections) for maker in makers]
        for day in ("first mirror", "no change", f"{CHANGES} changes"):
            if day.endswith("changes"):
                change(tree)
            for side in sides:
                figures[day, side.name] = total(side())
            check(tree, buckets / "ours")
    return figures


def check(tree: Path, bucket: Path) -> None:
    """Our bucket holds every file of the source with its bytes (and ``manifest/``)."""
    held = {each.relative_to(bucket) for each in bucket.rglob("*") if each.is_file()}
    listed = {each.relative_to(tree) for each in tree.rglob("*") if each.is_file()}
    assert listed == {path for path in held if path.parts[0] != "manifest"}
    assert all((tree / path).read_bytes() == (bucket / path).read_bytes() for path in listed)


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--delay", type=float, default=0, help="milliseconds of round trip added to FTP")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--peers", default="rclone,lftp")
    options = parser.parse_args(argv)
    peers = [name for name in options.peers.split(",") if name != "lftp" or shutil.which("lftp")]
    WORK.mkdir(parents=True, exist_ok=True)
    runs = [one_run(options.files, options.delay, options.connections, peers) for _ in range(options.runs)]
    added = f", {options.delay:.0f} ms round trip added" if options.delay else ""
    print(f"FTP -> S3, about {options.files:,} profile files, {options.connections} FTP connections{added}")
    print(f"{'day':<14}{'what':<20}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'ours/it':>9}")
    for day, name in runs[0]:
        wall, cpu, mb = (
            statistics.median(getattr(run[day, name], part) for run in runs) for part in ("wall", "cpu", "mb")
        )
        ours = statistics.median(run[day, Ours.name].wall / run[day, name].wall for run in runs)
        ratio = f"{ours:.2f}" if name != Ours.name else ""
        print(f"{day:<14}{name:<20}{wall:>8.2f}{cpu:>8.2f}{mb:>9.0f}{ratio:>9}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
