"""The files of a snapshot's tar with their archive paths.

Snapshots came in several shapes (OneArgo-Mat, README_snapshots; SEANOE): ``202309-ArgoData/dac/<dac>_core.tar.gz`` and
``_bgc.tar.gz`` with ``<dac>/<wmo>/...`` inside, packed index files under ``dac/``, ``geo/`` and ``aux/`` beside it; the
BGC family ``202309-BgcArgoSprof/dac/<dac>/<wmo>_Sprof.nc``; older ones are plain trees. All are read by the same rules:
the one directory around everything is left out, tars under ``dac/`` are opened where they lie, index files under
``dac/`` belong to the root, and a float's file that lies directly in its DAC's directory belongs to the float's.
"""

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gdac.paths import DAC_NAME, FLOAT_NAME, INDEX_NAME, WMO, ArchivePath, PathError, check_safe
from sync.tars.tar import Body, entries
from sync.tars.unpack import Budget, ByteStream, unpacked

#: Directories at an archive's root.
_TOPS: Final = frozenset({"dac", "geo", "aux", "etc", "latest_data"})
_AROUND: Final = re.compile(r"[0-9]{6,8}[-_].+")
_INNER: Final = re.compile(r"(?P<stem>.+?)(?:_(?:core|bgc))?\.(?:tar\.gz|tgz|tar)")


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a snapshot.

    Attributes:
        name: its name in the tar; inside a nested tar after that one's name and an exclamation mark.
        path: where it belongs in the archive; None when it is refused.
        why: why it is refused; empty when it is not.
        size: bytes.
        modified: its time in the tar (UTC), or None.
        body: its bytes, to be taken before the next member is asked for.
    """

    name: str
    path: ArchivePath | None
    why: str
    size: int
    modified: datetime | None
    body: Body


async def members(raw: ByteStream, budget: Budget) -> AsyncGenerator[Member, None]:
    """Every file of a snapshot, in the order of the tar, nested tars opened.

    Raises:
        TarError: the tar, or one inside it, is none, ends early, or unpacks to more than any snapshot.
    """
    stream = await unpacked(raw, budget)
    async for entry in entries(stream, budget):
        if entry.is_folder:
            continue
        dac = None if entry.odd else _tar_of(entry.name)
        if dac is None:
            yield _member(entry.name, entry.odd, None, entry.size, entry.modified, entry.body)
            continue
        inside = ByteStream(entry.body.chunks(), f"{entry.name!a} in {raw.what}")
        nested = await unpacked(inside, budget)
        async for inner in entries(nested, budget):
            if not inner.is_folder:
                name = f"{entry.name}!{inner.name}"
                yield _member(name, inner.odd, dac, inner.size, inner.modified, inner.body)
        await nested.padding()  # and the checksum behind it
    await stream.padding()


def _member(name: str, odd: str, dac: str | None, size: int, modified: datetime | None, body: Body) -> Member:
    if odd:
        return Member(name, None, f"it is {odd}", size, modified, body)
    try:
        path = archive_path(name.rpartition("!")[2] if dac is not None else name, dac)
    except PathError as error:
        return Member(name, None, error.why, size, modified, body)
    return Member(name, path, "", size, modified, body)


def archive_path(name: str, dac: str | None = None) -> ArchivePath:
    """Where a member belongs.

    Args:
        name: in its own tar.
        dac: what the nested tar it lies in is named after; None for the outer tar.

    Raises:
        PathError: no archive may hold such a path.
    """
    name = name.removeprefix("./")
    check_safe(name)
    parts = _within(name)
    if dac is not None and parts[0] not in _TOPS:
        parts = ["dac", dac, *parts] if WMO.fullmatch(parts[0]) else ["dac", *parts]
    match parts:
        case ["dac", index] if INDEX_NAME.fullmatch(index):
            parts = [index]
        case ["dac", folder, file] if DAC_NAME.fullmatch(folder) and (found := FLOAT_NAME.fullmatch(file)):
            parts = ["dac", folder, found["wmo"], file]
        case _:
            pass
    return ArchivePath.parse("/".join(parts))


def _within(name: str) -> list[str]:
    """The segments of a name without the directory around everything."""
    first, *rest = name.split("/")
    around = rest and first not in _TOPS and (rest[0] in _TOPS or _AROUND.fullmatch(first) is not None)
    return rest if around else [first, *rest]


def _tar_of(name: str) -> str | None:
    """What a tar of the snapshot's is named after, such as the DAC; None for any other file."""
    folder, file = "/".join(_within(name.removeprefix("./"))).rpartition("/")[::2]
    found = _INNER.fullmatch(file)
    return found["stem"] if found is not None and folder in {"", "dac"} else None
