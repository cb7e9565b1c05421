"""What a check says: findings, and the verdict on a file. Values only; they travel between processes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs. Errors alone reject a file; warnings and advice never do."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


class Verdict(StrEnum):
    """What becomes of a file; anything but ``accepted`` is not accepted (``skipped`` files were not looked at)."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CRASH = "crash"
    TIMEOUT = "timeout"
    SKIPPED = "skipped"


class Phase(StrEnum):
    """Steps of a check, in order; values are the official checker's own words for them."""

    OPEN = "OPEN-FILE"
    FORMAT = "FORMAT-VERIFICATION"
    MODE = "DMODE-VERSION-CHECK"
    DATES = "DATE-CHECK"  # the few date rules of files older than 3.1; the official checker files them under format
    DATA = "DATA-VALIDATION"
    NAME = "FILE-NAME-CHECK"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was found. Indices are 1-based, as the official checker counts.

    Attributes:
        variable: its name; empty for the file, a dimension or a global attribute.
        index: one number per axis that was walked, outermost first; empty for the whole variable.
        attribute: its name; with no variable, a global attribute.
        dimension: its name.
    """

    variable: str = ""
    index: tuple[int, ...] = ()
    attribute: str = ""
    dimension: str = ""

    def __str__(self) -> str:
        if self.dimension:
            return f"dimension {self.dimension}"
        if self.attribute and not self.variable:
            return f"global attribute {self.attribute}"
        index = f"[{','.join(map(str, self.index))}]" if self.index else ""
        attribute = f":{self.attribute}" if self.attribute else ""
        return f"{self.variable}{index}{attribute}" or "file"


def at(variable: str = "", *index: int, attribute: str = "", dimension: str = "") -> Place:
    """Short for `Place`: ``at("TEMP_QC", 1, 14)``, ``at("TEMP", attribute="units")``, ``at(dimension="N_PROF")``."""
    return Place(variable, index, attribute, dimension)


@dataclass(frozen=True, slots=True)
class Fault:
    """What a rule yields; the engine makes a `Finding` of it.

    Attributes:
        place: where, see `at`.
        text: one sentence without the place: what is wrong.
        found: the value that is there, when there is one to show.
        expected: what should be there, when it can be said.
        count: how many places this one stands for (levels of a profile, say); ``place`` is the first of them.
        mend: what to do, where the rule's own advice is not precise enough.
        quirk: True where the official checker lets this pass although it is wrong: advice unless ``--strict``.
    """

    place: Place
    text: str
    found: str = ""
    expected: str = ""
    count: int = 1
    mend: str = ""
    quirk: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of one rule on one file.

    Attributes:
        rule: permanent id, such as ``PRF-JULD-001``; ``gdac explain`` prints its page.
        severity: how much it weighs.
        place: where; ``str(place)`` is what reports show.
        text: one sentence: what is wrong.
        found: the value that is there; may be empty.
        expected: what should be there; may be empty.
        mend: what to do about it.
        count: how many places it stands for.
    """

    rule: str
    severity: Severity
    place: Place
    text: str
    found: str = ""
    expected: str = ""
    mend: str = ""
    count: int = 1

    @property
    def where(self) -> str:
        """The place as text: ``TEMP_QC[1,14]``, ``TEMP:units``, ``dimension N_PROF``, ``file``."""
        return str(self.place)


@dataclass(frozen=True, slots=True)
class Versions:
    """What a verdict was made with; every report names them."""

    checker: str
    specification: str
    tables: str


@dataclass(frozen=True, slots=True)
class Result:
    """The check of one file.

    Attributes:
        path: the file as the caller named it.
        dac: the data centre it was checked for, or None.
        verdict: see `Verdict`.
        findings: in the order of the phases, then of the rules.
        file_type: what the file says it is (a value of `gdac.check.kinds.FileType`), or empty.
        format_version: FORMAT_VERSION, trimmed, or empty.
        phase: the last phase that ran: what the official checker calls the phase.
        failed_in: the first phase with an error, or None.
        versions: what it was checked with.
        metadata: what the official result document lists about the file; only when it was asked for.
        known: findings that were left out because a baseline holds them.
    """

    path: str
    dac: str | None
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    file_type: str = ""
    format_version: str = ""
    phase: Phase = Phase.OPEN
    failed_in: Phase | None = None
    versions: Versions | None = None
    metadata: tuple[tuple[str, str], ...] = field(default=())
    known: int = 0

    def count(self, severity: Severity) -> int:
        """Findings of a severity, each counted once."""
        return sum(each.severity is severity for each in self.findings)


def is_rejected(findings: Iterable[Finding]) -> bool:
    """Any error rejects."""
    return any(each.severity is Severity.ERROR for each in findings)
