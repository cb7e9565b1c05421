"""A submission as one value: what it was and what it came to, counted in one pass over its items."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Self

from gdac.check.finding import Severity
from gdac.check.report.tally import ORDER
from sync.collect.exclusion import Changes, changes_of
from sync.collect.report.told import HAPPENED, findings_of
from sync.state import State
from sync.state.collected import Item, RuleSet, Submission, Verdict
from sync.state.removed import Removal

#: Version of the facts as JSON; a field is only ever added, or this number changes.
SCHEMA: Final = 1
#: Items in memory at once: one can have thousands of findings.
_PAGE: Final = 100
#: Rule sets that are named; a submission that a run after an upgrade resumed has two.
_RULE_SETS: Final = 10
_TAKEN: Final = (Verdict.PUBLISHED, Verdict.UNCHANGED, Verdict.REMOVED, Verdict.KEPT)
_WAITING: Final = "waiting"


@dataclass(frozen=True, slots=True)
class Counted:
    """How often a policy or a rule of the checker spoke.

    Attributes:
        id: permanent.
        severity: what the checker's findings weigh (the heaviest seen); empty for a policy, which refuses.
        files: in how many files.
        places: in how many places of them.
        refused: how many of the files were refused, for this or for another reason.
    """

    id: str
    severity: str
    files: int
    places: int
    refused: int

    @property
    def refuses(self) -> bool:
        """It keeps files out."""
        return self.severity in {"", Severity.ERROR}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a submission was and came to.

    Attributes:
        number: of the submission.
        dac: whose account it came through.
        began: when it was taken (UTC).
        reported: when this was told (UTC).
        forced: the operator let older files take the place of newer ones.
        replay_of: number of the submission that it repeats; None otherwise.
        serial: the serial that sealed it; None where it changed nothing, or is under way.
        notes: what else the DAC should know.
        verdicts: files by verdict, those that are not decided under ``waiting``.
        counted: policies and rules, most files first.
        rules: what decisions went by.
    """

    number: int
    dac: str
    began: datetime
    reported: datetime
    forced: bool
    replay_of: int | None
    serial: int | None
    notes: tuple[str, ...]
    verdicts: Mapping[str, int]
    counted: tuple[Counted, ...]
    rules: tuple[RuleSet, ...]

    @property
    def files(self) -> int:
        """Files; an archive that was opened counts by what it held."""
        return sum(self.verdicts.values()) - self.verdicts.get(Verdict.OPENED, 0)

    @property
    def taken(self) -> int:
        """Files that were accepted."""
        return sum(self.verdicts.get(one, 0) for one in _TAKEN)

    @property
    def refused(self) -> int:
        """Files that were not."""
        return self.verdicts.get(Verdict.REFUSED, 0)

    def words(self) -> str:
        """Verdicts in a line: ``12 files: 9 published, 1 unchanged, 2 refused``."""
        order = (*_TAKEN, Verdict.REFUSED, _WAITING)
        parts = [f"{self.verdicts[one]:,} {one}" for one in order if self.verdicts.get(one)]
        return f"{self.files:,} {'file' if self.files == 1 else 'files'}" + (f": {', '.join(parts)}" if parts else "")

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        made = asdict(self)
        made |= {"began": self.began.isoformat(), "reported": self.reported.isoformat(), "verdicts": {**self.verdicts}}
        return {"schema": SCHEMA, **made, "files": self.files, "accepted": self.taken}

    @classmethod
    def from_json(cls, made: Mapping[str, Any]) -> Self:
        """Read back what `as_json` made.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        if made["schema"] != SCHEMA:
            raise ValueError(made["schema"])
        return cls(
            int(made["number"]),
            str(made["dac"]),
            datetime.fromisoformat(made["began"]),
            datetime.fromisoformat(made["reported"]),
            bool(made["forced"]),
            made["replay_of"],
            made["serial"],
            tuple(map(str, made["notes"])),
            {str(name): int(count) for name, count in made["verdicts"].items()},
            tuple(Counted(**one) for one in made["counted"]),
            tuple(RuleSet(**one) for one in made["rules"]),
        )


def gather(state: State, submission: Submission, reported: datetime) -> Facts:
    """Count what a submission came to.

    Args:
        state: where it is.
        submission: finished or under way.
        reported: when this is told (UTC).
    """
    verdicts: Counter[str] = Counter()
    tally = _Tally()
    rules: dict[RuleSet, None] = {}
    for item in items_of(state, submission.number):
        verdicts[item.verdict or _WAITING] += 1
        tally.add(item)
        if item.rules != RuleSet() and len(rules) < _RULE_SETS:
            rules[item.rules] = None
    return Facts(
        submission.number,
        submission.dac,
        submission.began,
        reported,
        submission.forced,
        submission.replay_of,
        submission.serial,
        submission.notes,
        dict(verdicts),
        tally.counted(),
        _rule_sets(rules),
    )


def _rule_sets(found: Collection[RuleSet]) -> tuple[RuleSet, ...]:
    """Rule sets, without those of which another one says more: those of what was not checked, or not opened."""

    def says(one: RuleSet) -> set[tuple[str, str]]:
        return {(name, value) for name, value in asdict(one).items() if value}

    return tuple(one for one in found if not any(says(one) < says(other) for other in found))


def items_of(state: State, number: int, *verdicts: Verdict) -> Iterator[Item]:
    """Items of a submission in order, with one of the verdicts or with any, read page by page."""
    for wanted in verdicts or (None,):
        after = 0
        while page := state.items(number, verdict=wanted, after=after, most=_PAGE):
            yield from page
            after = page[-1].id


def removals_of(state: State, item: Item) -> Iterator[Removal]:
    """What a removal list took out of the archive, by path, read page by page."""
    after = ""
    while page := state.removals(item.id, after=after):
        yield from page
        after = page[-1].path


def changes_in(state: State, item: Item, dac: str) -> Changes | None:
    """How a sensor exclusion list differs from the one before, in numbers; None for everything else."""
    return changes_of(state, state.directory, item, dac) if item.verdict is Verdict.KEPT else None


def happened(state: State, item: Item, dac: str) -> str:
    """What became of a file that was accepted, in a clause."""
    if item.verdict is Verdict.PUBLISHED:
        replaced = f", in place of {item.replaces.rpartition('/')[2]}" if item.replaces else ""
        return f"as {item.path}{replaced}"
    changes = changes_in(state, item, dac)
    return f"{HAPPENED[item.verdict]}: {changes}" if changes else HAPPENED[item.verdict]


class _Tally:
    """Policies and rules, counted item by item."""

    def __init__(self) -> None:
        self._files: Counter[str] = Counter()
        self._places: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._severity: dict[str, str] = {}

    def add(self, item: Item) -> None:
        """Count one file."""
        places: Counter[str] = Counter()
        for finding in findings_of(item):
            places[finding.rule] += finding.count
            known = self._severity.get(finding.rule)
            if not known or ORDER.index(finding.severity) < ORDER.index(Severity(known)):
                self._severity[finding.rule] = str(finding.severity)
        for reason in item.reasons:
            places[reason.policy] = places[reason.policy] or 1
            self._severity.setdefault(reason.policy, "")
        self._places.update(places)
        self._files.update(places.keys())
        if item.verdict is Verdict.REFUSED:
            self._refused.update(places.keys())

    def counted(self) -> tuple[Counted, ...]:
        """Most files first."""
        found = [
            Counted(one, self._severity[one], files, self._places[one], self._refused[one])
            for one, files in self._files.items()
        ]
        return tuple(sorted(found, key=lambda one: (-one.files, one.id)))
