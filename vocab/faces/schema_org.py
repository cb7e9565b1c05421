"""The schema.org face, by the guidelines of ESIP's science-on-schema.org (version 1.3): a Dataset inside a page."""

from typing import Any, Final

from policies.citation import as_text
from vocab.faces.coverage import coverage
from vocab.faces.facts import MOST_SERIALS, ArchiveFacts, SerialFacts
from vocab.faces.places import Places
from vocab.faces.variables import measured
from vocab.faces.wording import KEYWORDS, archive_text, serial_text, serial_title
from vocab.names import PROV, doi_iri

SCHEMA: Final = "https://schema.org/"
#: In the document itself, so that nothing has to be fetched to read it; what holds an address says so.
CONTEXT: Final = {
    "@vocab": SCHEMA,
    "prov": PROV,
    **{name: {"@type": "@id"} for name in ("contentUrl", "url", "license", "sameAs", "isBasedOn")},
}
PARQUET: Final = "application/vnd.apache.parquet"
#: The faces in other syntaxes: ending, media type, what it is.
OTHER_FACES: Final = (
    ("ttl", "text/turtle", "DCAT and PROV, Turtle"),
    ("jsonld", "application/ld+json", "DCAT and PROV, JSON-LD"),
    ("datacite", "application/vnd.datacite.datacite+json", "DataCite 4.5, JSON"),
)
_DOI_SYSTEM: Final = "https://registry.identifiers.org/registry/doi"
#: Address of the organisation that signs as an author, by the name it signs with.
_HOMES: Final = {"Argo": "https://argo.ucsd.edu/"}


def archive_dataset(archive: ArchiveFacts, places: Places) -> dict[str, Any]:
    """The archive as a Dataset."""
    newest = archive.newest
    made = {
        **_common(archive, None, places),
        "name": archive.head.title,
        "description": archive_text(archive),
        "version": str(newest.serial),
        "dateModified": _time(newest),
        "distribution": [
            *_downloads(newest, places),
            _download("Head: the newest serial and digests of all it names", places.sealed("head.json"),
                      "application/json"),
        ],
        "hasPart": [{"@id": one.iri} for one in archive.serials[:MOST_SERIALS]],
        "subjectOf": _subject_of(places, "archive"),
    }  # fmt: skip
    if archive.head.view_of:
        made["isPartOf"] = {"@id": archive.names.archive(archive.head.view_of.archive)}
    if archive.doi:
        made["sameAs"] = doi_iri(archive.doi)
    publisher = made.get("publisher")
    if publisher and archive.doi:
        made["includedInDataCatalog"] = {"@type": "DataCatalog", "name": publisher["name"]}
    return made


def serial_dataset(archive: ArchiveFacts, one: SerialFacts, places: Places) -> dict[str, Any]:
    """A serial as a Dataset."""
    made = {
        **_common(archive, one, places),
        "name": serial_title(archive, one),
        "description": serial_text(archive, one),
        "version": str(one.serial),
        "dateCreated": _time(one),
        "datePublished": one.day,
        "dateModified": _time(one),
        "distribution": _downloads(one, places),
        "isPartOf": {"@id": archive.iri},
        "includedInDataCatalog": {"@type": "DataCatalog", "name": archive.head.title, "url": places.home},
        "subjectOf": _subject_of(places, "snapshot"),
    }
    before = archive.before(one)
    if before is not None:
        made["prov:wasRevisionOf"] = {"@id": before.iri}
    if equal := archive.equal_to(one):
        made["sameAs"] = equal
    return made


