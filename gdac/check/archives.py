"""Submissions packed as ``.tar.gz``: each member is checked in memory, nothing is ever written to disk.

The archive comes from somebody else, so it is read in one pass by a small reader of our own with caps on everything:
the number of members, the size of each and of all, how far bytes may swell. Links, devices and names that lead out of
the archive end the reading with an error that says which member it was.
"""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from gdac.check.task import ARCHIVES
from gdac.errors import RefusedError

_BLOCK: Final = tarfile.BLOCKSIZE
#: Largest header extension (a long name, pax records) that makes sense.
_EXTENSION: Final = 1 << 20
#: The ratio is not looked at before so many bytes came out.
_GRACE: Final = 64 << 20
_PLAIN: Final = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE})
_LONG_NAME: Final = frozenset({tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK})


class ArchiveError(RefusedError):
    """An archive that cannot be read, or that nobody should open.

    Attributes:
        why: what is wrong, one clause.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is not a usable archive: {why}.", hint="Pack plain files only, and send it again.")
        self.why = why


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may hold.

    Attributes:
        members: number of entries.
        member: bytes of one file.
        total: bytes of all.
        ratio: how many times larger than the archive itself they may be.
    """

    members: int = 200_000
    member: int = 256 << 20
    total: int = 64 << 30
    ratio: int = 250


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive.

    Attributes:
        name: its path in the archive, with ``/`` and without ``./``.
        modified: its own modification time, seconds since 1970 UTC.
        size: bytes.
        data: the file; None for members that were not wanted.
    """

    name: str
    modified: float
    size: int
    data: bytes | None


def is_archive(path: str) -> bool:
    """Whether a file's name says that it is an archive."""
    return path.endswith(ARCHIVES)


def members(path: Path, *, wanted: str = ".nc", limits: Limits | None = None) -> Iterator[Member]:
    """The files of an archive, in its order, one at a time.

    Args:
        path: the archive; compressed or not, whatever its name.
        wanted: suffix of the members that are read; of others only the name is given.
        limits: caps.

    Raises:
        ArchiveError: it cannot be read, holds what no submission should hold, or is beyond a cap.
    """
    limits = limits or Limits()
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            stream: _Readable = gzip.GzipFile(fileobj=raw) if packed else raw
            yield from _Reader(path, stream, raw, limits).members(wanted)
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise ArchiveError(path, f"it cannot be read ({error})") from error


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Reader:
    """Walks through the blocks of an archive."""

    def __init__(self, path: Path, stream: _Readable, raw: BinaryIO, limits: Limits) -> None:
        self._path = path
        self._stream = stream
        self._raw = raw
        self._limits = limits
        self._out = 0

    def members(self, wanted: str) -> Iterator[Member]:
        """Files only; folders are passed over."""
        pax: dict[str, str] = {}
        entries = total = 0
        while (info := self._header()) is not None:
            entries += 1
            if entries > self._limits.members:
                raise self._error(f"it holds more than {self._limits.members:,} entries")
            if info.type in _LONG_NAME or info.type in {tarfile.XHDTYPE, tarfile.XGLTYPE}:
                pax |= self._extension(info)
                continue
            name, size = self._described(info, pax)
            modified = float(pax.get("mtime", info.mtime))
            pax = {}
            if info.type == tarfile.DIRTYPE:
                continue
            if info.type not in _PLAIN:
                raise self._error(f"{name!a} is not a plain file (a link, a device or the like)")
            total += size
            if size > self._limits.member or total > self._limits.total:
                raise self._error(f"{name!a} makes it too large ({size:,} bytes, {total:,} in all)")
            data = self._content(size, keep=name.endswith(wanted))
            yield Member(name, modified, size, data)

    def _header(self) -> tarfile.TarInfo | None:
        """The next header, or None at the mark of the end, an empty block."""
        block = self._stream.read(_BLOCK)
        if not block:
            raise self._error("it has no end: it is empty, or was cut off")
        try:
            return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            if block.count(0) == _BLOCK:
                self._drain()
                return None
            raise self._error(f"it is no tar archive, or damaged ({error})") from error

    def _drain(self) -> None:
        """Read what stands behind the end: only then is the checksum of a compressed archive compared."""
        while piece := self._stream.read(1 << 20):
            self._count(len(piece))

    def _described(self, info: tarfile.TarInfo, pax: dict[str, str]) -> tuple[str, int]:
        """Name and size of an entry, with what its extensions say; safe to show as a path below the archive."""
        if any(key.startswith("GNU.sparse") for key in pax) or info.type == tarfile.GNUTYPE_SPARSE:
            raise self._error(f"{info.name!a} is a sparse file")
        name = pax.get("path", info.name)
        parts = [part for part in name.split("/") if part not in {"", "."}]
        drive = bool(parts) and parts[0][1:2] == ":"
        if name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or drive:
            raise self._error(f"the name {name!a} leads out of it")
        if not parts and info.type != tarfile.DIRTYPE:
            raise self._error("a member has no name")
        size = pax.get("size", str(info.size))
        if not size.isdecimal():
            raise self._error(f"{name!a} has no size ({size!a})")
        return "/".join(parts), int(size)

    def _extension(self, info: tarfile.TarInfo) -> dict[str, str]:
        """What a header before the header says: a long name, or pax records."""
        if info.size > _EXTENSION:
            raise self._error(f"a header of it has {info.size:,} bytes")
        data = self._content(info.size, keep=True) or b""
        if info.type == tarfile.GNUTYPE_LONGNAME:
            return {"path": data.rstrip(b"\0").decode("utf-8", "surrogateescape")}
        return self._records(data) if info.type == tarfile.XHDTYPE else {}

    def _records(self, data: bytes) -> dict[str, str]:
        found = {}
        while data:
            length, blank, _ = data.partition(b" ")
            if not blank or not length.isdigit() or not len(length) + 2 <= int(length) <= len(data):
                raise self._error("a pax header of it is damaged")
            key, equals, value = data[len(length) + 1 : int(length) - 1].partition(b"=")
            if not equals:
                raise self._error("a pax header of it is damaged")
            found[key.decode("utf-8", "surrogateescape")] = value.decode("utf-8", "surrogateescape")
            data = data[int(length) :]
        return found

    def _content(self, size: int, *, keep: bool) -> bytes | None:
        """Read (or pass over) a member's bytes and the padding behind them."""
        pieces: list[bytes] = []
        left, padding = size, -size % _BLOCK
        while left + padding:
            piece = self._stream.read(min(left or padding, 1 << 20))
            if not piece:
                raise self._error("it ends in the middle of a member")
            self._count(len(piece))
            if left:
                left -= len(piece)
                if keep:
                    pieces.append(piece)
            else:
                padding -= len(piece)
        return b"".join(pieces) if keep else None

    def _count(self, size: int) -> None:
        self._out += size
        if self._out > _GRACE and self._out > self._limits.ratio * max(self._raw.tell(), 1):
            raise self._error(f"it swells to more than {self._limits.ratio} times its size")

    def _error(self, why: str) -> ArchiveError:
        return ArchiveError(self._path, why)
