"""Right files of every type to change: from the sample archive, or made from the specification (older versions)."""

from datetime import UTC, date
from functools import cache
from pathlib import PurePosixPath

import numpy as np

from gdac.sample.days import Recipe, first_day
from gdac.sample.files import arrived, contents, plan
from gdac.spec import FileType, Kind, Presence, load
from tests.rules.draft import CODES, Draft

RECIPE = Recipe(floats=12, cycles=8, seed=4, first_day=date(2026, 5, 1))
#: What each word stands for in the sample archive: its kind there, and whether delayed mode.
_SAMPLED = {
    "core": ("core", False),
    "core-delayed": ("core", True),
    "bio": ("bio", False),
    "bio-delayed": ("bio", True),
    "synthetic": ("synthetic", False),
    "meta": ("meta", None),
    "tech": ("tech", None),
    "traj": ("traj", None),
    "prof": ("prof", None),
    "Sprof": ("Sprof", None),
}
#: Made from the specification: type and version.
_SPECIFIED = {
    "core-2.2": (FileType.PROFILE, "2.2"),
    "core-2.3": (FileType.PROFILE, "2.3"),
    "core-3.0": (FileType.PROFILE, "3.0"),
    "traj-2.2": (FileType.TRAJECTORY, "2.2"),
    "traj-2.3": (FileType.TRAJECTORY, "2.3"),
    "traj-3.1": (FileType.TRAJECTORY, "3.1"),
    "traj-3.2": (FileType.TRAJECTORY, "3.2"),
    "bio-traj": (FileType.B_TRAJECTORY, "3.1"),
    "meta-2.2": (FileType.METADATA, "2.2"),
    "tech-2.3": (FileType.TECHNICAL, "2.3"),
    "tech-3.0": (FileType.TECHNICAL, "3.0"),
    "tech-3.1": (FileType.TECHNICAL, "3.1"),
}
KINDS = (*_SAMPLED, *_SPECIFIED)


def sample(kind):
    """A right file of a kind (see `KINDS`), new each time."""
    if kind in _SPECIFIED:
        return from_specification(*_SPECIFIED[kind])
    data, path, dac, received = _sampled(kind)
    return Draft.read(data, path, dac, received)


@cache
def _states():
    return first_day(RECIPE)


@cache
def _sampled(kind):
    wanted, delayed = _SAMPLED[kind]
    for state in _states():
        if not state.float.synthetic or not any(each.delayed for each in state.profiles):
            continue
        for path, planned in plan(state).items():
            profile = planned.profile
            if planned.kind != wanted or (profile and (bool(profile.delayed) != delayed or profile.descending)):
                continue
            ((_, _, data),) = contents(state, {path})
            return data, PurePosixPath(path).name, state.float.dac.name, arrived(planned).timestamp()
    raise AssertionError(f"the sample archive has no {kind}")


