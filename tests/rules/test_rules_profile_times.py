"""Times of profiles and positions, and their flags."""

import numpy as np

from gdac.check.instants import REFERENCE, juld_moment, stamp
from tests.rules.cases import Case, checks

DAY = 86400


def number(name, value):
    return lambda file: file.set(name, value, 0)


def juld(value, flag="1"):
    def change(file):
        file.set("JULD", value, 0).set("JULD_LOCATION", value, 0).text("JULD_QC", flag)

    return change


def missing(flag):
    return juld(999999.0, flag)


def created_before_juld(seconds):
    """DATE_CREATION is a day and some seconds before JULD."""

    def change(file):
        juld(26298.0)(file)  # 2022-01-01
        file.text("DATE_CREATION", f"202112{31 if seconds == 0 else 30}{'000000' if seconds == 0 else '235959'}")

    return change


def received_before_juld(seconds):
    def change(file):
        juld(26298.0)(file)
        file.text("DATE_CREATION", "20220101000000").text("DATE_UPDATE", "20220101000000")
        file.received = 1_640_995_200.0 - DAY - seconds

    return change


def apart(days):
    return lambda file: file.set("JULD_LOCATION", file["JULD"][0] + days, 0)


def no_place(file):
    file.set("JULD_LOCATION", 999999.0, 0).set("LATITUDE", 99999.0, 0).set("LONGITUDE", 99999.0, 0)


def half_a_place(file):
    no_place(file)
    file.set("LONGITUDE", 12.0, 0)


CASES = [
    Case(
        "PRF-DATE-001",
        "core",
        bad=lambda file: file.text("REFERENCE_DATE_TIME", "19500101000001"),
        where="REFERENCE_DATE_TIME",
    ),
    Case("PRF-DATE-001", "bio", bad=lambda file: file.text("REFERENCE_DATE_TIME", "1950010100000\0")),
    Case("PRF-JULD-001", "core", good=missing("9"), bad=missing("2"), where="JULD[1]"),
    Case("PRF-JULD-001", "core", good=juld(999_990.0), bad=juld(999_990.1)),
    Case("PRF-JULD-002", "core", good=juld(17167.0), bad=juld(17166.9999999), where="JULD[1]"),
    Case("PRF-JULD-002", "bio", good=juld(float("nan"), "4"), bad=juld(float("nan")), where="JULD[1]"),
    Case("PRF-JULD-002", "bio", bad=juld(-1e300)),
    Case("PRF-JULD-003", "core", good=created_before_juld(0), bad=created_before_juld(1), where="JULD[1]"),
    Case("PRF-JULD-004", "bio", good=received_before_juld(0), bad=received_before_juld(1), where="JULD[1]"),
    Case("PRF-JLOC-001", "core", good=apart(2.0), bad=apart(-2.001), where="JULD_LOCATION[1]"),
    Case("PRF-JLOC-002", "core", good=no_place, bad=half_a_place, where="JULD_LOCATION[1]"),
    Case("PRF-JLOC-002", "bio", bad=number("JULD_LOCATION", float("nan")), where="JULD_LOCATION[1]"),
    Case("PRF-QCV-001", "core", bad=lambda file: file.text("JULD_QC", "7"), where="JULD_QC[1]"),
    Case("PRF-QCV-001", "bio", bad=lambda file: file.text("JULD_QC", " "), where="JULD_QC[1]"),
    Case("PRF-QCV-003", "core", bad=lambda file: file.text("POSITION_QC", "\0"), where="POSITION_QC[1]"),
    Case("PRF-QCV-003", "bio", bad=lambda file: file.text("POSITION_QC", " "), where="POSITION_QC[1]"),
]
test_cases = checks(CASES)


def test_days_since_1950_become_seconds_since_1970_rounded_to_the_millisecond():
    assert juld_moment(0.0) == REFERENCE
    assert juld_moment(7305.0) == 0.0
    assert juld_moment(7305.0 + 1.0000001 / 86400) == 1.0
    assert juld_moment(float("nan")) == REFERENCE
    assert stamp(juld_moment(27488.700231481478)) == "20250405164820"


def test_moments_out_of_reach_have_no_stamp():
    assert stamp(juld_moment(-1e9)) == ""
    assert juld_moment(float(np.inf)) > 0 > juld_moment(float(-np.inf))
