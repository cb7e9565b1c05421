"""What the vocabulary says of itself: the metadata that ontology portals and FAIR assessments look for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox

from vocab.names import (
    DCAT,
    DCT,
    FOAF,
    MOD,
    NVS,
    OWL,
    PAV,
    PREFIXES,
    PROV,
    RDFS,
    SKOS,
    VANN,
    VOID,
    A,
    Names,
    english,
    node,
    typed,
)

ADMS: Final = "http://www.w3.org/ns/adms#"
BIBO: Final = "http://purl.org/ontology/bibo/"
DOAP: Final = "http://usefulinc.com/ns/doap#"
VOAF: Final = "http://purl.org/vocommons/voaf#"
IDOT: Final = "http://identifiers.org/idot/"
OMV: Final = "http://omv.ontoware.org/2005/05/ontology#"

#: When the first version of the vocabulary was made.
CREATED: Final = "2026-11-22"

_KEYWORDS = ("Argo", "profiling floats", "oceanography", "controlled vocabulary", "reference tables", "NVS", "metadata")
#: INSPIRE theme "oceanographic geographical features".
_SUBJECTS = ("http://inspire.ec.europa.eu/theme/of",)

#: Questions the vocabulary answers; `vocab.query` ships them as named queries.
QUESTIONS: Final = (
    "Which live sensor models measure a parameter, and who makes them?",
    "Which terms were deprecated since a date, and what replaces them?",
    "Which deprecated terms have no known successor?",
    "Which WMO instrument types stand for which platform type and maker?",
    "Which platform types have no maker or no WMO instrument type?",
    "Which live parameters have no P01 code?",
    "Which P01 codes stand for several Argo parameters?",
    "Which deprecated sensor models are still mapped to a sensor type?",
    "Which units and which valid range does a parameter have?",
    "Which configuration names apply to a sensor, and which units may they use?",
    "Which terms changed between two versions of the vocabulary?",
    "Which floats carry a sensor model that is deprecated?",
    "Which versions of a file existed, in which snapshots, from which run, and which DOI key covers them?",
    "Which files were accepted by a checker under a vocabulary but are rejected today?",
    "What is to be cited, and under which licence, for floats on a date?",
)


@dataclass(frozen=True, slots=True)
class Release:
    """Under which name and date a version of the vocabulary goes out.

    Attributes:
        label: part of the version IRI, e.g. ``2026-04-10-3f2a91bc``.
        issued: date of the release, ISO 8601.
        modified: newest date among the tables, ISO 8601.
        prior: label of the version before; empty when not known.
        status: ``draft``, ``production`` or ``retired`` in the portal's words: alpha, beta, production, retired.
        endpoint: address of a SPARQL endpoint that serves it; empty when there is none.
    """

    label: str
    issued: str
    modified: str
    prior: str = ""
    status: str = "beta"
    endpoint: str = ""


def agents(names: Names) -> dict[str, tuple[str, str]]:
    """IRI and name of everybody the header speaks of, by role."""
    return {
        "makers": (f"{names.base}agent/argo-gdac", "The argo-gdac developers"),
        "team": (f"{names.base}agent/argo-data-management-team", "Argo Data Management Team"),
        "bodc": (f"{names.base}agent/bodc", "British Oceanographic Data Centre"),
        "nerc": (f"{names.base}agent/nerc", "Natural Environment Research Council"),
    }


def agent_triples(names: Names) -> list[ox.Triple]:
    """Portals show an agent's rdfs:label, and its bare IRI where there is none."""
    triples = []
    for iri, label in agents(names).values():
        triples += [
            ox.Triple(node(iri), A, node(PROV + "Organization")),
            ox.Triple(node(iri), A, node(FOAF + "Organization")),
            ox.Triple(node(iri), node(RDFS + "label"), english(label)),
            ox.Triple(node(iri), node(FOAF + "name"), ox.Literal(label)),
        ]
    return triples


def citation(title: str, release: Release, iri: str) -> str:
    """How to cite a version."""
    return (
        f"Argo Data Management Team, British Oceanographic Data Centre and the argo-gdac developers "
        f"({release.issued[:4]}). {title}, version {release.label}. {iri}. CC BY 4.0."
    )


