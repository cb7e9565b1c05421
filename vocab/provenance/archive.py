"""An archive and its sealed serials as DCAT and PROV: what was sealed, from where, by which run, how to cite it.

Everything is read out of the head, the records of the serials and what was proven of DOI snapshots; what none of them
says is not said. IRIs are those of `vocab.names`; there are no blank nodes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyoxigraph as ox

from gdac.errors import RefusedError
from gdac.manifest.doi import Proof, claim
from gdac.manifest.head import Head
from gdac.manifest.record import DeltaFacts, ManifestFacts, Record
from policies.citation import Citation, acknowledgement_for, as_text, cite_archive
from vocab.described import Described
from vocab.names import DCAT, DCT, PROV, RDFS, Names, doi_iri, english, licence_iri, node
from vocab.provenance.runs import run_triples
from vocab.provenance.statements import (
    Pair,
    address,
    checksum,
    day,
    moment,
    number,
    organisation,
    size,
    statements,
    types,
)

PARQUET: Final = "https://www.iana.org/assignments/media-types/application/vnd.apache.parquet"


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is known of one serial, from its record or, without one, from the head.

    Attributes:
        serial: which.
        sealed: when.
        manifest: its full manifest; None where neither says.
        delta: the delta that leads to it; None where there is none or neither says.
        record: its record; None where it is missing.
    """

    serial: int
    sealed: datetime
    manifest: ManifestFacts | None
    delta: DeltaFacts | None
    record: Record | None


def serials_known(described: Described) -> tuple[int, ...]:
    """Every serial that can be described, oldest first: those with a record and those that the head lists."""
    head = described.head
    listed = {head.serial} | {one.serial for one in head.manifests} | {one.serial for one in head.deltas}
    return tuple(sorted(listed | {one.serial for one in _records(described)}))


def sealed_serial(described: Described, serial: int) -> Sealed:
    """What is known of a serial.

    Raises:
        RefusedError: nothing is: neither a record nor the head knows it.
    """
    head = described.head
    for one in _records(described):
        if one.serial == serial:
            return Sealed(serial, one.sealed, one.manifest, one.delta, one)
    full = next((one for one in (head.manifest, *head.manifests) if one.serial == serial), None)
    step = next((one for one in head.deltas if one.serial == serial), None)
    known = full or step
    if known is None:
        raise RefusedError(
            f"nothing is known of serial {serial} of archive {head.archive}: no record is kept and its head does not"
            " list it.",
            hint=f"The newest serial is {head.serial}.",
        )
    manifest = delta = None
    if full is not None:
        manifest = ManifestFacts(full.name, full.sha256, full.size, full.rows, full.bytes)
    if step is not None:
        counts = (step.added, step.changed, step.removed, step.renamed, step.bytes)
        delta = DeltaFacts(step.name, step.sha256, step.size, step.rows, *counts)
    return Sealed(serial, known.sealed, manifest, delta, None)


def _records(described: Described) -> list[Record]:
    """Those of this very archive: a hub's record tells of the hub's manifest, not of that of a view."""
    return [one for one in described.records if one.archive == described.head.archive]


def archive_triples(described: Described) -> list[ox.Triple]:
    """The archive: a series of snapshots and a catalogue of them.

    Args:
        described: head, records, what was proven, names.
    """
    head, names = described.head, described.names
    archive = names.archive(head.archive)
    known = serials_known(described)
    citation = cite_archive(head)
    oldest = sealed_serial(described, known[0])
    pairs: list[Pair] = [
        *types(*(names.own("Archive").value, DCAT + "DatasetSeries", DCAT + "Catalog", PROV + "Entity")),
        (DCT + "title", ox.Literal(head.title)),
        (RDFS + "label", ox.Literal(head.title)),
        (DCT + "description", english(f"{head.title}: the files of an Argo archive, sealed serial by serial.")),
        (DCT + "issued", moment(oldest.sealed) if oldest.serial == 1 else None),
        (DCT + "modified", moment(head.sealed)),
        (DCAT + "first", node(names.snapshot(head.archive, 1)) if oldest.serial == 1 else None),
        (DCAT + "last", node(names.snapshot(head.archive, head.serial))),
        *((DCAT + "dataset", node(names.snapshot(head.archive, one))) for one in known),
        *_common(described, citation, f"urn:uuid:{head.archive}"),
    ]
    if head.doi and head.view_of is None:  # a view is a part of what the DOI names
        pairs.append((DCT + "identifier", address(doi_iri(head.doi))))
    if head.view_of is not None:
        hub = names.snapshot(head.view_of.archive, head.view_of.serial)
        pairs.append((PROV + "wasDerivedFrom", node(hub)))
    return [*statements(archive, pairs), *_agents(names, citation)]


