"""The DataCite face: JSON of metadata schema 4.5. The archive keeps its DOI; a serial has none and never gets one."""

from typing import Any, Final

from gdac.manifest.doi import Relation
from vocab.faces.coverage import Box, coverage
from vocab.faces.facts import MOST_SERIALS, ArchiveFacts, SerialFacts
from vocab.faces.variables import measured
from vocab.faces.wording import KEYWORDS, archive_text, bytes_text, claim_text, serial_text, serial_title
from vocab.names import doi_iri

_SCHEMA: Final = "http://datacite.org/schema/kernel-4"
#: DataCite's word for a value that is not known, for fields that must be there (schema 4.5, appendix 3).
_UNKNOWN: Final = ":unav"


def archive_record(archive: ArchiveFacts) -> dict[str, Any]:
    """The archive: a series of datasets, with the DOI of the head."""
    newest, view = archive.newest, archive.head.view_of
    related = [_related("HasVersion", one.iri) for one in archive.serials[:MOST_SERIALS]]
    if view is not None:
        related.append(_related("IsPartOf", archive.names.archive(view.archive)))
        if archive.head.doi:
            related.append(_related("IsPartOf", archive.head.doi, "DOI"))
    texts = [_text(archive_text(archive), "Abstract")]
    return {
        **({"doi": archive.doi} if archive.doi else {}),
        **_common(archive, None),
        "titles": [{"title": archive.head.title, "lang": "en"}],
        "types": {"resourceType": "Dataset series", "resourceTypeGeneral": "Dataset"},
        "version": str(newest.serial),
        "dates": [{"date": newest.day, "dateType": "Updated"}, *_collected(archive, None)],
        "sizes": _sizes(newest),
        "relatedIdentifiers": related,
        "descriptions": texts,
    }


def serial_record(archive: ArchiveFacts, one: SerialFacts) -> dict[str, Any]:
    """A serial: what it is a part and a version of, and no DOI.

    A DOI snapshot is an address with a fragment, which no registry knows as a DOI; so it is related as a URL, and only
    where it is proven.
    """
    related = [_related("IsPartOf", archive.iri), _related("IsVersionOf", archive.iri)]
    if archive.head.doi:
        relation = "IsVersionOf" if archive.doi else "IsPartOf"
        related.append(_related(relation, archive.head.doi, "DOI"))
    before = archive.before(one)
    if before is not None:
        related.append(_related("IsNewVersionOf", before.iri))
    found, snapshots = archive.proof(one), archive.described.snapshots
    if found is not None and snapshots is not None:
        relation = "IsIdenticalTo" if found.relation is Relation.EQUAL else "HasPart"
        related.append(_related(relation, doi_iri(snapshots.doi, found.key)))
    texts = [_text(serial_text(archive, one), "Abstract")]
    if told := claim_text(archive, one):
        texts.append(_text(told, "Other"))
    return {
        **_common(archive, one),
        "titles": [{"title": serial_title(archive, one), "lang": "en"}],
        "types": {"resourceType": "Sealed state of an archive", "resourceTypeGeneral": "Dataset"},
        "version": str(one.serial),
        "dates": [{"date": one.day, "dateType": "Created"}, *_collected(archive, one)],
        "sizes": _sizes(one),
        "relatedIdentifiers": related,
        "descriptions": texts,
    }


def _common(archive: ArchiveFacts, one: SerialFacts | None) -> dict[str, Any]:
    head, citation = archive.head, archive.citation(one)
    iri = archive.iri if one is None else one.iri
    covered = coverage(head.doi, archive.view)
    year = (one or archive.newest).sealed.year if one is not None or archive.doi is None else citation.year
    return {
        "schemaVersion": _SCHEMA,
        "url": iri,
        "creators": [{"name": name, "nameType": "Organizational"} for name in citation.authors or (_UNKNOWN,)],
        "publisher": {"name": citation.publisher or _UNKNOWN},
        "publicationYear": f"{year:04d}",
        "language": "en",
        "subjects": [
            *({"subject": one} for one in KEYWORDS),
            *(
                {"subject": one.title, "subjectScheme": "Argo parameter codes (NVS R03)", "valueUri": one.iri}
                for one in measured()
            ),
        ],
        "alternateIdentifiers": [{"alternateIdentifier": iri, "alternateIdentifierType": "IRI"}],
        "formats": ["application/netcdf"],
        "rightsList": [
            {
                "rights": head.licence.spdx,
                "rightsUri": archive.licence,
                "rightsIdentifier": head.licence.spdx,
                "rightsIdentifierScheme": "SPDX",
                "schemeUri": "https://spdx.org/licenses/",
            }
        ],
        **({"geoLocations": [_location(covered.box, covered.place)]} if covered.box else {}),
    }


def _related(relation: str, identifier: str, kind: str = "") -> dict[str, str]:
    found = kind or ("w3id" if identifier.startswith("https://w3id.org/") else "URL")
    return {
        "relatedIdentifier": identifier,
        "relatedIdentifierType": found,
        "relationType": relation,
        "resourceTypeGeneral": "Dataset",
    }


def _text(text: str, kind: str) -> dict[str, str]:
    return {"description": text, "descriptionType": kind, "lang": "en"}


def _collected(archive: ArchiveFacts, one: SerialFacts | None) -> list[dict[str, str]]:
    """When the data were observed; an archive that goes on has no end yet, so its newest day stands there."""
    first = coverage(archive.head.doi, archive.view).first
    last = (one or archive.newest).day
    if not first:
        return []
    return [{"date": f"{first}/{last if len(first) > 4 else last[:4]}", "dateType": "Collected"}]


def _sizes(one: SerialFacts) -> list[str]:
    if one.manifest is None:
        return []
    return [f"{one.manifest.rows} files", f"{one.manifest.bytes} bytes ({bytes_text(one.manifest.bytes)})"]


def _location(box: Box, place: str) -> dict[str, Any]:
    return {
        "geoLocationPlace": place,
        "geoLocationBox": {
            "westBoundLongitude": box.west,
            "eastBoundLongitude": box.east,
            "southBoundLatitude": box.south,
            "northBoundLatitude": box.north,
        },
    }
