"""From a URL to a store: what is known, what is refused, and where secrets come from."""

import subprocess
import sys
from pathlib import Path

import pytest

from gdac.errors import UsageError
from sync.stores.open import open_store
from sync.stores.settings import FtpSettings, HttpSettings, S3Settings, StoreSettings

LOCAL_S3 = StoreSettings(s3=S3Settings(endpoint="http://127.0.0.1:1", access_key="key", secret_key="s3cret"))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/data/gdac", "/data/gdac"),
        ("file:///data/g%20dac", "/data/g dac"),
        ("http://example.org/pub/argo/", "http://example.org/pub/argo"),
        ("https://example.org:8443/", "https://example.org:8443"),
        ("ftp://ftp.example.org/ifremer/argo/", "ftp://ftp.example.org/ifremer/argo"),
        ("ftp://ftp.example.org:2121", "ftp://ftp.example.org:2121"),
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/pub/", "s3://bucket/pub"),
    ],
)
def test_known_urls(url: str, name: str) -> None:
    assert open_store(url, LOCAL_S3, environment={}).name == name


@pytest.mark.parametrize("scheme", ["gopher", "webdav"])
def test_unknown_scheme_names_the_known(scheme: str) -> None:
    with pytest.raises(UsageError, match=scheme) as found:
        open_store(f"{scheme}://host/x", environment={})
    assert "s3://" in found.value.hint


@pytest.mark.parametrize("url", ["ftp://me:hunter2@host/x", "https://hunter2@host/", "s3://key:hunter2@bucket"])
def test_password_in_url(url: str) -> None:
    with pytest.raises(UsageError) as found:
        open_store(url, environment={})
    assert "hunter2" not in f"{found.value}{found.value.__context__!r}"
    assert "GDAC_<NAME>_PASSWORD" in found.value.hint


@pytest.mark.parametrize(
    "url",
    ["", "http://", "http:///x", "s3:///x", "ftp://host:port/", "https://host/?list=1", "file://elsewhere/x",
     "s3://bucket/a/../b", "ftp://host/a/%0d%0aDELE", "http://[::1"],
)  # fmt: skip
def test_incomplete_or_hostile_url(url: str) -> None:
    with pytest.raises(UsageError):
        open_store(url, environment={})


def test_password_is_not_sent_in_the_clear() -> None:
    environment = {"GDAC_MY_SOURCE_USER": "me", "GDAC_MY_SOURCE_PASSWORD": "hunter2"}
    open_store("https://example.org/", name="my-source", environment=environment)
    with pytest.raises(UsageError, match="in the clear"):
        open_store("http://example.org/", name="my-source", environment=environment)


def test_endpoint_without_tls() -> None:
    with pytest.raises(UsageError, match="unprotected"):
        open_store("s3://bucket", StoreSettings(s3=S3Settings(endpoint="http://minio.example.org")), environment={})
    open_store("s3://bucket", StoreSettings(s3=S3Settings(endpoint="http://minio", allow_http=True)), environment={})
    with pytest.raises(UsageError, match="unprotected"):
        open_store("s3://bucket", environment={"AWS_ENDPOINT_URL": "http://minio.example.org"})


def test_settings_do_not_show_secrets() -> None:
    for settings in (
        FtpSettings(password="hunter2"),
        HttpSettings(password="hunter2"),
        S3Settings(secret_key="hunter2", session_token="hunter2"),
    ):
        assert "hunter2" not in repr(StoreSettings()) + repr(settings)


def test_lazy_imports() -> None:
    script = """
import sys
from sync.stores.open import open_store
open_store("/tmp/x")
heavy = {"aiohttp", "aioftp", "obstore"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else 0)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("text", ["", "{", "{}", '{"type": "service_account"}'])
def test_google_credentials_that_are_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "credentials.json"
    file.write_text(text)
    with pytest.raises(UsageError, match="bucket cannot be opened"):
        open_store("gs://bucket/argo", environment={"GOOGLE_APPLICATION_CREDENTIALS": str(file)})


def test_azure_key_that_is_none() -> None:
    secret = "not base64!"
    with pytest.raises(UsageError, match="container cannot be opened") as found:
        open_store(
            "az://container", environment={"AZURE_STORAGE_ACCOUNT_NAME": "a", "AZURE_STORAGE_ACCOUNT_KEY": secret}
        )
    assert secret not in f"{found.value!r}"
