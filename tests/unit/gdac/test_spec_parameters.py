"""Variables of physical parameters: which there are, their attributes and groups, by type and version."""

import numpy as np
import pytest

from gdac.spec import FileType, Kind, Presence, Status, load
from gdac.spec.values import kind_of, number_text

P31 = (FileType.PROFILE, "3.1")


@pytest.mark.parametrize(
    ("file_type", "version", "there", "absent"),
    [
        (
            *P31,
            ["PRES", "TEMP_2_ADJUSTED_QC", "PROFILE_CNDC_QC", "PSAL_STD_ADJUSTED_ERROR"],
            ["DOXY", "TEMP2", "TEMP_5"],
        ),
        (FileType.PROFILE, "2.2", ["DOXY", "DOXY_QC", "PROFILE_BPHASE_DOXY_QC"], ["CHLA", "BBP700"]),
        (FileType.B_PROFILE, "3.1", ["PRES", "PRES_2", "DOXY_MED", "C1PHASE_DOXY_QC"], ["TEMP", "PRES_QC", "PRES_STD"]),
        (FileType.B_TRAJECTORY, "3.1", ["PRES", "DOXY"], ["PROFILE_DOXY_QC", "PRES_ADJUSTED", "PROFILE_PRES_QC"]),
        (FileType.TRAJECTORY, "3.1", ["PRES_ADJUSTED", "DOXY"], ["PROFILE_PRES_QC"]),
        (FileType.TRAJECTORY, "2.3", ["PRES", "DOXY"], ["CHLA"]),
        (FileType.TRAJECTORY, "3.2", ["CHLA", "CNDC"], ["PROFILE_CHLA_QC"]),
        (FileType.METADATA, "3.1", ["PARAMETER"], ["PRES", "TEMP_QC"]),
        (FileType.TECHNICAL, "3.1", ["JULD"], ["PRES"]),
    ],
)
def test_which_variables_may_be_there(file_type, version, there, absent):
    spec = load(file_type, version)
    for name in there:
        assert spec.variable(name) is not None, name
        assert spec.variable(name).name == name
    for name in absent:
        assert spec.variable(name) is None, name


def test_required_variables_are_those_of_the_structure_and_of_mandatory_parameters():
    required = set(load(*P31).required_variables())
    six = {"PRES", "PRES_QC", "PRES_ADJUSTED", "PRES_ADJUSTED_QC", "PRES_ADJUSTED_ERROR", "PROFILE_PRES_QC"}
    assert six | {name.replace("PRES", "TEMP") for name in six} | {"JULD", "HISTORY_QCTEST"} <= required
    assert not required & {"PSAL", "POSITION_ERROR_REPORTED", "PRES_2"}
    bio = set(load(FileType.B_PROFILE, "3.1").required_variables())
    assert "PRES" in bio
    assert not bio & {"PRES_QC", "TEMP", "PARAMETER_DATA_MODE"}
    assert "PRES" not in set(load(FileType.TRAJECTORY, "2.2").required_variables())
    assert load(*P31).mandatory_parameters() == ("PRES", "TEMP")
    assert load(FileType.METADATA, "3.1").mandatory_parameters() == ()


def test_attributes_of_values_flags_errors_and_letters():
    spec = load(*P31)
    temp = spec.variable("TEMP").attributes
    assert (temp["valid_min"].value, temp["valid_min"].kind) == ("-2.5", Kind.REAL)
    assert temp["standard_name"].value == "sea_water_temperature"
    assert temp["C_format"].value is None
    assert temp["C_format"].presence is Presence.REQUIRED
    assert temp["resolution"].presence is Presence.FREE
    assert "axis" not in temp
    assert spec.variable("PRES").attributes["axis"].value == "Z"
    assert spec.variable("PRES_ADJUSTED").attributes["axis"].presence is Presence.FREE
    flags = spec.variable("TEMP_2_ADJUSTED_QC")
    assert flags.types == ("char",)
    assert [each.value for each in flags.attributes.values()] == ["quality flag", "Argo reference table 2", " "]
    letter = spec.variable("PROFILE_TEMP_2_QC")
    assert letter.dimensions == (("N_PROF",),)
    assert letter.attributes["long_name"].value == "Global quality flag of TEMP_2 profile"
    error = spec.variable("TEMP_ADJUSTED_ERROR").attributes
    assert error["long_name"].value.startswith("Contains the error")
    assert error["comment"].presence is Presence.FORBIDDEN
    assert {"valid_min", "standard_name"}.isdisjoint(error)


