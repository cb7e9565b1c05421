"""NetCDF files in, numpy arrays out: the one reader of the project.

    content = read_variables(path, {"DATE_UPDATE", "JULD"})
    text(content.variables["DATE_UPDATE"])        # '20250131094500'

Classic files (nearly every Argo file) go through `gdac.netcdf.classic`, which is fast and has no C library to crash;
NetCDF-4 files go through the netCDF4 library, imported only then. A file that cannot be trusted is a `NetcdfError`.
"""

from collections.abc import Collection
from pathlib import Path

from gdac.netcdf import classic
from gdac.netcdf.model import MAX_BYTES, Array, FileContent, Header, NetcdfError, VariableHeader, text, texts
from gdac.netcdf.sources import open_source

__all__ = [
    "MAX_BYTES",
    "Array",
    "FileContent",
    "Header",
    "NetcdfError",
    "VariableHeader",
    "read_header",
    "read_variables",
    "text",
    "texts",
]

_HDF5 = b"\x89HDF\r\n\x1a\n"


def read_variables(
    source: Path | bytes | bytearray | memoryview,
    names: Collection[str] | None,
    *,
    label: str = "",
    limit: int = MAX_BYTES,
) -> FileContent:
    """Read a file's header and some of its variables.

    Args:
        source: a path, or the whole file in memory.
        names: the variables wanted; those that the file lacks are left out of the result. None: all of them.
        label: how messages name the file; a path names itself.
        limit: most bytes that the wanted variables may need together.

    Returns:
        Raw values: native byte order, characters as ``S1``, no masking, no scaling. See `FileContent`.

    Raises:
        NetcdfError: the file cannot be read, is truncated or contradicts itself, or needs more than ``limit``.
    """
    with open_source(source, label) as opened:
        if bytes(opened.read(0, min(8, opened.size))) == _HDF5:
            from gdac.netcdf import hdf5  # noqa: PLC0415 - the C library is loaded only for files that need it

            whole = source if isinstance(source, Path) else bytes(source)
            return hdf5.read(whole, names, label=opened.label, limit=limit)
        header = classic.read_header(opened)
        wanted = [one for name, one in header.variables.items() if names is None or name in names]
        needed = sum(variable.nbytes for variable in wanted)
        if needed > limit:
            raise NetcdfError(opened.label, None, f"the variables asked for need {needed} bytes, {limit} are allowed")
        return FileContent(header, {each.name: classic.read_variable(opened, each) for each in wanted})


def read_header(source: Path | bytes | bytearray | memoryview, *, label: str = "") -> Header:
    """Read everything but the data; raises as `read_variables` does."""
    return read_variables(source, (), label=label).header
