"""SFTP: rclone, OpenSSH."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.running import PASSWORD, USER, Server, free_port, installed, rclone_serves, runs


@contextmanager
def sftp_rclone(root: Path) -> Iterator[Server]:
    """SFTP by rclone, for `USER` with `PASSWORD`."""
    port = free_port()
    work = root.parent / f"{root.name}-keys"
    host_key = ssh_key(work / "host")
    arguments = ["sftp", str(root), "--addr", f"127.0.0.1:{port}", "--user", USER, "--pass", PASSWORD]
    with rclone_serves([*arguments, "--key", str(work / "host")], port):
        yield Server(f"sftp://127.0.0.1:{port}", root, trust=_known(work, port, host_key))


@contextmanager
def sftp_openssh(root: Path) -> Iterator[Server]:
    """SFTP by OpenSSH's sshd, for this user with a key. Shows the whole machine: the URL holds the root."""
    binary = installed("sshd")
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):
            Path("/run/sshd").mkdir(exist_ok=True)  # where it drops its rights
    port = free_port()
    work = root.parent / f"{root.name}-keys"
    host_key = ssh_key(work / "host")
    (work / "authorized").write_text(ssh_key(work / "mine") + "\n")
    (work / "conf").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {work}/host\nAuthorizedKeysFile {work}/authorized\n"
        f"PidFile {work}/pid\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n"
        "KbdInteractiveAuthentication no\nMaxStartups 100\nSubsystem sftp internal-sftp\n"
    )
    with runs([binary, "-D", "-e", "-f", str(work / "conf")], port):
        known = _known(work, port, host_key)
        yield Server(f"sftp://127.0.0.1:{port}{root}", root, trust=known, key=str(work / "mine"))


def ssh_key(path: Path) -> str:
    """Make a key pair; its public half as OpenSSH writes it."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    path.parent.mkdir(exist_ok=True)
    path.touch(0o600)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    )
    public = serialization.PublicFormat.OpenSSH
    return key.public_key().public_bytes(serialization.Encoding.OpenSSH, public).decode()


def _known(work: Path, port: int, host_key: str) -> str:
    path = work / "known_hosts"
    path.write_text(f"[127.0.0.1]:{port} {host_key}\n")
    return str(path)
