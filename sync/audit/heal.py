"""Heal: bring what an audit found missing or damaged from a place that holds the right bytes, and look again.

Write order as everywhere: data, index files, sealed files, head; deletes last, and only when asked for.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import duckdb

from gdac.columns import stream
from gdac.errors import GdacError, StoreError
from gdac.manifest.head import Head
from gdac.store import Store
from policies.extra import why_not_delete
from sync.audit.audit import MENDABLE, AuditReport, FindingKind, digest_at
from sync.hub.plan import count, private_paths
from sync.progress import Reporter, Stage
from sync.sealed.grace import sealed_keys
from sync.spool import Spool
from sync.tasks import work_side_by_side
from sync.transfer import carry
from sync.vault.vault import Vault, vault_key

_KINDS: Final = ", ".join(f"'{kind}'" for kind in MENDABLE)
_MOST_NOTES: Final = 5


@dataclass(frozen=True, slots=True)
class Donors:
    """Where right bytes may be had, in the order of asking.

    Attributes:
        stores: archives: the hub first (for a mirror), then mirrors.
        vault: keeps bytes by digest; None where there is none.
    """

    stores: tuple[Store, ...]
    vault: Vault | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    path: str
    sha256: bytes
    modified: datetime | None


class Healing:
    """Mends one store after its audit; use once.

    Args:
        connection: holds ``manifest`` and the audit's tables.
        store: what is mended.
        head: whose manifest that is.
        donors: where bytes come from.
        workdir: for temporary files.
        reporter: where progress goes.
        workers: files under way at once.
        report: is filled in.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        store: Store,
        head: Head,
        donors: Donors,
        workdir: Path,
        reporter: Reporter,
        workers: int,
        report: AuditReport,
    ) -> None:
        self._connection, self._store, self._head, self._donors = connection, store, head, donors
        self._workdir, self._reporter, self._workers, self._report = workdir, reporter, workers, report

    async def mend(self, *, look_again: bool = True) -> None:
        """Bring every mendable finding again; those that are mended are findings no more.

        Args:
            look_again: read each file back; without it the store's own check of a write must do.

        Raises:
            StoreError: the store that is mended failed.
        """
        wanted = f"findings join manifest using (path) where kind in ({_KINDS})"
        self._connection.execute(f"create or replace temp view mendable as select path from {wanted}")
        private = private_paths(self._connection, "mendable")
        for path, why in private.items():
            self._note(f"{path!a} was not brought: it must not be published: {why}.")
        self._connection.execute(
            "create or replace temp table private as select unnest(?::varchar[]) as path", [list(private)]
        )
        wanted += " and path not in (select path from private)"
        with self._reporter.stage(f"heal {self._report.store}", count(self._connection, wanted)) as stage:
            for files in ("contains(path, '/')", "not contains(path, '/')"):  # data, then the indexes that list them
                await self._mend_some(
                    f"select path, sha256, modified from {wanted} and {files} order by path", stage, look_again
                )
        for key, sha256 in sealed_keys(self._head).items():
            if count(self._connection, f"findings where kind = '{FindingKind.SEALED}' and path = '{key}'"):
                await self._mend_sealed(key, bytes.fromhex(sha256))
        await self._store.flush()

    async def _mend_some(self, query: str, stage: Stage, look_again: bool) -> None:
        rows = stream(self._connection, query)
        with Spool(self._workdir / "mended.tsv") as mended:

            async def work() -> None:
                for path, sha256, modified in rows:
                    one = _Wanted(path, bytes(sha256), modified and modified.replace(tzinfo=UTC))
                    if await self._bring(one, look_again):
                        mended.add(path)
                        self._report.mended += 1
                    stage.advance()

            await work_side_by_side(self._workers, work)
            mended.load(self._connection, "mended", {"path": "VARCHAR"})
        self._connection.execute("delete from findings where path in (select path from mended)")

    async def _bring(self, one: _Wanted, look_again: bool) -> bool:
        offers = [(store, one.path) for store in self._donors.stores]
        if self._donors.vault is not None:
            offers.append((self._donors.vault.store, vault_key(one.sha256)))
        for donor, key in offers:
            try:
                await carry(donor, key, self._store, sha256=one.sha256, modified=one.modified, target_key=one.path)
            except StoreError as error:
                self._note(f"{one.path} could not come from {donor.name}: {error.what}")
                continue
            if not look_again or (await digest_at(self._store, one.path))[0] == one.sha256:
                return True
            self._note(f"{one.path} was brought again, but {self._store.name} still shows other bytes.")
        return False

    async def _mend_sealed(self, key: str, sha256: bytes) -> None:
        if await self._bring(_Wanted(key, sha256, None), look_again=True):
            self._connection.execute("delete from findings where path = ?", [key])
            self._report.mended += 1

    async def delete_extra(self, *, most: int, share: float) -> None:
        """Delete the extra files that were found, within limits; what is refused stays a finding.

        Args:
            most: most files.
            share: most files in relation to those the manifest names in this part.

        Raises:
            StoreError: the store failed.
        """
        extra = f"findings where kind = '{FindingKind.EXTRA}'"
        why = why_not_delete(count(self._connection, extra), self._report.due, most=most, share=share)
        if why:
            self._report.notes.insert(0, f"{why}; none was deleted (audit.most_extra, audit.most_extra_share).")
            return
        for (path,) in self._connection.execute(f"select path from {extra}").fetchall():
            try:
                await self._store.delete(path)
            except GdacError as error:
                self._note(f"{path} could not be deleted: {error.what}")
                continue
            self._connection.execute("delete from findings where path = ?", [path])
            self._report.deleted += 1

    def _note(self, text: str) -> None:
        if len(self._report.notes) < _MOST_NOTES:
            self._report.notes.append(text)
