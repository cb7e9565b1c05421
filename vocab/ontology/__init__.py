"""The hand-written layer: `argo.ttl`, with the base that the operator chose."""

from functools import cache
from importlib.resources import files

import pyoxigraph as ox

from vocab.names import BASE, Names


def ontology_text(names: Names) -> str:
    """The file as people read it, under another base where one was chosen."""
    text = (files("vocab.ontology") / "argo.ttl").read_text(encoding="utf-8")
    return text if names.base == BASE else text.replace(BASE, names.base)


@cache
def ontology_triples(names: Names) -> tuple[ox.Triple, ...]:
    """Its triples; it has no blank nodes."""
    quads = ox.parse(ontology_text(names).encode(), format=ox.RdfFormat.TURTLE)
    return tuple(quad.triple for quad in quads)
