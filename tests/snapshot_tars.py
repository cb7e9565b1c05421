"""Tars in the shapes of DOI snapshots, made of an archive on disk."""

import gzip
import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

#: Where no time is given.
_TIME: Final = 1_740_787_200


def tar_of(
    files: Iterable[tuple[str, bytes]], *, packed: bool = True, times: Mapping[str, float] = MappingProxyType({})
) -> bytes:
    """A tar of named bytes, as GNU tar writes it; ``times`` by name in whatever tar the file is."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, body in files:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(body), int(times.get(name, _TIME))
            tar.addfile(info, io.BytesIO(body))
    return gzip.compress(out.getvalue(), 1, mtime=0) if packed else out.getvalue()


def snapshot_tar(
    files: Iterable[tuple[str, bytes]], month: str = "202503", times: Mapping[str, float] = MappingProxyType({})
) -> bytes:
    """The full family: a tar of tars by DAC, core and BGC, packed indexes under dac/, all else beside it.

    ``times`` by archive path.
    """
    inner_times = {path.partition("/")[2]: time for path, time in times.items()}
    core: dict[str, list[tuple[str, bytes]]] = {}
    bgc: dict[str, list[tuple[str, bytes]]] = {}
    outer: list[tuple[str, bytes]] = []
    for path, body in files:
        parts = path.split("/")
        if parts[0] == "dac":
            group = bgc if parts[-1][0] in "BSM" or "_Sprof" in parts[-1] else core
            group.setdefault(parts[1], []).append(("/".join(parts[1:]), body))
        elif len(parts) == 1:
            outer.append((f"{month}-ArgoData/dac/{path}", body))
        else:
            outer.append((f"{month}-ArgoData/{path}", body))
    for word, groups in (("core", core), ("bgc", bgc)):
        outer += [
            (f"{month}-ArgoData/dac/{dac}_{word}.tar.gz", tar_of(inner, times=inner_times))
            for dac, inner in groups.items()
        ]
    return tar_of(outer)


def files_of(tree: Path) -> list[tuple[str, bytes]]:
    """Every file of an archive that a manifest lists, sorted by path."""
    found = [(one.relative_to(tree).as_posix(), one) for one in sorted(tree.rglob("*")) if one.is_file()]
    return [(path, one.read_bytes()) for path, one in found if not path.startswith("manifest/")]


def times_of(tree: Path) -> dict[str, float]:
    """When the files of an archive were written last."""
    return {one.relative_to(tree).as_posix(): one.stat().st_mtime for one in tree.rglob("*") if one.is_file()}
