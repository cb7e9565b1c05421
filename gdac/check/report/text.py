"""The report for people at a terminal: files with findings, findings grouped by rule, sums at the end."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final, TextIO

from gdac.check.finding import Finding, Result, Severity, Verdict
from gdac.check.report.escape import printable, sentence
from gdac.check.report.tally import ORDER, Tally, versions_line

#: Findings of one rule that are shown for one file; the others are counted.
SHOWN: Final = 3
#: Rules named in the sums.
TOP: Final = 10
_COLOURS: Final = {
    Severity.ERROR: "31",
    Severity.WARNING: "33",
    Severity.ADVICE: "36",
    Verdict.ACCEPTED: "32",
    Verdict.REJECTED: "1;31",
    Verdict.CRASH: "1;35",
    Verdict.TIMEOUT: "1;35",
    Verdict.SKIPPED: "2",
}


class Writer:
    """Writes the text report.

    Args:
        out: where it goes.
        colour: whether to colour it.
        every: list accepted files without findings too.
    """

    def __init__(self, out: TextIO, *, colour: bool = False, every: bool = False) -> None:
        self._out = out
        self._colour = colour
        self._every = every
        self._mended: set[str] = set()
        self._only: str | None = None

    def add(self, result: Result) -> None:
        """Write one file, if there is anything to say."""
        nothing_new = result.known and not result.findings
        if self._every or not (nothing_new or (result.verdict is Verdict.ACCEPTED and not result.findings)):
            self._out.write("\n".join(self._lines(result)) + "\n")
            self._only = ""
        elif self._only is None:
            self._only = "\n".join(self._lines(result)) + "\n"  # shown if it stays the only file

    def close(self, tally: Tally) -> None:
        """Write the sums."""
        if tally.files == 1 and self._only:
            self._out.write(self._only)
        if tally.files != 1:
            self._out.write(f"\n{tally.words()}\n")
            self._out.writelines(f"  {dac:<10}{words}\n" for dac, words in tally.by_dac().items())
            for rule, known in tally.most_often()[:TOP]:
                places = f", {known.findings:,} places" if known.findings > known.files else ""
                files = f"{known.files:,} {'file' if known.files == 1 else 'files'}"
                self._out.write(f"  {self._painted(known.severity)}  {rule:<13} in {files}{places}\n")
            if len(tally.rules) > TOP:
                self._out.write(f"  and {len(tally.rules) - TOP} more rules\n")
        if tally.rules:
            self._out.write("why, and how to mend: gdac explain RULE-ID\n")
        self._out.write(f"({versions_line(tally.versions)})\n")

    def _lines(self, result: Result) -> Iterator[str]:
        facts = [f"{result.file_type} {result.format_version}".replace("b_", "bio ")] if result.file_type else []
        facts += [result.dac] if result.dac else []
        facts += [f"{result.known} known findings"] if result.known else []
        about = f"  ({', '.join(facts)})" if facts else ""
        yield f"{printable(result.path)}: {self._paint(result.verdict, _COLOURS[result.verdict])}{about}"
        heaviest_first = sorted(result.findings, key=lambda finding: ORDER.index(finding.severity))
        for (severity, rule), group in groupby(heaviest_first, key=lambda finding: (finding.severity, finding.rule)):
            yield from self._group(severity, rule, list(group))

    def _group(self, severity: Severity, rule: str, findings: list[Finding]) -> Iterator[str]:
        for finding in findings[:SHOWN]:
            yield f"  {self._painted(severity)}  {rule:<13} {printable(finding.where)}: {sentence(finding)}"
        more = sum(finding.count for finding in findings[SHOWN:])
        if more:
            yield f"{'':<25} ... and {more:,} more"
        mend = next((finding.mend for finding in findings if finding.mend), "")
        if mend and rule not in self._mended:
            self._mended.add(rule)
            yield f"{'':<25} mend: {printable(mend)}"

    def _painted(self, severity: Severity) -> str:
        return self._paint(f"{severity:<8}", _COLOURS[severity])

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text
