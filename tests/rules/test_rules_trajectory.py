"""TRJ: rules of trajectory files."""

import copy

import numpy as np

from gdac.check.context import Context
from gdac.check.dataset import open_dataset
from gdac.check.plan import rule_called
from gdac.check.rules.trajectory.cycles import agree
from gdac.spec import FileType
from gdac.spec import load as load_specification
from tests.rules.cases import Case, checks, tables
from tests.rules.samples import sample

PARAMETERS = "TRAJECTORY_PARAMETERS"
UPDATED = "20260423013700"


def text(name, value, *index):
    return lambda file: file.text(name, value, *index)


def number(name, value, *index):
    return lambda file: file.set(name, value, *index)


def char(name, value, *index):
    """One character of a flag or mode."""
    return lambda file: file[name].__setitem__(index or ..., value.encode())


def both(*changes):
    def change(file):
        for each in changes:
            each(file)

    return change


def traj(rule, bad, where, **more):
    return Case(rule, "traj", bad, where, **more)


IDENTITY = [
    traj("TRJ-META-001", text("PLATFORM_NUMBER", "698000"), "PLATFORM_NUMBER"),
    traj("TRJ-META-002", text("DATA_CENTRE", "ZZ"), "DATA_CENTRE"),
    traj("TRJ-META-002", text("DATA_CENTRE", "I"), "DATA_CENTRE", quirk=True),
    traj("TRJ-META-003", text("DATA_STATE_INDICATOR", ""), "DATA_STATE_INDICATOR"),
    traj("TRJ-META-004", text("DATA_STATE_INDICATOR", "2B"), "DATA_STATE_INDICATOR", old=("R06", "2B")),
    traj("TRJ-META-005", text("FIRMWARE_VERSION", ""), "FIRMWARE_VERSION"),
    traj("TRJ-META-006", text("FLOAT_SERIAL_NO", ""), "FLOAT_SERIAL_NO"),
    traj("TRJ-META-007", text("PLATFORM_TYPE", "Provor"), "PLATFORM_TYPE"),
    traj("TRJ-META-008", text("PLATFORM_TYPE", "PROVOR_III"), "PLATFORM_TYPE", old=("R23", "PROVOR_III")),
    traj("TRJ-META-009", text("POSITIONING_SYSTEM", "DORIS"), "POSITIONING_SYSTEM"),
    traj("TRJ-META-010", text("POSITIONING_SYSTEM", "GPS"), "POSITIONING_SYSTEM", old=("R09", "GPS")),
    traj("TRJ-META-011", text("WMO_INST_TYPE", ""), "WMO_INST_TYPE"),
    traj("TRJ-META-012", text("WMO_INST_TYPE", "8a6"), "WMO_INST_TYPE"),
    traj("TRJ-META-013", text("WMO_INST_TYPE", "99"), "WMO_INST_TYPE"),
    traj("TRJ-META-014", text("WMO_INST_TYPE", "836"), "WMO_INST_TYPE", old=("R08", "836")),
    traj("TRJ-DATE-001", text("REFERENCE_DATE_TIME", "19700101000000"), "REFERENCE_DATE_TIME"),
    traj("TRJ-HIST-001", text("HISTORY_DATE", "2026", 0), "HISTORY_DATE[1]", good=text("HISTORY_DATE", "", 0)),
    traj(
        "TRJ-HIST-002",
        text("HISTORY_DATE", "20260424013701", 0),
        "HISTORY_DATE[1]",
        good=text("HISTORY_DATE", "20260424013700", 0),
    ),
]


def unlisted(file):
    """PSAL stays in the file with its data, and is no longer listed."""
    file.text(PARAMETERS, "", 2)


def without_variable(file):
    file.no_variable(*(name for name in list(file.variables) if name.startswith("PSAL")))


def short_parameter(file):
    """A counter of type short, in the file and not listed."""
    attrs = {"long_name": "Number of samples", "_FillValue": np.int16(-32767)}
    file.add("NB_SAMPLE_CTD", "short", ["N_MEASUREMENT"], attrs)


