"""A comparison of two versions as RDF: one thing per term and kind of change."""

import pyoxigraph as ox

from vocab.changes.compare import TermChange
from vocab.changes.versions import VersionDiff
from vocab.names import DCT, PROV, RDFS, VOID, A, Names, concept, english, node, typed


def diff_triples(diff: VersionDiff, names: Names) -> list[ox.Triple]:
    """The comparison as triples, without blank nodes."""
    whole = node(f"{names.vocabulary}/changes/{diff.old}/{diff.new}")
    triples = [
        ox.Triple(whole, A, node(PROV + "Collection")),
        ox.Triple(whole, node(DCT + "title"), english(f"Changes of the Argo vocabulary from {diff.old} to {diff.new}")),
        ox.Triple(whole, node(PROV + "wasDerivedFrom"), node(names.version(diff.old))),
        ox.Triple(whole, node(PROV + "wasDerivedFrom"), node(names.version(diff.new))),
        ox.Triple(node(names.version(diff.new)), node(PROV + "wasRevisionOf"), node(names.version(diff.old))),
        ox.Triple(whole, node(VOID + "entities"), typed(str(diff.changes), "integer")),
    ]
    for table in diff.tables:
        for change in table.changes:
            triples += _change(change, diff, names, whole)
    return triples


def _change(change: TermChange, diff: VersionDiff, names: Names, whole: ox.NamedNode) -> list[ox.Triple]:
    one = node(f"{whole.value}/{change.table}/{change.identifier}/{change.kind.value}")
    iri = concept(change.table, change.identifier)
    triples = [
        ox.Triple(whole, node(PROV + "hadMember"), one),
        ox.Triple(one, A, names.own("TermChange")),
        ox.Triple(one, names.own("changedTerm"), node(iri)),
        ox.Triple(one, names.own("changeKind"), ox.Literal(change.kind.value)),
        ox.Triple(one, node(DCT + "isPartOf"), node(names.scheme(change.table))),
    ]
    if change.before:
        triples.append(ox.Triple(one, names.own("valueBefore"), ox.Literal(change.before)))
    if change.after:
        triples.append(ox.Triple(one, names.own("valueAfter"), ox.Literal(change.after)))
    if change.kind.value == "deprecated" and iri in diff.fates:
        triples.append(ox.Triple(one, node(RDFS + "comment"), english(diff.fates[iri])))
    return triples
