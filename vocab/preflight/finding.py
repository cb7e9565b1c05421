"""What a check before submission finds."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"  # a portal refuses it, or shows something wrong
    WARNING = "warning"  # it loads, but somebody should look
    NOTE = "note"  # a fact about the source that we do not mend


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes:
        check: which check, e.g. ``skos S27``.
        severity: how much it weighs.
        subject: IRI or file it is about; may be empty.
        text: one sentence.
    """

    check: str
    severity: Severity
    subject: str
    text: str
