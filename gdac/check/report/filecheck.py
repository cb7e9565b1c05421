"""The official program's result document, one per file, as its readers expect it: always well-formed.

Findings that the official program does not know (advice) are left out; texts are ours, beginning with rule and place.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final, TextIO

from gdac.check.finding import Finding, Phase, Result, Severity, Verdict
from gdac.check.report.escape import sentence, xml
from gdac.check.report.tally import Tally

_STATUS: Final = {
    Verdict.ACCEPTED: "FILE-ACCEPTED",
    Verdict.REJECTED: "FILE-REJECTED",
    Verdict.CRASH: "ERROR",
    Verdict.TIMEOUT: "ERROR",
}
#: The official program files its few date rules for old versions under the format.
_PHASES: Final = {Phase.DATES: Phase.FORMAT}


class Writer:
    """Writes a document per file.

    Args:
        out: where they go, one after the other, when there is no folder.
        folder: where ``NAME.filecheck`` goes for a file NAME, as the official program names it; a name that comes
            again (another folder's file) gets a number.
    """

    def __init__(self, out: TextIO, *, folder: Path | None = None) -> None:
        self._out = out
        self._folder = folder
        self._again: dict[str, int] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=folder) as mark:
                self._began = os.fstat(mark.fileno()).st_mtime_ns

    def add(self, result: Result) -> None:
        """Write the document of one file; skipped files have none."""
        if result.verdict is Verdict.SKIPPED:
            return
        text = "\n".join(document(result)) + "\n"
        if self._folder is None:
            self._out.write(text)
        else:
            self._place(self._folder, result).write_text(text, encoding="utf-8", newline="\n")

    def close(self, tally: Tally) -> None:
        """Nothing comes last."""

    def _place(self, folder: Path, result: Result) -> Path:
        """Where a document goes. One that is there already and is not older than this run is another file's."""
        name = result.path.replace("\\", "/").rpartition("/")[2]
        place = folder / f"{name}.filecheck"
        if not place.exists() or place.stat().st_mtime_ns < self._began:
            return place
        times = self._again[name] = self._again.get(name, 1) + 1
        return folder / f"{name}.{times}.filecheck"


def document(result: Result) -> Iterator[str]:
    """Lines of the document of one file."""
    versions = result.versions
    checker, spec = (versions.checker, versions.specification) if versions else ("", "")
    yield f'<FileCheckResults filechecker_version="{xml(checker)}" spec_version="{xml(spec)}">'
    yield f"  <file>{xml(result.path)}</file>"
    yield f"  <status>{_STATUS[result.verdict]}</status>"
    yield f"  <phase>{_PHASES.get(result.phase, result.phase)}</phase>"
    failed = _STATUS[result.verdict] == "ERROR"
    opened = bool(result.file_type)
    if not failed:
        yield "  <metadata>"
        for key, value in _metadata(result, opened=opened):
            yield f"    <{key}>{xml(value)}</{key}>"
        yield "  </metadata>"
    yield from _list("errors", "error", _of(result, Severity.ERROR))
    if opened and not failed:
        yield from _list("warnings", "warning", _of(result, Severity.WARNING))
    yield "</FileCheckResults>"


def _metadata(result: Result, *, opened: bool) -> tuple[tuple[str, str], ...]:
    """Only the DAC of a file that could not be opened; three keys of a delayed-mode file that is too old."""
    known = result.metadata or (("dac", result.dac or ""),)
    if not opened:
        return known[:1]
    return known[:3] if result.phase is Phase.MODE else known


def _of(result: Result, severity: Severity) -> list[Finding]:
    found = [finding for finding in result.findings if finding.severity is severity]
    if result.phase is not Phase.MODE:
        return found
    # The official document of such a file holds this one error, whatever the format phase found.
    return [finding for finding in found if finding.rule == "OPN-012"]


def _list(outer: str, inner: str, findings: list[Finding]) -> Iterator[str]:
    if not findings:
        yield f'  <{outer} number="0"/>'
        return
    yield f'  <{outer} number="{len(findings)}">'
    for finding in findings:
        yield f"    <{inner}>{xml(f'{finding.rule}: {finding.where}: {sentence(finding)}')}</{inner}>"
    yield f"  </{outer}>"
