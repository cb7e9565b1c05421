"""SHACL: our shapes over a graph, by pySHACL."""

from collections.abc import Iterable

import pyoxigraph as ox
from pyshacl import validate
from rdflib import Graph, Namespace
from rdflib.namespace import RDF, RDFS
from rdflib.term import Node

from policies.shapes import shapes_text as published_shapes
from vocab.names import SH, Names
from vocab.preflight.finding import Finding, Severity
from vocab.shapes import shapes_text

_SH = Namespace(SH)


def shapes_graph(names: Names) -> Graph:
    """Our shapes as rdflib has them."""
    return Graph().parse(data=shapes_text(names), format="turtle")


def provenance_shapes(names: Names) -> Graph:
    """The shapes of what is published about archives, floats, files and checks."""
    return Graph().parse(data=published_shapes("provenance", names.base), format="turtle")


def check_shapes(triples: Iterable[ox.Triple], names: Names, shapes: Graph | None = None) -> list[Finding]:
    """Every violation; empty when the graph conforms. Nothing is inferred and nothing fetched.

    Args:
        triples: the graph.
        names: our IRIs.
        shapes: other shapes than those of the vocabulary, such as `provenance_shapes`.
    """
    data = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
    graph = Graph().parse(data=data, format="nt")
    shapes = shapes_graph(names) if shapes is None else shapes
    conforms, report, _ = validate(graph, shacl_graph=shapes, inference="none", advanced=False)
    if conforms:
        return []
    return sorted(_findings(report, shapes), key=lambda one: (one.check, one.subject, one.text))


def _findings(report: Graph, shapes: Graph) -> Iterable[Finding]:
    for result in report.subjects(RDF.type, _SH.ValidationResult):
        source = report.value(result, _SH.sourceShape)
        message = report.value(result, _SH.resultMessage)
        path = report.value(result, _SH.resultPath)
        value = report.value(result, _SH.value)
        text = str(message) + (f" ({path})" if path is not None and str(path) not in str(message) else "")
        if value is not None and str(value) != str(report.value(result, _SH.focusNode)):
            text += f": {str(value)[:120]!r}"
        yield Finding(
            f"shacl {_shape_name(shapes, source)}", Severity.ERROR, str(report.value(result, _SH.focusNode)), text
        )


def _shape_name(shapes: Graph, source: Node | None) -> str:
    """Label of the node shape that a result came from; a property shape is a part of one."""
    while source is not None:
        label = shapes.value(source, RDFS.label)
        if label is not None:
            return str(label)
        source = shapes.value(predicate=_SH.property, object=source)
    return "shape"
