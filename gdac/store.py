"""The store port: what every place that can hold an archive must be able to do.

An adapter (``sync.stores``) turns one kind of server into a `Store`; the contract suite in ``tests/contract`` is the
long form of this page and every adapter passes it against a real server.

Rules for adapters:

- Keys are relative POSIX paths that `gdac.paths.check_safe` accepts (``manifest/...`` too); others are refused.
- `write` is atomic: a reader sees the old bytes or all of the new ones, never a part. When the body raises, or does not
  have the stated size, nothing changes.
- `delete` of what is not there is fine.
- Errors: `NotFoundError` for what is not there, `TemporaryStoreError` for what the same call may overcome later (no
  answer, a broken connection, a busy server), `StoreError` for everything else a server or disk can do; messages name
  the store and the key and never a secret. A cancelled call leaves nothing behind but a temporary file, which the next
  `clean` removes.
- Only `sync.stores.retry` tries again; adapters do not, but for a connection that went stale while it was idle, and
  for one directory of a walk that has begun (`sync.stores.walk`).
"""

from collections.abc import AsyncIterable, AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, Protocol, Self

from gdac.errors import StoreError

#: How much of a body travels at once, in bytes.
CHUNK: Final = 1 << 18


class NotFoundError(StoreError):
    """The store holds nothing under that key."""


class TemporaryStoreError(StoreError):
    """The store could not do it just now; the same call may succeed later. Whether anything was done is unknown.

    Args:
        what: one clear sentence.
        hint: what to do about it.
        after: seconds that the server asked to wait before the next try, or None where it did not say.
    """

    def __init__(self, what: str, *, hint: str = "", after: float | None = None) -> None:
        super().__init__(what, hint=hint)
        self.after = after


class ChangedError(StoreError):
    """A conditional write found another version than the expected one; nothing was written."""


class ListingNotOfferedError(StoreError):
    """The store reads and may write, but shows no list of what is there (HTTP without an index of its directories)."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a store says of one object.

    Attributes:
        path: key in the store, an archive path or a name under ``manifest/``.
        size: bytes, or None where a listing cannot say exactly (HTML listings round).
        modified: UTC, or None where unknown; for our own uploads the source's time, from the object's metadata.
        validator: opaque: equal validators mean unchanged bytes (strong ETag, or size and time on FTP); None: unknown.
        sha256: lower-case hex, where the store carries one that we gave it.
    """

    path: str
    size: int | None = None
    modified: datetime | None = None
    validator: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an adapter can do beyond reading.

    Attributes:
        writes: it can write, copy and delete.
        lists: it can list a directory.
        exact_listing: its listing carries exact sizes.
        compare_and_swap: `Expect` is honoured by the server, atomically.
        keeps_modified: `write` keeps the ``modified`` it is given and `stat` returns it.
        keeps_writes: what `write` returned for outlasts a power cut here, without a `flush`.
        lists_whole: what shows was put there whole, whoever put it; elsewhere a file may still be growing.
    """

    writes: bool = False
    lists: bool = False
    exact_listing: bool = False
    compare_and_swap: bool = False
    keeps_modified: bool = False
    keeps_writes: bool = True
    lists_whole: bool = False


@dataclass(frozen=True, slots=True)
class Probed:
    """What a store did when it was tried, for `Capabilities` to rest on and for a run to report.

    None: not tried, or nothing that such a store has.

    Attributes:
        creates_once: a second ``Expect.NOTHING`` on the same key was refused.
        swaps: a write over another version was refused, one over the right version was not.
        one_of_many: of several writes over one version, sent at once, not more than one went through.
        keeps_modified: ``modified`` and ``sha256`` came back.
        etag_is_md5: the validator of a small object is the MD5 of its bytes.
        refuses_wrong_md5: an upload whose ``Content-MD5`` is not that of its bytes was refused.
        refuses_wrong_sha256: the same for a SHA-256 checksum.
        lists_sorted: a recursive listing came in byte order.
    """

    creates_once: bool | None = None
    swaps: bool | None = None
    one_of_many: bool | None = None
    keeps_modified: bool | None = None
    etag_is_md5: bool | None = None
    refuses_wrong_md5: bool | None = None
    refuses_wrong_sha256: bool | None = None
    lists_sorted: bool | None = None

    @property
    def honours_expectations(self) -> bool:
        """Every kind of expectation was seen to be kept; what was not tried is not believed."""
        return bool(self.creates_once and self.swaps and self.one_of_many)


class Expect(Enum):
    """Precondition of a write: anything may be there, or nothing may."""

    ANYTHING = "anything"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Declared:
    """What the writer knows of the bytes it hands over; stored with the object where the store can.

    Attributes:
        size: exact number of bytes.
        sha256: lower-case hex, or None while not known (a body still being hashed).
        modified: UTC time of the bytes at their source, or None.
        content_type: media type for stores that serve over HTTP.
        md5: lower-case hex, where the writer has it at hand: a store that needs it does not make it again.
    """

    size: int
    sha256: str | None = None
    modified: datetime | None = None
    content_type: str | None = None
    md5: str | None = None


class Reading(Protocol):
    """An object being read: what it is, and its bytes in order, once."""

    @property
    def info(self) -> ObjectInfo:
        """What the store said when it opened the object; ``size`` is None where it did not say."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The bytes. Raises `StoreError` when the connection ends early and the server said how much was due."""
        ...


