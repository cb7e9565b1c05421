"""Values of profile files: core, b- and synthetic, single and merged into one file per float."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from gdac.netcdf import Array
from gdac.sample.days import FloatState, Profile
from gdac.sample.encode import Template, Value, template
from gdac.sample.fleet import Float
from gdac.sample.layout import layout
from gdac.sample.ocean import Levels, water

_1950: Final = datetime(1950, 1, 1, tzinfo=UTC)
#: 1-sigma accuracies that delayed mode states.
_ERRORS: Final = {"PRES": 2.4, "TEMP": 0.002, "PSAL": 0.01, "DOXY": 3.5}
#: What delayed mode adds to the raw value.
_OFFSETS: Final = {"PRES": 0.0, "TEMP": 0.0, "PSAL": -0.004, "DOXY": 4.2}
_LEVELS: Final = {"core": "profile", "bio": "b-profile", "synthetic": "s-profile"}
#: How much later than the core file the others are made.
LATER: Final = {"core": timedelta(0), "bio": timedelta(minutes=2), "synthetic": timedelta(minutes=20)}


@dataclass(frozen=True, slots=True)
class Cast:
    """One profile with its water.

    Attributes:
        float: who took it.
        profile: which one, in which mode.
        values: raw values by parameter.
        flags: quality flags by parameter, as ``S1``: all good but for a level here and there.
    """

    float: Float
    profile: Profile
    values: Mapping[str, Levels]
    flags: Mapping[str, Array]

    @property
    def taken(self) -> datetime:
        """When."""
        return self.float.surfaced(self.profile.cycle, descending=self.profile.descending)


def stamp(when: datetime) -> str:
    """A date as Argo files write it."""
    return when.strftime("%Y%m%d%H%M%S")


def julian(when: datetime) -> float:
    """Days since 1950-01-01."""
    return (when - _1950) / timedelta(days=1)


def cast(each: Float, profile: Profile) -> Cast:
    """Take a profile: the same float, cycle and revision always give the same values."""
    rng = np.random.default_rng((each.seed, each.number, profile.cycle, profile.descending))
    measured = tuple(dict.fromkeys((*each.model.core, *each.model.bio)))
    taken = each.surfaced(profile.cycle, descending=profile.descending)
    latitude, _ = each.position(profile.cycle)
    day = taken.timetuple().tm_yday
    values = water(rng, levels=each.model.levels, latitude=latitude, day_of_year=day, measured=measured)
    flags = {name: np.full(each.model.levels, b"1", "S1") for name in measured}
    spiked = rng.integers(0, each.model.levels, 2)
    if rng.random() < 0.1:
        flags[each.model.core[-1]][spiked[0]] = b"4"
    if profile.revision:  # the correction: somebody looked again at some levels of temperature
        flags["TEMP"][(spiked[1] + np.arange(profile.revision)) % each.model.levels] = b"4"
    return Cast(each, profile, values, flags)


def single(taken: Cast, kind: str) -> bytes:
    """The bytes of one profile file; ``kind`` is ``core``, ``bio`` or ``synthetic``."""
    one = values_of(taken, kind)
    counts = {"N_PROF": 1, "N_LEVELS": taken.float.model.levels, "N_HISTORY": len(history(taken, kind))}
    filled = _template(taken.float, kind, counts, taken.float.dac.institution)
    dates = {"DATE_CREATION": stamp(_created(taken, kind)), "DATE_UPDATE": stamp(taken.profile.updated + LATER[kind])}
    values = {**_constants(kind), **dates, **_history_values(taken, kind)}
    return filled.fill({**values, **{name: [value] for name, value in one.items()}})


def multi(state: FloatState, casts: Sequence[Cast], kind: str = "core") -> bytes:
    """The bytes of a float's multi-profile file: every profile, in the order of cycle number, then date."""
    ordered = sorted(casts, key=lambda each: (each.profile.cycle, each.taken))
    counts = {"N_PROF": len(ordered), "N_LEVELS": state.float.model.levels, "N_HISTORY": 0}
    filled = _template(state.float, kind, counts, "FR GDAC")
    return filled.fill(multi_values(state, ordered, kind))


