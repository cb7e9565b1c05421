"""Time travel: what the archive held at an earlier serial, by walking the deltas back from the head."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from gdac.errors import RefusedError, StoreError, UsageError
from gdac.manifest.delta import fold
from gdac.manifest.head import Head
from gdac.store import Store
from sync.audit.audit import digest_at
from sync.sealed.copies import Copies
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
    connection: duckdb.DuckDBPyConnection, copies: Copies, hub: Store, head: Head, serial: int
) -> None:
    """Make ``manifest`` (the head's) and ``since``: the net change from ``serial`` to it, delta-shaped.

    Raises:
        UsageError: the serial is not in the past.
        RefusedError: the head does not list all deltas since.
    """
    if not 1 <= serial < head.serial:
        raise UsageError(
            f"serial {serial} is not before the newest, {head.serial}.", hint="`gdac manifest log` lists serials."
        )
    entries = head.deltas_after(serial)
    if entries is None:
        raise RefusedError(
            f"serial {serial} is further back than the {len(head.deltas)} deltas that the head lists.",
            hint=f"The oldest within reach is {head.serial - len(head.deltas)}.",
        )
    await copies.load_manifest(connection, hub, head, "manifest")
    fold(connection, await copies.load_deltas(connection, hub, head, entries), "since")


def at_serial(connection: duckdb.DuckDBPyConnection, path: str) -> Past | None:
    """One path as it was; None when it was not there. Needs `load_since`."""
    columns = "{0}size, {0}sha256, {0}modified"
    row = connection.execute(
        f"select change, {columns.format('old_')} from since where coalesce(from_path, path) = ? and change <> 'added'",
        [path],
    ).fetchone()
    if row is None:
        if connection.execute("select 1 from since where path = ?", [path]).fetchone():
            return None  # it came later
        found = connection.execute(f"select {columns.format('')} from manifest where path = ?", [path]).fetchone()
    else:
        found = row[1:]
    if found is None:
        return None
    size, sha256, modified = found
    return Past(path, size, bytes(sha256), modified and modified.replace(tzinfo=UTC))


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
