"""Data modes of profiles and parameters, and missions."""

from tests.rules.cases import Case, checks

NAME = "PARAMETER_DATA_MODE"


def modes(text, profile_mode="R"):
    return lambda file: file.text(NAME, text, 0).text("DATA_MODE", profile_mode)


def mission(number, cycle):
    return lambda file: file.set("CONFIG_MISSION_NUMBER", number, 0).set("CYCLE_NUMBER", cycle, 0)


CASES = [
    Case("PRF-MODE-001", "core", bad=lambda file: file.text("DATA_MODE", "X"), where="DATA_MODE[1]"),
    Case("PRF-PDM-001", "bio", good=modes("R  RR"), bad=modes("RRXRR"), where=f"{NAME}[1,3]"),
    Case("PRF-PDM-001", "bio", bad=modes("RR\0RR"), where=f"{NAME}[1,3]"),
    Case("PRF-PDM-002", "bio", bad=modes("ARRRR"), where=f"{NAME}[1,1]"),
    Case("PRF-PDM-002", "bio", bad=modes(" RRRR"), where=f"{NAME}[1,1]"),
    Case("PRF-PDM-003", "bio", good=modes("     "), bad=modes("     ", "A"), where="DATA_MODE[1]"),
    Case("PRF-PDM-004", "bio", good=modes("R A R", "A"), bad=modes("R A R", "R"), where="DATA_MODE[1]"),
    Case("PRF-PDM-004", "bio", good=modes("RADRR", "D"), bad=modes("RADRR", "A"), where="DATA_MODE[1]"),
    Case(
        "PRF-CFG-001",
        "core-delayed",
        good=mission(99999, 0),
        bad=mission(99999, 1),
        where="CONFIG_MISSION_NUMBER[1]",
    ),
    Case("PRF-CFG-001", "core-delayed", good=mission(2, 1), bad=mission(99999, -1)),
]
test_cases = checks(CASES)
