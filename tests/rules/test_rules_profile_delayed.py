"""What delayed mode asks of a core profile."""

from tests.rules.cases import Case, checks, run
from tests.rules.samples import sample


def state(text):
    return lambda file: file.text("DATA_STATE_INDICATOR", text, 0)


def entry(name, record=0, slot=1):
    return lambda file: file.text("PARAMETER", name, 0, record, slot)


def unused_record(file):
    """A second calibration record, blank throughout."""
    file.dim("N_CALIB", 2)
    for name in ("PARAMETER", "SCIENTIFIC_CALIB_COMMENT", "SCIENTIFIC_CALIB_DATE"):
        file[name][0, 1] = b" "


def one_more_slot(name):
    """A parameter that is calibrated, but not in STATION_PARAMETERS."""

    def change(file):
        file.dim("N_PARAM", 4).text("STATION_PARAMETERS", "", 0, 3).text("PARAMETER", name, 0, 0, 3)

    return change


CASES = [
    Case("PRF-DM-001", "core-delayed", good=state("2C+"), bad=state("2B"), where="DATA_STATE_INDICATOR[1]"),
    Case("PRF-DM-002", "core", good=state("3B"), bad=state("2C"), where="DATA_STATE_INDICATOR[1]"),
    Case("PRF-DM-003", "core-delayed", bad=entry("temp"), where="PARAMETER[1,1,2]"),
    Case("PRF-DM-004", "core-delayed", bad=entry("temp"), where="PARAMETER[1,1,2]"),
    Case("PRF-DM-004", "core-delayed", bad=lambda file: file.text("PROFILE_TEMP_QC", "X"), where="PARAMETER[1,1,2]"),
    Case(
        "PRF-DM-005",
        "core-delayed",
        bad=lambda file: file.text("SCIENTIFIC_CALIB_COMMENT", "", 0, 0, 1),
        where="SCIENTIFIC_CALIB_COMMENT[1,1,2]",
    ),
    Case(
        "PRF-DM-006",
        "core-delayed",
        bad=lambda file: file.text("SCIENTIFIC_CALIB_DATE", "", 0, 0, 2),
        where="SCIENTIFIC_CALIB_DATE[1,1,3]",
    ),
    Case("PRF-DM-007", "core-delayed", bad=entry(""), where="PARAMETER[1,1]"),
    Case(
        "PRF-DM-007",
        "core-delayed",
        good=lambda file: file.dim("N_CALIB", 2),
        bad=unused_record,
        where="PARAMETER[1,2]",
    ),
    Case("PRF-DM-008", "core-delayed", bad=one_more_slot("CNDC"), where="PARAMETER[1,1,4]"),
    Case("PRF-DM-009", "core", bad=lambda file: file.dim("N_HISTORY", 0), where="HISTORY_*"),
]
test_cases = checks(CASES)


def test_a_name_is_reported_missing_once_for_the_file():
    file = sample("core-delayed").dim("N_CALIB", 2)
    entry("temp")(file)
    entry("temp", record=1)(file)
    rules = [each.rule for each in run(file).findings]
    assert rules.count("PRF-DM-003") == 1
    assert rules.count("PRF-DM-004") == 2


def test_real_time_and_b_profiles_are_not_asked_for_calibrations():
    for kind in ("core", "bio-delayed"):
        file = sample(kind)
        file["PARAMETER"][...] = b" "
        assert not [each for each in run(file).findings if each.rule.startswith("PRF-DM")]
