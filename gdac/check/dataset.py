"""One file as the rules see it: a light value over the header, with data decoded when a rule asks, once.

Texts follow the official checker's reader, so that both see the same value: bytes are ISO-8859-1, a string ends at its
first NUL, and blanks are kept; "trimmed" drops the characters up to U+0020 at both ends, and no others.

    with open_dataset(Path("R6903724_001.nc")) as dataset:
        dataset.text("DATA_TYPE")                # 'Argo profile    '
        dataset.trimmed("STATION_PARAMETERS")    # ('PRES', 'TEMP', 'PSAL'), flat in C order, see strings_shape
        dataset.array("PRES")                    # float32, (N_PROF, N_LEVELS), raw
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from gdac.netcdf import MAX_BYTES, Array, Header, NetcdfError, VariableHeader, classic
from gdac.netcdf.sources import open_source

#: What the official checker's `trim` drops.
BLANKS: Final = "".join(map(chr, range(0x21)))
_HDF5: Final = b"\x89HDF\r\n\x1a\n"
#: Names of element types, as format specifications write them; others keep numpy's name.
TYPES: Final = {
    "S1": "char",
    "i1": "byte",
    "i2": "short",
    "i4": "int",
    "f4": "float",
    "f8": "double",
    "i8": "int64",
    "u1": "ubyte",
    "u2": "ushort",
    "u4": "uint",
    "u8": "uint64",
    "O": "string",
}


def trim(text: str) -> str:
    """Drop characters up to U+0020 at both ends, and no others (a no-break space stays)."""
    return text.strip(BLANKS)


def type_of(variable: VariableHeader) -> str:
    """The element type of a variable in the words of the format specification: char, int, float, double, ..."""
    dtype = variable.dtype
    return TYPES.get("O" if dtype.kind == "O" else dtype.str[1:], dtype.name)


class Dataset:
    """A file's header and, on demand, its data; everything decoded is kept for the next rule.

    Attributes:
        label: how the caller named the file.
        header: dimensions, attributes and variables; see `gdac.netcdf.Header`.
        dimensions: length by name, in file order.
        variables: headers by name, in file order.
        attributes: global attributes.
    """

    __slots__ = ("_arrays", "_read", "_texts", "_trimmed", "attributes", "dimensions", "header", "label", "variables")

    def __init__(self, label: str, header: Header, read: Callable[[str], Array]) -> None:
        self.label = label
        self.header = header
        self.dimensions: Mapping[str, int] = header.dimensions
        self.variables: Mapping[str, VariableHeader] = header.variables
        self.attributes: Mapping[str, Any] = header.attributes
        self._read = read
        self._arrays: dict[str, Array] = {}
        self._texts: dict[str, tuple[str, ...]] = {}
        self._trimmed: dict[str, tuple[str, ...]] = {}

    def __contains__(self, name: object) -> bool:
        return name in self.variables

    def array(self, name: str) -> Array:
        """Raw values, native byte order, the variable's shape; characters are ``S1``. Read-only.

        Raises:
            KeyError: the file has no such variable.
            NetcdfError: the data cannot be read.
        """
        found = self._arrays.get(name)
        if found is None:
            if name not in self.variables:
                raise KeyError(name)
            found = self._arrays[name] = self._read(name)
        return found

    def bytes(self, name: str) -> bytes:
        """The characters of a char variable, flat in C order: the quick way to look at flags and modes."""
        return self.array(name).tobytes()

    def texts(self, name: str) -> tuple[str, ...]:
        """The strings along the last axis, flat in C order, each cut at its first NUL, blanks kept.

        A scalar counts as one string of one character; a variable that is not char gives no strings.
        """
        found = self._texts.get(name)
        if found is None:
            found = self._texts[name] = _strings(self.array(name))
        return found

    def trimmed(self, name: str) -> tuple[str, ...]:
        """As `texts`, each trimmed as the official checker trims."""
        found = self._trimmed.get(name)
        if found is None:
            found = self._trimmed[name] = tuple([text.strip(BLANKS) for text in self.texts(name)])
        return found

    def text(self, name: str) -> str:
        """A variable as one string (its first one, when it has several); empty when it has none."""
        return next(iter(self.texts(name)), "")

    def strings_shape(self, name: str) -> tuple[int, ...]:
        """The shape that `texts` was flattened from: all axes but the last."""
        return self.variables[name].shape[:-1]

    def is_char(self, name: str, rank: int | None = None) -> bool:
        """The variable is there, of type char, and of that rank (any, when None)."""
        variable = self.variables.get(name)
        if variable is None or variable.dtype.kind != "S":
            return False
        return rank is None or len(variable.shape) == rank


def _strings(array: Array) -> tuple[str, ...]:
    if array.dtype.kind == "O":
        return tuple([str(each).partition("\0")[0] for each in array.ravel().tolist()])
    if array.dtype.kind != "S":
        return ()
    width = array.shape[-1] if array.ndim else 1
    if not width:
        return ("",) * int(np.prod(array.shape[:-1], dtype=int))
    whole = array.tobytes().decode("latin-1")
    pieces = [whole[at : at + width] for at in range(0, len(whole), width)]
    if "\0" in whole:
        return tuple([piece.partition("\0")[0] for piece in pieces])
    return tuple(pieces)


@contextmanager
def open_dataset(
    source: Path | bytes, *, label: str = "", limit: int = MAX_BYTES, hdf5: bool = True
) -> Iterator[Dataset]:
    """Open a file of any container for checking.

    Args:
        source: a path, or the whole file in memory.
        label: how messages name it; a path names itself.
        limit: most bytes that all variables may need together.
        hdf5: False refuses NetCDF-4 with `NeedsWorkerError`, for a caller that will not load the C library here.

    Raises:
        NetcdfError: the file cannot be read, is truncated, contradicts itself, or needs more than ``limit``.
        NeedsWorkerError: see ``hdf5``.
    """
    with open_source(source, label) as opened:
        if bytes(opened.read(0, min(8, opened.size))) == _HDF5:
            if not hdf5:
                raise NeedsWorkerError(opened.label, None, "it is NetCDF-4, which is read in a worker")
            yield _hdf5_dataset(source, opened.label, limit)
            return
        header = classic.read_header(opened)
        needed = sum(variable.nbytes for variable in header.variables.values())
        if needed > limit:
            raise NetcdfError(opened.label, None, f"its variables need {needed} bytes, {limit} are allowed")
        yield Dataset(opened.label, header, lambda name: classic.read_variable(opened, header.variables[name]))


def _hdf5_dataset(source: Path | bytes, label: str, limit: int) -> Dataset:
    from gdac.netcdf import hdf5  # noqa: PLC0415 - the C library is loaded only for files that need it

    content = hdf5.read(source, None, label=label, limit=limit)
    return Dataset(label, content.header, content.variables.__getitem__)


class NeedsWorkerError(NetcdfError):
    """The file needs the C library, which the caller does not want in its own process."""
