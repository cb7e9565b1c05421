"""VERTICAL_SAMPLING_SCHEME."""

from tests.rules.cases import Case, checks
from tests.rules.test_rules_profile_identity import blank_with_data, blank_without_data

NAME = "VERTICAL_SAMPLING_SCHEME"


def scheme(text, profile=0):
    return lambda file: file.text(NAME, text, profile)


def second(text):
    return lambda file: file.dim("N_PROF", 2).text(NAME, text, 1)


CASES = [
    Case("PRF-VSS-001", "core", good=blank_without_data(NAME), bad=blank_with_data(NAME), where=f"{NAME}[1]"),
    Case("PRF-VSS-002", "core", bad=scheme("Primary sampling : averaged [x]"), where=f"{NAME}[1]"),
    Case(
        "PRF-VSS-002",
        "bio",
        good=scheme("Primary sampling: averaged [a [b] c]"),
        bad=scheme("Primary sampling: averaged a]"),
    ),
    Case(
        "PRF-VSS-002",
        "bio",
        good=scheme("Primary sampling: averaged[a] "),
        bad=scheme("Primary sampling: averaged [a] b"),
    ),
    Case("PRF-VSS-004", "core", bad=scheme("Secondary sampling: averaged []"), where=f"{NAME}[1]"),
    Case(
        "PRF-VSS-005",
        "bio",
        good=second("Secondary sampling: averaged []"),
        bad=second("Primary sampling: averaged []"),
        where=f"{NAME}[2]",
    ),
]
test_cases = checks(CASES)
