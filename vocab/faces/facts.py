"""What the faces tell, gathered once: of an archive as a whole, and of each of its serials that is still known."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gdac.manifest.doi import Claim, Proof, Relation, claim
from gdac.manifest.head import DeltaEntry, Head, ManifestEntry
from gdac.manifest.record import About, DeltaFacts, ManifestFacts, Record
from policies.citation import Citation, acknowledgement_for, cite_archive
from vocab.described import Described
from vocab.names import Names, doi_iri, licence_iri

#: A page lists so many serials, the newest ones.
MOST_SERIALS: Final = 100


@dataclass(frozen=True, slots=True)
class SerialFacts:
    """What is known of one serial.

    Attributes:
        serial: its number.
        sealed: when it was sealed.
        iri: of the serial.
        manifest: its full manifest; None where neither a record nor the head knows it.
        kept: whether that manifest still lies in the store.
        delta: the delta that leads to it; None for the first serial, and where it is not known.
        about: the run, of a view that of the hub's serial; None where the serial has no record.
        record: name of its record below ``manifest/``; None where it has none, or the name is not known.
        last_of_day: whether no later serial of the same day is known: then it is the state of that day.
    """

    serial: int
    sealed: datetime
    iri: str
    manifest: ManifestFacts | ManifestEntry | None
    kept: bool
    delta: DeltaFacts | DeltaEntry | None
    about: About | None
    record: str | None
    last_of_day: bool

    @property
    def day(self) -> str:
        """The day it was sealed, ISO 8601."""
        return self.sealed.date().isoformat()


@dataclass(frozen=True, slots=True)
class ArchiveFacts:
    """What is known of an archive.

    Attributes:
        head: as it was published.
        names: IRIs.
        iri: of the archive.
        serials: newest first, the head's own leads.
        described: what it was made from.
    """

    head: Head
    names: Names
    iri: str
    serials: tuple[SerialFacts, ...]
    described: Described

    @property
    def newest(self) -> SerialFacts:
        """The state that the head shows."""
        return self.serials[0]

    @property
    def doi(self) -> str | None:
        """DOI of the archive itself; a view is a part of what the DOI names, so it has none."""
        return None if self.head.view_of else self.head.doi

    @property
    def licence(self) -> str:
        """IRI of the licence."""
        return licence_iri(self.head.licence.spdx, self.head.licence.url)

    @property
    def view(self) -> Mapping[str, Any]:
        """What a view is: layout and filter; empty for an archive that is sealed itself."""
        found = json.loads(self.head.view_of.definition) if self.head.view_of else {}
        return found if isinstance(found, dict) else {}

    def claim(self, one: SerialFacts) -> Claim:
        """Which DOI snapshot a serial was proven to be or to hold, or the nearest one, or none.

        What was proven of an archive need not hold of a view of it.
        """
        return claim(None if self.head.view_of else self.described.snapshots, one.serial, one.sealed)

    def proof(self, one: SerialFacts) -> Proof | None:
        """The proof that a serial is a DOI snapshot or holds it; None where there is none."""
        return self.claim(one).proof

    def equal_to(self, one: SerialFacts) -> str | None:
        """Address of the DOI snapshot that a serial was proven to be; None where there is none."""
        found = self.proof(one)
        if found is None or found.relation is not Relation.EQUAL or self.described.snapshots is None:
            return None
        return doi_iri(self.described.snapshots.doi, found.key)

    def citation(self, one: SerialFacts | None) -> Citation:
        """How the archive, or one of its serials, is cited; with the key of a DOI snapshot only where it is proven."""
        if one is None:
            return cite_archive(self.head, url=self.iri)
        found = self.proof(one)
        return cite_archive(self.head, serial=one.serial, sealed=one.sealed.date(), snapshot=found, url=one.iri)

    @property
    def acknowledgement(self) -> str | None:
        """The sentence asked of publications; None where none is known."""
        return acknowledgement_for(self.head.doi)

    def find(self, serial: int) -> SerialFacts | None:
        """A serial, where it is known."""
        return next((one for one in self.serials if one.serial == serial), None)

    def before(self, one: SerialFacts) -> SerialFacts | None:
        """The serial before another, where it is known."""
        return self.find(one.serial - 1)


def facts_of(described: Described) -> ArchiveFacts:
    """Gather what is known."""
    head, names = described.head, described.names
    # A view has the records of its hub: they tell of the same run, but of the hub's manifest and delta.
    records = {one.serial: one for one in described.records}
    own = {serial: one for serial, one in records.items() if one.archive == head.archive}
    known = _sealed_times(head, own)
    record_names = _record_names(head, records)
    manifests = {one.serial: one for one in (*head.manifests, head.manifest)}
    deltas = {one.serial: one for one in head.deltas}
    serials: list[SerialFacts] = []
    for serial in sorted(known, reverse=True):
        record, mine = records.get(serial), own.get(serial)
        later = serials[-1] if serials else None
        serials.append(
            SerialFacts(
                serial=serial,
                sealed=known[serial],
                iri=names.snapshot(head.archive, serial),
                manifest=manifests.get(serial) or (mine.manifest if mine else None),
                kept=serial in manifests,
                delta=deltas.get(serial) or (mine.delta if mine else None),
                about=record.about if record else None,
                record=record_names.get(serial),
                last_of_day=later is None or later.sealed.date() != known[serial].date(),
            )
        )
    return ArchiveFacts(head, names, names.archive(head.archive), tuple(serials), described)


def _sealed_times(head: Head, records: Mapping[int, Record]) -> dict[int, datetime]:
    found = {one.serial: one.sealed for one in head.manifests}
    found |= {one.serial: one.sealed for one in head.deltas}
    found |= {serial: one.sealed for serial, one in records.items() if serial <= head.serial}
    found[head.serial] = head.sealed
    return found


def _record_names(head: Head, records: Mapping[int, Record]) -> dict[int, str]:
    """The head names the newest record, every record the one before it."""
    found = {one.previous.serial: one.previous.name for one in records.values() if one.previous is not None}
    if head.record is not None:
        found[head.record.serial] = head.record.name
    return found
