"""Whom a store talks to, what a probe sees, and copies from store to store by the server."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from gdac.errors import StoreError, UsageError
from gdac.store import Declared, NotFoundError, TemporaryStoreError
from sync.loop import run
from sync.stores.open import open_store
from sync.stores.settings import FtpSettings, HttpSettings, SftpSettings, StoreSettings
from tests import servers
from tests.contract.conftest import Place


async def look(url: str, settings: StoreSettings) -> int | None:
    async with open_store(url, settings, environment={}) as store:
        return (await store.stat("x.nc")).size


@pytest.mark.parametrize("kind", ["ftps", "https"])
def test_certificates_are_checked(kind: str, tmp_path: Path) -> None:
    """The authority, and the name: 127.0.0.1 is not localhost."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "x.nc").write_bytes(b"12345")
    start = servers.ftp_pyftpdlib if kind == "ftps" else servers.http_python
    with start(root, host="127.0.0.1") as server:
        trusting = StoreSettings(ftp=FtpSettings(ca_file=server.trust), http=HttpSettings(ca_file=server.trust))
        assert run(look(server.url, trusting)) == 5
        for url, settings in ((server.url, StoreSettings()), (server.url.replace("127.0.0.1", "localhost"), trusting)):
            with pytest.raises(StoreError, match="no valid certificate") as found:
                run(look(url, settings))
            assert not isinstance(found.value, TemporaryStoreError)


def test_ftps_never_falls_back(tmp_path: Path) -> None:
    with servers.ftp_pyftpdlib(tmp_path, user=servers.USER) as server:
        settings = StoreSettings(ftp=FtpSettings(user=servers.USER, password=servers.PASSWORD))
        with pytest.raises(StoreError, match="cannot be reached safely"):
            run(look(server.url.replace("ftp://", "ftps://"), settings))
        assert not [request for request in server.requests if request.startswith(("USER", "PASS"))]


def test_ca_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    for name in ("empty.pem", "missing.pem"):
        for settings in (HttpSettings(ca_file=str(tmp_path / name)), FtpSettings(ca_file=str(tmp_path / name))):
            field = "http" if isinstance(settings, HttpSettings) else "ftp"
            with pytest.raises(UsageError, match="ca_file"):
                open_store(f"{field}s://example.org", StoreSettings(**{field: settings}), environment={})


def test_host_keys_are_checked(at: Callable[[str], Place], tmp_path: Path) -> None:
    place = at("sftp-rclone")
    known = Path(place.server.trust).read_text()
    log_in = {"user": servers.USER, "password": servers.PASSWORD}
    fingerprint = _fingerprint(known)
    other = servers.ssh_key(tmp_path / "other")
    (tmp_path / "wrong").write_text(" ".join([known.split()[0], other]))
    (tmp_path / "nobody").touch()
    with pytest.raises(NotFoundError):  # it was asked: it is trusted
        run(look(place.url, StoreSettings(sftp=SftpSettings(fingerprint=fingerprint, **log_in))))
    for settings in (
        SftpSettings(known_hosts=str(tmp_path / "wrong"), **log_in),
        SftpSettings(known_hosts=str(tmp_path / "nobody"), **log_in),
        SftpSettings(fingerprint=_fingerprint(f"x {other}"), **log_in),
    ):
        with pytest.raises(StoreError, match="not known to be its own"):
            run(look(place.url, StoreSettings(sftp=settings)))
    assert (tmp_path / "nobody").read_text() == ""
    wrong = replace(place.settings.sftp, password="not-this-one")
    with pytest.raises(StoreError, match="refused the log-in") as found:
        run(look(place.url, StoreSettings(sftp=wrong)))
    assert "not-this-one" not in f"{found.value!r}{found.value.__cause__!r}{found.value.__context__!r}"


def _fingerprint(known: str) -> str:
    import base64

    digest = sha256(base64.b64decode(known.split()[2])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def test_probe(writable: Place) -> None:
    """What each server was seen to do; and nothing is left."""

    async def visit() -> None:
        async with writable.open() as store:
            seen = await store.probe()
            assert [info async for info in store.list("", recursive=True)] == []
            trusted = store.capabilities.compare_and_swap
            assert not trusted or (seen.creates_once and seen.swaps)
            assert seen.keeps_modified
            told = (seen.creates_once, seen.swaps, seen.etag_is_md5, seen.refuses_wrong_md5, seen.refuses_wrong_sha256)
            expected = {
                "s3-moto": (True, True, True, False, False),
                "s3-rclone": (False, False, True, True, False),
                "azure-azurite": (True, True, False, None, None),
                "gcs-own": (True, True, False, None, None),
            }
            assert told == expected.get(writable.name, (True, True, None, None, None))

    run(visit())


@pytest.mark.parametrize("name", ["s3-moto", "s3-rclone", "azure-azurite", "gcs-own"])
def test_copy_between_stores_of_one_bucket(at: Callable[[str], Place], name: str) -> None:
    one, two = at(name), at(name)

    async def visit() -> None:
        async with one.open() as source, two.open() as target:
            await source.write("dac/x.nc", b"bytes", Declared(5))
            copied = await target.copy_from(source, "dac/x.nc", "old/x.nc")
            assert copied is not None
            assert (copied.path, copied.size) == ("old/x.nc", 5)
            assert (await target.stat("old/x.nc")).size == 5
            with pytest.raises(NotFoundError):
                await target.copy_from(source, "none.nc", "y.nc")

    run(visit())


def test_copy_between_buckets(at: Callable[[str], Place]) -> None:
    place = at("s3-moto")
    import urllib.request

    request = urllib.request.Request(f"{place.server.endpoint}/second", method="PUT")
    urllib.request.urlopen(request).close()

    async def visit() -> None:
        async with place.open() as source, open_store("s3://second/sub", place.settings, environment={}) as target:
            await source.write("dac/x.nc", b"bytes", Declared(5, sha256(b"bytes").hexdigest()))
            copied = await target.copy_from(source, "dac/x.nc", "x.nc")
            assert copied is not None
            assert copied.sha256 == sha256(b"bytes").hexdigest()
            with pytest.raises(NotFoundError):
                await target.copy_from(source, "none.nc", "y.nc")

    run(visit())


def test_stores_that_cannot_copy_say_so(at: Callable[[str], Place], tmp_path: Path) -> None:
    async def visit() -> None:
        async with open_store(str(tmp_path)) as local, at("s3-moto").open() as bucket:
            await local.write("x.nc", b"x", Declared(1))
            assert await bucket.copy_from(local, "x.nc", "x.nc") is None
            assert await local.copy_from(bucket, "x.nc", "x.nc") is None

    run(visit())
