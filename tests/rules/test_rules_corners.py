"""Lines of the rules that no good and no bad case reaches: files that lack something, and caches that overflow."""

import types

import numpy as np
import pytest

from gdac.check.dataset import open_dataset
from gdac.check.options import Options
from gdac.check.plan import every_rule
from gdac.check.rules.form import compared
from gdac.check.rules.trajectory.levels import collapsed
from gdac.check.rules.trajectory.parameters import is_fill
from gdac.spec import DeprecatedValue, FileType, Status, load
from tests.rules.cases import run
from tests.rules.samples import sample


def rules(file, **options):
    return {each.rule for each in run(file, Options(**options)).findings}


def test_the_checkers_own_findings_are_reported_and_never_found():
    own = [each for each in every_rule().values() if each.id in {"CHK-001", "CHK-002", "CHK-003", "CHK-004", "CHK-005"}]
    assert len(own) == 5
    assert all(not list(each.check(None)) for each in own)


def test_what_is_remembered_of_headers_is_bounded(monkeypatch):
    monkeypatch.setattr(compared, "_REMEMBERED", 2)
    comparer = compared.Comparer(load(FileType.PROFILE, "3.1"))
    with open_dataset(sample("core").attr("TEMP", "units", "K").encode()) as dataset:
        for _ in range(2):
            judged = [rule for each in dataset.variables.values() for rule, _ in comparer.judge(each)]
            assert judged == ["FMT-ATT-005"]
        assert len(comparer._known) <= 2


def test_a_deprecated_value_that_passes_is_silent():
    shipped = load(FileType.PROFILE, "3.0")

    class Passing:
        def __getattr__(self, name):
            return getattr(shipped, name)

        def deprecated_value(self, variable, attribute, text):
            return DeprecatedValue(Status.PASS)

    with open_dataset(sample("core-3.0").attr("TEMP", "valid_min", np.float32(-7)).encode()) as dataset:
        assert compared.Comparer(Passing()).judge(dataset.variables["TEMP"]) == ()


@pytest.mark.parametrize(("value", "shown"), [(["a", "b"], "a"), ([], ""), (np.array([], "f4"), ""), (b"x", "x")])
def test_odd_attributes_are_shown(value, shown):
    assert compared._shown(value).strip("b'") == shown


def test_the_old_name_of_a_trajectory_is_taken_for_old_versions():
    file = sample("traj-2.3")
    assert file.name.endswith("_Rtraj.nc")
    file.name = file.name.replace("_Rtraj", "_traj")
    assert "NAM-001" not in rules(file)
    new = sample("traj-3.1")
    new.name = new.name.replace("_Rtraj", "_traj")
    assert "NAM-001" in rules(new)


@pytest.mark.parametrize("kind", ["meta", "tech", "traj", "core", "meta-2.2", "traj-3.1", "bio-traj"])
def test_nothing_is_said_of_data_centre_while_the_dac_is_not_known(kind):
    file = sample(kind).text("DATA_CENTRE", "??")
    file.dac = None
    assert not {"META-VAL-001", "META-V2-001", "TECH-META-002", "TRJ-META-002", "PRF-META-005"} & rules(
        file, all_versions=True
    )


def test_old_files_without_their_optional_variables():
    file = sample("tech-2.3")
    for name in ("TECHNICAL_PARAMETER_NAME", "TECHNICAL_PARAMETER_VALUE"):
        file.variables.pop(name, None)
    assert "CHK-001" not in rules(file, all_versions=True)
    meta = sample("meta-2.2")
    meta.variables.pop("PARAMETER", None)
    assert "CHK-001" not in rules(meta, all_versions=True)


@pytest.mark.parametrize("kind", ["traj-3.1", "bio-traj"])
def test_modes_of_older_trajectories_are_those_of_the_cycle(kind):
    file = sample(kind).set("CYCLE_NUMBER", (1, 1, 2, 2))
    if "CYCLE_NUMBER_INDEX_ADJUSTED" in file.variables:
        file.set("CYCLE_NUMBER_INDEX_ADJUSTED", 99999).set("CYCLE_NUMBER_ADJUSTED", 99999)
    found = rules(file)
    assert not {"CHK-001", "TRJ-CYC-900"} & found


@pytest.mark.parametrize(("rule", "kind"), [("META-V2-015", "meta-2.2"), ("TECH-PRM-007", "tech")])
def test_rules_that_are_asked_of_a_file_without_their_variables_say_nothing(rule, kind):
    file = sample(kind)
    for name in ("PARAMETER", "TECHNICAL_PARAMETER_NAME"):
        file.variables.pop(name, None)
    with open_dataset(file.encode()) as dataset:
        ctx = types.SimpleNamespace(dataset=dataset, spec=None)
        assert not list(every_rule()[rule].check(ctx))


def test_nul_modes_are_not_looked_at_when_the_cycles_disagree():
    file = sample("traj").text("JULD_DATA_MODE", "\0", 3)
    assert "CHK-008" in rules(file)
    file.set("CYCLE_NUMBER_INDEX", -5, 0)
    assert "CHK-008" not in rules(file)


def test_several_values_per_measurement_become_one():
    fill = np.float32(99999)
    values = np.array([[1, fill], [fill, fill], [1, 2], [np.nan, 1]], np.float32)
    assert np.array_equal(collapsed(values, fill), np.array([1, fill, 2, np.nan], np.float32), equal_nan=True)
    assert np.array_equal(collapsed(np.zeros((2, 0), np.float32), fill), np.array([fill, fill]))


def test_without_a_fill_value_nothing_is_missing():
    assert not is_fill(np.array([99999.0]), None).any()
