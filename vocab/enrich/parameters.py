"""Units, ranges and attributes of parameters, and what template names may hold: read out of NVS text."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final
from urllib.parse import quote

import pyoxigraph as ox

from vocab.enrich.rule import Basis, Found, Rule, curated
from vocab.names import QUDT, UNIT, A, Names, english, node, typed
from vocab.table import Tables, Term

#: Values that the netCDF library gives to its fill constants.
NC_FILL: Final = {"NC_FILL_SHORT": "-32767", "NC_FILL_INT": "-2147483647", "NC_FILL_FLOAT": "9.969209968386869e+36",
    "NC_FILL_DOUBLE": "9.969209968386869e+36"}  # fmt: skip

#: Units of parameters that NVS links with no P06 unit, by the text of R03.
_BY_TEXT: Final = {"psu": "PSU", "count": "COUNT"}

_CATEGORIES: Final = {"c": "CoreParameter", "b": "BgcParameter", "ic": "IntermediateCoreParameter",
    "ib": "IntermediateBgcParameter"}  # fmt: skip

_RANGE = re.compile(r"\[\s*([0-9]+)\s*\.\.\s*([0-9]+)\s*\]")


def block(text: str, name: str) -> dict[str, str] | None:
    """Keys and values of ``name:{key:value; key:value}`` in a definition; None when there is no such block.

    A value may hold colons; a part without a colon is a key with an empty value; ``-`` and empty values stay.
    """
    match = re.search(rf"\b{name}:\s*\{{([^{{}}]*)\}}", text)
    if match is None:
        return None
    pairs = (part.partition(":") for part in match[1].split(";"))
    return {key.strip(): value.strip() for key, _, value in pairs if key.strip()}


def attributes(term: Term) -> Mapping[str, str]:
    """Local attributes and properties of a parameter; those marked ``-`` are absent."""
    found = {**(block(term.definition, "Local_Attributes") or {}), **(block(term.definition, "Properties") or {})}
    return {key: value for key, value in found.items() if value not in {"", "-"}}


def number(text: str) -> Decimal | None:
    """``-5.f``, ``8.5f`` or ``3`` as a number; None when it is none."""
    try:
        value = Decimal(NC_FILL.get(text, re.sub(r"\.?[fd]$", "", text)))
    except InvalidOperation:
        return None
    # Written out, 1e999999 would fill the memory; no measured value is beyond a double.
    return value if value.is_finite() and abs(value.adjusted()) <= 300 else None


def slots(term: Term) -> Mapping[str, tuple[str, ...]]:
    """What each placeholder of a template name may hold: listed values, or one range such as ``1..5``.

    ``unit`` is among the keys. R14 writes some slots as ``I=[1..5]``, where the others have ``I:[1..5]``.
    """
    found: dict[str, tuple[str, ...]] = {}
    for key, value in (block(term.definition, "Template_Values") or {}).items():
        name, _, rest = key.partition("=") if not value else (key, "", value)
        inner = (rest or value).strip().removeprefix("[").removesuffix("]")
        found[name.strip()] = tuple(one.strip() for one in inner.split(",") if one.strip())
    return found


def _units(tables: Tables, names: Names) -> Found:
    known = {row["p06"]: row["qudt"] for row in curated("units")}
    triples, notes = [], []
    linked = qudt = by_text = 0
    for term in tables.get("R03").values():
        codes = [iri.rstrip("/").rpartition("/")[2] for iri in term.linked("related", "P06")]
        text = attributes(term).get("units", "")
        for iri, code in zip(term.linked("related", "P06"), codes, strict=True):
            linked += 1
            triples.append(ox.Triple(node(term.iri), names.own("unit"), node(iri)))
            if code in known:
                qudt += 1
                triples.append(ox.Triple(node(term.iri), node(QUDT + "hasUnit"), node(UNIT + known[code])))
            else:
                notes.append(f"unit {code} of {term.identifier} is not in the curated map to QUDT yet")
        if not codes and text in _BY_TEXT:
            by_text += 1
            triples.append(ox.Triple(node(term.iri), node(QUDT + "hasUnit"), node(UNIT + _BY_TEXT[text])))
    counts = {"R03 unit P06": linked, "with a QUDT unit": qudt, "QUDT unit by the text of R03 alone": by_text}
    return Found(tuple(triples), counts, tuple(notes))


def _parameters(tables: Tables, names: Names) -> Found:
    triples: list[ox.Triple] = []
    notes = []
    counts = {"parameters read": 0, "with a unit": 0, "with a valid range": 0, "with a standard name": 0}
    for term in tables.get("R03").values():
        found = attributes(term)
        if not found:
            notes.append(f"R03 {term.identifier}: no Local_Attributes in its definition")
            continue
        counts["parameters read"] += 1
        counts["with a unit"] += "units" in found
        counts["with a valid range"] += "valid_min" in found and "valid_max" in found
        counts["with a standard name"] += "standard_name" in found
        triples += _described(term, found, names)
        notes += [
            f"R03 {term.identifier}: {key} {found[key]!r} is no number"
            for key in ("valid_min", "valid_max", "fill_value")
            if key in found and number(found[key]) is None
        ]
    return Found(tuple(triples), counts, tuple(notes))


def _described(term: Term, found: Mapping[str, str], names: Names) -> list[ox.Triple]:
    subject = node(term.iri)
    triples = [ox.Triple(subject, A, names.own("Parameter"))]
    texts = {
        "units": "unitText",
        "standard_name": "standardName",
        "data_type": "dataType",
        "extra_dim": "extraDimension",
    }
    triples += [
        ox.Triple(subject, names.own(local), ox.Literal(found[key])) for key, local in texts.items() if key in found
    ]
    if "long_name" in found:
        triples.append(ox.Triple(subject, names.own("longName"), english(found["long_name"])))
    for key, local in (("valid_min", "validMin"), ("valid_max", "validMax")):
        if key in found and (value := number(found[key])) is not None:
            triples.append(ox.Triple(subject, names.own(local), typed(f"{value:f}", "decimal")))
    if (fill := number(found.get("fill_value", ""))) is not None:
        triples.append(ox.Triple(subject, names.own("fillValue"), typed(_double(float(fill)), "double")))
    if category := _CATEGORIES.get(found.get("category", "")):
        triples.append(ox.Triple(subject, names.own("parameterCategory"), names.own(category)))
    return triples


def _double(value: float) -> str:
    """As other tools write it back: OWL API gives ``9.9E36`` for ``9.9e+36``, and a triple would count as changed."""
    return repr(value).replace("e+", "E").replace("e", "E")


def _templates(tables: Tables, names: Names) -> Found:
    triples: list[ox.Triple] = []
    notes = []
    counts = {"R14 names with units": 0, "R18 names with units": 0, "placeholders": 0}
    for table in ("R14", "R18"):
        for term in tables.get(table).values():
            found = slots(term)
            if not found.get("unit"):
                notes.append(f"{table} {term.identifier}: no units in its Template_Values")
                continue
            counts[f"{table} names with units"] += 1
            triples += [ox.Triple(node(term.iri), names.own("allowedUnit"), ox.Literal(one)) for one in found["unit"]]
            for name, values in found.items():
                if name != "unit":
                    counts["placeholders"] += 1
                    triples += _slot(term, name, values, names)
    return Found(tuple(triples), counts, tuple(notes))


def _slot(term: Term, name: str, values: tuple[str, ...], names: Names) -> list[ox.Triple]:
    slot = node(f"{names.vocabulary}/placeholder/{term.table}/{term.identifier}/{quote(name, safe='')}")
    triples = [
        ox.Triple(node(term.iri), names.own("placeholder"), slot),
        ox.Triple(slot, A, names.own("Placeholder")),
        ox.Triple(slot, names.own("placeholderName"), ox.Literal(name)),
    ]
    for value in values:
        if bounds := _RANGE.fullmatch(f"[{value}]"):
            triples += [
                ox.Triple(slot, names.own("minimum"), typed(bounds[1], "integer")),
                ox.Triple(slot, names.own("maximum"), typed(bounds[2], "integer")),
            ]
        else:
            triples.append(ox.Triple(slot, names.own("allowedValue"), ox.Literal(value)))
    return triples


UNITS = Rule(
    "units",
    "Units of parameters as P06 and QUDT units",
    "NVS relates Argo parameters to units of P06, which is not among the Argo tables and which few tools know. The "
    "relation is restated as a unit, and a small map of ours gives the QUDT unit of each P06 code that Argo uses.",
    Basis.CURATED,
    ("R03",),
    _units,
)

PARAMETERS = Rule(
    "parameters",
    "Attributes of parameters as triples",
    "R03 writes units, valid range, fill value, standard name, data type and category of a parameter inside the text "
    "of its definition (Local_Attributes and Properties). Here they are triples, read from that text and nothing else; "
    "what R03 marks with a dash is left out.",
    Basis.PARSED,
    ("R03",),
    _parameters,
)

TEMPLATES = Rule(
    "templates",
    "Units and placeholders of technical and configuration names",
    "R14 and R18 write the units a name may end with, and what may stand in for a placeholder such as "
    "<short_sensor_name>, inside the text of the definition (Template_Values). Here they are triples.",
    Basis.PARSED,
    ("R14", "R18"),
    _templates,
)
