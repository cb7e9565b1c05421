"""Levels: values, flags, adjusted values and the letter that sums them up."""

from contextlib import contextmanager

import numpy as np
import pytest

from gdac.check.context import Context
from gdac.check.dataset import open_dataset
from gdac.check.finding import Severity, Verdict
from gdac.check.kinds import content_of
from gdac.check.options import Options
from gdac.check.rules.profile.series import series
from gdac.spec import load
from gdac.spec.parameters import Role
from tests.rules.cases import Case, checks, run, tables
from tests.rules.samples import sample

LEVEL = 7  # 0-based; places are 1-based
FILL = 99999.0


@contextmanager
def context(file):
    with open_dataset(file.encode()) as dataset:
        content = content_of(dataset, file.name, tables())
        spec = load(content.file_type, "3.1")
        yield Context(dataset, spec, tables(), content, "3.1", "3.1 ", file.dac, file.name, file.received, Options())


def level(parameter, *, value=None, flag=None, adjusted=None, adjusted_flag=None, error=None, letter=None, mode=None):
    """A change of one level: numbers (None: unchanged), flags, the letter, and the profile's mode."""

    def change(file):
        for role, number in ((Role.VALUE, value), (Role.ADJUSTED, adjusted), (Role.ERROR, error)):
            if number is not None:
                file.set(role.of(parameter), number, 0, LEVEL)
        for role, text in ((Role.QC, flag), (Role.ADJUSTED_QC, adjusted_flag)):
            if text is not None:
                file.set(role.of(parameter), text.encode("latin-1"), 0, LEVEL)
        if letter is not None:
            file.text(Role.PROFILE_QC.of(parameter), letter)
        if mode is not None:
            file.text("DATA_MODE", mode)

    return change


def place(name, suffix):
    return f"{name}{suffix}[1,{LEVEL + 1}]"


def adjusted_in_real_time(file):
    """A core profile in mode A whose adjusted values are the measured ones."""
    for name in ("PRES", "TEMP", "PSAL"):
        file.set(f"{name}_ADJUSTED", file[name]).set(f"{name}_ADJUSTED_QC", file[f"{name}_QC"])
    file.text("DATA_MODE", "A")


def then(*changes):
    def change(file):
        for each in changes:
            each(file)

    return change


MISSING = {"value": FILL, "flag": "9"}
NOTHING = {"adjusted": FILL, "adjusted_flag": "9", "error": FILL}