LISTS = [
    traj("TRJ-PRM-001", text(PARAMETERS, "SALT", 2), f"{PARAMETERS}[3]"),
    traj("TRJ-PRM-002", text(PARAMETERS, "PRES", 2), f"{PARAMETERS}[3]"),
    traj("TRJ-PRM-003", text(PARAMETERS, "PSAL", 2), f"{PARAMETERS}[3]", old=("R03", "PSAL")),
    traj("TRJ-PRM-004", both(without_variable, text(PARAMETERS, "", 0)), f"{PARAMETERS}[1]"),
    traj("TRJ-PRM-005", without_variable, f"{PARAMETERS}[3]"),
    traj(
        "TRJ-PRM-006",
        unlisted,
        PARAMETERS,
        good=both(unlisted, number("PSAL", 99999.0)),
    ),
    traj("TRJ-PRM-007", without_variable, f"{PARAMETERS}[3]"),
]
INDEX, NUMBER = "CYCLE_NUMBER_INDEX", "CYCLE_NUMBER"
DELAYED = char("DATA_MODE", "D", 2)
CYCLES = [
    traj("TRJ-MODE-001", char("DATA_MODE", "B", 1), "DATA_MODE[2]"),
    traj("TRJ-CYC-001", number(INDEX, -2, 1), f"{INDEX}[2]"),
    traj("TRJ-CYC-002", number(f"{INDEX}_ADJUSTED", -2, 1), f"{INDEX}_ADJUSTED[2]"),
    traj("TRJ-CYC-003", number(INDEX, 99999, 1), f"{INDEX}[2]"),
    traj("TRJ-CYC-004", number(f"{INDEX}_ADJUSTED", 2, 1), f"{INDEX}_ADJUSTED[2]"),
    traj("TRJ-CYC-005", DELAYED, f"{INDEX}_ADJUSTED[3]", good=both(DELAYED, number(f"{INDEX}_ADJUSTED", 3, 2))),
    traj("TRJ-CYC-006", number(INDEX, 1, 1), f"{INDEX}[2]"),
    traj("TRJ-CYC-007", number(NUMBER, -2, 4), f"{NUMBER}[5]"),
    traj("TRJ-CYC-008", number(NUMBER, -1, 4), f"{NUMBER}[5]"),
    traj("TRJ-CYC-009", number(f"{NUMBER}_ADJUSTED", -2, 4), f"{NUMBER}_ADJUSTED[5]"),
    traj("TRJ-CYC-010", number(f"{NUMBER}_ADJUSTED", -1, 4), f"{NUMBER}_ADJUSTED[5]"),
    traj("TRJ-CYC-011", number(NUMBER, 99999, 4), f"{NUMBER}[5]"),
    traj("TRJ-CYC-012", number(f"{NUMBER}_ADJUSTED", -1, 0), f"{NUMBER}_ADJUSTED[1]"),
    traj(
        "TRJ-CYC-012",
        both(DELAYED, number(f"{NUMBER}_ADJUSTED", 1, 4)),
        f"{NUMBER}_ADJUSTED[5]",
        good=both(DELAYED, number(f"{NUMBER}_ADJUSTED", -1, 0)),
    ),
    traj("TRJ-CYC-013", DELAYED, f"{NUMBER}_ADJUSTED["),
    traj("TRJ-CYC-014", number(NUMBER, 77, 4), f"{NUMBER}[5]"),
    traj("TRJ-CYC-015", number(INDEX, 77, 1), f"{INDEX}[2]"),
    traj("TRJ-CYC-900", number(NUMBER, 77, 4), NUMBER),
]
MEASUREMENTS = [
    traj("TRJ-MC-001", number("MEASUREMENT_CODE", 926, 4), "MEASUREMENT_CODE[5]"),
    traj("TRJ-MC-001", number("MEASUREMENT_CODE", 301 + 32, 4), "MEASUREMENT_CODE[5]"),
    traj("TRJ-MC-002", number("MEASUREMENT_CODE", 290, 4), "MEASUREMENT_CODE[5]", old=("R15", "290")),
    traj("TRJ-JLD-001", char("JULD_QC", "7", 1), "JULD_QC[2]"),
    traj("TRJ-JLD-002", char("JULD_QC", "1", 1), "JULD_QC[", old=("RD2", "1")),
    traj("TRJ-JLD-003", char("JULD_STATUS", "x", 1), "JULD_STATUS[2]"),
    traj("TRJ-JLD-004", char("JULD_STATUS", "2", 1), "JULD_STATUS[", old=("R19", "2")),
    traj("TRJ-JLD-005", char("JULD_STATUS", " ", 1), "JULD_QC[2]"),
    traj("TRJ-JLD-005", char("JULD_STATUS", "9", 1), "JULD_QC[2]"),
    traj("TRJ-JLD-006", number("JULD", 999999.0, 1), "JULD[2]"),
    traj("TRJ-JLD-007", char("JULD_QC", "9", 1), "JULD[2]"),
    traj("TRJ-JLD-008", number("JULD", 17166.9, 1), "JULD[2]", good=number("JULD", 17167.0, 1)),
    traj("TRJ-JLD-009", number("JULD", 30000.0, 1), "JULD[2]"),
    traj("TRJ-JLD-900", text("DATE_UPDATE", "20260431013700"), "DATE_UPDATE"),
]


