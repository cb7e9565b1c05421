"""Files for OntoPortal: one for the whole vocabulary in three syntaxes, one per table, and the API payloads."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox

from gdac.errors import UsageError
from vocab.build import Vocabulary
from vocab.export.flatten import PEOPLE, by_subject, flat_table, flat_vocabulary
from vocab.export.payloads import Contact, payload
from vocab.folder import write_whole
from vocab.names import PREFIXES, Names

#: Says what an export is made of; written last.
RECORD: Final = "export.json"
FORMAT: Final = "argo-gdac-ontoportal/1"

_SYNTAXES: Final = {
    "ttl": ox.RdfFormat.TURTLE,
    "rdf": ox.RdfFormat.RDF_XML,
    "nt": ox.RdfFormat.N_TRIPLES,
}


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What a portal's operator may choose.

    Attributes:
        people: with table R40, a list of personal names.
        acronym: of the whole vocabulary at the portal.
        table_acronym: what the acronyms of the tables start with.
        contact: whom the portal asks.
        account: the portal user who administers the artefacts.
    """

    people: bool = True
    acronym: str = "ARGO-VOCABULARY"
    table_acronym: str = "ARGO_"
    contact: Contact | None = None
    account: str = ""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote: file names below the folder with their number of triples."""

    folder: Path
    files: Mapping[str, int]


def export_ontoportal(vocabulary: Vocabulary, folder: Path, options: ExportOptions) -> Exported:
    """Write the export; the record last.

    Raises:
        UsageError: the folder holds other things, or an acronym that a portal refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / RECORD).exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty and holds no export.", hint="Give a new folder.")
    (folder / RECORD).unlink(missing_ok=True)
    for part in ("tables", "payloads"):
        (folder / part).mkdir(exist_ok=True)
    files: dict[str, int] = {}
    digests: dict[str, str] = {}

    def put(name: str, data: bytes, triples: int) -> None:
        write_whole(folder / name, data)
        files[name] = triples
        digests[name] = sha256(data).hexdigest()

    whole = flat_vocabulary(vocabulary, people=options.people)
    for suffix, syntax in _SYNTAXES.items():
        put(f"argo.{suffix}", serialize(whole, syntax, vocabulary.names, first=vocabulary.names.vocabulary), len(whole))
    put("payloads/argo.json", _dumps(_whole_payload(vocabulary, options)), 0)
    described = by_subject(vocabulary)
    for entry in vocabulary.record.tables:
        if entry.id == PEOPLE and not options.people:
            continue
        triples = flat_table(vocabulary, entry.id, described)
        scheme = vocabulary.names.scheme(entry.id)
        data = serialize(triples, ox.RdfFormat.TURTLE, vocabulary.names, first=scheme)
        put(f"tables/{entry.id}.ttl", data, len(triples))
        put(f"payloads/{entry.id}.json", _dumps(_table_payload(vocabulary, entry.id, options)), 0)
    _remove_others(folder, files)
    record = {
        "format": FORMAT,
        "base": vocabulary.names.base,
        "release": vocabulary.record.release.label,
        "people": options.people,
        "files": {name: {"sha256": digests[name], "triples": files[name]} for name in files},
    }
    write_whole(folder / RECORD, _dumps(record))
    return Exported(folder, files)


def serialize(triples: Iterable[ox.Triple], syntax: ox.RdfFormat, names: Names, *, first: str = "") -> bytes:
    """Triples in a syntax; equal triples in equal order give equal bytes.

    Args:
        triples: in canonical order.
        syntax: one that can be written.
        names: for the prefix of our own layer.
        first: IRI whose description leads the file.
    """
    ordered = sorted(
        triples, key=lambda one: not (isinstance(one.subject, ox.NamedNode) and one.subject.value == first)
    )
    prefixes = {**PREFIXES, "argo": f"{names.vocabulary}#"}
    used = prefixes if syntax in {ox.RdfFormat.TURTLE, ox.RdfFormat.RDF_XML} else None
    data = ox.serialize(ordered, format=syntax, prefixes=used)
    assert data is not None  # no output was named
    return _prefixes_in_order(data, syntax)


def _prefixes_in_order(data: bytes, syntax: ox.RdfFormat) -> bytes:
    """The library writes prefixes in an order that differs from run to run."""
    if syntax == ox.RdfFormat.TURTLE:
        body = data.lstrip(b"\n")
        head = []
        while body.startswith(b"@prefix "):
            line, _, body = body.partition(b"\n")
            head.append(line)
        return b"\n".join([*sorted(head), b"", body])
    if syntax == ox.RdfFormat.RDF_XML:
        tag = re.search(rb"<rdf:RDF([^>]*)>", data)
        assert tag  # every document has it
        declared = sorted(re.findall(rb'xmlns:[^=]+="[^"]*"', tag[1]))
        return data[: tag.start()] + b"<rdf:RDF\n  " + b"\n  ".join(declared) + b">" + data[tag.end() :]
    return data


def _whole_payload(vocabulary: Vocabulary, options: ExportOptions) -> Mapping[str, Any]:
    names = vocabulary.names
    release = vocabulary.record.release
    return payload(
        options.acronym,
        "Argo vocabulary",
        "The reference tables of the Argo float programme as one ontology: every term of the NERC Vocabulary Server's "
        "Argo tables with schemes, typed dates and flags, successors, units and ranges, and a small layer of classes.",
        names.vocabulary,
        names.version(release.label),
        release,
        "argo.ttl",
        flat=False,
        contact=options.contact,
        account=options.account,
    )


def _table_payload(vocabulary: Vocabulary, table: str, options: ExportOptions) -> Mapping[str, Any]:
    source = vocabulary.tables.by_id[table]
    scheme = vocabulary.names.scheme(table)
    release = vocabulary.record.release
    return payload(
        options.table_acronym + table,
        f"{source.title} ({table})",
        source.description or source.title,
        scheme,
        f"{scheme}/version/{release.label}",
        release,
        f"tables/{table}.ttl",
        flat=True,
        contact=options.contact,
        account=options.account,
    )


def _remove_others(folder: Path, files: Mapping[str, int]) -> None:
    """What an earlier export wrote into the two folders and this one did not."""
    for part in ("tables", "payloads"):
        for file in (folder / part).iterdir():
            if f"{part}/{file.name}" not in files and file.suffix in {".ttl", ".json"}:
                file.unlink()


def _dumps(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
