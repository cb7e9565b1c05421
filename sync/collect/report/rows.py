"""Reports for programs: JSON with everything that is known of every file, and CSV with a row for each."""

import csv
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from gdac.check.finding import Severity
from gdac.check.report.escape import printable
from sync.collect.report.facts import Facts, changes_in, removals_of
from sync.collect.report.told import explained, findings_of, reasons_of
from sync.state import State
from sync.state.collected import Item, Verdict

COLUMNS: Final = (
    "submission",
    "file",
    "kind",
    "size",
    "sha256",
    "arrived",
    "verdict",
    "path",
    "replaces",
    "serial",
    "reasons",
    "why",
    "what_to_do",
    "errors",
    "warnings",
)
#: Findings of one file that the JSON report tells; the others are counted.
FINDINGS: Final = 200
#: What a spreadsheet takes for a formula when a cell begins with it.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
#: Longest text of a cell; JSON has all of it.
_MOST: Final = 2_000


class Sink(Protocol):
    """Where text goes."""

    def write(self, text: str, /) -> object:
        """Write more."""
        ...


class Document:
    """The JSON report: facts of the submission, then its files, a line each; written as it is fed."""

    def __init__(self, out: Sink, state: State, facts: Facts) -> None:
        self._out, self._state, self._dac = out, state, facts.dac
        self._labels: dict[int, str] = {}
        head = json.dumps(facts.as_json(), indent=1)
        self._out.write(f'{head[:-2]},\n "items": [')
        self._between = "\n  "

    def add(self, item: Item) -> None:
        """Write one file."""
        if item.verdict is Verdict.OPENED:
            self._labels[item.id] = item.label
        made = as_json(item, archive=self._labels.get(item.parent or 0))
        if changes := changes_in(self._state, item, self._dac):
            made["changes"] = changes.as_json()
        self._out.write(self._between + json.dumps(made)[:-1])
        self._between = ",\n  "
        if item.verdict is Verdict.REMOVED:
            self._removed(item)
        self._out.write("}")

    def _removed(self, item: Item) -> None:
        self._out.write(', "removed": [')
        between = ""
        for one in removals_of(self._state, item):
            self._out.write(between + json.dumps(one.path))
            between = ", "
        self._out.write("]")

    def close(self) -> None:
        """Write what comes last."""
        self._out.write("\n ]\n}\n")


def as_json(item: Item, *, archive: str | None) -> dict[str, Any]:
    """One file as plain JSON values; what the checker said is as in `gdac check --format jsonl`, but for the path."""
    return {
        "item": item.id,
        "file": item.label,
        "name": item.name,
        "archive": archive,
        "kind": item.kind,
        "size": item.size,
        "sha256": item.sha256.hex() if item.sha256 else None,
        "arrived": item.arrived.isoformat(),
        "date_update": item.date_update.isoformat() if item.date_update else None,
        "verdict": item.verdict,
        "path": item.path,
        "replaces": item.replaces,
        "serial": item.serial,
        "reasons": [
            {"id": one.policy, "text": one.told, "mend": explained(one.policy).mend or None} for one in item.reasons
        ],
        "check": None if item.result is None else _check(item.result),
        "rules": {
            "checker": item.rules.checker or None,
            "specification": item.rules.specification or None,
            "tables": item.rules.tables or None,
            "policies": item.rules.policies or None,
        },
    }


def _check(result: Mapping[str, Any]) -> dict[str, Any]:
    """What the checker said, without what the item says and where the file lay; bounded, as a hostile file is not."""
    dropped = {"path", "dac", "schema", "known", "versions"}
    kept = {name: value for name, value in result.items() if name not in dropped}
    findings = kept.get("findings", [])
    if len(findings) <= FINDINGS:
        return kept
    return {**kept, "findings": findings[:FINDINGS], "more_findings": len(findings) - FINDINGS}


class Rows:
    """The CSV report: a row for each file, and one for each file that a list removed; written as it is fed."""

    def __init__(self, out: Sink, state: State, facts: Facts) -> None:
        self._state, self._number = state, facts.number
        self._write = csv.writer(out, lineterminator="\r\n")
        self._write.writerow(COLUMNS)

    def add(self, item: Item) -> None:
        """Write one file."""
        self._write.writerow([_cell(one) for one in _row(self._number, item)])
        if item.verdict is Verdict.REMOVED:
            for one in removals_of(self._state, item):
                sha256 = one.sha256.hex() if one.sha256 else ""
                row: list[Any] = [self._number, item.label, "removed-file", one.size, sha256, "", "removed", one.path]
                self._write.writerow([_cell(value) for value in [*row, *[""] * (len(COLUMNS) - len(row))]])

    def close(self) -> None:
        """Nothing comes last."""


def _row(number: int, item: Item) -> Iterator[Any]:
    whys = reasons_of(item, shown=1)
    findings = findings_of(item)
    yield from (number, item.label, item.kind, item.size, item.sha256.hex() if item.sha256 else "")
    yield from (item.arrived.isoformat(), item.verdict, item.path, item.replaces, item.serial)
    yield " ".join(dict.fromkeys([*(one.policy for one in item.reasons), *(why.id for why in whys)]))
    yield "; ".join(f"{why.id}: {text}" for why in whys for text in why.texts)
    yield " ".join(dict.fromkeys(why.mend for why in whys if why.mend))
    yield from (
        sum(one.count for one in findings if one.severity is each) for each in (Severity.ERROR, Severity.WARNING)
    )


def _cell(value: Any) -> Any:
    """A value that no spreadsheet runs: file names and texts come from whoever submits."""
    if not isinstance(value, str):
        return value
    text = printable(value)
    text = text if len(text) <= _MOST else f"{text[:_MOST]}..."
    return f"'{text}" if text.startswith(_FORMULA) else text
