"""The records, columns and errors that manifests and deltas share (docs/formats.md, "Manifest" and "Delta")."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gdac.errors import RefusedError

MANIFEST_FORMAT: Final = "argo-gdac manifest 1"
DELTA_FORMAT: Final = "argo-gdac delta 1"
#: Key of the JSON text in the Parquet key-value metadata.
METADATA_KEY: Final = "argo-gdac"

#: What a file is, besides its path: the values that a delta compares.
VALUES: Final = ("size", "sha256", "md5", "modified", "date_update")
#: Columns of a manifest in order, with their DuckDB types in memory (timestamps are UTC).
MANIFEST_COLUMNS: Final = {
    "path": "VARCHAR",
    "size": "BIGINT",
    "sha256": "BLOB",
    "md5": "BLOB",
    "modified": "TIMESTAMP",
    "date_update": "TIMESTAMP",
    "serial": "INTEGER",
}
#: The words in a delta's ``change`` column, in the order of `DeltaCounts`.
CHANGES: Final = ("added", "changed", "removed", "renamed")
#: Columns of a delta in order; ``old_*`` are the values in the base, null where the base has no such path.
DELTA_COLUMNS: Final = {
    "change": "VARCHAR",
    "path": "VARCHAR",
    "from_path": "VARCHAR",
    **{name: MANIFEST_COLUMNS[name] for name in VALUES},
    **{f"old_{name}": MANIFEST_COLUMNS[name] for name in VALUES},
    "old_serial": "INTEGER",
}


class ManifestError(RefusedError):
    """A manifest or delta file that is not what it must be; nothing of it is used."""


class DeltaMismatch(RefusedError):  # noqa: N818 - says what it is, as a word of docs/formats.md
    """A delta that does not fit the table it is applied to, or the delta before it.

    Attributes:
        path: the first path (in byte order) that does not fit.
    """

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"the delta does not fit: {path!a} {why}.",
            hint="Start again from a full manifest (a snapshot).",
        )
        self.path = path


@dataclass(frozen=True, slots=True)
class Link:
    """Names one sealed file for good: the links of the chain.

    Attributes:
        serial: its serial.
        name: its name relative to ``manifest/``.
        sha256: digest of its bytes, lower-case hex.
    """

    serial: int
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A file written under its immutable name, ready to be published.

    Attributes:
        key: where it goes, relative to the archive root.
        path: where it lies now.
        sha256: digest of its bytes, lower-case hex.
        size: bytes.
        rows: rows of a manifest or delta; None for an index file.
        bytes: what the rows weigh: all files of a manifest, bytes that travel for a delta; None for an index file.
        counts: of a delta; None otherwise.
    """

    key: str
    path: Path
    sha256: str
    size: int
    rows: int | None = None
    bytes: int | None = None
    counts: "DeltaCounts | None" = None

    @property
    def name(self) -> str:
        """The name relative to ``manifest/``."""
        return self.key.partition("/")[2]


@dataclass(frozen=True, slots=True)
class DeltaCounts:
    """How many paths a delta touches, by change, and how many bytes must travel for it.

    Attributes:
        added: paths that came.
        changed: paths whose bytes, times or index date changed.
        removed: paths that left.
        renamed: R -> D (or back): counted here alone, not as removed and added.
        bytes: size of all files with new bytes (added, renamed, and changed where the SHA-256 differs).
    """

    added: int = 0
    changed: int = 0
    removed: int = 0
    renamed: int = 0
    bytes: int = 0

    @property
    def rows(self) -> int:
        """Rows of the delta."""
        return self.added + self.changed + self.removed + self.renamed


@dataclass(frozen=True, slots=True)
class ManifestInfo:
    """What a manifest file says of itself, checked against its rows.

    Attributes:
        archive: id of the archive (uuid4, lower case).
        serial: which state of it.
        rows: files.
        bytes: sum of their sizes.
        previous: the full manifest kept before this one, or None.
    """

    archive: str
    serial: int
    rows: int
    bytes: int
    previous: Link | None = None


@dataclass(frozen=True, slots=True)
class DeltaInfo:
    """What a delta file says of itself, checked against its rows.

    Attributes:
        archive: id of the archive (uuid4, lower case).
        from_serial: serial of the base it fits.
        serial: serial it leads to.
        previous: the delta that leads to ``from_serial``; None for the first one.
        counts: rows by change, and bytes that travel.
    """

    archive: str
    from_serial: int
    serial: int
    previous: Link | None
    counts: DeltaCounts
