"""Real servers on 127.0.0.1 for tests: FTP, FTPS, SFTP, HTTP, S3 and Azure, in threads (their requests are logged),
by rclone, or by what is installed (vsftpd, proftpd, OpenSSH, Azurite); a test skips where its server is not.

Every context manager yields a `Server`; what it started ends with it.
"""

import asyncio
import base64
import contextlib
import email.utils
import functools
import hmac
import http.server
import logging
import os
import secrets
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NoReturn

USER = "gdactester"
PASSWORD = "correct-horse-battery"
#: rclone's directory cache would hide what a test puts on the disk. (Not for S3 and SFTP: a write takes seconds then.)
_FRESH = ("--dir-cache-time", "0s")


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
    """

    url: str
    root: Path | None = None
    requests: list[str] = field(default_factory=list)
    endpoint: str = ""
    trust: str = ""
    key: str = ""

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


# --- FTP


@contextmanager
def ftp_pyftpdlib(
    root: Path, *, user: str | None = None, without: tuple[str, ...] = (), host: str = ""
) -> Iterator[Server]:
    """FTP by pyftpdlib; anonymous, or for `user` with `PASSWORD`; `without` some commands (``MLSD``, ``EPSV``).

    With `host`, TLS is required for both connections, and the certificate is for that name or address.
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
        authorizer.add_user(user, PASSWORD, str(root))
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
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            server.ioloop.loop(timeout=0.02, blocking=False)
        server.close_all()

    with _in_thread(serve, stop.set):
        scheme, trust = ("ftps", str(signed.authority)) if signed else ("ftp", "")
        yield Server(f"{scheme}://127.0.0.1:{server.address[1]}", root, log, trust=trust)


@contextmanager
def ftp_rclone(root: Path) -> Iterator[Server]:
    """FTP by rclone, for `USER` with `PASSWORD`."""
    port = free_port()
    arguments = ["ftp", str(root), "--addr", f"127.0.0.1:{port}", "--user", USER, "--pass", PASSWORD, *_FRESH]
    with _rclone_serves(arguments, port):
        yield Server(f"ftp://127.0.0.1:{port}", root)


@contextmanager
def ftp_vsftpd(root: Path, *, host: str = "") -> Iterator[Server]:
    """FTP by vsftpd, anonymous. With `host` under TLS that must be one session for both kinds of connection."""
    binary = _installed("vsftpd")
    port = free_port()
    lines = [
        "listen=YES", "listen_address=127.0.0.1", f"listen_port={port}", "background=NO", "run_as_launching_user=NO",
        "anonymous_enable=YES", "no_anon_password=YES", f"anon_root={root}", "ftp_username=daemon", "use_localtime=NO",
        f"secure_chroot_dir={root}", "seccomp_sandbox=NO", "isolate=NO", "isolate_network=NO", "log_ftp_protocol=NO",
        "anon_world_readable_only=NO", "ftpd_banner=ready", "xferlog_enable=NO",
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
    _reachable(root)
    with _runs([binary, str(configuration)], port):
        yield Server(f"{'ftps' if host else 'ftp'}://127.0.0.1:{port}", root, trust=trust)


@contextmanager
def ftp_proftpd(root: Path, *, host: str = "") -> Iterator[Server]:
    """FTP by proftpd, anonymous; with `host` under TLS."""
    binary = _installed("proftpd")
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
    trust = ""
    if host:
        if not Path("/usr/lib/proftpd/mod_tls.so").exists():
            _skip("proftpd has no module for TLS")
        signed = certificate(root.parent / f"{root.name}-tls", host)
        trust = str(signed.authority)
        lines += [
            "LoadModule mod_tls.c", "TLSEngine on", "TLSRequired on", f"TLSLog {work}/tls",
            "TLSProtocol TLSv1.2 TLSv1.3", f"TLSRSACertificateFile {signed.chain}",
            f"TLSRSACertificateKeyFile {signed.key}",
        ]  # fmt: skip
    (work / "conf").write_text("\n".join(lines) + "\n")
    _reachable(root)
    with _runs([binary, "--nodaemon", "-c", str(work / "conf")], port):
        yield Server(f"{'ftps' if host else 'ftp'}://127.0.0.1:{port}", root, trust=trust)


# --- SFTP


@contextmanager
def sftp_rclone(root: Path) -> Iterator[Server]:
    """SFTP by rclone, for `USER` with `PASSWORD`."""
    port = free_port()
    work = root.parent / f"{root.name}-keys"
    host_key = _ssh_key(work / "host")
    arguments = ["sftp", str(root), "--addr", f"127.0.0.1:{port}", "--user", USER, "--pass", PASSWORD]
    with _rclone_serves([*arguments, "--key", str(work / "host")], port):
        yield Server(f"sftp://127.0.0.1:{port}", root, trust=_known(work, port, host_key))


@contextmanager
def sftp_openssh(root: Path) -> Iterator[Server]:
    """SFTP by OpenSSH's sshd, for this user with a key. Shows the whole machine: the URL holds the root."""
    binary = _installed("sshd")
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):
            Path("/run/sshd").mkdir(exist_ok=True)  # where it drops its rights
    port = free_port()
    work = root.parent / f"{root.name}-keys"
    host_key = _ssh_key(work / "host")
    (work / "authorized").write_text(_ssh_key(work / "mine") + "\n")
    (work / "conf").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {work}/host\nAuthorizedKeysFile {work}/authorized\n"
        f"PidFile {work}/pid\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n"
        "KbdInteractiveAuthentication no\nMaxStartups 100\nSubsystem sftp internal-sftp\n"
    )
    with _runs([binary, "-D", "-e", "-f", str(work / "conf")], port):
        known = _known(work, port, host_key)
        yield Server(f"sftp://127.0.0.1:{port}{root}", root, trust=known, key=str(work / "mine"))


