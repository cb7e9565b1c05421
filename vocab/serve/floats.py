"""The page of a float: what the archive holds of it, and what its metadata file says, word by word joined to terms."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pyoxigraph as ox

from gdac.paths import ArchivePath, Kind
from gdac.tables.reference import Tables, load
from policies.citation import as_text
from vocab.faces.coverage import coverage
from vocab.faces.facts import facts_of
from vocab.faces.schema_org import CONTEXT, SCHEMA
from vocab.faces.signposts import Signpost
from vocab.faces.wording import KEYWORDS
from vocab.names import concept, doi_iri, encoded
from vocab.provenance.files import path_triples
from vocab.provenance.floats import SensorFacts, float_triples
from vocab.serve.archive import FloatRead
from vocab.serve.site import Link, Site

_KINDS: Final = {
    Kind.META: "Metadata",
    Kind.TECH: "Technical data",
    Kind.PROFILE: "Core profiles",
    Kind.BIO_PROFILE: "Biogeochemical profiles",
    Kind.SYNTHETIC_PROFILE: "Synthetic profiles",
    Kind.MERGED_PROFILE: "Merged profiles",
    Kind.MULTI_PROFILE: "All core profiles in one file",
    Kind.SYNTHETIC_MULTI_PROFILE: "All synthetic profiles in one file",
    Kind.MERGED_MULTI_PROFILE: "All merged profiles in one file",
    Kind.TRAJECTORY: "Trajectories",
    Kind.BIO_TRAJECTORY: "Biogeochemical trajectories",
    Kind.AUX: "Auxiliary files",
}
#: Kinds of which a dataset for search engines offers the files themselves.
_OFFERED: Final = (Kind.META, Kind.TECH, Kind.MULTI_PROFILE, Kind.SYNTHETIC_MULTI_PROFILE, Kind.TRAJECTORY)


@dataclass(frozen=True, slots=True)
class KindRow:
    """Files of one kind: how many, their bytes, how many are of delayed mode, and first and last cycle."""

    name: str
    files: int
    bytes: int
    delayed: int
    cycles: str


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a metadata file with its term.

    Attributes:
        link: to the term; without an address where the table has none of that name.
        label: of the term; empty where it says no more than the word.
    """

    link: Link
    label: str


@dataclass(frozen=True, slots=True)
class SensorRow:
    """A sensor: each word with its term, and its serial number."""

    type: Word
    model: Word
    maker: Word
    serial: str
    parameters: tuple[Word, ...]


def float_values(read: FloatRead, site: Site, root: str) -> dict[str, Any]:
    """What the page shows."""
    archive = facts_of(read.described)
    words = _Words(site, load())
    facts = read.facts
    return {
        "read": read,
        "archive": archive,
        "kinds": list(_rows(read)),
        "total": sum(one.size for one in read.files),
        "cycles": _cycles(one.path for one in read.files),
        "platform": [
            (heading, words.word(table, word))
            for heading, table, word in (
                ("Platform type", "R23", facts.platform_type),
                ("WMO instrument type", "R08", facts.instrument_type),
                ("Maker", "R24", facts.maker),
                *(("Transmission", "R10", word) for word in facts.transmission),
                *(("Positioning", "R09", word) for word in facts.positioning),
            )
            if word
        ]
        if facts
        else [],
        "sensors": [words.sensor(one) for one in facts.sensors] if facts else [],
        "parameters": [words.word("R03", one) for one in facts.parameters] if facts else [],
        "citation": as_text(archive.citation(archive.newest)),
        "about": float_dataset(read, root),
    }


