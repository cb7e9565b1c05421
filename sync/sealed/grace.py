"""Superseded files of one store: remembered when a head without them is published, deleted when their grace is over."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

import duckdb

from gdac.columns import stream
from gdac.manifest.delta import fold
from gdac.manifest.head import DeltaEntry, Head, IndexEntry, ManifestEntry, RecordEntry
from gdac.store import Store
from policies.retention import Superseded, may_delete
from sync.brakes.hold import HUB
from sync.sealed.copies import Copies
from sync.state import State
from sync.tasks import work_side_by_side

_BATCH: Final = 1000

#: Deletes under way at once.
_DELETERS: Final = 16


class Grace:
    """The superseded files of one store.

    Args:
        connection: for manifests and deltas.
        store: where the files lie.
        name: the store's name in the state.
        grace: how long superseded files stay readable.
        state: remembers them.
        copies: local copies of sealed files.
        now: the clock.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        store: Store,
        name: str,
        grace: timedelta,
        state: State,
        copies: Copies,
        now: Callable[[], datetime],
    ) -> None:
        self._connection, self._store, self._name, self._grace = connection, store, name, grace
        self._state, self._copies, self._now = state, copies, now

    def record(self, head: Head, changes: str | None, dropped: Iterable[str]) -> None:
        """Remember that the store shows ``head`` now; for the hub's old bytes the vault's retention begins.

        Args:
            head: what it shows.
            changes: delta-shaped table or view from what it showed before; None when it showed nothing.
            dropped: keys under ``manifest/`` that the head names no more and that need not be kept.
        """

        def left() -> Iterator[str]:
            if changes:
                query = f"select coalesce(from_path, path) from {changes} where change in ('removed', 'renamed')"
                yield from self._strings(query)
            yield from dropped

        if changes and self._name == HUB and self._state.has_vaulted():
            query = f"select old_sha256 from {changes} where change <> 'added'"
            self._state.keep_vaulted((bytes(row[0]) for row in stream(self._connection, query)), self._now())
        came = self._strings(f"select path from {changes} where change <> 'removed'") if changes else iter(())
        self._state.record_published(self._name, head.archive, head.serial, self._now(), left=left(), came=came)

    async def catch_up(self, deltas_at: Store, head: Head) -> None:
        """Remember what a run that died between publishing and remembering could not, from the deltas themselves.

        Args:
            deltas_at: a store that holds the deltas.
            head: what the store shows.
        """
        known = self._state.published(self._name)
        if known is not None and known[0] >= head.serial:
            return
        entries = head.deltas_after(known[0]) if known else None
        tables = await self._copies.load_deltas(self._connection, deltas_at, head, entries or head.deltas)
        if tables:
            fold(self._connection, tables, "missed")
        self.record(head, "missed" if tables else None, ())

    async def delete_due(self, manifest_at: Store, head: Head) -> int:
        """Delete superseded files whose grace is over and that ``head`` lacks; returns how many.

        Args:
            manifest_at: a store that holds the manifest of ``head``.
            head: what the store shows now.
        """
        now = self._now()
        waiting = [item for item in self._state.superseded(self._name) if now - item.since >= self._grace]
        if not waiting:
            return 0
        await self._copies.load_manifest(self._connection, manifest_at, head, "current_rows")
        deleted = 0
        for some in _batches(waiting):
            current = self._in_manifest([item.path for item in some]) | sealed_keys(head).keys()
            due = [
                item.path
                for item in some
                if may_delete(item, now=now, grace=self._grace, in_current_manifest=item.path in current)
            ]
            await self._delete(due)
            self._state.forget_superseded(self._name, [item.path for item in some])
            deleted += len(due)
        return deleted

    async def _delete(self, due: list[str]) -> None:
        paths = iter(due)

        async def work() -> None:
            for path in paths:
                await self._store.delete(path)

        await work_side_by_side(_DELETERS, work)

    def _in_manifest(self, paths: list[str]) -> set[str]:
        query = "select path from current_rows where path in (select unnest(?))"
        return {row[0] for row in self._connection.execute(query, [paths]).fetchall()}

    def _strings(self, query: str) -> Iterator[str]:
        for row in stream(self._connection, query):
            yield row[0]


def sealed_keys(head: Head) -> dict[str, str]:
    """Every immutable name that a head gives, with its digest, in the order of publication."""
    return {entry.key: entry.sha256 for entry in sealed_entries(head)}


def sealed_entries(head: Head) -> tuple[IndexEntry | ManifestEntry | DeltaEntry | RecordEntry, ...]:
    """The same as the head has them."""
    records = (head.record,) if head.record else ()
    return (*head.indexes, *head.manifests, *head.deltas, *records, head.manifest)


def dropped_keys(before: Head | None, head: Head) -> list[str]:
    """Names under ``manifest/`` that a new head no longer gives and that nobody needs after the grace.

    Deltas, records and weekly manifests are kept for good; a daily manifest and the copies of index files are not.
    """
    if before is None:
        return []
    still = sealed_keys(head)
    keys = [before.manifest.key, *(entry.key for entry in before.indexes)]
    return [key for key in keys if key not in still]


def _batches(items: list[Superseded]) -> Iterator[list[Superseded]]:
    for at in range(0, len(items), _BATCH):
        yield items[at : at + _BATCH]
