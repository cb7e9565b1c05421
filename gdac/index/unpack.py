"""Bytes of an index file before anybody reads rows: unpacked whole, scanned once, never trusted."""

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from gdac.errors import RefusedError

#: An index of 20 million rows takes 2 GB.
MAX_BYTES: Final = 8 << 30
#: Real indexes shrink 5 to 8 times; runs of equal rows up to 60 times.
MAX_RATIO: Final = 200
#: Below this many bytes the ratio says nothing.
_RATIO_FROM: Final = 1 << 24
_BLOCK: Final = 1 << 20
_BLOCK_IN: Final = 1 << 18
#: Real rows have up to 1,338 characters.
MAX_LINE: Final = 1 << 16
_GZIP: Final = 16 + zlib.MAX_WBITS
_MAGIC: Final = b"\x1f\x8b"
_NEWLINE: Final = 10
_COMMA: Final = 44


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


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass over the bytes says.

    Attributes:
        start: the first bytes.
        lines: how many lines there are.
        open_ends: how many of them end in a comma, which the column engine forgives and we do not.
    """

    start: bytes
    lines: int
    open_ends: int


def scan(text: Path, name: str) -> Scan:
    """Read plain text once, checking what no column engine checks.

    Raises:
        RefusedError: the last line has no end (a cut file), or there are NUL bytes, carriage returns, empty lines, or
            lines beyond `MAX_LINE` bytes.
    """
    lines = open_ends = 0
    start = b""
    last = _NEWLINE
    with text.open("rb", buffering=0) as source:
        while block := source.read(_BLOCK):
            start = start or block
            data = np.frombuffer(block, np.uint8)
            ends = np.flatnonzero(data == _NEWLINE)
            before = data[ends - 1]  # for a block that begins with a line end this is its last byte, mended next
            if data[0] == _NEWLINE:
                before[0] = last
            trouble = _trouble(block, ends, before)
            if trouble:
                raise RefusedError(f"index file {name} {trouble}.", hint="Fetch it again, in binary mode.")
            lines += len(ends)
            open_ends += int(np.count_nonzero(before == _COMMA))
            last = int(data[-1])
    if start and last != _NEWLINE:
        raise RefusedError(
            f"index file {name} is cut: line {lines + 1} has no end.", hint="Fetch it again; the transfer broke off."
        )
    return Scan(start, lines, open_ends)


def _trouble(block: bytes, ends: NDArray[np.intp], before: NDArray[np.uint8]) -> str:
    if b"\0" in block:
        return "holds NUL bytes"
    if b"\r" in block:
        return "ends its lines in CR LF"
    if (before == _NEWLINE).any():
        return "has an empty line"
    if not len(ends) and len(block) > MAX_LINE:
        return f"has a line longer than {MAX_LINE:,} bytes"
    return ""
