"""NetCDF classic files (CDF-1, CDF-2, CDF-5), read with numpy alone and trusted in nothing.

Layout: "The NetCDF Classic Format Specification" (Unidata, appendix B of the NetCDF user's guide). Every count is held
against the bytes that are there before anything is made of it, names and dimension ids are checked, and no variable
may reach into the header, beyond the end, or need more bytes than the file has. The ``vsize`` field is redundant and
known to be wrong in large files: sizes come from the shape, as the C library computes them.
"""

import struct
from collections.abc import Mapping
from math import prod
from typing import Any, Final

import numpy as np

from gdac.netcdf.attributes import NATIVE, REMEMBERED, SIZES, TYPES, decoded, name_of
from gdac.netcdf.chains import Entry, chain_of
from gdac.netcdf.model import Array, Header, NetcdfError, VariableHeader
from gdac.netcdf.sources import WHOLE, BytesSource, Source

# Limits of the C library (netcdf.h), but for the rank, where numpy's arrays set ours.
MAX_DIMENSIONS: Final = 1024
MAX_ATTRIBUTES: Final = 8192
MAX_VARIABLES: Final = 8192
MAX_NAME: Final = 256
MAX_RANK: Final = 32

_FIRST_LOOK: Final = 1 << 16
_STREAMING: Final = {4: 0xFFFFFFFF, 8: 0xFFFFFFFFFFFFFFFF}
_FORMATS: Final = {1: "NETCDF3_CLASSIC", 2: "NETCDF3_64BIT_OFFSET", 5: "NETCDF3_64BIT_DATA"}
_LAST_TYPE: Final = {1: 6, 2: 6, 5: 11}
_DIMENSIONS, _VARIABLES, _ATTRIBUTES = 10, 11, 12


_Declared = tuple[str, int, tuple[str, ...], Mapping[str, Any], int]


class _NeedsMoreError(Exception):
    """The header goes on beyond the piece that was looked at."""


class _Cursor:
    """Walks a header; every method moves on and none reads beyond the bytes at hand."""

    def __init__(self, data: bytes, source: Source) -> None:
        self.data = data
        self.at = 4
        self.end = len(data)
        self.source = source
        self.version = data[3]
        self.width = 8 if self.version == 5 else 4
        self._count = struct.Struct(">q" if self.width == 8 else ">i").unpack_from
        self._tag = struct.Struct(">i").unpack_from
        self._pair = struct.Struct(">iq" if self.width == 8 else ">ii").unpack_from

    def fail(self, what: str, at: int | None = None) -> NetcdfError:
        return NetcdfError(self.source.label, self.at if at is None else at, what)

    def short(self) -> Exception:
        """The error for running off the bytes at hand: there may be more of them in the file."""
        if self.end < self.source.size:
            return _NeedsMoreError()
        return self.fail("the header ends here, in the middle of an entry", self.end)

    def count(self, what: str, most: int | None = None) -> int:
        if self.at + self.width > self.end:
            raise self.short()
        (value,) = self._count(self.data, self.at)
        if value < 0 or (most is not None and value > most):
            raise self.fail(f"{value} is not a possible {what}")
        self.at += self.width
        return int(value)

    def ids(self, rank: int, dimensions: int) -> tuple[int, ...]:
        if self.at + rank * self.width > self.end:
            raise self.short()
        found = struct.unpack_from(f">{rank}{'q' if self.width == 8 else 'i'}", self.data, self.at)
        if any(not 0 <= each < dimensions for each in found):
            raise self.fail(f"dimension ids {found} where there are {dimensions} dimensions")
        self.at += rank * self.width
        return found

    def tag(self) -> int:
        if self.at + 4 > self.end:
            raise self.short()
        (value,) = self._tag(self.data, self.at)
        self.at += 4
        return int(value)

    def list_of(self, tag: int, what: str, most: int) -> int:
        """Start of a list: its tag and its count; absent lists are two zeros."""
        start = self.at
        found = self.tag()
        count = self.count(f"number of {what}", most)
        if found not in {0, tag} or (found == 0 and count):
            raise self.fail(f"a list of {what} should begin here", start)
        return count

    def name(self) -> str:
        length = self.count("length of a name", MAX_NAME)
        start = self.at
        if start + length > self.end:
            raise self.short()
        self.at = start + (length + 3 & ~3)
        try:
            return name_of(bytes(self.data[start : start + length]))
        except ValueError as error:
            raise self.fail(str(error), start) from error

    def begin(self) -> int:
        """Where the data of a variable begin, behind its vsize (see the module docstring)."""
        start = self.at + self.width
        stop = start + (4 if self.version == 1 else 8)
        if stop > self.end:
            raise self.short()
        self.at = stop
        return int.from_bytes(self.data[start:stop], "big")

    def attributes(self) -> Mapping[str, Any]:
        """An attribute list: walked over here, decoded once for all files that have the same bytes."""
        number = self.list_of(_ATTRIBUTES, "attributes", MAX_ATTRIBUTES)
        data, width, start = self.data, self.width, self.at
        last = _LAST_TYPE[self.version]
        at = start
        for _ in range(number):
            if at + width > self.end:
                raise self.short()
            (length,) = self._count(data, at)
            if not 0 < length <= MAX_NAME:
                raise self.fail(f"{length} is not a possible length of a name", at)
            at += width + (length + 3 & ~3)
            if at + 4 + width > self.end:
                raise self.short()
            kind, count = self._pair(data, at)
            if not 1 <= kind <= last or count < 0:
                raise self.fail(f"an attribute has type {kind} and {count} values", at)
            at += 4 + width + (count * SIZES[kind] + 3 & ~3)
            if at > self.source.size:
                raise self.fail(f"an attribute of {count} values goes beyond the end of the file")
        if at > self.end:
            raise self.short()
        self.at = at
        decode = decoded if at - start <= REMEMBERED else decoded.__wrapped__
        try:
            return decode(bytes(data[start:at]), number, width)
        except ValueError as error:
            raise self.fail(str(error), start) from error


