"""META: rules of metadata files."""

import copy

from gdac.check.context import Context, Options
from gdac.check.dataset import open_dataset
from gdac.check.kinds import Content
from gdac.check.plan import rule_called
from gdac.spec import FileType
from gdac.spec import load as load_specification
from gdac.tables import Tables, snapshot
from gdac.tables import load as load_tables
from gdac.tables.reference import SHIPPED
from tests.rules.cases import Case, checks
from tests.rules.samples import sample

OLD_VERSION = Options(all_versions=True)
LAUNCHED = "20260201190000"


def text(name, value, *index):
    return lambda file: file.text(name, value, *index)


def number(name, value, *index):
    return lambda file: file.set(name, value, *index)


def nul(name, *index):
    return lambda file: file[name].__setitem__(index or ..., b"\0")


def both(*changes):
    def change(file):
        for each in changes:
            each(file)

    return change


def meta(rule, bad, where, **more):
    return Case(rule, "meta", bad, where, **more)


def blank(rule, name, *index, where=None):
    return meta(rule, text(name, "", *index), where or name)


DATES = [
    blank("META-DATE-001", "LAUNCH_DATE"),
    meta("META-DATE-002", text("LAUNCH_DATE", "20261301000000"), "LAUNCH_DATE"),
    meta("META-DATE-003", text("LAUNCH_DATE", "19961231235959"), "LAUNCH_DATE"),
    meta("META-DATE-004", text("START_DATE", "2026020122000"), "START_DATE", good=text("START_DATE", "")),
    meta("META-DATE-005", text("STARTUP_DATE", "20260201 20000"), "STARTUP_DATE", good=text("STARTUP_DATE", LAUNCHED)),
    meta("META-DATE-006", text("END_MISSION_DATE", "soon"), "END_MISSION_DATE"),
    meta(
        "META-DATE-007",
        text("END_MISSION_DATE", "20260201185959"),
        "END_MISSION_DATE",
        good=text("END_MISSION_DATE", LAUNCHED),
    ),
    meta(
        "META-DATE-008",
        both(text("END_MISSION_DATE", LAUNCHED), text("LAUNCH_DATE", "")),
        "END_MISSION_DATE",
        good=text("END_MISSION_DATE", LAUNCHED),
    ),
]
MANDATORY = [
    blank("META-SET-001", "CONTROLLER_BOARD_SERIAL_NO_PRIMARY"),
    blank("META-SET-002", "CONTROLLER_BOARD_TYPE_PRIMARY"),
    blank("META-SET-003", "DAC_FORMAT_ID"),
    blank("META-SET-004", "FIRMWARE_VERSION"),
    blank("META-SET-005", "FLOAT_SERIAL_NO"),
    blank("META-SET-006", "MANUAL_VERSION"),
    blank("META-SET-007", "PI_NAME"),
    blank("META-SET-008", "PTT"),
    blank("META-SET-009", "STANDARD_FORMAT_ID"),
    meta("META-PI-001", text("PI_NAME", "Birgit KLEIN, Nobody"), "PI_NAME", good=text("PI_NAME", "Birgit KLEIN")),
    meta("META-PI-002", text("PI_NAME", "Birgit KLEIN"), "PI_NAME", old=("R40", "Birgit KLEIN")),
]
PLATFORM = [
    meta("META-VAL-001", text("DATA_CENTRE", "XX"), "DATA_CENTRE"),
    meta("META-VAL-001", text("DATA_CENTRE", "F"), "DATA_CENTRE", quirk=True),
    meta("META-VAL-002", number("LAUNCH_LATITUDE", 99999.0), "LAUNCH_LATITUDE"),
    meta("META-VAL-003", number("LAUNCH_LONGITUDE", -180.1), "LAUNCH_LONGITUDE", good=number("LAUNCH_LONGITUDE", 180)),
    meta("META-VAL-004", text("LAUNCH_QC", " "), "LAUNCH_QC"),
    meta("META-VAL-005", text("LAUNCH_QC", "1"), "LAUNCH_QC", old=("RD2", "1")),
    meta("META-VAL-006", text("PLATFORM_FAMILY", "BOAT"), "PLATFORM_FAMILY"),
    meta("META-VAL-007", text("PLATFORM_FAMILY", "FLOAT"), "PLATFORM_FAMILY", old=("R22", "FLOAT")),
    meta("META-VAL-008", text("PLATFORM_NUMBER", "6880001"), "PLATFORM_NUMBER"),
    meta("META-VAL-009", text("PLATFORM_MAKER", "Nke"), "PLATFORM_MAKER"),
    meta("META-VAL-010", text("PLATFORM_MAKER", "NKE"), "PLATFORM_MAKER", old=("R24", "NKE")),
    meta("META-VAL-011", text("PLATFORM_TYPE", "PROVOR3"), "PLATFORM_TYPE"),
    meta("META-VAL-012", text("PLATFORM_TYPE", "PROVOR_III"), "PLATFORM_TYPE", old=("R23", "PROVOR_III")),
    meta("META-XRF-001", text("PLATFORM_MAKER", "TWR"), "PLATFORM_TYPE", good=text("PLATFORM_TYPE", "FLOAT")),
    meta("META-VAL-013", text("START_DATE_QC", "7"), "START_DATE_QC"),
    meta("META-VAL-014", text("START_DATE_QC", "1"), "START_DATE_QC", old=("RD2", "1")),
    meta("META-VAL-015", text("WMO_INST_TYPE", ""), "WMO_INST_TYPE"),
    meta("META-VAL-016", text("WMO_INST_TYPE", "0836"), "WMO_INST_TYPE"),
    meta("META-VAL-017", text("WMO_INST_TYPE", "836"), "WMO_INST_TYPE", old=("R08", "836")),
    meta("META-XRF-002", text("WMO_INST_TYPE", "846"), "PLATFORM_TYPE", good=text("PLATFORM_TYPE", "FLOAT")),
]
PARAMETERS = [
    meta("META-PRM-001", text("PARAMETER", "TEMP2", 1), "PARAMETER[2]", good=text("PARAMETER", "TEMP_2", 1)),
    meta("META-PRM-001", lambda file: file.dim("N_PARAM", 0), "PARAMETER"),
    meta("META-PRM-002", text("PARAMETER", "PRES", 2), "PARAMETER[3]"),
    blank("META-PRM-003", "PARAMETER_UNITS", 2, where="PARAMETER_UNITS[3]"),
    meta("META-PRM-004", nul("PARAMETER_SENSOR", 0), "PARAMETER_SENSOR[1]"),
    meta("META-PRM-004", text("PARAMETER_SENSOR", "", 0), "PARAMETER_SENSOR[1]", quirk=True),
    blank("META-PRM-005", "PREDEPLOYMENT_CALIB_COEFFICIENT", 0),
    blank("META-PRM-006", "PREDEPLOYMENT_CALIB_EQUATION", 0),
]
SENSORS = [
    meta("META-SEN-001", text("SENSOR", "CTD", 0), "SENSOR[1]", good=text("SENSOR", "CTD_PRES_12", 0)),
    meta("META-SEN-002", text("SENSOR", "CTD_PRES_2", 0), "SENSOR[1]", old=("R25", "CTD_PRES")),
    meta("META-SEN-003", text("SENSOR_MAKER", "", 1), "SENSOR_MAKER[2]"),
    meta("META-SEN-004", text("SENSOR_MAKER", "DRUCK", 0), "SENSOR_MAKER[1]", old=("R26", "DRUCK")),
    meta("META-SEN-005", text("SENSOR_MODEL", "DRUCK 2900PSIA", 0), "SENSOR_MODEL[1]"),
    meta("META-SEN-006", text("SENSOR_MODEL", "ECO_BB", 0), "SENSOR_MODEL[1]"),
    meta("META-XRF-003", text("SENSOR_MAKER", "SBE", 0), "SENSOR_MODEL[1]", good=text("SENSOR_MODEL", "UNKNOWN", 0)),
    meta("META-XRF-004", text("SENSOR", "OPTODE_DOXY", 0), "SENSOR_MODEL[1]", good=text("SENSOR", "CTD_PRES_2", 0)),
    meta("META-SEN-007", text("SENSOR", "CTD_PRES", 1), "SENSOR[2]", good=text("SENSOR", "CTD_PRES_2", 1)),
]
SYSTEMS = [
    meta("META-POS-001", text("POSITIONING_SYSTEM", "Gps", 0), "POSITIONING_SYSTEM[1]"),
    meta("META-POS-002", text("POSITIONING_SYSTEM", "GPS", 0), "POSITIONING_SYSTEM[1]", old=("R09", "GPS")),
    meta("META-TRS-001", text("TRANS_SYSTEM", "RADIO", 0), "TRANS_SYSTEM[1]"),
    meta("META-TRS-002", text("TRANS_SYSTEM", "IRIDIUM", 0), "TRANS_SYSTEM[1]", old=("R10", "IRIDIUM")),
    blank("META-TRS-003", "TRANS_SYSTEM_ID", 0, where="TRANS_SYSTEM_ID[1]"),
]


