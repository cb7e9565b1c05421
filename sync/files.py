"""Local files on their way into a store."""

import gzip
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

from gdac.index.header import MAX_HEADER_BYTES, parse_header
from gdac.store import CHUNK
from sync.transfer import SMALL


def file_body(file: Path) -> bytes | AsyncIterator[bytes]:
    """The bytes of a local file, as one piece while it is small, else as a stream."""
    return file.read_bytes() if file.stat().st_size <= SMALL else _stream(file)


async def _stream(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            yield chunk


def index_stamp(file: Path) -> datetime | None:
    """The stamp ("Date of update", UTC) in the header of a sound index file, packed or plain."""
    with file.open("rb") as opened:
        packed = opened.read(2) == b"\x1f\x8b"
    with gzip.open(file) if packed else file.open("rb") as text:
        start = text.read(MAX_HEADER_BYTES)
    return parse_header(start, str(file)).updated