def adjusted_time(value=27791.2, qc="1", status="2", mode="A"):
    return both(
        number("JULD_ADJUSTED", value, 1),
        char("JULD_ADJUSTED_QC", qc, 1),
        char("JULD_ADJUSTED_STATUS", status, 1),
        char("JULD_DATA_MODE", mode, 1),
    )


RIGHT_TIME = adjusted_time()
ADJUSTED_TIMES = [
    traj("TRJ-JLA-001", adjusted_time(qc="7"), "JULD_ADJUSTED_QC[2]", good=RIGHT_TIME),
    traj("TRJ-JLA-002", adjusted_time(qc="2"), "JULD_ADJUSTED_QC[2]", good=RIGHT_TIME, old=("RD2", "2")),
    traj("TRJ-JLA-003", adjusted_time(status="x"), "JULD_ADJUSTED_STATUS[2]", good=RIGHT_TIME),
    traj("TRJ-JLA-004", RIGHT_TIME, "JULD_ADJUSTED_STATUS[2]", good=RIGHT_TIME, old=("R19", "2")),
    traj("TRJ-JLA-005", adjusted_time(status=" "), "JULD_ADJUSTED_QC[2]", good=RIGHT_TIME),
    traj("TRJ-JLA-006", adjusted_time(value=999999.0), "JULD_ADJUSTED[2]", good=RIGHT_TIME),
    traj("TRJ-JLA-007", adjusted_time(qc=" "), "JULD_ADJUSTED[2]", good=RIGHT_TIME),
    traj("TRJ-JLA-008", adjusted_time(value=1.0), "JULD_ADJUSTED[2]", good=RIGHT_TIME),
    traj("TRJ-JLA-009", adjusted_time(value=40000.0), "JULD_ADJUSTED[2]", good=RIGHT_TIME),
    traj("TRJ-JLA-010", adjusted_time(mode="R"), "JULD_ADJUSTED[2]", good=RIGHT_TIME),
]
EVENTS = [
    traj("TRJ-NCJ-001", number("JULD_DESCENT_START", 27791.3, 0), "JULD_DESCENT_START[1]"),
    traj("TRJ-NCJ-001", number("JULD_LAST_LOCATION", 27800.9, 0), "JULD_LAST_LOCATION[1]"),
    traj("TRJ-NCJ-002", char("JULD_DESCENT_START_STATUS", "3", 0), "JULD_DESCENT_START_STATUS[1]"),
    traj("TRJ-NCJ-003", number("JULD_DEEP_PARK_START", 27800.0, 2), "JULD_DEEP_PARK_START[3]"),
    traj(
        "TRJ-NCJ-004",
        char("JULD_DEEP_PARK_START_STATUS", "2", 2),
        "JULD_DEEP_PARK_START_STATUS[3]",
        good=char("JULD_DEEP_PARK_START_STATUS", "9", 2),
    ),
]
POSITIONS = [
    traj("TRJ-POS-001", char("POSITION_QC", "x", 0), "POSITION_QC[1]"),
    traj("TRJ-POS-002", char("POSITION_QC", "2", 0), "POSITION_QC[1]", old=("RD2", "2")),
    traj("TRJ-POS-003", char("POSITION_ACCURACY", "x", 0), "POSITION_ACCURACY[1]"),
    traj("TRJ-POS-004", char("POSITION_ACCURACY", "G", 0), "POSITION_ACCURACY[1]", old=("R05", "G")),
    traj("TRJ-POS-005", number("LONGITUDE", 99999.0, 0), "LATITUDE[1]"),
    traj("TRJ-POS-006", char("POSITION_QC", " ", 0), "LATITUDE[1]"),
]
LEVELS = [
    traj("TRJ-PAR-001", number("TEMP", float("nan"), 4), "TEMP[5]"),
    traj("TRJ-PAR-002", number("TEMP", float("inf"), 4), "TEMP[5]"),
    traj("TRJ-PAR-003", char("TEMP_QC", "7", 4), "TEMP_QC[5]"),
    traj("TRJ-PAR-004", char("TEMP_QC", "2", 4), "TEMP_QC[5]", old=("RD2", "2")),
    traj("TRJ-PAR-005", char("TEMP_QC", "1", 0), "TEMP_QC[1]", good=char("TEMP_QC", "9", 0)),
    traj("TRJ-PAR-006", char("TEMP_QC", " ", 4), "TEMP_QC[5]"),
    traj("TRJ-PAR-900", char("TEMP_QC", " ", 4), "TEMP"),
]