def program(name):
    return lambda file: file.add("PROGRAM_NAME", "char", ["STRING64"], PROGRAM_ATTRS).text("PROGRAM_NAME", name)


PROGRAM_ATTRS = {"long_name": "Name of the program", "_FillValue": " "}
SYSTEMS += [
    meta("META-PGM-001", program("Nobody's"), "PROGRAM_NAME", good=program("Argo AOML-NOAA")),
    meta("META-PGM-002", program("Argo AOML-NOAA"), "PROGRAM_NAME", old=("R41", "Argo AOML-NOAA")),
]


def config(name):
    return text("CONFIG_PARAMETER_NAME", name, 0)


CONFIG = "CONFIG_PARAMETER_NAME[1]"
CONFIGURATION = [
    meta("META-MIS-001", number("CONFIG_MISSION_NUMBER", 99999), "CONFIG_MISSION_NUMBER[1]"),
    meta("META-CFG-001", config("_hours"), CONFIG, good=config("CONFIG_CycleTime_hours")),
    meta("META-CFG-001", config(""), CONFIG),
    meta("META-CFG-002", config("CONFIG_Colour_COUNT"), CONFIG),
    meta("META-CFG-003", config("CONFIG_DownTimeAutumnWinter_hours"), CONFIG),
    meta(
        "META-CFG-004",
        config("CONFIG_PumpDepthZone9DepthZone10PressureThreshold_dbar"),
        CONFIG,
        good=config("CONFIG_CtdDepthZone1DepthZone2PressureThreshold_dbar"),
    ),
    meta("META-CFG-006", config("CONFIG_CycleTime_hour"), CONFIG),
    meta("META-CFG-006", text("LAUNCH_CONFIG_PARAMETER_NAME", "CONFIG_CycleTime_hour", 0), "LAUNCH_CONFIG"),
]
BATTERIES = [
    blank("META-BAT-001", "BATTERY_TYPE"),
    meta("META-BAT-002", text("BATTERY_TYPE", "Lithium 14 V"), "BATTERY_TYPE"),
    meta(
        "META-BAT-003",
        text("BATTERY_TYPE", "Nobody Lithium 14 V"),
        "BATTERY_TYPE",
        good=text("BATTERY_TYPE", "ELECTROCHEM Lithium 14.4 V"),
    ),
    meta(
        "META-BAT-004",
        text("BATTERY_TYPE", "SAFT Lithium 14 V"),
        "BATTERY_TYPE",
        good=text("BATTERY_TYPE", "SAFT Lithium 14 V"),
        old=("R33", "SAFT"),
    ),
    meta("META-BAT-005", text("BATTERY_TYPE", "SAFT Li 14 V"), "BATTERY_TYPE"),
    meta("META-BAT-006", text("BATTERY_TYPE", "SAFT Lithium 14 V"), "BATTERY_TYPE", old=("R34", "Lithium")),
    meta("META-BAT-007", text("BATTERY_PACKS", "DD Li"), "BATTERY_PACKS", good=text("BATTERY_PACKS", "U")),
    meta("META-BAT-008", text("BATTERY_PACKS", "4AA Li"), "BATTERY_PACKS"),
    meta("META-BAT-009", text("BATTERY_PACKS", "4DD Li"), "BATTERY_PACKS", old=("R35", "DD")),
    meta("META-BAT-010", text("BATTERY_PACKS", "4DD Lithium"), "BATTERY_PACKS"),
    meta("META-BAT-011", text("BATTERY_PACKS", "4DD Li"), "BATTERY_PACKS", old=("R34", "Lithium")),
    meta("META-BAT-012", text("BATTERY_PACKS", "4DD Li + 1C Alk"), "BATTERY_PACKS", good=text("BATTERY_PACKS", "")),
    meta("META-BAT-013", text("BATTERY_PACKS", "4DD Alk"), "BATTERY_PACKS"),
]


