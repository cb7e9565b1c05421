"""What a run of collecting did, as values that become JSON."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from gdac.errors import ExitCode
from gdac.records import Outcome, SealRecord


@dataclass(frozen=True, slots=True)
class SubmissionRecord:
    """What became of one submission.

    Attributes:
        number: of the submission; names its reports.
        dac: whose account.
        items: files of it, members of archives included.
        counts: how many of them by verdict, such as ``{"published": 12, "refused": 1}``.
        resumed: a run before this one had begun with it.
        ended: everything of it is done, and its reports are written; else a later run goes on with it.
        notes: what else a DAC should know.
    """

    number: int
    dac: str
    items: int
    counts: dict[str, int]
    resumed: bool
    ended: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CollectRecord:
    """One run of collecting: what it did and how it ended.

    Attributes:
        run: its number in the state.
        began, ended: when (UTC).
        outcome: ``fine``, or ``partial`` where something is left for a later run.
        submissions: those that it took, and those that it went on with.
        seal: what was sealed; None where the hub shows nothing yet and there was nothing to seal.
        failed: DACs whose account could not be reached or used.
        notes: sentences for the operator.
    """

    run: int
    began: datetime
    ended: datetime
    outcome: Outcome
    submissions: tuple[SubmissionRecord, ...] = ()
    seal: SealRecord | None = None
    failed: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def count(self, verdict: str) -> int:
        """How many items got a verdict."""
        return sum(one.counts.get(verdict, 0) for one in self.submissions)

    @property
    def exit_code(self) -> ExitCode:
        """The exit status that tells it: something left undone goes before something refused."""
        if self.outcome is not Outcome.FINE:
            return self.outcome.exit_code
        return ExitCode.DIFFERENCES if self.count("refused") else ExitCode.FINE

    def as_json(self) -> dict[str, Any]:
        """The record as plain JSON values."""
        return {**asdict(self), "began": self.began.isoformat(), "ended": self.ended.isoformat()}
