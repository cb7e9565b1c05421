"""What the pages show: every term with what is said of it by NVS and by the enrichment, labels, search. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pyoxigraph as ox

from vocab.build import Vocabulary
from vocab.enrich.successors import Replacement, replacements
from vocab.names import DCT, NVS, PREFIXES, QUDT, RDFS, SKOS, Names, parse_concept
from vocab.table import Term

#: Most hits that a search shows.
MOST_HITS: Final = 100

#: Properties of the enrichment that a term page shows as links, and what they are called from both ends.
_LINKS: Final = {
    "sensorMaker": ("Maker", "Maker of"),
    "sensorType": ("Sensor type", "Sensor models"),
    "measures": ("Measures", "Measured by"),
    "platformType": ("Platform type", "WMO instrument types"),
    "platformMaker": ("Platform maker", "Maker of"),
    "controllerBoard": ("Controller board", "Controller board of"),
    "measurementCodeCategory": ("Category", "Measurement codes"),
}
_MATCHES: Final = {
    SKOS + "exactMatch": "Exact match",
    SKOS + "broadMatch": "Broader match",
    SKOS + "closeMatch": "Close match",
    QUDT + "hasUnit": "Unit (QUDT)",
}
_VALUES: Final = {
    "unitText": "Unit as written",
    "standardName": "CF standard name",
    "longName": "Long name",
    "validMin": "Valid minimum",
    "validMax": "Valid maximum",
    "fillValue": "Fill value",
    "dataType": "Data type",
    "extraDimension": "Extra dimension",
    "allowedUnit": "Allowed units",
}
_RELATIONS: Final = {"broader": "Broader (NVS)", "narrower": "Narrower (NVS)", "related": "Related (NVS)"}


@dataclass(frozen=True, slots=True)
class Link:
    """A link on a page.

    Attributes:
        iri: what it names.
        label: what people read.
        here: path of its page on this server; empty when it has none.
    """

    iri: str
    label: str
    here: str = ""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a deprecated term: its status and successors with the evidence for each."""

    status: str
    successors: tuple[tuple[Link, str], ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A term that a search found."""

    term: Term
    here: str


def page_of(iri: str) -> str:
    """Path of the page of an NVS concept, as NVS has it; empty for other IRIs."""
    named = parse_concept(iri)
    return f"/collection/{named[0]}/current/{named[1]}/" if named else ""


class Site:
    """A vocabulary as pages; made once, asked often."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.names: Names = vocabulary.names

    @cached_property
    def _about(self) -> Mapping[str, Sequence[ox.Triple]]:
        """Enriched triples by subject."""
        found: dict[str, list[ox.Triple]] = defaultdict(list)
        for entry in self.vocabulary.record.enrichment:
            for triple in self.vocabulary.graphs.get(entry.graph, ()):
                if isinstance(triple.subject, ox.NamedNode):
                    found[triple.subject.value].append(triple)
        return found

    @cached_property
    def _incoming(self) -> Mapping[str, Sequence[ox.Triple]]:
        """Enriched links by the term they lead to."""
        found: dict[str, list[ox.Triple]] = defaultdict(list)
        own = {self.names.own(local).value for local in _LINKS}
        for triples in self._about.values():
            for triple in triples:
                if triple.predicate.value in own and isinstance(triple.object, ox.NamedNode):
                    found[triple.object.value].append(triple)
        return found

    @cached_property
    def _fates(self) -> Mapping[str, Sequence[Replacement]]:
        found: dict[str, list[Replacement]] = defaultdict(list)
        for one in replacements(self.vocabulary.tables):
            found[one.term.iri].append(one)
        return found

    @cached_property
    def _searchable(self) -> tuple[tuple[str, str, Term], ...]:
        return tuple(
            (f"{term.code} {term.identifier} {term.label}".casefold(), term.definition.casefold(), term)
            for term in self.vocabulary.tables.terms()
        )

    def term(self, table: str, identifier: str) -> Term | None:
        """A term, or None."""
        return self.vocabulary.tables.get(table).get(identifier)

    def link(self, iri: str) -> Link:
        """An IRI as a link, with the label of a term that is here."""
        term = self.vocabulary.tables.term(iri)
        if term:
            return Link(iri, f"{term.label} ({term.table} {term.code or term.identifier})", page_of(iri))
        if iri.startswith(NVS):
            return Link(iri, iri.removeprefix(NVS).replace("/current/", " ").strip("/"))
        for prefix, start in PREFIXES.items():
            if iri.startswith(start):
                return Link(iri, f"{prefix}:{iri.removeprefix(start)}")
        return Link(iri, iri)

    def fate(self, term: Term) -> Fate | None:
        """What became of a deprecated term; None for a live one."""
        if not term.deprecated:
            return None
        status = ""
        for triple in self._about.get(term.iri, ()):
            if triple.predicate == self.names.own("deprecationStatus"):
                status = self._own_label(triple.object)
        found = self._fates.get(term.iri, ())
        return Fate(status, tuple((self.link(one.successor.iri), one.evidence) for one in found))

    def replaced(self, term: Term) -> tuple[Link, ...]:
        """Deprecated terms that this one takes the place of."""
        return tuple(self.link(iri) for iri in self._objects(term.iri, DCT + "replaces"))

    def links(self, term: Term) -> Iterator[tuple[str, tuple[Link, ...]]]:
        """Headings and links: ours, matches, what links here, and the relations as NVS has them."""
        for local, (heading, _) in _LINKS.items():
            if found := self._objects(term.iri, self.names.own(local).value):
                yield heading, tuple(map(self.link, found))
        for local, (_, heading) in _LINKS.items():
            predicate = self.names.own(local)
            found = [
                one.subject.value
                for one in self._incoming.get(term.iri, ())
                if one.predicate == predicate and isinstance(one.subject, ox.NamedNode)
            ]
            if found:
                yield heading, tuple(map(self.link, found))
        for iri, heading in _MATCHES.items():
            if found := self._objects(term.iri, iri):
                yield heading, tuple(map(self.link, found))
        for relation, heading in _RELATIONS.items():
            if term.links.get(relation):
                yield heading, tuple(map(self.link, term.links[relation]))

    def values(self, term: Term) -> Iterator[tuple[str, str]]:
        """Attributes that were read out of the definition."""
        for local, heading in _VALUES.items():
            predicate = self.names.own(local)
            found = sorted(
                one.object.value
                for one in self._about.get(term.iri, ())
                if one.predicate == predicate and isinstance(one.object, ox.Literal)
            )
            if found:
                yield heading, ", ".join(found)

    def search(self, text: str) -> tuple[tuple[Hit, ...], int]:
        """Terms with every word of a text in code, label or definition, names first, and how many there are."""
        words = text[:200].casefold().split()
        if not words:
            return (), 0
        named, told = [], []
        for name, definition, term in self._searchable:
            if all(word in name for word in words):
                exact = term.code.casefold() == text.strip().casefold()
                named.append((not exact, term.deprecated, len(term.label), term.iri, term))
            elif all(word in name or word in definition for word in words):
                told.append(term)
        found = [one[-1] for one in sorted(named, key=lambda one: one[:-1])] + told
        return tuple(Hit(term, page_of(term.iri)) for term in found[:MOST_HITS]), len(found)

    def describe(self, iri: str) -> list[ox.Triple]:
        """Everything said of an IRI in any graph, and the replacements and placeholders that belong to it; sorted."""
        store = self.vocabulary.store
        subject = ox.NamedNode(iri)
        found = {quad.triple for quad in store.quads_for_pattern(subject, None, None)}
        parts = (f"{self.names.vocabulary}/placeholder/",)
        for one in [triple.object for triple in found]:
            if isinstance(one, ox.NamedNode) and one.value.startswith(parts):
                found |= {quad.triple for quad in store.quads_for_pattern(one, None, None)}
        for quad in store.quads_for_pattern(None, self.names.own("deprecatedTerm"), subject):
            found |= {one.triple for one in store.quads_for_pattern(quad.subject, None, None)}
        return sorted(found, key=str)

    def graph(self, iri: str) -> tuple[ox.Triple, ...]:
        """A named graph; empty when there is none."""
        return self.vocabulary.graphs.get(iri, ())

    def _objects(self, iri: str, predicate: str) -> list[str]:
        return [
            one.object.value
            for one in self._about.get(iri, ())
            if one.predicate.value == predicate and isinstance(one.object, ox.NamedNode)
        ]

    def _own_label(self, value: object) -> str:
        if not isinstance(value, ox.NamedNode):
            return ""
        labels = self.vocabulary.store.quads_for_pattern(value, ox.NamedNode(RDFS + "label"), None)
        return next((quad.object.value for quad in labels if isinstance(quad.object, ox.Literal)), "")
