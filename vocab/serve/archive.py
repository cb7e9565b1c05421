"""A sealed archive beside the vocabulary: its stored descriptions, its sealed files, and what it holds of a float."""

import tempfile
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from gdac.check.dataset import NeedsWorkerError, open_dataset
from gdac.columns import connect
from gdac.errors import GdacError, RefusedError
from gdac.manifest.files import load_manifest
from gdac.manifest.head import Head
from gdac.manifest.names import HEAD_KEY, parse_key
from gdac.manifest.trust import check_sealed
from gdac.paths import MANIFEST_DIR, WMO, ArchivePath, Kind
from policies.distribution import judge_text
from policies.law import Refusal
from vocab.described import Described
from vocab.faces import describe_archive, describe_serial
from vocab.faces.places import ABOUT
from vocab.names import Names
from vocab.provenance.floats import FloatFacts, read_float
from vocab.provenance.opening import described_tree

#: Files of one float that are looked at; the largest floats of today have some two thousand.
MOST_FILES: Final = 20_000
#: Largest metadata file that is read for a page, in bytes.
MOST_META: Final = 16 << 20
_MEDIA: Final = {
    ".html": "text/html",
    ".ttl": "text/turtle",
    ".jsonld": "application/ld+json",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".nc": "application/netcdf",
    ".txt": "text/plain",
    ".gz": "application/gzip",
}
_NAMED: Final = {
    "linkset.json": "application/linkset+json",
    "datacite.json": "application/vnd.datacite.datacite+json",
}


def forbidden(key: str) -> Refusal | None:
    """The distribution policy that keeps a file from being sent; None where there is none.

    Of what is sealed beside the archive only the name counts: the folder's own is no path of an archive.
    """
    return judge_text(key.rpartition("/")[2] if key.startswith(f"{MANIFEST_DIR}/") else key)


@dataclass(frozen=True, slots=True)
class FloatFile:
    """A file of a float, as the manifest has it."""

    path: ArchivePath
    size: int
    sha256: str
    modified: datetime | None
    serial: int


@dataclass(frozen=True, slots=True)
class FloatRead:
    """What an archive holds of a float.

    Attributes:
        wmo: its number.
        dac: directory of its data centre.
        files: by path.
        facts: what its metadata file says; None where it has none that can be read here.
        version: SHA-256 of that file; empty where its bytes are not the sealed ones.
        trouble: why there are no facts, or why they are not of the sealed bytes; empty when all is well.
        described: the archive.
    """

    wmo: str
    dac: str
    files: tuple[FloatFile, ...]
    facts: FloatFacts | None
    version: str
    trouble: str
    described: Described

    def of(self, kind: Kind) -> tuple[FloatFile, ...]:
        """Its files of a kind."""
        return tuple(one for one in self.files if one.path.kind is kind)


