"""Where the bytes of a classic file come from: memory, or a file on disk read piece by piece."""

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from gdac.netcdf.model import NetcdfError

#: Files up to this size are read in one go; of longer ones only the header and what is asked for.
WHOLE: Final = 1 << 20


class Source(Protocol):
    """Bytes that can be read at an offset."""

    @property
    def label(self) -> str:
        """For messages."""
        ...

    @property
    def size(self) -> int:
        """How many bytes there are."""
        ...

    def read(self, offset: int, length: int) -> bytes | memoryview:
        """Exactly ``length`` bytes; the caller has checked them against ``size``."""
        ...


class BytesSource:
    """A file held in memory (bytes, memoryview or mmap)."""

    def __init__(self, data: bytes | bytearray | memoryview, label: str) -> None:
        self._view = memoryview(data).cast("B")
        self.label = label
        self.size = len(self._view)

    def read(self, offset: int, length: int) -> memoryview:
        """A view, no copy."""
        return self._view[offset : offset + length]


class FileSource:
    """A file on disk, read piece by piece (not mapped: a file cut short while mapped kills the process)."""

    def __init__(self, file: BinaryIO, size: int, label: str) -> None:
        self._file = file
        self.label = label
        self.size = size

    def read(self, offset: int, length: int) -> bytes:
        """Read one piece. Raises `NetcdfError` when the disk fails or the file became shorter meanwhile."""
        try:
            self._file.seek(offset)
            data = self._file.read(length)
        except OSError as error:
            raise NetcdfError(self.label, offset, f"it cannot be read ({error.strerror or error})") from error
        if len(data) != length:
            raise NetcdfError(self.label, offset + len(data), "the file became shorter while it was read")
        return data


def open_source(source: Path | bytes | bytearray | memoryview, label: str = "") -> AbstractContextManager[Source]:
    """Make a `Source` of a path or of bytes; a context manager.

    Raises:
        NetcdfError: the path cannot be opened or read.
    """
    if not isinstance(source, Path):
        return nullcontext(BytesSource(source, label or "(bytes)"))
    label = label or str(source)
    try:
        file = source.open("rb")
        size = os.fstat(file.fileno()).st_size
        if size > WHOLE:
            return _OpenFile(file, FileSource(file, size, label))
        with file:
            return nullcontext(BytesSource(file.read(), label))
    except OSError as error:
        raise NetcdfError(label, None, f"it cannot be read ({error.strerror or error})") from error


class _OpenFile(AbstractContextManager[Source]):
    def __init__(self, file: BinaryIO, source: Source) -> None:
        self._file = file
        self._source = source

    def __enter__(self) -> Source:
        return self._source

    def __exit__(self, *exc: object) -> None:
        self._file.close()
