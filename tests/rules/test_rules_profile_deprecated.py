"""Codes that a reference table has deprecated: still legal, with a warning. Asked with tables where they are."""

from tests.rules.cases import Case, checks
from tests.rules.test_rules_profile_levels import level


def unchanged(file):
    pass


def text(name, value):
    return lambda file: file.text(name, value)


flag = level("TEMP", flag="3", letter="B")
adjusted_flag = level("TEMP", adjusted_flag="3", letter="B")
SCHEME = ("R16", "Primary sampling: averaged")

CASES = [
    Case("PRF-META-009", "core", bad=unchanged, where="WMO_INST_TYPE[1]", old=("R08", "836")),
    Case("PRF-VSS-003", "core", bad=unchanged, where="VERTICAL_SAMPLING_SCHEME[1]", old=SCHEME),
    Case("PRF-QC-003", "core", good=flag, bad=flag, where="TEMP_QC[1,8]", old=("RD2", "3")),
    Case(
        "PRF-ADJ-002",
        "core-delayed",
        good=adjusted_flag,
        bad=adjusted_flag,
        where="TEMP_ADJUSTED_QC[1,8]",
        old=("RD2", "3"),
    ),
    Case(
        "PRF-QCV-002", "core", good=text("JULD_QC", "2"), bad=text("JULD_QC", "2"), where="JULD_QC[1]", old=("RD2", "2")
    ),
    Case(
        "PRF-QCV-004",
        "bio",
        good=text("POSITION_QC", "2"),
        bad=text("POSITION_QC", "2"),
        where="POSITION_QC[1]",
        old=("RD2", "2"),
    ),
]
test_cases = checks(CASES)
