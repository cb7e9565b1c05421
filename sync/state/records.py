"""What the state database keeps, as values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gdac.store import Probed
from policies.quarantine import Trouble


@dataclass(frozen=True, slots=True)
class MirrorException:
    """A sealed path that a mirror cannot hold just now.

    Attributes:
        path: as the mirror has it.
        reason: one sentence.
        since: when it could not be had first (UTC).
    """

    path: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class KeptProbe:
    """What a store did when it was tried.

    Attributes:
        definition: of the store that was tried; another one must be tried anew.
        seen: what it did.
        when: when it was tried (UTC).
    """

    definition: str
    seen: Probed
    when: datetime


@dataclass(frozen=True, slots=True)
class KnownIndex:
    """An index file as last fetched from the source.

    Attributes:
        key: its path at the source.
        validator: opaque; equal means unchanged.
        size: bytes.
        sha256: digest of the bytes.
        md5: digest of the bytes.
        modified: UTC time at the source, or None.
    """

    key: str
    validator: str | None
    size: int
    sha256: bytes
    md5: bytes
    modified: datetime | None


@dataclass(frozen=True, slots=True)
class Ingested:
    """A file that is in the hub's store and not yet sealed."""

    path: str
    size: int
    sha256: bytes
    md5: bytes
    modified: datetime | None
    date_update: datetime | None


@dataclass(frozen=True, slots=True)
class SetAside:
    """A file that could not be had.

    Attributes:
        path: archive path.
        reason: one sentence.
        since: when it failed first (UTC).
        tries: how often it failed with this index row.
        date_update: what the index said when it failed last, or None.
        trouble: what kind of failure the last one was.
        next_try: not asked for again before (UTC).
    """

    path: str
    reason: str
    since: datetime
    tries: int
    date_update: datetime | None
    trouble: Trouble
    next_try: datetime


@dataclass(frozen=True, slots=True)
class NewHold:
    """A plan that the brake holds.

    Attributes:
        target: the store's name in the state.
        fingerprint: of the plan.
        reasons: `policies.deletion.Reason` as plain values.
        preview: plain JSON values; see `sync.brakes.facts.preview`.
    """

    target: str
    fingerprint: str
    reasons: list[dict[str, Any]]
    preview: dict[str, Any]


@dataclass(frozen=True, slots=True)
class KeptHold:
    """A hold as the state keeps it.

    Attributes:
        run: the run that was held; approvals name it.
        hold: what it holds.
        made: when (UTC).
        approved: when it was approved, or None.
        approved_by: by whom, or None.
    """

    run: int
    hold: NewHold
    made: datetime
    approved: datetime | None
    approved_by: str | None
