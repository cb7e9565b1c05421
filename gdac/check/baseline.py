"""Findings of an earlier report, so that only new ones are shown: ``gdac check --baseline report.jsonl``."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from gdac.check.finding import Finding, Result
from gdac.errors import GdacError, UsageError

_HINT = "A baseline is an earlier report: gdac check ... --format jsonl --output FILE."


class Baseline:
    """What was found before: file, rule and place. 8 bytes of each are kept, whatever the size of the report."""

    def __init__(self, path: Path) -> None:
        """Read a report in JSON Lines.

        Raises:
            UsageError: it is not one.
            GdacError: it cannot be read.
        """
        self._known: set[int] = set()
        try:
            with path.open(encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    self._read(line, f"line {number} of {path}")
        except OSError as error:
            raise GdacError(f"{path} cannot be read ({error.strerror}).", hint=_HINT) from error
        except UnicodeDecodeError as error:
            raise UsageError(f"{path} is not a report in JSON Lines.", hint=_HINT) from error

    def unknown(self, result: Result) -> Result:
        """The result with its new findings only; `Result.known` counts the others. The verdict stays what it is."""
        new = tuple(finding for finding in result.findings if _key(result.path, finding) not in self._known)
        return replace(result, findings=new, known=len(result.findings) - len(new))

    def _read(self, line: str, where: str) -> None:
        if not line.strip():
            return
        try:
            found = json.loads(line)
            path, findings = found["path"], found["findings"]
            self._known.update(_hash(path, each["rule"], each["where"]) for each in findings)
        except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
            raise UsageError(f"{where} is not a file of a report.", hint=_HINT) from error


def _key(path: str, finding: Finding) -> int:
    return _hash(path, finding.rule, finding.where)


def _hash(*parts: str) -> int:
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())
