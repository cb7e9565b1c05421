"""The sealed side of an archive, read: its head, and local copies of the manifests and deltas that the head names.

Sealed files never change, so a copy whose digest fits is good for ever; copies lie beside the state.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import StoreError
from gdac.manifest.files import load_delta, load_manifest
from gdac.manifest.head import (
    MAX_DELTAS,
    MAX_HEAD_BYTES,
    DeltaEntry,
    Head,
    HeadError,
    IndexEntry,
    ManifestEntry,
    parse_head,
)
from gdac.manifest.model import ManifestError
from gdac.manifest.names import HEAD_KEY, NameKind, parse_name
from gdac.store import NotFoundError, Store
from sync.transfer import BadTransferError

#: Ending of the mark beside a manifest whose rows have been judged, so that the digest alone vouches for them.
_JUDGED: Final = ".judged"
#: A sealed file of which only the digest is known is no longer than this.
MAX_SEALED_BYTES: Final = 1 << 33


@dataclass(frozen=True, slots=True)
class Shown:
    """The head that a store shows.

    Attributes:
        head: parsed.
        raw: its bytes.
        validator: what a compare-and-swap must find; None where the store gives none.
    """

    head: Head
    raw: bytes
    validator: str | None


async def read_head(store: Store) -> Shown | None:
    """The head of a store; None when it has none.

    Raises:
        HeadError: something else than a sound head stands there.
    """
    try:
        async with store.read(HEAD_KEY) as reading:
            assert reading is not None  # only a conditional read yields None
            raw = b""
            async for chunk in reading.chunks():
                raw += chunk
                if len(raw) >= MAX_HEAD_BYTES:
                    break
            validator = reading.info.validator
    except NotFoundError:
        return None
    try:
        return Shown(parse_head(raw), raw, validator)
    except HeadError as error:
        raise HeadError(f"{HEAD_KEY} of {store.name}: {error.what}", hint=error.hint) from error


class Copies:
    """Local copies of sealed files, by their immutable names."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._under_way: dict[str, asyncio.Lock] = {}
        directory.mkdir(parents=True, exist_ok=True)

    async def get(self, store: Store, entry: ManifestEntry | DeltaEntry | IndexEntry) -> Path:
        """A local copy of a sealed file, fetched from ``store`` when it is not here yet; once, whoever asks meanwhile.

        Raises:
            StoreError: the store does not have it, or has other bytes than the head says.
        """
        file = self.directory / entry.name
        async with self._under_way.setdefault(entry.name, asyncio.Lock()):
            if not file.is_file():
                file.parent.mkdir(exist_ok=True)
                await fetch_file(store, entry.key, file, entry.sha256, entry.size)
        return file

    def of_serial(self, serial: int) -> Path | None:
        """The manifest of a serial, where it was kept."""
        return next(iter(sorted(self.directory.glob(f"{serial:09d}-*.{NameKind.MANIFEST}.parquet"))), None)

    def keep(self, file: Path, name: str | None = None) -> None:
        """Take a file that was just sealed, under its own name or ``name``, out of a staging directory."""
        kept = self.directory / (name or file.name)
        file.replace(kept)
        _judged(kept).touch()  # whoever seals judges every row

    def prune(self, head: Head) -> None:
        """Remove copies that no later run needs: all but the head's own manifest, its deltas and their records."""
        named = {head.manifest.name} | {one.name for one in head.deltas}
        oldest = head.serial - MAX_DELTAS
        for file in self.directory.iterdir():
            if not file.is_file() or file.name.removesuffix(_JUDGED) in named:
                continue
            if not (file.name.endswith(f".{NameKind.RECORD}.json") and parse_name(file.name).serial > oldest):
                file.unlink()

    async def load_manifest(self, connection: duckdb.DuckDBPyConnection, store: Store, head: Head, table: str) -> None:
        """Open the full manifest of a head as a view; its digest is checked each time, its rows the first time."""
        file = await self.get(store, head.manifest)
        known = _judged(file).exists()
        sha256 = head.manifest.sha256
        try:
            load_manifest(connection, file, table, expect_sha256=sha256, archive=head.archive, rows_known=known)
        except ManifestError:  # a copy that rotted on our disk must not stop every later run: once more, from the store
            file.unlink()
            _judged(file).unlink(missing_ok=True)
            file = await self.get(store, head.manifest)
            load_manifest(connection, file, table, expect_sha256=sha256, archive=head.archive)
        _judged(file).touch()

    async def load_deltas(
        self, connection: duckdb.DuckDBPyConnection, store: Store, head: Head, entries: Sequence[DeltaEntry]
    ) -> list[str]:
        """Load deltas as tables; returns their names in order.

        Raises:
            RefusedError: one of them is not what its place in the chain demands.
        """
        tables = []
        known = {one.serial: one.sha256 for one in head.deltas}
        for entry in entries:
            file = await self.get(store, entry)
            table = f"delta_{entry.serial}"
            about = load_delta(connection, file, table, expect_sha256=entry.sha256, archive=head.archive)
            before = about.previous.sha256 if about.previous else None
            steps = (about.from_serial, about.serial) == (entry.serial - 1, entry.serial)
            if not steps or before != known.get(entry.serial - 1, before):
                raise ManifestError(
                    f"delta {entry.name} of {store.name} leads from serial {about.from_serial} to {about.serial}, or"
                    " names another delta before it than the head: it does not stand in its chain."
                )
            tables.append(table)
        return tables


