"""One flat graph out of the named ones: what a portal reads as classes, tree, flags and metadata.

NVS triples that a portal would misread are left out, because the enrichment says the same in a way it reads:
plain-string dates and flags, owl:sameAs between things that are not the same, skos:broader that means "made by". Empty
definitions are left out because they define nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import pyoxigraph as ox

from vocab.build import Vocabulary
from vocab.header import table_header, vocabulary_header
from vocab.names import DCE, DCT, NVS, OWL, PAV, RDFS, SKOS, VOID, A, Names, collection
from vocab.nvs.formats import canonical

#: The table of principal investigators' names: personal data.
PEOPLE: Final = "R40"

_RESTATED: Final = {
    OWL + "deprecated",
    OWL + "sameAs",
    SKOS + "broader",
    SKOS + "narrower",
    DCT + "date",
    PAV + "authoredOn",
    PAV + "version",
    DCE + "identifier",
    VOID + "inDataset",
}


def flat_vocabulary(vocabulary: Vocabulary, *, people: bool = True) -> tuple[ox.Triple, ...]:
    """The whole vocabulary: its scheme is the ontology itself, its roots one concept per table.

    Args:
        vocabulary: a build.
        people: with table R40, a list of personal names.
    """
    names = vocabulary.names
    left_out = frozenset() if people else frozenset({PEOPLE})
    tables = [one.id for one in vocabulary.record.tables if one.id not in left_out]
    triples = [triple for table in tables for triple in _of_nvs(vocabulary, table)]
    schemes = {names.scheme(table) for table in tables}
    for triple in _of_enrichment(vocabulary):
        subject, value = triple.subject, triple.object
        if triple.predicate.value == SKOS + "hasTopConcept" and _iri(subject) in schemes:
            continue  # a portal that pools the roots of all schemes would show every term at the top
        if triple.predicate.value == SKOS + "topConceptOf" and _iri(value) in schemes:
            continue
        triples.append(triple)
    triples += vocabulary.graphs[names.ontology_graph]
    triples += vocabulary_header(names, vocabulary.record.release, [collection(table) for table in tables])
    return canonical(_without(triples, left_out, names))


def by_subject(vocabulary: Vocabulary) -> Mapping[str, Sequence[ox.Triple]]:
    """Every enriched triple by the IRI it is about, for `flat_table`."""
    found: dict[str, list[ox.Triple]] = defaultdict(list)
    for triple in _of_enrichment(vocabulary):
        found[_iri(triple.subject)].append(triple)
    return found


def flat_table(
    vocabulary: Vocabulary, table: str, described: Mapping[str, Sequence[ox.Triple]]
) -> tuple[ox.Triple, ...]:
    """One table as an ontology of its own: its scheme is the main scheme, every term a root.

    Args:
        vocabulary: a build.
        table: id of one of its tables.
        described: what `by_subject` gives.
    """
    names = vocabulary.names
    source = vocabulary.tables.by_id[table]
    scheme = names.scheme(table)
    starts = tuple(f"{names.vocabulary}/{kind}/{table}/" for kind in ("replacement", "placeholder"))
    ours = [scheme, collection(table), *(term.iri for term in source.terms.values())]
    ours += [iri for iri in described if iri.startswith(starts)]
    foreign = {names.vocabulary, names.group(table).value}
    triples = list(_of_nvs(vocabulary, table))
    triples += [triple for iri in ours for triple in described.get(iri, ()) if _iri(triple.object) not in foreign]
    triples += _layer_used(vocabulary, triples)
    title = f"{source.title} ({table})"
    triples += table_header(names, table, title, source.description, vocabulary.record.release)
    return canonical(triples)


def _of_nvs(vocabulary: Vocabulary, table: str) -> Iterator[ox.Triple]:
    entry = next(one for one in vocabulary.record.tables if one.id == table)
    for triple in vocabulary.graphs[entry.graph]:
        if triple.predicate.value in _RESTATED:
            continue
        if isinstance(triple.object, ox.Literal) and not triple.object.value.strip():
            continue
        yield triple


def _of_enrichment(vocabulary: Vocabulary) -> Iterator[ox.Triple]:
    for entry in vocabulary.record.enrichment:
        yield from vocabulary.graphs.get(entry.graph, ())


def _layer_used(vocabulary: Vocabulary, triples: Iterable[ox.Triple]) -> list[ox.Triple]:
    """The classes, properties and individuals of our layer that these triples use."""
    own = f"{vocabulary.names.vocabulary}#"
    used: set[str] = set()
    for triple in triples:
        used |= {iri for iri in (triple.predicate.value, _iri(triple.object)) if iri.startswith(own)}
    layer = vocabulary.graphs[vocabulary.names.ontology_graph]
    defined = [triple for triple in layer if _iri(triple.subject) in used]
    for triple in defined:  # the classes that they speak of in turn
        if triple.predicate.value in {A.value, RDFS + "domain", RDFS + "range"}:
            used.add(_iri(triple.object))
    return [
        triple for triple in layer if _iri(triple.subject) in used and triple.predicate.value != RDFS + "isDefinedBy"
    ]


def _without(triples: Iterable[ox.Triple], tables: frozenset[str], names: Names) -> Iterator[ox.Triple]:
    """Nothing of these tables: no term, no scheme, no top concept, no link to them."""
    if not tables:
        yield from triples
        return
    starts = tuple(f"{NVS}{table}/" for table in tables) + tuple(
        f"{names.vocabulary}/{kind}/{table}/" for kind in ("replacement", "placeholder") for table in tables
    )
    whole = {names.scheme(table) for table in tables} | {names.group(table).value for table in tables}
    for triple in triples:
        if not any(iri in whole or iri.startswith(starts) for iri in (_iri(triple.subject), _iri(triple.object))):
            yield triple


def _iri(term: object) -> str:
    return term.value if isinstance(term, ox.NamedNode) else ""
