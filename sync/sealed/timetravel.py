"""Time travel: what the archive held at an earlier serial, by walking the deltas back from the head."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from gdac.errors import RefusedError, StoreError, UsageError
from gdac.manifest.delta import fold
from gdac.manifest.files import load_delta
from gdac.manifest.head import Head
from gdac.manifest.states import open_past
from gdac.store import Store
from sync.audit.audit import digest_at
from sync.sealed.copies import Copies
from sync.sealed.past import PastFiles
from sync.vault.vault import Vault, vault_key


@dataclass(frozen=True, slots=True)
class Past:
    """One file as a serial had it.

    Attributes:
        path: archive path.
        size: bytes.
        sha256: digest.
        modified: UTC time at the source, or None.
    """

    path: str
    size: int
    sha256: bytes
    modified: datetime | None


async def load_since(
    connection: duckdb.DuckDBPyConnection, copies: Copies, files: PastFiles, hub: Store, head: Head, serial: int
) -> None:
    """Make ``manifest`` (the head's) and ``since``: the net change from ``serial`` to it, delta-shaped.

    Raises:
        UsageError: the serial is not in the past.
        RefusedError: the hub has not all deltas since.
    """
    if not 1 <= serial < head.serial:
        raise UsageError(
            f"serial {serial} is not before the newest, {head.serial}.", hint="`gdac manifest log` lists serials."
        )
    steps = await files.since(serial)
    await copies.load_manifest(connection, hub, head, "manifest")
    tables = []
    for link, file in steps:
        tables.append(f"delta_{link.serial}")
        about = load_delta(connection, file, tables[-1], expect_sha256=link.sha256, archive=head.archive)
        if (about.from_serial, about.serial) != (link.serial - 1, link.serial):
            raise RefusedError(f"{link.name} leads from serial {about.from_serial} to {about.serial}.")
    fold(connection, tables, "since")


async def file_at(
    connection: duckdb.DuckDBPyConnection, files: PastFiles, path: str, when: int | date
) -> tuple[int, Past | None]:
    """One path as a serial had it, or the last serial of a day (UTC); None when it was not there. And that serial.

    Raises:
        UsageError: there is no such serial.
        RefusedError: what the hub still has does not tell that state.
    """
    past, serial = await files.state(when)
    open_past(connection, past, serial, "state_then")
    row = connection.execute("select size, sha256, modified from state_then where path = $1", [path]).fetchone()
    if row is None:
        return serial, None
    size, sha256, modified = row
    return serial, Past(path, size, bytes(sha256), modified and modified.replace(tzinfo=UTC))


async def find(past: Past, stores: Sequence[Store], vault: Vault | None) -> tuple[Store, str] | None:
    """Where the very bytes of a past file lie: under its path in one of the stores, or in the vault."""
    offers = [(store, past.path) for store in stores]
    if vault is not None:
        offers.append((vault.store, vault_key(past.sha256)))
    for store, key in offers:
        with suppress(StoreError):
            if (await store.stat(key)).size in (None, past.size) and (await digest_at(store, key))[0] == past.sha256:
                return store, key
    return None


async def save(store: Store, key: str, past: Past, output: Path) -> None:
    """Write the bytes to a local file, whole or not at all.

    Raises:
        StoreError: they changed meanwhile.
    """
    part = output.with_name(f".{output.name}.part")
    found = hashlib.sha256()
    try:
        async with store.read(key) as reading:
            assert reading is not None  # only a conditional read yields None
            with part.open("wb") as out:
                async for chunk in reading.chunks():
                    found.update(chunk)
                    out.write(chunk)
        if found.digest() != past.sha256:
            raise StoreError(f"{key} of {store.name} changed while it was read.", hint="Try again.")
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
