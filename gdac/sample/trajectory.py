"""Values of trajectory files, format 3.2, real time: one row per event of every cycle.

Measurement codes are those of Argo reference table 15; the times along N_CYCLE repeat those along N_MEASUREMENT, as
the manual asks (``measurement code -> JULD_*`` variable).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from gdac.sample.days import FloatState
from gdac.sample.encode import Value, template
from gdac.sample.fleet import PERIOD, Float
from gdac.sample.layout import layout
from gdac.sample.ocean import water
from gdac.sample.profiles import julian, stamp

_LAUNCH, _PARK_SAMPLE, _POSITION = 0, 290, 703
_SAMPLES: Final = 18
_POSITIONS: Final = 3
#: Events of a cycle that are times: code, variable, hours relative to the end of the ascent.
_TIMES: Final = (
    (100, "JULD_DESCENT_START", -231.0),
    (200, "JULD_DESCENT_END", -224.0),
    (250, "JULD_PARK_START", -224.0),
    (300, "JULD_PARK_END", -16.0),
    (500, "JULD_ASCENT_START", -6.0),
    (600, "JULD_ASCENT_END", 0.0),
    (700, "JULD_TRANSMISSION_START", 0.3),
    (702, "JULD_FIRST_MESSAGE", 0.4),
    (704, "JULD_LAST_MESSAGE", 3.0),
    (800, "JULD_TRANSMISSION_END", 3.1),
)
_BY_FLOAT, _BY_SATELLITE = b"2", b"4"  # JULD_STATUS, reference table 19


@dataclass(frozen=True, slots=True)
class Event:
    """One row along N_MEASUREMENT.

    Attributes:
        cycle: its cycle; -1 for the launch.
        code: measurement code.
        when: its time, or None.
        status: JULD_STATUS.
        place: latitude and longitude in degrees, or None.
        sample: values of the parameters, or None.
    """

    cycle: int
    code: int
    when: datetime | None = None
    status: bytes = _BY_FLOAT
    place: tuple[float, float] | None = None
    sample: tuple[float, ...] | None = None


def events(each: Float, cycles: int) -> Iterator[Event]:
    """Everything that happened, in order."""
    yield Event(-1, _LAUNCH, each.launch.replace(microsecond=0), b"0", _launched(each))
    for cycle in range(1, cycles + 1):
        end = each.surfaced(cycle).replace(microsecond=0)
        # the first descent begins after the launch
        for code, _, hours in _TIMES[:3]:
            yield Event(cycle, code, end + _hours(hours))
        yield from _drift(each, cycle)
        for code, _, hours in _TIMES[3:8]:
            yield Event(cycle, code, end + _hours(hours))
        yield from _surface(each, cycle, end)
        for code, _, hours in _TIMES[8:]:
            yield Event(cycle, code, end + _hours(hours))


def places(each: Float, cycles: int) -> Iterator[tuple[float, float]]:
    """Latitude and longitude of every location of the file, in order."""
    yield _launched(each)
    for cycle in range(1, cycles + 1):
        yield from (row.place for row in _surface(each, cycle, each.launch) if row.place)


def _launched(each: Float) -> tuple[float, float]:
    return round(each.latitude, 3), round((each.longitude + 180.0) % 360.0 - 180.0, 3)


def _hours(hours: float) -> timedelta:
    return timedelta(seconds=round(hours * 3600))


def _drift(each: Float, cycle: int) -> Iterator[Event]:
    rng = np.random.default_rng((each.seed, each.number, cycle, 290))
    day = each.surfaced(cycle).timetuple().tm_yday
    latitude = each.position(cycle)[0]
    parked = water(rng, levels=100, latitude=latitude, day_of_year=day, measured=each.model.core)
    level = int(np.searchsorted(parked["PRES"], 1000.0))
    for number in range(_SAMPLES):
        sample = [round(float(parked[name][level]) + 0.001 * (number % 5), 3) for name in each.model.core]
        sample[0] = round(1000.0 + 4.0 * float(np.sin(number)), 1)
        yield Event(cycle, _PARK_SAMPLE, sample=tuple(sample))


def _surface(each: Float, cycle: int, end: datetime) -> Iterator[Event]:
    if not each.has_position(cycle):
        return
    latitude, longitude = each.position(cycle)
    for number in range(_POSITIONS):
        place = (round(latitude + 0.004 * number, 3), longitude)
        yield Event(cycle, _POSITION, end + _hours(0.5 + number * 0.8), _BY_SATELLITE, place)


def trajectory_file(state: FloatState) -> bytes:
    """The bytes of a float's trajectory file (``_Rtraj.nc``)."""
    each = state.float
    rows = list(events(each, state.cycles))
    lengths = {
        "N_PARAM": len(each.model.core),
        "N_MEASUREMENT": len(rows),
        "N_CYCLE": state.cycles,
        "N_HISTORY": 1,
        "N_CALIB_PARAM": 1,
        "N_CALIB_JULD": 1,
    }
    attributes = (("institution", each.dac.institution), ("history", "made by gdac sample: invented data"))
    filled = template("trajectory", each.model.core, tuple(lengths.items()), attributes)
    return filled.fill(
        {**_general(state), **_along_measurements(each, rows), **_samples(each, rows), **_along_cycles(state, rows)}
    )


