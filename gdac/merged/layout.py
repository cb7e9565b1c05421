"""What a merged file consists of, as data (``layout.json``), and the bytes of its header.

The table is what all six real ``_prof`` files of the test archive declare, to the last attribute: dimensions,
variables and attributes of a merged file are the GDAC's own and do not depend on the files that went into it. Only the
lengths, the list of parameters and two global attributes differ (docs/merged-files.md).
"""

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import prod
from typing import Any, Final

import numpy as np

#: Core parameters: those of category ``c`` of Argo reference table 3, in the order of real merged files.
CORE: Final = ("PRES", "TEMP", "PSAL")
#: Big-endian element types by the words of the layout, with their numbers in a classic file.
TYPES: Final = {"char": ("S1", 2), "int": (">i4", 4), "float": (">f4", 5), "double": (">f8", 6)}
#: The unlimited dimension; a merged file has no history, so its length is 0.
RECORD: Final = "N_HISTORY"
#: What a char variable is filled with.
BLANK: Final = b" "

_TEXTS: Final = {"DATE_TIME": 14, **{f"STRING{length}": length for length in (256, 64, 32, 16, 8, 4, 2)}}
_FLAG: Final = {"long_name": "quality flag", "conventions": "Argo reference table 2", "_FillValue": " "}
_ERROR: Final = "Contains the error on the adjusted values as determined by the delayed mode QC process"
_FORMATS: Final = ("C_format", "FORTRAN_format", "resolution")
_LEVELS: Final = ("N_PROF", "N_LEVELS")
_DIMENSIONS, _VARIABLES, _ATTRIBUTES = 10, 11, 12


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a merged file.

    Attributes:
        name: its name.
        kind: ``char``, ``int``, ``float`` or ``double``.
        dimensions: names, slowest first.
        attributes: texts, and numbers that are written in the variable's own type.
    """

    name: str
    kind: str
    dimensions: tuple[str, ...]
    attributes: Mapping[str, Any]

    @property
    def by_profile(self) -> bool:
        """Whether it has one row for each profile."""
        return self.dimensions[:1] == ("N_PROF",)

    @property
    def fill(self) -> Any:
        """What stands where there is nothing."""
        return BLANK if self.kind == "char" else self.attributes["_FillValue"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What makes the header of one merged file differ from that of another.

    Attributes:
        profiles: N_PROF.
        levels: N_LEVELS.
        calibrations: N_CALIB.
        count: N_PARAM, the most parameters of any profile.
        parameters: those of all profiles together, in the order of `CORE`.
        firmware: name of the dimension of FIRMWARE_VERSION: STRING32, or STRING64 where a text needs it.
    """

    profiles: int
    levels: int
    calibrations: int
    count: int
    parameters: tuple[str, ...]
    firmware: str = "STRING32"

    @property
    def dimensions(self) -> dict[str, int]:
        """Lengths by name, in the order of real files."""
        lengths = {"N_PROF": self.profiles, "N_PARAM": self.count, "N_LEVELS": self.levels}
        return {**_TEXTS, **lengths, "N_CALIB": self.calibrations, RECORD: 0}

    def row(self, variable: Variable) -> tuple[int, ...]:
        """The shape of one profile's part of a variable, or of the whole of one that has no profiles."""
        lengths = self.dimensions
        return tuple(lengths[each] for each in variable.dimensions if each not in ("N_PROF", RECORD))

    def variables(self) -> tuple[Variable, ...]:
        """In file order."""
        return tuple(self._variables())

    def _variables(self) -> Iterator[Variable]:
        table = _table()
        for name, *rest in table["variables"]:
            if name == "PROFILE_<PARAMETER>_QC":
                yield from (_profile_flag(each) for each in self.parameters)
            elif name == "<PARAMETER>":
                for each in self.parameters:
                    yield from _measured(each, table["parameters"][each])
            else:
                kind, dimensions, attributes = rest
                if name == "FIRMWARE_VERSION":
                    dimensions = ["N_PROF", self.firmware]
                yield Variable(name, kind, tuple(dimensions), attributes)


@dataclass(frozen=True, slots=True)
class Encoded:
    """The header of a merged file.

    Attributes:
        header: its bytes.
        begins: where the data of each variable begin.
        size: bytes of the whole file.
    """

    header: bytes
    begins: Mapping[str, int]
    size: int


