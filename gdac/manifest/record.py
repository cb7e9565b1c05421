"""The record of a serial: from which run, sources and software a sealed state came (docs/formats.md, "Record").

Sealed beside the manifest, named by serial and digest, chained by digest to the record before: so that a reader with
nothing but a mirror can tell of each serial where its bytes come from. Pure: bytes and records in, the same out.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from gdac.errors import RefusedError
from gdac.manifest.fields import Fields, canonical, is_newer_format, load_json
from gdac.manifest.model import Link
from gdac.manifest.names import NameKind, is_sha256

RECORD_FORMAT: Final = "argo-gdac record 1"
#: A record is smaller than this, in bytes; a reader stops there.
MAX_RECORD_BYTES: Final = 1 << 16
#: Where IRIs are minted unless the operator says otherwise.
BASE: Final = "https://w3id.org/argo-gdac/"


class RecordError(RefusedError):
    """A record that is not what it must be; nothing of it is used."""


class RunKind(StrEnum):
    """What kind of run sealed a serial."""

    SYNC = "sync"  # a source was observed and ingested
    SEAL = "seal"  # a tree was sealed where it lay
    REVERT = "revert"  # an earlier serial was sealed again
    SEED = "seed"  # a DOI snapshot's tar was the source
    COLLECT = "collect"  # submissions of DACs were accepted


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The run that sealed.

    Attributes:
        id: uuid4 of the run.
        kind: of what kind it was.
        started: UTC, to the second; it ended, for the record, when the serial was sealed.
        number: the run's number in the state of the hub; None where there is no state.
    """

    id: str
    kind: RunKind
    started: datetime
    number: int | None = None


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """An index file that the run went by: its path at the source, digest, and the stamp of its header."""

    path: str
    sha256: str
    updated: datetime | None


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """Where a run took files from.

    Attributes:
        name: in the hub's configuration.
        url: address, without any secret; None for a directory of the machine that sealed.
        way: how it was observed: ``index``, ``listing``, ``tree`` or ``tar``.
        indexes: its index files, sorted by path.
    """

    name: str
    url: str | None
    way: str
    indexes: tuple[IndexFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class SoftwareFacts:
    """The program that sealed."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class VocabularyFacts:
    """The reference tables that the run knew.

    Attributes:
        digest: SHA-256 of the snapshot of the tables, as the checker names it.
        newest: date of the newest table in it.
        iri: of the version of the vocabulary that the snapshot was made from, where that is known.
    """

    digest: str
    newest: date
    iri: str | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What whoever seals says of the run; all of a record but what the seal itself knows.

    Attributes:
        run: the run.
        sources: where its files came from, sorted by name.
        counts: what it did, by name: listed, fetched, fetched_bytes, set_aside, gone and the like.
        software: what did it.
        vocabulary: which reference tables it knew; None where it knew none.
        base: under which the hub mints IRIs: an http(s) address that ends with a slash.
    """

    run: RunFacts
    software: SoftwareFacts
    sources: tuple[SourceFacts, ...] = ()
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    vocabulary: VocabularyFacts | None = None
    base: str = BASE


@dataclass(frozen=True, slots=True)
class ManifestFacts:
    """The full manifest of the serial; as in the head."""

    name: str
    sha256: str
    size: int
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class DeltaFacts:
    """The delta that leads to the serial; as in the head."""

    name: str
    sha256: str
    size: int
    rows: int
    added: int
    changed: int
    removed: int
    renamed: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Record:
    """How a serial came to be; times are UTC to the second.

    Attributes:
        archive: id of the archive.
        serial: which state.
        sealed: when it was sealed.
        previous: the record of the serial before; None where that has none.
        manifest: its full manifest, even when it is kept no longer.
        delta: the delta that leads to it; None for serial 1.
        about: the run.
    """

    archive: str
    serial: int
    sealed: datetime
    previous: Link | None
    manifest: ManifestFacts
    delta: DeltaFacts | None
    about: About


def render_record(record: Record) -> bytes:
    """The canonical bytes of a record, in the form of the head.

    Raises:
        RecordError: it would not read as it was written, or it is too large.
    """
    words = ("run", "software", "sources", "counts", "vocabulary", "base")
    about = {name: getattr(record.about, name) for name in words}
    fields = {name: getattr(record, name) for name in ("archive", "serial", "sealed", "previous", "manifest", "delta")}
    raw = canonical({"format": RECORD_FORMAT, **fields, **about})
    if parse_record(raw) != record:
        raise RecordError("the record would not read as it was written: are all times UTC to the second?")
    return raw


def parse_record(raw: bytes) -> Record:
    """Read a record, strictly; unknown fields are passed over.

    Raises:
        RecordError: it is none, or not consistent in itself; says where.
    """
    if len(raw) >= MAX_RECORD_BYTES:
        raise RecordError(f"the record has {len(raw):,} bytes; one is smaller than {MAX_RECORD_BYTES:,}.")
    try:
        document = load_json(raw)
        fields = Fields(document, "the record", RecordError)
    except ValueError as error:
        raise RecordError(f"the record is no JSON document ({error}).") from error
    found = fields.text("format")
    if found != RECORD_FORMAT:
        hint = "Use a gdac that knows it." if is_newer_format(found, RECORD_FORMAT) else ""
        raise RecordError(f"the record has format {found!r}, not {RECORD_FORMAT!r}.", hint=hint)
    serial = fields.serial()
    record = Record(
        archive=fields.archive(),
        serial=serial,
        sealed=fields.time("sealed"),
        previous=fields.link("previous", NameKind.RECORD),
        manifest=_manifest(fields.object("manifest"), serial),
        delta=None if document.get("delta") is None else _delta(fields.object("delta"), serial),
        about=_about(fields, document),
    )
    if record.previous is not None and record.previous.serial != serial - 1:
        raise RecordError(f"the record of serial {serial} names the record of {record.previous.serial} before it.")
    if record.about.run.started > record.sealed:
        raise RecordError(f"the record of serial {serial}: its run started after it was sealed.")
    return record


def _about(fields: Fields, document: Any) -> About:
    software = fields.object("software")
    vocabulary = None if document.get("vocabulary") is None else _vocabulary(fields.object("vocabulary"))
    counts = fields.object("counts")
    return About(
        run=_run(fields.object("run"), document["run"]),
        software=SoftwareFacts(software.text("name"), software.text("version")),
        sources=tuple(_source(one) for one in fields.objects("sources")),
        counts=MappingProxyType({name: counts.number(name) for name in sorted(document["counts"])}),
        vocabulary=vocabulary,
        base=fields.text("base"),
    )


def _run(fields: Fields, found: Any) -> RunFacts:
    try:
        identity = str(uuid.UUID(fields.text("id")))
        kind = RunKind(fields.text("kind"))
    except ValueError as error:
        raise RecordError(f"{fields.where}: {error}.") from error
    number = None if found.get("number") is None else fields.number("number")
    return RunFacts(identity, kind, fields.time("started"), number)


def _source(fields: Fields) -> SourceFacts:
    indexes = tuple(
        IndexFacts(one.text("path"), one.digest("sha256"), one.time_or_none("updated"))
        for one in fields.objects("indexes")
    )
    return SourceFacts(fields.text("name"), fields.text_or_none("url"), fields.text("way"), indexes)


def _vocabulary(fields: Fields) -> VocabularyFacts:
    try:
        newest = date.fromisoformat(fields.text("newest"))
    except ValueError as error:
        raise RecordError(f"{fields.where}: 'newest' is no date such as 2026-11-22.") from error
    digest = fields.text("digest")
    if not is_sha256(digest):
        raise RecordError(f"{fields.where}: 'digest' is no SHA-256 digest in lower-case hex.")
    return VocabularyFacts(digest, newest, fields.text_or_none("iri"))


def _manifest(fields: Fields, serial: int) -> ManifestFacts:
    name, sha256 = fields.name_of(NameKind.MANIFEST, serial)
    return ManifestFacts(name, sha256, *(fields.number(word) for word in ("size", "rows", "bytes")))


def _delta(fields: Fields, serial: int) -> DeltaFacts:
    name, sha256 = fields.name_of(NameKind.DELTA, serial)
    words = ("size", "rows", "added", "changed", "removed", "renamed", "bytes")
    return DeltaFacts(name, sha256, *(fields.number(word) for word in words))
