"""The triples of one file, by subject and predicate: what every check asks."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from gdac.errors import RefusedError, UsageError
from vocab.names import RDF
from vocab.nvs.formats import MAX_BYTES, SUFFIXES, parse_triples

Value = ox.NamedNode | ox.Literal | ox.BlankNode | ox.Triple


@dataclass(frozen=True, slots=True)
class Facts:
    """Triples, indexed.

    Attributes:
        triples: all of them.
        about: values by subject IRI and predicate IRI.
    """

    triples: tuple[ox.Triple, ...]
    about: dict[str, dict[str, list[Value]]]

    def iris(self, subject: str, predicate: str) -> list[str]:
        """IRIs that a subject has for a predicate."""
        found = self.about.get(subject, {}).get(predicate, ())
        return [one.value for one in found if isinstance(one, ox.NamedNode)]

    def literals(self, subject: str, predicate: str) -> list[ox.Literal]:
        """Literals that a subject has for a predicate."""
        return [one for one in self.about.get(subject, {}).get(predicate, ()) if isinstance(one, ox.Literal)]

    def label(self, subject: str, predicates: Iterable[str]) -> str:
        """The first label: English, then untagged, then any, then the last part of the IRI, as portals do."""
        for predicate in predicates:
            found = self.literals(subject, predicate)
            if found:
                return min(
                    found, key=lambda one: ("en", None).index(one.language) if one.language in {"en", None} else 2
                ).value
        return subject.rstrip("/#").replace("#", "/").rpartition("/")[2]

    def instances(self, kind: str) -> Iterator[str]:
        """Subjects of a type."""
        for subject, facts in self.about.items():
            if any(isinstance(one, ox.NamedNode) and one.value == kind for one in facts.get(RDF + "type", ())):
                yield subject


def facts_of(triples: Iterable[ox.Triple]) -> Facts:
    """Index triples; blank nodes are kept among the triples only."""
    kept = tuple(triples)
    about: dict[str, dict[str, list[Value]]] = defaultdict(lambda: defaultdict(list))
    for triple in kept:
        if isinstance(triple.subject, ox.NamedNode):
            about[triple.subject.value][triple.predicate.value].append(triple.object)
    return Facts(kept, {subject: dict(facts) for subject, facts in about.items()})


def read_facts(file: Path) -> Facts:
    """Facts of a file in any syntax that an import takes.

    Raises:
        UsageError: no such file, or a name that does not tell the syntax.
        RefusedError: too large or bad syntax.
    """
    if not file.is_file():
        raise UsageError(f"{file} is not a file.")
    syntax = SUFFIXES.get(file.suffix.lower())
    if syntax is None:
        raise UsageError(f"the name {file.name!a} does not tell a syntax.", hint=f"Known: {', '.join(SUFFIXES)}.")
    if file.stat().st_size > MAX_BYTES:
        raise RefusedError(f"{file} has {file.stat().st_size:,} bytes; at most {MAX_BYTES:,} are read.")
    return facts_of(parse_triples(file.read_bytes(), syntax, where=str(file)))
