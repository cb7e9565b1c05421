"""Fill values that are texts."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from gdac.check.fills import fill_number
from gdac.check.finding import Verdict
from tests.rules.cases import Case, checks, run
from tests.rules.samples import sample
from tests.rules.test_rules_profile_levels import context


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


@pytest.mark.parametrize(
    ("attribute", "number"),
    [
        (np.array([99999.0, 1.0], "f4"), 99999.0),
        (np.array(["1e3"], "O"), 1000.0),
        (np.array([], "f4"), None),
        (None, None),
    ],
)
def test_what_counts_as_the_fill_value(attribute, number):
    """Several numbers: the first; a text in a list of texts (NetCDF-4): parsed; none at all: None."""
    file = sample("core")
    with context(file) as ctx:
        header = replace(
            ctx.dataset.variables["TEMP"], attributes={} if attribute is None else {"_FillValue": attribute}
        )
        dataset = SimpleNamespace(variables={"TEMP": header})
        assert fill_number(dataset, "TEMP") == number