def snapshot_triples(described: Described, serial: int) -> list[ox.Triple]:
    """One sealed serial: the snapshot, its manifest and delta, the run that made it, what it may claim of the DOI.

    Raises:
        RefusedError: nothing is known of that serial.
    """
    head, names = described.head, described.names
    known = sealed_serial(described, serial)
    snapshot = names.snapshot(head.archive, serial)
    found = _doi(described, known)
    citation = cite_archive(head, serial=serial, sealed=known.sealed.date(), snapshot=found.cited)
    title = f"{head.title}, serial {serial} of {known.sealed:%Y-%m-%d}"
    pairs: list[Pair] = [
        *types(names.own("Snapshot").value, DCAT + "Dataset", PROV + "Entity"),
        (DCT + "title", ox.Literal(title)),
        (RDFS + "label", ox.Literal(title)),
        (DCT + "description", english(_description(known))),
        (DCAT + "inSeries", node(names.archive(head.archive))),
        (DCAT + "version", ox.Literal(str(serial))),
        (names.own("serial").value, number(serial)),
        (DCT + "issued", moment(known.sealed)),
        (PROV + "generatedAtTime", moment(known.sealed)),
        *_common(described, citation, snapshot),
        *found.pairs,
    ]
    if head.view_of is not None:
        pairs.append((PROV + "wasDerivedFrom", node(names.snapshot(head.view_of.archive, serial))))
    elif serial > 1:
        before = node(names.snapshot(head.archive, serial - 1))
        pairs += [(DCAT + "prev", before), (PROV + "wasRevisionOf", before)]
    if known.record is None and head.view_of is None:
        pairs.append((RDFS + "comment", english("No record of the run that sealed this serial is kept here.")))
    if known.record is not None:
        pairs.append((PROV + "wasGeneratedBy", node(names.run(known.record.about.run.id))))
    triples = [*found.triples, *_agents(names, citation)]
    for distribution, facts in _distributions(names, head.archive, known):
        pairs.append((DCAT + "distribution", node(distribution)))
        triples += _distribution(names, head, distribution, facts)
    if known.manifest is not None:
        pairs += [
            (names.own("fileCount").value, number(known.manifest.rows)),
            (names.own("totalSize").value, number(known.manifest.bytes)),
        ]
    if known.record is not None:
        triples += run_triples(names, known.record)
    return [*statements(snapshot, pairs), *triples]


@dataclass(frozen=True, slots=True)
class _Doi:
    """What a serial may claim of the DOI's snapshots: pairs about it, triples about them, the one to cite."""

    pairs: tuple[Pair, ...] = ()
    triples: tuple[ox.Triple, ...] = ()
    cited: Proof | None = None


def _doi(described: Described, known: Sealed) -> _Doi:
    own = described.names.own
    view = described.head.view_of is not None  # what was proven of the whole need not hold of a part
    found = claim(None if view else described.snapshots, known.serial, known.sealed)
    snapshot = found.proof or found.nearest
    if snapshot is None or described.snapshots is None:
        return _Doi()
    iri = doi_iri(described.snapshots.doi, snapshot.key)
    about: list[Pair] = [
        *types(own("DoiSnapshot").value, DCAT + "Dataset", PROV + "Entity"),
        (DCT + "title", ox.Literal(snapshot.title)),
        (DCT + "issued", day(snapshot.date)),
        (own("doiKey").value, ox.Literal(snapshot.key)),
        (DCT + "identifier", address(iri)),
    ]
    pairs: list[Pair]
    if found.proof is not None:
        pairs = [
            (own("doiSnapshot").value, node(iri)),
            (own("doiRelation").value, ox.Literal(found.proof.relation.value)),
        ]
    else:
        pairs = [
            (own("nearestDoiSnapshot").value, node(iri)),
            (own("doiDayOffset").value, None if found.days is None else number(found.days)),
        ]
    return _Doi(tuple(pairs), tuple(statements(iri, about)), found.proof)


def _common(described: Described, citation: Citation, identifier: str) -> Iterator[Pair]:
    """Licence, who made and publishes it, how to cite it."""
    names, head = described.names, described.head
    yield DCT + "identifier", address(identifier)
    yield DCT + "license", node(licence_iri(head.licence.spdx, head.licence.url))
    yield DCT + "bibliographicCitation", ox.Literal(as_text(citation))
    acknowledgement = acknowledgement_for(head.doi)
    yield DCT + "rights", english(acknowledgement) if acknowledgement else None
    for author in citation.authors:
        yield DCT + "creator", node(organisation(names, author)[0])
    if citation.publisher:
        yield DCT + "publisher", node(organisation(names, citation.publisher)[0])


def _agents(names: Names, citation: Citation) -> list[ox.Triple]:
    found = [*citation.authors, *([citation.publisher] if citation.publisher else [])]
    return [triple for one in found for triple in organisation(names, one)[1]]


def _description(known: Sealed) -> str:
    day_ = f"The state that was sealed on {known.sealed:%Y-%m-%d} at {known.sealed:%H:%M:%S} UTC"
    if known.manifest is None:
        return f"{day_}."
    return f"{day_}: {known.manifest.rows:,} files, {known.manifest.bytes:,} bytes."


def _distributions(names: Names, archive: str, known: Sealed) -> Iterator[tuple[str, ManifestFacts | DeltaFacts]]:
    if known.manifest is not None:
        yield names.manifest(archive, known.serial), known.manifest
    if known.delta is not None:
        yield names.delta(archive, known.serial), known.delta


def _distribution(names: Names, head: Head, iri: str, facts: ManifestFacts | DeltaFacts) -> list[ox.Triple]:
    delta = isinstance(facts, DeltaFacts)
    pairs: list[Pair] = [
        *types(names.own("Delta" if delta else "Manifest").value, DCAT + "Distribution", PROV + "Entity"),
        (DCT + "title", english("What changed since the serial before" if delta else "Every file of the serial")),
        (DCAT + "byteSize", size(facts.size)),
        (DCT + "format", node(PARQUET)),
        (DCAT + "mediaType", node(PARQUET)),
        (DCT + "license", node(licence_iri(head.licence.spdx, head.licence.url))),
        (names.own("sealedName").value, ox.Literal(facts.name)),
    ]
    if isinstance(facts, DeltaFacts):
        counts = {"addedFiles": facts.added, "changedFiles": facts.changed, "removedFiles": facts.removed}
        counts |= {"renamedFiles": facts.renamed, "transferSize": facts.bytes}
        pairs += [(names.own(name).value, number(value)) for name, value in counts.items()]
    return [*statements(iri, pairs), *checksum(iri, facts.sha256)]
