"""JSON Lines: one object per file; docs/formats.md describes it."""

import json
from typing import Any, Final, TextIO

from gdac.check.evidence import Evidence
from gdac.check.finding import Finding, Result
from gdac.check.report.tally import Tally

#: Version of the objects; a field is only ever added, or this number changes.
SCHEMA: Final = 1


class Writer:
    """Writes an object per result, at once; with evidence where that was asked for."""

    def __init__(self, out: TextIO, *, evidence: Evidence | None = None) -> None:
        self._out = out
        self._evidence = evidence

    def add(self, result: Result) -> None:
        """Write one file."""
        made = record(result)
        if self._evidence is not None:
            made |= self._evidence.of(result.path)
        self._out.write(json.dumps(made, separators=(",", ":")) + "\n")

    def close(self, tally: Tally) -> None:
        """Nothing comes last: every line says all."""


def record(result: Result) -> dict[str, Any]:
    """A result as plain data."""
    versions = result.versions
    return {
        "schema": SCHEMA,
        "path": result.path,
        "dac": result.dac,
        "verdict": str(result.verdict),
        "file_type": result.file_type or None,
        "format_version": result.format_version or None,
        "phase": str(result.phase),
        "failed_in": str(result.failed_in) if result.failed_in else None,
        "findings": [_finding(finding) for finding in result.findings],
        "known": result.known,
        "versions": {
            "checker": versions.checker,
            "specification": versions.specification or None,
            "tables": versions.tables,
        }
        if versions
        else None,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    place = finding.place
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "where": finding.where,
        "text": finding.text,
        "variable": place.variable or None,
        "index": list(place.index) or None,
        "attribute": place.attribute or None,
        "dimension": place.dimension or None,
        "found": finding.found or None,
        "expected": finding.expected or None,
        "mend": finding.mend or None,
        "count": finding.count,
    }
