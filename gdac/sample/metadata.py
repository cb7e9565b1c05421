"""Values of metadata and technical files."""

from datetime import timedelta
from typing import Final

from gdac.sample.days import FloatState
from gdac.sample.encode import Value, template
from gdac.sample.fleet import Float
from gdac.sample.layout import layout, parameters
from gdac.sample.profiles import stamp

#: What was measured with: sensor, maker and model (Argo reference tables 25, 26 and 27), by parameter.
_SENSORS: Final = {
    "PRES": ("CTD_PRES", "DRUCK", "DRUCK_2900PSIA"),
    "TEMP": ("CTD_TEMP", "SBE", "SBE41CP"),
    "PSAL": ("CTD_CNDC", "SBE", "SBE41CP"),
    "DOXY": ("OPTODE_DOXY", "AANDERAA", "AANDERAA_OPTODE_4330"),
}
_ACCURACY: Final = {"PRES": "2.4", "TEMP": "0.002", "PSAL": "0.005", "DOXY": "8"}
#: Configuration at launch and of mission 1 (reference table 18).
_CONFIGURATION: Final = {
    "CONFIG_CycleTime_hours": 240.0,
    "CONFIG_ParkPressure_dbar": 1000.0,
    "CONFIG_ProfilePressure_dbar": 2000.0,
    "CONFIG_ParkTime_hours": 220.0,
    "CONFIG_AscentTime_hours": 6.0,
    "CONFIG_UpTime_hours": 12.0,
    "CONFIG_DownTime_hours": 228.0,
    "CONFIG_SurfaceTime_HH": 4.0,
    "CONFIG_MissionPreludeTime_hours": 3.0,
    "CONFIG_TransmissionRepetitionPeriod_seconds": 60.0,
}
#: What the float says of itself every cycle (reference table 14), and how the value goes with the cycle.
_TECHNICAL: Final = {
    "CLOCK_StartDescentToPark_hours": (6, 1),
    "NUMBER_ValveActionsAtSurfaceDuringDescent_COUNT": (30, 9),
    "CLOCK_InitialStabilizationDuringDescentToPark_hours": (7, 3),
    "NUMBER_ValveActionsDuringDescentToPark_COUNT": (0, 3),
    "NUMBER_PumpActionsDuringDescentToPark_COUNT": (0, 2),
    "CLOCK_EndDescentToPark_hours": (14, 4),
    "NUMBER_RepositionsDuringPark_COUNT": (0, 4),
    "NUMBER_PumpActionsDuringAscentToSurface_COUNT": (9, 5),
    "CLOCK_EndAscentToSurface_hours": (5, 2),
    "NUMBER_PumpActionsAtSurface_COUNT": (1, 1),
    "PRESSURE_InternalVacuumAtStartSurface_inHg": (24, 3),
    "NUMBER_AscentSamples_COUNT": (100, 20),
    "NUMBER_ParkSamples_COUNT": (18, 2),
}


def meta_file(state: FloatState) -> bytes:
    """The bytes of a float's metadata file."""
    each = state.float
    measured = tuple(dict.fromkeys((*each.model.core, *each.model.bio)))
    sensors = [name for name in measured if name in _SENSORS]
    lengths = {
        "N_PARAM": len(measured),
        "N_SENSOR": len(sensors),
        "N_CONFIG_PARAM": len(_CONFIGURATION),
        "N_LAUNCH_CONFIG_PARAM": len(_CONFIGURATION),
        "N_MISSIONS": 1,
        "N_POSITIONING_SYSTEM": 1,
        "N_TRANS_SYSTEM": 1,
    }
    filled = template("metadata", (), tuple(lengths.items()), _attributes(each))
    values = {**_general(each), **_deployment(each), **_sensors(sensors), **_parameters(measured)}
    dates = {"DATE_CREATION": stamp(each.launch + timedelta(hours=6)), "DATE_UPDATE": stamp(state.meta)}
    return filled.fill({**values, **dates})


def tech_file(state: FloatState) -> bytes:
    """The bytes of a float's technical file: the same entries for every cycle."""
    each = state.float
    cycles = range(1, state.cycles + 1)
    lengths = (("N_TECH_PARAM", len(cycles) * len(_TECHNICAL)),)
    described = layout("technical")
    return template("technical", (), lengths, _attributes(each)).fill(
        {
            "PLATFORM_NUMBER": each.wmo,
            "DATA_TYPE": described.data_type,
            "FORMAT_VERSION": described.format_version,
            "HANDBOOK_VERSION": "1.2",
            "DATA_CENTRE": each.dac.code,
            "DATE_CREATION": stamp(each.surfaced(1) + timedelta(hours=5)),
            "DATE_UPDATE": stamp(state.series),
            "TECHNICAL_PARAMETER_NAME": list(_TECHNICAL) * len(cycles),
            "TECHNICAL_PARAMETER_VALUE": [
                str(least + (cycle * 7 + number + each.number) % span)
                for cycle in cycles
                for number, (least, span) in enumerate(_TECHNICAL.values())
            ],
            "CYCLE_NUMBER": [cycle for cycle in cycles for _ in _TECHNICAL],
        }
    )


