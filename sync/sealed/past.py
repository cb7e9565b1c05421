"""An archive's past at hand: the sealed files of a store that a question about earlier serials needs, and no others.

Of an archive in a local directory its own files are read where they lie. Of any other, copies are fetched, under their
immutable names; each is checked against the head or the chain that names it.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import RefusedError, StoreError, UsageError
from gdac.manifest.chain import Past, Way, survey
from gdac.manifest.files import digest
from gdac.manifest.head import Head
from gdac.manifest.model import Link, ManifestError
from gdac.manifest.names import HEAD_KEY, NameKind, parse_name
from gdac.manifest.record import MAX_RECORD_BYTES
from gdac.manifest.states import serial_of
from gdac.manifest.trust import check_sealed
from gdac.paths import MANIFEST_DIR
from gdac.store import NotFoundError, Store
from sync.sealed.copies import MAX_SEALED_BYTES, fetch_file
from sync.stores.local import LocalStore
from sync.stores.open import open_store
from sync.stores.retry import RetryingStore
from sync.stores.settings import AzureSettings, GcsSettings, S3Settings, StoreSettings
from sync.tasks import work_side_by_side

#: Sealed files under way at once.
_AT_ONCE: Final = 8


def open_archive(place: str) -> Store:
    """The store of a sealed archive, to be entered and read; what fails for the moment is tried again.

    Args:
        place: a folder, the URL of an archive, or that of its head. Credentials: ``GDAC_SOURCE_USER`` and
            ``GDAC_SOURCE_PASSWORD``.

    Raises:
        UsageError: it is no address.
    """
    root = place.removesuffix(f"/{HEAD_KEY}")
    once = StoreSettings(s3=S3Settings(retries=0), gcs=GcsSettings(retries=0), azure=AzureSettings(retries=0))
    store = open_store(root, once, name="source")
    return store if isinstance(store, LocalStore) else RetryingStore(store)


class PastFiles:
    """Sealed files of one archive on this machine.

    Args:
        connection: for their metadata.
        store: the archive, opened.
        head: its newest head.
        folder: where copies go, unless the archive itself is a local directory.
        beside: a folder of other copies by the same names; what lies there is not fetched again.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        store: Store,
        head: Head,
        folder: Path,
        beside: Path | None = None,
    ) -> None:
        self._connection, self._store, self._head, self._beside = connection, store, head, beside
        self._is_local = (Path(store.name) / HEAD_KEY).is_file()  # also where a wrapper stands before the directory
        self.tree = Path(store.name) if self._is_local else folder
        self._gone: set[str] = set()

    async def state(self, when: int | date, *, with_digest: bool = False) -> tuple[Past, int]:
        """Have at hand what makes the state of a serial or a day; returns the past and that serial.

        Args:
            when: a serial, or a day (UTC).
            with_digest: the digest of that serial's own manifest shall be known too, where anything says it.

        Raises:
            UsageError: there is no such serial.
            RefusedError: nothing that the store still has tells that state, or a file is not what it must be.
            StoreError: the store failed.
        """
        if isinstance(when, int) and not 1 <= when <= self._head.serial:
            raise UsageError(
                f"there is no serial {when}; the newest of {self._store.name} is {self._head.serial}.",
                hint="`gdac manifest log` lists serials.",
            )
        while True:
            past = self._survey()
            serial = _resolved(past, when)
            known = serial is not None and (not with_digest or serial in past.manifests)
            way = self._way(past, serial) if serial is not None else None
            wanted = [link for link in past.wanted if way is None or _is_record(link)]
            if (known and way is not None) or not await self._fetch(past, wanted):
                break
        found = when if isinstance(when, int) else serial_of(past, when)
        while (way := self._way(past, found)) is not None:
            due = [way.manifest, *way.deltas]
            await self._fetch(past, due)
            if all(past.has(link) for link in due):
                self._tidy(way.manifest)
                return past, found
            past = self._survey()
        raise RefusedError(
            f"serial {found} of {self._store.name} cannot be rebuilt: it has neither its manifest nor the way to it.",
            hint=f"The newest serial is {self._head.serial}. A hub keeps all deltas; a mirror those since it began.",
        )

    async def since(self, serial: int) -> list[tuple[Link, Path]]:
        """Have at hand every delta from a serial to the newest; returns them in order, with where they lie.

        Raises:
            RefusedError: the store lacks one of them, or a file is not what it must be.
            StoreError: the store failed.
        """
        while True:
            past = self._survey()
            links = [past.deltas.get(one) for one in range(serial + 1, past.newest + 1)]
            known = [link for link in links if link is not None]
            whole = len(known) == len(links)
            if not await self._fetch(past, known if whole else past.wanted):
                break
        if not whole or not all(past.has(link) for link in known):
            raise RefusedError(
                f"{self._store.name} has not all deltas since serial {serial}, so that state cannot be told.",
                hint="A hub keeps all deltas; a mirror those since it began.",
            )
        return [(link, past.file(link)) for link in known]

    async def everything(self, told: Callable[[int], None] = lambda _: None) -> Past:
        """Have at hand the newest manifest and every delta and record that the store still has.

        Args:
            told: called after every fetched file with how many were fetched.

        Raises:
            RefusedError: a file is not what it must be.
            StoreError: the store failed, or lacks its own newest manifest.
        """
        past = self._survey()
        newest = past.manifests[past.newest]
        fetched = await self._fetch(past, [newest, *(past.deltas[one] for one in sorted(past.deltas, reverse=True))])
        if not past.has(newest):
            raise StoreError(
                f"{MANIFEST_DIR}/{newest.name} is not in {self._store.name}, though its head names it.",
                hint="The archive is damaged or half copied: run its seal or replicate again.",
            )
        while True:
            told(fetched)
            past = self._survey()
            came = await self._fetch(past, past.wanted)
            if not came:
                return past
            fetched += came

    def _tidy(self, needed: Link) -> None:
        """Full manifests weigh: of those that were fetched, only the one that is needed stays. All else is kept."""
        if not self._is_local:
            for file in (self.tree / MANIFEST_DIR).glob(f"*.{NameKind.MANIFEST}.parquet"):
                if file.name not in (needed.name, self._head.manifest.name):
                    file.unlink()

    def _survey(self) -> Past:
        try:
            return survey(self._connection, self.tree, self._head)
        except ManifestError:
            if self._is_local or not self._drop_rotten():
                raise
        return survey(self._connection, self.tree, self._head)

    def _drop_rotten(self) -> bool:
        """Copies that rotted on our disk must not stop every later question: they are removed, to be fetched again."""
        rotten = []
        for file in (self.tree / MANIFEST_DIR).iterdir():
            with suppress(RefusedError):  # the parts of files that came halfway have other names
                if not digest(file).startswith(parse_name(file.name).digest):
                    rotten.append(file)
        for file in rotten:
            file.unlink()
        return bool(rotten)

    def _way(self, past: Past, serial: int) -> Way | None:
        """The best way by what is at hand already, else the best of all."""
        return past.way_to(serial) or past.way_to(serial, at_hand=False, gone=self._gone)

    async def _fetch(self, past: Past, links: Iterable[Link]) -> int:
        """Fetch what is not at hand; returns how many files came. What the store lacks is remembered as gone."""
        due = [link for link in links if link.name not in self._gone and not self._has_sound(past, link)]
        waiting, came = iter(due), 0

        async def work() -> None:
            nonlocal came
            for link in waiting:
                if await self._fetch_one(past.file(link), link):
                    came += 1
                else:
                    self._gone.add(link.name)

        await work_side_by_side(min(_AT_ONCE, len(due)), work)
        return came

    def _has_sound(self, past: Past, link: Link) -> bool:
        """Whether a file is at hand; a copy that rotted on our disk goes, to be fetched again."""
        if self._is_local or not past.has(link):
            return past.has(link)
        try:
            check_sealed(past.file(link), link.sha256)
        except ManifestError:
            past.file(link).unlink()
            return False
        return True

    async def _fetch_one(self, file: Path, link: Link) -> bool:
        if self._is_local:
            return False
        file.parent.mkdir(parents=True, exist_ok=True)
        if self._beside is not None:
            with suppress(OSError):
                file.hardlink_to(self._beside / link.name)
                return True
        try:
            most = MAX_RECORD_BYTES if _is_record(link) else MAX_SEALED_BYTES
            await fetch_file(self._store, f"{MANIFEST_DIR}/{link.name}", file, link.sha256, None, most=most)
        except StoreError as error:
            if isinstance(error.__cause__, NotFoundError):
                return False
            raise
        return True


def _is_record(link: Link) -> bool:
    return parse_name(link.name).kind is NameKind.RECORD


def _resolved(past: Past, when: int | date) -> int | None:
    if isinstance(when, int):
        return when
    try:
        return past.serial_on(when)
    except RefusedError:
        return None
