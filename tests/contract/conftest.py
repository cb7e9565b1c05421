"""The places that the contract suite visits: every adapter on every real server."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gdac.store import Store
from sync.stores.open import open_store
from sync.stores.settings import (
    AzureSettings,
    FtpSettings,
    GcsSettings,
    HttpSettings,
    S3Settings,
    SftpSettings,
    StoreSettings,
)
from tests import servers

_numbers = itertools.count()


@dataclass
class Place:
    """One empty corner of a server.

    Attributes:
        name: of the adapter and the server.
        url: of the corner.
        settings: what `open_store` needs.
        disk: the directory that the server shows as this corner; None for servers without one.
        server: the server, with its log.
    """

    name: str
    url: str
    settings: StoreSettings
    disk: Path | None
    server: servers.Server

    @property
    def writes(self) -> bool:
        return self.name in WRITABLE

    def open(self) -> Store:
        return open_store(self.url, self.settings)


#: Starts a server on a directory; says how to reach it.
STARTS: dict[str, tuple[Callable[[Path], AbstractContextManager[servers.Server]], StoreSettings]] = {
    "http-python": (servers.http_python, StoreSettings()),
    "http-aiohttp": (servers.http_aiohttp, StoreSettings()),
    "http-rclone": (servers.http_rclone, StoreSettings()),
    "ftp-pyftpdlib": (servers.ftp_pyftpdlib, StoreSettings()),
    "ftp-without-mlsd": (
        lambda root: servers.ftp_pyftpdlib(root, without=("MLSD", "MLST", "EPSV")),
        StoreSettings(ftp=FtpSettings(pipeline=False)),
    ),
    "ftp-rclone": (servers.ftp_rclone, StoreSettings(ftp=FtpSettings(user=servers.USER, password=servers.PASSWORD))),
    "https-python": (lambda root: servers.http_python(root, host="127.0.0.1"), StoreSettings()),
    "ftps-pyftpdlib": (lambda root: servers.ftp_pyftpdlib(root, host="127.0.0.1"), StoreSettings()),
    "ftp-vsftpd": (servers.ftp_vsftpd, StoreSettings()),
    "ftps-vsftpd": (lambda root: servers.ftp_vsftpd(root, host="127.0.0.1"), StoreSettings()),
    "ftp-proftpd": (servers.ftp_proftpd, StoreSettings()),
    "ftps-proftpd": (lambda root: servers.ftp_proftpd(root, host="127.0.0.1"), StoreSettings()),
    "sftp-rclone": (servers.sftp_rclone, StoreSettings()),
    "sftp-openssh": (servers.sftp_openssh, StoreSettings()),
    "azure-azurite": (lambda _: servers.azure_azurite(), StoreSettings()),
    "gcs-own": (servers.gcs_own, StoreSettings()),
    "s3-moto": (lambda _: servers.s3_moto(), StoreSettings()),
    "s3-rclone": (servers.s3_rclone, StoreSettings()),
}
WRITABLE = ("local", "sftp-rclone", "sftp-openssh", "s3-moto", "s3-rclone", "azure-azurite", "gcs-own")
READ_ONLY = tuple(name for name in STARTS if name not in WRITABLE)
ALL = (*WRITABLE, *READ_ONLY)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], servers.Server]]:
    """Servers by name, each started when first asked for."""
    up: dict[str, tuple[servers.Server, AbstractContextManager[servers.Server]]] = {}

    def server(name: str) -> servers.Server:
        if name not in up:
            starting = STARTS[name][0](tmp_path_factory.mktemp(name))
            up[name] = (starting.__enter__(), starting)
        return up[name][0]

    yield server
    for _, starting in up.values():
        starting.__exit__(None, None, None)


def _place(name: str, running: Callable[[str], servers.Server], tmp_path: Path) -> Place:
    if name == "local":
        return Place(name, str(tmp_path / "archive"), StoreSettings(), tmp_path / "archive", servers.Server(""))
    server = running(name)
    corner = f"corner{next(_numbers)}"
    settings = _settings(name, server)
    disk = None
    if server.root is not None:
        disk = server.root / corner
        disk.mkdir()
    return Place(name, f"{server.url}/{corner}", settings, disk, server)


def _settings(name: str, server: servers.Server) -> StoreSettings:
    """How to reach a server, with what only the running one knows."""
    match name.partition("-")[0]:
        case "s3":
            keys = S3Settings(endpoint=server.endpoint, access_key=servers.USER, secret_key=servers.PASSWORD)
            return StoreSettings(s3=keys)
        case "gcs":
            return StoreSettings(gcs=GcsSettings(endpoint=server.endpoint, credentials_file=server.key))
        case "azure":
            account = {"account": servers.AZURITE_ACCOUNT, "access_key": servers.AZURITE_KEY}
            return StoreSettings(azure=AzureSettings(endpoint=server.endpoint, **account))
        case "sftp" if server.key:
            return StoreSettings(sftp=SftpSettings(known_hosts=server.trust, key_file=server.key))
        case "sftp":
            log_in = {"user": servers.USER, "password": servers.PASSWORD}
            return StoreSettings(sftp=SftpSettings(known_hosts=server.trust, **log_in))
        case "ftps":
            return StoreSettings(ftp=FtpSettings(ca_file=server.trust))
        case "https":
            return StoreSettings(http=HttpSettings(ca_file=server.trust))
        case _:
            return STARTS[name][1]


@pytest.fixture(params=ALL)
def place(request: pytest.FixtureRequest, running: Callable[[str], servers.Server], tmp_path: Path) -> Place:
    """Every adapter on every server, one after the other."""
    return _place(request.param, running, tmp_path)


@pytest.fixture(params=WRITABLE)
def writable(request: pytest.FixtureRequest, running: Callable[[str], servers.Server], tmp_path: Path) -> Place:
    """Those that can be written."""
    return _place(request.param, running, tmp_path)


@pytest.fixture(params=READ_ONLY)
def read_only(request: pytest.FixtureRequest, running: Callable[[str], servers.Server], tmp_path: Path) -> Place:
    """Those that cannot."""
    return _place(request.param, running, tmp_path)


@pytest.fixture
def at(running: Callable[[str], servers.Server], tmp_path: Path) -> Callable[[str], Place]:
    """One place by name."""
    return lambda name: _place(name, running, tmp_path)
