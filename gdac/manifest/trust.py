"""Sealed files that have proved themselves: each is hashed once per process, as long as it stays what it was.

A sealed file never changes, so its digest needs to be made once. What was found good is remembered by the file's size,
times and inode, as `git` remembers its index: a file that anybody replaces or writes to is hashed again. So a question
about one file does not cost the hashing of a manifest of 260 MB each time.
"""

from pathlib import Path
from typing import Final

import duckdb

from gdac.manifest.files import digest, read_about
from gdac.manifest.model import Link, ManifestError
from gdac.manifest.names import NameKind

_FORMATS: Final = {NameKind.MANIFEST: "argo-gdac manifest 1", NameKind.DELTA: "argo-gdac delta 1"}
_Facts = tuple[int, int, int, int]
_good: Final[dict[tuple[str, str], _Facts]] = {}
_links: Final[dict[tuple[str, str], Link | None]] = {}


def check_sealed(file: Path, sha256: str) -> None:
    """Refuse a file whose bytes are not those that were sealed.

    Args:
        file: a local copy of a sealed file.
        sha256: the digest that the head or the chain states, lower-case hex.

    Raises:
        ManifestError: it is not there, or has other bytes.
    """
    key = (str(file), sha256)
    try:
        before = _facts(file)
        if _good.get(key) == before:
            return
        found = digest(file)
        after = _facts(file)
    except OSError as error:
        raise ManifestError(f"{file} cannot be read: {error.strerror or error}.") from error
    if found != sha256:
        raise ManifestError(
            f"{file} has SHA-256 {found}, expected {sha256}.",
            hint="Fetch it again; if that does not help, read the head again: it may have moved on.",
        )
    if before == after:
        _good[key] = after


def link_before(con: duckdb.DuckDBPyConnection, file: Path, link: Link, kind: NameKind, archive: str) -> Link | None:
    """The sealed file that a manifest or delta names as the one before it; None where it names none.

    Args:
        con: an open connection.
        file: the local copy.
        link: which file it must be.
        kind: manifest or delta.
        archive: id that it must carry.

    Raises:
        ManifestError: it is not the file that the link names, or of another archive or serial.
    """
    check_sealed(file, link.sha256)
    key = (link.name, link.sha256)
    if key not in _links:
        about = read_about(con, file, _FORMATS[kind], archive)
        if about.serial() != link.serial:
            raise ManifestError(f"{file} is of serial {about.serial()}, but is named as that of {link.serial}.")
        _links[key] = about.link("previous", kind)
    return _links[key]


def _facts(file: Path) -> _Facts:
    found = file.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
