"""SKOS integrity (the conditions of the SKOS reference, by number), IRI syntax, and oddities of the source."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

import pyoxigraph as ox

from vocab.names import NVS, OWL, SKOS, parse_concept
from vocab.preflight.facts import Facts
from vocab.preflight.finding import Finding, Severity

#: What RFC 3987 allows in an IRI, kept to ASCII; a percent sign only before two hex digits.
_IRI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SAYS_DEPRECATED = re.compile(r"^\s*(?:term\s+)?deprecated\b", re.IGNORECASE)


def check_skos(facts: Facts) -> list[Finding]:
    """Every violation of an integrity condition; an inconsistent file must not leave the house."""
    return [
        *_disjoint_classes(facts),
        *_labels(facts),
        *_hierarchy(facts),
        *_mappings(facts),
        *_schemes(facts),
    ]


def _error(check: str, subject: str, text: str) -> Finding:
    return Finding(check, Severity.ERROR, subject, text)


def _disjoint_classes(facts: Facts) -> Iterator[Finding]:
    kinds = {kind: set(facts.instances(SKOS + kind)) for kind in ("Concept", "ConceptScheme", "Collection")}
    for one, other, number in (("Concept", "ConceptScheme", "S9"), ("Concept", "Collection", "S37"),
                               ("ConceptScheme", "Collection", "S37")):  # fmt: skip
        for subject in sorted(kinds[one] & kinds[other]):
            yield _error(f"skos {number}", subject, f"is both a {one} and a {other}.")


def _labels(facts: Facts) -> Iterator[Finding]:
    for subject in facts.about:
        preferred = facts.literals(subject, SKOS + "prefLabel")
        for language, number in Counter(one.language for one in preferred).items():
            if number > 1:
                yield _error("skos S14", subject, f"has {number} preferred labels in language {language or 'none'}.")
        alternative = {(one.value, one.language) for one in facts.literals(subject, SKOS + "altLabel")}
        for one in preferred:
            if (one.value, one.language) in alternative:
                yield _error("skos S13", subject, f"has {one.value!r} as preferred and as alternative label.")


def _hierarchy(facts: Facts) -> Iterator[Finding]:
    parents = {subject: set(facts.iris(subject, SKOS + "broader")) for subject in facts.about}
    for subject in facts.about:
        for child in facts.iris(subject, SKOS + "narrower"):
            parents.setdefault(child, set()).add(subject)
    for subject in sorted(parents):
        above = _above(subject, parents)
        if subject in above:
            yield _error("skos cycle", subject, "is broader than itself.")
        for other in facts.iris(subject, SKOS + "related"):
            if other in above:
                yield _error("skos S27", subject, f"is related to {other}, which is broader.")


def _above(subject: str, parents: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(parents.get(subject, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(parents.get(one, ()))
    return found


def _mappings(facts: Facts) -> Iterator[Finding]:
    for subject in facts.about:
        exact = set(facts.iris(subject, SKOS + "exactMatch"))
        for other in ("broadMatch", "narrowMatch", "relatedMatch"):
            for value in sorted(exact & set(facts.iris(subject, SKOS + other))):
                yield _error("skos S46", subject, f"is both exactMatch and {other} of {value}.")


def _schemes(facts: Facts) -> Iterator[Finding]:
    for scheme in facts.instances(SKOS + "ConceptScheme"):
        for top in facts.iris(scheme, SKOS + "hasTopConcept"):
            if scheme not in facts.iris(top, SKOS + "inScheme") and scheme not in facts.iris(
                top, SKOS + "topConceptOf"
            ):
                yield _error("skos S7", top, f"is a top concept of {scheme} but not in it.")


def check_iris(facts: Facts) -> list[Finding]:
    """IRIs that a triple store or `rapper` would refuse, and blank nodes, which no diff can follow."""
    found: set[str] = set()
    controls: set[str] = set()
    blank = 0
    for triple in facts.triples:
        for term in (triple.subject, triple.predicate, triple.object):
            if isinstance(term, ox.BlankNode):
                blank += 1
            elif isinstance(term, ox.NamedNode) and term.value not in found and not _IRI.fullmatch(term.value):
                found.add(term.value)
            elif isinstance(term, ox.Literal) and _CONTROL.search(term.value):
                controls.add(str(triple.subject).strip("<>"))
    findings = [_error("iri", iri, "has characters that no IRI may have.") for iri in sorted(found)]
    findings += [
        _error("text", iri, "has a control character in a text; XML cannot hold it.") for iri in sorted(controls)
    ]
    if blank:
        findings.append(Finding("iri", Severity.WARNING, "", f"{blank:,} ends of triples are blank nodes."))
    return findings


def check_source(facts: Facts) -> list[Finding]:
    """What is odd in the source and is ours to tell, not to mend."""
    return [*_dangling(facts), *_same_labels(facts), *_text_against_flag(facts)]


def _dangling(facts: Facts) -> Iterator[Finding]:
    tables = {named[0] for subject in facts.about if (named := parse_concept(subject))}
    missing: set[str] = set()
    for triple in facts.triples:
        value = triple.object.value if isinstance(triple.object, ox.NamedNode) else ""
        named = parse_concept(value)
        if named and named[0] in tables and value.startswith(NVS) and value not in facts.about:
            missing.add(value)
    for iri in sorted(missing):
        yield Finding("source links", Severity.NOTE, iri, "is linked to, but its table does not have it.")


def _same_labels(facts: Facts) -> Iterator[Finding]:
    labels: dict[tuple[str, str], list[str]] = defaultdict(list)
    for subject in facts.instances(SKOS + "Concept"):
        if named := parse_concept(subject):
            labels[named[0], facts.label(subject, (SKOS + "prefLabel",))].append(named[1])
    for (table, label), terms in sorted(labels.items()):
        if len(terms) > 1:
            text = f"{', '.join(sorted(terms))} of {table} share the preferred label {label!r}."
            yield Finding("source labels", Severity.NOTE, "", text)


def _text_against_flag(facts: Facts) -> Iterator[Finding]:
    live = defaultdict(list)
    for subject in facts.instances(SKOS + "Concept"):
        named = parse_concept(subject)
        text = facts.label(subject, (SKOS + "definition",)) if facts.literals(subject, SKOS + "definition") else ""
        flags = {one.value for one in facts.literals(subject, OWL + "deprecated")}
        if named and flags == {"false"} and _SAYS_DEPRECATED.match(text):
            live[named[0]].append(named[1])
    for table, terms in sorted(live.items()):
        first = f"{min(terms)} to {max(terms)}" if len(terms) > 1 else terms[0]
        text = f"{len(terms)} live terms of {table} ({first}) say in their definition that they are deprecated."
        yield Finding("source flags", Severity.NOTE, "", text)
