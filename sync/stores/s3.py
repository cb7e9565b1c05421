"""S3, and servers that speak like it, as a store. Bytes travel by obstore.

Objects up to `S3Settings.single_part_bytes` go up in one request: their ETag is their MD5, so a listing alone can be
compared with a manifest. The request is signed over the SHA-256 of its body, which the server checks, and the ETag it
returns is compared with our own MD5 (of larger objects: the MD5 of the parts' MD5s), unless the server is known to
make ETags another way (encryption with KMS keys does).

The metadata are ``mtime`` in rclone's form and ``sha256``.
"""

import secrets
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotModifiedError, PreconditionError

from gdac.errors import StoreError
from gdac.paths import check_safe
from gdac.store import CHUNK, Capabilities, ChangedError, Declared, Expect, NotFoundError, ObjectInfo
from sync.stores.bodies import cut_short, whole
from sync.stores.etags import digest_of, looks_like_md5
from sync.stores.s3client import ANSWERS, connect, explain
from sync.stores.s3upload import upload_parts
from sync.stores.settings import S3Settings
from sync.stores.times import from_seconds, to_seconds

#: What the data path raises, besides FileNotFoundError.
_ERRORS: Final = (BaseError, OSError, ValueError)
_LIST_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Probed:
    """What a server did when it was tried.

    Attributes:
        creates_once: a second "create" of the same key was refused.
        swaps: a write over a version that is not there was refused, one over the right version was not.
        etag_is_md5: the ETag of an object is the MD5 of its bytes.
        keeps_metadata: ``mtime`` and ``sha256`` come back.
    """

    creates_once: bool
    swaps: bool
    etag_is_md5: bool
    keeps_metadata: bool