def _ssh_key(path: Path) -> str:
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


# --- HTTP


@contextmanager
def http_python(root: Path, *, host: str = "") -> Iterator[Server]:
    """HTTP by Python's own server: lists directories, knows dates but no ETags. With `host` under TLS."""
    log: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_request(self, code: Any = "-", size: Any = "-") -> None:
            log.append(f"{self.command} {self.path}")

        def log_message(self, *args: Any) -> None:
            pass

    signed = certificate(root.parent / f"{root.name}-tls", host) if host else None
    with _http_server(functools.partial(Handler, directory=str(root)), signed) as port:
        scheme, trust = ("https", str(signed.authority)) if signed else ("http", "")
        yield Server(f"{scheme}://127.0.0.1:{port}", root, log, trust=trust)


@contextmanager
def http_aiohttp(root: Path) -> Iterator[Server]:
    """HTTP by aiohttp: ETags, no directory pages."""
    from aiohttp import web

    log: list[str] = []
    ready = threading.Event()
    state: dict[str, Any] = {}

    @web.middleware
    async def note(request: web.Request, handler: Any) -> Any:
        log.append(f"{request.method} {request.raw_path}")
        return await handler(request)

    async def serve() -> None:
        app = web.Application(middlewares=[note])
        app.router.add_static("/", root)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        state["port"] = runner.addresses[0][1]
        state["loop"], state["stop"] = asyncio.get_running_loop(), asyncio.Event()
        ready.set()
        await state["stop"].wait()
        await runner.cleanup()

    def stop() -> None:
        state["loop"].call_soon_threadsafe(state["stop"].set)

    with _in_thread(lambda: asyncio.run(serve()), stop, ready):
        yield Server(f"http://127.0.0.1:{state['port']}", root, log)


@contextmanager
def http_rclone(root: Path) -> Iterator[Server]:
    """HTTP by rclone: lists directories in its own style."""
    port = free_port()
    with _rclone_serves(["http", str(root), "--addr", f"127.0.0.1:{port}", *_FRESH], port):
        yield Server(f"http://127.0.0.1:{port}", root)


# --- S3


