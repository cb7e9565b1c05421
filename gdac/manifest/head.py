"""The head: the one mutable file of a sealed archive, and what a reader must refuse (docs/formats.md, "Head").

Everything here is pure: bytes and records in, records and errors out. Comments cite the refusal rules of
docs/formats.md, section "What a reader must refuse", by their numbers.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from gdac.errors import RefusedError
from gdac.manifest.fields import Fields, canonical, is_newer_format, load_json, plain
from gdac.manifest.names import NameKind, parse_name
from gdac.paths import MANIFEST_DIR, ArchivePath

HEAD_FORMAT: Final = "argo-gdac head 1"
#: A head is smaller than this, in bytes; a reader stops there.
MAX_HEAD_BYTES: Final = 1 << 16
#: Deltas that a head lists: the newest ones.
MAX_DELTAS: Final = 100
#: Longest definition of a view, in characters of its canonical JSON.
MAX_DEFINITION: Final = 1 << 15


class HeadError(RefusedError):
    """A head that is not what it must be; nothing of it is used."""


class UnknownFormatError(HeadError):
    """A head of a format that this reader does not know."""


class OtherArchiveError(HeadError):
    """A head of another archive than the one seen before."""


class RollbackError(HeadError):
    """A head with a lower serial than one seen before."""


class ForkError(HeadError):
    """A head that gives a serial seen before another digest."""


class Advance(Enum):
    """How a head relates to the one seen before; see `check_successor`."""

    FIRST = "first"  # nothing seen before: take the manifest
    SAME = "same"  # same serial, nothing newer (perhaps an older copy of the head): keep what is there
    REISSUED = "reissued"  # same serial, published again: only times and texts moved
    DELTAS = "deltas"  # newer, and every delta from the seen serial on is listed
    SNAPSHOT = "snapshot"  # newer, with a gap: take the manifest


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """A full manifest. ``sealed`` is the time of its serial, ``bytes`` the sum of the sizes of its files."""

    serial: int
    name: str
    sha256: str
    size: int
    rows: int
    bytes: int
    sealed: datetime

    @property
    def key(self) -> str:
        """Where it lies, relative to the archive root."""
        return f"{MANIFEST_DIR}/{self.name}"


@dataclass(frozen=True, slots=True)
class DeltaEntry:
    """The delta that leads from ``serial - 1`` to ``serial``. ``bytes`` is what has to travel for it."""

    serial: int
    name: str
    sha256: str
    size: int
    rows: int
    added: int
    changed: int
    removed: int
    renamed: int
    bytes: int
    sealed: datetime

    @property
    def key(self) -> str:
        """Where it lies, relative to the archive root."""
        return f"{MANIFEST_DIR}/{self.name}"


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """An index file of the serial, kept byte for byte. ``updated`` is its own header stamp, None where it has none."""

    path: str
    name: str
    sha256: str
    size: int
    updated: datetime | None

    @property
    def key(self) -> str:
        """Where the kept copy lies, relative to the archive root."""
        return f"{MANIFEST_DIR}/{self.name}"


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """The record of a serial; see `gdac.manifest.record`."""

    serial: int
    name: str
    sha256: str
    size: int

    @property
    def key(self) -> str:
        """Where it lies, relative to the archive root."""
        return f"{MANIFEST_DIR}/{self.name}"


@dataclass(frozen=True, slots=True)
class Licence:
    """What one may do with the files: an SPDX id and the address of the text."""

    spdx: str
    url: str


@dataclass(frozen=True, slots=True)
class ViewOf:
    """Where a view comes from: the hub's archive id, the serial and digest of its manifest, and what the view is.

    Attributes:
        definition: layout and filter, as JSON text with sorted keys and no blanks; a JSON object in the head.
    """

    archive: str
    serial: int
    sha256: str
    definition: str


@dataclass(frozen=True, slots=True)
class Head:
    """The state of a sealed archive; times are UTC to the second.

    Attributes:
        archive: id minted once by the hub, uuid4.
        serial: newest serial.
        sealed: when that serial was sealed.
        published: when this head was made; a day without change makes a new head of the same serial.
        expires: from then on a reader calls the archive stale; it stays usable.
        manifest: full manifest of ``serial``.
        manifests: older full manifests that are kept, by serial, oldest first.
        deltas: the newest deltas, without a gap, oldest first; the last leads to ``serial``.
        indexes: index files of the serial, sorted by path.
        title: name of the archive, for people.
        licence: what one may do with the files.
        doi: of the archive, without ``https://doi.org/``; None where it has none.
        generator: program that made the head, for people.
        view_of: of a view, what it was derived from; None for an archive that is sealed itself.
        record: how the serial came to be; of a view that of the hub's serial. None where whoever sealed kept none.
    """

    archive: str
    serial: int
    sealed: datetime
    published: datetime
    expires: datetime
    manifest: ManifestEntry
    manifests: tuple[ManifestEntry, ...]
    deltas: tuple[DeltaEntry, ...]
    indexes: tuple[IndexEntry, ...]
    title: str
    licence: Licence
    doi: str | None
    generator: str
    view_of: ViewOf | None = None
    record: RecordEntry | None = None

    def is_stale(self, now: datetime) -> bool:
        """Whether the head has expired at ``now`` (UTC): to be reported, never a reason to stop reading (rule 14)."""
        return now >= self.expires

    def deltas_after(self, serial: int) -> tuple[DeltaEntry, ...] | None:
        """The deltas from an earlier serial to this one, oldest first; None where one of them is not listed."""
        found = tuple(delta for delta in self.deltas if delta.serial > serial)
        return found if len(found) == self.serial - serial else None


def parse_head(raw: bytes) -> Head:
    """Read a head, strictly; unknown fields are passed over.

    Raises:
        UnknownFormatError: the format's major number is not ours (rule 1).
        HeadError: it is not a head, or not consistent in itself (rules 1 to 4); says where.
    """
    if len(raw) >= MAX_HEAD_BYTES:  # rule 2
        raise HeadError(f"the head has {len(raw):,} bytes; a head is smaller than {MAX_HEAD_BYTES:,}.")
    try:
        document = load_json(raw)
        found = Fields(document, "the head", HeadError)
    except ValueError as error:
        raise HeadError(
            f"the head is no JSON document ({error}).", hint="Is there an error page in its place?"
        ) from error
    _check_format(found.text("format"))
    head = _head(found, document)
    _check_consistent(head)
    return head


def render_head(head: Head) -> bytes:
    """The canonical bytes of a head: keys sorted, indented by one blank, UTF-8, a final newline.

    Raises:
        HeadError: the head is not consistent, or not smaller than `MAX_HEAD_BYTES`.
    """
    fields = {"format": HEAD_FORMAT, **plain(head)}
    for name in ("record", "view_of"):
        if fields[name] is None:
            del fields[name]
    if head.view_of is not None:
        fields["view_of"]["definition"] = json.loads(head.view_of.definition)
    raw = canonical(fields)
    if parse_head(raw) != head:
        raise HeadError("the head holds times that are not UTC to the second, so it would not read as it was written.")
    return raw


def check_successor(seen: Head | None, new: Head) -> Advance:
    """Decide whether a reader that has seen one head may follow another.

    Args:
        seen: the newest head that this reader has accepted; None when it has none, or was told to adopt another.
        new: a parsed head.

    Returns:
        What to do; for `Advance.SAME` keep ``seen``.

    Raises:
        OtherArchiveError: another archive id (rule 5).
        RollbackError: a lower serial (rule 6).
        ForkError: another digest for a serial that both know (rule 7).
    """
    if seen is None:
        return Advance.FIRST
    if new.archive != seen.archive:  # rule 5
        raise OtherArchiveError(
            f"the head is of archive {new.archive}; so far this was {seen.archive}.",
            hint="If the archive was founded anew, adopt it explicitly.",
        )
    if new.serial < seen.serial:  # rule 6
        raise RollbackError(
            f"the head has serial {new.serial}, but serial {seen.serial} was seen before.",
            hint="An old copy is being served, or the hub was restored from a backup: ask its operator.",
        )
    _check_no_fork(seen, new)  # rule 7
    if new.serial == seen.serial:
        return Advance.REISSUED if new.published > seen.published else Advance.SAME
    # Rule 8: a jump is allowed, but only along a full chain of deltas or by a snapshot.
    return Advance.SNAPSHOT if new.deltas_after(seen.serial) is None else Advance.DELTAS


def _check_no_fork(seen: Head, new: Head) -> None:
    manifests = {entry.serial: entry.sha256 for entry in (*seen.manifests, seen.manifest)}
    deltas = {entry.serial: entry.sha256 for entry in seen.deltas}
    records = {one.serial: one.sha256 for one in (seen.record,) if one is not None}
    new_records = (new.record,) if new.record else ()
    for known, entries, what in (
        (manifests, (*new.manifests, new.manifest), "manifest"),
        (deltas, new.deltas, "delta"),
        (records, new_records, "record"),
    ):
        for entry in entries:
            if known.get(entry.serial, entry.sha256) != entry.sha256:
                raise ForkError(
                    f"the {what} of serial {entry.serial} has SHA-256 {entry.sha256}, "
                    f"but {known[entry.serial]} was seen before.",
                    hint="A sealed serial never changes: ask the hub's operator before you follow either.",
                )


def _check_format(found: str) -> None:
    if is_newer_format(found, HEAD_FORMAT):  # rule 1
        raise UnknownFormatError(
            f"the head has format {found!r}; this gdac reads {HEAD_FORMAT!r}.", hint="Use a gdac that knows it."
        )
    if found != HEAD_FORMAT:
        raise HeadError(f"the head has format {found!r}, not {HEAD_FORMAT!r}.")


def _check_consistent(head: Head) -> None:
    if not head.sealed <= head.published <= head.expires:
        raise HeadError("the head's times are not in order: sealed, published, expires.")
    if head.manifest.serial != head.serial or head.manifest.sealed != head.sealed:
        raise HeadError(f"the head is of serial {head.serial} but names the manifest of serial {head.manifest.serial}.")
    older = [entry.serial for entry in head.manifests]
    if older != sorted(set(older)) or (older and older[-1] >= head.serial):
        raise HeadError("the head's older manifests are not sorted, not unique or not older.")
    steps = [entry.serial for entry in head.deltas]
    if len(steps) > MAX_DELTAS or steps != list(range(head.serial - len(steps) + 1, head.serial + 1)):  # rule 8
        raise HeadError(f"the head's deltas do not lead to serial {head.serial} without a gap.")
    paths = [entry.path for entry in head.indexes]
    if paths != sorted(set(paths), key=str.encode):
        raise HeadError("the head's index files are not sorted by path or not unique.")
    for entry in head.indexes:
        if parse_name(entry.name).serial > head.serial:
            raise HeadError(f"the head's index {entry.path} is of a later serial than the head.")
    if head.record is not None and head.record.serial != head.serial:
        raise HeadError(f"the head is of serial {head.serial} but names the record of serial {head.record.serial}.")
    if head.view_of is not None and (head.view_of.archive == head.archive or head.view_of.serial != head.serial):
        raise HeadError("the head is of a view, but has its origin's archive id or another serial than its origin.")


def _head(fields: Fields, document: Any) -> Head:
    licence = fields.object("licence")
    return Head(
        archive=fields.archive(),
        serial=fields.serial(),
        sealed=fields.time("sealed"),
        published=fields.time("published"),
        expires=fields.time("expires"),
        manifest=_manifest(fields.object("manifest")),
        manifests=tuple(_manifest(entry) for entry in fields.objects("manifests")),
        deltas=tuple(_delta(entry) for entry in fields.objects("deltas")),
        indexes=tuple(_index(entry) for entry in fields.objects("indexes")),
        title=fields.text("title"),
        licence=Licence(licence.text("spdx"), licence.text("url")),
        doi=fields.text_or_none("doi"),
        generator=fields.text("generator"),
        view_of=None if document.get("view_of") is None else _view_of(fields.object("view_of"), document["view_of"]),
        record=None if document.get("record") is None else _record(fields.object("record")),
    )


def _view_of(fields: Fields, found: Any) -> ViewOf:
    fields.object("definition")
    definition = json.dumps(found["definition"], sort_keys=True, separators=(",", ":"))
    if len(definition) > MAX_DEFINITION:
        raise HeadError(f"{fields.where}: 'definition' is longer than {MAX_DEFINITION:,} characters.")
    return ViewOf(fields.archive(), fields.serial(), fields.digest("sha256"), definition)


def _manifest(fields: Fields) -> ManifestEntry:
    serial, name, sha256 = fields.sealed_name(NameKind.MANIFEST)
    numbers = {word: fields.number(word) for word in ("size", "rows", "bytes")}
    return ManifestEntry(serial, name, sha256, **numbers, sealed=fields.time("sealed"))


def _delta(fields: Fields) -> DeltaEntry:
    serial, name, sha256 = fields.sealed_name(NameKind.DELTA)
    words = ("size", "rows", "added", "changed", "removed", "renamed", "bytes")
    numbers = {word: fields.number(word) for word in words}
    entry = DeltaEntry(serial, name, sha256, **numbers, sealed=fields.time("sealed"))
    if entry.added + entry.changed + entry.removed + entry.renamed != entry.rows:
        raise HeadError(f"{fields.where}: its counts do not add up to its rows.")
    return entry


def _record(fields: Fields) -> RecordEntry:
    return RecordEntry(*fields.sealed_name(NameKind.RECORD), fields.number("size"))


def _index(fields: Fields) -> IndexEntry:
    path, name, sha256 = fields.text("path"), fields.text("name"), fields.digest("sha256")
    try:
        archive_path, sealed = ArchivePath.parse(path), parse_name(name)  # rules 3 and 4
    except RefusedError as error:
        raise HeadError(f"{fields.where}: {error.what}") from error
    if sealed.index != archive_path.name or not sealed.fits(sealed.serial, sha256):
        raise HeadError(f"{fields.where}: name {name!r} is not that of {path!r} with SHA-256 {sha256}.")
    return IndexEntry(path, name, sha256, fields.number("size"), fields.time_or_none("updated"))
