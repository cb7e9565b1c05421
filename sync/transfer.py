"""One file on its way from a store to another: read once, measured and hashed on the way, whole or not at all."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gdac.errors import StoreError
from gdac.netcdf import NetcdfError, read_variables, text
from gdac.netcdf.stamp import short_text
from gdac.store import Declared, NotFoundError, ObjectInfo, Reading, Store

#: Up to this size a file travels in memory, so that its digest is known before it is written.
SMALL: Final = 4 << 20
#: A sender that does not say how much is coming gets this much memory and no more.
_MOST_UNANNOUNCED: Final = 64 << 20
#: How classic and NetCDF-4 files begin.
_NETCDF: Final = (b"CDF", b"\x89HDF")


class BadTransferError(StoreError):
    """The sending side failed: bytes ended early, were too many, or are not the expected ones; nothing was written."""


class OtherBytesError(BadTransferError):
    """The sender's bytes are whole and not the expected ones: they were overtaken or damaged there."""


class NotNetcdfError(BadTransferError):
    """What came under the name of a NetCDF file is none; nothing was written.

    Attributes:
        sha256: of what came.
    """

    def __init__(self, what: str, sha256: bytes) -> None:
        super().__init__(
            what, hint="An error page, or a damaged file: taken once the source has sent it for some hours."
        )
        self.sha256 = sha256


class StaleError(StoreError):
    """The sender's file is older than its index says; nothing was written."""


@dataclass(frozen=True, slots=True)
class Received:
    """What arrived.

    Attributes:
        size: bytes.
        sha256: digest.
        md5: digest.
        modified: time at the sending store (UTC), or None.
    """

    size: int
    sha256: bytes
    md5: bytes
    modified: datetime | None


