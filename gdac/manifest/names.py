"""Names under ``manifest/``: one mutable head, everything else immutable and named by serial and digest.

See docs/formats.md, section "Names". A name says which serial it belongs to and the first 16 hex digits of the SHA-256
of its bytes, so two different files can never share one and a cache never has to forget one.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gdac.errors import RefusedError
from gdac.paths import MANIFEST_DIR, check_safe

#: The only name whose bytes change; written last.
HEAD_KEY: Final = f"{MANIFEST_DIR}/head.json"
#: Serials have nine digits in names, so that they sort; two million years of daily seals.
MAX_SERIAL: Final = 999_999_999

_NAME: Final = re.compile(
    r"(?:(?P<serial>[0-9]{9})-(?P<digest>[0-9a-f]{16})\.(?P<kind>(?:manifest|delta)(?=\.parquet)|record(?=\.json))"
    r"\.(?:parquet|json)"
    r"|index/(?P<index_serial>[0-9]{9})-(?P<index_digest>[0-9a-f]{16})-(?P<index>[0-9A-Za-z][0-9A-Za-z._-]{0,127}))"
)
_INDEX_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,127}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class NameKind(StrEnum):
    """What an immutable name holds."""

    MANIFEST = "manifest"
    DELTA = "delta"
    RECORD = "record"
    INDEX = "index"


@dataclass(frozen=True, slots=True)
class SealedName:
    """An immutable name, understood; make it with `parse_name` or `parse_key`.

    Attributes:
        kind: manifest, delta, record or index.
        serial: the serial that brought these bytes.
        digest: first 16 hex digits of their SHA-256.
        index: file name of the index (last segment of its archive path); None for all others.
    """

    kind: NameKind
    serial: int
    digest: str
    index: str | None = None

    @property
    def name(self) -> str:
        """The name relative to ``manifest/``, as the head states it."""
        if self.index is not None:
            return f"index/{self.serial:09d}-{self.digest}-{self.index}"
        form = "json" if self.kind is NameKind.RECORD else "parquet"
        return f"{self.serial:09d}-{self.digest}.{self.kind}.{form}"

    @property
    def key(self) -> str:
        """The name relative to the archive root."""
        return f"{MANIFEST_DIR}/{self.name}"

    def fits(self, serial: int, sha256: str) -> bool:
        """Whether the name is the one that bytes of this serial and digest must have."""
        return self.serial == serial and sha256.startswith(self.digest)


def manifest_key(serial: int, sha256: str) -> str:
    """Key of the full manifest of a serial; ``sha256`` is the lower-case hex digest of the file."""
    return _sealed(NameKind.MANIFEST, serial, sha256).key


def delta_key(serial: int, sha256: str) -> str:
    """Key of the delta that leads to a serial."""
    return _sealed(NameKind.DELTA, serial, sha256).key


def record_key(serial: int, sha256: str) -> str:
    """Key of the record of a serial."""
    return _sealed(NameKind.RECORD, serial, sha256).key


def index_key(serial: int, sha256: str, index_name: str) -> str:
    """Key of an index file's bytes; ``serial`` is that of their last change, ``index_name`` has no slash.

    Raises:
        RefusedError: the index has a name that no key may hold.
    """
    if not _INDEX_NAME.fullmatch(index_name):
        raise RefusedError(f"{index_name!a} is no name for an index file under {MANIFEST_DIR}/index/.")
    return _sealed(NameKind.INDEX, serial, sha256, index_name).key


def parse_name(name: str) -> SealedName:
    """Understand a name relative to ``manifest/`` (the form used in the head).

    Raises:
        RefusedError: it is not one of the immutable forms; in particular it climbs or is absolute.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise RefusedError(f"{name[:200]!a} is no name of a sealed file under {MANIFEST_DIR}/.")
    if found["index"] is not None:
        sealed = SealedName(NameKind.INDEX, int(found["index_serial"]), found["index_digest"], found["index"])
    else:
        sealed = SealedName(NameKind(found["kind"]), int(found["serial"]), found["digest"])
    if sealed.serial < 1:
        raise RefusedError(f"{name[:200]!a} names serial 0; serials begin at 1.")
    return sealed


def parse_key(key: str) -> SealedName:
    """Understand a key relative to the archive root, such as ``manifest/000000001-...manifest.parquet``.

    Raises:
        RefusedError: it is no sealed name; ``manifest/head.json`` is not one either.
    """
    check_safe(key)
    folder, _, name = key.partition("/")
    if folder != MANIFEST_DIR:
        raise RefusedError(f"{key[:200]!a} does not lie under {MANIFEST_DIR}/.")
    return parse_name(name)


def is_sha256(text: str) -> bool:
    """Whether a text is a SHA-256 digest in lower-case hex."""
    return _SHA256.fullmatch(text) is not None


def _sealed(kind: NameKind, serial: int, sha256: str, index: str | None = None) -> SealedName:
    if not 1 <= serial <= MAX_SERIAL:
        raise RefusedError(f"serial {serial} is outside 1 to {MAX_SERIAL}.")
    if not is_sha256(sha256):
        raise RefusedError(f"{sha256[:80]!a} is no SHA-256 digest in lower-case hex.")
    return SealedName(kind, serial, sha256[:16], index)