def read_header(source: Source) -> Header:
    """Parse the header of a classic file and prove that every variable lies inside the file.

    Raises:
        NetcdfError: says at which byte what is wrong.
    """
    look = min(source.size, _FIRST_LOOK if source.size > WHOLE else source.size)
    while True:
        try:
            return _parse(source, bytes(source.read(0, look)))
        except _NeedsMoreError:
            look = min(source.size, look * 4)


def _parse(source: Source, data: bytes) -> Header:
    if len(data) < 4 or data[:3] != b"CDF" or data[3] not in _FORMATS:
        raise NetcdfError(source.label, 0, f"it begins with {data[:8]!r}, as no NetCDF file does")
    cursor = _Cursor(data, source)
    records = _records(cursor)
    dimensions, record = _dimensions(cursor, records or 0)
    attributes = cursor.attributes()
    declared = _variables(cursor, tuple(dimensions), record)
    slab = _slab(declared, dimensions, record)
    if records is None and record is not None:
        records = _streamed_records(declared, record, slab, source.size)
        dimensions[record] = records
    variables = _placed(cursor, declared, dimensions, record, slab)
    return Header(_FORMATS[cursor.version], dimensions, record, attributes, variables)


def _placed(
    cursor: _Cursor, declared: list[_Declared], dimensions: dict[str, int], record: str | None, slab: int
) -> dict[str, VariableHeader]:
    """Give every variable its shape and prove that all of them fit into the file, side by side."""
    variables: dict[str, VariableHeader] = {}
    header_end, total = cursor.at, cursor.at
    for name, kind, names, attributes, begin in declared:
        if name in variables:
            raise cursor.fail(f"variable {name!a} stands there twice")
        shape = tuple([dimensions[each] for each in names])
        stride = slab if names and names[0] == record else 0
        variable = VariableHeader(name, NATIVE[kind], names, shape, attributes, begin, stride)
        needed = SIZES[kind] * prod(shape)
        if needed:
            _check_place(variable, needed, header_end, cursor.source)
            total += needed
        variables[name] = variable
    if variables and total > cursor.source.size:
        raise cursor.fail(f"header and variables need {total} bytes, more than the file has", cursor.source.size)
    return variables


def _records(cursor: _Cursor) -> int | None:
    """The number of records; None when it was left open (a file written as a stream)."""
    width = cursor.width
    if cursor.end < 4 + width:
        raise cursor.short()
    if int.from_bytes(cursor.data[4 : 4 + width], "big") == _STREAMING[width]:
        cursor.at += width
        return None
    return cursor.count("number of records")


def _dimensions(cursor: _Cursor, records: int) -> tuple[dict[str, int], str | None]:
    found: dict[str, int] = {}
    record: str | None = None
    for _ in range(cursor.list_of(_DIMENSIONS, "dimensions", MAX_DIMENSIONS)):
        name = cursor.name()
        length = cursor.count("length of a dimension")
        if name in found:
            raise cursor.fail(f"dimension {name!a} stands there twice")
        if length == 0:
            if record is not None:
                raise cursor.fail(f"{record!a} and {name!a} are both record dimensions")
            record = name
        found[name] = length or records
    return found, record