class S3Reading:
    """An object being fetched."""

    def __init__(self, store: "S3Store", info: ObjectInfo, result: Any) -> None:
        self._store = store
        self._info = info
        self._result = result

    @property
    def info(self) -> ObjectInfo:
        """What the server said, metadata included."""
        return self._info

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes. Raises `StoreError` when fewer come than announced."""
        due = self._info.size or 0
        got = 0
        if due:  # of nothing there is no stream
            try:
                async for piece in self._result.stream(min_chunk_size=CHUNK):
                    got += len(piece)
                    yield piece
            except _ERRORS as error:
                raise self._store.failure(self._info.path, error, f"broke off after {got:,} of {due:,} bytes") from None
        if got != due:
            raise cut_short(got, due, f"{self._info.path} in {self._store.name}")


class S3Store:
    """A bucket, or what lies in it under a prefix.

    Args:
        bucket: its name.
        prefix: where the archive begins in it, without slashes at the ends.
        settings: endpoint, region, credentials, sizes of parts, timeouts.

    Raises:
        UsageError: the endpoint speaks http and is not on this machine.
    """

    def __init__(self, bucket: str, prefix: str = "", settings: S3Settings | None = None) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._settings = settings or S3Settings()
        self._client = connect(bucket, self._settings)
        self._probed: Probed | None = None
        self._etag_is_md5: bool | None = None

    @property
    def name(self) -> str:
        """``s3://bucket/prefix``."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    @property
    def capabilities(self) -> Capabilities:
        """What S3 can do; compare-and-swap and metadata only once `probe` has seen this server do it."""
        seen = self._probed
        return Capabilities(
            writes=not self._settings.anonymous,
            lists=True,
            exact_listing=True,
            compare_and_swap=seen is not None and seen.creates_once and seen.swaps,
            keeps_modified=seen is None or seen.keeps_metadata,
        )

    async def probe(self) -> Probed:
        """Find out, on a temporary key, what this server honours; `capabilities` tells it from then on.

        Raises:
            StoreError: the bucket cannot be written at all.
        """
        key = f"{self._prefix}.gdac-probe-{secrets.token_hex(8)}"
        body = b"probe"
        attributes = {"mtime": "1.500000000", "sha256": "00"}
        try:
            first = await obstore.put_async(self._client, key, body, mode="overwrite", attributes=attributes)
            try:
                found = await obstore.get_async(self._client, key, options={"head": True})
                kept = attributes.items() <= {k.lower(): v for k, v in found.attributes.items()}.items()
                etag = first["e_tag"] or ""
                self._probed = Probed(
                    creates_once=not await self._tries(key, "create"),
                    swaps=not await self._tries(key, {"e_tag": f'"{"0" * 32}"'})
                    and await self._tries(key, {"e_tag": etag}),
                    etag_is_md5=etag.strip('"') == digest_of(body),
                    keeps_metadata=kept,
                )
            finally:
                await obstore.delete_async(self._client, key)
        except _ERRORS as error:
            raise self.failure("a probe", error, "could not be written, read and deleted") from None
        self._etag_is_md5 = self._probed.etag_is_md5
        return self._probed

    async def _tries(self, key: str, mode: Any) -> bool:
        """Whether a conditional write went through; servers that know no conditions may answer in any way."""
        try:
            await obstore.put_async(self._client, key, b"probe", mode=mode)
        except _ERRORS:
            return False
        return True

    async def stat(self, key: str) -> ObjectInfo:
        """Facts about one object by HEAD. Raises `NotFoundError`."""
        result = await self._call(key, lambda path: obstore.get_async(self._client, path, options={"head": True}))
        return _info(key, result)

    @asynccontextmanager
    async def read(self, key: str, *, unless: str | None = None) -> AsyncIterator[S3Reading | None]:
        """Fetch an object; see `gdac.store.Store.read`."""
        options: Any = {"if_none_match": unless} if unless is not None else None
        try:
            result = await self._call(key, lambda path: obstore.get_async(self._client, path, options=options))
        except _UnchangedError:
            yield None
            return
        yield S3Reading(self, _info(key, result), result)

    async def list(self, prefix: str, *, recursive: bool = False) -> AsyncIterator[ObjectInfo]:
        """Objects below a directory prefix, with size and ETag; the time is unknown without a request for each."""
        if prefix:
            check_safe(prefix)
        below = f"{self._prefix}{prefix}".rstrip("/") or None
        try:
            if not recursive:
                page = await obstore.list_with_delimiter_async(self._client, below)
                for meta in page["objects"]:
                    yield self._listed(meta)
                return
            async for batch in obstore.list(self._client, below, chunk_size=_LIST_PAGE):
                for meta in batch:
                    yield self._listed(meta)
        except FileNotFoundError as error:
            raise self.failure(prefix or "the bucket", error, "cannot be listed") from None
        except _ERRORS as error:
            raise self.failure(prefix or "the bucket", error, "cannot be listed") from None

    def _listed(self, meta: Any) -> ObjectInfo:
        return ObjectInfo(meta["path"].removeprefix(self._prefix), meta["size"], None, _quoted(meta["e_tag"]))

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
        attributes = _attributes(declared)
        if declared.size > self._settings.single_part_bytes and expect is Expect.ANYTHING:
            etag, due = await self._put_parts(key, body, declared, attributes)
        else:
            data = await whole(body, declared.size, f"{key} in {self.name}")
            result = await self._call(key, lambda path: self._put(path, data, attributes, expect))
            etag, due = result["e_tag"], digest_of(data)
        self._verify(key, etag, due)
        return ObjectInfo(key, declared.size, declared.modified, _quoted(etag), declared.sha256)

    async def _put(self, path: str, data: bytes, attributes: dict[str, str], expect: Expect | str) -> Any:
        mode: Any = {"e_tag": expect} if isinstance(expect, str) else "create"
        if expect is Expect.ANYTHING:
            mode = "overwrite"
        return await obstore.put_async(self._client, path, data, mode=mode, attributes=attributes, use_multipart=False)

    async def _put_parts(
        self, key: str, body: bytes | AsyncIterable[bytes], declared: Declared, attributes: dict[str, str]
    ) -> tuple[str | None, str]:
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
        except _ERRORS as error:
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
        if got == due:
            self._etag_is_md5 = True
        elif self._etag_is_md5 and looks_like_md5(got):
            raise StoreError(
                f"{key} in {self.name} arrived damaged: its ETag is {got}, ours {due}.", hint="Write it again."
            )
        elif self._etag_is_md5 is None:
            self._etag_is_md5 = False

    async def copy(self, source: str, target: str) -> None:
        """Copy on the server, metadata kept. Raises `NotFoundError`."""
        check_safe(target)
        await self._call(source, lambda path: obstore.copy_async(self._client, path, f"{self._prefix}{target}"))

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
            if "NoSuchBucket" in str(error):
                raise self.failure(key, error, "cannot be reached") from None
            raise NotFoundError(f"{key} is not in {self.name}.") from None
        except _ERRORS as error:
            raise self.failure(key, error, "failed") from None

    def _changed(self, key: str) -> ChangedError:
        return ChangedError(
            f"{key} in {self.name} was not written: another version is there than the expected one.",
            hint="Another run writes here: look at it first.",
        )

    def failure(self, key: str, error: Exception, what: str) -> StoreError:
        """The error for what the data path raised; its own text may quote headers and is left out."""
        said, hint = explain(error)
        return StoreError(f"{key} in {self.name} {what}: {said}.", hint=hint)


class _UnchangedError(Exception):
    """The version that the caller knows is still there."""


def _quoted(etag: str | None) -> str | None:
    """An ETag as it stands in headers: some servers leave the quotes out of their listings."""
    return f'"{etag}"' if etag and '"' not in etag else etag


def _attributes(declared: Declared) -> dict[str, str]:
    attributes = {"Content-Type": declared.content_type or "application/octet-stream"}
    if declared.modified is not None:
        attributes["mtime"] = to_seconds(declared.modified)
    if declared.sha256 is not None:
        attributes["sha256"] = declared.sha256
    return attributes


def _info(key: str, result: Any) -> ObjectInfo:
    meta = result.meta
    kept = {name.lower(): value for name, value in result.attributes.items()}
    modified = from_seconds(kept.get("mtime", "")) or meta["last_modified"]
    return ObjectInfo(key, meta["size"], modified, _quoted(meta["e_tag"]), kept.get("sha256"))


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
