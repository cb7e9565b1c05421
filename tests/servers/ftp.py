"""FTP and FTPS: pyftpdlib, rclone, vsftpd, proftpd."""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from tests.servers.certificates import certificate
from tests.servers.running import (
    FRESH,
    PASSWORD,
    USER,
    Server,
    free_port,
    in_thread,
    installed,
    rclone_serves,
    reachable,
    runs,
    skip,
)

#: Rights of a user of pyftpdlib who may write.
WRITES = "elradfmwMT"


@contextmanager
def ftp_pyftpdlib(
    root: Path,
    *,
    user: str | None = None,
    without: tuple[str, ...] = (),
    host: str = "",
    most: int = 0,
    rights: str = "elr",
) -> Iterator[Server]:
    """FTP by pyftpdlib; anonymous, or for `user` with `PASSWORD`; `without` some commands (``MLSD``, ``EPSV``).

    `rights` of a user are pyftpdlib's letters: ``elr`` reads, `WRITES` does everything.

    With `host`, TLS is required for both connections, and the certificate is for that name or address; with `most`,
    it takes no more connections at once.
    """
    with warnings.catch_warnings():  # it brings asyncore along, or its own copy where Python has none
        warnings.simplefilter("ignore", DeprecationWarning)
        from pyftpdlib.authorizers import DummyAuthorizer
        from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
        from pyftpdlib.ioloop import IOLoop
        from pyftpdlib.servers import FTPServer

    logger = logging.getLogger("pyftpdlib")
    logger.handlers, logger.propagate = [logging.NullHandler()], False
    authorizer: Any = DummyAuthorizer()
    if user is None:
        authorizer.add_anonymous(str(root))
    else:
        authorizer.add_user(user, PASSWORD, str(root), perm=rights)
    log: list[str] = []

    base = TLS_FTPHandler if host else FTPHandler
    signed = certificate(root.parent / f"{root.name}-tls", host) if host else None

    class Handler(base):  # type: ignore[misc, valid-type] # untyped library
        proto_cmds: ClassVar = {name: what for name, what in base.proto_cmds.items() if name not in without}

        def pre_process_command(self, line: str, cmd: str, arg: str) -> Any:
            log.append(f"{cmd} {arg}".strip())
            return super().pre_process_command(line, cmd, arg)

    Handler.authorizer = authorizer
    Handler.auth_failed_timeout = 0
    if signed:
        Handler.certfile, Handler.keyfile = str(signed.chain), str(signed.key)
        Handler.tls_control_required = Handler.tls_data_required = True
    server: Any = FTPServer(("127.0.0.1", 0), Handler, ioloop=IOLoop())
    server.max_cons_per_ip = most
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            server.ioloop.loop(timeout=0.02, blocking=False)
        server.close_all()

    with in_thread(serve, stop.set):
        scheme, trust = ("ftps", str(signed.authority)) if signed else ("ftp", "")
        yield Server(f"{scheme}://127.0.0.1:{server.address[1]}", root, log, trust=trust)


@contextmanager
def ftp_rclone(root: Path, *, written: bool = False) -> Iterator[Server]:
    """FTP by rclone, for `USER` with `PASSWORD`; `written` where all that changes comes through the server."""
    port = free_port()
    arguments = ["ftp", str(root), "--addr", f"127.0.0.1:{port}", "--user", USER, "--pass", PASSWORD]
    # Without a cache of directories a write has rclone turn in circles, for a minute now and then.
    arguments += [] if written else FRESH
    with rclone_serves(arguments, port):
        yield Server(f"ftp://127.0.0.1:{port}", root)


@contextmanager
def ftp_vsftpd(root: Path, *, host: str = "", most: int = 0) -> Iterator[Server]:
    """FTP by vsftpd, anonymous. With `host` under TLS that must be one session for both kinds of connection."""
    binary = installed("vsftpd")
    port = free_port()
    lines = [
        "listen=YES", "listen_address=127.0.0.1", f"listen_port={port}", "background=NO", "run_as_launching_user=NO",
        "anonymous_enable=YES", "no_anon_password=YES", f"anon_root={root}", "ftp_username=daemon", "use_localtime=NO",
        f"secure_chroot_dir={root}", "seccomp_sandbox=NO", "isolate=NO", "isolate_network=NO", "log_ftp_protocol=NO",
        "anon_world_readable_only=NO", "ftpd_banner=ready", "xferlog_enable=NO", f"max_per_ip={most}",
    ]  # fmt: skip
    trust = ""
    if host:
        signed = certificate(root.parent / f"{root.name}-tls", host)
        trust = str(signed.authority)
        lines += [
            "ssl_enable=YES", "allow_anon_ssl=YES", "force_anon_data_ssl=YES", "force_anon_logins_ssl=YES",
            "require_ssl_reuse=YES", "ssl_tlsv1=YES", f"rsa_cert_file={signed.chain}",
            f"rsa_private_key_file={signed.key}",
        ]  # fmt: skip
    configuration = root.parent / f"{root.name}-vsftpd.conf"
    configuration.write_text("\n".join(lines) + "\n")
    reachable(root)
    with runs([binary, str(configuration)], port):
        yield Server(f"{'ftps' if host else 'ftp'}://127.0.0.1:{port}", root, trust=trust)


@contextmanager
def ftp_proftpd(root: Path, *, host: str = "", most: int = 0) -> Iterator[Server]:
    """FTP by proftpd, anonymous; with `host` under TLS."""
    binary = installed("proftpd")
    port = free_port()
    work = root.parent / f"{root.name}-proftpd"
    work.mkdir()
    lines = [
        "ServerType standalone", "DefaultAddress 127.0.0.1", f"Port {port}", "UseIPv6 off", "User nobody",
        "Group nogroup", f"ScoreboardFile {work}/scoreboard", f"PidFile {work}/pid", "WtmpLog off", "TransferLog none",
        f"SystemLog {work}/log", "RequireValidShell off", "UseFtpUsers off",
        "ModulePath /usr/lib/proftpd", f"DelayTable {work}/delay",
        f"<Anonymous {root}>", "User daemon", "Group daemon", "UserAlias anonymous daemon", "RequireValidShell off",
        "</Anonymous>",
    ]  # fmt: skip
    if most:
        lines.insert(0, f"MaxClientsPerHost {most}")
    trust = ""
    if host:
        if not Path("/usr/lib/proftpd/mod_tls.so").exists():
            skip("proftpd has no module for TLS")
        signed = certificate(root.parent / f"{root.name}-tls", host)
        trust = str(signed.authority)
        lines += [
            "LoadModule mod_tls.c", "TLSEngine on", "TLSRequired on", f"TLSLog {work}/tls",
            "TLSProtocol TLSv1.2 TLSv1.3", f"TLSRSACertificateFile {signed.chain}",
            f"TLSRSACertificateKeyFile {signed.key}",
        ]  # fmt: skip
    (work / "conf").write_text("\n".join(lines) + "\n")
    reachable(root)
    with runs([binary, "--nodaemon", "-c", str(work / "conf")], port):
        yield Server(f"{'ftps' if host else 'ftp'}://127.0.0.1:{port}", root, trust=trust)