def _attributes(each: Float) -> tuple[tuple[str, str], ...]:
    return (("institution", each.dac.institution), ("history", "made by gdac sample: invented data"))


def _general(each: Float) -> dict[str, Value]:
    described = layout("metadata")
    board = f"B{each.number:05d}"
    return {
        "DATA_TYPE": described.data_type,
        "FORMAT_VERSION": described.format_version,
        "HANDBOOK_VERSION": "1.2",
        "PLATFORM_NUMBER": each.wmo,
        "PTT": f"{each.number:06d}",
        "TRANS_SYSTEM": [each.model.transmission],
        "TRANS_SYSTEM_ID": ["n/a"],
        "POSITIONING_SYSTEM": [each.model.positioning],
        "PLATFORM_FAMILY": "FLOAT",
        "PLATFORM_TYPE": each.model.platform_type,
        "PLATFORM_MAKER": each.model.maker,
        "FIRMWARE_VERSION": each.model.firmware,
        "MANUAL_VERSION": "n/a",
        "FLOAT_SERIAL_NO": f"S{each.number:05d}",
        "STANDARD_FORMAT_ID": "n/a",
        "DAC_FORMAT_ID": "1.0",
        "WMO_INST_TYPE": each.model.instrument,
        "PROJECT_NAME": "SAMPLE (invented data)",
        "DATA_CENTRE": each.dac.code,
        "PI_NAME": "Nobody SAMPLE",
        "BATTERY_TYPE": "ELECTROCHEM Lithium 14 V",
        "BATTERY_PACKS": "4DD Li",
        "CONTROLLER_BOARD_TYPE_PRIMARY": "n/a",
        "CONTROLLER_BOARD_SERIAL_NO_PRIMARY": board,
        "FLOAT_OWNER": each.dac.institution,
        "OPERATING_INSTITUTION": each.dac.institution,
    }


def _deployment(each: Float) -> dict[str, Value]:
    names, numbers = list(_CONFIGURATION), list(_CONFIGURATION.values())
    return {
        "LAUNCH_DATE": stamp(each.launch),
        "LAUNCH_LATITUDE": round(each.latitude, 3),
        "LAUNCH_LONGITUDE": round((each.longitude + 180.0) % 360.0 - 180.0, 3),
        "LAUNCH_QC": b"1",
        "START_DATE": stamp(each.launch + timedelta(hours=3)),
        "START_DATE_QC": b"1",
        "DEPLOYMENT_PLATFORM": "none: invented",
        "LAUNCH_CONFIG_PARAMETER_NAME": names,
        "LAUNCH_CONFIG_PARAMETER_VALUE": numbers,
        "CONFIG_PARAMETER_NAME": names,
        "CONFIG_PARAMETER_VALUE": [numbers],
        "CONFIG_MISSION_NUMBER": 1,
    }


def _sensors(measured: list[str]) -> dict[str, Value]:
    names, makers, models = zip(*(_SENSORS[name] for name in measured), strict=True)
    return {
        "SENSOR": list(names),
        "SENSOR_MAKER": list(makers),
        "SENSOR_MODEL": list(models),
        "SENSOR_SERIAL_NO": [f"{number + 1:04d}" for number in range(len(names))],
    }


def _parameters(measured: tuple[str, ...]) -> dict[str, Value]:
    return {
        "PARAMETER": list(measured),
        "PARAMETER_SENSOR": [_SENSORS.get(name, _SENSORS["DOXY"])[0] for name in measured],
        "PARAMETER_UNITS": [parameters()[name]["units"] for name in measured],
        "PARAMETER_ACCURACY": [_ACCURACY.get(name, "n/a") for name in measured],
        "PARAMETER_RESOLUTION": [str(parameters()[name]["resolution"]) for name in measured],
        "PREDEPLOYMENT_CALIB_EQUATION": ["n/a: invented"] * len(measured),
        "PREDEPLOYMENT_CALIB_COEFFICIENT": ["n/a: invented"] * len(measured),
    }