RAW = [
    Case("PRF-QC-001", "core", bad=level("PSAL", flag="7"), where=place("PSAL", "_QC")),
    Case("PRF-QC-001", "core", bad=level("PSAL", flag="\0", value=FILL), where=place("PSAL", "_QC")),
    Case("PRF-QC-002", "bio", good=level("DOXY", flag="4"), bad=level("DOXY", flag="8"), where=place("DOXY", "_QC")),
    Case("PRF-QC-004", "core", bad=level("TEMP", flag="0"), where=place("TEMP", "_QC")),
    Case(
        "PRF-QC-005", "core", good=level("PSAL", **MISSING), bad=level("PSAL", value=FILL), where=place("PSAL", "_QC")
    ),
    Case("PRF-QC-005", "bio", good=level("DOXY", value=FILL, flag=" "), bad=level("DOXY", value=FILL, flag="5")),
    Case("PRF-QC-006", "core", bad=level("PRES", flag=" "), where=place("PRES", "_QC")),
    Case("PRF-QC-006", "core", bad=level("PRES", flag=" ", value=float("nan"))),
    Case("PRF-QC-007", "core", bad=level("PSAL", flag="0"), where=place("PSAL", "_QC")),
    Case("PRF-QC-007", "core", bad=level("PSAL", flag="0", value=FILL), where=place("PSAL", "_QC")),
    Case("PRF-QC-008", "core", bad=level("TEMP", value=float("nan")), where=place("TEMP", "")),
    Case("PRF-QC-009", "bio", bad=level("DOXY", value=-np.inf), where=place("DOXY", "")),
]
REAL_TIME = [
    Case("PRF-ADJ-000", "core", bad=level("PSAL", flag="7"), where="PSAL_ADJUSTED[1]"),
    Case("PRF-ADJ-R01", "core", bad=level("PSAL", adjusted=35.0), where=place("PSAL", "_ADJUSTED")),
    Case("PRF-ADJ-R01", "bio", bad=level("DOXY", adjusted=float("nan")), where=place("DOXY", "_ADJUSTED")),
    Case("PRF-ADJ-R02", "core", bad=level("PSAL", error=0.01), where=place("PSAL", "_ADJUSTED_ERROR")),
    Case("PRF-ADJ-R03", "core", bad=level("PSAL", adjusted_flag="9"), where=place("PSAL", "_ADJUSTED_QC")),
    Case("PRF-ADJ-R03", "core", bad=level("PSAL", adjusted_flag="\0")),
]
CHANGED = [
    Case("PRF-ADJ-001", "core-delayed", bad=level("TEMP", adjusted_flag="X"), where=place("TEMP", "_ADJUSTED_QC")),
    Case(
        "PRF-ADJ-003",
        "core-delayed",
        good=level("TEMP", **(MISSING | NOTHING | {"flag": " ", "adjusted_flag": " "})),
        bad=level("TEMP", **(MISSING | NOTHING | {"flag": "9", "adjusted_flag": " "})),
        where=place("TEMP", "_ADJUSTED_QC"),
    ),
    Case("PRF-ADJ-003", "core", good=adjusted_in_real_time, bad=lambda file: file.text("DATA_MODE", "A")),
    Case(
        "PRF-ADJ-004",
        "core-delayed",
        bad=level("TEMP", value=FILL, flag=" ", adjusted_flag=" "),
        where=place("TEMP", "_ADJUSTED_QC"),
    ),
    Case("PRF-ADJ-005", "core-delayed", bad=level("PSAL", adjusted_flag="0"), where=place("PSAL", "_ADJUSTED_QC")),
    Case(
        "PRF-ADJ-006",
        "core-delayed",
        good=level("PSAL", adjusted=FILL, error=FILL, adjusted_flag="4"),
        bad=level("PSAL", adjusted=FILL, error=FILL),
        where=place("PSAL", "_ADJUSTED"),
    ),
    Case("PRF-ADJ-007", "bio-delayed", bad=level("DOXY", **NOTHING), where=place("DOXY", "_ADJUSTED_QC")),
    Case("PRF-ADJ-008", "core-delayed", bad=level("PSAL", adjusted_flag="4"), where=place("PSAL", "_ADJUSTED")),
    Case(
        "PRF-ADJ-008",
        "core",
        good=then(adjusted_in_real_time, level("PSAL", adjusted_flag="4")),
        bad=then(adjusted_in_real_time, level("PSAL", adjusted_flag="9")),
    ),
    Case(
        "PRF-ADJ-009",
        "core-delayed",
        good=level("PSAL", **MISSING, **NOTHING),
        bad=level("PSAL", **MISSING, **(NOTHING | {"adjusted": 35.0})),
        where=place("PSAL", "_ADJUSTED"),
    ),
    Case(
        "PRF-ADJ-010",
        "bio-delayed",
        good=level("DOXY", **MISSING, **NOTHING),
        bad=level("DOXY", **MISSING, **(NOTHING | {"adjusted_flag": "4"})),
        where=place("DOXY", "_ADJUSTED_QC"),
    ),
    Case(
        "PRF-ADJ-011",
        "core-delayed",
        bad=level("PSAL", **MISSING, **(NOTHING | {"error": 0.01})),
        where=place("PSAL", "_ADJUSTED_ERROR"),
    ),
    Case("PRF-ADJ-011", "core-delayed", bad=level("PSAL", adjusted=FILL, adjusted_flag="4")),
    Case("PRF-ADJ-012", "core-delayed", bad=level("PSAL", error=FILL), where=place("PSAL", "_ADJUSTED_ERROR")),
    Case(
        "PRF-ADJ-012",
        "core",
        good=adjusted_in_real_time,
        bad=then(adjusted_in_real_time, lambda file: file.text("DATA_MODE", "D")),
    ),
    Case("PRF-ADJ-013", "bio-delayed", bad=level("DOXY", error=FILL), where=place("DOXY", "_ADJUSTED")),
    Case(
        "PRF-ADJ-013",
        "core-delayed",
        bad=level("TEMP", **(MISSING | NOTHING | {"flag": " ", "adjusted_flag": " ", "error": 0.1})),
    ),
    Case("PRF-ADJ-014", "core-delayed", bad=level("PSAL", adjusted=float("nan")), where=place("PSAL", "_ADJUSTED")),
    Case("PRF-ADJ-015", "core-delayed", bad=level("PSAL", error=float("nan")), where=place("PSAL", "_ADJUSTED_ERROR")),
    Case("PRF-ADJ-016", "bio-delayed", bad=level("DOXY", adjusted=np.inf), where=place("DOXY", "_ADJUSTED")),
    Case("PRF-ADJ-017", "core-delayed", bad=level("PSAL", error=-np.inf), where=place("PSAL", "_ADJUSTED_ERROR")),
]
LETTERS = [
    Case("PRF-PQC-001", "core", bad=level("TEMP", letter="G"), where="PROFILE_TEMP_QC[1]"),
    Case("PRF-PQC-001", "bio", bad=level("DOXY", letter="\0"), where="PROFILE_DOXY_QC[1]"),
    Case("PRF-PQC-002", "core", bad=level("TEMP", letter="N"), where="PROFILE_TEMP_QC[1]"),
    Case("PRF-PQC-003", "core", bad=level("TEMP", flag="7"), where="PROFILE_TEMP_QC[1]"),
    Case("PRF-PQC-003", "core-delayed", bad=level("TEMP", adjusted_flag="7"), where="PROFILE_TEMP_QC[1]"),
    Case("PRF-PQC-004", "core", good=level("TEMP", flag="3", letter="B"), bad=level("TEMP", flag="3")),
    Case("PRF-PQC-004", "bio-delayed", bad=level("DOXY", letter=" "), where="PROFILE_DOXY_QC[1]"),
]
CASES = RAW + REAL_TIME + CHANGED + LETTERS
test_cases = checks(CASES)