def encode(shape: Shape, attributes: Mapping[str, str]) -> Encoded:
    """Lay a file out as CDF-1 ("The NetCDF Classic Format Specification"), data in the order of the variables.

    Args:
        shape: which lengths and parameters.
        attributes: ``institution`` and ``history``; the others are the same in all merged files.

    Raises:
        OverflowError: the file would need 2 GiB or more, which CDF-1 cannot address.
    """
    variables = shape.variables()
    sizes = [_padded(_size(shape, each)) for each in variables]
    start = len(_header(shape, attributes, variables, sizes, [0] * len(sizes)))
    begins = [start + sum(sizes[:at]) for at in range(len(sizes))]
    recorded = [each.dimensions[0] == RECORD for each in variables]
    size = begins[recorded.index(True)]
    if begins[-1] + sizes[-1] >= 1 << 31:
        raise OverflowError(size)
    header = _header(shape, attributes, variables, sizes, begins)
    return Encoded(header, dict(zip((each.name for each in variables), begins, strict=True)), size)


def _size(shape: Shape, variable: Variable) -> int:
    """Bytes of a variable, or of one record of it."""
    lengths = shape.dimensions
    items = prod(lengths[each] for each in variable.dimensions if each != RECORD)
    return items * np.dtype(TYPES[variable.kind][0]).itemsize


@cache
def _table() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(files("gdac.merged").joinpath("layout.json").read_text(encoding="utf-8"))
    return found


def _profile_flag(parameter: str) -> Variable:
    named = {"long_name": f"Global quality flag of {parameter} profile", "conventions": "Argo reference table 2a"}
    return Variable(f"PROFILE_{parameter}_QC", "char", ("N_PROF",), {**named, "_FillValue": " "})


def _measured(parameter: str, facts: Mapping[str, Any]) -> Iterator[Variable]:
    """Value, flag, adjusted value, its flag and its error."""
    units = {"_FillValue": 99999.0, "units": facts["units"]}
    formats = {key: facts[key] for key in _FORMATS}
    named = {key: facts[key] for key in ("long_name", "standard_name")}
    limits = {key: facts[key] for key in ("valid_min", "valid_max")}
    axis = {"axis": "Z"} if parameter == "PRES" else {}
    value = {**named, **units, **limits, **formats, **axis}
    yield Variable(parameter, "float", _LEVELS, value)
    yield Variable(f"{parameter}_QC", "char", _LEVELS, _FLAG)
    yield Variable(f"{parameter}_ADJUSTED", "float", _LEVELS, value)
    yield Variable(f"{parameter}_ADJUSTED_QC", "char", _LEVELS, _FLAG)
    yield Variable(f"{parameter}_ADJUSTED_ERROR", "float", _LEVELS, {"long_name": _ERROR, **units, **formats})


def _header(
    shape: Shape, attributes: Mapping[str, str], variables: tuple[Variable, ...], sizes: list[int], begins: list[int]
) -> bytes:
    lengths = shape.dimensions
    ids = {name: number for number, name in enumerate(lengths)}
    parts = [b"CDF\x01", _integers(0, _DIMENSIONS, len(lengths))]
    parts += [_name(name) + _integers(length) for name, length in lengths.items()]
    parts.append(_attributes(_global(attributes), "char"))
    parts.append(_integers(_VARIABLES, len(variables)))
    for variable, size, begin in zip(variables, sizes, begins, strict=True):
        parts.append(_name(variable.name))
        parts.append(_integers(len(variable.dimensions), *(ids[each] for each in variable.dimensions)))
        parts.append(_attributes(variable.attributes, variable.kind))
        parts.append(_integers(TYPES[variable.kind][1]) + struct.pack(">II", min(size, 0xFFFFFFFF), begin & 0xFFFFFFFF))
    return b"".join(parts)


def _global(own: Mapping[str, str]) -> dict[str, str]:
    given = {**_table()["attributes"], **own}
    order = ("title", "institution", "source", "history", "references", "user_manual_version", "Conventions")
    return {key: given[key] for key in (*order, "featureType")}


def _padded(size: int) -> int:
    return size + 3 & ~3


def _integers(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}i", *numbers)


def _name(name: str) -> bytes:
    return _integers(len(name)) + name.encode("ascii").ljust(_padded(len(name)), b"\x00")


def _attributes(attributes: Mapping[str, Any], owner: str) -> bytes:
    parts = [_integers(_ATTRIBUTES, len(attributes))]
    for key, value in attributes.items():
        kind, number = TYPES["char" if isinstance(value, str) else owner]
        raw = value.encode() if isinstance(value, str) else np.array(value, kind).tobytes()
        parts += [_name(key), _integers(number, len(raw) if isinstance(value, str) else 1)]
        parts.append(raw.ljust(_padded(len(raw)), b"\x00"))
    return b"".join(parts)
