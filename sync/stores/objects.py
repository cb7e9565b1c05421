"""Object stores - S3, GCS, Azure - as one kind of store. Bytes travel by obstore; what differs is in the subclasses.

Objects up to `ObjectSettings.single_part_bytes` go up in one request. Where the ETag of such an object is its MD5, a
listing alone can be compared with a manifest, and what comes back is compared with our own MD5 (of larger objects on
S3: the MD5 of the parts' MD5s). Encryption with KMS keys makes other ETags, and Azure always does.

The metadata are ``mtime`` in rclone's form for the provider, and ``sha256``.
"""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, ClassVar, Final, Self

import obstore
from obstore.exceptions import AlreadyExistsError, NotModifiedError, PreconditionError

from gdac.errors import StoreError
from gdac.paths import check_safe
from gdac.store import (
    CHUNK,
    Capabilities,
    ChangedError,
    Declared,
    Expect,
    NotFoundError,
    ObjectInfo,
    Probed,
    Store,
    TemporaryStoreError,
)
from sync.stores.bodies import cut_short, whole
from sync.stores.etags import digest_of, looks_like_md5
from sync.stores.objecterrors import ERRORS, NO_BUCKET, explain
from sync.stores.objectprobe import PROBE_TIME, PROBES, Bucket, try_bucket
from sync.stores.objectupload import upload_parts
from sync.stores.reading import BaseReading
from sync.stores.settings import ObjectSettings
from sync.stores.times import from_rfc3339, from_seconds, to_rfc3339

_LIST_PAGE: Final = 1000


