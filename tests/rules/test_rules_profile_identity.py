"""Which float, how it went and whose data."""

import pytest

from gdac.check.context import Options
from gdac.check.finding import Phase, Verdict
from tests.rules.cases import Case, checks, run
from tests.rules.samples import sample

OLD = Options(all_versions=True)


def text(variable, value):
    return lambda file: file.text(variable, value, 0)


def blank_with_data(variable):
    return lambda file: file.text(variable, "", 0)


def blank_without_data(variable):
    """No data, so nothing needs to be said of them."""

    def change(file):
        file.text(variable, "", 0)
        for name in ("PRES", "TEMP", "PSAL"):
            file.fill(name).set(f"{name}_QC", b"9").set(f"PROFILE_{name}_QC", b" ")

    return change


def blank_with_nan(variable):
    def change(file):
        blank_without_data(variable)(file)
        file.set("PRES", float("nan"), 0, 5)

    return change


def another_cycle(file):
    file.dim("N_PROF", 2).set("CYCLE_NUMBER", 7, 1)


def another_float(file):
    file.dim("N_PROF", 2).text("PLATFORM_NUMBER", "6903724", 1)


CASES = [
    Case("PRF-HD-001", "core-2.2", good=text("INST_REFERENCE", "APEX"), bad=text("INST_REFERENCE", ""), options=OLD),
    Case("PRF-HD-002", "core", bad=text("POSITIONING_SYSTEM", "gps"), where="POSITIONING_SYSTEM[1]"),
    Case("PRF-META-001", "core", bad=text("PLATFORM_NUMBER", "6880001"), where="PLATFORM_NUMBER[1]"),
    Case("PRF-META-001", "bio", good=text("PLATFORM_NUMBER", "13857"), bad=text("PLATFORM_NUMBER", "013857")),
    Case("PRF-META-002", "core", bad=lambda file: file.text("DIRECTION", "X"), where="DIRECTION[1]"),
    Case(
        "PRF-META-003",
        "core",
        good=blank_without_data("DATA_STATE_INDICATOR"),
        bad=blank_with_data("DATA_STATE_INDICATOR"),
        where="DATA_STATE_INDICATOR[1]",
    ),
    Case("PRF-META-003", "core", bad=blank_with_nan("DATA_STATE_INDICATOR")),
    Case("PRF-META-004", "bio", bad=text("DATA_STATE_INDICATOR", "2B++"), where="DATA_STATE_INDICATOR[1]"),
    Case("PRF-META-005", "core", bad=text("DATA_CENTRE", "AO"), where="DATA_CENTRE[1]"),
    Case("PRF-META-005", "core", bad=text("DATA_CENTRE", ""), where="DATA_CENTRE[1]", quirk=True),
    Case("PRF-META-005", "core", bad=text("DATA_CENTRE", "F"), where="DATA_CENTRE[1]", quirk=True),
    Case("PRF-META-006", "core", bad=text("WMO_INST_TYPE", ""), where="WMO_INST_TYPE[1]"),
    Case("PRF-META-007", "bio", bad=text("WMO_INST_TYPE", "84A"), where="WMO_INST_TYPE[1]"),
    Case("PRF-META-007", "bio", bad=text("WMO_INST_TYPE", "8\xb2")),
    Case("PRF-META-008", "core", bad=text("WMO_INST_TYPE", "+846"), where="WMO_INST_TYPE[1]"),
    Case("PRF-META-008", "core", good=text("WMO_INST_TYPE", " 846"), bad=text("WMO_INST_TYPE", "0846")),
    Case("PRF-META-010", "core", good=lambda file: file.dim("N_PROF", 2), bad=another_cycle, where="CYCLE_NUMBER[2]"),
    Case("PRF-META-010", "core", bad=another_float, where="PLATFORM_NUMBER[2]"),
]
test_cases = checks(CASES)


@pytest.mark.parametrize("kind", ["core", "bio"])
def test_a_file_without_profiles_is_rejected_in_so_many_words(kind):
    result = run(sample(kind).dim("N_PROF", 0))
    assert result.verdict is Verdict.REJECTED
    rules = {each.rule for each in result.findings}
    assert rules & {"CHK-006", "OPN-013"}, rules


@pytest.mark.parametrize("dimension", ["N_LEVELS", "N_PARAM", "N_CALIB", "N_HISTORY", "N_PROF"])
@pytest.mark.parametrize("kind", ["core", "core-delayed", "bio", "bio-delayed", "core-2.2", "core-3.0"])
def test_no_rule_fails_on_a_dimension_of_length_zero(kind, dimension):
    result = run(sample(kind).dim(dimension, 0), Options(all_versions=True, null_warn=True))
    assert result.verdict is not Verdict.CRASH
    assert result.phase is not Phase.OPEN


def test_whose_data_is_not_asked_when_the_dac_is_not_known():
    file = sample("core")
    file.text("DATA_CENTRE", "AO", 0)
    file.dac = None
    assert not [each for each in run(file).findings if each.rule == "PRF-META-005"]


def test_strict_rejects_a_blank_data_centre():
    file = sample("core")
    file.text("DATA_CENTRE", "", 0)
    assert run(file).verdict is Verdict.ACCEPTED
    assert run(file, Options(strict=True)).verdict is Verdict.REJECTED