def test_attributes_of_statistics():
    spec = load(*P31)
    deviation, median = (spec.variable(f"TEMP_{each}").attributes for each in ("STD", "MED"))
    assert deviation["long_name"].value == "Standard deviation of sea temperature in-situ ITS-90 scale"
    assert median["long_name"].value == "Median value of sea temperature in-situ ITS-90 scale"
    assert "valid_max" not in deviation
    assert median["valid_max"].value == "40.0"
    assert spec.variable("TEMP_STD_ADJUSTED_ERROR").attributes["resolution"].presence is Presence.REQUIRED
    assert spec.parameter("TEMP_STD").intermediate
    assert not spec.parameter("TEMP").intermediate


def test_attributes_that_the_table_marks_absent_are_forbidden_and_old_versions_say_comment():
    raw = load(FileType.B_PROFILE, "3.1").variable("C1PHASE_DOXY").attributes
    assert raw["standard_name"].presence is Presence.FORBIDDEN
    old = load(FileType.PROFILE, "2.2").variable("TEMP").attributes
    assert old["comment"].value == "sea_water_temperature"
    assert "standard_name" not in old
    fill = load(FileType.B_PROFILE, "3.1").variable("NB_SAMPLE_SFET")
    assert fill.types == ("short",)
    assert fill.attributes["_FillValue"].value == "-32767"
    assert fill.attributes["_FillValue"].kind is Kind.INTEGER


def test_groups():
    spec = load(*P31)
    core = spec.group_of("PSAL_ADJUSTED_QC")
    assert len(core.members) == 6
    assert core.name == "PSAL"
    assert spec.group_of("CNDC").members == ("CNDC", "CNDC_QC", "PROFILE_CNDC_QC")
    adjusted = ("CNDC", "CNDC_ADJUSTED", "CNDC_ADJUSTED_QC", "CNDC_ADJUSTED_ERROR")
    assert spec.group_of("CNDC_ADJUSTED_ERROR").members == adjusted
    assert spec.group_of("TEMP_STD").members == ("TEMP_STD", "TEMP_STD_QC", "PROFILE_TEMP_STD_QC")
    assert spec.group_of("JULD") is None
    assert spec.group_of("NO_SUCH") is None
    # Oxygen counted as core once, so all six come together.
    assert len(load(FileType.PROFILE, "3.0").group_of("TEMP_DOXY").members) == 6
    assert len(load(FileType.TRAJECTORY, "3.1").group_of("PSAL").members) == 5


def test_groups_that_options_loosen():
    spec = load(FileType.TRAJECTORY, "2.2")
    assert spec.group_of("TEMP") is None
    assert spec.group_of("TEMP_QC") is None
    assert spec.group_of("TEMP_ADJUSTED").members == ("TEMP_ADJUSTED", "TEMP_ADJUSTED_QC", "TEMP_ADJUSTED_ERROR")
    technical = load(FileType.TECHNICAL, "3.1")
    together = ("N_TECH_MEASUREMENT", "JULD", "CYCLE_NUMBER_MEAS", "MEASUREMENT_CODE")
    for name in ("JULD", "N_TECH_MEASUREMENT", "NUMBER_ProfileCtdMeasurementsProfile2"):
        assert technical.group_of(name).members == together
    assert technical.dimensions["N_TECH_MEASUREMENT"].optional


def test_technical_time_series():
    spec = load(FileType.TECHNICAL, "3.1")
    rule = spec.variable("NUMBER_ProfileCTDMeasurementsProfile2")
    assert rule.technical
    assert rule.types == ("float",)
    assert set(rule.attributes) == {"long_name", "units"}
    assert spec.variable("NUMBER_ProfileBadMeasurementsProfile2") is None
    assert load(FileType.TECHNICAL, "3.0").variable("NUMBER_ProfileCTDMeasurementsProfile2") is None


