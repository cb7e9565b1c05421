"""What an assessment found, and its arithmetic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a test ended; a test that was not assessed is never counted as passed."""

    PASS = "pass"  # noqa: S105 - no password
    PARTIAL = "partial"
    FAIL = "fail"
    NOT_ASSESSED = "not assessed"


@dataclass(frozen=True, slots=True)
class Part:
    """One sub-test.

    Attributes:
        name: what is looked for.
        state: pass, fail or not assessed; partial where `points` lie between.
        reason: what was found, or what stands in the way.
        points: earned.
        most: points that can be earned.
    """

    name: str
    state: State
    reason: str
    points: float
    most: float


def part(name: str, passed: bool | None, reason: str, most: float = 1) -> Part:
    """A sub-test that is passed, failed, or (None) not assessed."""
    states = {True: State.PASS, False: State.FAIL, None: State.NOT_ASSESSED}
    return Part(name, states[passed], reason, most if passed else 0, most)


def share(name: str, found: int, of: int, reason: str, most: float | None = None) -> Part:
    """A sub-test that counts: so many of so many; `most` points, as many as things by default."""
    most = float(of or 1) if most is None else most
    state = State.PASS if of and found == of else State.PARTIAL if found else State.FAIL
    return Part(name, state, reason, most * found / of if of else 0, most)


@dataclass(frozen=True, slots=True)
class Check:
    """One test of an assessment.

    Attributes:
        id: as the assessment names it.
        principle: of FAIR, e.g. ``F1``.
        title: what it is about.
        parts: its sub-tests, at least one.
    """

    id: str
    principle: str
    title: str
    parts: tuple[Part, ...]

    @property
    def points(self) -> float:
        """Earned by all parts."""
        return sum(one.points for one in self.parts)

    @property
    def most(self) -> float:
        """That all parts could earn."""
        return sum(one.most for one in self.parts)

    @property
    def assessed(self) -> float:
        """That the assessed parts could earn."""
        return sum(one.most for one in self.parts if one.state is not State.NOT_ASSESSED)

    @property
    def state(self) -> State:
        """Pass only when every part is."""
        if self.assessed == 0:
            return State.NOT_ASSESSED
        if all(one.state is State.PASS for one in self.parts):
            return State.PASS
        return State.PARTIAL if self.points else State.FAIL


@dataclass(frozen=True, slots=True)
class Assessment:
    """Tests of one assessment, on one thing.

    Attributes:
        name: with the version of its definition.
        subject: what was assessed.
        checks: in its own order.
        by_points: whether points of all tests are summed; otherwise every test weighs the same.
    """

    name: str
    subject: str
    checks: tuple[Check, ...]
    by_points: bool = False

    @property
    def over_all(self) -> float:
        """The score with tests that were not assessed as not passed, 0 to 1."""
        if self.by_points:
            return sum(one.points for one in self.checks) / sum(one.most for one in self.checks)
        return mean_of_ratios([(one.points, one.most) for one in self.checks])

    @property
    def over_assessed(self) -> float:
        """The score over what was assessed, 0 to 1; 0 when nothing was."""
        told = [(one.points, one.assessed) for one in self.checks if one.assessed]
        if self.by_points:
            return sum(points for points, _ in told) / sum(most for _, most in told) if told else 0.0
        return mean_of_ratios(told)

    @property
    def states(self) -> Mapping[State, int]:
        """How many tests ended in which state."""
        return {state: sum(one.state is state for one in self.checks) for state in State}


def mean_of_ratios(ratios: Sequence[tuple[float, float]]) -> float:
    """FOOPS' arithmetic: the mean over tests of sub-tests passed by sub-tests run; every test weighs the same."""
    return sum(passed / run for passed, run in ratios) / len(ratios) if ratios else 0.0
