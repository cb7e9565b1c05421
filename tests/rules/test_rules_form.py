"""The format: dimensions, variables, attributes, groups."""

import numpy as np
import pytest

from gdac.check.rules.form.compared import Comparer
from gdac.spec import DeprecatedValue, FileType, Status, load
from tests.rules.cases import Case, checks, run
from tests.rules.draft import Draft
from tests.rules.samples import KINDS, sample


def attr(variable, name, value):
    return lambda file: file.attr(variable, name, value)


def dim(*names):
    def change(file):
        for name in names:
            file.dim(name, 3)

    return change


def dims(variable, names):
    """The variable over other dimensions."""

    def change(file):
        each = file.variables[variable]
        each.dims = tuple(names)
        each.data = np.full([file.dims[name] for name in names], each.fill, each.data.dtype)

    return change


def spectrum(file):
    """A parameter of several values per level: UV_INTENSITY_NITRATE, with all that the specification asks for."""
    spec = load(FileType.B_PROFILE, "3.1")
    file.dim("N_VALUES3", 3)
    for name in ("UV_INTENSITY_NITRATE", "UV_INTENSITY_NITRATE_QC", "PROFILE_UV_INTENSITY_NITRATE_QC"):
        rule = spec.variable(name)
        values = {key: each.value if each.value is not None else "x" for key, each in rule.attributes.items()}
        kept = {key: text for key, text in values.items() if rule.attributes[key].presence.value == "required"}
        if "_FillValue" in kept and rule.types[0] != "char":
            kept["_FillValue"] = np.float32(kept["_FillValue"])
        over = [names[0] for names in rule.dimensions]
        file.add(name, rule.types[0], over, kept)
    file.dims.pop("N_VALUES3")
    file.dim("N_VALUES3", 3)
    return file


def spectrum_over(*names):
    def change(file):
        spectrum(file)
        for name in names:
            file.dim(name, 3)
        dims("UV_INTENSITY_NITRATE", ("N_PROF", "N_LEVELS", *names))(file)

    return change


def series(units="volts", long_name=None):
    """A technical time series."""

    def change(file):
        file.dim("N_TECH_MEASUREMENT", 2)
        spec = load(FileType.TECHNICAL, "3.1")
        for name in ("JULD", "CYCLE_NUMBER_MEAS", "MEASUREMENT_CODE", "VOLTAGE_BatteryParkEnd"):
            rule = spec.variable(name)
            attrs = {}
            for key, each in rule.attributes.items():
                if each.kind.value == "text":
                    attrs[key] = each.value or "x"
                elif rule.types[0] == "int":
                    attrs[key] = np.int32(float(each.value or 1))
                else:
                    attrs[key] = np.dtype("f8" if rule.types[0] == "double" else "f4").type(float(each.value or 1))
            file.add(name, rule.types[0], ["N_TECH_MEASUREMENT"], attrs)
        file.attr("VOLTAGE_BatteryParkEnd", "units", units)
        file.attr("VOLTAGE_BatteryParkEnd", "long_name", long_name or f"VOLTAGE_BatteryParkEnd_{units}")

    return change


