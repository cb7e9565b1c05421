"""Our merged files beside the real ``_prof`` files of the same floats: what differs is in the table, nothing else.

The real files are compared as bytes, after the table was applied to ours: header, layout, order, padding and values.
"""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from gdac.check import check_file
from gdac.merged import Order, float_files, merge
from gdac.netcdf import read_header, read_variables, text

pytestmark = pytest.mark.shared

FLOATS = (
    "aoml/13857",
    "aoml/5900446",
    "coriolis/3902131",
    "csio/2902696",
    "incois/2902269",
    "kordi/2901780",
)
#: The real _prof of this float is of 2021, made of the R files; its D files came in 2023.
BEFORE_DELAYED_MODE = "incois/2902269"

#: The real merger keeps dates to the second: days since 1950 of whole seconds.
TO_THE_SECOND = ("JULD", "JULD_LOCATION")
#: The real merger keeps so many decimals of a parameter's values, adjusted values and errors.
DECIMALS = {"PRES": 3, "TEMP": 5, "PSAL": 5}
#: The rest, by float: variable, place, what the real file has and what the submitted file (and ours) has there.
SINGLE_VALUES = {
    # no mission number in the submitted file of the launch cycle; the real merger has 1 there
    "aoml/5900446": ((("CONFIG_MISSION_NUMBER", (0,), 1, 99999)),),
    # 34.921875 lies half-way between two numbers of five decimals; the real merger went down
    "coriolis/3902131": ((("PSAL_ADJUSTED", (86, 337), 34.92187, 34.921875)),),
}


@pytest.fixture(scope="module", params=FLOATS)
def merged(request, shared, tmp_path_factory):
    real = next((shared / "gdac" / "dac" / request.param).glob("*_prof.nc"))
    ours = tmp_path_factory.mktemp("merged") / real.name
    files = float_files(real.parent)
    if request.param == BEFORE_DELAYED_MODE:
        assert all(file.name.startswith("D") for file in files)
        files = tuple(file.with_name(f"R{file.name[1:]}") for file in files)
    done = merge(files, ours, order=Order.CYCLE, merged_at=stamp(real, "UPDATE"), created=stamp(real, "CREATION"))
    assert done.profiles == len(files)
    return request.param, ours, real


def stamp(file: Path, what: str) -> datetime:
    value = text(read_variables(file, {f"DATE_{what}"}).variables[f"DATE_{what}"])
    return datetime.strptime(value, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def test_variables_attributes_order_and_layout_are_the_same(merged):
    _, ours, real = merged
    start = min(each.begin for each in read_header(real).variables.values())
    assert ours.read_bytes()[:start] == real.read_bytes()[:start]
    assert ours.stat().st_size == real.stat().st_size


def test_values_are_the_same_but_for_what_the_table_says(merged):
    name, ours, real = merged
    assert as_the_real_merger_has_it(name, ours) == real.read_bytes()


def as_the_real_merger_has_it(name, ours):
    """The bytes of a merged file of ours, with its values as the table above says of the real one."""
    data = bytearray(ours.read_bytes())
    variables = read_header(ours).variables

    def view(variable):
        found = variables[variable]
        return np.ndarray(found.shape, found.dtype.newbyteorder(">"), data, found.begin)

    for variable in TO_THE_SECOND:
        values = view(variable)
        values[...] = np.where(values == 999999.0, values, np.round(values * 86400.0) / 86400.0)
    for parameter, decimals in DECIMALS.items():
        for suffix in ("", "_ADJUSTED", "_ADJUSTED_ERROR"):
            if parameter + suffix in variables:
                values = view(parameter + suffix)
                values[...] = np.round(values.astype(np.float64), decimals)
    submitted = read_variables(ours, None).variables
    for variable, place, there, here in SINGLE_VALUES.get(name, ()):
        assert submitted[variable][place] == here
        view(variable)[place] = there
    return data


def test_the_checker_says_of_ours_what_it_says_of_the_real_file(merged):
    name, ours, real = merged
    dac = name.partition("/")[0]
    verdicts = [check_file(file, dac=dac) for file in (ours, real)]
    found = [sorted((each.rule, each.where) for each in verdict.findings) for verdict in verdicts]
    assert found[0] == found[1]
    assert verdicts[0].verdict == verdicts[1].verdict


def test_delayed_mode_replaces_real_time(shared, tmp_path):
    folder = shared / "gdac" / "dac" / BEFORE_DELAYED_MODE
    merge(float_files(folder), tmp_path / "new.nc", order=Order.CYCLE, merged_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert set(read_variables(tmp_path / "new.nc", {"DATA_MODE"}).variables["DATA_MODE"].tolist()) == {b"D"}