def multi_values(state: FloatState, ordered: Sequence[Cast], kind: str) -> dict[str, Value]:
    """Values of a multi-profile file."""
    each = [values_of(taken, kind) for taken in ordered]
    merged = stamp(state.merged)
    dates = {"DATE_CREATION": merged, "DATE_UPDATE": merged}
    stacked: dict[str, Value] = {name: [one[name] for one in each] for name in each[0]}
    return {**_constants(kind), **dates, **stacked}


def counts_of(each: Float, kind: str, counts: Mapping[str, int]) -> dict[str, int]:
    """Lengths of the dimensions that files of a kind have their own of."""
    lengths = {**counts, "N_PARAM": len(parameters_of(each, kind)), "N_CALIB": 1}
    described = layout(_LEVELS[kind], parameters_of(each, kind))
    return {name: length for name, length in lengths.items() if name in described.dimensions}


def parameters_of(each: Float, kind: str) -> tuple[str, ...]:
    """What a float's files of a kind measure."""
    return {"core": each.model.core, "bio": each.model.bio, "synthetic": each.synthetic}[kind]


def _template(each: Float, kind: str, counts: Mapping[str, int], institution: str) -> Template:
    attributes = (("institution", institution), ("history", "made by gdac sample: invented data"))
    lengths = tuple(counts_of(each, kind, counts).items())
    return template(_LEVELS[kind], parameters_of(each, kind), lengths, attributes)


def _constants(kind: str) -> dict[str, Value]:
    described = layout(_LEVELS[kind])
    return {
        "DATA_TYPE": described.data_type,
        "FORMAT_VERSION": described.format_version,
        "HANDBOOK_VERSION": "1.2",
        "REFERENCE_DATE_TIME": "19500101000000",
    }


def _created(taken: Cast, kind: str) -> datetime:
    return taken.taken.replace(microsecond=0) + timedelta(hours=5) + LATER[kind]


def mode_letters(each: Float, profile: Profile, kind: str) -> str:
    """PARAMETER_DATA_MODE: a character for each parameter; intermediate ones and the PRES of b-files stay R."""
    return "".join(
        profile.mode if name in _ERRORS and not (kind == "bio" and name == "PRES") else "R"
        for name in parameters_of(each, kind)
    )


def values_of(taken: Cast, kind: str) -> dict[str, Any]:
    """Values along N_PROF of one profile, without that axis: what `single` and `multi` share."""
    each, profile = taken.float, taken.profile
    measured = parameters_of(each, kind)
    values = {**_where(taken), **_who(each), **_calibration(taken, measured, kind)}
    values |= {
        "STATION_PARAMETERS": list(measured),
        "CYCLE_NUMBER": profile.cycle,
        "DIRECTION": b"D" if profile.descending else b"A",
        "CONFIG_MISSION_NUMBER": 1,
    }
    if kind != "synthetic":
        values["DC_REFERENCE"] = f"{each.wmo}_{profile.tail[:-3]}"
        values["DATA_STATE_INDICATOR"] = "2C" if profile.delayed else "2B"
        values["DATA_MODE"] = profile.mode.encode()
        values["VERTICAL_SAMPLING_SCHEME"] = each.model.scheme
    if kind != "core":
        values["PARAMETER_DATA_MODE"] = [letter.encode() for letter in mode_letters(taken.float, taken.profile, kind)]
    for name in measured:
        values |= _measured(taken, name, kind)
    return values


def _where(taken: Cast) -> dict[str, Any]:
    day = round(julian(taken.taken), 8)
    values: dict[str, Any] = {"JULD": day, "JULD_QC": b"1", "POSITION_QC": b"9"}
    if taken.float.has_position(taken.profile.cycle):
        latitude, longitude = taken.float.position(taken.profile.cycle)
        values |= {"POSITION_QC": b"1", "LATITUDE": latitude, "LONGITUDE": longitude, "JULD_LOCATION": day + 0.02}
        return values
    # every profile names the same variables, so that they can be stacked
    return values | {"LATITUDE": 99999.0, "LONGITUDE": 99999.0, "JULD_LOCATION": 999999.0}


def _who(each: Float) -> dict[str, Any]:
    return {
        "PLATFORM_NUMBER": each.wmo,
        "PROJECT_NAME": "SAMPLE (invented data)",
        "PI_NAME": "Nobody SAMPLE",
        "DATA_CENTRE": each.dac.code,
        "PLATFORM_TYPE": each.model.platform_type,
        "FLOAT_SERIAL_NO": f"S{each.number:05d}",
        "FIRMWARE_VERSION": each.model.firmware,
        "WMO_INST_TYPE": each.model.instrument,
        "POSITIONING_SYSTEM": each.model.positioning,
    }


