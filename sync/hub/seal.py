"""Seal the hub: the state of its store becomes the next serial, published in the design's order.

Data are there already (ingest put them); then index files, their copies of this serial, manifest and delta, head.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb

from gdac.manifest.head import Licence, render_head
from gdac.manifest.model import DeltaCounts
from gdac.manifest.record import About as RunAbout
from gdac.manifest.seal import DELTA_TABLE, About, IndexFile, Seal, prepare_seal
from gdac.records import SealRecord
from gdac.store import Declared, Store
from sync.config import Config
from sync.files import file_body, index_stamp
from sync.hub import plan
from sync.hub.indexes import IndexVisit
from sync.sealed.copies import Copies, Shown, fetch_file
from sync.sealed.publish import publish_head
from sync.sealed.underway import UnderWay


class Sealing:
    """Seals one hub.

    Args:
        config: the deployment.
        hub: its hub, opened.
        copies: where sealed files stay at hand.
        now: the clock (UTC).
        under_way: notes what is about to be written.
        told: what the record of a new serial says of the run.
    """

    def __init__(
        self,
        config: Config,
        hub: Store,
        copies: Copies,
        now: Callable[[], datetime],
        under_way: UnderWay,
        told: RunAbout,
    ) -> None:
        self._config, self._hub, self._copies, self._now = config, hub, copies, now
        self._under_way, self._told = under_way, told

    async def issue_again(self, before: Shown) -> tuple[SealRecord, Shown]:
        """A day without change: the same serial with a new expiry."""
        about = self._about()
        published = max(self._now().replace(microsecond=0), before.head.published)
        head = replace(
            before.head,
            published=published,
            expires=published + self._config.hub.expires,
            title=about.title,
            licence=about.licence,
            doi=about.doi,
            generator=about.generator,
        )
        seal = Seal(head, render_head(head), (), DeltaCounts())
        await publish_head(self._hub, seal.head_raw, head, before)
        return _record(seal), Shown(head, seal.head_raw, None)

    async def seal(
        self,
        connection: duckdb.DuckDBPyConnection,
        before: Shown | None,
        visit: IndexVisit,
        archive: str,
        staging: Path,
    ) -> tuple[SealRecord, Shown, str | None]:
        """Seal ``known`` without ``gone`` and with the index files of ``visit``; see `sync.hub.plan` for the tables.

        Returns:
            What was sealed, the head now shown, and the table that holds the delta (None for a first serial, and when
            nothing changed).
        """
        staging.mkdir()
        kept = await self._missing_indexes(before, visit, staging)
        plan.new_state(connection, [one.known for one in visit.files], frozenset(kept), staging)
        files = {one.key: one.file for one in visit.files} | kept
        seal = prepare_seal(
            connection,
            base=before.head if before else None,
            base_table="base" if before else None,
            new_table="new_state",
            archive=archive,
            now=self._now(),
            staging=staging,
            expires_after=self._config.hub.expires,
            indexes=[IndexFile(key, file, index_stamp(file)) for key, file in sorted(files.items())],
            about=self._about(),
            run=self._told,
        )
        shown = Shown(seal.head, seal.head_raw, None)
        unsure = plan.unsure_indexes(connection)
        if not seal.is_new:
            await self._put_indexes(seal, files, visit, unsure)
            await publish_head(self._hub, seal.head_raw, seal.head, before)
            return _record(seal), shown, None
        await self._publish(seal, files, visit, before, unsure)
        return _record(seal), shown, DELTA_TABLE if before else None

    async def seal_state(
        self,
        connection: duckdb.DuckDBPyConnection,
        before: Shown | None,
        base: str,
        table: str,
        indexes: Mapping[str, Path],
        staging: Path,
        *,
        archive: str = "",
    ) -> tuple[SealRecord, Shown]:
        """Seal the rows of ``table`` over the head that is shown; their bytes are in the hub, index files apart.

        Args:
            connection: holds both tables; gets the delta, see `gdac.manifest.seal.DELTA_TABLE`.
            before: what the hub shows; None for a first serial.
            base: table of its manifest.
            table: the state to seal, manifest-shaped.
            indexes: local copies of every index file of that state, by path.
            staging: a directory to make.
            archive: its id, for a first serial.

        Raises:
            GdacError: the hub failed or another writer was there; the old head stands.
        """
        staging.mkdir()
        seal = prepare_seal(
            connection,
            base=before.head if before else None,
            base_table=base if before else None,
            new_table=table,
            archive=before.head.archive if before else archive,
            now=self._now(),
            staging=staging,
            expires_after=self._config.hub.expires,
            indexes=[IndexFile(path, file, index_stamp(file)) for path, file in sorted(indexes.items())],
            about=self._about(),
            run=self._told,
        )
        sealed = {entry.path: entry.sha256 for entry in before.head.indexes} if before else {}
        changed = {entry.path for entry in seal.head.indexes if sealed.get(entry.path) != entry.sha256}
        self._note(seal, changed, before)
        await self._put_indexes(seal, indexes, None, changed | plan.unsure_indexes(connection))
        await self._put_sealed(seal, before)
        return _record(seal), Shown(seal.head, seal.head_raw, None)

    async def _missing_indexes(self, before: Shown | None, visit: IndexVisit, staging: Path) -> dict[str, Path]:
        """Index files of which the source has neither form now: what was sealed last stays, from its kept copy."""
        kept: dict[str, Path] = {}
        for entry in before.head.indexes if before else ():
            if entry.path.partition(".")[0] in visit.missing:
                kept[entry.path] = staging / entry.path
                await fetch_file(self._hub, entry.key, kept[entry.path], entry.sha256, entry.size)
        return kept

    async def _publish(
        self, seal: Seal, files: Mapping[str, Path], visit: IndexVisit, before: Shown | None, unsure: set[str]
    ) -> None:
        sealed = {entry.path: entry.sha256 for entry in before.head.indexes} if before else {}
        changed = {entry.path for entry in seal.head.indexes if sealed.get(entry.path) != entry.sha256}
        self._note(seal, changed, before)
        await self._put_indexes(seal, files, visit, changed | unsure)
        await self._put_sealed(seal, before)

    async def _put_indexes(
        self, seal: Seal, files: Mapping[str, Path], visit: IndexVisit | None, chosen: set[str]
    ) -> None:
        """Write the chosen ones of the serial's index files, with the source's times where it shows them."""
        if self._config.in_place:
            return  # they are where they belong
        times = {one.key: one.known.modified for one in visit.files} if visit else {}
        for entry in seal.head.indexes:
            if entry.path in chosen:
                declared = Declared(entry.size, entry.sha256, times.get(entry.path, entry.updated))
                await self._hub.write(entry.path, file_body(files[entry.path]), declared)

    async def _put_sealed(self, seal: Seal, before: Shown | None) -> None:
        for file in seal.files:
            await self._hub.write(file.key, file_body(file.path), Declared(file.size, file.sha256))
            if file.rows is not None:
                self._copies.keep(file.path)
        await publish_head(self._hub, seal.head_raw, seal.head, before)

    def _note(self, seal: Seal, indexes: set[str], before: Shown | None) -> None:
        """Note what is about to be written, and what the new head will name no more."""
        dropped = [before.head.manifest.key, *(entry.key for entry in before.head.indexes)] if before else []
        self._under_way.begin(keys=[*indexes, *(one.key for one in seal.files), *dropped])

    def _about(self) -> About:
        archive = self._config.archive
        return About(archive.title, Licence(archive.licence, archive.licence_url), archive.doi or None)


def _record(seal: Seal) -> SealRecord:
    counts = seal.counts or DeltaCounts(added=seal.head.manifest.rows)
    return SealRecord(
        serial=seal.head.serial,
        new=seal.is_new,
        added=counts.added,
        changed=counts.changed,
        removed=counts.removed,
        renamed=counts.renamed,
        rows=seal.head.manifest.rows,
        bytes=seal.head.manifest.bytes,
        manifest=seal.head.manifest.key,
        delta=seal.head.deltas[-1].key if seal.is_new and seal.head.deltas else None,
    )
