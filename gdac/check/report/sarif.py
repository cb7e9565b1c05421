"""SARIF 2.1.0, the exchange format of static analysis: for code hosts and editors."""

import json
from pathlib import PurePath
from typing import Any, Final, TextIO
from urllib.parse import quote

from gdac.check.finding import Finding, Result, Severity
from gdac.check.plan import rule_called
from gdac.check.report.escape import printable, sentence
from gdac.check.report.tally import Tally

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "note"}


class Writer:
    """Writes one run; results go out at once, the rules they name come last."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._separator = "\n"
        out.write(f'{{"$schema": {json.dumps(SCHEMA)}, "version": "2.1.0", "runs": [{{"results": [')

    def add(self, result: Result) -> None:
        """Write the findings of one file."""
        for finding in result.findings:
            self._out.write(self._separator + json.dumps(_result(result, finding)))
            self._separator = ",\n"

    def close(self, tally: Tally) -> None:
        """Write the tool with its rules, and the sums."""
        versions = tally.versions
        driver: dict[str, Any] = {"name": "gdac check", "rules": [_rule(rule_id) for rule_id in sorted(tally.rules)]}
        if versions:
            driver["version"] = versions.checker
        properties = {
            "files": tally.files,
            "verdicts": {str(verdict): number for verdict, number in sorted(tally.verdicts.items())},
            "specification": versions.specification if versions else "",
            "tables": versions.tables if versions else "",
        }
        tail = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "properties": properties}
        self._out.write("\n], " + json.dumps(tail, indent=1)[1:].lstrip() + "]}\n")


def uri_of(path: str) -> str:
    """A path as SARIF wants it: relative as a relative reference, absolute as a ``file:`` URI."""
    pure = PurePath(path)
    if pure.is_absolute():
        return "file://" + quote(f"/{pure.as_posix().lstrip('/')}", errors="surrogateescape")
    return quote(pure.as_posix(), errors="surrogateescape")


def _result(result: Result, finding: Finding) -> dict[str, Any]:
    return {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{printable(finding.where)}: {sentence(finding)}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": uri_of(result.path)}},
                "logicalLocations": [{"fullyQualifiedName": printable(finding.where), "kind": "member"}],
            }
        ],
        "occurrenceCount": finding.count,
        "properties": {"dac": result.dac, "verdict": str(result.verdict)},
    }


def _rule(rule_id: str) -> dict[str, Any]:
    known = rule_called(rule_id)
    if known is None:
        return {"id": rule_id}
    return {
        "id": rule_id,
        "shortDescription": {"text": known.title},
        "fullDescription": {"text": known.why or known.title},
        "help": {"text": known.mend or known.title},
        "defaultConfiguration": {"level": _LEVELS[known.severity]},
    }