def _judged(file: Path) -> Path:
    """The mark beside a copy whose rows have been judged."""
    return file.with_name(file.name + _JUDGED)


async def fetch_file(
    store: Store, key: str, file: Path, sha256: str, size: int | None, *, most: int = MAX_SEALED_BYTES
) -> None:
    """Fetch a sealed file whose digest the head or a chain gives; ``file`` appears whole or not at all.

    Args:
        store: which has it.
        key: of the file.
        file: where it goes.
        sha256: its digest, lower-case hex.
        size: its bytes; None where nothing says how many.
        most: its bytes are no more than these.

    Raises:
        StoreError: the store does not have it.
        BadTransferError: it has other bytes than the head says.
    """
    part = file.with_name(f"{file.name}.part")
    found, came = hashlib.sha256(), 0
    try:
        async with store.read(key) as reading:
            assert reading is not None  # only a conditional read yields None
            with part.open("wb") as out:
                async for chunk in reading.chunks():
                    found.update(chunk)
                    came += len(chunk)
                    if came > (most if size is None else size):
                        break
                    out.write(chunk)
    except NotFoundError as error:
        raise StoreError(
            f"{key} is not in {store.name}, though its head names it.",
            hint="The archive is damaged or half copied: run its seal or replicate again.",
        ) from error
    if (came, found.hexdigest()) != (came if size is None else size, sha256):
        part.unlink()
        raise BadTransferError(
            f"{key} of {store.name} has other bytes than the head says ({came:,} bytes, sha256"
            f" {found.hexdigest()[:16]}...; due {'any number' if size is None else f'{size:,}'}, {sha256[:16]}...).",
            hint="Nothing of it was used.",
        )
    part.replace(file)


async def read_small(store: Store, key: str, most: int) -> bytes | None:
    """A small file whole; None where the store has none.

    Raises:
        BadTransferError: it has more than ``most`` bytes.
        StoreError: the store failed.
    """
    raw = b""
    try:
        async with store.read(key) as reading:
            assert reading is not None  # only a conditional read yields None
            async for chunk in reading.chunks():
                raw += chunk
                if len(raw) > most:
                    raise BadTransferError(f"{key} of {store.name} is larger than {most:,} bytes.")
    except NotFoundError:
        return None
    return raw