class ObjectReading(BaseReading):
    """An object being fetched, from its first byte or from a later one."""

    def __init__(self, store: "ObjectStore", info: ObjectInfo, result: Any, at: int = 0) -> None:
        super().__init__(info, f"{info.path} in {store.name}")
        self._store, self._result, self._at = store, result, at

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes. Raises `StoreError` when fewer come than announced."""
        due = self._info.size or 0
        got = self._at
        if due:  # of nothing there is no stream
            try:
                async for piece in self._result.stream(min_chunk_size=CHUNK):
                    got += len(piece)
                    yield piece
            except ERRORS as error:
                raise self._store.failure(self._info.path, error, f"broke off after {got:,} of {due:,} bytes") from None
        if got != due:
            raise cut_short(got, due, self._place)


class ObjectStore:
    """A bucket or container, or what lies in it under a prefix. A subclass fits it to a provider.

    Args:
        client: of the data path, for the bucket.
        bucket: its name.
        prefix: where the archive begins in it, without slashes at the ends.
        settings: sizes of parts, timeouts, whether we may write.
    """

    SCHEME: ClassVar[str]
    #: What to do, by the provider's error codes.
    HINTS: ClassVar[Mapping[str, str]] = {}
    #: It can copy from another bucket of the same account.
    COPIES_BETWEEN: ClassVar[bool] = False

    def __init__(self, client: Any, bucket: str, prefix: str, settings: ObjectSettings) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._settings = settings
        self._client = client
        self._probed: Probed | None = None
        self._etag_is_md5: bool | None = None

    # --- what differs between providers

    def _validator(self, meta: Any) -> str | None:
        """The version of an object, from what the data path says of it: the ETag as it stands in headers."""
        return quoted(meta["e_tag"])

    def _etag(self, validator: str) -> str:
        """The ETag in a validator."""
        return validator

    def _swap(self, validator: str) -> Any:
        """The data path's condition "this version is still there"."""
        return {"e_tag": validator}

    def _time(self, moment: datetime) -> str:
        """A time as ``mtime`` metadata, in rclone's form for this provider (RFC 3339; S3 has another)."""
        return to_rfc3339(moment)

    async def _send_wrong(self, key: str) -> tuple[bool | None, bool | None]:  # noqa: ARG002 - for subclasses
        """Whether uploads with a wrong MD5, a wrong SHA-256 are refused; None where it cannot be tried."""
        return None, None

    def _account(self) -> tuple[str, ...]:
        """Two stores with equal accounts may copy between their buckets, if `_copy_between` can."""
        return (self.SCHEME, self._settings.endpoint)

    async def _copy_between(self, other: "ObjectStore", key: str, target: str) -> bool:  # noqa: ARG002
        """Copy from another bucket of the same account, on the server; False where that cannot be."""
        return False

    # --- what it is

    @property
    def name(self) -> str:
        """``scheme://bucket/prefix``."""
        return f"{self.SCHEME}://{self._bucket}/{self._prefix}".rstrip("/")

    @property
    def capabilities(self) -> Capabilities:
        """What object stores can do; compare-and-swap and metadata only once `probe` has seen this server do it."""
        seen = self._probed
        return Capabilities(
            writes=not self._settings.anonymous,
            lists=True,
            exact_listing=True,
            compare_and_swap=seen is not None and seen.honours_expectations,
            keeps_modified=seen is None or bool(seen.keeps_modified),
            lists_whole=True,
        )

    async def probe(self, known: Probed | None = None) -> Probed:
        """Find out, on temporary keys, what this server honours; `capabilities` tells it from then on.

        Raises:
            StoreError: the bucket cannot be written, listed, read and deleted.
        """
        if self._settings.anonymous:
            return Probed()
        if known is None:
            bucket = Bucket(
                self._client,
                self._prefix,
                self.name,
                self._time(PROBE_TIME),
                self._validator,
                self._swap,
                self._send_wrong,
            )
            try:
                known = await try_bucket(bucket)
            except ERRORS as error:  # a FileNotFoundError too: the bucket is not there
                raise self.failure("a probe", error, "could not be written, read and deleted") from None
        self._probed = known
        self._etag_is_md5 = known.etag_is_md5
        return known

    # --- the port

    async def stat(self, key: str) -> ObjectInfo:
        """Facts about one object by HEAD. Raises `NotFoundError`."""
        result = await self._call(key, lambda path: obstore.get_async(self._client, path, options={"head": True}))
        return self._info(key, result)

    @asynccontextmanager
    async def read(self, key: str, *, unless: str | None = None) -> AsyncIterator[ObjectReading | None]:
        """Fetch an object; see `gdac.store.Store.read`."""
        options: Any = {"if_none_match": self._etag(unless)} if unless is not None else None
        try:
            result = await self._call(key, lambda path: obstore.get_async(self._client, path, options=options))
        except _UnchangedError:
            yield None
            return
        yield ObjectReading(self, self._info(key, result), result)

    @asynccontextmanager
    async def read_on(self, key: str, at: int, version: str) -> AsyncIterator[ObjectReading | None]:
        """Fetch the rest of an object; see `gdac.store.Store.read_on`."""
        options: Any = {"if_match": self._etag(version), "range": {"offset": at}}
        try:
            result = await self._call(key, lambda path: obstore.get_async(self._client, path, options=options))
            info = self._info(key, result)
        except (TemporaryStoreError, NotFoundError):
            raise
        except StoreError:  # another version, or a server that answers with all of it
            info = None
        if info is None or info.validator != version or result.range != (at, info.size):
            yield None
            return
        yield ObjectReading(self, info, result, at)

    async def has_folder(self, key: str) -> None:  # noqa: ARG002 - the port's shape
        """None: a bucket has no folders, only keys."""
        return

    async def list(self, prefix: str, *, recursive: bool = False) -> AsyncIterator[ObjectInfo]:
        """Objects below a directory prefix, with size and ETag; the time is unknown without a request for each."""
        if prefix:
            check_safe(prefix)
        below = f"{self._prefix}{prefix}".rstrip("/") or None
        try:
            if not recursive:
                page = await obstore.list_with_delimiter_async(self._client, below)
                for meta in page["objects"]:
                    if not self._is_probe(meta):
                        yield self._listed(meta)
                return
            async for batch in obstore.list(self._client, below, chunk_size=_LIST_PAGE):
                for meta in batch:
                    if not self._is_probe(meta):
                        yield self._listed(meta)
        except FileNotFoundError as error:
            raise self.failure(prefix or "the bucket", error, "cannot be listed") from None
        except ERRORS as error:
            raise self.failure(prefix or "the bucket", error, "cannot be listed") from None

    def _is_probe(self, meta: Any) -> bool:
        return bool(meta["path"].startswith(f"{self._prefix}{PROBES}/"))

    def _listed(self, meta: Any) -> ObjectInfo:
        return ObjectInfo(meta["path"].removeprefix(self._prefix), meta["size"], None, self._validator(meta))

    async def write(
        self,
        key: str,
        body: bytes | AsyncIterable[bytes],
        declared: Declared,
        *,
        expect: Expect | str = Expect.ANYTHING,
    ) -> ObjectInfo:
        """Write one object; see `gdac.store.Store.write`. With an expectation it travels in one request."""
        check_safe(key)
        if expect is not Expect.ANYTHING:
            await self._foresee(key, expect)
        attributes = self._attributes(declared)
        if declared.size > self._settings.single_part_bytes and expect is Expect.ANYTHING:
            result, due = await self._put_parts(key, body, declared, attributes)
        else:
            data = await whole(body, declared.size, f"{key} in {self.name}")
            result = await self._call(key, lambda path: self._put(path, data, attributes, expect))
            etag = (result["e_tag"] or "").strip('"')
            # No use where ETags are something else, and a fifth of the CPU time that a small object takes.
            due = (declared.md5 or digest_of(data)) if looks_like_md5(etag) else ""
        self._verify(key, result["e_tag"], due)
        return ObjectInfo(key, declared.size, declared.modified, self._validator(result), declared.sha256)

    async def _put(self, path: str, data: bytes, attributes: dict[str, str], expect: Expect | str) -> Any:
        mode: Any = self._swap(expect) if isinstance(expect, str) else "create"
        if expect is Expect.ANYTHING:
            mode = "overwrite"
        return await obstore.put_async(self._client, path, data, mode=mode, attributes=attributes, use_multipart=False)

    async def _put_parts(
        self, key: str, body: bytes | AsyncIterable[bytes], declared: Declared, attributes: dict[str, str]
    ) -> tuple[Any, str]:
        try:
            return await upload_parts(
                self._client,
                f"{self._prefix}{key}",
                body,
                declared.size,
                attributes,
                self._settings,
                place=f"{key} in {self.name}",
            )
        except ERRORS as error:
            raise self.failure(key, error, "was not written") from None

    async def _foresee(self, key: str, expect: Expect | str) -> None:
        """Look before a conditional write to a server that was seen to ignore conditions: better than nothing."""
        if self._probed is None or self.capabilities.compare_and_swap:
            return
        try:
            there: str | None = (await self.stat(key)).validator
        except NotFoundError:
            there = None
        if there != (None if expect is Expect.NOTHING else expect):
            raise self._changed(key)

    def _verify(self, key: str, etag: str | None, due: str) -> None:
        """Compare the ETag that came back with the one our bytes must have."""
        got = (etag or "").strip('"')
        if got and got == due:
            self._etag_is_md5 = True
        elif self._etag_is_md5 and looks_like_md5(got):
            raise TemporaryStoreError(
                f"{key} in {self.name} arrived damaged: its ETag is {got}, ours {due}.", hint="Write it again."
            )
        elif self._etag_is_md5 is None:
            self._etag_is_md5 = False

    async def copy(self, source: str, target: str) -> None:
        """Copy on the server, metadata kept. Raises `NotFoundError`."""
        check_safe(target)
        await self._call(source, lambda path: obstore.copy_async(self._client, path, f"{self._prefix}{target}"))

    def copies_from(self, other: Store) -> bool:
        """Whether both lie with one provider, under one account, in one bucket or (S3) in two."""
        if not isinstance(other, ObjectStore) or other._account() != self._account():
            return False
        return other._bucket == self._bucket or self.COPIES_BETWEEN

    async def copy_from(self, other: Store, key: str, target: str) -> ObjectInfo | None:
        """Copy on the server from a store in the same bucket, or (S3) in another bucket of the same account."""
        if not self.copies_from(other):
            return None
        assert isinstance(other, ObjectStore)
        check_safe(target)
        if other._bucket == self._bucket:
            await other._call(key, lambda path: obstore.copy_async(self._client, path, f"{self._prefix}{target}"))
        elif not await self._copy_between(other, key, target):
            return None
        return await self.stat(target)

    async def delete(self, key: str) -> None:
        """Remove one object; fine when it is not there."""
        try:
            await self._call(key, lambda path: obstore.delete_async(self._client, path))
        except NotFoundError:
            return

    async def flush(self) -> None:
        """Nothing to do: an object that was accepted is kept."""

    async def clean(self) -> int:
        """Nothing to do: unfinished uploads are aborted, or left to the bucket's lifecycle rule (docs/stores.md)."""
        return 0

    async def __aenter__(self) -> Self:
        """Nothing to open: connections come with the first call."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Nothing to close: the data path drops idle connections itself."""

    # --- calls and errors

    async def _call(self, key: str, call: Callable[[str], Any]) -> Any:
        check_safe(key)
        try:
            return await call(f"{self._prefix}{key}")
        except NotModifiedError:
            raise _UnchangedError from None
        except (AlreadyExistsError, PreconditionError):
            raise self._changed(key) from None
        except FileNotFoundError as error:
            if any(code in str(error) for code in NO_BUCKET):
                raise self.failure(key, error, "cannot be reached") from None
            raise NotFoundError(f"{key} is not in {self.name}.") from None
        except ERRORS as error:
            raise self.failure(key, error, "failed") from None

    def _changed(self, key: str) -> ChangedError:
        return ChangedError(
            f"{key} in {self.name} was not written: another version is there than the expected one.",
            hint="Another run writes here: look at it first.",
        )

    def failure(self, key: str, error: Exception, what: str) -> StoreError:
        """The error for what the data path raised; its own text may quote headers and is left out."""
        told = explain(error, self.HINTS)
        kind = TemporaryStoreError if told.temporary else StoreError
        return kind(f"{key} in {self.name} {what}: {told.said}.", hint=told.hint)

    # --- metadata

    def _attributes(self, declared: Declared) -> dict[str, str]:
        attributes = {"Content-Type": declared.content_type or "application/octet-stream"}
        if declared.modified is not None:
            attributes["mtime"] = self._time(declared.modified)
        if declared.sha256 is not None:
            attributes["sha256"] = declared.sha256
        return attributes

    def _info(self, key: str, result: Any) -> ObjectInfo:
        meta = result.meta
        kept = {name.lower(): value for name, value in result.attributes.items()}
        mtime = kept.get("mtime", "")
        modified = from_seconds(mtime) or from_rfc3339(mtime) or meta["last_modified"]
        return ObjectInfo(key, meta["size"], modified, self._validator(meta), kept.get("sha256"))


class _UnchangedError(Exception):
    """The version that the caller knows is still there."""


def quoted(etag: str | None) -> str | None:
    """An ETag as it stands in headers: some servers leave the quotes out of their listings."""
    return f'"{etag}"' if etag and '"' not in etag else etag
