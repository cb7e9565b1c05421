"""Dates of history and calibration records."""

from gdac.check.context import Options
from tests.rules.cases import Case, checks, run
from tests.rules.samples import sample


def history(text):
    """The file was updated at 2022-01-01; the second record of its history is of another date."""

    def change(file):
        file.text("DATE_CREATION", "20211201000000").text("DATE_UPDATE", "20220101000000")
        file.text("HISTORY_DATE", "20211231000000").text("HISTORY_DATE", text, 1, 0)

    return change


def calibration(text, name="SCIENTIFIC_CALIB_DATE"):
    def change(file):
        file.text("DATE_CREATION", "20191201000000").text("DATE_UPDATE", "20200101000000")
        file.text("HISTORY_DATE", "").text(name, text, 0, 0, 1)

    return change


CASES = [
    Case("PRF-HIST-001", "core", good=history(""), bad=history("20211231240000"), where="HISTORY_DATE[2,1]"),
    Case("PRF-HIST-001", "bio", good=history("20211231235959"), bad=history("20211231"), where="HISTORY_DATE[2,1]"),
    Case(
        "PRF-HIST-002", "core", good=history("20220102000000"), bad=history("20220102000001"), where="HISTORY_DATE[2,1]"
    ),
    Case(
        "PRF-CAL-001", "core", good=calibration(""), bad=calibration("2013-01-01"), where="SCIENTIFIC_CALIB_DATE[1,1,2]"
    ),
    Case(
        "PRF-CAL-001",
        "core-2.2",
        bad=calibration("2013-01-01", "CALIBRATION_DATE"),
        where="CALIBRATION_DATE[1,1,2]",
        options=Options(all_versions=True),
    ),
    Case(
        "PRF-CAL-002",
        "bio",
        good=calibration("20200102000000"),
        bad=calibration("20200102000001"),
        where="SCIENTIFIC_CALIB_DATE[1,1,2]",
    ),
]
test_cases = checks(CASES)


def test_without_a_valid_update_there_is_nothing_to_be_after():
    file = sample("core")
    history("20990101000000")(file)
    file.text("DATE_UPDATE", "")
    assert not [each for each in run(file).findings if each.rule == "PRF-HIST-002"]
