"""Rules: small functions with a permanent id; the decorator says what they weigh and which files they look at.

    @rule("PRF-META-002", "E", "P B", manual="2.2.3")
    def direction(ctx: Context) -> Iterator[Fault]:
        \"\"\"DIRECTION is A or D.

        Why: readers tell ascending from descending profiles by it, and file names repeat it.
        Mend: write A for a profile taken on the way up, D on the way down.
        \"\"\"

The docstring is the rule's page: title, why, how to mend. `gdac explain` prints it, docs/rules/ is generated from it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from gdac.check.finding import Fault, Phase, Severity

Check = Callable[[Any], Iterable[Fault]]

#: Phase by the family that an id begins with.
_PHASES: Final = {"OPN": Phase.OPEN, "FMT": Phase.FORMAT, "RUD": Phase.DATES, "NAM": Phase.NAME}
_ID: Final = re.compile(r"[A-Z0-9]{3,4}(-[A-Z][A-Z0-9]*)?-[A-Z]?[0-9]{2,3}")
#: Declared severities: those of the table of the official checker's rules.
_DECLARED: Final = {
    "E": Severity.ERROR,
    "S": Severity.ERROR,  # rejected while opening
    "X": Severity.ERROR,  # the official program fails on it; we say what is wrong
    "W": Severity.WARNING,
    "W!": Severity.WARNING,  # announced as a future error
    "L>E": Severity.ADVICE,  # computed, never reported by the official program
    "L>W": Severity.ADVICE,
}
_APPLIES: Final = re.compile(r"(ALL|BT|B|P|T|M|K)(<|>=)?([0-9.]*)")


@dataclass(frozen=True, slots=True)
class Scope:
    """Some versions of a file type: ``P``, ``M3.1`` (versions that begin so), ``K>=3``, ``ALL<3.1``."""

    letter: str
    comparison: str
    version: str

    def covers(self, letter: str, version: str) -> bool:
        """Whether it holds for a file of this type letter and trimmed version."""
        if self.letter not in {"ALL", letter}:
            return False
        if self.comparison == "<":
            return version < self.version
        if self.comparison == ">=":
            return version >= self.version
        return version.startswith(self.version)


@dataclass(frozen=True)
class Rule:
    """One rule; made by `rule`.

    Attributes:
        id: permanent.
        declared: severity letter of the official checker's rule table: E W W! L>E L>W X S.
        scopes: which files it looks at.
        phase: when it runs.
        manual: section of the Argo user's manual it comes from; empty where there is none.
        check: the function.
        page: the docstring.
    """

    id: str
    declared: str
    scopes: tuple[Scope, ...]
    phase: Phase
    manual: str
    check: Check
    page: str

    @property
    def severity(self) -> Severity:
        """What its findings weigh by default."""
        return _DECLARED[self.declared]

    @property
    def will_become_error(self) -> bool:
        """The official checker announces that this warning will reject files one day."""
        return self.declared == "W!"

    def covers(self, letter: str, version: str) -> bool:
        """Whether it looks at files of this type letter and trimmed version."""
        return any(scope.covers(letter, version) for scope in self.scopes)

    @cached_property
    def title(self) -> str:
        """One sentence: what the rule demands."""
        return self.page.strip().partition("\n")[0].strip()

    @cached_property
    def why(self) -> str:
        """Why it matters."""
        return _section(self.page, "Why")

    @cached_property
    def mend(self) -> str:
        """What to do about a finding."""
        return _section(self.page, "Mend")


def rule(
    id: str,  # noqa: A002 - it is what everybody calls it
    declared: str,
    applies: str,
    *,
    phase: Phase | None = None,
    manual: str = "",
    page: str = "",
) -> Callable[[Check], Rule]:
    """Make a rule of a function that takes a `gdac.check.context.Context` and yields `Fault`s.

    Args:
        id: the id of the official checker's rule table.
        declared: its severity there: E W W! L>E L>W X S.
        applies: its types there, blank-separated: ``P B``, ``M3.1``, ``K>=3``, ``ALL<3.1``, ``ALL``.
        phase: when it runs; None: by family (OPN open, FMT format, RUD dates, NAM name, all others data).
        manual: section of the Argo user's manual.
        page: replaces the docstring, for functions made by a factory.

    Raises:
        ValueError: the id, severity or scope is not one.
    """
    if not _ID.fullmatch(id) or declared not in _DECLARED:
        raise ValueError(f"{id!r} with severity {declared!r} cannot be a rule")
    scopes = tuple(_scope(token) for token in applies.split())
    when = phase or _PHASES.get(id.partition("-")[0], Phase.DATA)
    return lambda check: Rule(id, declared, scopes, when, manual, check, page or check.__doc__ or "")


def _scope(token: str) -> Scope:
    found = _APPLIES.fullmatch(token)
    if not found:
        raise ValueError(f"{token!r} is no file type with version")
    return Scope(found[1], found[2] or "", found[3])


def _section(page: str, name: str) -> str:
    """The text behind ``Why:`` or ``Mend:``, up to the next of them, on one line."""
    found = re.search(rf"^\s*{name}:\s*(.*?)(?=^\s*(?:Why|Mend):|\Z)", page, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""