CASES = [
    Case("FMT-DIM-001", "core", bad=dim("N_EXTRA"), where="dimension N_EXTRA"),
    Case("FMT-DIM-002", "meta", bad=lambda file: file.dim("DATE_TIME", 13), where="dimension DATE_TIME"),
    Case("FMT-DIM-003", "traj", bad=lambda file: file.no_dim("STRING2"), where="dimension STRING2"),
    Case(
        "FMT-DIM-004",
        "bio",
        good=spectrum_over("N_VALUES3"),
        bad=spectrum_over("N_VALUES3", "N_VALUES4"),
        where="dimension N_VALUES4",
    ),
    Case("FMT-VAR-001", "core", bad=lambda file: file.like("TEMP2", "TEMP"), where="TEMP2"),
    Case("FMT-VAR-002", "core", bad=lambda file: file.retype("LATITUDE", "float"), where="LATITUDE"),
    Case("FMT-VAR-003", "core", bad=dims("JULD", ("N_LEVELS",)), where="JULD"),
    Case("FMT-VAR-004", "tech", bad=lambda file: file.no_variable("DATE_UPDATE"), where="DATE_UPDATE"),
    Case(
        "FMT-VAR-005",
        "bio",
        good=spectrum_over("N_VALUES3"),
        bad=spectrum_over("N_OTHERS"),
        where="UV_INTENSITY_NITRATE",
    ),
    Case("FMT-ATT-001", "core", bad=lambda file: file.no_attr("TEMP", "units"), where="TEMP:units"),
    Case("FMT-ATT-002", "core", bad=attr("PRES_ADJUSTED_ERROR", "comment", "x"), where="PRES_ADJUSTED_ERROR:comment"),
    Case("FMT-ATT-003", "core", bad=attr("TEMP", "units", np.float32(1)), where="TEMP:units"),
    Case("FMT-ATT-004", "core", bad=attr("TEMP", "valid_min", "-2.5"), where="TEMP:valid_min"),
    Case("FMT-ATT-005", "core", bad=attr("TEMP", "valid_min", np.float32(-2)), where="TEMP:valid_min"),
    Case("FMT-ATT-006", "bio", bad=attr("DOXY", "valid_min", np.float32(1)), where="DOXY:valid_min"),
    Case("FMT-ATT-007", "bio", bad=attr("DOXY", "valid_min", np.float32(0)), where="DOXY:valid_min"),
    Case("FMT-ATT-010", "tech", good=series(), bad=series("VOLTS"), where="VOLTAGE_BatteryParkEnd:units"),
    Case("FMT-ATT-011", "tech", good=series(), bad=series(long_name="x"), where="VOLTAGE_BatteryParkEnd:long_name"),
    Case("FMT-GAT-001", "core", bad=lambda file: file.no_attr(None, "title"), where="global attribute title"),
    Case("FMT-GAT-002", "core", bad=attr(None, "source", np.int32(1)), where="global attribute source"),
    Case("FMT-GAT-003", "core", bad=attr(None, "title", "x"), where="global attribute title"),
    Case("FMT-GAT-004", "core", bad=attr(None, "Conventions", "CF-1.6"), where="global attribute Conventions"),
    Case("FMT-GRP-001", "core", bad=lambda file: file.no_variable("PSAL_QC"), where="PSAL_QC"),
]
test_cases = checks(CASES)
TESTED = ("FMT-ATT-008", "FMT-ATT-009")


@pytest.mark.parametrize(("status", "rule"), [(Status.WARNING, "FMT-ATT-008"), (Status.REJECT, "FMT-ATT-009")])
def test_deprecated_values_by_their_status(status, rule):
    """Every value of the shipped table passes, so the specification is made to know another one."""
    shipped = load(FileType.PROFILE, "3.0")

    class Knowing:
        def __getattr__(self, name):
            return getattr(shipped, name)

        def deprecated_value(self, variable, attribute, text):
            return DeprecatedValue(status) if (variable, attribute, text) == ("TEMP", "valid_min", "-2.0") else None

    from gdac.check.dataset import open_dataset

    for value, expected in ((-2.0, [rule]), (-3.0, ["FMT-ATT-005"])):
        file = sample("core-3.0").attr("TEMP", "valid_min", np.float32(value))
        with open_dataset(file.encode()) as dataset:
            judged = Comparer(Knowing()).judge(dataset.variables["TEMP"])
        assert [each for each, _ in judged] == expected


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"synthetic", "Sprof"}])
def test_samples_are_right_in_format(kind):
    result = run(sample(kind))
    assert [f"{each.rule} {each.where} {each.text}" for each in result.findings if each.rule.startswith("FMT")] == []


@pytest.mark.parametrize("value", [np.int32(-2), np.array([], "f4"), np.float64(-2.5000001)])
def test_numbers_are_compared_as_shortest_decimals(value):
    result = run(sample("core").attr("TEMP", "valid_min", value))
    assert [(each.rule, each.where) for each in result.findings if each.rule.startswith("FMT")] == [
        ("FMT-ATT-005", "TEMP:valid_min")
    ]


@pytest.mark.parametrize("value", [np.float64(-2.5), np.array([-2.5, 1], "f4")])
def test_width_and_further_elements_of_a_number_do_not_count(value):
    result = run(sample("core").attr("TEMP", "valid_min", value))
    assert not [each for each in result.findings if each.rule.startswith("FMT")]


def test_a_file_without_anything_is_rejected_without_a_crash():
    file = Draft("R6900001_001.nc", "coriolis", 0.0)
    for name, text in (("DATA_TYPE", "Argo profile    "), ("FORMAT_VERSION", "3.1 ")):
        file.dim(f"STRING{len(text)}", len(text)).add(name, "char", [f"STRING{len(text)}"])
        file.text(name, text)
    result = run(file)
    assert result.verdict == "rejected"
    assert len(result.findings) > 60