class _Tap:
    """Counts and hashes what passes; raises `BadTransferError` at the end when these are not the due bytes.

    Args:
        reading: the sender.
        what: key and sender, for messages.
        due: bytes that the sender announced, or None.
        sha256: digest that they must have, or None.
        md5: the other digest, where it is known and need not be made.
    """

    def __init__(self, reading: Reading, what: str, due: int | None, sha256: bytes | None, md5: bytes | None) -> None:
        self.what = what
        self._reading, self._due, self._expected, self._known = reading, due, sha256, md5
        self._sha256 = hashlib.sha256()
        self._md5 = None if md5 is not None else hashlib.md5(usedforsecurity=False)
        self.size = 0

    async def whole(self) -> bytes:
        """All bytes in one piece, hashed at once."""
        pieces: list[bytes] = []
        try:
            async for chunk in self._reading.chunks():
                self._count(chunk)
                pieces.append(chunk)
        except StoreError as error:
            raise _as_senders(error) from error
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._hash(body)
        self._check()
        return body

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes piece by piece, hashed on the way."""
        try:
            async for chunk in self._reading.chunks():
                self._count(chunk)
                self._hash(chunk)
                yield chunk
        except StoreError as error:
            raise _as_senders(error) from error
        self._check()

    def _count(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self._due is not None and self.size > self._due:
            raise BadTransferError(f"{self.what} sent more than the {self._due:,} bytes it announced.")
        if self._due is None and self.size > _MOST_UNANNOUNCED:
            raise BadTransferError(f"{self.what} sent {self.size:,} bytes without announcing a length.")

    def _hash(self, data: bytes) -> None:
        self._sha256.update(data)
        if self._md5 is not None:
            self._md5.update(data)

    def _check(self) -> None:
        if self._due is not None and self.size != self._due:
            raise BadTransferError(
                f"{self.what} broke off: {self.size:,} of {self._due:,} bytes came.",
                hint="Nothing was replaced; the next run tries again.",
            )
        if self._expected is not None and self._sha256.digest() != self._expected:
            raise OtherBytesError(
                f"{self.what} holds other bytes than the manifest says (sha256 {self._sha256.hexdigest()[:16]}...,"
                f" due {self._expected.hex()[:16]}...).",
                hint="Run `gdac sync run` to bring the hub up to date, or `gdac manifest verify` to see what differs.",
            )

    def received(self) -> Received:
        """What came; after the last byte."""
        md5 = self._md5.digest() if self._md5 is not None else self._known
        assert md5 is not None
        return Received(self.size, self._sha256.digest(), md5, self._reading.info.modified)


def _as_senders(error: StoreError) -> BadTransferError:
    return error if isinstance(error, BadTransferError) else BadTransferError(error.what, hint=error.hint)


async def carry(
    source: Store,
    key: str,
    target: Store,
    *,
    sha256: bytes | None = None,
    md5: bytes | None = None,
    modified: datetime | None = None,
    target_key: str | None = None,
    not_older_than: datetime | None = None,
    must_be_netcdf: bool = False,
) -> Received:
    """Bring one file from a store to another, streamed once, replaced atomically.

    Args:
        source: the sending store.
        key: what to bring.
        target: the receiving store.
        sha256: digest that the bytes must have; None when any will do.
        md5: the other digest of those bytes, where it is known; not made again then.
        modified: time to record with it; by default what the sender says.
        target_key: key at the receiver; the same by default.
        not_older_than: what an index says of the file's DATE_UPDATE (UTC, without zone).
        must_be_netcdf: refuse a small file that is called ``.nc`` and does not begin as one.

    Raises:
        StaleError: the file's own DATE_UPDATE is older than ``not_older_than``.
        NotFoundError: the sender has nothing there.
        NotNetcdfError: as ``must_be_netcdf`` says.
        BadTransferError: the sender failed; the receiver is as before.
        StoreError: the receiver failed.
    """
    context = source.read(key)
    try:
        reading = await context.__aenter__()
    except NotFoundError:
        raise
    except StoreError as error:
        raise BadTransferError(error.what, hint=error.hint) from error
    try:
        assert reading is not None  # only a conditional read yields None
        tap = _Tap(reading, f"{key} from {source.name}", reading.info.size, sha256, md5 if sha256 else None)
        suspect = must_be_netcdf and key.endswith(".nc")
        when = modified or reading.info.modified
        received = await _receive(reading.info, tap, target, target_key or key, sha256, when, not_older_than, suspect)
    except BaseException as error:
        await context.__aexit__(type(error), error, error.__traceback__)
        raise
    await context.__aexit__(None, None, None)
    return received


async def _receive(
    info: ObjectInfo,
    tap: _Tap,
    target: Store,
    key: str,
    sha256: bytes | None,
    modified: datetime | None,
    not_older_than: datetime | None,
    suspect: bool,
) -> Received:
    due = info.size
    if due is None or due <= SMALL:
        body = await tap.whole()
        if not_older_than is not None:
            _refuse_stale(body, tap.what, not_older_than)
        received = tap.received()
        if suspect and not body.startswith(_NETCDF):
            raise NotNetcdfError(f"{tap.what} is no NetCDF file ({len(body):,} bytes).", received.sha256)
        declared = Declared(len(body), received.sha256.hex(), modified, md5=received.md5.hex())
        await target.write(key, body, declared)
        return received
    await target.write(key, tap.chunks(), Declared(due, sha256.hex() if sha256 else None, modified))
    return tap.received()


def _refuse_stale(body: bytes, what: str, listed: datetime) -> None:
    """A source may publish an index before the file it speaks of: old bytes must not be recorded as the new ones.

    Only NetCDF-3 is looked into: it takes no C library that a hostile file could crash. Bytes that are not a sound
    NetCDF file are mirrored as they are; judging them is the checker's work.
    """
    own = own_date(body)
    if own is not None and own < listed:
        raise StaleError(
            f"{what} is of {own:%Y-%m-%dT%H:%M:%SZ}, older than its index row ({listed:%Y-%m-%dT%H:%M:%SZ}).",
            hint="The source is behind its own index; the next run tries again.",
        )


def own_date(body: bytes) -> datetime | None:
    """DATE_UPDATE of a file (UTC, without zone); None where it is no sound classic file, or has none."""
    if body[:3] != b"CDF":
        return None
    try:
        return _date_update(body)
    except (NetcdfError, ValueError):
        return None


def _date_update(body: bytes) -> datetime | None:
    said = short_text(body, "DATE_UPDATE", 14)
    if said is None:
        found = read_variables(body, ("DATE_UPDATE",)).variables.get("DATE_UPDATE")
        if found is None:
            return None
        said = text(found)
    if len(said) != 14 or not said.isdecimal():
        return None
    year, month, day, hour, minute, second = int(said[:4]), *(int(said[at : at + 2]) for at in range(4, 14, 2))
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - UTC both