def adjusted(value=5.5, qc="1", error=0.1, mode="D", *, raw=5.507, raw_qc="1"):
    """TEMP of the fifth measurement in a mode of its own."""
    return both(
        number("TEMP", raw, 4),
        char("TEMP_QC", raw_qc, 4),
        number("TEMP_ADJUSTED", value, 4),
        char("TEMP_ADJUSTED_QC", qc, 4),
        number("TEMP_ADJUSTED_ERROR", error, 4),
        char("TRAJECTORY_PARAMETER_DATA_MODE", mode, 4, 1),
    )


FILL = 99999.0
NAN, INFINITE = float("nan"), float("inf")
MISSING = {"raw": FILL, "raw_qc": "9", "qc": "9", "error": FILL, "value": FILL}


def compared(rule, end, bad, good=None, **more):
    return traj(rule, bad, f"TEMP_ADJUSTED{end}[5]", good=good or adjusted(), **more)


UNMEASURED = adjusted(**MISSING)
ADJUSTED = [
    compared("TRJ-ADJ-001", "", adjusted(value=NAN)),
    compared("TRJ-ADJ-002", "", adjusted(value=INFINITE)),
    compared("TRJ-ADJ-003", "_ERROR", adjusted(error=NAN)),
    compared("TRJ-ADJ-004", "_ERROR", adjusted(error=INFINITE)),
    compared("TRJ-ADJ-005", "", adjusted(mode="R")),
    compared("TRJ-ADJ-006", "_QC", adjusted(mode="R")),
    compared("TRJ-ADJ-007", "_ERROR", adjusted(mode="R")),
    compared("TRJ-ADJ-008", "_QC", adjusted(qc="7")),
    compared("TRJ-ADJ-009", "_QC", adjusted(qc="2"), old=("RD2", "2")),
    compared("TRJ-ADJ-010", "_QC", adjusted(qc=" ")),
    compared("TRJ-ADJ-011", "", adjusted(**MISSING | {"raw_qc": " ", "qc": " ", "value": 5.5})),
    compared("TRJ-ADJ-012", "", adjusted(**MISSING | {"value": 5.5}), UNMEASURED),
    compared("TRJ-ADJ-013", "_QC", adjusted(**MISSING | {"qc": "1"}), UNMEASURED),
    compared("TRJ-ADJ-014", "_ERROR", adjusted(**MISSING | {"error": 0.1}), UNMEASURED),
    compared("TRJ-ADJ-015", "", adjusted(value=FILL, error=FILL), adjusted(value=FILL, error=FILL, qc="4")),
    compared("TRJ-ADJ-016", "_ERROR", adjusted(value=FILL, qc="4"), adjusted(value=FILL, error=FILL, qc="4")),
    compared("TRJ-ADJ-017", "", adjusted(qc="4"), adjusted(qc="4", mode="A")),
    compared("TRJ-ADJ-018", "_ERROR", adjusted(error=FILL), adjusted(error=FILL, mode="A")),
]
MISSIONS = [
    traj("TRJ-CYV-001", char("GROUNDED", " ", 2), "GROUNDED[3]"),
    traj("TRJ-CYV-002", char("GROUNDED", "Y", 2), "GROUNDED[3]", old=("R20", "Y")),
    traj(
        "TRJ-CYV-003",
        number("CONFIG_MISSION_NUMBER", 0, 2),
        "CONFIG_MISSION_NUMBER[3]",
        good=number("CONFIG_MISSION_NUMBER", 0, 0),
    ),
]


