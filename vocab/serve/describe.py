"""What the service says of itself to machines: SPARQL service description, VoID, schema.org, signposting links."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import pyoxigraph as ox

from vocab.build import Vocabulary
from vocab.header import CREATED, agents, citation
from vocab.names import CC_BY, DCAT, DCT, FOAF, OWL, PREFIXES, SKOS, VOID, A, english, node, typed
from vocab.table import Table, Term

SD: Final = "http://www.w3.org/ns/sparql-service-description#"
FORMATS: Final = "http://www.w3.org/ns/formats/"
SCHEMA: Final = "http://schema.org/"

#: Downloads: name, media type, and what they are.
DOWNLOADS: Final = {
    "argo.ttl": ("text/turtle", "Everything as one ontology, Turtle"),
    "argo.rdf": ("application/rdf+xml", "The same as RDF/XML"),
    "argo.nt": ("application/n-triples", "The same as N-Triples"),
    "argo.jsonld": ("application/ld+json", "The same as JSON-LD"),
    "vocabulary.nq": ("application/n-quads", "Every named graph, N-Quads"),
    "vocabulary.json": ("application/json", "The record of the build: tables, versions, digests"),
}


def service_description(vocabulary: Vocabulary, root: str) -> list[ox.Triple]:
    """SPARQL 1.1 Service Description.

    Args:
        vocabulary: what is served.
        root: address of the server, without a slash at the end.
    """
    endpoint = f"{root}/sparql"
    service, dataset, default = node(endpoint), node(f"{endpoint}#dataset"), node(f"{endpoint}#default-graph")
    results = ("SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV")
    graphs = ("Turtle", "N-Triples", "RDF_XML", "JSON-LD")
    triples = [
        ox.Triple(service, A, node(SD + "Service")),
        ox.Triple(service, node(SD + "endpoint"), service),
        ox.Triple(service, node(SD + "supportedLanguage"), node(SD + "SPARQL11Query")),
        ox.Triple(service, node(SD + "feature"), node(SD + "UnionDefaultGraph")),
        *(ox.Triple(service, node(SD + "resultFormat"), node(FORMATS + one)) for one in (*results, *graphs)),
        ox.Triple(service, node(SD + "defaultDataset"), dataset),
        ox.Triple(dataset, A, node(SD + "Dataset")),
        ox.Triple(dataset, node(SD + "defaultGraph"), default),
        ox.Triple(default, A, node(SD + "Graph")),
        ox.Triple(default, node(VOID + "triples"), typed(str(vocabulary.quads), "integer")),
    ]
    for name, held in vocabulary.graphs.items():
        entry = node(f"{endpoint}#graph-{name.removeprefix(vocabulary.names.base)}")
        graph = node(f"{entry.value}-content")
        triples += [
            ox.Triple(dataset, node(SD + "namedGraph"), entry),
            ox.Triple(entry, A, node(SD + "NamedGraph")),
            ox.Triple(entry, node(SD + "name"), node(name)),
            ox.Triple(entry, node(SD + "graph"), graph),
            ox.Triple(graph, A, node(SD + "Graph")),
            ox.Triple(graph, node(VOID + "triples"), typed(str(len(held)), "integer")),
        ]
    return triples


def void_description(vocabulary: Vocabulary, root: str) -> list[ox.Triple]:
    """VoID: the vocabulary as a dataset, with its endpoint, dumps and sizes."""
    names, release = vocabulary.names, vocabulary.record.release
    dataset = node(names.vocabulary)
    terms = sum(len(table.terms) for table in vocabulary.tables)
    triples = [
        ox.Triple(node(f"{root}/.well-known/void"), A, node(VOID + "DatasetDescription")),
        ox.Triple(node(f"{root}/.well-known/void"), node(FOAF + "primaryTopic"), dataset),
        ox.Triple(dataset, A, node(VOID + "Dataset")),
        ox.Triple(dataset, A, node(DCAT + "Dataset")),
        ox.Triple(dataset, node(DCT + "title"), english("Argo vocabulary")),
        ox.Triple(dataset, node(DCT + "license"), node(CC_BY)),
        ox.Triple(dataset, node(DCT + "issued"), typed(release.issued, "date")),
        ox.Triple(dataset, node(OWL + "versionInfo"), ox.Literal(release.label)),
        ox.Triple(dataset, node(VOID + "sparqlEndpoint"), node(f"{root}/sparql")),
        ox.Triple(dataset, node(VOID + "triples"), typed(str(vocabulary.quads), "integer")),
        ox.Triple(dataset, node(VOID + "entities"), typed(str(terms), "integer")),
        ox.Triple(dataset, node(VOID + "uriSpace"), ox.Literal("http://vocab.nerc.ac.uk/collection/R")),
        *(ox.Triple(dataset, node(VOID + "vocabulary"), node(PREFIXES[one])) for one in ("skos", "dct", "owl", "prov")),
        *(
            ox.Triple(dataset, node(VOID + "dataDump"), node(f"{root}/download/{release.label}/{name}"))
            for name in DOWNLOADS
            if not name.endswith(".json")
        ),
    ]
    for table in vocabulary.tables:
        part = node(names.scheme(table.id))
        triples += [
            ox.Triple(dataset, node(VOID + "subset"), part),
            ox.Triple(part, A, node(VOID + "Dataset")),
            ox.Triple(part, node(VOID + "entities"), typed(str(len(table.terms)), "integer")),
        ]
    return triples


def schema_org(vocabulary: Vocabulary, root: str, sizes: Mapping[str, int]) -> dict[str, Any]:
    """The landing page's schema.org description.

    Args:
        vocabulary: what is served.
        root: address of the server.
        sizes: bytes of the downloads that are known.
    """
    names, release = vocabulary.names, vocabulary.record.release
    who = agents(names)
    files = f"{root}/download/{release.label}"
    return {
        "@context": "https://schema.org/",
        "@type": ["Dataset", "DefinedTermSet"],
        "@id": names.vocabulary,
        "name": "Argo vocabulary",
        "description": "The reference tables of the Argo float programme as one ontology: every term of the tables "
        "that the Argo Data Management Team keeps on the NERC Vocabulary Server, with concept schemes, typed dates and "
        "flags, successors of deprecated terms, units and ranges, and a small layer of classes and properties.",
        "identifier": names.vocabulary,
        "url": names.vocabulary,
        "version": release.label,
        "dateCreated": CREATED,
        "datePublished": release.issued,
        "dateModified": release.modified,
        "license": CC_BY,
        "conditionsOfAccess": "public",
        "isAccessibleForFree": True,
        "inLanguage": "en",
        "keywords": ["Argo", "profiling floats", "oceanography", "controlled vocabulary", "NVS", "metadata"],
        "creator": [_agent(who["makers"]), _agent(who["team"])],
        "publisher": _agent(who["makers"]),
        "contributor": _agent(who["bodc"]),
        "copyrightHolder": _agent(who["nerc"]),
        "citation": citation("Argo vocabulary", release, names.version(release.label)),
        "isBasedOn": [table.iri for table in vocabulary.tables],
        "distribution": [
            {
                "@type": "DataDownload",
                "name": what,
                "contentUrl": f"{files}/{name}",
                "encodingFormat": media,
                **({"contentSize": f"{sizes[name]} B"} if name in sizes else {}),
            }
            for name, (media, what) in DOWNLOADS.items()
        ],
        "potentialAction": {"@type": "SearchAction", "target": f"{root}/search?q={{search_term_string}}",
                            "query-input": "required name=search_term_string"},
    }  # fmt: skip


def _agent(who: tuple[str, str]) -> dict[str, str]:
    return {"@type": "Organization", "@id": who[0], "name": who[1]}


def signposts(links: Iterable[tuple[str, str, str]]) -> str:
    """A Link header (RFC 8288) of (target, relation, media type or empty)."""
    made = []
    for target, relation, media in links:
        kind = f'; type="{media}"' if media else ""
        made.append(f'<{target}>; rel="{relation}"{kind}')
    return ", ".join(made)


def _formats(path: str) -> list[tuple[str, str, str]]:
    kinds = (("ttl", "text/turtle"), ("jsonld", "application/ld+json"), ("rdf", "application/rdf+xml"))
    return [(f"{path}?format={short}", "describedby", media) for short, media in kinds]


def landing_links(vocabulary: Vocabulary, root: str) -> list[tuple[str, str, str]]:
    """Signposts of the landing page."""
    names, release = vocabulary.names, vocabulary.record.release
    files = f"{root}/download/{release.label}"
    return [
        (names.vocabulary, "cite-as", ""),
        (CC_BY, "license", ""),
        *((agents(names)[role][0], "author", "") for role in ("makers", "team")),
        (SCHEMA + "Dataset", "type", ""),
        (SCHEMA + "AboutPage", "type", ""),
        *_formats(f"{root}/vocabulary"),
        *((f"{files}/{name}", "item", media) for name, (media, _) in DOWNLOADS.items()),
        (f"{root}/.well-known/void", "describedby", "text/turtle"),
    ]


def table_links(vocabulary: Vocabulary, table: Table, root: str) -> list[tuple[str, str, str]]:
    """Signposts of a table's page."""
    release = vocabulary.record.release
    return [
        (table.iri, "cite-as", ""),
        (CC_BY, "license", ""),
        (SKOS + "ConceptScheme", "type", ""),
        (SCHEMA + "DefinedTermSet", "type", ""),
        (f"{root}/vocabulary", "collection", ""),
        *_formats(f"{root}/vocabulary/{table.id}"),
        (f"{root}/download/{release.label}/tables/{table.id}.ttl", "item", "text/turtle"),
    ]


def term_links(term: Term, path: str, root: str) -> list[tuple[str, str, str]]:
    """Signposts of a term's page."""
    return [
        (term.iri, "cite-as", ""),
        (CC_BY, "license", ""),
        (SKOS + "Concept", "type", ""),
        (SCHEMA + "DefinedTerm", "type", ""),
        (f"{root}/vocabulary/{term.table}", "collection", ""),
        *_formats(f"{root}{path}"),
    ]
