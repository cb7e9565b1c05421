"""Lines of rule modules that the tests of the rules never reach.

    python -m pytest tests/rules -q -p tests.rules.coverage

A pytest plugin, used only when asked for: it traces the modules below ``gdac/check/rules`` and fails the run when a
line inside a function was not reached.
"""

import dis
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "gdac" / "check" / "rules"
REACHED: dict[str, set[int]] = {}


def _trace(frame, event, argument):
    file = frame.f_code.co_filename
    if "check/rules" not in file:
        return None
    lines = REACHED.setdefault(file, set())
    lines.add(frame.f_lineno)

    def line(frame, event, argument):
        lines.add(frame.f_lineno)
        return line

    return line


def pytest_configure(config):
    sys.settrace(_trace)


def pytest_sessionfinish(session):
    sys.settrace(None)
    if missed():
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter):
    lines = missed()
    for file, numbers in lines.items():
        terminalreporter.write_line(f"{file}: {', '.join(map(str, numbers))}")
    terminalreporter.write_line(f"{sum(map(len, lines.values()))} lines of rules not reached")


def missed() -> dict[str, list[int]]:
    found = {}
    for file in sorted(RULES.rglob("*.py")):
        lines = sorted(executable(file) - REACHED.get(str(file), set()))
        if lines:
            found[str(file.relative_to(ROOT))] = lines
    return found


def executable(file: Path) -> set[int]:
    """Lines inside functions that hold code."""
    found: set[int] = set()
    codes = [compile(file.read_text(encoding="utf-8"), str(file), "exec")]
    while codes:
        code = codes.pop()
        codes += [each for each in code.co_consts if isinstance(each, types.CodeType)]
        if code.co_name != "<module>":
            found |= {line for _, line in dis.findlinestarts(code) if line and line > code.co_firstlineno}
    return found
