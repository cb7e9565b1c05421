"""Fill values that are texts."""

import pytest

from gdac.check.finding import Verdict
from tests.rules.cases import Case, checks, run
from tests.rules.samples import sample


def fill(text, variable="TEMP"):
    return lambda file: file.attr(variable, "_FillValue", text)


CASES = [
    Case("CHK-009", "core", good=fill("99999."), bad=fill("none"), where="TEMP:_FillValue"),
    Case("CHK-009", "bio", good=fill(" 99999.0f ", "DOXY"), bad=fill("", "DOXY"), where="DOXY:_FillValue"),
    Case("CHK-009", "traj", good=fill("99999"), bad=fill("x"), where="TEMP:_FillValue"),
]
test_cases = checks(CASES)


def test_a_number_written_as_text_still_tells_what_is_missing():
    file = sample("core")
    fill("99999.0")(file)
    file.set("TEMP", 99999.0, 0, 3).set("TEMP_QC", b"9", 0, 3)
    assert run(file).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("text", ["0", "NaN", "Infinity", "1e400"])
def test_a_fill_value_that_nothing_equals_leaves_nothing_missing(text):
    file = sample("core")
    fill(text)(file)
    assert {each.rule for each in run(file).findings} >= {"PRF-ADJ-R01"}
