"""The plain text of an index file: itself, or unpacked whole and verified before anybody reads a row."""

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO, Final

from gdac.errors import RefusedError

#: An index of 20 million rows takes 2 GB.
MAX_BYTES: Final = 8 << 30
#: Real indexes shrink 5 to 8 times; runs of equal rows up to 60 times.
MAX_RATIO: Final = 200
#: Below this many bytes the ratio says nothing.
_RATIO_FROM: Final = 1 << 24
_BLOCK: Final = 1 << 20
_BLOCK_IN: Final = 1 << 18
_GZIP: Final = 16 + zlib.MAX_WBITS
_MAGIC: Final = b"\x1f\x8b"


@contextmanager
def plain(file: Path, workdir: Path) -> Iterator[Path]:
    """The index's plain text: the file itself, or a verified copy in ``workdir`` that lives as long as the context.

    Raises:
        RefusedError: a gzip file that is truncated, damaged, followed by other bytes, or too large when unpacked.
    """
    with file.open("rb") as opened:
        packed = opened.read(2) == _MAGIC
    if not packed:
        if file.suffix == ".gz":
            with file.open("rb") as opened:
                raise RefusedError(
                    f"{file} is not gzip (starts with {opened.read(40)!a}).", hint="Look at what the server sent."
                )
        yield file
        return
    workdir.mkdir(parents=True, exist_ok=True)
    handle, name = mkstemp(prefix=".index-", suffix=".txt", dir=workdir)
    try:
        with file.open("rb") as source, os.fdopen(handle, "wb") as target:
            _gunzip(source, target, file)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _gunzip(source: BinaryIO, target: BinaryIO, file: Path) -> None:
    engine = zlib.decompressobj(_GZIP)
    packed = unpacked = 0
    data = b""
    while True:
        if not data:
            data = source.read(_BLOCK_IN)
            packed += len(data)
        if engine.eof:
            if not data:
                return
            if data[:1] != _MAGIC[:1]:  # another gzip member is fine, anything else is not
                raise RefusedError(f"{file} has other bytes after its gzip data.", hint="Fetch it again.")
            engine = zlib.decompressobj(_GZIP)
        ended = not data
        try:
            text = engine.decompress(data, _BLOCK)
        except zlib.error as error:
            raise RefusedError(f"{file} is damaged: {error}.", hint="Fetch it again.") from error
        if ended and not text and not engine.eof:
            raise RefusedError(f"{file} is cut: its gzip data end early.", hint="Fetch it again.")
        data = engine.unused_data if engine.eof else engine.unconsumed_tail
        unpacked += len(text)
        if unpacked > MAX_BYTES or (unpacked > _RATIO_FROM and unpacked > packed * MAX_RATIO):
            raise RefusedError(f"{file} unpacks to more than an index can be ({unpacked:,} bytes and on).")
        target.write(text)
