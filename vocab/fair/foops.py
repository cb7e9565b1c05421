"""FOOPS (oeg-upm/fair_ontologies, as of 2026-04-16): its 15 tests of a file and its 24 tests of a URI.

The rules as its code has them: metadata hang on the owl:Ontology; labels and definitions are counted over classes and
properties in the ontology's namespace; an ontology without an IRI has no metadata at all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox

from vocab.fair.outcome import Assessment, Check, Part, part, share
from vocab.fair.probe import HTML, RDF, Server
from vocab.names import DCE, DCT, FOAF, OWL, PAV, PROV, RDFS, SKOS, VANN
from vocab.preflight.facts import Facts, facts_of

VERSION: Final = "FOOPS 2026-04-16"

_SCHEMAS = ("https://schema.org/", "http://schema.org/")
_BIBO = "http://purl.org/ontology/bibo/"
_DOAP = "http://usefulinc.com/ns/doap#"
_CC = "http://creativecommons.org/ns#"


def _schema(*names: str) -> tuple[str, ...]:
    return tuple(start + name for name in names for start in _SCHEMAS)


#: Properties in which each piece of metadata is looked for.
PROPERTIES: Final[dict[str, tuple[str, ...]]] = {
    "title": (DCT + "title", DCE + "title", *_schema("name")),
    "description": (DCT + "description", DCE + "description", DCT + "abstract", RDFS + "comment",
                    *_schema("description")),
    "licence": (DCT + "license", _CC + "license", _DOAP + "license", *_schema("license")),
    "version IRI": (OWL + "versionIRI",),
    "creator": (DCT + "creator", DCE + "creator", PAV + "createdBy", PAV + "authoredBy", FOAF + "maker",
                PROV + "wasAttributedTo", *_schema("creator")),
    "namespace URI": (VANN + "preferredNamespaceUri",),
    "namespace prefix": (VANN + "preferredNamespacePrefix",),
    "version info": (OWL + "versionInfo", PAV + "version", *_schema("schemaVersion", "version")),
    "creation date": (DCT + "created", PAV + "createdOn", PROV + "generatedAtTime", _DOAP + "created",
                      *_schema("dateCreated")),
    "citation": (DCT + "bibliographicCitation", *_schema("citation")),
    "publisher": (DCT + "publisher", DCE + "publisher", *_schema("publisher")),
    "logo": (FOAF + "logo", *_schema("logo")),
    "status": (_BIBO + "status",),
    "source": (DCT + "source", DCE + "source", PROV + "hadPrimarySource"),
    "issued": (DCT + "issued", DCT + "dateSubmitted", *_schema("datePublished")),
}  # fmt: skip
_DOIS: Final = (_BIBO + "doi", DCT + "identifier", *_schema("identifier"))
_PERSISTENT: Final = ("w3id.org", "doi.org", "linked.data.gov.au", "dbpedia.org", "perma.cc", "data.europa.eu",
                      "www.w3.org")  # fmt: skip
_METADATA_VOCABULARIES: Final = (DCT, DCE, VANN, *_SCHEMAS, FOAF, PROV, PAV, _CC, _DOAP, _BIBO, OWL)
_CATALOGUE: Final = _schema("includedInDataCatalog")
_TERM_KINDS: Final = (OWL + "Class", RDFS + "Class", OWL + "ObjectProperty", OWL + "DatatypeProperty")
_LABELS: Final = (RDFS + "label", SKOS + "prefLabel")
_DEFINITIONS: Final = (RDFS + "comment", SKOS + "definition")


@dataclass(frozen=True, slots=True)
class Subject:
    """A file as FOOPS sees it.

    Attributes:
        name: for the report.
        facts: its triples.
        ontology: IRI of its owl:Ontology; empty when it has none.
        loads: whether OWL API loads it; None where OWL API is not installed.
    """

    name: str
    facts: Facts
    ontology: str
    loads: bool | None


def subject_of(name: str, facts: Facts, loads: bool | None) -> Subject:
    """A file to be assessed."""
    return Subject(name, facts, min(facts.instances(OWL + "Ontology"), default=""), loads)


def assess_file(subject: Subject) -> Assessment:
    """The 15 tests of a file."""
    return Assessment(f"{VERSION}, file", subject.name, tuple(_file_checks(subject)))


def assess_uri(subject: Subject, server: Server) -> Assessment:
    """The 24 tests of a URI, asked of a server that stands in for it."""
    return Assessment(f"{VERSION}, URI", subject.name, (*_file_checks(subject), *_uri_checks(subject, server)))


def _file_checks(subject: Subject) -> list[Check]:
    iri = subject.ontology
    host = iri.partition("//")[2].partition("/")[0]
    persistent = any(one in iri for one in _PERSISTENT) or (host.startswith("purl.") and host.endswith(".org"))
    loads = {None: "OWL API is not installed", True: "OWL API loads it", False: "OWL API does not load it"}
    licence = _values(subject, "licence")
    return [
        Check("PURL1", "F1", "Persistent URL", (part("persistent", persistent, iri or "the ontology has no IRI"),)),
        Check("RDF1", "I1", "RDF availability", (part("loads", subject.loads, loads[subject.loads]),)),
        _metadata(subject, "OM1", "F2", "Minimum metadata",
                  ("title", "description", "licence", "version IRI", "creator", "namespace URI")),
        _metadata(subject, "OM2", "R1", "Recommended metadata",
                  ("namespace prefix", "version info", "creation date", "citation")),
        Check("OM3", "R1", "Detailed metadata", (
            _doi(subject), *_found(subject, ("publisher", "logo", "status", "source", "issued")),
        )),
        _metadata(subject, "OM4.1", "R1.1", "Licence availability", ("licence",)),
        Check("OM4.2", "R1.1", "Licence is resolvable", (
            part("resolves", None if licence else False, "needs the internet" if licence else "there is no licence"),
        )),
        _metadata(subject, "OM5.1", "R1.2", "Basic provenance", ("creator", "creation date")),
        _metadata(subject, "OM5.2", "R1.2", "Detailed provenance", ("issued", "publisher")),
        _metadata(subject, "FIND1", "F3", "Prefix", ("namespace prefix",)),
        Check("VOC1", "I2", "Vocabulary reuse (metadata)", (_reuse_in_header(subject),)),
        Check("VOC2", "I2", "Vocabulary reuse", (_reuse(subject),)),
        Check("VOC3", "R1", "Labels", (_coverage(subject, _LABELS, "label"),)),
        Check("VOC4", "R1", "Definitions", (_coverage(subject, _DEFINITIONS, "definition"),)),
        Check("VER1", "F1", "Version IRI", _version(subject)),
    ]  # fmt: skip


def _values(subject: Subject, what: str) -> list[str]:
    if not subject.ontology:
        return []
    about = subject.facts.about[subject.ontology]
    found = [value for one in PROPERTIES[what] for value in about.get(one, ())]
    return [one.value for one in found if isinstance(one, ox.NamedNode | ox.Literal) and one.value.strip()]


def _found(subject: Subject, names: Iterable[str]) -> tuple[Part, ...]:
    missing = "not in the header" if subject.ontology else "there is no owl:Ontology"
    return tuple(
        part(name, bool(values), values[0][:80] if values else missing)
        for name in names
        for values in [_values(subject, name)]
    )


def _metadata(subject: Subject, check: str, principle: str, title: str, names: tuple[str, ...]) -> Check:
    return Check(check, principle, title, _found(subject, names))


def _doi(subject: Subject) -> Part:
    """A DOI is given by a registry to a deposit; the DOI of something else would pass FOOPS and say what is not so."""
    about = subject.facts.about.get(subject.ontology, {})
    found = [one for name in _DOIS for one in about.get(name, ())]
    texts = [one.value for one in found if isinstance(one, ox.NamedNode | ox.Literal)]
    own = [text for text in texts if "doi." in text or text.startswith("10.")]
    return part("DOI", bool(own), own[0] if own else "it has no DOI of its own; a deposit would give it one")


def _reuse_in_header(subject: Subject) -> Part:
    used = subject.facts.about.get(subject.ontology, {})
    known = sorted({start for start in _METADATA_VOCABULARIES for one in used if one.startswith(start)})
    return part("known vocabularies", bool(known), ", ".join(known)[:120] or "no metadata hang on an owl:Ontology")


def _own(subject: Subject) -> str:
    return subject.ontology.lower()


def _reuse(subject: Subject) -> Part:
    own = _own(subject)
    kinds = {
        one.object.value
        for one in subject.facts.triples
        if one.predicate.value.endswith("#type") and isinstance(one.object, ox.NamedNode)
    }
    foreign = sorted(one for one in kinds if not one.startswith(OWL) and not (own and own in one.lower()))
    return part("classes of others", bool(foreign), ", ".join(foreign)[:120] or "none")


def _coverage(subject: Subject, properties: tuple[str, ...], what: str) -> Part:
    """FOOPS counts an empty text as one; here it is none."""
    own = _own(subject)
    terms = {one for kind in _TERM_KINDS for one in subject.facts.instances(kind) if own and own in one.lower()}
    told = {
        one
        for one in terms
        if any(text.value.strip() for name in properties for text in subject.facts.literals(one, name))
    }
    if not terms:
        return part(what, False, "no classes or properties of its own")
    return share(what, len(told), len(terms), f"{len(told)} of {len(terms)} terms of its own have a {what}")


def _version(subject: Subject) -> tuple[Part, ...]:
    found = _values(subject, "version IRI")
    return (
        part("is there", bool(found), found[0] if found else "no version IRI"),
        part("differs", bool(found) and found[0] != subject.ontology, "from the ontology's IRI"),
    )


def _uri_checks(subject: Subject, server: Server) -> list[Check]:
    iri, reason = subject.ontology, server.reason
    rdf = [media for media in RDF if server.get(iri, media).status == 200 and server.get(iri, media).media == media]
    page = server.get(iri, HTML)
    html = page.status == 200 and page.media == HTML
    version = next(iter(_values(subject, "version IRI")), "")
    listed = any(subject.facts.about.get(iri, {}).get(one) for one in _CATALOGUE)
    registry = part("registered", True if listed else None, "says so itself" if listed else "needs the internet (LOV)")
    return [
        Check("URI1", "F1", "URI is resolvable", (part("RDF", bool(rdf), reason),)),
        Check("URI2", "F1", "Consistent IDs", (part("equal", _declared(server, iri) == iri != "", reason),)),
        Check("VER2", "F1", "Version IRI resolves", (
            part("resolves", server.get(version, "text/turtle").status == 200, reason),
        )),
        Check("FIND2", "F4", "Prefix is in a registry", (
            part("known", None, "needs the internet (prefix.cc, LOV)"),
            part("same namespace", None, "needs the internet"),
        )),
        Check("FIND3", "F4", "Ontology in a registry", (registry,)),
        Check("FIND3_BIS", "A2", "Metadata outlive the ontology", (registry,)),
        Check("CN1", "A1", "Content negotiation", (part("HTML", html, reason), part("RDF", bool(rdf), ", ".join(rdf)))),
        Check("HTTP1", "A1.1", "Open protocol", (part("http(s)", iri.startswith(("http://", "https://")), iri),)),
        Check("DOC1", "R1", "HTML documentation", (part("HTML", html, reason),)),
    ]  # fmt: skip


def _declared(server: Server, iri: str) -> str:
    """The IRI that the ontology has in what its URI leads to."""
    answer = server.get(iri, "text/turtle")
    try:
        triples = [quad.triple for quad in ox.parse(answer.body, format=ox.RdfFormat.TURTLE)]
    except SyntaxError:
        return ""
    return min(facts_of(triples).instances(OWL + "Ontology"), default="")
