"""Parts of a status: runs, jobs and sums, what waits for a person or another try, what DACs submitted."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job of the daemon.

    Attributes:
        name: such as ``sync`` or ``audit``.
        schedule: as the configuration says, such as ``daily 03:17``.
        running_since: when the run that is under way began; None where none is.
        last_start, last_end: of the last run; None where there was none.
        last_outcome: a word of `sync.daemon.schedule.Ending`, such as ``fine`` or ``held``; empty where there was none.
        last_error: why it failed last; empty where it did not.
        last_good: when it ended well last (fine, findings or partial).
        next_due: when it runs next; None where it is off.
    """

    name: str
    schedule: str = ""
    running_since: datetime | None = None
    last_start: datetime | None = None
    last_end: datetime | None = None
    last_outcome: str = ""
    last_error: str = ""
    last_good: datetime | None = None
    next_due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Aside:
    """A file set aside.

    Attributes:
        path: in the archive.
        trouble: ``absent`` (the source lacks it), ``stale`` (older than its index row), ``broken`` (transfer failed).
        reason: one sentence.
        since: when it failed first.
        tries: how often it failed.
        next_try: it is not asked for again before.
    """

    path: str
    trouble: str
    reason: str
    since: datetime
    tries: int
    next_try: datetime


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Files that could not be had.

    Attributes:
        count: how many.
        oldest: since when the one that waits longest does.
        troubles: how many by kind of trouble.
        dacs: how many by DAC; ``(none)`` for files of none.
        first: those that wait longest.
    """

    count: int = 0
    oldest: datetime | None = None
    troubles: dict[str, int] = field(default_factory=dict)
    dacs: dict[str, int] = field(default_factory=dict)
    first: tuple[Aside, ...] = ()


@dataclass(frozen=True, slots=True)
class Why:
    """Why the brake holds.

    Attributes:
        rule: of the brake.
        text: one sentence.
    """

    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class HeldDac:
    """What a held plan would do to the files of one DAC.

    Attributes:
        dac: its directory name.
        held: files that are there.
        added, changed, removed, renamed: files that would come, change, leave, or go from R to D or back.
    """

    dac: str
    held: int
    added: int = 0
    changed: int = 0
    removed: int = 0
    renamed: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """A plan that waits for a person.

    Attributes:
        run: number of the held run; approvals name it.
        store: ``hub``, or the name of a mirror.
        made: since when.
        approved: when it was approved; the next run then goes ahead. None while it waits.
        reasons: why.
        dacs: what the plan would do, by DAC.
        removed, changed, added: some of the paths.
        command: what lets it go.
    """

    run: int
    store: str
    made: datetime
    approved: datetime | None
    reasons: tuple[Why, ...]
    dacs: tuple[HeldDac, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    added: tuple[str, ...]
    command: str


@dataclass(frozen=True, slots=True)
class RunStatus:
    """One run, newest ones only.

    Attributes:
        id: its number.
        kind: ``run``, ``replicate``, ``collect``, ``seed``...
        started, ended: when; None for one that is under way or broke off.
        outcome: ``fine``, ``partial``, ``held``, ``failed``, ``under way`` or ``broken off``.
        serial: what it sealed or issued again.
        is_new: it sealed a new serial.
        fetched_files, fetched_bytes: from the source.
        copied_files, copied_bytes: to all mirrors.
        failed: names of mirrors that it could not bring up to date.
        error: why it failed or was held; empty otherwise.
        notes: the first of its notes.
    """

    id: int
    kind: str
    started: datetime
    ended: datetime | None
    outcome: str
    serial: int | None = None
    is_new: bool = False
    fetched_files: int = 0
    fetched_bytes: int = 0
    copied_files: int = 0
    copied_bytes: int = 0
    failed: tuple[str, ...] = ()
    error: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DacStatus:
    """What one DAC submitted in the last 30 days.

    Attributes:
        dac: its directory name.
        submissions: how many.
        last: when the last one was taken.
        last_number: its number.
        open: submissions that are under way.
        results: items by what became of them (``published``, ``unchanged``, ``refused``, ``removed``, ``kept``).
        verdicts: files by the checker's verdict.
        accepted: share of what was decided on files that was not refused, 0 to 1; None where nothing was.
        refusals: refused items by policy or rule, those that refuse most first, at most ten.
    """

    dac: str
    submissions: int = 0
    last: datetime | None = None
    last_number: int | None = None
    open: int = 0
    results: dict[str, int] = field(default_factory=dict)
    verdicts: dict[str, int] = field(default_factory=dict)
    accepted: float | None = None
    refusals: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CollectStatus:
    """How collecting fares.

    Attributes:
        last_try: when the last run of collecting ended.
        last_good: when one ended well last.
        last_error: why the last one did not; empty where it did.
        dacs: by DAC.
    """

    last_try: datetime | None = None
    last_good: datetime | None = None
    last_error: str = ""
    dacs: tuple[DacStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class Total:
    """A sum over all runs of this state; it only grows.

    Attributes:
        what: ``runs``, ``failures``, ``files``, ``bytes``, ``deleted``, ``seals``.
        who: the store (``hub``, or a mirror's name); for ``runs`` their kind.
        how: for ``runs`` their outcome, for ``failures`` the cause; else empty.
        number: the sum.
    """

    what: str
    who: str
    how: str
    number: int
