"""Dates and booleans that NVS writes as plain strings, typed."""

from datetime import datetime

import pyoxigraph as ox

from vocab.enrich.rule import Basis, Found, Rule
from vocab.names import DCT, OWL, XSD, Names, boolean, node
from vocab.table import Tables


def date_time(text: str) -> ox.Literal | None:
    """``2026-03-10 02:00:00.0`` as xsd:dateTime; None when it is no date.

    NVS does not say in which time zone it writes; neither do we.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return ox.Literal(moment.isoformat(timespec="seconds"), datatype=node(XSD + "dateTime"))


def _dates(tables: Tables, names: Names) -> Found:  # noqa: ARG001 - a rule has one signature
    triples, notes = [], []
    subjects = [*((one.iri, one.modified) for one in tables), *((one.iri, one.modified) for one in tables.terms())]
    for iri, text in subjects:
        if value := date_time(text):
            triples.append(ox.Triple(node(iri), node(DCT + "modified"), value))
        else:
            notes.append(f"{iri} has no readable date: {text!r}")
    return Found(tuple(triples), {"dates typed": len(triples)}, tuple(notes))


def _flags(tables: Tables, names: Names) -> Found:  # noqa: ARG001
    triples = tuple(
        ox.Triple(node(term.iri), node(OWL + "deprecated"), boolean(term.deprecated)) for term in tables.terms()
    )
    true = sum(term.deprecated for term in tables.terms())
    return Found(triples, {"flags typed": len(triples), "of them deprecated": true})


DATES = Rule(
    "typed-dates",
    "Dates as xsd:dateTime",
    "NVS writes dct:date as a plain string with a space, which neither SPARQL comparisons nor ontology portals read as "
    "a date. The same date is given as dct:modified, typed, because it is the date of the current version.",
    Basis.RESTATED,
    (),
    _dates,
)

FLAGS = Rule(
    "typed-flags",
    "Deprecation flags as xsd:boolean",
    "NVS writes owl:deprecated as the plain string true or false; portals and reasoners only know the boolean.",
    Basis.RESTATED,
    (),
    _flags,
)
