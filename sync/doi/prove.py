"""Prove which sealed serials are, or hold, a DOI snapshot: its tar streamed once, every file compared by SHA-256.

The state of the deployment is not locked meanwhile: a tar of 70 GB takes hours, and daily runs go on. What is proven is
published at the hub; see `gdac.manifest.doi`.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import UsageError
from gdac.manifest.doi import (
    MAX_SNAPSHOTS_BYTES,
    SNAPSHOTS_KEY,
    DoiSnapshot,
    Proof,
    Relation,
    Snapshots,
    parse_snapshots,
    render_snapshots,
    with_proof,
)
from gdac.manifest.head import Head
from gdac.store import Declared, Expect, NotFoundError, Store
from sync.doi.compare import Compared, Lack, best, compare_before, compare_newest, lacks
from sync.doi.opening import Tar
from sync.doi.table import Loaded, load_tar
from sync.progress import Reporter
from sync.sealed.copies import Copies, read_head

_TABLE: Final = "doi_snapshot"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which serials to compare.

    Attributes:
        serial: only this one; None for all that were sealed near the snapshot's day.
        around: so many days before and after that day.
    """

    serial: int | None = None
    around: timedelta = timedelta(days=45)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a comparison found.

    Attributes:
        snapshot: which one.
        loaded: what its tar holds.
        compared: the serials beside it, newest first.
        proofs: what was proven, by serial.
        best: the serial that holds most of it; None when none was compared.
        lacks: what that serial lacks, by kind.
        reach: the oldest serial that could be compared.
    """

    snapshot: DoiSnapshot
    loaded: Loaded
    compared: tuple[Compared, ...]
    proofs: tuple[Proof, ...]
    best: Compared | None
    lacks: tuple[Lack, ...]
    reach: int


class Prover:
    """Compares one snapshot with the serials of one hub.

    Args:
        hub: opened; the proof is written there.
        connection: an empty column engine.
        workdir: for temporary files.
        reporter: where progress goes.
        now: the clock (UTC).
    """

    def __init__(
        self,
        hub: Store,
        connection: duckdb.DuckDBPyConnection,
        workdir: Path,
        reporter: Reporter,
        now: Callable[[], datetime],
    ) -> None:
        self._hub, self._connection, self._workdir = hub, connection, workdir
        self._reporter, self._now = reporter, now

    async def prove(
        self, snapshot: DoiSnapshot, tar: AbstractAsyncContextManager[Tar], known: Snapshots, wanted: Wanted
    ) -> Outcome:
        """Stream the tar, compare it, publish what was proven together with what is known of the DOI.

        Args:
            snapshot: what the publisher's record says of it.
            tar: its tar, not yet opened.
            known: the record as it was read, or as the hub has it.
            wanted: which serials.

        Raises:
            UsageError: the hub shows no head, or lacks the serial.
            TarError: the tar is not the one that the record speaks of, or is damaged; nothing was published.
            StoreError: tar or hub failed; nothing was published.
        """
        await self._need_head(wanted)
        with self._reporter.stage(f"read snapshot {snapshot.key}") as stage:
            async with tar as opened:
                loaded = await load_tar(opened, self._connection, _TABLE, self._workdir, stage)
        head = await self._need_head(wanted)  # the newest by now
        compared, tables = await self._compare(head, snapshot, wanted)
        chosen = best(compared, snapshot.date) if compared else None
        proofs = tuple(
            _proof(snapshot, loaded, one, relation, self._now())
            for one in reversed(compared)
            if (relation := one.relation(loaded)) is not None
        )
        found: tuple[Lack, ...] = ()
        if chosen is not None and chosen.matched != loaded.rows:
            since = [tables[serial] for serial in sorted(tables) if serial > chosen.serial]
            found = lacks(self._connection, _TABLE, "manifest", since)
        await publish(self._hub, known, snapshot.key, [one.serial for one in compared], proofs)
        reach = head.serial - len(head.deltas)
        return Outcome(snapshot, loaded, compared, proofs, chosen, found, max(1, reach))

    async def _need_head(self, wanted: Wanted) -> Head:
        shown = await read_head(self._hub)
        if shown is None:
            raise UsageError(f"the hub {self._hub.name} shows no head yet.", hint="Seal it first: gdac sync run.")
        head = shown.head
        reach = max(1, head.serial - len(head.deltas))
        if wanted.serial is not None and not reach <= wanted.serial <= head.serial:
            raise UsageError(
                f"serial {wanted.serial} cannot be compared: the hub's head reaches from {reach} to {head.serial}.",
                hint="`gdac manifest log` lists serials.",
            )
        return head

    async def _compare(
        self, head: Head, snapshot: DoiSnapshot, wanted: Wanted
    ) -> tuple[tuple[Compared, ...], dict[int, str]]:
        """The wanted serials, newest first, and the tables of the deltas that were walked."""
        copies = Copies(self._workdir / "sealed")
        await copies.load_manifest(self._connection, self._hub, head, "manifest")
        times = {entry.serial: entry.sealed for entry in head.deltas}
        times |= {entry.serial: entry.sealed for entry in (*head.manifests, head.manifest)}
        oldest = wanted.serial or min(
            (serial for serial, sealed in times.items() if sealed.date() >= snapshot.date - wanted.around),
            default=head.serial + 1,
        )
        now = compare_newest(self._connection, _TABLE, "manifest", head)
        compared: list[Compared] = [now]
        tables: dict[int, str] = {}
        for entry in reversed(head.deltas):
            if entry.serial <= oldest:
                break
            (table,) = await copies.load_deltas(self._connection, self._hub, head, [entry])
            tables[entry.serial] = table
            rows, matched = compare_before(self._connection, _TABLE, table, entry, now)
            serial = entry.serial - 1
            if serial not in times:
                break  # nobody says when that was sealed
            now = Compared(serial, times[serial], rows, matched)
            compared.append(now)
        if wanted.serial is not None:
            return tuple(one for one in compared if one.serial == wanted.serial), tables
        days = wanted.around.days
        near = (one for one in compared if abs((one.sealed.date() - snapshot.date).days) <= days)
        return tuple(near), tables


def _proof(snapshot: DoiSnapshot, loaded: Loaded, one: Compared, relation: Relation, now: datetime) -> Proof:
    return Proof(
        snapshot.key,
        relation,
        one.serial,
        snapshot.title,
        snapshot.date,
        loaded.sha256,
        loaded.size,
        loaded.rows,
        now.replace(microsecond=0),
    )


async def read_known(hub: Store) -> tuple[Snapshots | None, str | None]:
    """What a hub publishes of the DOI's snapshots, and its validator; None where it publishes nothing.

    Raises:
        SnapshotsError: something else stands there.
    """
    try:
        async with hub.read(SNAPSHOTS_KEY) as reading:
            assert reading is not None  # only a conditional read yields None
            raw = bytearray()
            async for piece in reading.chunks():
                raw += piece
                if len(raw) > MAX_SNAPSHOTS_BYTES:
                    break
            return parse_snapshots(bytes(raw)), reading.info.validator
    except NotFoundError:
        return None, None


async def publish(
    hub: Store, record: Snapshots, key: str = "", compared: Sequence[int] = (), proofs: Sequence[Proof] = ()
) -> Snapshots:
    """Write at the hub what is known of the DOI: the newer record, and all proofs, the new ones in place of old ones.

    Args:
        hub: where.
        record: what the publisher's record says.
        key: of the snapshot that was compared.
        compared: serials that it was compared with: what was claimed of them and is not proven again is taken back.
        proofs: what was proven.

    Raises:
        StoreError: the hub failed, or somebody else wrote meanwhile; nothing was changed.
        SnapshotsError: what the hub publishes cannot be read.
    """
    before, validator = await read_known(hub)
    kept = () if before is None or before.doi != record.doi else before.proofs
    kept = tuple(one for one in kept if one.key != key or one.serial not in compared)
    newest = record
    if before is not None and before.doi == record.doi and _is_newer(before, record):
        newest = before
    result = replace(newest, proofs=kept)
    for proof in proofs:
        result = with_proof(result, proof)
    if result != before:
        raw = render_snapshots(result)
        expect: Expect | str = Expect.ANYTHING
        if hub.capabilities.compare_and_swap:
            expect = Expect.NOTHING if before is None else (validator or Expect.ANYTHING)
        await hub.write(SNAPSHOTS_KEY, raw, Declared(len(raw), content_type="application/json"), expect=expect)
        await hub.flush()
    return result


def _is_newer(one: Snapshots, other: Snapshots) -> bool:
    return one.fetched is not None and (other.fetched is None or one.fetched > other.fetched)
