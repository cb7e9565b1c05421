"""The members of a submitted archive, one after the other, as far as an honest archive goes.

Of a member's path only the last part matters, but a path that leads somewhere, a link, a device, a sparse file or an
archive within refuses the whole archive: whoever packs such things packs something else than Argo files. Nothing but
plain bytes under names of our own ever reaches the disk, and never more than the caps of policy ACC-008 allow.
"""

import re
import unicodedata
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gdac.errors import RefusedError
from gdac.paths import MAX_PATH_BYTES, MAX_SEGMENT_BYTES
from policies.acceptance import Packed, judge_archive
from policies.law import values
from sync.state.collected import Reason
from sync.tars.tar import Body, entries
from sync.tars.unpack import Budget, ByteStream, TarError, unpacked

_POLICY: Final = "ACC-008"
_MEMBERS: Final = int(values("acceptance", _POLICY)["members"])
#: Headers for one member: its own, and those that speak of it.
_HEADERS: Final = 4
_BLOCK: Final = 1 << 20
_WITHIN: Final = re.compile(r".*\.(?:tar(?:\.[a-z0-9]+)?|tgz|tbz2?|txz|zip|7z|rar)", re.IGNORECASE | re.DOTALL)
_DRIVE: Final = re.compile(r"[A-Za-z]:")


class ArchiveError(RefusedError):
    """An archive that is refused whole.

    Attributes:
        reason: the policy, and why.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.reason = Reason(_POLICY, why)


@dataclass(frozen=True, slots=True)
class Member:
    """A plain file of an archive.

    Attributes:
        name: the last part of its path.
        path: its path in the archive, without ``./``; printable.
        size: bytes.
    """

    name: str
    path: str
    size: int
    _body: Body

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The bytes, to be taken before the next member is asked for.

        Raises:
            ArchiveError: the archive ends within them, or is damaged there.
        """
        try:
            async for piece in self._body.chunks():
                yield piece
        except TarError as error:
            raise _unreadable(error) from error


async def members(file: Path, size: int) -> AsyncGenerator[Member, None]:
    """The plain files of an archive in its order; folders, and names that begin with a dot, are passed over.

    Args:
        file: the archive: a tar, gzipped or not, whatever it is called.
        size: its bytes.

    Raises:
        ArchiveError: it is no archive, holds no file, is damaged, cut off, beyond a cap, or made to harm.
    """
    async with aclosing(_pieces(file)) as pieces:
        try:
            async for one in _members(ByteStream(pieces, "the archive"), size):
                yield one
        except TarError as error:
            raise _unreadable(error) from error


def _unreadable(error: TarError) -> ArchiveError:
    return ArchiveError(error.what.rstrip("."))


async def _members(raw: ByteStream, size: int) -> AsyncGenerator[Member, None]:
    caps = _Caps(packed=size)
    stream = await unpacked(raw, caps)
    seen = total = given = 0
    async for entry in entries(stream, caps):
        seen, total = seen + 1, total + entry.size
        _hold_against_caps(Packed(size, seen, total))
        parts = [part for part in entry.name.split("/") if part not in {"", "."}]
        if why := _why_refused(entry.name, parts, entry.odd, is_folder=entry.is_folder):
            raise ArchiveError(why)
        if not entry.is_folder and not any(part.startswith(".") for part in parts):
            given += 1
            yield Member(parts[-1], "/".join(parts), entry.size, entry.body)
    await stream.padding()
    await raw.padding()
    if not given:
        raise ArchiveError("the archive holds no file")


class _Caps(Budget):
    """Holds what comes out of an archive against policy ACC-008 while it comes out."""

    def __init__(self, packed: int) -> None:
        super().__init__()
        self._packed = packed

    def unpacked(self, size: int) -> None:
        """Count bytes unpacked. Raises `ArchiveError` when they are too many."""
        self.out += size
        _hold_against_caps(Packed(self._packed, 0, self.out))

    def member(self) -> None:
        """Count a header. Raises `ArchiveError` when there are too many."""
        self.seen += 1
        _hold_against_caps(Packed(self._packed, self.seen // _HEADERS, 0))


def _hold_against_caps(packed: Packed) -> None:
    if (refusal := judge_archive(packed)) is not None:
        raise ArchiveError(refusal.text)


def _why_refused(name: str, parts: list[str], odd: str, *, is_folder: bool) -> str:
    """Why a member refuses its whole archive; empty when it does not."""
    shown = ascii(name if len(name) <= 120 else name[:117] + "...")
    if odd:
        return f"its member {shown} is {odd}; only plain files are taken"
    if not parts and not is_folder:
        return "a member of it has no name"
    if name.startswith("/") or (parts and _DRIVE.match(parts[0])):
        return f"the path of its member {shown} is absolute"
    if ".." in parts:
        return f"the path of its member {shown} climbs out of the archive"
    if "\\" in name or any(_is_unprintable(character) for character in name):
        return f"the path of its member {shown} holds a backslash, a control character, or what is no text"
    if len(name.encode()) > MAX_PATH_BYTES or any(len(part.encode()) > MAX_SEGMENT_BYTES for part in parts):
        return f"the path of its member {shown} is too long"
    if not is_folder and _WITHIN.fullmatch(parts[-1]):
        return f"its member {shown} is an archive, which is not opened within another"
    return ""


def _is_unprintable(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "C" or category in {"Zl", "Zp"}


async def _pieces(file: Path) -> AsyncGenerator[bytes, None]:
    with file.open("rb") as raw:
        while piece := raw.read(_BLOCK):
            yield piece