def _general(state: FloatState) -> dict[str, Value]:
    each = state.float
    described = layout("trajectory", each.model.core)
    return {
        "DATA_TYPE": described.data_type,
        "FORMAT_VERSION": described.format_version,
        "HANDBOOK_VERSION": "1.2",
        "REFERENCE_DATE_TIME": "19500101000000",
        "DATE_CREATION": stamp(each.surfaced(1) + timedelta(hours=5)),
        "DATE_UPDATE": stamp(state.series),
        "PLATFORM_NUMBER": each.wmo,
        "PROJECT_NAME": "SAMPLE (invented data)",
        "PI_NAME": "Nobody SAMPLE",
        "TRAJECTORY_PARAMETERS": list(each.model.core),
        "DATA_CENTRE": each.dac.code,
        "DATA_STATE_INDICATOR": "2B",
        "PLATFORM_TYPE": each.model.platform_type,
        "FLOAT_SERIAL_NO": f"S{each.number:05d}",
        "FIRMWARE_VERSION": each.model.firmware,
        "WMO_INST_TYPE": each.model.instrument,
        "POSITIONING_SYSTEM": each.model.positioning,
        "HISTORY_INSTITUTION": [each.dac.code],
        "HISTORY_STEP": ["ARFM"],
        "HISTORY_SOFTWARE": ["SMPL"],
        "HISTORY_SOFTWARE_RELEASE": ["1.0"],
        "HISTORY_DATE": [stamp(state.series)],
    }


def _along_measurements(each: Float, rows: list[Event]) -> dict[str, Value]:
    accuracy = b"G" if each.model.positioning == "GPS" else b"2"
    return {
        "JULD": [julian(row.when) if row.when else 999999.0 for row in rows],
        "JULD_STATUS": [row.status if row.when else b" " for row in rows],
        "JULD_QC": [b"1" if row.when else b" " for row in rows],
        "JULD_DATA_MODE": b"R",
        "LATITUDE": [row.place[0] if row.place else 99999.0 for row in rows],
        "LONGITUDE": [row.place[1] if row.place else 99999.0 for row in rows],
        "POSITION_ACCURACY": [accuracy if row.code == _POSITION else b" " for row in rows],
        "POSITION_QC": [b"1" if row.place else b" " for row in rows],
        "CYCLE_NUMBER": [row.cycle for row in rows],
        "MEASUREMENT_CODE": [row.code for row in rows],
        "TRAJECTORY_PARAMETER_DATA_MODE": b"R",
    }


def _samples(each: Float, rows: list[Event]) -> dict[str, Value]:
    values: dict[str, Value] = {"SCIENTIFIC_CALIB_PARAMETER": [list(each.model.core)]}
    for number, name in enumerate(each.model.core):
        values[name] = [row.sample[number] if row.sample else 99999.0 for row in rows]
        values[f"{name}_QC"] = [b"1" if row.sample else b" " for row in rows]
    return values


def _along_cycles(state: FloatState, rows: list[Event]) -> dict[str, Value]:
    cycles = list(range(1, state.cycles + 1))
    values: dict[str, Any] = {
        "CYCLE_NUMBER_INDEX": cycles,
        "CONFIG_MISSION_NUMBER": 1,
        "DATA_MODE": b"R",
        "GROUNDED": b"N",
        "REPRESENTATIVE_PARK_PRESSURE": 1000.0,
        "REPRESENTATIVE_PARK_PRESSURE_STATUS": b"1",
    }
    names = {code: name for code, name, _ in _TIMES}
    for code, name in names.items():
        values[name] = [julian(row.when) for row in rows if row.code == code and row.when]
        values[f"{name}_STATUS"] = _BY_FLOAT
    located: dict[int, list[datetime | None]] = {}
    for row in rows:
        if row.code == _POSITION:
            located.setdefault(row.cycle, []).append(row.when)
    for name, pick in (("JULD_FIRST_LOCATION", 0), ("JULD_LAST_LOCATION", -1)):
        times = [located[cycle][pick] if cycle in located else None for cycle in cycles]
        values[name] = [julian(when) if when else 999999.0 for when in times]
        values[f"{name}_STATUS"] = [_BY_SATELLITE if when else b"9" for when in times]
    return values


#: A descent may not begin before the cycle does.
assert timedelta(hours=-_TIMES[0][2]) < PERIOD