@contextmanager
def s3_moto() -> Iterator[Server]:
    """S3 by moto with a fresh bucket; takes `USER` and `PASSWORD`, or any keys."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    log: list[str] = []
    moto = DomainDispatcherApplication(create_backend_app)
    one_at_a_time = threading.Lock()

    def application(environ: dict[str, Any], start: Any) -> Any:
        query = environ.get("QUERY_STRING", "")
        method = "COPY" if environ.get("HTTP_X_AMZ_COPY_SOURCE") else environ["REQUEST_METHOD"]
        log.append(f"{method} {environ['PATH_INFO']}{'?' + query if query else ''}")
        if environ["REQUEST_METHOD"] != "PUT":
            return moto(environ, start)
        with one_at_a_time:  # moto checks a precondition and writes in two steps; S3 does both at once
            return moto(environ, start)

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, *args: Any) -> None:
            pass

    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
    server.daemon_threads = True
    bucket = f"gdac-{secrets.token_hex(4)}"
    endpoint = f"http://127.0.0.1:{server.port}"
    with _in_thread(server.serve_forever, server.shutdown):
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{bucket}", method="PUT")).close()
        log.clear()
        yield Server(f"s3://{bucket}", None, log, endpoint)
    server.server_close()


@contextmanager
def s3_rclone(root: Path) -> Iterator[Server]:
    """S3 by rclone on a directory: buckets are its directories; takes `USER` and `PASSWORD`; no preconditions."""
    port = free_port()
    (root / "bucket").mkdir(parents=True, exist_ok=True)
    arguments = ["s3", str(root), "--addr", f"127.0.0.1:{port}", "--auth-key", f"{USER},{PASSWORD}"]
    with _rclone_serves(arguments, port):
        yield Server("s3://bucket", root / "bucket", [], f"http://127.0.0.1:{port}")


# --- Azure

#: The account of every Azurite, and its key: published, no secret.
AZURITE_ACCOUNT = "devstoreaccount1"
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@contextmanager
def azure_azurite() -> Iterator[Server]:
    """Azure Blob Storage by Azurite (npm), found on the path or by ``ARGO_GDAC_AZURITE``; with a fresh container."""
    binary = os.environ.get("ARGO_GDAC_AZURITE") or _installed("azurite-blob")
    port = free_port()
    command = [binary, "--silent", "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"]
    container = f"gdac{secrets.token_hex(4)}"
    with _runs([*command, "--blobPort", str(port)], port):
        endpoint = f"http://127.0.0.1:{port}/{AZURITE_ACCOUNT}"
        _make_container(endpoint, container)
        yield Server(f"az://{container}", None, [], endpoint)


def _make_container(endpoint: str, container: str) -> None:
    """Create a container, signed by shared key as Azure's REST reference says."""
    date = email.utils.formatdate(usegmt=True)
    headers = {"x-ms-date": date, "x-ms-version": "2021-12-02"}
    told = "".join(f"{name}:{value}\n" for name, value in headers.items())
    signed = "PUT" + "\n" * 12 + f"{told}/{AZURITE_ACCOUNT}/{AZURITE_ACCOUNT}/{container}\nrestype:container"
    digest = hmac.new(base64.b64decode(AZURITE_KEY), signed.encode(), "sha256").digest()
    headers["Authorization"] = f"SharedKey {AZURITE_ACCOUNT}:{base64.b64encode(digest).decode()}"
    url = f"{endpoint}/{container}?restype=container"
    urllib.request.urlopen(urllib.request.Request(url, method="PUT", headers=headers)).close()


# --- certificates


@dataclass(frozen=True)
class Signed:
    """Files of a server's certificate: chain and key, and the authority that signed it."""

    chain: Path
    key: Path
    authority: Path


def certificate(folder: Path, host: str) -> Signed:
    """Make an authority and a certificate of it for one name or address."""
    import ipaddress
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    now = datetime.now(UTC)
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Test authority {secrets.token_hex(4)}")])
    key = rsa.generate_private_key(65537, 2048)

    def make(name: x509.Name, public: Any) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(ca_name).public_key(public)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))

    authority = make(ca_name, ca_key.public_key())
    authority = authority.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    authority = authority.add_extension(usage, critical=True)
    known_by = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    signed_authority = authority.add_extension(known_by, critical=False).sign(ca_key, hashes.SHA256())
    try:
        name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        name = x509.DNSName(host)
    server = make(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)]), key.public_key())
    server = server.add_extension(x509.SubjectAlternativeName([name]), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    signed = server.add_extension(issuer, critical=False).sign(ca_key, hashes.SHA256())
    folder.mkdir(exist_ok=True)
    made = Signed(folder / "chain.pem", folder / "key.pem", folder / "authority.pem")
    pem = serialization.Encoding.PEM
    made.chain.write_bytes(signed.public_bytes(pem))
    made.authority.write_bytes(signed_authority.public_bytes(pem))
    plain = serialization.NoEncryption()
    made.key.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, plain))
    return made


# --- how they run


def _skip(reason: str) -> NoReturn:
    import pytest

    pytest.skip(reason)


def _installed(name: str) -> str:
    """A program's path; skips the test where it is not installed."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        _skip(f"{name} is not installed")
    return found


def _reachable(root: Path) -> None:
    """Let a server that drops its rights reach a directory of ours."""
    if os.geteuid() != 0:
        _skip("this server drops its rights, which only root can do")
    root.chmod(0o755)
    for folder in root.parents:
        if folder.stat().st_uid == os.geteuid() and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)


@contextmanager
def _in_thread(
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
def _http_server(handler: Any, signed: "Signed | None" = None) -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if signed is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(signed.chain, signed.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    server.block_on_close = False
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients leave when they like
    with _in_thread(functools.partial(server.serve_forever, 0.02), server.shutdown):
        yield int(server.server_address[1])
    server.server_close()


@contextmanager
def _rclone_serves(arguments: list[str], port: int) -> Iterator[None]:
    binary = rclone()
    if binary is None:
        _skip("rclone is not installed")
    with _runs([binary, "serve", *arguments, "--config", os.devnull, "-q"], port):
        yield


@contextmanager
def _runs(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(200):
        assert process.poll() is None, "the server ended at once"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("the server did not listen")
