"""A small set of reference tables, as the vocabulary server's JSON-LD; every table that a check needs is there."""

import json
from pathlib import Path
from typing import Any

from gdac.tables.model import NEEDED

BASE = "http://vocab.nerc.ac.uk/collection"


def concept(table: str, name: str, **more: Any) -> dict[str, Any]:
    """One concept; `more` replaces its parts."""
    return {
        "@id": f"{BASE}/{table}/current/{name}/",
        "@type": "skos:Concept",
        "skos:prefLabel": {"@language": "en", "@value": f"Label of {name}"},
        "skos:altLabel": name,
        "skos:definition": {"@language": "en", "@value": "Words."},
        "owl:deprecated": "false",
        **more,
    }


def collection(table: str, **more: Any) -> dict[str, Any]:
    """The node of a table itself."""
    return {
        "@id": f"{BASE}/{table}/current/",
        "@type": "skos:Collection",
        "skos:prefLabel": f"Title of {table}",
        "skos:altLabel": f"NAME_{table}",
        "owl:versionInfo": "7",
        "dc:date": "2026-01-02 03:00:00.0",
        **more,
    }


def link(table: str, name: str) -> dict[str, str]:
    """A link to a concept."""
    return {"@id": f"{BASE}/{table}/current/{name}/"}


def template(table: str, name: str, label: str, values: str = "", **more: Any) -> dict[str, Any]:
    """A technical or configuration name."""
    words = f"Words. Template_Values:{{unit:[COUNT]{values}}}."
    return concept(table, name, **{"skos:prefLabel": label, "skos:definition": words, **more})


def tables() -> dict[str, list[dict[str, Any]]]:
    """Nodes by table."""
    found = {table: [concept(table, "ONE"), collection(table)] for table in NEEDED}
    found["R03"][:1] = [
        concept(
            "R03",
            "TEMP",
            **{
                "skos:definition": "Warmth. Local_Attributes:{long_name:Warmth; standard_name:-; units:degree_Celsius; "
                "valid_min:-2.5f; valid_max:; fill_value:99999.f; odd:a:b}. Properties:{category:c; data_type:float}"
            },
        ),
        concept(
            "R03", "LIGHT", **{"skos:definition": "Properties:{category:ib; data_type:float; extra_dim:[N_VALUES]}"}
        ),
    ]
    found["R27"][:1] = [
        concept(
            "R27",
            "MODEL",
            **{"skos:broader": link("R26", "MAKER"), "skos:related": [link("R25", "A"), link("P01", "Z")]},
        ),
        concept("R27", "OLD", **{"owl:deprecated": "true", "skos:broader": {"@id": f"{BASE}/R26/current/MAKER"}}),
    ]
    found["R26"][:1] = [concept("R26", "MAKER"), concept("R26", "OTHER")]
    found["R25"][:1] = [concept("R25", "A"), concept("R25", "B")]
    found["R14"][:1] = [
        template("R14", "T1", "NUMBER_Plain_COUNT"),
        template("R14", "T2", "NUMBER_<short_sensor_name>Counts_COUNT", ";short_sensor_name:[Ctd, Optode]"),
        template("R14", "T3", "NUMBER_Old<I>_COUNT", **{"owl:deprecated": "true"}),
        template("R14", "T4", "NUMBER_Zone<Z>Counts_COUNT", ";Z=[1..5]"),
        template("R14", "T5", "NUMBER_Gone_COUNT", **{"owl:deprecated": "true"}),
    ]
    found["R18"][:1] = [
        template("R18", "C1", "CONFIG_<short_sensor_name>Zone<N>To<N+1>_dbar", ";short_sensor_name:[Ctd];N:[1..4]"),
        template("R18", "C2", "CONFIG_<short_sensor_name>Bare_dbar"),
        template("R18", "C3", "CONFIG_<param>Overlap<digit>_x", ";param:[Chla];digit:[1..5]"),
        template("R18", "C4", "CONFIG_ChlaOverlap<D>_x", ";D:[1..9999]"),
        template("R18", "C5", "CONFIG_Any<thing>_x"),
    ]
    return found


def write(folder: Path, content: dict[str, list[dict[str, Any]]] | None = None) -> Path:
    """Write tables into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, nodes in (tables() if content is None else content).items():
        (folder / f"{table}.jsonld").write_text(json.dumps({"@context": {}, "@graph": nodes}), encoding="utf-8")
    return folder
