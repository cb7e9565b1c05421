"""Files that hold nothing, and data modes that are NUL."""

import pytest

from gdac.check.finding import Verdict
from tests.rules.cases import Case, checks, run
from tests.rules.samples import sample


def none_of(name):
    return lambda file: file.dim(name, 0)


def nul(name, *index):
    return lambda file: file.text(name, "\0", *index)


CASES = [
    Case("CHK-006", "bio", bad=none_of("N_PROF"), where="dimension N_PROF"),
    Case("CHK-006", "traj", bad=none_of("N_CYCLE"), where="dimension N_CYCLE"),
    Case("CHK-008", "traj", bad=nul("JULD_DATA_MODE", 3), where="JULD_DATA_MODE[4]"),
    Case(
        "CHK-008", "traj", bad=nul("TRAJECTORY_PARAMETER_DATA_MODE", 3, 1), where="TRAJECTORY_PARAMETER_DATA_MODE[4,2]"
    ),
    Case("CHK-006", "meta", bad=none_of("N_PARAM"), where="dimension N_PARAM"),
]
test_cases = checks(CASES)


@pytest.mark.parametrize("kind", ["core", "core-delayed", "bio", "bio-delayed", "meta", "tech", "traj"])
def test_no_dimension_may_be_empty_with_a_crash(kind):
    """Whatever dimension is 0, no rule fails."""
    for name in sample(kind).dims:
        result = run(sample(kind).dim(name, 0))
        said = [f"{each.rule}: {each.text}" for each in result.findings]
        assert result.verdict is not Verdict.CRASH, (name, said)