def _variables(cursor: _Cursor, dimensions: tuple[str, ...], record: str | None) -> list[_Declared]:
    """The variable list; entries met before in another file are recognised by their bytes."""
    chain = chain_of(cursor.version, dimensions, record)
    declared: list[_Declared] = []
    previous = b""
    for _ in range(cursor.list_of(_VARIABLES, "variables", MAX_VARIABLES)):
        known = chain.known(previous, cursor.data, cursor.at)
        if known:
            previous, entry = known
            cursor.at += len(previous)
        else:
            start = cursor.at
            entry = _entry(cursor, dimensions, record)
            block = cursor.data[start : cursor.at]
            chain.remember(previous, block, entry)
            previous = block
        declared.append((*entry, cursor.begin()))
    return declared


def _entry(cursor: _Cursor, dimensions: tuple[str, ...], record: str | None) -> Entry:
    """One entry of the variable list, but for where its data begin."""
    name = cursor.name()
    rank = cursor.count("number of dimensions of a variable", MAX_RANK)
    names = tuple([dimensions[each] for each in cursor.ids(rank, len(dimensions))])
    if record is not None and record in names[1:]:
        raise cursor.fail(f"variable {name!a} has the record dimension in another place than the first")
    attributes = cursor.attributes()
    kind = cursor.tag()
    if not 1 <= kind <= _LAST_TYPE[cursor.version]:
        raise cursor.fail(f"variable {name!a} has type {kind}, which there is not", cursor.at - 4)
    return name, kind, names, attributes


def _slab(declared: list[_Declared], dimensions: dict[str, int], record: str | None) -> int:
    """Bytes of one whole record. Each variable's part is padded to 4, unless it is the only one."""
    sizes = []
    for _, kind, names, _, _ in declared:
        if record is not None and names[:1] == (record,):
            size = TYPES[kind].itemsize
            for each in names[1:]:
                size *= dimensions[each]
            sizes.append(size)
    return sizes[0] if len(sizes) == 1 else sum(size + 3 & ~3 for size in sizes)


def _streamed_records(declared: list[_Declared], record: str | None, slab: int, size: int) -> int:
    """How many records there are in a file whose writer left that open: as many as have room."""
    begins = [begin for _, _, names, _, begin in declared if names[:1] == (record,)]
    return max(0, size - min(begins)) // slab if begins else 0


def _check_place(variable: VariableHeader, needed: int, header_end: int, source: Source) -> None:
    """Refuse data in the header or beyond the end; padding behind the last variable may be missing."""
    begin = variable.begin or 0
    records = variable.shape[0] if variable.stride else 1
    end = begin + (records - 1) * variable.stride + needed // records
    if begin < header_end:
        raise NetcdfError(source.label, begin, f"variable {variable.name!a} begins inside the header")
    if end > source.size:
        raise NetcdfError(
            source.label,
            source.size,
            f"the file ends here, but variable {variable.name!a} goes on to byte {end} (truncated?)",
        )


def read_variable(source: Source, variable: VariableHeader) -> Array:
    """Read the values of a variable whose header came from `read_header` of the same source.

    Returns:
        An array of ``variable.shape`` in native byte order; characters and bytes may be a view of the source.
    """
    dtype = variable.dtype.newbyteorder(">")
    begin, needed = variable.begin or 0, variable.nbytes
    if not needed:
        return np.empty(variable.shape, variable.dtype)
    if variable.stride and needed // variable.shape[0] != variable.stride:
        raw = _read_records(source, variable, dtype)
    else:
        raw = np.frombuffer(source.read(begin, needed), dtype).reshape(variable.shape)
    return raw.astype(variable.dtype, copy=False)


def _read_records(source: Source, variable: VariableHeader, dtype: np.dtype[Any]) -> Array:
    records, stride, begin = variable.shape[0], variable.stride, variable.begin or 0
    size = variable.nbytes // records
    span = (records - 1) * stride + size
    if isinstance(source, BytesSource) or span <= WHOLE:
        inner = np.empty(variable.shape[1:], dtype).strides
        return np.ndarray(variable.shape, dtype, source.read(begin, span), strides=(stride, *inner))
    pieces = b"".join(source.read(begin + at * stride, size) for at in range(records))
    return np.frombuffer(pieces, dtype).reshape(variable.shape)
