"""What is in a NetCDF file, whatever its container; and the one error for a file that cannot be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from gdac.errors import RefusedError

#: Arrays of one call may not need more than this many bytes, unless the caller says otherwise.
MAX_BYTES: Final = 1 << 30

Array = npt.NDArray[Any]


class NetcdfError(RefusedError):
    """Bytes that are not a NetCDF file we can trust: truncated, contradictory or hostile.

    Attributes:
        label: the file as the caller named it.
        offset: byte at which it shows, or None (HDF5 does not say).
    """

    def __init__(self, label: str, offset: int | None, what: str) -> None:
        where = "" if offset is None else f" at byte {offset}"
        super().__init__(
            f"{label} is not a readable NetCDF file{where}: {what}.",
            hint="Fetch or write the file again; if it comes out the same, its producer must mend it.",
        )
        self.label = label
        self.offset = offset
        self.why = what


@dataclass(frozen=True, slots=True)
class VariableHeader:
    """One variable as the header declares it.

    Attributes:
        name: its name.
        dtype: element type in native byte order; characters are ``S1``.
        dimensions: names, slowest first.
        shape: lengths, slowest first; the record dimension counts the records there are.
        attributes: texts as str (trailing NULs kept off), numbers as numpy scalars, or arrays when there are several.
        begin: offset of the first byte of data; None in HDF5 files.
        stride: bytes from one record to the next; 0 where the first dimension is not the record dimension.
    """

    name: str
    dtype: np.dtype[Any]
    dimensions: tuple[str, ...]
    shape: tuple[int, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    begin: int | None = None
    stride: int = 0

    @property
    def nbytes(self) -> int:
        """Bytes of data, without padding."""
        size = self.dtype.itemsize
        for length in self.shape:
            size *= length
        return size


@dataclass(frozen=True, slots=True)
class Header:
    """Everything in a file but its data.

    Attributes:
        format: ``NETCDF3_CLASSIC``, ``NETCDF3_64BIT_OFFSET``, ``NETCDF3_64BIT_DATA``, ``NETCDF4_CLASSIC``, ``NETCDF4``.
        dimensions: length by name, in file order.
        record_dimension: name of the (first) unlimited dimension, or None.
        attributes: the file's own (global) attributes; see `VariableHeader.attributes`.
        variables: by name, in file order.
    """

    format: str
    dimensions: Mapping[str, int]
    record_dimension: str | None
    attributes: Mapping[str, Any]
    variables: Mapping[str, VariableHeader]


@dataclass(frozen=True, slots=True)
class FileContent:
    """A header and the variables that were asked for and are there.

    Attributes:
        header: everything in the file but its data.
        variables: raw values in native byte order (no fill masking, no scaling, no joining of characters: ``S1``).
            Treat them as read-only: characters may be a view of the bytes that were read.
    """

    header: Header
    variables: Mapping[str, Array]

    @property
    def dimensions(self) -> Mapping[str, int]:
        """Length by name."""
        return self.header.dimensions

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Global attributes."""
        return self.header.attributes


def text(array: Array) -> str:
    """Join an array of characters (any shape) and strip trailing blanks and NULs; bytes outside UTF-8 become U+FFFD."""
    return array.tobytes().rstrip(b" \x00").decode("utf-8", "replace")


def texts(array: Array) -> list[str]:
    """The strings of a character array: one per row of its last axis, leading axes flattened, stripped as by `text`."""
    if array.ndim == 0 or array.size == 0:
        rows = int(np.prod(array.shape[:-1]))
        return [text(array)] if array.ndim == 0 else [""] * rows
    return [text(row) for row in array.reshape(-1, array.shape[-1])]
