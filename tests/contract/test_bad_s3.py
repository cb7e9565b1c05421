"""S3 servers that cut, hang and refuse: every one ends in a clear `StoreError`, soon."""

import re
import time
from collections.abc import Callable

import pytest

from gdac.errors import StoreError
from gdac.store import NotFoundError
from sync.loop import run
from sync.stores.s3 import S3Store
from sync.stores.settings import S3Settings
from tests import servers
from tests.contract.bad_servers import fetch, http_says, listening
from tests.contract.conftest import Place


def s3(port: int) -> S3Store:
    settings = S3Settings(
        endpoint=f"http://127.0.0.1:{port}",
        access_key="AKIDEXAMPLE",
        secret_key=servers.PASSWORD,
        retries=0,
        connect_seconds=1,
        read_seconds=0.5,
    )
    return S3Store("bucket", "", settings)


def test_s3_short_body() -> None:
    head = b'HTTP/1.1 200 OK\r\nETag: "a"\r\nLast-Modified: Wed, 01 Jan 2020 00:00:00 GMT\r\n'
    with (
        listening(http_says(head + b"Content-Length: 1000\r\n\r\n" + b"x" * 700)) as port,
        pytest.raises(StoreError, match=r"x\.nc in s3://bucket broke off after"),
    ):
        run(fetch(s3(port)))


def test_s3_hangs() -> None:
    began = time.monotonic()
    with listening(http_says(b"", hang=True)) as port, pytest.raises(StoreError, match="did not answer in time"):
        run(fetch(s3(port)))
    assert time.monotonic() - began < 4


def test_s3_nobody_there() -> None:
    with pytest.raises(StoreError, match="Connection refused"):
        run(fetch(s3(servers.free_port())))


def test_s3_missing_bucket_is_no_missing_key(at: Callable[[str], Place]) -> None:
    """Else a typing error in the bucket's name would look like an empty archive."""
    place = at("s3-moto")
    store = S3Store("no-such-bucket", "", place.settings.s3)
    with pytest.raises(StoreError, match="NoSuchBucket") as found:
        run(fetch(store))
    assert not isinstance(found.value, NotFoundError)


def test_s3_denied_without_secrets() -> None:
    xml = (
        b"<Error><Code>SignatureDoesNotMatch</Code><Message>The signatures differ</Message>"
        b"<AWSAccessKeyId>AKIDEXAMPLE</AWSAccessKeyId><StringToSign>AWS4 secret things</StringToSign></Error>"
    )
    answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%s" % (len(xml), xml)
    with listening(http_says(answer)) as port, pytest.raises(StoreError, match="SignatureDoesNotMatch") as found:
        run(fetch(s3(port)))
    error = found.value
    assert not re.search("AKIDEXAMPLE|secret things", f"{error} {error.__cause__!r}")
    assert "GDAC_<NAME>_PASSWORD" in error.hint
