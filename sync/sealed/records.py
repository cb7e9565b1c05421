"""The records of an archive's serials, walked back by their chain; copies stay beside those of its deltas."""

import hashlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gdac.errors import RefusedError
from gdac.manifest.head import MAX_DELTAS, Head, RecordEntry
from gdac.manifest.model import Link
from gdac.manifest.record import MAX_RECORD_BYTES, Record, parse_record
from gdac.paths import MANIFEST_DIR
from gdac.store import Declared, Store
from sync.sealed.copies import Copies, read_small
from sync.transfer import BadTransferError

#: Records that an archive's descriptions speak of: as many as a head lists deltas.
MOST_RECORDS: Final = MAX_DELTAS


@dataclass(frozen=True, slots=True)
class Kept:
    """A record with its bytes.

    Attributes:
        key: where it lies in a store.
        raw: its bytes.
        record: the same, understood.
    """

    key: str
    raw: bytes
    record: Record


async def records_of(copies: Copies, store: Store, head: Head) -> tuple[tuple[Kept, ...], str | None]:
    """Records from the head's serial back, newest first, at most `MOST_RECORDS`, until the store lacks one.

    An older record that is damaged ends them too: what it told is lost, and what the head shows stands without it.

    Returns:
        The records, and what is wrong with the one that ended them.

    Raises:
        BadTransferError: the head's own has other bytes than the head says.
        RefusedError: the head's own is no record, or of another serial.
        StoreError: the store failed.
    """
    found: list[Kept] = []
    try:
        async for one in _walk(copies, store, head):
            found.append(one)
            if len(found) == MOST_RECORDS:
                break
    except (BadTransferError, RefusedError) as error:
        if not found:
            raise
        return tuple(found), f"records before serial {found[-1].record.serial} are left out: {error}"
    return tuple(found), None


async def chain_keys(copies: Copies, store: Store, head: Head) -> frozenset[str]:
    """Where the records of `records_of` lie in a store; none where the head's own is damaged.

    Raises:
        StoreError: the store failed.
    """
    try:
        records, _ = await records_of(copies, store, head)
    except (BadTransferError, RefusedError):
        return frozenset()
    return frozenset(one.key for one in records)


async def record_entry(copies: Copies, store: Store, head: Head, serial: int) -> RecordEntry | None:
    """The record of one serial, however old, as a head names it; None where the chain does not reach it.

    Raises:
        BadTransferError: a record on the way has other bytes than the head or the chain says.
        RefusedError: one is no record, or of another serial.
        StoreError: the store failed.
    """
    async for one in _walk(copies, store, head):
        if one.record.serial <= serial:
            sha256 = hashlib.sha256(one.raw).hexdigest()
            name = one.key.rpartition("/")[2]
            return RecordEntry(serial, name, sha256, len(one.raw)) if one.record.serial == serial else None
    return None


async def _walk(copies: Copies, store: Store, head: Head) -> AsyncIterator[Kept]:
    """Records from the head's serial back, until the store lacks one."""
    link = None if head.record is None else Link(head.record.serial, head.record.name, head.record.sha256)
    while link is not None:
        raw = await _raw(copies.directory / link.name, store, link)
        if raw is None:
            return
        record = parse_record(raw)
        if record.serial != link.serial:
            raise BadTransferError(f"{link.name} of {store.name} is the record of serial {record.serial}.")
        yield Kept(f"{MANIFEST_DIR}/{link.name}", raw, record)
        link = record.previous


async def put_records(store: Store, records: Iterable[Kept], after: int) -> None:
    """Write records that a mirror lacks, oldest first: those of later serials than the one it shows."""
    for one in sorted(records, key=lambda kept: kept.record.serial):
        if one.record.serial > after:
            sha256 = hashlib.sha256(one.raw).hexdigest()
            await store.write(one.key, one.raw, Declared(len(one.raw), sha256, content_type="application/json"))


async def _raw(file: Path, store: Store, link: Link) -> bytes | None:
    if file.is_file():
        raw = file.read_bytes()
        if hashlib.sha256(raw).hexdigest() == link.sha256:
            return raw
    fetched = await read_small(store, f"{MANIFEST_DIR}/{link.name}", MAX_RECORD_BYTES)
    if fetched is None:
        return None
    if hashlib.sha256(fetched).hexdigest() != link.sha256:
        raise BadTransferError(f"{link.name} of {store.name} has other bytes than the chain says.")
    part = file.with_name(f"{file.name}.part")
    part.write_bytes(fetched)
    part.replace(file)
    return fetched
