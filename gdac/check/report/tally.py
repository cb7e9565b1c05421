"""What a whole run comes to: verdicts and rules counted, versions named."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from gdac.check.finding import Result, Severity, Verdict, Versions

#: Verdicts that mean that a file would not be taken.
REFUSED = frozenset({Verdict.REJECTED, Verdict.CRASH, Verdict.TIMEOUT})


def is_worse(result: Result) -> bool:
    """Whether a file would not be taken, for an error that no baseline holds."""
    new = any(finding.severity is Severity.ERROR for finding in result.findings) or not result.known
    return result.verdict in REFUSED and new


@dataclass(slots=True)
class RuleTally:
    """How often one rule found something.

    Attributes:
        severity: what its findings weigh (the heaviest seen).
        files: in how many files.
        findings: how many, each place counted.
    """

    severity: Severity
    files: int = 0
    findings: int = 0


@dataclass(slots=True)
class Tally:
    """Counts over all results of a run; as large as there are rules, whatever the number of files.

    Attributes:
        verdicts: files by verdict.
        severities: findings by severity, each place counted.
        rules: by rule id, in the order in which they were first seen.
        dacs: files by data centre and verdict.
        known: findings that were left out because a baseline holds them.
        worse: files that would not be taken, for an error that no baseline holds.
        versions: what the files were checked with; None before the first one that says so.
    """

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    severities: Counter[Severity] = field(default_factory=Counter)
    rules: dict[str, RuleTally] = field(default_factory=dict)
    dacs: Counter[tuple[str, Verdict]] = field(default_factory=Counter)
    known: int = 0
    worse: int = 0
    versions: Versions | None = None

    @property
    def files(self) -> int:
        """All files, those that were skipped included."""
        return self.verdicts.total()

    @property
    def refused(self) -> int:
        """Files that would not be taken: rejected, crash and timeout."""
        return sum(self.verdicts[verdict] for verdict in REFUSED)

    def add(self, result: Result) -> None:
        """Count one result."""
        self.verdicts[result.verdict] += 1
        self.dacs[result.dac or "", result.verdict] += 1
        if result.versions is not None and (self.versions is None or not self.versions.specification):
            self.versions = result.versions
        self.known += result.known
        self.worse += is_worse(result)
        seen = set()
        for finding in result.findings:
            self.severities[finding.severity] += finding.count
            known = self.rules.setdefault(finding.rule, RuleTally(finding.severity))
            known.findings += finding.count
            if ORDER.index(finding.severity) < ORDER.index(known.severity):
                known.severity = finding.severity
            if finding.rule not in seen:
                seen.add(finding.rule)
                known.files += 1

    def by_dac(self) -> dict[str, str]:
        """Verdicts of each data centre in a line, when there are several."""
        dacs = sorted({dac for dac, _ in self.dacs if dac})
        if len(dacs) < 2:
            return {}
        return {dac: _words({verdict: self.dacs[dac, verdict] for verdict in Verdict}) for dac in dacs}

    def most_often(self) -> list[tuple[str, RuleTally]]:
        """Rules, the heaviest and most frequent first."""
        return sorted(self.rules.items(), key=lambda pair: (ORDER.index(pair[1].severity), -pair[1].files, pair[0]))

    def words(self) -> str:
        """Verdicts in a line: ``1,323 files: 1,250 accepted, 73 rejected``."""
        known = f"; {self.known:,} findings of the baseline left out" if self.known else ""
        return _words(self.verdicts) + known if self.files else "no files"


def _words(verdicts: Mapping[Verdict, int]) -> str:
    files = sum(verdicts.values())
    parts = [f"{verdicts[verdict]:,} {verdict}" for verdict in Verdict if verdicts.get(verdict)]
    return f"{files:,} {'file' if files == 1 else 'files'}: {', '.join(parts)}"


#: Severities, the heaviest first.
ORDER = (Severity.ERROR, Severity.WARNING, Severity.ADVICE)


def versions_line(versions: Versions | None) -> str:
    """The versions in a line."""
    if versions is None:
        return "nothing was checked"
    known = f"format specification {versions.specification}, " if versions.specification else ""
    return f"gdac {versions.checker}, {known}reference tables {versions.tables}"
