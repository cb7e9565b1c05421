"""S3, and servers that speak like it, as a store; see `sync.stores.objects`.

A request is signed over the SHA-256 of its body, which the server checks. What the data path cannot do goes by boto3:
sending wrong digests on purpose, and copying between buckets.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import Any

from gdac.store import NotFoundError, Probed, TemporaryStoreError
from sync.stores.objects import ObjectReading, ObjectStore
from sync.stores.s3client import ANSWERS, HINTS, connect, connect_boto
from sync.stores.s3wrong import refuses_wrong
from sync.stores.settings import S3Settings
from sync.stores.times import to_seconds

__all__ = ["Probed", "S3Reading", "S3Store", "from_environment"]

S3Reading = ObjectReading


class S3Store(ObjectStore):
    """A bucket, or what lies in it under a prefix.

    Args:
        bucket: its name.
        prefix: where the archive begins in it, without slashes at the ends.
        settings: endpoint, region, credentials, sizes of parts, timeouts.

    Raises:
        UsageError: the endpoint speaks http and is not on this machine.
    """

    SCHEME = "s3"
    COPIES_BETWEEN = True
    HINTS = HINTS

    def __init__(self, bucket: str, prefix: str = "", settings: S3Settings | None = None) -> None:
        self._s3 = settings or S3Settings()
        super().__init__(connect(bucket, self._s3), bucket, prefix, self._s3)
        self._admin: Any = None
        self._making = Lock()

    def _boto(self) -> Any:
        """The client for what is seldom asked, made once. For threads."""
        with self._making:
            if self._admin is None:
                self._admin = connect_boto(self._s3)
            return self._admin

    async def __aexit__(self, *exc: object) -> None:
        """Close the connections that are ours; the data path drops its own."""
        with self._making:
            admin, self._admin = self._admin, None
        if admin is not None:
            await asyncio.to_thread(admin.close)

    def _time(self, moment: datetime) -> str:
        return to_seconds(moment)

    def _account(self) -> tuple[str, ...]:
        return ("s3", self._s3.endpoint, self._s3.access_key, str(self._s3.anonymous))

    async def _send_wrong(self, key: str) -> tuple[bool | None, bool | None]:
        return await refuses_wrong(self._s3, self._bucket, key)

    async def _copy_between(self, other: ObjectStore, key: str, target: str) -> bool:
        source = {"Bucket": other._bucket, "Key": f"{other._prefix}{key}"}
        copied = await asyncio.to_thread(_copy, self._boto, source, self._bucket, f"{self._prefix}{target}")
        if copied is None:
            raise NotFoundError(f"{key} is not in {other.name}.")
        return copied


def _copy(connect_once: Callable[[], Any], source: dict[str, str], bucket: str, target: str) -> bool | None:
    """Copy between buckets: whether it could, None where the source is not there. Blocks.

    Raises:
        TemporaryStoreError: the server failed.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - slow to import, seldom needed

    try:
        connect_once().copy_object(Bucket=bucket, Key=target, CopySource=source)
    except ClientError as error:
        answer: dict[str, Any] = error.response
        if answer.get("Error", {}).get("Code") in {"NoSuchKey", "404"}:
            return None
        if answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) < 500:
            return False  # not allowed, too large for one copy, unknown to this server: by hand, then
        raise TemporaryStoreError(f"s3://{bucket} could not copy {target} from s3://{source['Bucket']}.") from None
    except BotoCoreError:
        raise TemporaryStoreError(f"s3://{bucket} could not copy {target} from s3://{source['Bucket']}.") from None
    return True


def from_environment(settings: S3Settings, environment: Mapping[str, str]) -> S3Settings:
    """Fill what is empty in `settings` from the standard AWS variables."""
    changes = {
        field: next((environment[name] for name in names if environment.get(name)), "")
        for field, names in ANSWERS.items()
        if not getattr(settings, field)
    }
    if settings.access_key:  # never mix our key with a secret or token of somebody else's
        changes = {field: value for field, value in changes.items() if field in {"endpoint", "region"}}
    return replace(settings, **changes)  # type: ignore[arg-type] # the fields of ANSWERS are strings