def old(rule, bad, where, **more):
    return Case(rule, "meta-2.2", bad, where, options=OLD_VERSION, **more)


def filled(name):
    return number(name, 1000.0)


VERSION_2 = [
    old("META-V2-001", text("DATA_CENTRE", "XX"), "DATA_CENTRE"),
    old("META-V2-002", text("PLATFORM_NUMBER", "1"), "PLATFORM_NUMBER"),
    old("META-V2-003", text("DIRECTION", "X"), "DIRECTION"),
    old("META-V2-004", number("LAUNCH_LATITUDE", 91.0), "LAUNCH_LATITUDE"),
    old("META-V2-005", number("LAUNCH_LONGITUDE", 181.0), "LAUNCH_LONGITUDE"),
    old("META-V2-006", text("LAUNCH_DATE", ""), "LAUNCH_DATE"),
    old("META-V2-007", text("LAUNCH_QC", "x"), "LAUNCH_QC"),
    old("META-V2-008", text("PLATFORM_MODEL", ""), "PLATFORM_MODEL"),
    old("META-V2-009", text("POSITIONING_SYSTEM", "RADAR"), "POSITIONING_SYSTEM"),
    old("META-V2-010", text("PTT", ""), "PTT"),
    old("META-V2-011", text("START_DATE", ""), "START_DATE"),
    old("META-V2-012", text("START_DATE_QC", "x"), "START_DATE_QC"),
    old("META-V2-013", text("TRANS_SYSTEM", "RADIO"), "TRANS_SYSTEM"),
    old("META-V2-014", text("TRANS_SYSTEM_ID", ""), "TRANS_SYSTEM_ID"),
    old("META-V2-015", text("PARAMETER", "COLOUR", 0), "PARAMETER[1]"),
    old("META-V2-016", number("CYCLE_TIME", 0, 0), "CYCLE_TIME[1]", good=filled("CYCLE_TIME")),
    old("META-V2-017", number("PARKING_PRESSURE", -1, 0), "PARKING_PRESSURE[1]", good=filled("PARKING_PRESSURE")),
    old("META-V2-018", number("DEEPEST_PRESSURE", 99999, 0), "DEEPEST_PRESSURE[1]", good=filled("DEEPEST_PRESSURE")),
]

