"""What the state keeps of submissions, as values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from policies.submission import Submission as Kind


class Step(StrEnum):
    """How far an item has come; each step can be done again without harm."""

    COPIED = "copied"  #: whole beside the state, and maybe still in the inbox
    TAKEN = "taken"  #: gone from the inbox; an archive's members are items of their own from here on
    CHECKED = "checked"  #: the checker has said what it says; nothing to check counts as checked
    DECIDED = "decided"  #: it is known what becomes of it; from here on nothing is asked again
    DONE = "done"  #: that has been done, and journalled in the same transaction
    FILED = "filed"  #: a refused file is back with its DAC; nothing of the item lies beside the state any more


class Verdict(StrEnum):
    """What was decided."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"  #: these very bytes are published
    REFUSED = "refused"
    OPENED = "opened"  #: an archive: its members are items
    REMOVED = "removed"  #: a removal list that was carried out
    KEPT = "kept"  #: a sensor exclusion list


@dataclass(frozen=True, slots=True)
class RuleSet:
    """What a decision went by.

    Attributes:
        checker, specification, tables: see `gdac.check.finding.Versions`; empty where nothing was checked.
        policies: version of the policies, see `policies.law`.
    """

    checker: str = ""
    specification: str = ""
    tables: str = ""
    policies: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an item was refused: a policy's id, or a rule's of the checker, and one sentence."""

    policy: str
    told: str


@dataclass(frozen=True, slots=True)
class Item:
    """One file of a submission, or one member of an archive in it.

    Attributes:
        id: unique in the state.
        submission: number of its submission.
        parent: id of the archive that it was in; None for a file that lay in the inbox.
        name: bare name, as the DAC wrote it (of a member: the last part).
        label: how reports call it: the name, or ``ARCHIVE!MEMBER``.
        size: bytes.
        sha256: of its bytes; None where it was refused unread.
        kind: by its name; None where no DAC submits such a name.
        arrived: when it came into the inbox (UTC), as far as the inbox tells; else when it was taken.
        validator: the inbox's, of the bytes that were taken; None where it tells none.
        step: how far it has come.
        has_bytes: its bytes lie beside the state (see `sync.collect.held`).
        result: what the checker said, `gdac.check.report` JSON values of one file; None where it was not checked.
        verdict: what was decided; None before.
        path: where it is published, or was removed from; None otherwise.
        replaces: the R profile that leaves for it; None otherwise.
        reasons: why it was refused; empty otherwise.
        rules: what the decision went by.
        date_update: DATE_UPDATE in the file (UTC); None where there is none.
        serial: the serial that sealed what became of it; None before, and where nothing was to be sealed.
        centre: DATA_CENTRE in the file, stripped; None where it was not checked, or has none.
        platform: PLATFORM_NUMBER in the file, stripped; None likewise.
    """

    id: int
    submission: int
    parent: int | None
    name: str
    label: str
    size: int
    sha256: bytes | None
    kind: Kind | None
    arrived: datetime
    validator: str | None
    step: Step
    has_bytes: bool
    result: dict[str, Any] | None
    verdict: Verdict | None
    path: str | None
    replaces: str | None
    reasons: tuple[Reason, ...]
    rules: RuleSet
    date_update: datetime | None
    serial: int | None
    centre: str | None = None
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item to be entered; see `Item`."""

    name: str
    label: str
    size: int
    sha256: bytes | None
    kind: Kind | None
    arrived: datetime
    validator: str | None = None
    parent: int | None = None
    step: Step = Step.COPIED
    has_bytes: bool = True
    verdict: Verdict | None = None
    reasons: tuple[Reason, ...] = ()
    rules: RuleSet = RuleSet()


@dataclass(frozen=True, slots=True)
class Submission:
    """What one DAC had in its inbox when a run looked.

    Attributes:
        number: unique in the state; names its reports.
        dac: whose account.
        run: the run that took it; None for a replay.
        began: when it was taken (UTC).
        ended: when its last item was filed and its reports were written (UTC); None while it is under way.
        forced: the operator lets older files take the place of newer ones.
        replay_of: number of the submission that it repeats; None otherwise.
        serial: the serial that sealed it; None before, and where it changed nothing.
        notes: what else a DAC should know, such as files that wait for tomorrow.
        mailed: when its report was mailed (UTC); None where it was not.
    """

    number: int
    dac: str
    run: int | None
    began: datetime
    ended: datetime | None
    forced: bool
    replay_of: int | None
    serial: int | None
    notes: tuple[str, ...]
    mailed: datetime | None


@dataclass(frozen=True, slots=True)
class Leaving:
    """A path that is out of the archive and not yet out of a sealed manifest.

    Attributes:
        path: archive path; its bytes stay readable in the hub for the grace.
        why: ``replaced`` by a D profile, ``removed`` by a list, or ``emptied``: made by us out of what is gone.
        item: the item that it leaves for; None for what we made ourselves.
    """

    path: str
    why: str
    item: int | None