def common_header(names: Names, subject: str, title: str, release: Release, *, version_of: str) -> list[ox.Triple]:
    """Metadata that any of our artefacts carries.

    Args:
        names: our IRIs.
        subject: the artefact's IRI, owl:Ontology and main concept scheme in one.
        title: its English title.
        release: name and dates.
        version_of: IRI that the versions of this artefact start with.
    """
    who = agents(names)
    version = f"{version_of}/version/{release.label}"
    pairs: list[tuple[str, ox.NamedNode | ox.Literal]] = [
        (OWL + "versionIRI", node(version)),
        (OWL + "versionInfo", ox.Literal(release.label)),
        (DCT + "created", typed(CREATED, "date")),
        (DCT + "issued", typed(release.issued, "date")),
        (DCT + "modified", typed(max(release.modified, CREATED), "date")),
        (DCT + "creator", node(who["makers"][0])),
        (DCT + "creator", node(who["team"][0])),
        (DCT + "contributor", node(who["bodc"][0])),
        (DCT + "publisher", node(who["makers"][0])),
        (DCT + "rightsHolder", node(who["nerc"][0])),
        (PAV + "curatedBy", node(who["team"][0])),
        (DCT + "language", node("http://lexvo.org/id/iso639-1/en")),
        (DCT + "bibliographicCitation", ox.Literal(citation(title, release, version))),
        (DCT + "accrualPeriodicity", node("http://publications.europa.eu/resource/authority/frequency/IRREG")),
        (
            DCT + "rights",
            english(
                "Contains terms of the NERC Vocabulary Server, licensed under CC BY 4.0. Changes were made: structure, "
                "types and links were added; equivalence links and plain-string dates and flags were restated."
            ),
        ),
        (FOAF + "homepage", node(names.base)),
        (FOAF + "logo", node(names.base + "logo.svg")),
        (DCAT + "landingPage", node(names.vocabulary)),
        (RDFS + "seeAlso", node("https://github.com/OneArgo/ArgoVocabs")),
        (DOAP + "bug-database", node("https://github.com/OneArgo/ArgoVocabs/issues")),
        (VOID + "uriRegexPattern", ox.Literal(f"^{NVS}R[A-Z0-9]+/current/[^/]+/$".replace(".", r"\."))),
        (IDOT + "exampleIdentifier", ox.Literal("SDN:R03::DOXY")),
        (BIBO + "status", ox.Literal(release.status)),
        (MOD + "status", ox.Literal(release.status)),
        (ADMS + "status", ox.Literal(release.status)),
        (OMV + "hasFormalityLevel", node("http://w3id.org/nkos/nkostype#thesaurus")),
        *((DCAT + "keyword", english(word)) for word in _KEYWORDS),
        *((DCT + "subject", node(iri)) for iri in _SUBJECTS),
        *((VOAF + "metadataVoc", node(PREFIXES[prefix])) for prefix in ("dct", "dcat", "prov", "vann", "void", "mod")),
    ]
    if release.prior:
        pairs.append((OWL + "priorVersion", node(f"{version_of}/version/{release.prior}")))
    if release.endpoint:
        pairs.append((VOID + "sparqlEndpoint", node(release.endpoint)))
    return [ox.Triple(node(subject), node(predicate), value) for predicate, value in pairs]


def vocabulary_header(names: Names, release: Release, collections: Iterable[str]) -> list[ox.Triple]:
    """Metadata of the whole vocabulary, beyond what `argo.ttl` says by hand."""
    subject = node(names.vocabulary)
    triples = common_header(names, names.vocabulary, "Argo vocabulary", release, version_of=names.vocabulary)
    triples += [
        ox.Triple(subject, A, node(MOD + "SemanticArtefact")),
        ox.Triple(subject, node(DCT + "alternative"), english("Argo reference tables as an ontology")),
        *(ox.Triple(subject, node(DCT + "source"), node(iri)) for iri in collections),
        *(ox.Triple(subject, node(MOD + "competencyQuestion"), english(text)) for text in QUESTIONS),
    ]
    return [*triples, *agent_triples(names)]


def table_header(names: Names, table: str, title: str, description: str, release: Release) -> list[ox.Triple]:
    """Metadata of the file of one table: an ontology of its own with the table's scheme as main scheme."""
    iri = names.scheme(table)
    subject = node(iri)
    prefix = f"argo_{table.lower()}"
    return [
        ox.Triple(subject, A, node(OWL + "Ontology")),
        ox.Triple(subject, A, node(MOD + "SemanticArtefact")),
        ox.Triple(subject, node(RDFS + "label"), english(title)),
        ox.Triple(subject, node(SKOS + "definition"), english(description)),
        ox.Triple(subject, node(VANN + "preferredNamespacePrefix"), ox.Literal(prefix)),
        ox.Triple(subject, node(VANN + "preferredNamespaceUri"), ox.Literal(f"{NVS}{table}/current/")),
        *common_header(names, iri, title, release, version_of=iri),
        *agent_triples(names),
    ]
