"""Writes NetCDF classic (CDF-1) files from a layout: the header once per shape, then values into a copy of its bytes.

This is what makes twenty thousand profile files a matter of seconds. `gdac.netcdf` and the netCDF library read the
result; the layout of bytes is that of "The NetCDF Classic Format Specification".
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from gdac.netcdf import Array
from gdac.sample.layout import Layout, Variable, layout

#: NetCDF type number and big-endian dtype of the types that layouts use.
TYPES: Final = {"char": (2, "S1"), "int": (4, ">i4"), "float": (5, ">f4"), "double": (6, ">f8")}
_DIMENSIONS, _VARIABLES, _ATTRIBUTES = 10, 11, 12

#: What a variable may be given: one text, texts (nested as its dimensions), a number, an array of its shape.
Value = str | bytes | float | Sequence[Any] | Array


@dataclass(frozen=True)
class Template:
    """A file of one shape, all values fill values.

    Attributes:
        image: its bytes.
        places: offset of the data, shape and strides of every variable; strings count as one element.
    """

    image: bytes
    places: Mapping[str, tuple[int, str, tuple[int, ...], tuple[int, ...]]]

    def fill(self, values: Mapping[str, Value]) -> bytes:
        """The file with these values.

        Args:
            values: by variable name; texts are padded with blanks, single values go everywhere in their variable.

        Raises:
            KeyError: a name that the layout does not have.
        """
        data = bytearray(self.image)
        for name, value in values.items():
            offset, dtype, shape, strides = self.places[name]
            if 0 in shape:
                continue
            view: npt.NDArray[Any] = np.ndarray(shape, dtype, data, offset, strides)
            view[...] = padded(value, view.dtype.itemsize) if dtype[0] == "S" else value
        return bytes(data)


def padded(value: Value, width: int) -> Any:
    """Texts as bytes, padded with blanks to ``width``; what is bytes already is taken as it is."""
    if isinstance(value, str):
        return value.encode("ascii")[:width].ljust(width)
    if isinstance(value, np.ndarray | bytes):
        return value
    if isinstance(value, Sequence):
        return [padded(each, width) for each in value]
    raise TypeError(f"{value!r} is not text")


@lru_cache(maxsize=256)
def template(
    name: str, measured: tuple[str, ...], lengths: tuple[tuple[str, int], ...], attributes: tuple[tuple[str, str], ...]
) -> Template:
    """The empty file of one layout.

    Args:
        name: which layout.
        measured: its physical parameters.
        lengths: the dimensions that each file has its own of.
        attributes: texts of global attributes that replace those of the layout.
    """
    described = layout(name, measured)
    sizes = {key: dict(lengths).get(key, length) for key, length in described.dimensions.items()}
    assert None not in sizes.values(), f"lengths missing for {name}: {sizes}"
    known = {key: length for key, length in sizes.items() if length is not None}
    return _Encoder(described, known, {**described.attributes, **dict(attributes)}).template()


class _Encoder:
    def __init__(self, described: Layout, sizes: Mapping[str, int], attributes: Mapping[str, str]) -> None:
        self.record = described.record_dimension
        self.records = sizes[self.record] if self.record else 0
        self.sizes = sizes
        self.attributes = attributes
        fixed = [each for each in described.variables if each.dimensions[:1] != (self.record,)]
        self.variables = [*fixed, *(each for each in described.variables if each not in fixed)]
        self.fixed = len(fixed)

    def template(self) -> Template:
        sizes = [_padded(self._bytes(each)) for each in self.variables]
        recorded = sizes[self.fixed :]
        slab = sum(recorded) if len(recorded) != 1 else self._bytes(self.variables[-1])
        start = len(self._header([0] * len(sizes)))
        begins = [start + sum(sizes[:at]) for at in range(len(sizes))]
        header = self._header(begins)
        records_at = start + sum(sizes[: self.fixed])
        data = bytearray(header + bytes(records_at - start + slab * self.records))
        places = {}
        for variable, begin in zip(self.variables, begins, strict=True):
            place = self._place(variable, begin, slab)
            places[variable.name] = place
            if 0 in place[2]:
                continue
            view: npt.NDArray[Any] = np.ndarray(place[2], place[1], data, place[0], place[3])
            fill = variable.attributes.get("_FillValue", -2147483647)
            view[...] = b" " * view.dtype.itemsize if variable.type == "char" else fill
        return Template(bytes(data), places)

    def _shape(self, variable: Variable) -> tuple[int, ...]:
        return tuple(self.sizes[each] for each in variable.dimensions)

    def _bytes(self, variable: Variable) -> int:
        """Bytes of a variable, or of one record of it."""
        shape = [self.sizes[each] for each in variable.dimensions if each != self.record]
        return int(np.prod(shape, dtype=int)) * np.dtype(TYPES[variable.type][1]).itemsize

    def _place(self, variable: Variable, begin: int, slab: int) -> tuple[int, str, tuple[int, ...], tuple[int, ...]]:
        shape = self._shape(variable)
        dtype = TYPES[variable.type][1]
        if variable.type == "char" and variable.dimensions and not variable.dimensions[-1].startswith("N_"):
            dtype, shape = f"S{shape[-1]}", shape[:-1]
        strides = [np.dtype(dtype).itemsize]
        for length in reversed(shape[1:]):
            strides.insert(0, strides[0] * length)
        if variable.dimensions[:1] == (self.record,):
            strides[0] = slab
        return begin, dtype, shape, tuple(strides[-len(shape) :] if shape else ())

    def _header(self, begins: Sequence[int]) -> bytes:
        parts = [b"CDF\x01", _integers(self.records, _DIMENSIONS, len(self.sizes))]
        parts += [_name(key) + _integers(0 if key == self.record else length) for key, length in self.sizes.items()]
        parts += [_attributes(self.attributes, "char"), _integers(_VARIABLES, len(self.variables))]
        ids = {key: number for number, key in enumerate(self.sizes)}
        for variable, begin in zip(self.variables, begins, strict=True):
            dimensions = [ids[each] for each in variable.dimensions]
            parts += [_name(variable.name), _integers(len(dimensions), *dimensions)]
            parts.append(_attributes(variable.attributes, variable.type))
            parts.append(_integers(TYPES[variable.type][0], _padded(self._bytes(variable)), begin))
        return b"".join(parts)


def _padded(size: int) -> int:
    return size + 3 & ~3


def _integers(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}i", *numbers)


def _name(name: str) -> bytes:
    return _integers(len(name)) + name.encode("ascii").ljust(_padded(len(name)), b"\x00")


def _attributes(attributes: Mapping[str, Any], owner: str) -> bytes:
    parts = [_integers(_ATTRIBUTES if attributes else 0, len(attributes))]
    for key, value in attributes.items():
        kind = "char" if isinstance(value, str) else owner
        raw = value.encode("ascii") if isinstance(value, str) else np.array(value, TYPES[kind][1]).tobytes()
        count = len(raw) if kind == "char" else 1
        parts += [_name(key), _integers(TYPES[kind][0], count), raw.ljust(_padded(len(raw)), b"\x00")]
    return b"".join(parts)
