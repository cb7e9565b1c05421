"""What NVS' bare relations between tables mean: maker, type, platform, and links to other vocabularies."""

from collections import Counter
from typing import Final

import pyoxigraph as ox

from vocab.enrich.rule import Basis, Found, Rule, curated
from vocab.names import SKOS, Names, concept, node
from vocab.table import Tables


def _meant(tables: Tables, names: Names, links: tuple[tuple[str, str, str, str], ...]) -> Found:
    """Restate (table, relation, other table, property) for every pair that NVS links."""
    triples: list[ox.Triple] = []
    counts: dict[str, int] = {}
    notes = []
    for table, relation, other, property_name in links:
        pairs = [(term.iri, iri) for term in tables.get(table).values() for iri in term.linked(relation, other)]
        triples += [ox.Triple(node(one), names.own(property_name), node(iri)) for one, iri in pairs]
        counts[f"{table} {property_name} {other}"] = len(pairs)
        if tables.get(other) and (missing := sorted({iri for _, iri in pairs if not tables.term(iri)})):
            notes.append(
                f"{len(missing)} terms that {table} names are not in our copy of {other}: {', '.join(missing)}"
            )
    return Found(tuple(triples), counts, tuple(notes))


_SENSORS: Final = (("R27", "broader", "R26", "sensorMaker"), ("R27", "related", "R25", "sensorType"))
_PLATFORMS: Final = (
    ("R08", "broader", "R23", "platformType"),
    ("R23", "related", "R24", "platformMaker"),
    ("R23", "related", "R28", "controllerBoard"),
)
_TIMING: Final = (("R15", "broader", "RMC", "measurementCodeCategory"),)


def _sensors(tables: Tables, names: Names) -> Found:
    return _meant(tables, names, _SENSORS)


def _platforms(tables: Tables, names: Names) -> Found:
    return _meant(tables, names, _PLATFORMS)


def _matches(tables: Tables, names: Names) -> Found:
    """P01: exact where the code stands for one Argo parameter only, broader where several share it."""
    pairs = [(term.iri, iri) for term in tables.get("R03").values() for iri in term.linked("same", "P01")]
    shared = Counter(iri for _, iri in pairs)
    kinds = {True: "exactMatch", False: "broadMatch"}
    triples = [ox.Triple(node(one), node(SKOS + kinds[shared[iri] == 1]), node(iri)) for one, iri in pairs]
    timing = [(term.iri, iri) for term in tables.get("R15").values() for iri in term.linked("same", "RTV")]
    triples += [ox.Triple(node(one), node(SKOS + "closeMatch"), node(iri)) for one, iri in timing]
    meant = _meant(tables, names, _TIMING)
    counts = {
        "P01 exactMatch": sum(shared[iri] == 1 for _, iri in pairs),
        "P01 broadMatch": sum(shared[iri] > 1 for _, iri in pairs),
        "P01 codes shared": sum(number > 1 for number in shared.values()),
        "RTV closeMatch": len(timing),
        **meant.counts,
    }
    return Found((*triples, *meant.triples), counts)


def _measures(tables: Tables, names: Names) -> Found:
    """Only rows whose terms are there; a sensor that the map does not know is told, not guessed."""
    rows = curated("measures")
    triples = []
    notes = []
    none = 0
    for row in rows:
        sensor, parameter = concept("R25", row["sensor"]), concept("R03", row["parameter"])
        if not tables.term(sensor):
            notes.append(f"the curated map names sensor {row['sensor']}, which R25 does not have")
        elif not row["parameter"]:
            none += 1
        elif not tables.term(parameter):
            notes.append(f"the curated map names parameter {row['parameter']}, which R03 does not have")
        else:
            triples.append(ox.Triple(node(sensor), names.own("measures"), node(parameter)))
    known = {row["sensor"] for row in rows}
    notes += [f"sensor {one} of R25 is not in the curated map yet" for one in tables.get("R25") if one not in known]
    counts = {
        "R25 measures R03": len(triples),
        "by the sensor's name": sum(
            row["how"] == "name" and bool(tables.term(concept("R25", row["sensor"]))) for row in rows
        ),
        "of no R03 parameter": none,
    }
    return Found(tuple(triples), counts, tuple(notes))


SENSORS = Rule(
    "sensors",
    "Maker and type of sensor models",
    "NVS says skos:broader from a sensor model to its maker and skos:related to its sensor types. A maker is not a "
    "broader concept; the properties here say what is meant.",
    Basis.RESTATED,
    ("R25", "R26", "R27"),
    _sensors,
)

PLATFORMS = Rule(
    "platforms",
    "Platform types of WMO instrument types, makers and controller boards of platform types",
    "NVS uses skos:broader, skos:narrower and skos:related between these tables; the properties here say what is "
    "meant.",
    Basis.RESTATED,
    ("R08", "R23", "R24", "R28"),
    _platforms,
)

MATCHES = Rule(
    "matches",
    "Links to other vocabularies that a reasoner may follow",
    "NVS says owl:sameAs from Argo parameters to P01 codes, although one P01 code can stand for several Argo "
    "parameters: taken at its word, different raw channels become one thing. The link is a skos:exactMatch where the "
    "code stands for one parameter only and a skos:broadMatch where several share it. Measurement codes and cycle "
    "timing variables name the same events in different ways and are skos:closeMatch.",
    Basis.DERIVED,
    ("R03", "R15", "RMC", "RTV"),
    _matches,
)

MEASURES = Rule(
    "measures",
    "What each type of sensor measures",
    "NVS has no link from sensor types (R25) to parameters (R03). This map is ours: 18 sensor types end with the name "
    "of the parameter, the others were written out by hand; three measure nothing that R03 names.",
    Basis.CURATED,
    ("R03", "R25"),
    _measures,
)