def third_cycle_in_delayed_mode(file):
    """The third cycle is in delayed mode, with its numbers adjusted."""
    DELAYED(file)
    file.set("CYCLE_NUMBER_INDEX_ADJUSTED", 3, 2)
    file["CYCLE_NUMBER_ADJUSTED"][file["CYCLE_NUMBER"] == 3] = 3
    file.name = file.name.replace("Rtraj", "Dtraj")


MISSIONS.append(
    traj(
        "TRJ-CYV-004",
        both(third_cycle_in_delayed_mode, number("CONFIG_MISSION_NUMBER", 99999, 2)),
        "CONFIG_MISSION_NUMBER[3]",
        good=third_cycle_in_delayed_mode,
    )
)
CASES = [
    *(*IDENTITY, *LISTS, *CYCLES, *MEASUREMENTS, *ADJUSTED_TIMES),
    *(*EVENTS, *POSITIONS, *LEVELS, *ADJUSTED, *MISSIONS),
]
test_cases = checks(CASES)
#: Rules that need more than one change of a sample.
TESTED = ("TRJ-PRM-008", "TRJ-NCJ-005")


def asked(rule, file, cycles_agree=None):
    """Places of the faults of one rule on a core trajectory 3.2."""
    spec = copy.copy(load_specification(FileType.TRAJECTORY, "3.2", tables()))
    with open_dataset(file.encode()) as dataset:
        ctx = Context(dataset, spec, tables(), FileType.TRAJECTORY, "3.2", "3.2", None, file.name, file.received)
        if cycles_agree is not None:
            ctx._derived[agree] = cycles_agree
        return [str(fault.place) for fault in rule_called(rule).check(ctx)]


def test_a_short_parameter_that_is_not_listed():
    file = sample("traj")
    assert asked("TRJ-PRM-008", file) == []
    short_parameter(file)
    assert asked("TRJ-PRM-008", file) == [PARAMETERS]


def test_an_event_of_a_cycle_that_is_not_listed():
    """The rules about cycle numbers find such a file first, so that this one is never reached otherwise."""
    file = sample("traj")
    assert asked("TRJ-NCJ-005", file) == []
    file.set("CYCLE_NUMBER", 77, 1)
    assert asked("TRJ-NCJ-005", file) == []
    assert asked("TRJ-NCJ-005", file, cycles_agree=True) == ["JULD_DESCENT_START"]
