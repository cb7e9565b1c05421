"""A NetCDF file in memory that a test can change in one place: read, change, write."""

import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gdac.netcdf import read_variables

_TYPES = {"i1": 1, "S1": 2, "i2": 3, "i4": 4, "f4": 5, "f8": 6}
CODES = {"byte": "i1", "char": "S1", "short": "i2", "int": "i4", "float": "f4", "double": "f8"}


@dataclass
class DraftVariable:
    dims: tuple[str, ...]
    data: np.ndarray
    attrs: dict[str, Any] = field(default_factory=dict)

    @property
    def fill(self):
        return self.attrs.get("_FillValue", b" " if self.data.dtype.kind == "S" else 99999)


class Draft:
    """A file that can be changed.

    Attributes: name (basename), dac, received (seconds since 1970), dims (lengths), record (the unlimited dimension or
    None), attrs (global), variables.

    All indices are 0-based here. Methods return the draft, so that changes can be chained.
    """

    def __init__(self, name, dac, received):
        self.name, self.dac, self.received = name, dac, received
        self.dims: dict[str, int] = {}
        self.record: str | None = None
        self.attrs: dict[str, Any] = {}
        self.variables: dict[str, DraftVariable] = {}
        self.raw = None

    @classmethod
    def read(cls, data, name, dac, received):
        made = cls(name, dac, received)
        content = read_variables(bytes(data), None)
        made.dims, made.record = dict(content.dimensions), content.header.record_dimension
        made.attrs = dict(content.attributes)
        for key, header in content.header.variables.items():
            values = np.array(content.variables[key])
            made.variables[key] = DraftVariable(header.dimensions, values, dict(header.attributes))
        return made

    def __getitem__(self, name) -> np.ndarray:
        """The values of a variable, to look at or to change in place."""
        return self.variables[name].data

    # ---- values

    def set(self, name, value, *index):
        """Numbers at an index (0-based; none: everywhere)."""
        self[name][index or ...] = value
        return self

    def fill(self, name, *index):
        """Fill values at an index (none: everywhere)."""
        return self.set(name, self.variables[name].fill, *index)

    def text(self, name, text, *index, pad=" "):
        """A text at an index of all axes but the last; one character where the index goes to the last axis."""
        data = self[name]
        raw = text.encode("latin-1")
        if len(index) == data.ndim:
            data[index] = raw
            return self
        width = data.shape[-1]
        padded = raw[:width].ljust(width, pad.encode("latin-1"))
        data[index or ...] = np.frombuffer(padded, "S1")
        return self

    def read_text(self, name, *index):
        return self[name][index or ...].tobytes().decode("latin-1").rstrip(" \0")

    # ---- structure

    def attr(self, variable, name, value):
        """An attribute (variable None: a global one): text, or a numpy number whose type is written."""
        (self.attrs if variable is None else self.variables[variable].attrs)[name] = value
        return self

    def no_attr(self, variable, name):
        del (self.attrs if variable is None else self.variables[variable].attrs)[name]
        return self

    def no_variable(self, *names):
        for name in names:
            del self.variables[name]
        return self

    def rename(self, old, new):
        self.variables = {new if key == old else key: value for key, value in self.variables.items()}
        return self

    def add(self, name, kind, dims, attrs=None, value=None):
        """A new variable of a type (char, int, float, ...) over dimensions, filled with a value or its fill value."""
        made = DraftVariable(tuple(dims), np.zeros([self.dims[each] for each in dims], CODES[kind]), dict(attrs or {}))
        made.data[...] = made.fill if value is None else value
        self.variables[name] = made
        return self

    def like(self, name, other):
        """A new variable that is a copy of another one."""
        model = self.variables[other]
        self.variables[name] = DraftVariable(model.dims, model.data.copy(), dict(model.attrs))
        return self

    def retype(self, name, kind):
        self.variables[name].data = self[name].astype(CODES[kind])
        return self

    def dim(self, name, length):
        """A dimension made, or made longer or shorter with all that uses it (repeating the last item)."""
        self.dims[name] = length
        for each in self.variables.values():
            for axis, dim in enumerate(each.dims):
                if dim == name:
                    each.data = _resized(each, axis, length)
        return self

    def no_dim(self, name):
        """Drop a dimension and everything that uses it."""
        del self.dims[name]
        self.record = None if self.record == name else self.record
        self.variables = {key: each for key, each in self.variables.items() if name not in each.dims}
        return self

    def bytes(self, raw):
        """Replace the whole file by these bytes."""
        self.raw = raw
        return self

    # ---- writing

    def encode(self):
        if self.raw is not None:
            return self.raw
        # a classic file can have one dimension of length 0 only, its record dimension
        classic = all(length or name == self.record for name, length in self.dims.items())
        return _encoded(self) if classic else _netcdf4(self)

    def write(self, folder):
        path = folder / self.name
        path.write_bytes(self.encode())
        import os

        os.utime(path, (self.received, self.received))
        return path