class Archive:
    """A sealed tree that may move on to the next serial while it is served."""

    def __init__(self, tree: Path, names: Names | None = None) -> None:
        self.tree = tree
        self._names = names
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._described: Described | None = None
        self._judged = ""
        self.described()  # a tree that is not sealed is refused before anything listens

    def described(self) -> Described:
        """The archive as its newest head shows it.

        Raises:
            GdacError: the tree is not sealed, or a sealed file is not what it must be.
        """
        try:
            found = (self.tree / HEAD_KEY).stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError:
            stamp = None
        with self._lock:
            if self._described is None or stamp is None or stamp != self._seen:
                self._described = described_tree(self.tree, self._names)
                self._seen = stamp
            return self._described

    def description(self, name: str) -> bytes | None:
        """A face below ``manifest/about/``: the stored bytes, or, where none were stored, made now; None: no such."""
        folder = self.tree / ABOUT
        file = folder / name
        if file.is_file() and file.resolve().is_relative_to(folder.resolve()):
            return file.read_bytes()
        described = self.described()
        serial, slash, _ = name.partition("/")
        if not slash:
            return describe_archive(described).get(name)
        if not serial.isdecimal() or len(serial) > 9 or serial.startswith("0"):
            return None
        try:
            return describe_serial(described, int(serial)).get(name)
        except GdacError:
            return None

    def file(self, key: str) -> Path | None:
        """A sealed file, the head, or a file of the archive, that may be sent as it lies; None: no such."""
        try:
            if key != HEAD_KEY:
                if key.startswith(f"{MANIFEST_DIR}/"):
                    parse_key(key)
                else:
                    ArchivePath.parse(key)
        except RefusedError:
            return None
        file = self.tree / key
        return file if file.is_file() and self._leads_inside(file) and forbidden(key) is None else None

    def _leads_inside(self, file: Path) -> bool:
        """Whether a file, or what a link leads to, lies in the archive where its own name may be published too."""
        found, tree = file.resolve(), self.tree.resolve()
        return found.is_relative_to(tree) and forbidden(found.relative_to(tree).as_posix()) is None

    def float(self, wmo: str) -> FloatRead | None:
        """What the newest serial holds of a float; None where it holds nothing.

        Raises:
            GdacError: the manifest cannot be read.
        """
        if not WMO.fullmatch(wmo):
            return None
        described = self.described()
        files = self._files(described.head, wmo)
        if not files:
            return None
        dac = files[0].path.dac or ""
        meta = next((one for one in files if one.path.kind is Kind.META), None)
        facts, version, trouble = self._read_meta(meta)
        return FloatRead(wmo, dac, files, facts, version, trouble, described)

    def _files(self, head: Head, wmo: str) -> tuple[FloatFile, ...]:
        entry = head.manifest
        file = self.tree / entry.key
        check_sealed(file, entry.sha256)
        with tempfile.TemporaryDirectory(prefix="gdac-") as scratch, connect(temp_directory=scratch) as con:
            judged = self._judged == entry.sha256
            load_manifest(
                con, file, "state", expect_sha256=entry.sha256, archive=head.archive, rows_known=judged,
                digest_known=True,
            )  # fmt: skip
            self._judged = entry.sha256
            rows = con.execute(
                "SELECT path, size, lower(hex(sha256)), modified, serial FROM state "
                "WHERE path LIKE 'dac/%/' || ? || '/%' OR path LIKE 'aux/%/' || ? || '/%' ORDER BY path LIMIT ?",
                [wmo, wmo, MOST_FILES],
            ).fetchall()
        found = (FloatFile(ArchivePath.parse(path), *rest) for path, *rest in rows)
        return tuple(sorted((one for one in found if one.path.wmo == wmo), key=_dac_first))

    def _read_meta(self, meta: FloatFile | None) -> tuple[FloatFacts | None, str, str]:
        if meta is None:
            return None, "", "This archive has no metadata file of the float."
        file = self.tree / str(meta.path)
        try:
            if file.stat().st_size > MOST_META:
                return None, "", "The metadata file is too large to be read for this page."
            with open_dataset(file, label=meta.path.name, hdf5=False) as dataset:
                facts = read_float(dataset)
        except OSError:
            return None, "", "The metadata file is not there just now."
        except NeedsWorkerError:
            return None, "", "The metadata file is NetCDF-4, which this server does not open."
        except GdacError:
            return None, "", "The metadata file cannot be read."
        try:
            check_sealed(file, meta.sha256)
        except GdacError:
            return facts, "", "The metadata file has other bytes by now than those that were sealed."
        return facts, meta.sha256, ""


def media_of(name: str) -> str:
    """Media type of a file of an archive, by its name."""
    last = name.rpartition("/")[2]
    return _NAMED.get(last) or next(
        (media for ending, media in _MEDIA.items() if last.endswith(ending)), "application/octet-stream"
    )


def _dac_first(one: FloatFile) -> tuple[bool, str]:
    return not str(one.path).startswith("dac/"), str(one.path)