def test_extra_dimensions_belong_to_values_only():
    spec = load(FileType.B_PROFILE, "3.1")
    assert spec.variable("UV_INTENSITY_NITRATE").extra_dimensions
    assert spec.variable("UV_INTENSITY_NITRATE_ADJUSTED").extra_dimensions
    assert not spec.variable("UV_INTENSITY_NITRATE_QC").extra_dimensions
    assert not spec.variable("DOXY").extra_dimensions


def test_parameters_by_name():
    spec = load(FileType.B_PROFILE, "3.1")
    found = spec.parameter("DOXY_2_MED")
    assert (found.base, found.category, found.statistic, found.intermediate) == ("DOXY", "b", "MED", True)
    assert spec.parameter("TEMP") is None
    assert spec.parameter("DOXY_5") is None
    assert spec.parameter("") is None
    assert spec.parameter("PRES_MED") is None
    names = [each.name for each in spec.parameters()]
    assert len(names) == len(set(names))
    assert all(spec.parameter(name).name == name for name in names)
    meta = load(FileType.METADATA, "3.1")
    assert meta.parameter("TEMP_4_STD").statistic == "STD"
    assert meta.parameter("CHLA").category == "b"


def test_deprecated_values_and_where_they_hold():
    old, new = load(FileType.PROFILE, "2.2"), load(*P31)
    assert old.deprecated_value("TEMP_2_ADJUSTED", "valid_min", "-2.0").status is Status.PASS
    assert old.deprecated_value("TEMP_ADJUSTED_ERROR", "valid_min", "-2.0") is None
    assert old.deprecated_value("TEMP_ADJUSTED_ERROR", "long_name", "SEA TEMPERATURE IN SITU ITS-90 SCALE")
    assert old.deprecated_value("TEMP", "comment", "In situ measurement")
    assert load(FileType.PROFILE, "2.3").deprecated_value("TEMP", "comment", "In situ measurement") is None
    median = "Median value of SEA TEMPERATURE IN SITU ITS-90 SCALE"
    assert old.deprecated_value("TEMP_MED", "long_name", median)
    assert old.deprecated_value("TEMP_MED", "long_name", "SEA TEMPERATURE IN SITU ITS-90 SCALE") is None
    assert old.deprecated_value("TEMP_STD", "valid_min", "-2.0") is None
    assert old.deprecated_value("TEMP_QC", "long_name", "SEA TEMPERATURE IN SITU ITS-90 SCALE") is None
    assert new.deprecated_value("TEMP", "valid_min", "-2.0") is None
    assert new.deprecated_value("JULD", "units", "days") is None


def test_tolerances():
    rule = load(FileType.B_PROFILE, "3.1").variable("DOXY").attributes["valid_min"]
    assert rule.value == "-5.0"
    assert rule.tolerance.warn
    assert rule.tolerance.accepts("0.0")
    assert not rule.tolerance.accepts("0.01")
    conventions = load(*P31).global_attributes["Conventions"]
    assert conventions.tolerance.accepts("Argo-3.0 CF-1.4")
    assert not conventions.tolerance.accepts("CF-1.4")


@pytest.mark.parametrize(
    ("value", "single", "text"),
    [
        (0, False, "0"),
        (np.int16(-3), False, "-3"),
        (0.0, False, "0.0"),
        (np.float32(0.1), True, "0.1"),
        (float(np.float32(0.1)), False, "0.10000000149011612"),
        (99999.0, True, "99999.0"),
        (9.969209968386869e36, True, "9.96921e+36"),
        (float("nan"), True, "nan"),
        (1e300, True, "1e+300"),
        (float("inf"), True, "inf"),
    ],
)
def test_numbers_as_text(value, single, text):
    assert number_text(value, single=single) == text


def test_every_float32_keeps_its_shortest_decimal():
    for value in np.random.default_rng(3).integers(1, 0x7F000000, 2000, dtype=np.uint32).view(np.float32):
        assert np.float32(number_text(value, single=True)) == value
        assert float(number_text(value, single=True)) == float(str(value))
    assert kind_of("-3") is Kind.INTEGER
    assert kind_of("-3.0") is Kind.REAL