def _resized(variable, axis, length):
    have = variable.data.shape[axis]
    if have:
        return np.take(variable.data, np.minimum(np.arange(length), have - 1), axis=axis)
    shape = list(variable.data.shape)
    shape[axis] = length
    return np.full(shape, variable.fill, variable.data.dtype)


def _netcdf4(draft):
    """The bytes of a NetCDF-4 file."""
    import netCDF4

    made = netCDF4.Dataset("memory", "w", memory=4096)
    for name, length in draft.dims.items():
        made.createDimension(name, None if name == draft.record or not length else length)
    made.setncatts(draft.attrs)
    for name, each in draft.variables.items():
        fill = each.attrs.get("_FillValue")
        fill = fill.encode() if isinstance(fill, str) else fill
        variable = made.createVariable(name, each.data.dtype, each.dims, fill_value=fill)
        variable.set_auto_maskandscale(False)
        variable.set_auto_chartostring(False)
        variable.setncatts({key: value for key, value in each.attrs.items() if key != "_FillValue"})
        if each.data.size:
            variable[...] = each.data
    return bytes(made.close())


def _encoded(draft):
    """The bytes of a classic (CDF-1) file."""
    record = draft.record
    fixed = [key for key, each in draft.variables.items() if not each.dims or each.dims[0] != record]
    recorded = [key for key in draft.variables if key not in fixed]
    bodies = {key: _padded(_big(draft[key]).tobytes()) for key in fixed}
    rows = {key: [_big(row).tobytes() for row in draft[key]] for key in recorded}
    if len(recorded) > 1:
        rows = {key: [_padded(row) for row in each] for key, each in rows.items()}
    begins, at = {}, len(_header(draft, {}))
    for key in fixed:
        begins[key] = at
        at += len(bodies[key])
    for key in recorded:
        begins[key] = at
        at += len(rows[key][0]) if rows[key] else 0
    records = draft.dims[record] if record and recorded else 0
    parts = [_header(draft, begins), *(bodies[key] for key in fixed)]
    parts += [rows[key][number] for number in range(records) for key in recorded]
    return b"".join(parts)


def _header(draft, begins):
    ids = {name: number for number, name in enumerate(draft.dims)}
    records = draft.dims[draft.record] if draft.record else 0
    parts = [b"CDF\x01", struct.pack(">i", records), struct.pack(">ii", 10 if ids else 0, len(ids))]
    for name, length in draft.dims.items():
        parts += [_name(name), struct.pack(">i", 0 if name == draft.record else length)]
    parts += [_attributes(draft.attrs), struct.pack(">ii", 11, len(draft.variables))]
    for key, each in draft.variables.items():
        parts += [_name(key), struct.pack(f">i{len(each.dims)}i", len(each.dims), *(ids[dim] for dim in each.dims))]
        size = each.data.nbytes // max(1, records if each.dims[:1] == (draft.record,) else 1)
        kind = _TYPES[each.data.dtype.str[1:]]
        parts += [_attributes(each.attrs), struct.pack(">iii", kind, size + -size % 4, begins.get(key, 0))]
    return b"".join(parts)


def _attributes(attrs):
    parts = [struct.pack(">ii", 12 if attrs else 0, len(attrs))]
    for key, value in attrs.items():
        if isinstance(value, bytes | str):
            raw = value.encode("utf-8") if isinstance(value, str) else value
            kind, count = 2, len(raw)
        else:
            array = np.atleast_1d(np.asarray(value))
            kind, count, raw = _TYPES[array.dtype.str[1:]], array.size, _big(array).tobytes()
        parts += [_name(key), struct.pack(">ii", kind, count), _padded(raw)]
    return b"".join(parts)


def _big(array):
    array = np.asarray(array)
    return array.astype(array.dtype.newbyteorder(">"))


def _name(text):
    raw = text.encode("utf-8")
    return struct.pack(">i", len(raw)) + _padded(raw)


def _padded(raw):
    return raw + b"\0" * (-len(raw) % 4)