def float_dataset(read: FloatRead, root: str) -> dict[str, Any]:
    """The float as a schema.org Dataset, a part of the archive."""
    archive, facts = facts_of(read.described), read.facts
    one, iri = archive.newest, read.described.names.wmo(read.wmo)
    citation = archive.citation(one)
    tables = load()
    variables = [tables.concept("R03", name) for name in (facts.parameters if facts else ())]
    since = facts.launched.date().isoformat() if facts and facts.launched else coverage(archive.head.doi, {}).first
    made: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "Dataset",
        "@id": iri,
        "url": f"{root}/float/{read.wmo}",
        "name": f"Argo float {read.wmo}",
        "description": f"Profiles, trajectories, metadata and technical data of Argo float {read.wmo} (data centre "
        f"{read.dac}), as in {archive.head.title}, serial {one.serial} of {one.day}: {len(read.files):,} files.",
        "identifier": {
            "@type": "PropertyValue",
            "name": "WMO number",
            "propertyID": read.described.names.own("wmoNumber").value,
            "value": f"wmo:{read.wmo}",
            "url": iri,
        },
        "version": str(one.serial),
        "license": archive.licence,
        "isAccessibleForFree": True,
        "keywords": [*KEYWORDS, read.wmo],
        "citation": as_text(citation),
        "datePublished": one.day,
        "dateModified": one.sealed.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "isPartOf": {"@id": archive.iri},
        "prov:wasDerivedFrom": {"@id": one.iri},
        "variableMeasured": [
            {"@type": "PropertyValue", "name": found.code, "description": found.label,
             "propertyID": concept("R03", found.id), "url": concept("R03", found.id)}
            for found in variables if found is not None
        ],
        "distribution": [
            {"@type": "DataDownload", "name": file.path.name, "contentUrl": f"{root}/archive/{encoded(str(file.path))}",
             "encodingFormat": "application/netcdf", "contentSize": f"{file.size} B", "sha256": file.sha256}
            for kind in _OFFERED for file in read.of(kind)
        ],
    }  # fmt: skip
    if citation.authors:
        made["creator"] = [{"@type": "Organization", "name": name} for name in citation.authors]
    if citation.publisher:
        made["publisher"] = {"@type": "Organization", "name": citation.publisher}
    if since:
        made["temporalCoverage"] = f"{since}/.."
    if facts and facts.latitude is not None and facts.longitude is not None:
        place = {"@type": "GeoCoordinates", "latitude": facts.latitude, "longitude": facts.longitude}
        made["spatialCoverage"] = {"@type": "Place", "name": "where it was launched", "geo": place}
    return made


def float_rdf(read: FloatRead) -> list[ox.Triple]:
    """The float, its sensors and launch, and its files."""
    names, head = read.described.names, read.described.head
    triples: list[ox.Triple] = []
    if read.facts is not None and read.facts.wmo == read.wmo:
        triples = float_triples(read.facts, load(), names, dac=read.dac, version=read.version)
    for one in read.files:
        triples += path_triples(names, head.archive, str(one.path))
    return sorted(set(triples), key=str)


def float_links(read: FloatRead, root: str) -> list[Signpost]:
    """Typed links of the page, with absolute addresses."""
    archive, here = facts_of(read.described), f"{root}/float/{read.wmo}"
    kinds = (("ttl", "text/turtle"), ("jsonld", "application/ld+json"))
    return [
        Signpost("cite-as", read.described.names.wmo(read.wmo)),
        Signpost("type", SCHEMA + "AboutPage"),
        Signpost("type", SCHEMA + "Dataset"),
        Signpost("license", archive.licence),
        *(Signpost("describedby", f"{here}?format={short}", media) for short, media in kinds),
        *(
            Signpost("item", f"{root}/archive/{encoded(str(one.path))}", "application/netcdf")
            for kind in _OFFERED
            for one in read.of(kind)
        ),
        Signpost("collection", f"{root}/archive/", "text/html"),
        *([Signpost("related", doi_iri(archive.head.doi))] if archive.head.doi else []),
    ]


def _rows(read: FloatRead) -> Iterator[KindRow]:
    for kind, name in _KINDS.items():
        files = read.of(kind)
        if files:
            delayed = sum(one.path.mode == "D" for one in files)
            cycles = _cycles(one.path for one in files)
            yield KindRow(name, len(files), sum(one.size for one in files), delayed, cycles)
    others = [one for one in read.files if one.path.kind not in _KINDS]
    if others:
        yield KindRow("Other files", len(others), sum(one.size for one in others), 0, "")


def _cycles(paths: Iterable[ArchivePath]) -> str:
    found = {one.cycle for one in paths if one.cycle is not None}
    if not found:
        return ""
    first, last = min(found), max(found)
    gaps = "" if len(found) == last - first + 1 else f", {len(found):,} of them"
    return str(first) if first == last else f"{first} to {last}{gaps}"


class _Words:
    """Joins words of a metadata file to the terms of the reference tables, and those to pages of this server."""

    def __init__(self, site: Site, tables: Tables) -> None:
        self._site, self._tables = site, tables

    def word(self, table: str, word: str) -> Word:
        """A word with its term."""
        found = self._tables.concept(table, word)
        if found is None:
            return Word(Link("", word), "")
        iri = found.id if ":" in found.id else concept(table, found.id)
        return Word(Link(iri, word, self._site.link(iri).here), "" if found.label == word else found.label)

    def sensor(self, one: SensorFacts) -> SensorRow:
        """A sensor's words with their terms."""
        return SensorRow(
            self.word("R25", one.type),
            self.word("R27", one.model),
            self.word("R26", one.maker),
            one.serial,
            tuple(self.word("R03", name) for name in one.parameters),
        )
