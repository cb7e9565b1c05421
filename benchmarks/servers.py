"""The servers that transfers are measured against, on 127.0.0.1: vsftpd, nginx, `rclone serve s3`, and the proxy."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Where benchmarks keep what they make; give a directory in memory to leave the disk out of the measurement.
WORK = Path(os.environ.get("GDAC_BENCH_DIR") or ROOT / ".bench")
BIN = Path(sys.executable).parent
KEY, SECRET = "benchmark-key", "benchmark-secret"
#: Environment of our own commands (mirror ``s3``, hub) and of the peers.
OUR_KEYS = {
    f"GDAC_{name}_{part}": value for name in ("S3", "HUB") for part, value in (("USER", KEY), ("PASSWORD", SECRET))
}
AWS_KEYS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}


def program(name: str) -> str | None:
    """Where a program is: of this environment, else of the system; None where it is not installed."""
    return shutil.which(name, path=f"{BIN}{os.pathsep}{os.environ['PATH']}{os.pathsep}/usr/sbin")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: list[str], port: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run a server until the block ends; begins once the port answers."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    )
    try:
        while port is not None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
                time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def ftp(tree: Path, port: int = 0) -> Iterator[int]:
    """A directory by FTP, by vsftpd where it is installed, else by rclone."""
    port = port or free_port()
    found = program("vsftpd")
    command = [program("rclone") or "rclone", "serve", "ftp", str(tree), "--addr", f"127.0.0.1:{port}", "-q"]
    if found:
        (tree.parent / "empty").mkdir(exist_ok=True)
        config = tree.parent / "vsftpd.conf"
        config.write_text(
            f"listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\nanonymous_enable=YES\n"
            f"local_enable=NO\nanon_root={tree}\nno_anon_password=YES\nrun_as_launching_user=YES\n"
            f"secure_chroot_dir={tree.parent / 'empty'}\nseccomp_sandbox=NO\nmax_per_ip=0\nwrite_enable=NO\n"
            "xferlog_enable=NO\n"
        )
        command = [found, str(config)]
    with serving(command, port):
        yield port


@contextmanager
def s3(buckets: Path, port: int = 0) -> Iterator[int]:
    """Directories as buckets, by `rclone serve s3`."""
    port = port or free_port()
    command = [program("rclone") or "rclone", "serve", "s3", str(buckets), "--addr", f"127.0.0.1:{port}"]
    with serving([*command, "--auth-key", f"{KEY},{SECRET}", "--config", os.devnull, "-q"], port):
        yield port


@contextmanager
def web(tree: Path, *, sink: bool = False) -> Iterator[int]:
    """A directory by nginx: shown and read, or, as a sink, written by PUT without a look at account or digest."""
    found = program("nginx")
    assert found, "nginx is not installed"
    port = free_port()
    home = tree.parent / f"nginx-{port}"
    home.mkdir(parents=True, exist_ok=True)
    what = """add_header ETag '"fixed"'; dav_methods PUT; create_full_put_path on;""" if sink else "autoindex on;"
    config = home / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {home}/pid; error_log {home}/errors crit;\n"
        "events { worker_connections 512; }\n"
        f"http {{ access_log off; keepalive_requests 1000000; client_max_body_size 1g; default_type "
        f"application/octet-stream;\nclient_body_temp_path {home}/body; proxy_temp_path {home}/p; fastcgi_temp_path "
        f"{home}/f; uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;\n"
        f"server {{ listen 127.0.0.1:{port}; root {tree};\n"
        f"{what} }} }}\n"
    )
    with serving([found, "-c", str(config), "-p", str(home)], port):
        yield port


class Delayed:
    """A running proxy: its port, and what passed through it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def seen(self) -> dict[str, int]:
        """Connections and requests since the last call."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return dict(json.loads(self._line()))


@contextmanager
def delayed(target: int, milliseconds: float, own: int = 0) -> Iterator[Delayed]:
    """Another port for a server, with a longer way to it."""
    command = [sys.executable, "-m", "benchmarks.delay", str(target), str(milliseconds), str(own)]
    with serving(command) as process:
        yield Delayed(process)
