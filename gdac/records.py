"""Records that several packages speak of: what a run did, and how it ended."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from gdac.errors import ExitCode
from gdac.store import Probed


class Outcome(StrEnum):
    """How a run ended."""

    FINE = "fine"
    PARTIAL = "partial"  # done, but for items set aside
    FAILED = "failed"
    HELD = "held"  # a brake waits for approval, of the whole run or of a mirror

    @property
    def exit_code(self) -> ExitCode:
        """The exit status that tells it."""
        return ExitCode[self.name]


@dataclass(frozen=True, slots=True)
class Moved:
    """Files and bytes that travelled."""

    files: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class SealRecord:
    """What one seal made.

    Attributes:
        serial: the serial now current.
        new: False when nothing changed and the head was only issued again.
        added, changed, removed, renamed: rows of the delta.
        rows: files in the manifest.
        bytes: their total size.
        manifest: key of the manifest.
        delta: key of the delta; None for the first serial and when nothing changed.
    """

    serial: int
    new: bool
    added: int
    changed: int
    removed: int
    renamed: int
    rows: int
    bytes: int
    manifest: str
    delta: str | None


@dataclass(frozen=True, slots=True)
class MirrorRecord:
    """What one replicate did.

    Attributes:
        mirror: its name in the configuration.
        from_serial: what it showed before; None for a mirror without a head.
        serial: what it shows now.
        way: ``"snapshot"``, ``"delta"`` or ``"current"``; ``"held"`` or ``"failed"`` with an error.
        moved: data and index files copied.
        resumed: files that an earlier, broken-off run had copied already.
        deleted: superseded files whose grace was over.
        superseded: superseded files that stay readable for now.
        error: one sentence when it failed, else None.
        held: files that the store held already, with the right bytes, before its first head.
        exceptions: sealed paths that it cannot hold just now.
        by_server: of the files copied, those that the servers copied among themselves.
        notes: sentences for the operator.
        cause: why it failed, in one word; empty when it did not.
    """

    mirror: str
    from_serial: int | None
    serial: int | None
    way: str
    moved: Moved = Moved()
    resumed: int = 0
    deleted: int = 0
    superseded: int = 0
    error: str | None = None
    held: int = 0
    exceptions: int = 0
    by_server: int = 0
    notes: tuple[str, ...] = ()
    cause: str = ""


@dataclass(frozen=True, slots=True)
class IngestRecord:
    """What one ingest did.

    Attributes:
        indexes: index files asked for; ``indexes_changed`` of them are not as they were sealed last.
        listed: rows of all indexes.
        planned: files that had to be fetched.
        moved: files fetched, without index files.
        gone: paths that no index lists any more, and derived files the source no longer has.
        kept: paths that left the indexes but stay until their R/D twin has been fetched.
        unlisted: profile, meta, tech and trajectory files at the source that no index lists.
        refused: names at the source that no archive may hold, or that must not be public.
        set_aside: files that could not be had, in this run or before, and wait to be tried again.
        deleted: superseded files of the hub whose grace was over.
    """

    indexes: int = 0
    indexes_changed: int = 0
    listed: int = 0
    planned: int = 0
    moved: Moved = Moved()
    gone: int = 0
    kept: int = 0
    unlisted: int = 0
    refused: int = 0
    set_aside: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class StoreRecord:
    """What a store that a run writes to was seen to do, and what keeps two writers of its head apart.

    Attributes:
        store: its name in the configuration.
        guard: what keeps them apart, in words.
        seen: what it did when it was tried.
        probed: when that was (UTC, ISO 8601).
    """

    store: str
    guard: str
    seen: Probed
    probed: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of the sync: what it did and how it ended.

    Attributes:
        stores: what the stores it wrote to were seen to do.
        notes: sentences for the operator, the most telling first, at most a hundred.
    """

    run: int
    started: datetime
    ended: datetime
    outcome: Outcome
    ingest: IngestRecord | None
    seal: SealRecord | None
    mirrors: tuple[MirrorRecord, ...]
    notes: tuple[str, ...] = field(default=())
    stores: tuple[StoreRecord, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The record as plain JSON values."""
        return {**asdict(self), "started": self.started.isoformat(), "ended": self.ended.isoformat()}
