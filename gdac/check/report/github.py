"""Annotations for GitHub Actions: one line per file and rule, which the runner shows beside the file."""

from itertools import groupby
from typing import Final, TextIO

from gdac.check.finding import Result, Severity
from gdac.check.report.escape import printable, sentence
from gdac.check.report.tally import ORDER, Tally, versions_line

_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "notice"}


class Writer:
    """Writes workflow commands."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def add(self, result: Result) -> None:
        """Write a line per rule; the runner shows ten of a kind at most, so places are counted, not listed."""
        heaviest_first = sorted(result.findings, key=lambda finding: ORDER.index(finding.severity))
        for (severity, rule), group in groupby(heaviest_first, key=lambda finding: (finding.severity, finding.rule)):
            findings = list(group)
            more = sum(finding.count for finding in findings[1:])
            text = f"{printable(findings[0].where)}: {sentence(findings[0])}" + (f" (and {more} more)" if more else "")
            where = f"file={_property(printable(result.path))},title={_property(rule)}"
            self._out.write(f"::{_COMMANDS[severity]} {where}::{_message(text)}\n")

    def close(self, tally: Tally) -> None:
        """Write the sums."""
        self._out.write(
            f"::notice title=gdac check::{_message(f'{tally.words()} ({versions_line(tally.versions)})')}\n"
        )


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
