"""The whole vocabulary: verbatim tables, enrichment, hand-written layer and catalogue, one named graph each."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256

import pyoxigraph as ox

from gdac import __version__
from gdac.errors import RefusedError, UsageError
from vocab.enrich import RULES
from vocab.enrich.rule import Found, Rule
from vocab.enrich.typed import date_time
from vocab.header import CREATED, Release, agents, vocabulary_header
from vocab.names import CC_BY, DCT, OWL, PROV, RDFS, VOID, A, Names, collection, english, node, typed
from vocab.nvs.formats import Verbatim, canonical
from vocab.ontology import ontology_triples
from vocab.provenance.statements import software
from vocab.table import Tables


@dataclass(frozen=True, slots=True)
class TableEntry:
    """What a build records of one table.

    Attributes:
        id, version, title, name, modified: as NVS has them.
        graph: name of the graph that holds it.
        terms, deprecated, triples: how many.
        sha256: of the bytes it was read from.
        digest: sha256 of its sorted N-Triples.
        origin: file or address it came from.
        retrieved: when (RFC 3339); empty when not known.
    """

    id: str
    version: str
    title: str
    name: str
    modified: str
    graph: str
    terms: int
    deprecated: int
    triples: int
    sha256: str
    digest: str
    origin: str
    retrieved: str


@dataclass(frozen=True, slots=True)
class EnrichmentEntry:
    """What a build records of one rule of enrichment.

    Attributes:
        id, title, why, basis: of the rule.
        graph: name of the graph.
        triples: how many.
        counts: what they are about.
        notes: what a reader should know.
    """

    id: str
    title: str
    why: str
    basis: str
    graph: str
    triples: int
    counts: Mapping[str, int]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """What a build is made of.

    Attributes:
        base: that of every IRI of ours.
        release: name and dates.
        tables: by id, sorted.
        enrichment: in the order of the rules.
    """

    base: str
    release: Release
    tables: tuple[TableEntry, ...]
    enrichment: tuple[EnrichmentEntry, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A built vocabulary.

    Attributes:
        names: our IRIs.
        record: what it is made of.
        tables: the tables as values.
        graphs: triples of every named graph, named as `Names` says, in canonical order and as they were written.
        store: the same for queries (``use_default_graph_as_union=True``); it keeps the values of typed literals, not
            always the way they were written (``1.0`` may come back as ``1``).
    """

    names: Names
    record: Record
    tables: Tables
    graphs: Mapping[str, tuple[ox.Triple, ...]]
    store: ox.Store

    @classmethod
    def of(
        cls, names: Names, record: Record, tables: Tables, graphs: Mapping[str, Iterable[ox.Triple]]
    ) -> "Vocabulary":
        """A vocabulary of these graphs, its store filled."""
        ordered = {name: triples for name in sorted(graphs) if (triples := canonical(graphs[name]))}
        store = ox.Store()
        for name, triples in ordered.items():
            graph = node(name)
            store.bulk_extend(ox.Quad(one.subject, one.predicate, one.object, graph) for one in triples)
        return cls(names, record, tables, ordered, store)

    @property
    def quads(self) -> int:
        """How many there are in all graphs."""
        return sum(len(triples) for triples in self.graphs.values())


def build(
    sources: Sequence[Verbatim], names: Names, *, issued: str = "", label: str = "", prior: str = ""
) -> Vocabulary:
    """Build the vocabulary. Pure: equal tables give equal graphs, names and dates.

    Args:
        sources: at least one table, each id once.
        names: our IRIs.
        issued: date of the release (ISO 8601); when empty, the newest date of the tables, but not before the
            vocabulary existed.
        label: name of the release; made of the newest date and the content when empty.
        prior: name of the release before.

    Raises:
        RefusedError: there are no tables, or a table comes twice.
        UsageError: a name that no IRI can carry, or a date that is none.
    """
    _check_release(issued, label, prior)
    tables = _tables(sources)
    found = [(rule, rule.apply(tables, names)) for rule in RULES]
    modified = max((one.modified[:10] for one in tables if date_time(one.modified)), default="")
    issued = issued or max(modified, CREATED)  # nothing is issued before it existed
    unnamed = Release(label or "unnamed", issued, modified or issued, prior)
    content = _content(sources, [result for _, result in found], unnamed, names)
    release = replace(unnamed, label=label or f"{modified or issued}-{content[:8]}")
    record = Record(
        names.base,
        release,
        tuple(_table_entry(one, names) for one in sorted(sources, key=lambda one: one.table.id)),
        tuple(_enrichment_entry(rule, result, names) for rule, result in found),
    )
    graphs: dict[str, Iterable[ox.Triple]] = {
        **{names.nvs_graph(one.table.id, one.table.version): one.triples for one in sources},
        **{names.enrichment_graph(rule.id): result.triples for rule, result in found},
        names.ontology_graph: ontology_triples(names),
        names.catalogue_graph: _catalogue(record, names),
    }
    return Vocabulary.of(names, record, tables, graphs)


def _check_release(issued: str, label: str, prior: str) -> None:
    for name in (label, prior):
        if name and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
            raise UsageError(f"{name!a} is no name of a release.", hint="Letters, digits, dots, hyphens, underscores.")
    if label and label == prior:
        raise UsageError(f"release {label} cannot come after itself.")
    try:
        date.fromisoformat(issued or "2000-01-01")
    except ValueError as error:
        raise UsageError(f"{issued!a} is no date.", hint="Write YYYY-MM-DD.") from error


def _tables(sources: Sequence[Verbatim]) -> Tables:
    if not sources:
        raise RefusedError("a vocabulary needs at least one table.")
    by_id = {one.table.id: one.table for one in sources}
    if len(by_id) != len(sources):
        raise RefusedError("a table comes twice; give each one once.")
    return Tables({key: by_id[key] for key in sorted(by_id)})


