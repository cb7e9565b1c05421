"""What an OntoPortal will show of a file: its tree and its metadata, by the rules of the portal's own code.

Read in the source of ontologies_linked_data and its LIRMM and EarthPortal forks: classes are skos:Concept, the tree is
skos:broader alone, roots are objects of skos:hasTopConcept (only where there are none, subjects of skos:topConceptOf),
those of the main scheme alone where a concept scheme has the ontology's IRI; a root is hidden when owl:deprecated is
the boolean true. Metadata hang on the node typed owl:Ontology; without one nothing is found.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import pyoxigraph as ox

from vocab.header import ADMS, DOAP, IDOT, OMV, VOAF
from vocab.names import DCAT, DCT, FOAF, MOD, OWL, PAV, PROV, RDFS, SKOS, VANN, VOID, XSD
from vocab.preflight.facts import Facts
from vocab.preflight.finding import Finding, Severity

_SCHEMA = "http://schema.org/"

#: Metadata field of the portal, and the properties it is looked up in, in that order.
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "version": (OMV + "version", OWL + "versionInfo", MOD + "version", PAV + "version", _SCHEMA + "version"),
    "versionIRI": (OWL + "versionIRI",),
    "description": (OMV + "description", DCT + "description", _SCHEMA + "description"),
    "hasLicense": (OMV + "hasLicense", DCT + "license", "http://creativecommons.org/ns#license", DCT + "rights"),
    "naturalLanguage": (OMV + "naturalLanguage", DCT + "language"),
    "keywords": (OMV + "keywords", MOD + "keyword", DCAT + "keyword"),
    "hasCreator": (OMV + "hasCreator", DCT + "creator", PROV + "wasAttributedTo", PAV + "authoredBy"),
    "hasContributor": (OMV + "hasContributor", DCT + "contributor"),
    "publisher": (DCT + "publisher",),
    "curatedBy": (PAV + "curatedBy",),
    "rightsHolder": (DCT + "rightsHolder",),
    "released": (OMV + "creationDate", DCT + "issued", DCT + "created", DCT + "date", PAV + "createdOn"),
    "modificationDate": (OMV + "modificationDate", DCT + "modified", PAV + "lastUpdateOn"),
    "identifier": (DCT + "identifier", ADMS + "identifier"),
    "homepage": (FOAF + "homepage",),
    "documentation": (OMV + "documentation", RDFS + "seeAlso", FOAF + "page", DCAT + "landingPage"),
    "alternative": (DCT + "alternative", SKOS + "altLabel"),
    "publication": (OMV + "reference", DCT + "bibliographicCitation", _SCHEMA + "citation"),
    "hasDomain": (OMV + "hasDomain", DCT + "subject", DCAT + "theme"),
    "preferredNamespacePrefix": (VANN + "preferredNamespacePrefix",),
    "preferredNamespaceUri": (VANN + "preferredNamespaceUri",),
    "hasPriorVersion": (OMV + "hasPriorVersion", OWL + "priorVersion"),
    "source": (DCT + "source", PROV + "wasDerivedFrom", PAV + "derivedFrom"),
    "endpoint": ("http://www.w3.org/ns/sparql-service-description#endpoint", VOID + "sparqlEndpoint"),
    "uriRegexPattern": (VOID + "uriRegexPattern",),
    "exampleIdentifier": (IDOT + "exampleIdentifier",),
    "repository": (DOAP + "repository",),
    "bugDatabase": (DOAP + "bug-database",),
    "accrualPeriodicity": (DCT + "accrualPeriodicity",),
    "competencyQuestion": (MOD + "competencyQuestion",),
    "metadataVoc": (VOAF + "metadataVoc",),
    "status": (OMV + "status", ADMS + "status"),
    "hasFormalityLevel": (OMV + "hasFormalityLevel",),
    "logo": (FOAF + "logo", FOAF + "depiction"),
}

_AGENTS: Final = ("hasCreator", "hasContributor", "publisher", "curatedBy", "rightsHolder")
_DATES: Final = ("released", "modificationDate")
#: Fields that the API wants on a submission and that can come from the file; contact and language never do.
_MANDATORY: Final = ("description", "released", "version", "hasLicense", "hasCreator")
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?)?")


@dataclass(frozen=True, slots=True)
class Branch:
    """A root of the tree: its IRI, label, and how many live and obsolete classes hang below it."""

    iri: str
    label: str
    live: int
    obsolete: int


@dataclass(frozen=True, slots=True)
class PortalView:
    """What a portal shows.

    Attributes:
        ontology: IRI of the node typed owl:Ontology; empty when the file has none or several.
        main_scheme: whether a concept scheme has that IRI.
        roots: in the order of their labels.
        classes, obsolete: how many.
        unreachable: live classes that hang below no root.
        collections: label and number of members of each.
        metadata: values by field of the portal.
        findings: what goes wrong.
    """

    ontology: str
    main_scheme: bool
    roots: tuple[Branch, ...]
    classes: int
    obsolete: int
    unreachable: tuple[str, ...]
    collections: tuple[tuple[str, int], ...]
    metadata: Mapping[str, tuple[str, ...]]
    findings: tuple[Finding, ...] = field(default=())


def portal_view(facts: Facts) -> PortalView:
    """Simulate the ingest of one file."""
    ontologies = sorted(facts.instances(OWL + "Ontology"))
    ontology = ontologies[0] if len(ontologies) == 1 else ""
    classes = set(facts.instances(SKOS + "Concept"))
    obsolete = {one for one in classes if _is_obsolete(facts, one)}
    schemes = set(facts.instances(SKOS + "ConceptScheme"))
    roots = [one for one in _roots(facts, schemes, ontology) if one not in obsolete]
    children: dict[str, list[str]] = defaultdict(list)
    for one in classes:
        for parent in facts.iris(one, SKOS + "broader"):
            children[parent].append(one)
    branches, reached = [], set()
    for root in roots:
        below = _below(root, children)
        reached |= below | {root}
        gone = len(below & obsolete)
        branches.append(Branch(root, facts.label(root, (SKOS + "prefLabel", RDFS + "label")), len(below) - gone, gone))
    unreachable = tuple(sorted(classes - obsolete - reached))
    metadata = _metadata(facts, ontology) if ontology else {}
    view = PortalView(
        ontology,
        ontology in schemes,
        tuple(sorted(branches, key=lambda one: (one.label, one.iri))),
        len(classes),
        len(obsolete),
        unreachable,
        _collections(facts),
        metadata,
    )
    return replace(view, findings=tuple(_judge(facts, view, len(ontologies))))


def _is_obsolete(facts: Facts, subject: str) -> bool:
    """Only a typed boolean counts; NVS' plain string "true" does not."""
    return any(
        one.value in {"true", "1"} and one.datatype.value == XSD + "boolean"
        for one in facts.literals(subject, OWL + "deprecated")
    )


