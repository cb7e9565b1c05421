"""STATION_PARAMETERS against what the file holds."""

import numpy as np

from tests.rules.cases import Case, checks, run
from tests.rules.samples import sample

NAME = "STATION_PARAMETERS"


def slot(number, name):
    return lambda file: file.text(NAME, name, 0, number)


def in_order(*names):
    def change(file):
        for number, name in enumerate(names):
            file.text(NAME, name, 0, number)

    return change


def second_sensor(file, value=None):
    """TEMP_2 with all its variables, not listed, and without data unless there is a value."""
    for name in [each for each in file.variables if "TEMP" in each]:
        file.like(name.replace("TEMP", "TEMP_2"), name)
    file.attr("PROFILE_TEMP_2_QC", "long_name", "Global quality flag of TEMP_2 profile")
    file.fill("TEMP_2").fill("TEMP_2_QC").fill("PROFILE_TEMP_2_QC")
    if value is not None:
        file.set("TEMP_2", value, 0, 4)


def spare(number):
    def change(file):
        have = file.dims["N_PARAM"]
        file.dim("N_PARAM", have + number)
        for each in range(have, have + number):
            file.text(NAME, "", 0, each).text("PARAMETER", "", 0, 0, each)

    return change


CASES = [
    Case("PRF-SP-001", "core", bad=slot(2, "CHLA"), where=f"{NAME}[1,3]"),
    Case("PRF-SP-001", "core", bad=slot(2, "TEMP2"), where=f"{NAME}[1,3]"),
    Case("PRF-SP-001", "bio", good=slot(4, "DOXY_2"), bad=slot(4, "TEMP"), where=f"{NAME}[1,5]"),
    Case("PRF-SP-002", "core", bad=slot(2, "TEMP"), where=f"{NAME}[1,3]"),
    Case("PRF-SP-003", "core", bad=slot(2, "NB_SAMPLE"), where=f"{NAME}[1,3]"),
    Case(
        "PRF-SP-004", "core", good=in_order("PRES", "TEMP", ""), bad=in_order("PRES", "", "TEMP"), where=f"{NAME}[1,2]"
    ),
    Case("PRF-SP-004", "core", bad=in_order("", "PRES", "TEMP"), where=f"{NAME}[1,1]"),
    Case("PRF-SP-005", "core", bad=slot(1, "TEMP_2"), where=f"{NAME}[1]"),
    Case("PRF-SP-005", "bio", good=slot(1, "DOXY_2"), bad=slot(0, "DOXY_2"), where=f"{NAME}[1]"),
    Case("PRF-SP-006", "core", bad=slot(2, "CNDC"), where=f"{NAME}[1]"),
    Case("PRF-SP-007", "core", bad=slot(2, ""), where=f"{NAME}[1]"),
    Case("PRF-SP-007", "core", good=second_sensor, bad=lambda file: second_sensor(file, 10.0), where=f"{NAME}[1]"),
    Case("PRF-SP-007", "core", bad=lambda file: second_sensor(file, float("nan"))),
    Case("PRF-SP-008", "core", bad=spare(1), where="dimension N_PARAM"),
]
test_cases = checks(CASES)


def found(file, rule):
    return [each for each in run(file).findings if each.rule == rule]


def test_a_profile_with_a_wrong_list_is_not_judged_by_its_levels():
    file = sample("core")
    file.set("TEMP_QC", b"7").text(NAME, "CNDC", 0, 2)
    assert found(file, "PRF-SP-006")
    assert not found(file, "PRF-QC-001")


def test_only_the_first_profile_must_list_the_mandatory_parameters():
    file = sample("core")
    file.dim("N_PROF", 2).text(NAME, "", 1, 1).fill("TEMP", 1).set("TEMP_QC", b"X", 0, 0)
    assert not found(file, "PRF-SP-005")
    assert [each.where for each in found(file, "PRF-QC-001")] == ["TEMP_QC[1,1]"]


def test_doubles_count_as_fill_within_the_official_difference():
    file = sample("bio")
    # TEMP_DOXY is float by the tables; the comparison is asked directly, with a parameter held as double
    file.retype("TEMP_DOXY", "double").set("TEMP_DOXY", np.float64(99999.0005))
    from gdac.check.rules.profile.profiles import holds_data
    from tests.rules.test_rules_profile_levels import context

    with context(file) as ctx:
        assert not holds_data(ctx, "TEMP_DOXY").any()
        assert holds_data(ctx, "DOXY").all()


def test_the_finding_says_where_a_bio_parameter_belongs():
    file = sample("core")
    file.text(NAME, "CHLA", 0, 2)
    (finding,) = found(file, "PRF-SP-001")
    assert finding.text == "'CHLA' belongs into a b-file, not into this one"
    file.text(NAME, "PSLA", 0, 2)
    (finding,) = found(file, "PRF-SP-001")
    assert finding.expected == "PSAL?"