CASES = [
    *(*DATES, *MANDATORY, *PLATFORM, *PARAMETERS, *SENSORS),
    *(*SYSTEMS, *CONFIGURATION, *BATTERIES, *VERSION_2),
]
test_cases = checks(CASES)
#: Rules that no file can break with the tables and specification of today.
TESTED = ("META-CFG-005", "META-CFG-007")


def said_with(tables, spec=None):
    """Findings on a sample whose first configuration name fits a template, with other tables or specification."""
    file = sample("meta")
    file.text("CONFIG_PARAMETER_NAME", "CONFIG_CtdDepthZone1DepthZone2PressureThreshold_dbar", 0)
    with open_dataset(file.encode()) as dataset:
        used = spec or load_specification(FileType.METADATA, "3.1", tables)
        ctx = Context(dataset, used, tables, Content(FileType.METADATA), "3.1", "3.1", None, file.name, file.received)
        return [(id_, str(fault.place)) for id_ in TESTED for fault in rule_called(id_).check(ctx)]


def test_a_template_without_a_list():
    _, facts, rows = snapshot.read(SHIPPED)
    assert said_with(Tables(facts, rows, "sha256:same", "same")) == []
    for row in rows:
        if row[0] == "R18" and "<short_sensor_name>DepthZone<N>" in row[2]:
            del row[5]["values"]["short_sensor_name"]
    assert said_with(Tables(facts, rows, "sha256:changed", "changed")) == [("META-CFG-005", CONFIG)]


def test_a_deprecated_unit():
    tables = load_tables()
    spec = copy.copy(load_specification(FileType.METADATA, "3.1", tables))
    spec.units, spec.deprecated_units = {"hours": "float"}, {"dbar": "float"}
    assert said_with(tables, spec) == [("META-CFG-007", "LAUNCH_CONFIG_PARAMETER_NAME[2]")]
