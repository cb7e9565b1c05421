"""How servers are found, started, waited for and ended."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

USER = "gdactester"
PASSWORD = "correct-horse-battery"
#: rclone's directory cache would hide what a test puts on the disk. (Not for S3 and SFTP: a write takes seconds then.)
FRESH = ("--dir-cache-time", "0s")


@dataclass
class Server:
    """A running server.

    Attributes:
        url: where it listens, without credentials or trailing slash.
        root: directory it serves, where there is one.
        requests: every request so far, one string each (``RETR dac/x.nc``, ``GET /dac/x.nc``); empty for rclone.
        endpoint: of an object store: the URL for the settings' endpoint; `url` is then ``s3://bucket``.
        trust: file to trust the server by: its authority's certificate, or its line of known_hosts.
        key: file of a private key to log in with.
        busiest: most requests at once so far; only of moto.
    """

    url: str
    root: Path | None = None
    requests: list[str] = field(default_factory=list)
    endpoint: str = ""
    trust: str = ""
    key: str = ""
    busiest: int = 0

    @property
    def port(self) -> int:
        return int((self.endpoint or self.url).rpartition(":")[2].partition("/")[0])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def rclone() -> str | None:
    """The rclone binary of this environment, or None."""
    return shutil.which("rclone", path=str(Path(sys.executable).parent)) or shutil.which("rclone")


def skip(reason: str) -> NoReturn:
    import pytest

    pytest.skip(reason)


def installed(name: str) -> str:
    """A program's path; skips the test where it is not installed."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        skip(f"{name} is not installed")
    return found


def reachable(root: Path) -> None:
    """Let a server that drops its rights reach a directory of ours."""
    if os.geteuid() != 0:
        skip("this server drops its rights, which only root can do")
    root.chmod(0o755)
    for folder in root.parents:
        if folder.stat().st_uid == os.geteuid() and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)


@contextmanager
def in_thread(
    serve: Callable[[], None], stop: Callable[[], None], ready: threading.Event | None = None
) -> Iterator[None]:
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    if ready is not None:
        assert ready.wait(10), "the server did not start"
    try:
        yield
    finally:
        stop()
        thread.join(10)


@contextmanager
def rclone_serves(arguments: list[str], port: int) -> Iterator[None]:
    binary = rclone()
    if binary is None:
        skip("rclone is not installed")
    with runs([binary, "serve", *arguments, "--config", os.devnull, "-q"], port):
        yield


@contextmanager
def runs(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(1200):  # a minute: the machine may be busy
        assert process.poll() is None, "the server ended at once"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("the server did not listen")
