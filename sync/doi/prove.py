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
from gdac.manifest.chain import Past, survey
from gdac.manifest.doi import (
    MAX_SNAPSHOTS_BYTES,
    SNAPSHOTS_KEY,
    DoiSnapshot,
    Proof,
    Relation,
    Snapshots,
    SnapshotsError,
    parse_snapshots,
    render_snapshots,
    with_proof,
)
from gdac.manifest.files import load_delta, load_manifest
from gdac.manifest.head import Head
from gdac.paths import MANIFEST_DIR
from gdac.store import Declared, Expect, NotFoundError, Store
from sync.doi.compare import Compared, Lack, best, compare_before, compare_newest, lacks
from sync.doi.opening import Tar
from sync.doi.table import Loaded, load_tar
from sync.progress import Reporter
from sync.sealed.copies import Copies, read_head
from sync.sealed.past import PastFiles
from sync.stores.local import LocalStore

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


@dataclass(slots=True)
class _Walked:
    """Serials beside the snapshot, newest first; tables of the deltas on the way; the oldest serial within reach."""

    compared: list[Compared]
    tables: dict[int, str]
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
        head = await self._need_head(wanted)
        await read_known(self._hub)  # what cannot be read could not be added to, hours from now
        past = await self._past(head, snapshot, wanted)
        if wanted.serial is not None and wanted.serial < past.oldest:
            raise UsageError(
                f"serial {wanted.serial} cannot be compared: what the hub has kept reaches back to {past.oldest}.",
                hint="`gdac manifest log` lists serials.",
            )
        with self._reporter.stage(f"read snapshot {snapshot.key}") as stage:
            async with tar as opened:
                loaded = await load_tar(opened, self._connection, _TABLE, self._workdir, stage)
        head = await self._need_head(wanted)  # the newest by now
        walked = await self._compare(head, snapshot, wanted)
        chosen = best(walked.compared, snapshot.date) if walked.compared else None
        proofs = tuple(
            _proof(snapshot, loaded, one, relation, self._now())
            for one in reversed(walked.compared)
            if (relation := one.relation(loaded)) is not None
        )
        found: tuple[Lack, ...] = ()
        if chosen is not None and chosen.matched != loaded.rows:
            since = [table for serial, table in sorted(walked.tables.items()) if serial > chosen.serial]
            found = lacks(self._connection, _TABLE, "manifest", since)
        await publish(self._hub, known, snapshot.key, [one.serial for one in walked.compared], proofs)
        return Outcome(snapshot, loaded, tuple(walked.compared), proofs, chosen, found, walked.reach)

    async def _need_head(self, wanted: Wanted) -> Head:
        shown = await read_head(self._hub)
        if shown is None:
            raise UsageError(f"the hub {self._hub.name} shows no head yet.", hint="Seal it first: gdac sync run.")
        if wanted.serial is not None and wanted.serial > shown.head.serial:
            raise UsageError(
                f"there is no serial {wanted.serial}; the newest of {self._hub.name} is {shown.head.serial}.",
                hint="`gdac manifest log` lists serials.",
            )
        return shown.head

    async def _compare(self, head: Head, snapshot: DoiSnapshot, wanted: Wanted) -> _Walked:
        """The wanted serials, by walking from the newest back through deltas."""
        past = await self._past(head, snapshot, wanted)
        first = min(past.times, default=head.serial)
        days = wanted.around.days
        oldest = wanted.serial or min(
            (serial for serial, sealed in past.times.items() if (sealed.date() - snapshot.date).days >= -days),
            default=head.serial,
        )
        load_manifest(
            self._connection, past.file(past.manifests[head.serial]), "manifest", expect_sha256=head.manifest.sha256,
            archive=head.archive,
        )  # fmt: skip
        now = compare_newest(self._connection, _TABLE, "manifest", head)
        walked = _Walked([now], {}, max(first, past.oldest))
        for serial in range(head.serial, max(oldest, past.oldest), -1):
            if serial - 1 not in past.times:
                break  # nobody says when that was sealed
            link, table = past.deltas[serial], f"delta_{serial}"
            load_delta(self._connection, past.file(link), table, expect_sha256=link.sha256, archive=head.archive)
            walked.tables[serial] = table
            now = compare_before(self._connection, _TABLE, table, now, past.times[serial - 1])
            walked.compared.append(now)
        if wanted.serial is not None:
            walked.compared = [one for one in walked.compared if one.serial == wanted.serial]
        else:
            walked.compared = [one for one in walked.compared if abs((one.sealed.date() - snapshot.date).days) <= days]
        return walked

    async def _past(self, head: Head, snapshot: DoiSnapshot, wanted: Wanted) -> Past:
        """What is known of the archive's past, as far back as the comparison goes, with its files at hand."""
        files = PastFiles(self._connection, self._hub, head, self._workdir / "past")
        listed = head.serial - len(head.deltas)
        since = min((entry.sealed.date() for entry in head.deltas), default=head.sealed.date())
        is_far = since > snapshot.date - wanted.around if wanted.serial is None else wanted.serial < listed
        if is_far and listed > 1:
            return await files.everything()
        copies = Copies(files.tree / MANIFEST_DIR)
        if not isinstance(self._hub, LocalStore):
            await copies.get(self._hub, head.manifest)
            for entry in head.deltas:
                await copies.get(self._hub, entry)
        return survey(self._connection, files.tree, head)


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
    hub: Store,
    record: Snapshots,
    key: str = "",
    compared: Sequence[int] = (),
    proofs: Sequence[Proof] = (),
    *,
    over_broken: bool = False,
) -> Snapshots:
    """Write at the hub what is known of the DOI: the newer record, and all proofs, the new ones in place of old ones.

    Args:
        hub: where.
        record: what the publisher's record says.
        key: of the snapshot that was compared.
        compared: serials that it was compared with: what was claimed of them and is not proven again is taken back.
        proofs: what was proven.
        over_broken: write in place of something that cannot be read; what was proven before is lost with it.

    Raises:
        StoreError: the hub failed, or somebody else wrote meanwhile; nothing was changed.
        SnapshotsError: what the hub publishes cannot be read.
    """
    is_broken = False
    try:
        before, validator = await read_known(hub)
    except SnapshotsError:
        if not over_broken:
            raise
        before, validator, is_broken = None, None, True
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
        if hub.capabilities.compare_and_swap and not is_broken:
            expect = Expect.NOTHING if before is None else (validator or Expect.ANYTHING)
        await hub.write(SNAPSHOTS_KEY, raw, Declared(len(raw), content_type="application/json"), expect=expect)
        await hub.flush()
    return result


def _is_newer(one: Snapshots, other: Snapshots) -> bool:
    return one.fetched is not None and (other.fetched is None or one.fetched > other.fetched)
