"""A subset of O'FAIRe: those of its questions that metadata alone answer, with its points; the real one asks a portal.

O'FAIRe (agroportal/fairness, 2025-03-12) has 61 questions and 497 points and reads the JSON of a running portal. Only
what can be told from the file or from a local server is here, so the score is no O'FAIRe score.
"""

from typing import Final

from vocab.fair.foops import PROPERTIES, Subject
from vocab.fair.outcome import Assessment, Check, Part, part, share
from vocab.fair.probe import RDF, Server
from vocab.names import DCAT, DCT, FOAF, MOD, OWL, SKOS, VOID
from vocab.preflight.facts import Facts

VERSION: Final = "O'FAIRe subset (definition of 2025-03-12)"

#: What MIRO wants an ontology to say (its "must" items that metadata can hold).
_MIRO: Final = ("title", "licence", "namespace URI", "creator", "version info", "issued", "description")
_HEADER: Final = (*PROPERTIES, "subject", "keyword", "language", "homepage", "rights")
_MORE: Final = {
    "subject": (DCT + "subject", DCAT + "theme"),
    "keyword": (DCAT + "keyword", MOD + "keyword"),
    "language": (DCT + "language",),
    "homepage": (FOAF + "homepage", DCAT + "landingPage"),
    "rights": (DCT + "rights", DCT + "rightsHolder"),
}
_MATCHES: Final = tuple(SKOS + one for one in ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch"))


def assess(subject: Subject, server: Server | None) -> Assessment:
    """The questions of the subset; those that ask a server are not assessed without one."""
    iri, facts = subject.ontology, subject.facts
    header = facts.about.get(iri, {})
    version = [one for one in facts.iris(iri, OWL + "versionIRI") if one != iri]
    miro = [name for name in _MIRO if any(header.get(one) for one in PROPERTIES[name])]
    told = [
        name for name in _HEADER if any(header.get(one) for one in (*PROPERTIES.get(name, ()), *_MORE.get(name, ())))
    ]
    doi = any("doi." in one for one in _texts(facts, iri, DCT + "identifier"))
    matched = any(one.predicate.value in _MATCHES for one in facts.triples)
    language = bool(iri) or any(True for _ in facts.instances(SKOS + "Concept"))
    rights = any(header.get(one) for one in (*_MORE["rights"], DCT + "license"))
    return Assessment(
        VERSION,
        subject.name,
        (
            Check("F1.1", "F1", "Ontology URI", (part("URI", bool(iri), iri or "none", 9),)),
            Check("F1.2", "F1", "External identifier", (
                part("DOI", doi, "its own" if doi else "it has no DOI of its own", 11),
            )),
            Check("F1.3", "F1", "Version IRI", (part("version IRI", bool(version), "".join(version[:1]), 9),)),
            Check("F2.1", "F2", "MIRO metadata", (share("must", len(miro), len(_MIRO), ", ".join(miro), 16),)),
            Check("F3.1", "F3", "Metadata in the file", (
                share("header", len(told), len(_HEADER), f"{len(told)} of {len(_HEADER)} fields", 21),
            )),
            Check("F4.1", "F4", "Libraries and repositories", (part("listed", None, "needs the internet", 16),)),
            Check("A1.1", "A1", "Content negotiation", _formats(subject, server)),
            Check("A1.2", "A1.1", "SPARQL endpoint", (_endpoint(facts, iri, server),)),
            Check("I1.1", "I1", "Language of W3C", (part("OWL or SKOS", language, "declared by its triples", 10),)),
            Check("I3.1", "I3", "Cross-references", (
                part("matches", matched, "skos matches to other vocabularies" if matched else "none", 20),
            )),
            Check("R1.1", "R1.1", "Licence", (
                part("resolves", None if header.get(DCT + "license") else False, "needs the internet", 15),
            )),
            Check("R1.2", "R1.1", "Rights and guidelines", (part("rights", rights, "looked for in the header", 15),)),
            Check("R1.3", "R1.3", "Community groups", (part("groups", None, "a portal gives them", 20),)),
        ),
        by_points=True,
    )  # fmt: skip


def _texts(facts: Facts, iri: str, predicate: str) -> list[str]:
    return [one.value for one in facts.literals(iri, predicate)] + facts.iris(iri, predicate)


def _formats(subject: Subject, server: Server | None) -> tuple[Part, ...]:
    if server is None:
        return (part("formats", None, "needs a server", 24),)
    return tuple(part(media, server.get(subject.ontology, media).media == media, server.reason, 6) for media in RDF)


def _endpoint(facts: Facts, iri: str, server: Server | None) -> Part:
    if facts.about.get(iri, {}).get(VOID + "sparqlEndpoint"):
        return part("endpoint", True, "named in the header", 6)
    if server is None:
        return part("endpoint", None, "needs a server", 6)
    answer = server.get(server.base + "sparql", "text/turtle")
    return part("endpoint", b"sparql-service-description#" in answer.body, server.reason, 6)