#: Lengths of the dimensions that a specification leaves open.
_LENGTHS = {"N_PROF": 1, "N_PARAM": 2, "N_LEVELS": 5, "N_CALIB": 1, "N_HISTORY": 1, "N_CYCLE": 2, "N_MEASUREMENT": 4}
#: Texts that make a file valid, by variable.
_TEXTS = {
    "DATA_CENTRE": "IF",
    "DATE_CREATION": "20200102030405",
    "DATE_UPDATE": "20200202030405",
    "PLATFORM_NUMBER": "6900001",
    "DATA_MODE": "R",
    "DATA_STATE_INDICATOR": "2B",
    "DIRECTION": "A",
    "WMO_INST_TYPE": "846",
    "POSITIONING_SYSTEM": "ARGOS",
    "PLATFORM_TYPE": "APEX",
    "HANDBOOK_VERSION": "1.2",
    "FIRMWARE_VERSION": "1.0",
    "FLOAT_SERIAL_NO": "1",
    "VERTICAL_SAMPLING_SCHEME": "Primary sampling: averaged",
    "JULD_QC": "1",
    "POSITION_QC": "1",
    "GROUNDED": "N",
    "TRAJECTORY_PARAMETER_DATA_MODE": "R",
    "JULD_DATA_MODE": "R",
    "LAUNCH_DATE": "20190102030405",
    "START_DATE": "20190102030405",
    "LAUNCH_QC": "1",
    "START_DATE_QC": "1",
    "TRANS_SYSTEM": "ARGOS",
    "TRANS_SYSTEM_ID": "1",
    "PTT": "1",
    "PLATFORM_MODEL": "APEX",
    "TECHNICAL_PARAMETER_NAME": "PRES_SurfaceOffsetNotTruncated_dbar",
    "PARAMETER": "PRES",
}
_NUMBERS = {
    "CYCLE_NUMBER": 1,
    "CYCLE_NUMBER_INDEX": (1, 2),
    "CONFIG_MISSION_NUMBER": 1,
    "JULD": 25000.0,
    "LATITUDE": 10.0,
    "LONGITUDE": -20.0,
    "LAUNCH_LATITUDE": 10.0,
    "LAUNCH_LONGITUDE": -20.0,
    "MEASUREMENT_CODE": 290,
}
_NAMES = {
    FileType.PROFILE: "R6900001_001.nc",
    FileType.B_PROFILE: "BR6900001_001.nc",
    FileType.TRAJECTORY: "6900001_Rtraj.nc",
    FileType.B_TRAJECTORY: "6900001_BRtraj.nc",
    FileType.METADATA: "6900001_meta.nc",
    FileType.TECHNICAL: "6900001_tech.nc",
}
_DATA_TYPES = {
    FileType.PROFILE: "Argo profile",
    FileType.B_PROFILE: "B-Argo profile",
    FileType.TRAJECTORY: "Argo trajectory",
    FileType.B_TRAJECTORY: "B-Argo trajectory",
    FileType.METADATA: "Argo meta-data",
    FileType.TECHNICAL: "Argo technical data",
}


def from_specification(file_type, version):
    """A file of any type and version with all that is required, mostly fill values."""
    from datetime import datetime

    spec = load(file_type, version)
    draft = Draft(_NAMES[file_type], "coriolis", datetime(2020, 3, 1, tzinfo=UTC).timestamp())
    for name, rule in spec.dimensions.items():
        if not rule.optional:
            draft.dims[name] = rule.length or _LENGTHS.get(name, 2)
    names = [*(name for name, rule in spec.variables.items() if not rule.optional), *spec.required_variables()]
    for name in dict.fromkeys([*names, *_companions(spec)]):
        _add(draft, spec.variable(name))
    for name, rule in spec.global_attributes.items():
        draft.attrs[name] = rule.value if rule.value is not None else "x"
    draft.text("DATA_TYPE", _DATA_TYPES[file_type]).text("FORMAT_VERSION", version)
    if "REFERENCE_DATE_TIME" in draft.variables:
        draft.text("REFERENCE_DATE_TIME", spec.reference_date_time)
    _values(draft)
    return draft


def _companions(spec):
    """What the mandatory parameters pull in."""
    for name in (*spec.mandatory_parameters(), *spec.required_variables()):
        group = spec.group_of(name)
        yield from (each for each in (group.members if group else ()) if spec.variable(each))


def _add(draft, rule):
    attrs = {}
    kind = rule.types[-1]
    for name, each in rule.attributes.items():
        if each.presence is not Presence.REQUIRED:
            continue
        if each.kind is Kind.TEXT:
            attrs[name] = each.value if each.value is not None else "x"
        else:
            number = np.dtype(CODES[kind] if kind != "char" else "f8").type(float(each.value or 1))
            attrs[name] = number
    draft.add(rule.name, kind, [names[0] for names in rule.dimensions], attrs)


def _values(draft):
    for name, text in _TEXTS.items():
        if name in draft.variables:
            data = draft[name]
            if len(text) == 1 and draft.variables[name].dims and draft.variables[name].dims[-1].startswith("N_"):
                data[...] = text.encode()
            else:
                draft.text(name, text)
    for name, value in _NUMBERS.items():
        if name in draft.variables:
            draft.set(name, value)
    for name in ("STATION_PARAMETERS", "TRAJECTORY_PARAMETERS"):
        if name in draft.variables:
            listed = [each for each in ("PRES", "TEMP") if each in draft.variables]
            for number, each in enumerate(listed):
                index = (0, number) if draft[name].ndim == 3 else (number,)
                draft.text(name, each, *index)