def found(file, rule):
    return [each for each in run(file).findings if each.rule == rule]


@pytest.mark.parametrize(
    ("flags", "letter"),
    [
        ("1111", "A"),
        ("1113", "B"),
        ("1133", "C"),
        ("1333", "D"),
        ("12583333333333333333"[:17], "E"),
        ("3333", "F"),
        ("4444", "F"),
        ("1199", "A"),
        ("9999", " "),
        ("    ", " "),
    ],
)
def test_the_letter_by_the_share_of_good_flags(flags, letter):
    file = sample("bio")
    file.dim("N_LEVELS", len(flags))
    for number, flag in enumerate(flags):
        file.set("DOXY", FILL if flag in "9 " else 100.0, 0, number)
        # 5 and 8 are no flags of measured values, so the adjusted ones carry them
        file.set("DOXY_QC", ("1" if flag in "258" else flag).encode(), 0, number)
        file.set("DOXY_ADJUSTED", FILL if flag in "9 " else 100.0, 0, number)
        file.set("DOXY_ADJUSTED_QC", flag.encode(), 0, number)
    file.text("PARAMETER_DATA_MODE", "RRRRA", 0).text("DATA_MODE", "A").text("DATA_STATE_INDICATOR", "2B+", 0)
    for name in ("C1PHASE_DOXY", "C2PHASE_DOXY", "TEMP_DOXY"):
        file.text(f"PROFILE_{name}_QC", " ").set(f"{name}_QC", b"0")
    file.text("PROFILE_DOXY_QC", letter)
    assert [each.text for each in run(file).findings if each.severity is Severity.ERROR] == []
    file.text("PROFILE_DOXY_QC", "A" if letter != "A" else "B")
    (finding,) = found(file, "PRF-PQC-004")
    assert finding.expected == ("blank" if letter == " " else letter)


def test_one_finding_counts_the_levels_and_stands_at_the_first():
    file = sample("core")
    file.set("TEMP_QC", b"7", 0, slice(4, 10))
    (finding,) = found(file, "PRF-QC-001")
    assert (finding.where, finding.count, finding.found) == ("TEMP_QC[1,5]", 6, "7")
    assert finding.text == f"the flag is not in reference table 2 at 6 of {file.dims['N_LEVELS']} levels"


def test_kinds_of_wrong_levels_are_added_up():
    """Missing values with flag 1 and with flag 3 are two states of one fault."""
    file = sample("core")
    file.set("PSAL", FILL, 0, slice(3, 6)).set("PSAL_QC", b"3", 0, 4)
    (finding,) = found(file, "PRF-QC-005")
    assert (finding.where, finding.count) == ("PSAL_QC[1,4]", 3)


def test_flag_zero_is_named_by_both_its_rules_on_temperature():
    file = sample("core")
    level("TEMP", flag="0")(file)
    assert found(file, "PRF-QC-004")
    assert found(file, "PRF-QC-007")


def test_a_parameter_has_its_own_mode_in_a_b_file():
    """DOXY is in delayed mode, its intermediate parameters are not."""
    file = sample("bio-delayed")
    with context(file) as ctx:
        assert {one.parameter.name: one.mode for one in ctx.once(series)} == {
            "C1PHASE_DOXY": "R",
            "C2PHASE_DOXY": "R",
            "TEMP_DOXY": "R",
            "DOXY": "D",
        }


def test_each_profile_is_judged_alone():
    file = sample("core").dim("N_PROF", 3)
    file.set("TEMP_QC", b"7", 1, 2)
    assert [each.where for each in found(file, "PRF-QC-001")] == ["TEMP_QC[2,3]"]
    assert [each.where for each in found(file, "PRF-PQC-003")] == ["PROFILE_TEMP_QC[2]"]


def per_level(values, fill=FILL):
    from gdac.check.rules.profile.series import _per_level

    return _per_level(np.array([values], np.float64), np.float32(fill))[0].tolist()


def test_several_values_of_a_level_count_as_one():
    nan = float("nan")
    assert per_level([[FILL, FILL], [1.0, FILL], [2.0, 3.0]]) == [FILL, 1.0, 3.0]
    assert np.isnan(per_level([[nan, 1.0], [FILL, nan]])).all()
    assert per_level([[[FILL, 5.0], [FILL, FILL]]]) == [5.0]  # two trailing dimensions
    assert per_level([[np.inf, FILL]]) == [np.inf]
    assert per_level([[], []]) == [FILL, FILL]


def test_numbers_too_large_for_float_are_infinite():
    assert per_level([1e300, 1.0]) == [np.inf, 1.0]


def test_a_thousand_profiles_cost_no_rule_its_nerve():
    file = sample("core").dim("N_PROF", 500)
    file.name = "6980001_prof.nc"
    file.set("PSAL_QC", b"7", 499, 0)
    result = run(file)
    assert result.verdict is not Verdict.CRASH
    assert [each.where for each in result.findings if each.rule == "PRF-QC-001"] == ["PSAL_QC[500,1]"]
