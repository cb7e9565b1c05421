"""Small tables as NVS writes them, made by tests: same predicates, same plain strings, invented terms."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NVS = "http://vocab.nerc.ac.uk/collection/"

CONTEXT = {
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "dc": "http://purl.org/dc/terms/",
    "dce": "http://purl.org/dc/elements/1.1/",
    "pav": "http://purl.org/pav/",
    "void": "http://rdfs.org/ns/void#",
    "grg": "http://www.isotc211.org/schemas/grg/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
}


@dataclass
class Word:
    """A term: identifier, and what differs from the defaults. Links are ``R26/SBE`` by relation."""

    id: str
    label: str = ""
    definition: str = "A thing of the sea."
    deprecated: bool = False
    date: str = "2026-03-10 02:00:00.0"
    version: int = 1
    code: str = ""
    links: dict[str, list[str]] = field(default_factory=dict)


RELATIONS = {"broader": "skos:broader", "narrower": "skos:narrower", "related": "skos:related", "same": "owl:sameAs"}


def concept(table: str, word: Word) -> dict[str, Any]:
    iri = f"{NVS}{table}/current/{word.id}/"
    made: dict[str, Any] = {
        "@id": iri,
        "@type": "skos:Concept",
        "skos:prefLabel": {"@language": "en", "@value": word.label or word.id.title()},
        "skos:altLabel": word.code or word.id,
        "skos:definition": {"@language": "en", "@value": word.definition},
        "skos:notation": f"SDN:{table}::{word.id}",
        "dce:identifier": f"SDN:{table}::{word.id}",
        "dc:identifier": f"SDN:{table}::{word.id}",
        "dc:date": word.date,
        "pav:authoredOn": word.date,
        "pav:version": str(word.version),
        "owl:versionInfo": str(word.version),
        "pav:hasCurrentVersion": {"@id": f"{iri}{word.version}/"},
        "owl:deprecated": "true" if word.deprecated else "false",
        "skos:note": {"@language": "en", "@value": "deprecated" if word.deprecated else "accepted"},
        "void:inDataset": {"@id": "http://vocab.nerc.ac.uk/.well-known/void"},
    }
    for relation, others in word.links.items():
        made[RELATIONS[relation]] = [{"@id": f"{NVS}{one.replace('/', '/current/')}/"} for one in others]
    return made


def table(table: str, words: list[Word], *, version: int = 1, date: str = "2026-03-10 02:00:00.0") -> dict[str, Any]:
    """One table as NVS' JSON-LD."""
    collection = {
        "@id": f"{NVS}{table}/current/",
        "@type": "skos:Collection",
        "skos:prefLabel": f"Invented table {table}",
        "skos:altLabel": f"NAME_{table}",
        "dc:title": f"Invented table {table}",
        "dc:alternative": f"NAME_{table}",
        "dc:description": f"Terms invented for tests of table {table}.",
        "dc:creator": "Argo Data Management Team",
        "dc:publisher": "Natural Environment Research Council",
        "dc:date": date,
        "owl:versionInfo": str(version),
        "rdfs:comment": "Governance.",
        "grg:RE_RegisterOwner": "Argo Data Management Team",
        "grg:RE_RegisterManager": "British Oceanographic Data Centre",
        "skos:member": [{"@id": f"{NVS}{table}/current/{word.id}/"} for word in words],
    }
    return {"@graph": [*(concept(table, word) for word in words), collection], "@context": CONTEXT}


def as_bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def small_tables() -> dict[str, list[Word]]:
    """Six tables with every kind of relation and deprecation."""
    attributes = (
        "Oxygen of the sea. Local_Attributes:{long_name:Dissolved oxygen; standard_name:moles_of_oxygen; "
        "units:micromole/kg; valid_min:-5.f; valid_max:600.f; fill_value:99999.f}. "
        "Properties:{category:b; data_type:float}"
    )
    raw = (
        "Counts. Local_Attributes:{long_name:Raw: counts; standard_name:-; units:count; valid_min:-; valid_max:-; "
        "fill_value:NC_FILL_DOUBLE}. Properties:{category:ib; data_type:double; extra_dim:[N_VALUES]}"
    )
    template = (
        "Offset of the <short_sensor_name>. Template_Values:"
        "{short_sensor_name:[Optode, Eco];N:[1..5];unit:[dbar, COUNT]}."
    )
    return {
        "R03": [
            Word("DOXY", definition=attributes, links={"same": ["P01/DOXMZZXX"], "related": ["P06/KGUM"]}),
            Word("RAW_A", definition=raw, links={"same": ["P01/SHARED"], "related": ["P06/UUUU"]}),
            Word("RAW_B", definition=raw, links={"same": ["P01/SHARED"], "related": ["P06/UUUU"]}),
            Word("GONE", definition="Not Used. " + raw, deprecated=True),
        ],
        "R18": [Word("CB1", label="CONFIG_<short_sensor_name>Offset<N>_dbar", definition=template)],
        "R25": [Word("OPTODE_DOXY"), Word("NEW_SENSOR")],
        "R26": [Word("SBE"), Word("OLDMAKER")],
        "R27": [
            Word("OPT1", links={"broader": ["R26/SBE"], "related": ["R25/OPTODE_DOXY", "R27/OPT0"]}),
            Word("OPT0", deprecated=True, links={"broader": ["R26/OLDMAKER"], "related": ["R27/OPT1"]}),
            Word("OPT2", definition=f"Replaces deprecated term  '{NVS}R27/current/OPT3'. A meter."),
            Word("OPT3", deprecated=True),
            Word("OPT4", deprecated=True, definition=f"Term deprecated, replaced by '{NVS}R27/current/OPT1/'. Old."),
            Word("OPT5", deprecated=True, definition="Nobody says why."),
        ],
        "RP2": [Word("A"), Word("N", deprecated=True)],
    }


def write_tables(folder: Path, tables: dict[str, list[Word]], **options: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, words in tables.items():
        (folder / f"{name}.jsonld").write_bytes(as_bytes(table(name, words, **options)))
    return folder
