"""DOI snapshots of an archive: which are known, and which sealed serials were proven to hold one.

Argo has one DOI for the whole series; each monthly snapshot is a key, used as a fragment of it. A key is claimed for a
serial only where a comparison of every file proved it; else the nearest is named, with the days between. Published at
`SNAPSHOTS_KEY`. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from gdac.errors import RefusedError
from gdac.manifest.fields import Fields, canonical, is_newer_format, load_json
from gdac.paths import MANIFEST_DIR

_Word = TypeVar("_Word", bound=StrEnum)

SNAPSHOTS_FORMAT: Final = "argo-gdac doi-snapshots 1"
#: Where a hub publishes what it knows.
SNAPSHOTS_KEY: Final = f"{MANIFEST_DIR}/about/doi-snapshots.json"
_WHERE: Final = f"the DOI snapshots in {SNAPSHOTS_KEY}"
#: Largest such file, in bytes: two snapshots a month for a century.
MAX_SNAPSHOTS_BYTES: Final = 4 << 20


class SnapshotsError(RefusedError):
    """A list of DOI snapshots that is not what it must be; nothing of it is used."""

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(what, hint=hint or "The hub writes it again: gdac sync snapshots list --publish.")


class Family(StrEnum):
    """What a DOI snapshot holds."""

    FULL = "full"
    BGC = "bgc"  # synthetic profiles only


class Relation(StrEnum):
    """How a DOI snapshot and a serial compare, proven file by file."""

    EQUAL = "equal"  # the same files with the same bytes
    CONTAINED = "contained"  # every file of the DOI snapshot is, byte for byte, in the serial


@dataclass(frozen=True, slots=True)
class DoiSnapshot:
    """A snapshot that the DOI's landing page offers.

    Attributes:
        key: the fragment of the DOI.
        title: as the publisher has it.
        date: the day it is of.
        file_name: of its tar.
        url: where the tar can be had.
        size: bytes of the tar; None where the publisher does not say.
        family: what it holds.
    """

    key: str
    title: str
    date: date
    file_name: str
    url: str
    size: int | None
    family: Family


@dataclass(frozen=True, slots=True)
class Proof:
    """A comparison that succeeded.

    Attributes:
        key: of the DOI snapshot.
        relation: what was proven.
        serial: of the sealed state it was compared with.
        title, date: of the DOI snapshot.
        tar_sha256: digest of the tar as it was read, lower-case hex.
        tar_size: its bytes.
        rows: files in it, each compared by SHA-256.
        compared: when (UTC, to the second).
    """

    key: str
    relation: Relation
    serial: int
    title: str
    date: date
    tar_sha256: str
    tar_size: int
    rows: int
    compared: datetime


@dataclass(frozen=True, slots=True)
class Snapshots:
    """What is known of the DOI snapshots of an archive.

    Attributes:
        doi: of the series, without resolver.
        fetched: when the publisher's record was read (UTC, to the second); None when it never was.
        known: what it offers, sorted by date and key.
        proofs: what was proven, sorted by serial and key.
    """

    doi: str
    fetched: datetime | None
    known: tuple[DoiSnapshot, ...] = ()
    proofs: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """What may be said of one serial.

    Attributes:
        proof: a DOI snapshot proven equal to the serial or contained in it; None where there is none.
        nearest: without a proof, the full snapshot whose date is nearest.
        days: days from that snapshot's date to the serial's: positive when the serial is later.
    """

    proof: Proof | None = None
    nearest: DoiSnapshot | None = None
    days: int | None = None


def claim(snapshots: Snapshots | None, serial: int, sealed: datetime | date) -> Claim:
    """The DOI snapshot that may be named for a serial.

    A proven one (an equal one before a contained one, the newest of those), else the nearest full one, else none. A BGC
    snapshot that the serial merely holds is no name for it: it says nothing of all the other files.
    """
    if snapshots is None:
        return Claim()
    partial = {one.key for one in snapshots.known if one.family is Family.BGC}
    here = [one for one in snapshots.proofs if one.serial == serial]
    proofs = [one for one in here if one.relation is Relation.EQUAL or one.key not in partial]
    if proofs:
        return Claim(proof=max(proofs, key=lambda one: (one.relation is Relation.EQUAL, one.date, one.key)))
    day = sealed.date() if isinstance(sealed, datetime) else sealed
    offered = [one for one in snapshots.known if one.family is Family.FULL]
    if not offered:
        return Claim()
    nearest = min(offered, key=lambda one: (abs((day - one.date).days), one.date, one.key))
    return Claim(nearest=nearest, days=(day - nearest.date).days)


def with_proof(snapshots: Snapshots, proof: Proof) -> Snapshots:
    """The same with one more proof; one of the same key and serial is replaced."""
    others = [one for one in snapshots.proofs if (one.key, one.serial) != (proof.key, proof.serial)]
    return Snapshots(snapshots.doi, snapshots.fetched, snapshots.known, _sorted_proofs([*others, proof]))


def render_snapshots(snapshots: Snapshots) -> bytes:
    """The canonical bytes, in the form of the head.

    Raises:
        SnapshotsError: it would not read as it was written.
    """
    names = ("doi", "fetched", "known", "proofs")
    raw = canonical({"format": SNAPSHOTS_FORMAT, **{name: getattr(snapshots, name) for name in names}})
    if parse_snapshots(raw) != snapshots:
        raise SnapshotsError("the DOI snapshots would not read as they were written: are they sorted, times UTC?")
    return raw


def parse_snapshots(raw: bytes) -> Snapshots:
    """Read them, strictly; unknown fields are passed over.

    Raises:
        SnapshotsError: it is no such list; says where.
    """
    if len(raw) > MAX_SNAPSHOTS_BYTES:
        raise SnapshotsError(f"{_WHERE} have {len(raw):,} bytes; they have {MAX_SNAPSHOTS_BYTES:,} at most.")
    try:
        document = load_json(raw)
        fields = Fields(document, _WHERE, SnapshotsError)
    except ValueError as error:
        raise SnapshotsError(f"{_WHERE} are no JSON document ({error}).") from error
    found = fields.text("format")
    if found != SNAPSHOTS_FORMAT:
        hint = "Use a gdac that knows it." if is_newer_format(found, SNAPSHOTS_FORMAT) else ""
        raise SnapshotsError(f"{_WHERE} have format {found!r}, not {SNAPSHOTS_FORMAT!r}.", hint=hint)
    known = [_snapshot(one, raw) for one, raw in zip(fields.objects("known"), document["known"], strict=True)]
    return Snapshots(
        fields.text("doi"),
        fields.time_or_none("fetched"),
        tuple(sorted(known, key=lambda one: (one.date, one.key))),
        _sorted_proofs(_proof(one) for one in fields.objects("proofs")),
    )


def _sorted_proofs(proofs: Iterable[Proof]) -> tuple[Proof, ...]:
    return tuple(sorted(proofs, key=lambda one: (one.serial, one.key)))


def _snapshot(fields: Fields, found: Any) -> DoiSnapshot:
    return DoiSnapshot(
        fields.text("key"),
        fields.text("title"),
        _date(fields),
        fields.text("file_name"),
        fields.text("url"),
        None if found.get("size") is None else fields.number("size"),
        _word(Family, fields, "family"),
    )


def _proof(fields: Fields) -> Proof:
    return Proof(
        fields.text("key"),
        _word(Relation, fields, "relation"),
        fields.serial(),
        fields.text("title"),
        _date(fields),
        fields.digest("tar_sha256"),
        fields.number("tar_size"),
        fields.number("rows"),
        fields.time("compared"),
    )


def _word(kind: type[_Word], fields: Fields, name: str) -> _Word:
    try:
        return kind(fields.text(name))
    except ValueError as error:
        raise SnapshotsError(f"{fields.where}: {error}.") from error


def _date(fields: Fields) -> date:
    try:
        return date.fromisoformat(fields.text("date"))
    except ValueError as error:
        raise SnapshotsError(f"{fields.where}: 'date' is no date such as 2026-11-22.") from error