def _common(archive: ArchiveFacts, one: SerialFacts | None, places: Places) -> dict[str, Any]:
    """What an archive and its serials share."""
    head, citation = archive.head, archive.citation(one)
    iri = archive.iri if one is None else one.iri
    covered = coverage(head.doi, archive.view)
    last = ".." if one is None else one.day
    made: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "Dataset",
        "@id": iri,
        "url": places.here if places.public else iri,
        "identifier": _identifier(archive, one),
        "license": archive.licence,
        "conditionsOfAccess": "public",
        "isAccessibleForFree": True,
        "inLanguage": "en",
        "keywords": list(KEYWORDS),
        "measurementTechnique": "Autonomous profiling floats",
        "variableMeasured": _variables(),
        "citation": as_text(citation),
        "datePublished": str(citation.year),
        **({"creator": [_organisation(name) for name in citation.authors]} if citation.authors else {}),
        **({"publisher": _organisation(citation.publisher)} if citation.publisher else {}),
        **({"temporalCoverage": f"{covered.first}/{last}"} if covered.first else {}),
    }
    if covered.box is not None:
        box = covered.box
        shape = {"@type": "GeoShape", "box": f"{box.south:g} {box.west:g} {box.north:g} {box.east:g}"}
        made["spatialCoverage"] = {"@type": "Place", "name": covered.place, "geo": shape}
    return {**made, **_origin(archive, one or archive.newest)}


def _origin(archive: ArchiveFacts, one: SerialFacts) -> dict[str, Any]:
    """The hub's serial of a view, else run and sources."""
    view, about = archive.head.view_of, one.about
    if view is not None:
        hub = archive.names.snapshot(view.archive, one.serial)
        return {"isBasedOn": [hub], "prov:wasDerivedFrom": {"@id": hub}}
    if about is None:
        return {}
    return {
        "isBasedOn": [source.url for source in about.sources if source.url],
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "@id": archive.names.run(about.run.id),
            "prov:startedAtTime": about.run.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    }


def _identifier(archive: ArchiveFacts, one: SerialFacts | None) -> Any:
    """The archive's DOI, so written that programs know it for one; a serial has none, its own IRI identifies it."""
    if one is not None:
        return one.iri
    if archive.doi is None:
        return archive.iri
    return {
        "@type": "PropertyValue",
        "name": f"DOI: {archive.doi}",
        "propertyID": _DOI_SYSTEM,
        "value": f"doi:{archive.doi}",
        "url": doi_iri(archive.doi),
    }


def _downloads(one: SerialFacts, places: Places) -> list[dict[str, Any]]:
    made = []
    if one.manifest is not None and one.kept:
        made.append(
            _download("Manifest: every file with path, size, SHA-256 and MD5", places.sealed(one.manifest.name),
                      PARQUET, one.manifest.size, one.manifest.sha256)
        )  # fmt: skip
    if one.delta is not None:
        made.append(
            _download("Delta: what changed since the serial before", places.sealed(one.delta.name), PARQUET,
                      one.delta.size, one.delta.sha256)
        )  # fmt: skip
    if one.record is not None:
        made.append(
            _download("Record: run, sources and software", places.sealed(one.record), "application/json")
        )  # fmt: skip
    return made


def _download(name: str, address: str, media: str, size: int | None = None, sha256: str = "") -> dict[str, Any]:
    return {
        "@type": "DataDownload",
        "name": name,
        "contentUrl": address,
        "encodingFormat": media,
        **({"contentSize": f"{size} B"} if size is not None else {}),
        **({"sha256": sha256} if sha256 else {}),
    }


def _subject_of(places: Places, stem: str) -> list[dict[str, Any]]:
    return [_download(what, places.own(face_name(stem, ending)), media) for ending, media, what in OTHER_FACES]


def face_name(stem: str, ending: str) -> str:
    """Name of a face beside the page: ``archive.ttl``, ``datacite.json``."""
    return "datacite.json" if ending == "datacite" else f"{stem}.{ending}"


def _variables() -> list[dict[str, Any]]:
    return [
        {
            "@type": "PropertyValue",
            "name": one.name,
            "description": one.title,
            "propertyID": one.iri,
            "url": one.iri,
            **({"unitText": one.unit} if one.unit else {}),
        }
        for one in measured()
    ]


def _organisation(name: str) -> dict[str, str]:
    home = {"url": _HOMES[name]} if name in _HOMES else {}
    return {"@type": "Organization", "name": name, **home}


def author_home(name: str) -> str:
    """Address of an author; empty where none is known."""
    return _HOMES.get(name, "")


def _time(one: SerialFacts) -> str:
    return one.sealed.strftime("%Y-%m-%dT%H:%M:%SZ")