class Store(Protocol):
    """One archive-holding place, opened. Safe for concurrent use by tasks of one event loop."""

    @property
    def name(self) -> str:
        """For messages and reports: the URL without credentials."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What this adapter can do."""
        ...

    async def stat(self, key: str) -> ObjectInfo:
        """Facts about one object, in one request where the protocol allows. Raises `NotFoundError`."""
        ...

    def read(self, key: str, *, unless: str | None = None) -> AbstractAsyncContextManager["Reading | None"]:
        """Open an object for reading.

        Args:
            key: what to read.
            unless: a validator from an earlier visit; when it still holds, the context yields None and no bytes travel.

        Raises:
            NotFoundError: nothing is there.
        """
        ...

    def read_on(self, key: str, at: int, version: str) -> AbstractAsyncContextManager["Reading | None"]:
        """Open an object in its middle, where the place can promise that it is still the same one.

        Args:
            key: what to read.
            at: bytes that are not wanted again; fewer than it has.
            version: the validator of those bytes.

        Returns:
            A reading whose bytes begin at ``at``. The context yields None where the object is another one by now, or
            this place gives no ranges, or cannot tell versions apart beyond doubt.

        Raises:
            NotFoundError: nothing is there.
        """
        ...

    def list(self, prefix: str, *, recursive: bool = False) -> AsyncIterator[ObjectInfo]:
        """Objects below a directory prefix ("" is the root; no trailing slash), in any order.

        Without ``recursive`` only those directly in it. A directory that does not exist lists nothing. Temporary files
        of ours never show. Names that `gdac.paths.check_safe` refuses are yielded too: the caller reports them.

        Raises:
            ListingNotOfferedError: this place shows no listings, so nothing can be concluded from what is not shown.
        """
        ...

    async def has_folder(self, key: str) -> bool | None:
        """Whether a directory is there, be it empty; None where this place has none of its own, as a bucket.

        Raises:
            StoreError: it cannot be looked at.
        """
        ...

    async def write(
        self,
        key: str,
        body: bytes | AsyncIterable[bytes],
        declared: Declared,
        *,
        expect: Expect | str = Expect.ANYTHING,
    ) -> ObjectInfo:
        """Write one object, atomically.

        Args:
            key: where to.
            body: the bytes, or an iterable of them whose total must be ``declared.size``.
            declared: size and, where known, digest and time.
            expect: precondition; a string is the validator that must still hold (compare-and-swap).

        Raises:
            ChangedError: the precondition does not hold.
            StoreError: the body has another size than declared, or the store failed; nothing changed.
        """
        ...

    async def copy(self, source: str, target: str) -> None:
        """Copy within the store without the bytes passing through us. Raises `NotFoundError`."""
        ...

    def copies_from(self, other: "Store") -> bool:
        """Whether `copy_from` is worth asking; asks nobody."""
        ...

    async def copy_from(self, other: "Store", key: str, target: str) -> ObjectInfo | None:
        """Have the servers copy an object of another store into this one, if these two can.

        Returns:
            What is there now, or None when these two stores cannot: then read from the one and write to the other. The
            bytes are those that `other` held during the copy: compare the result with what you expect.

        Raises:
            NotFoundError: `other` has no such object.
        """
        ...

    async def delete(self, key: str) -> None:
        """Remove one object; fine when it is not there."""
        ...

    async def flush(self) -> None:
        """Return once everything written so far would survive a power cut (a barrier; free on object stores)."""
        ...

    async def clean(self) -> int:
        """Remove temporary files that an interrupted run of ours left; returns how many."""
        ...

    async def probe(self, known: Probed | None = None) -> Probed:
        """Try, on temporary keys, what this store honours; `capabilities` claims nothing that was seen to be ignored.

        A server's claim is worth nothing: some accept a precondition and write anyway. Where trying needs the right to
        write and there is none, nothing is tried.

        Args:
            known: what an earlier probe saw: it is believed and nothing is tried.

        Raises:
            StoreError: the store should be writable and is not.
        """
        ...

    async def __aenter__(self) -> Self:
        """Open connections."""
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Close them."""
        ...