def _roots(facts: Facts, schemes: set[str], ontology: str) -> list[str]:
    chosen = [ontology] if ontology in schemes else sorted(schemes)
    tops = {top for scheme in chosen for top in facts.iris(scheme, SKOS + "hasTopConcept")}
    if not tops:
        tops = {one for one in facts.about if set(facts.iris(one, SKOS + "topConceptOf")) & set(chosen)}
    return sorted(tops)


def _below(root: str, children: Mapping[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(children.get(root, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(children.get(one, ()))
    return found


def _collections(facts: Facts) -> tuple[tuple[str, int], ...]:
    found = (
        (facts.label(one, (SKOS + "prefLabel",)), len(facts.iris(one, SKOS + "member")))
        for one in facts.instances(SKOS + "Collection")
    )
    return tuple(sorted(found))


def _metadata(facts: Facts, ontology: str) -> dict[str, tuple[str, ...]]:
    """Values per field: of the first property in the list that has any; agents by their label."""
    found = {}
    for name, properties in FIELDS.items():
        for predicate in properties:
            values = facts.about[ontology].get(predicate, [])
            shown = [_shown(facts, name, one) for one in values if isinstance(one, ox.NamedNode | ox.Literal)]
            if name in _DATES:
                shown = [one for one in shown if _ISO_DATE.fullmatch(one)]
            if shown:
                found[name] = tuple(sorted(shown))
                break
    return found


def _shown(facts: Facts, name: str, value: ox.NamedNode | ox.Literal) -> str:
    if name in _AGENTS and isinstance(value, ox.NamedNode):
        labels = facts.literals(value.value, OMV + "name") or facts.literals(value.value, RDFS + "label")
        return labels[0].value if labels else value.value
    return value.value


def _judge(facts: Facts, view: PortalView, ontologies: int) -> list[Finding]:
    found = []

    def tell(text: str, severity: Severity = Severity.ERROR) -> None:
        found.append(Finding("portal", severity, view.ontology, text))

    if ontologies != 1:
        tell(
            f"the file has {ontologies} nodes typed owl:Ontology; with any number but one the portal's parser sees an "
            "anonymous ontology and takes no metadata from it."
        )
    if not view.roots:
        tell("no concept is a root (skos:hasTopConcept or topConceptOf): the portal will show an empty tree.")
    if view.unreachable:
        some = ", ".join(view.unreachable[:3])
        tell(f"{len(view.unreachable):,} live concepts hang below no root, e.g. {some}.")
    if not view.main_scheme and view.roots:
        tell("no concept scheme has the ontology's IRI: roots of all schemes are pooled.", Severity.WARNING)
    strings = sum(
        one.datatype.value != XSD + "boolean"
        for subject in facts.about
        for one in facts.literals(subject, OWL + "deprecated")
    )
    if strings:
        tell(f"{strings:,} values of owl:deprecated are no xsd:boolean: the portal takes those terms for live ones.")
    if facts.about.get(view.ontology, {}).get(OWL + "imports"):
        tell("owl:imports would be fetched by the portal's parser.")
    if view.ontology:
        found += _judge_metadata(facts, view)
    return found


def _judge_metadata(facts: Facts, view: PortalView) -> list[Finding]:
    wrong = [
        *(f"{name} is missing (looked for {FIELDS[name][0]} and others)." for name in _MANDATORY
          if name not in view.metadata),
        *(f"{name} {value.value!r} is no ISO 8601 date and will be dropped." for name in _DATES
          for predicate in FIELDS[name] for value in facts.literals(view.ontology, predicate)
          if not _ISO_DATE.fullmatch(value.value)),
        *(f"{name} must differ from the ontology's IRI." for name in ("versionIRI", "identifier")
          if view.ontology in view.metadata.get(name, ())),
    ]  # fmt: skip
    nameless = [value for name in _AGENTS for value in view.metadata.get(name, ()) if value.startswith("http")]
    return [
        *(Finding("portal metadata", Severity.ERROR, view.ontology, text) for text in wrong),
        *(
            Finding("portal metadata", Severity.WARNING, value, "has no rdfs:label: its address becomes its name.")
            for value in nameless
        ),
    ]
