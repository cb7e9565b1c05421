"""What each file type consists of: dimensions, variables and attributes, as data (``layouts/*.json``).

The tables state the Argo formats: profile 3.1, b-profile 3.1, metadata 3.1, technical 3.1 and trajectory 3.2 of the
Argo user's manual, and the synthetic profile 1.0 of the GDAC. Variables of physical parameters are not listed there
one by one: `layout` makes them from ``parameters.json`` (facts of Argo reference table 3).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

_FLAG_ATTRIBUTES: Final = {"long_name": "quality flag", "conventions": "Argo reference table 2", "_FillValue": " "}
_ERROR_LONG_NAME: Final = "Contains the error on the adjusted values as determined by the delayed mode QC process"
_FORMATS: Final = ("C_format", "FORTRAN_format", "resolution")
_ON_LEVELS: Final = ("N_PROF", "N_LEVELS")


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a layout.

    Attributes:
        name: its name.
        type: ``char``, ``int``, ``float`` or ``double``.
        dimensions: names, slowest first.
        attributes: texts, and numbers that are written in the variable's own type.
    """

    name: str
    type: str
    dimensions: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """One file type with its physical parameters.

    Attributes:
        data_type: the text of the variable DATA_TYPE.
        format_version: the text of FORMAT_VERSION.
        record_dimension: the unlimited dimension, or None.
        dimensions: fixed lengths; None where each file has its own.
        attributes: global attributes; empty texts are for the writer of a file to fill in.
        variables: in file order.
    """

    data_type: str
    format_version: str
    record_dimension: str | None
    dimensions: Mapping[str, int | None]
    attributes: Mapping[str, str]
    variables: tuple[Variable, ...]


@cache
def parameters() -> Mapping[str, Mapping[str, Any]]:
    """Attributes and category of each physical parameter that the sample measures, by name."""
    found: Mapping[str, Mapping[str, Any]] = json.loads(_data("parameters"))
    return found


@cache
def layout(name: str, measured: tuple[str, ...] = ()) -> Layout:
    """The layout ``name`` (a file of ``layouts/``) with the variables of the ``measured`` parameters."""
    table = json.loads(_data(name))
    variables: list[Variable] = []
    for entry in table["variables"]:
        if entry[0] == "PROFILE_<PARAMETER>_QC":
            variables += [_profile_flag(each) for each in measured if not (name == "b-profile" and each == "PRES")]
        elif entry[0] == "<PARAMETER>":
            variables += [variable for each in measured for variable in _measured(name, each)]
        else:
            variables.append(Variable(entry[0], entry[1], tuple(entry[2]), entry[3]))
    return Layout(
        table["data_type"],
        table["format_version"],
        table["record_dimension"],
        table["dimensions"],
        table["attributes"],
        tuple(variables),
    )


def _data(name: str) -> str:
    return files("gdac.sample").joinpath("layouts", f"{name}.json").read_text(encoding="utf-8")


def _profile_flag(parameter: str) -> Variable:
    attributes = {
        "long_name": f"Global quality flag of {parameter} profile",
        "conventions": "Argo reference table 2a",
        "_FillValue": " ",
    }
    return Variable(f"PROFILE_{parameter}_QC", "char", ("N_PROF",), attributes)


def _measured(layout_name: str, parameter: str) -> Iterator[Variable]:
    """Value, flag, adjusted value, its flag and its error; fewer where the format says so.

    In a b-profile PRES stands alone (its flags are in the core file) and intermediate parameters are never adjusted.
    A synthetic profile adds the pressure displacement of every parameter but PRES.
    """
    facts = parameters()[parameter]
    dimensions = ("N_MEASUREMENT",) if layout_name == "trajectory" else _ON_LEVELS
    axis = {"axis": "Z"} if parameter == "PRES" else {}
    named = {key: facts[key] for key in ("long_name", "standard_name") if key in facts}
    limits = {key: facts[key] for key in ("valid_min", "valid_max")}
    formats = {key: facts[key] for key in _FORMATS}
    units = {"_FillValue": 99999.0, "units": facts["units"]}
    value = {**named, **units, **limits, **formats, **axis}
    yield Variable(parameter, "float", dimensions, value)
    if layout_name == "b-profile" and parameter == "PRES":
        return
    yield Variable(f"{parameter}_QC", "char", dimensions, _FLAG_ATTRIBUTES)
    if layout_name == "s-profile" and parameter != "PRES":
        moved = {"long_name": f"{parameter} pressure displacement from original sampled value", "_FillValue": 99999.0}
        yield Variable(f"{parameter}_dPRES", "float", dimensions, {**moved, "units": "decibar"})
    if facts["category"].startswith("i"):
        return
    yield Variable(f"{parameter}_ADJUSTED", "float", dimensions, value)
    yield Variable(f"{parameter}_ADJUSTED_QC", "char", dimensions, _FLAG_ATTRIBUTES)
    yield Variable(
        f"{parameter}_ADJUSTED_ERROR", "float", dimensions, {"long_name": _ERROR_LONG_NAME, **units, **formats}
    )
