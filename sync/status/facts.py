"""The status of a deployment as one value: what each store shows, how far behind it is, what waits for a person.

`sync.status.read.read_status(config, state, now, jobs=())` makes it from configuration and state; `Status.as_json` and
`parse_status` carry it; docs/schemas/status.json is its schema. It is published beside the archive for everybody to
read: no credential and no person's name is in it, and every list is bounded.

What depends on the clock (state words, hours behind) is told anew by `sync.status.words.aged`: a status of yesterday
must not call a mirror current today.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final, cast

from pydantic import TypeAdapter, ValidationError

from gdac.errors import RefusedError
from sync.status.parts import CollectStatus, Held, JobStatus, Quarantine, RunStatus, Total

STATUS_FORMAT: Final = "argo-gdac status 1"
#: A status is no longer than this, in bytes; a reader stops there.
MAX_STATUS_BYTES: Final = 1 << 22
#: Runs, deltas, days of the history, and files of a list that a status carries.
MOST_RUNS: Final = 50
MOST_DELTAS: Final = 90
MOST_DAYS: Final = 30
MOST_FILES: Final = 50


class Word(StrEnum):
    """How a store fares, in one word; of several that hold, the first one here is told."""

    SYNCING = "syncing"  #: a run is under way that may move it
    HELD = "held"  #: a brake waits for a person, or what was approved for the next run
    FAILING = "failing"  #: the last run could not bring it up to date
    NEVER = "never"  #: it shows nothing yet
    STALE = "stale"  #: the head that it shows has expired
    BEHIND = "behind"  #: it shows an older serial than the hub
    CURRENT = "current"  #: it shows what the hub shows, and the hub was looked after in time


@dataclass(frozen=True, slots=True)
class Day:
    """How the runs of one day (UTC) went for one store.

    Attributes:
        day: which.
        good, failed, held: runs that brought it where it should be, that could not, that a brake held.
    """

    day: date
    good: int = 0
    failed: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True)
class AuditStatus:
    """How far a store has been held against its manifest.

    Attributes:
        parts: an audit takes one of so many parts.
        covered: share of the parts that were audited in the last 31 days, 0 to 1.
        last: when the last audit ended; None where there was none.
        oldest: when the part that was audited longest ago was; None while a part never was.
        files: files that the last audits of all parts looked at.
        found: differences that they found, before mending.
        left: differences that they left.
    """

    parts: int
    covered: float = 0.0
    last: datetime | None = None
    oldest: datetime | None = None
    files: int = 0
    found: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """What one serial changed.

    Attributes:
        serial: which.
        sealed: when.
        added, changed, removed, renamed: files; a rename is an R profile that became a D profile, or back.
        bytes: what has to travel for it.
    """

    serial: int
    sealed: datetime
    added: int
    changed: int
    removed: int
    renamed: int
    bytes: int


@dataclass(frozen=True, slots=True)
class HubStatus:
    """The archive that is sealed.

    Attributes:
        word: how it fares.
        kind: where its files come from: ``source``, ``in place`` or ``collect``.
        source: name of the source; empty where there is none.
        archive, title, serial, sealed, published, expires, rows, bytes: as its head says; None where it shows none.
        newest_index: newest stamp of its index files.
        last_try: when the last run ended that would seal it.
        last_good: when such a run ended well last: then it held what the source showed.
        last_error: why the last one failed; empty where it did not (a held one did not fail).
        pending: files that are there and not yet sealed.
        superseded: files that left the manifest and are still readable.
        swept: files that a sweep found changed and that wait for the next run.
        stopped: why runs ingest nothing for now, such as a revert; empty where they do.
        audit: of the hub itself.
        days: the last days, oldest first.
        deltas: of the newest serials, oldest first.
    """

    word: Word
    kind: str
    source: str = ""
    archive: str | None = None
    title: str = ""
    serial: int | None = None
    sealed: datetime | None = None
    published: datetime | None = None
    expires: datetime | None = None
    rows: int | None = None
    bytes: int | None = None
    newest_index: datetime | None = None
    last_try: datetime | None = None
    last_good: datetime | None = None
    last_error: str = ""
    pending: int = 0
    superseded: int = 0
    swept: int = 0
    stopped: str = ""
    audit: AuditStatus | None = None
    days: tuple[Day, ...] = ()
    deltas: tuple[Delta, ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """A sealed path that a mirror cannot hold just now.

    Attributes:
        path: as the mirror has it.
        reason: one sentence.
        since: when it could not be had first.
    """

    path: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class MirrorStatus:
    """An archive that is kept equal to the hub, or a view of it.

    Attributes:
        name: in the configuration.
        word: how it fares.
        view: what it holds, where that is not everything at the usual places; empty for an ordinary mirror.
        serial: what it shows; None where it shows nothing, or was never seen to.
        shown: since when it shows that serial.
        expires: when the head that it shows does.
        behind_serials: how many serials it lacks; None where it shows nothing.
        behind_since: when the hub sealed the first serial that it lacks, or a later time where that is long ago.
        behind_hours: hours since then; 0 where it lacks none; None where it shows nothing.
        last_try: when the last run ended that would bring it up to date.
        last_good: when such a run ended well last.
        last_error: why the last one failed; empty where it did not (a held one did not fail).
        superseded: files that left the manifest and are still readable there.
        missing_count: sealed paths that it cannot hold just now.
        missing: the first of them.
        audit: how far it was audited.
        days: the last days, oldest first.
    """

    name: str
    word: Word
    view: str = ""
    serial: int | None = None
    shown: datetime | None = None
    expires: datetime | None = None
    behind_serials: int | None = None
    behind_since: datetime | None = None
    behind_hours: float | None = None
    last_try: datetime | None = None
    last_good: datetime | None = None
    last_error: str = ""
    superseded: int = 0
    missing_count: int = 0
    missing: tuple[Missing, ...] = ()
    audit: AuditStatus | None = None
    days: tuple[Day, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """The status of one deployment.

    Attributes:
        made: when it was read (UTC).
        generator: program that read it.
        hub: the archive that is sealed.
        mirrors: those kept equal to it, in the order of the configuration.
        holds: what waits for approval, oldest first.
        quarantine: files set aside.
        runs: the newest, newest first.
        jobs: of the daemon; empty where there is none.
        collect: None where nothing is collected.
        totals: sums over all runs.
        until: when this status will have been written anew, if all is well; None where nobody knows.
    """

    made: datetime
    generator: str
    hub: HubStatus
    mirrors: tuple[MirrorStatus, ...] = ()
    holds: tuple[Held, ...] = ()
    quarantine: Quarantine = field(default_factory=Quarantine)
    runs: tuple[RunStatus, ...] = ()
    jobs: tuple[JobStatus, ...] = ()
    collect: CollectStatus | None = None
    totals: tuple[Total, ...] = ()
    until: datetime | None = None
    format: str = STATUS_FORMAT

    def as_json(self) -> dict[str, Any]:
        """The status as plain JSON values."""
        return cast("dict[str, Any]", status_type().dump_python(self, mode="json"))


@cache
def status_type() -> TypeAdapter[Status]:
    """Reads, writes and describes a status; made once, when it is needed."""
    return TypeAdapter(Status)


def render_json(status: Status) -> bytes:
    """The bytes of ``status.json``."""
    return status_type().dump_json(status, indent=1) + b"\n"


def parse_status(raw: bytes) -> Status:
    """Read a status; fields that it does not know are passed over.

    Raises:
        RefusedError: it is none, or of a format that this gdac does not know.
    """
    if len(raw) > MAX_STATUS_BYTES:
        raise RefusedError(f"the status has {len(raw):,} bytes; a status is no longer than {MAX_STATUS_BYTES:,}.")
    try:
        found = status_type().validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise RefusedError(
            f"this is no status: {where}: {first['msg']}.", hint="Is there an error page in its place?"
        ) from error
    if found.format != STATUS_FORMAT:
        raise RefusedError(
            f"the status has format {found.format!a}; this gdac reads {STATUS_FORMAT!r}.",
            hint="Use a gdac that knows it.",
        )
    return found
