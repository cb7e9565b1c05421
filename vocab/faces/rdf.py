"""The RDF faces: Turtle for people, JSON-LD with short names for programs; the same triples in both, nothing lost."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pyoxigraph as ox

from vocab.export.ontoportal import serialize
from vocab.names import PREFIXES, XSD, A, Names

_STRING: Final = XSD + "string"


def turtle(triples: Iterable[ox.Triple], names: Names, first: str) -> bytes:
    """Turtle, described thing first; equal triples give equal bytes."""
    data = serialize(sorted(set(triples), key=str), ox.RdfFormat.TURTLE, names, first=first)
    lines = data.split(b"\n")
    heads = [line for line in lines if line.startswith(b"@prefix ")]
    body = b"\n".join(lines[len(heads) :])
    # a name inside a text keeps its prefix too, which does no harm
    return b"\n".join([*(line for line in heads if line.split()[1] in body), body])


def json_ld(triples: Iterable[ox.Triple], names: Names, first: str) -> bytes:
    """JSON-LD 1.1: a context of prefixes that is in the document, and one object per thing.

    Args:
        triples: without quoted triples.
        names: for the prefix of our own layer.
        first: IRI whose description leads the graph.
    """
    prefixes = {**PREFIXES, "argo": f"{names.vocabulary}#"}
    used: set[str] = set()
    about: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for triple in sorted(set(triples), key=str):
        subject = _id(triple.subject)
        if triple.predicate == A:
            about[subject]["@type"].append(_short(_id(triple.object), prefixes, used))
        else:
            value = _value(triple.object, prefixes, used)
            about[subject][_short(triple.predicate.value, prefixes, used)].append(value)
    graph = [
        {"@id": subject, **{name: _one_or_more(found) for name, found in sorted(about[subject].items())}}
        for subject in sorted(about, key=lambda one: (one != first, one))
    ]
    document = {"@context": {name: prefixes[name] for name in sorted(used)}, "@graph": graph}
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _id(node: Any) -> str:
    return node.value if isinstance(node, ox.NamedNode) else str(node)


def _short(iri: str, prefixes: Mapping[str, str], used: set[str]) -> str:
    """``dct:title``; the whole IRI where a processor could take the short form for something else."""
    for name, start in prefixes.items():
        local = iri.removeprefix(start)
        if local != iri and local.isidentifier():
            used.add(name)
            return f"{name}:{local}"
    return iri


def _value(node: Any, prefixes: Mapping[str, str], used: set[str]) -> Any:
    if not isinstance(node, ox.Literal):
        return {"@id": _id(node)}
    if node.language:
        return {"@value": node.value, "@language": node.language}
    if node.datatype.value == _STRING:
        return node.value
    return {"@value": node.value, "@type": _short(node.datatype.value, prefixes, used)}


def _one_or_more(found: list[Any]) -> Any:
    return found[0] if len(found) == 1 else found
