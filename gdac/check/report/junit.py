"""JUnit XML: a file is a test case, so that any CI shows which ones fail and why."""

from collections import Counter
from typing import TextIO

from gdac.check.finding import Result, Severity, Verdict
from gdac.check.report.aside import Aside
from gdac.check.report.escape import sentence, xml
from gdac.check.report.tally import Tally, is_worse


class Writer:
    """Writes one suite; the cases wait aside, because the sums come first."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._cases = Aside()
        self._counts = Counter[str]()

    def add(self, result: Result) -> None:
        """Keep one case."""
        self._counts[_outcome(result)] += 1
        self._cases.write(_case(result))

    def close(self, tally: Tally) -> None:
        """Write the suite."""
        versions, counted = tally.versions, self._counts
        counts = (
            f'tests="{tally.files}" failures="{counted["failure"]}" errors="{counted["error"]}" '
            f'skipped="{counted["skipped"]}"'
        )
        self._out.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {counts}>\n')
        self._out.write(f'  <testsuite name="gdac check" {counts}>\n')
        if versions:
            self._out.write("    <properties>\n")
            for name in ("checker", "specification", "tables"):
                self._out.write(f'      <property name="{name}" value="{xml(getattr(versions, name))}"/>\n')
            self._out.write("    </properties>\n")
        self._out.writelines(self._cases.told())
        self._out.write("  </testsuite>\n</testsuites>\n")


def _case(result: Result) -> str:
    opening = f'    <testcase classname="{xml(result.dac or "gdac")}" name="{xml(result.path)}"'
    inner = ""
    tag = _outcome(result)
    if tag == "skipped":
        inner = f'      <skipped message="{xml(_first(result))}"/>\n'
    elif tag:
        text = _listed(result, errors=True)
        inner = f'      <{tag} message="{xml(_first(result))}" type="{result.verdict}">{xml(text)}</{tag}>\n'
    others = _listed(result, errors=False)
    if others:
        inner += f"      <system-out>{xml(others)}</system-out>\n"
    return f"{opening}>\n{inner}    </testcase>\n" if inner else f"{opening}/>\n"


def _outcome(result: Result) -> str:
    """The element that says how a case went; empty when it passed. What a baseline holds fails nothing."""
    if result.verdict is Verdict.SKIPPED:
        return "skipped"
    if not is_worse(result):
        return ""
    return "failure" if result.verdict is Verdict.REJECTED else "error"


def _first(result: Result) -> str:
    found = sorted(result.findings, key=lambda finding: finding.severity is not Severity.ERROR)
    return f"{found[0].rule} {found[0].where}: {sentence(found[0])}" if found else str(result.verdict)


def _listed(result: Result, *, errors: bool) -> str:
    return "\n".join(
        f"{finding.severity} {finding.rule} {finding.where}: {sentence(finding)}"
        for finding in result.findings
        if (finding.severity is Severity.ERROR) is errors
    )