def _calibration(taken: Cast, measured: tuple[str, ...], kind: str) -> dict[str, Any]:
    """PARAMETER and SCIENTIFIC_CALIB_*, [N_CALIB, N_PARAM]; texts only for what delayed mode looked at."""
    modes = mode_letters(taken.float, taken.profile, kind)
    texts = {
        "SCIENTIFIC_CALIB_EQUATION": "{0}_ADJUSTED = {0} + offset",
        "SCIENTIFIC_CALIB_COEFFICIENT": "offset = {1}",
        "SCIENTIFIC_CALIB_COMMENT": "Invented: this profile was made, not measured",
    }
    values: dict[str, Any] = {"PARAMETER": [list(measured)]}
    for variable, text in texts.items():
        values[variable] = [
            [
                text.format(name, _OFFSETS[name]) if mode == "D" else ""
                for name, mode in zip(measured, modes, strict=True)
            ]
        ]
    when = stamp(taken.profile.delayed) if taken.profile.delayed else ""
    values["SCIENTIFIC_CALIB_DATE"] = [[when if mode == "D" else "" for mode in modes]]
    return values


def _measured(taken: Cast, name: str, kind: str) -> dict[str, Any]:
    raw, flags = taken.values[name], taken.flags[name]
    if kind == "bio" and name == "PRES":
        return {name: raw}
    values: dict[str, Any] = {name: raw, f"{name}_QC": flags, f"PROFILE_{name}_QC": _letter(flags)}
    if kind == "synthetic" and name != "PRES":
        values[f"{name}_dPRES"] = np.zeros(raw.shape, np.float32)
    if name not in _ERRORS:
        return values
    nothing = np.full(raw.shape, 99999, np.float32)
    if not taken.profile.delayed:
        blank = np.full(raw.shape, b" ", "S1")
        return values | {f"{name}_ADJUSTED": nothing, f"{name}_ADJUSTED_QC": blank, f"{name}_ADJUSTED_ERROR": nothing}
    bad = flags == b"4"
    adjusted = np.round(raw.astype(np.float64) + _OFFSETS[name], 3).astype(np.float32)
    return values | {
        f"{name}_ADJUSTED": np.where(bad, nothing, adjusted),
        f"{name}_ADJUSTED_QC": flags,
        f"{name}_ADJUSTED_ERROR": np.where(bad, nothing, np.float32(_ERRORS[name])),
    }


def _letter(flags: Array) -> bytes:
    """PROFILE_<PARAMETER>_QC (reference table 2a): the share of good levels."""
    good = 100.0 * np.count_nonzero(flags == b"1") / flags.size
    limits = ((100.0, b"A"), (75.0, b"B"), (50.0, b"C"), (25.0, b"D"))
    return next((letter for least, letter in limits if good >= least), b"E" if good else b"F")


def history(taken: Cast, kind: str) -> list[tuple[str, datetime, str, str]]:
    """What was done to a file: step, when, action, tests."""
    if kind == "synthetic":
        return []
    made = _created(taken, kind)
    steps = [("ARFM", made, "", ""), ("ARGQ", made, "QCP$", "D7BFE"), ("ARGQ", made, "QCF$", "0")]
    if taken.profile.delayed:
        steps.append(("ARSQ", taken.profile.delayed, "IP", ""))
    return steps


def _history_values(taken: Cast, kind: str) -> dict[str, Value]:
    steps = history(taken, kind)
    if not steps:
        return {}
    return {
        "HISTORY_INSTITUTION": [[taken.float.dac.code] for _ in steps],
        "HISTORY_STEP": [[step] for step, _, _, _ in steps],
        "HISTORY_SOFTWARE": [["SMPL"] for _ in steps],
        "HISTORY_SOFTWARE_RELEASE": [["1.0"] for _ in steps],
        "HISTORY_DATE": [[stamp(when)] for _, when, _, _ in steps],
        "HISTORY_ACTION": [[action] for _, _, action, _ in steps],
        "HISTORY_QCTEST": [[tests] for _, _, _, tests in steps],
    }
