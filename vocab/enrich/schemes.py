"""Concept schemes and the tree: what NVS collections lack and ontology portals need to show anything."""

import pyoxigraph as ox

from vocab.enrich.rule import Basis, Found, Rule
from vocab.names import CC_BY, DCT, OWL, RDFS, SKOS, A, Names, boolean, english, node, typed
from vocab.table import Table, Tables

#: The body that holds the rights in NVS content.
RIGHTS_HOLDER = "Natural Environment Research Council, British Oceanographic Data Centre"


def attribution(table: Table) -> str:
    """How CC BY asks that one table is credited: title, address, creator, version and the year of that version."""
    year = table.modified[:4] or "n.d."
    return (
        f"{table.creator} ({year}). {table.title} ({table.name}), NERC Vocabulary Server collection {table.id}, "
        f"version {table.version}. British Oceanographic Data Centre. {table.iri}. Licensed under CC BY 4.0; "
        "restructured and enriched by argo-gdac."
    )


def _schemes(tables: Tables, names: Names) -> Found:
    main = node(names.vocabulary)
    triples = [ox.Triple(main, A, node(SKOS + "ConceptScheme"))]
    terms = 0
    for table in tables:
        scheme = node(names.scheme(table.id))
        for predicate, value in (
            (A.value, node(SKOS + "ConceptScheme")),
            (SKOS + "prefLabel", english(f"{table.title} ({table.id})")),
            (DCT + "title", english(f"{table.title} ({table.id})")),
            (SKOS + "altLabel", ox.Literal(table.name)),
            (DCT + "description", english(table.description)),
            (DCT + "source", node(table.iri)),
            (DCT + "isPartOf", main),
            (DCT + "license", node(CC_BY)),
            (DCT + "rightsHolder", ox.Literal(RIGHTS_HOLDER)),
            (DCT + "bibliographicCitation", ox.Literal(attribution(table))),
            (OWL + "versionInfo", ox.Literal(table.version)),
        ):
            triples.append(ox.Triple(scheme, node(predicate), value))
        for term in table.terms.values():
            terms += 1
            concept = node(term.iri)
            triples += [
                ox.Triple(concept, node(SKOS + "inScheme"), scheme),
                ox.Triple(concept, node(SKOS + "inScheme"), main),
                ox.Triple(concept, node(SKOS + "topConceptOf"), scheme),
                ox.Triple(scheme, node(SKOS + "hasTopConcept"), concept),
            ]
    counts = {"concept schemes": len(tables) + 1, "terms in their scheme": terms}
    return Found(tuple(triples), counts)


def _tree(tables: Tables, names: Names) -> Found:
    main = node(names.vocabulary)
    triples = []
    terms = 0
    for table in tables:
        group = names.group(table.id)
        triples += [
            ox.Triple(group, A, node(SKOS + "Concept")),
            ox.Triple(group, node(SKOS + "prefLabel"), english(f"{table.title} ({table.id})")),
            ox.Triple(group, node(SKOS + "altLabel"), ox.Literal(table.name)),
            ox.Triple(group, node(SKOS + "notation"), ox.Literal(table.id)),
            ox.Triple(
                group,
                node(SKOS + "definition"),
                english(f"Every term of Argo reference table {table.id}. {table.description}".strip()),
            ),
            ox.Triple(group, node(OWL + "deprecated"), boolean(False)),
            ox.Triple(group, node(SKOS + "inScheme"), main),
            ox.Triple(group, node(SKOS + "topConceptOf"), main),
            ox.Triple(main, node(SKOS + "hasTopConcept"), group),
            ox.Triple(group, node(DCT + "source"), node(table.iri)),
            ox.Triple(group, node(RDFS + "isDefinedBy"), main),
        ]
        if table.modified:
            triples.append(ox.Triple(group, node(DCT + "modified"), typed(table.modified[:10], "date")))
        for term in table.terms.values():
            terms += 1
            triples += [
                ox.Triple(node(term.iri), node(SKOS + "broader"), group),
                ox.Triple(group, node(SKOS + "narrower"), node(term.iri)),
            ]
    return Found(tuple(triples), {"top concepts": len(tables), "terms below them": terms})


SCHEMES = Rule(
    "schemes",
    "A concept scheme per table, and one for all",
    "NVS publishes the tables as skos:Collection only. SKOS tools and portals look for concept schemes and top "
    "concepts and show an empty tree without them. Licence, rights holder and the credit that CC BY asks for stand "
    "here too, because no NVS table carries them as triples.",
    Basis.ADDED,
    (),
    _schemes,
)

TREE = Rule(
    "tree",
    "One top concept per table",
    "A tree with thousands of roots helps nobody: the main scheme has one top concept per table, and every term is "
    "narrower than that of its table. These concepts are ours and stand for a table as a whole; they say nothing about "
    "the meaning of a term.",
    Basis.ADDED,
    (),
    _tree,
)
