"""JUnit XML: a file is a test case, so that any CI shows which ones fail and why."""

from tempfile import SpooledTemporaryFile
from typing import Final, TextIO

from gdac.check.finding import Result, Severity, Verdict
from gdac.check.report.escape import sentence, xml
from gdac.check.report.tally import Tally

#: Characters that are held in memory before they go to a temporary file.
HELD: Final = 4 << 20


class Writer:
    """Writes one suite; the cases wait aside, because the sums come first."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._cases = SpooledTemporaryFile(HELD, "w+", encoding="utf-8", newline="\n")  # noqa: SIM115 - closed by close

    def add(self, result: Result) -> None:
        """Keep one case."""
        self._cases.write(_case(result))

    def close(self, tally: Tally) -> None:
        """Write the suite."""
        verdicts, versions = tally.verdicts, tally.versions
        counts = (
            f'tests="{tally.files}" failures="{verdicts[Verdict.REJECTED]}" '
            f'errors="{verdicts[Verdict.CRASH] + verdicts[Verdict.TIMEOUT]}" skipped="{verdicts[Verdict.SKIPPED]}"'
        )
        self._out.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {counts}>\n')
        self._out.write(f'  <testsuite name="gdac check" {counts}>\n')
        if versions:
            self._out.write("    <properties>\n")
            for name in ("checker", "specification", "tables"):
                self._out.write(f'      <property name="{name}" value="{xml(getattr(versions, name))}"/>\n')
            self._out.write("    </properties>\n")
        with self._cases as cases:
            cases.seek(0)
            self._out.writelines(cases)
        self._out.write("  </testsuite>\n</testsuites>\n")


def _case(result: Result) -> str:
    opening = f'    <testcase classname="{xml(result.dac or "gdac")}" name="{xml(result.path)}"'
    inner = ""
    if result.verdict is Verdict.SKIPPED:
        inner = f'      <skipped message="{xml(_first(result))}"/>\n'
    elif result.verdict is not Verdict.ACCEPTED:
        tag = "failure" if result.verdict is Verdict.REJECTED else "error"
        text = _listed(result, errors=True)
        inner = f'      <{tag} message="{xml(_first(result))}" type="{result.verdict}">{xml(text)}</{tag}>\n'
    others = _listed(result, errors=False)
    if others:
        inner += f"      <system-out>{xml(others)}</system-out>\n"
    return f"{opening}>\n{inner}    </testcase>\n" if inner else f"{opening}/>\n"


def _first(result: Result) -> str:
    found = sorted(result.findings, key=lambda finding: finding.severity is not Severity.ERROR)
    return f"{found[0].rule} {found[0].where}: {sentence(found[0])}" if found else str(result.verdict)


def _listed(result: Result, *, errors: bool) -> str:
    return "\n".join(
        f"{finding.severity} {finding.rule} {finding.where}: {sentence(finding)}"
        for finding in result.findings
        if (finding.severity is Severity.ERROR) is errors
    )