def _content(sources: Sequence[Verbatim], found: Sequence[Found], release: Release, names: Names) -> str:
    """Digest of all that a release says: its tables, what was found in them, the layer and the header.

    When and in which syntax the tables came is no part of it.
    """
    digest = sha256()
    for one in sorted(sources, key=lambda one: one.table.id):
        digest.update(f"{one.table.id} {one.digest}\n".encode())
    header = vocabulary_header(names, release, [collection(one.table.id) for one in sources])
    for triples in (*(one.triples for one in found), ontology_triples(names), header):
        digest.update("\n".join(sorted({str(triple) for triple in triples})).encode())
    return digest.hexdigest()


def _table_entry(one: Verbatim, names: Names) -> TableEntry:
    table = one.table
    return TableEntry(
        table.id,
        table.version,
        table.title,
        table.name,
        table.modified,
        names.nvs_graph(table.id, table.version),
        len(table.terms),
        sum(term.deprecated for term in table.terms.values()),
        len(one.triples),
        one.sha256,
        one.digest,
        one.origin,
        one.retrieved,
    )


def _enrichment_entry(rule: Rule, result: Found, names: Names) -> EnrichmentEntry:
    graph = names.enrichment_graph(rule.id)
    counts = dict(result.counts)
    return EnrichmentEntry(
        rule.id, rule.title, rule.why, rule.basis.value, graph, len(set(result.triples)), counts, result.notes
    )


def _catalogue(record: Record, names: Names) -> list[ox.Triple]:
    """Where every graph comes from and why it is there."""
    vocabulary = node(names.vocabulary)
    triples = vocabulary_header(names, record.release, [collection(one.id) for one in record.tables])
    sources = {one.id: node(one.graph) for one in record.tables}
    for one in record.tables:
        triples += _verbatim_graph(one, names)
        triples.append(ox.Triple(vocabulary, node(PROV + "wasDerivedFrom"), sources[one.id]))
    reads = {rule.id: rule.tables for rule in RULES}
    for entry in record.enrichment:
        graph = node(entry.graph)
        triples += [
            ox.Triple(graph, A, names.own("Enrichment")),
            ox.Triple(graph, node(DCT + "title"), english(entry.title)),
            ox.Triple(graph, node(RDFS + "comment"), english(entry.why)),
            ox.Triple(graph, names.own("basis"), ox.Literal(entry.basis)),
            ox.Triple(graph, node(PROV + "wasAttributedTo"), node(agents(names)["makers"][0])),
            ox.Triple(graph, node(VOID + "triples"), typed(str(entry.triples), "integer")),
            ox.Triple(graph, node(DCT + "isPartOf"), vocabulary),
        ]
        derived = [sources[table] for table in reads[entry.id] or sources if table in sources]
        triples += [ox.Triple(graph, node(PROV + "wasDerivedFrom"), one) for one in derived]
    triples += _activity(record, names)
    layer = node(names.ontology_graph)
    triples += [
        ox.Triple(layer, A, node(PROV + "Entity")),
        ox.Triple(layer, node(DCT + "title"), english("The hand-written layer of classes and properties")),
        ox.Triple(layer, node(PROV + "wasAttributedTo"), node(agents(names)["makers"][0])),
        ox.Triple(layer, node(DCT + "isPartOf"), vocabulary),
    ]
    return triples


def _activity(record: Record, names: Names) -> list[ox.Triple]:
    """The build itself: by which program, out of which tables. When is not said: equal tables give equal graphs."""
    version, build_ = names.version(record.release.label), names.version(record.release.label) + "#build"
    agent = names.software("argo-gdac", __version__)
    made: list[ox.Triple] = [
        ox.Triple(node(version), node(PROV + "wasGeneratedBy"), node(build_)),
        ox.Triple(node(version), node(PROV + "specializationOf"), node(names.vocabulary)),
        ox.Triple(node(build_), A, node(PROV + "Activity")),
        ox.Triple(node(build_), A, names.own("VocabularyBuild")),
        ox.Triple(node(build_), node(RDFS + "label"), english(f"Build of version {record.release.label}")),
        ox.Triple(node(build_), node(PROV + "wasAssociatedWith"), node(agent)),
        *software(names, "argo-gdac", __version__),
    ]
    used = [*(one.graph for one in record.tables), names.ontology_graph]
    return [*made, *(ox.Triple(node(build_), node(PROV + "used"), node(graph)) for graph in used)]


def _verbatim_graph(one: TableEntry, names: Names) -> list[ox.Triple]:
    graph = node(one.graph)
    pairs: list[tuple[str, ox.NamedNode | ox.Literal]] = [
        (A.value, node(PROV + "Entity")),
        (DCT + "title", english(f"{one.title} ({one.id}), version {one.version}, verbatim")),
        (PROV + "hadPrimarySource", node(collection(one.id))),
        (OWL + "versionInfo", ox.Literal(one.version)),
        (DCT + "license", node(CC_BY)),
        (DCT + "rightsHolder", node(agents(names)["nerc"][0])),
        (VOID + "triples", typed(str(one.triples), "integer")),
        (names.own("contentDigest").value, ox.Literal(one.digest)),
        (names.own("sourceDigest").value, ox.Literal(one.sha256)),
        (DCT + "isPartOf", node(names.vocabulary)),
    ]
    if modified := date_time(one.modified):
        pairs.append((DCT + "modified", modified))
    if one.retrieved:
        pairs.append((PROV + "generatedAtTime", typed(one.retrieved, "dateTime")))
    return [ox.Triple(graph, node(predicate), value) for predicate, value in pairs]
