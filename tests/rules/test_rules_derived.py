"""Files that GDACs make: synthetic, merged and multi-profile files, which the official checker cannot judge."""

import numpy as np
import pytest

from gdac.check.derived import FOR_SYNTHETIC, NOT_FOR_MULTI, is_multi
from gdac.check.finding import Verdict
from gdac.check.options import Options
from gdac.check.plan import every_rule
from tests.rules.cases import run
from tests.rules.samples import sample


def said(result):
    return [f"{each.rule} {each.severity} {each.where}: {each.text}" for each in result.findings]


def rejected_by(file, options=None):
    return {each.rule for each in run(file, options).findings if each.severity == "error"}


@pytest.mark.parametrize(
    ("kind", "label"),
    [("synthetic", "synthetic_profile"), ("Sprof", "multi_synthetic_profile"), ("prof", "multi_profile")],
)
def test_right_ones_are_accepted(kind, label):
    result = run(sample(kind))
    assert said(result) == []
    assert result.verdict is Verdict.ACCEPTED
    assert result.file_type == label


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda file: file.attr("TEMP", "units", "K"), "FMT-ATT-005"),
        (lambda file: file.attr("DOXY", "units", "ml/l"), "FMT-ATT-005"),
        (lambda file: file.attr("TEMP_dPRES", "units", "m"), "FMT-ATT-005"),
        (lambda file: file.like("PRES_dPRES", "TEMP_dPRES"), "FMT-VAR-001"),
        (lambda file: file.like("DATA_MODE", "DIRECTION"), "FMT-VAR-001"),
        (lambda file: file.no_variable("PRES_QC"), "FMT-VAR-004"),
        (lambda file: file.no_variable("PSAL_ADJUSTED_QC"), "FMT-GRP-001"),
        (lambda file: file.text("FORMAT_VERSION", "3.1"), "OPN-010"),
        (lambda file: file.text("PLATFORM_NUMBER", "12"), "PRF-META-001"),
        (lambda file: file.set("JULD", 100.0), "PRF-JULD-002"),
        (lambda file: file.text("TEMP_QC", "X", 0, 3), "PRF-QC-001"),
        (lambda file: file.set("TEMP", np.nan, 0, 3), "PRF-QC-008"),
        (lambda file: file.text("STATION_PARAMETERS", "TEMPERATURE", 0, 1), "PRF-SP-001"),
        (lambda file: file.text("DATE_UPDATE", "yesterday"), "DAT-UPD-002"),
    ],
)
@pytest.mark.parametrize("kind", ["synthetic", "Sprof"])
def test_wrong_synthetic_ones_are_rejected(kind, change, rule):
    file = sample(kind)
    change(file)
    assert rule in rejected_by(file)


def test_every_profile_of_a_multi_profile_file_is_looked_at():
    file = sample("prof").text("TEMP_QC", "X", 6, 3)
    (finding,) = [each for each in run(file).findings if each.rule == "PRF-QC-001"]
    assert finding.where.startswith("TEMP_QC[7")


def test_values_made_by_interpolation_may_have_flag_8():
    file = sample("synthetic").text("TEMP_QC", "8", 0, 3)
    assert rejected_by(file) == set()


def test_names():
    synthetic = sample("synthetic")
    assert synthetic.name.startswith("SR")
    synthetic.name = synthetic.name.replace("SR", "SD")
    assert rejected_by(synthetic) == {"NAM-001"}
    multi = sample("prof")
    multi.name = "1900001_prof.nc"
    assert rejected_by(multi) == {"NAM-001"}
    for name in ("20200102_prof.nc", "R20200102_prof_0.nc"):
        multi.name = name
        assert rejected_by(multi) == set()
    multi.name = "R6980001_001.nc"
    assert "NAM-001" in rejected_by(multi)
    assert rejected_by(multi, Options(name_check=False)) >= {"PRF-DM-009"}


def test_multi_profile_files_are_known_by_name():
    assert all(map(is_multi, ("6980001_prof.nc", "6980001_Sprof.nc", "20200102_prof.nc", "D20200102_prof_3.nc")))
    assert not any(map(is_multi, ("6980001_meta.nc", "R6980001_001.nc", "prof.nc", "x6980001_prof.nc")))


def merged():
    """A merged profile: a b-profile with the core parameters, their flags and adjusted values."""
    file, core = sample("bio"), sample("core")
    for name, variable in core.variables.items():
        if name not in file.variables:
            file.variables[name] = variable
    for role in ("{}", "{}_QC", "{}_ADJUSTED", "{}_ADJUSTED_QC", "{}_ADJUSTED_ERROR"):
        file.variables[role.format("PRES")] = core.variables[role.format("PRES")]
    file.dim("STRING32", 32)
    attrs = file.variables["DATA_TYPE"].attrs
    file.no_variable("DATA_TYPE").add("DATA_TYPE", "char", ["STRING32"], attrs).text("DATA_TYPE", "Argo profile merged")
    file.name = file.name.replace("BR", "MR")
    return file


def test_merged_profiles_have_the_parameters_of_both():
    result = run(merged())
    assert result.file_type == "merged_profile"
    assert [each for each in said(result) if " error FMT" in each or "crash" in each] == []
    assert "FMT-VAR-001" in rejected_by(merged().like("TEMP2", "TEMP"))


def test_the_lists_name_rules_that_there_are():
    assert set(every_rule()) >= FOR_SYNTHETIC | NOT_FOR_MULTI
