"""An RO-Crate (1.3) of some files of a sealed serial: what they are, which serial they are of, how to cite them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gdac.paths import ArchivePath, Kind
from policies.citation import as_text
from vocab.described import Described
from vocab.faces.facts import ArchiveFacts, SerialFacts, facts_of
from vocab.faces.schema_org import author_home
from vocab.faces.wording import KEYWORDS, bytes_text, claim_text, serial_text, serial_title

#: Name of the one file that makes a folder a crate.
METADATA_NAME: Final = "ro-crate-metadata.json"
PROFILE: Final = "https://w3id.org/ro/crate/1.3"
CONTEXT: Final = f"{PROFILE}/context"
#: A crate is for a subset; whoever wants everything takes a mirror.
MOST_FILES: Final = 100_000

_MEDIA: Final = {
    ".nc": "application/netcdf",
    ".txt": "text/plain",
    ".csv": "text/csv",
    ".gz": "application/gzip",
}
_KINDS: Final = {
    Kind.PROFILE: "core profile",
    Kind.BIO_PROFILE: "biogeochemical profile",
    Kind.SYNTHETIC_PROFILE: "synthetic profile",
    Kind.MERGED_PROFILE: "merged profile",
    Kind.META: "float metadata",
    Kind.TECH: "technical data",
    Kind.TRAJECTORY: "trajectory",
    Kind.BIO_TRAJECTORY: "biogeochemical trajectory",
    Kind.MULTI_PROFILE: "all core profiles of a float",
    Kind.SYNTHETIC_MULTI_PROFILE: "all synthetic profiles of a float",
    Kind.MERGED_MULTI_PROFILE: "all merged profiles of a float",
}


@dataclass(frozen=True, slots=True)
class CrateFile:
    """A file of the crate, as a manifest has it.

    Attributes:
        path: in the archive.
        size: bytes.
        sha256: digest, lower-case hex.
        modified: time of the bytes at their source; None where it is not known.
    """

    path: str
    size: int
    sha256: str
    modified: datetime | None


def crate_metadata(
    described: Described, serial: int, files: Sequence[CrateFile], *, inside: bool, address: str = ""
) -> bytes:
    """The metadata of a crate; equal input gives equal bytes.

    Args:
        described: the archive.
        serial: a serial that is known.
        files: some of its files, in the order in which they are to be listed.
        inside: the files lie in the crate, under their paths; else they are named by address or by IRI.
        address: of the archive's root, with a slash at the end, for files that do not lie in the crate.

    Raises:
        KeyError: nothing is known of that serial.
    """
    archive = facts_of(described)
    one = archive.find(serial)
    if one is None:
        raise KeyError(serial)
    entries = [_file(archive, one, file, inside, address) for file in files]
    graph = [
        {
            "@id": METADATA_NAME,
            "@type": "CreativeWork",
            "name": "Metadata of this crate",
            "conformsTo": {"@id": PROFILE},
            "about": {"@id": "./"},
        },
        _root(archive, one, files, [entry["@id"] for entry in entries]),
        *entries,
        *_context(archive, one),
    ]
    document = {"@context": CONTEXT, "@graph": graph}
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _root(archive: ArchiveFacts, one: SerialFacts, files: Sequence[CrateFile], ids: list[str]) -> dict[str, Any]:
    citation = archive.citation(one)
    total = sum(file.size for file in files)
    count = f"{len(files):,} {'file' if len(files) == 1 else 'files'}"
    described = f"{count} ({bytes_text(total)}), byte for byte as they are in {serial_title(archive, one)}."
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": f"{count} of {serial_title(archive, one)}",
        "description": " ".join(filter(None, (described, claim_text(archive, one)))),
        "datePublished": one.sealed.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "license": {"@id": archive.licence},
        "keywords": ", ".join(KEYWORDS),
        "isBasedOn": {"@id": one.iri},
        "creditText": as_text(citation),
        **({"citation": {"@id": citation.url}} if citation.url and citation.url != one.iri else {}),
        **({"author": [{"@id": _author_id(archive, name)} for name in citation.authors]} if citation.authors else {}),
        **({"publisher": {"@id": _author_id(archive, citation.publisher)}} if citation.publisher else {}),
        "hasPart": [{"@id": found} for found in ids],
        **({"mentions": {"@id": archive.names.run(one.about.run.id)}} if one.about else {}),
    }


def _file(archive: ArchiveFacts, one: SerialFacts, file: CrateFile, inside: bool, address: str) -> dict[str, Any]:
    path = ArchivePath.parse(file.path)
    iri = archive.names.file(archive.head.archive, file.path)
    relative = iri.partition("/file/")[2]
    media = next((kind for ending, kind in _MEDIA.items() if file.path.endswith(ending)), "application/octet-stream")
    kind = _KINDS.get(path.kind, "")
    what = f"{kind} of float {path.wmo}" if kind and path.wmo else kind or "file of the archive"
    return {
        "@id": relative if inside else address + relative if address else iri,
        "@type": "File",
        "name": path.name,
        "description": f"{what[:1].upper()}{what[1:]}: {file.path}",
        "contentSize": str(file.size),
        "encodingFormat": media,
        "sha256": file.sha256,
        "identifier": archive.names.file_version(file.sha256),
        **({"dateModified": file.modified.strftime("%Y-%m-%dT%H:%M:%SZ")} if file.modified else {}),
        **({} if inside else {"sdDatePublished": one.day}),
    }


def _context(archive: ArchiveFacts, one: SerialFacts) -> list[dict[str, Any]]:
    """What the crate speaks of: licence, serial, citation, organisations, run and software."""
    head, citation = archive.head, archive.citation(one)
    found: list[dict[str, Any]] = [
        {
            "@id": archive.licence,
            "@type": "CreativeWork",
            "name": head.licence.spdx,
            "description": f"The licence of {head.title}",
        },
        {
            "@id": one.iri,
            "@type": "CreativeWork",
            "name": serial_title(archive, one),
            "description": serial_text(archive, one),
            "version": str(one.serial),
        },
    ]
    if citation.url and citation.url != one.iri:
        found.append(
            {
                "@id": citation.url,
                "@type": "CreativeWork",
                "name": citation.title,
                "description": as_text(citation),
                "identifier": citation.url,
            }
        )
    for name in dict.fromkeys((*citation.authors, *filter(None, (citation.publisher,)))):
        iri = _author_id(archive, name)
        found.append({"@id": iri, "@type": "Organization", "name": name, "url": author_home(name) or iri})
    if one.about is not None:
        found += _run(archive, one)
    return found


def _run(archive: ArchiveFacts, one: SerialFacts) -> list[dict[str, Any]]:
    assert one.about is not None  # asked before
    about = one.about
    sources = ", ".join(source.url or source.name for source in about.sources) or "the tree itself"
    software = archive.names.software(about.software.name, about.software.version)
    return [
        {
            "@id": archive.names.run(about.run.id),
            "@type": "CreateAction",
            "name": f"The run that sealed serial {one.serial}",
            "description": f"Run of kind {about.run.kind}; files came from {sources}",
            "startTime": about.run.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "endTime": one.sealed.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "instrument": {"@id": software},
            "result": {"@id": one.iri},
        },
        {
            "@id": software,
            "@type": "SoftwareApplication",
            "name": about.software.name,
            "description": "The program that sealed the serial",
            "version": about.software.version,
            "url": software,
        },
    ]


def _author_id(archive: ArchiveFacts, name: str) -> str:
    slug = "-".join(name.lower().split())
    return f"{archive.names.base}agent/{slug}"
