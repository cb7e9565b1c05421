"""NUL bytes in texts, which are looked for on request."""

from gdac.check.context import Options
from gdac.check.finding import Verdict
from tests.rules.cases import Case, checks, run
from tests.rules.samples import sample

ASKED = Options(null_warn=True)


def nul_in_scalar(file):
    file["LAUNCH_QC"][...] = b"\0"


CASES = [
    Case(
        "COM-NUL-001",
        "core",
        bad=lambda file: file.text("PI_NAME", "A\0", 0, pad="\0"),
        where="PI_NAME[1,2]",
        options=ASKED,
    ),
    Case(
        "COM-NUL-001",
        "traj",
        bad=lambda file: file.set("JULD_QC", b"\0", 3),
        where="JULD_QC[4]",
        options=ASKED,
    ),
    Case("COM-NUL-002", "meta", bad=nul_in_scalar, where="LAUNCH_QC", options=ASKED, quirk=True),
]
test_cases = checks(CASES)


def test_one_finding_a_variable_counts_its_texts():
    file = sample("core")
    file["STATION_PARAMETERS"][file["STATION_PARAMETERS"] == b" "] = b"\0"
    (finding,) = [each for each in run(file, ASKED).findings if each.rule == "COM-NUL-001"]
    assert finding.count == len(file["STATION_PARAMETERS"][0])
    assert run(file, ASKED).verdict is Verdict.ACCEPTED


def test_nobody_is_warned_unasked():
    file = sample("core")
    file.text("PI_NAME", "A", 0, pad="\0")
    assert not [each for each in run(file).findings if each.rule.startswith("COM")]
