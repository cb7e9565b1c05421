"""A reference table as a value: read once from its verbatim triples, asked by everything else."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox

from gdac.errors import RefusedError
from vocab.names import DCT, NVS, OWL, RDF, SKOS, parse_concept

#: The relations that NVS uses between concepts, by the words of our reports.
RELATIONS: Final = {
    SKOS + "broader": "broader",
    SKOS + "narrower": "narrower",
    SKOS + "related": "related",
    OWL + "sameAs": "same",
}

#: What may stand in an IRI of a concept that ends up in triple stores, file names and addresses.
_PLAIN = re.compile(r"[A-Za-z0-9_.:~%+()@-]+")


@dataclass(frozen=True, slots=True)
class Term:
    """One concept of a table.

    Attributes:
        iri: the NVS IRI.
        table: id of its table, e.g. ``R27``.
        identifier: last part of the IRI.
        label: preferred label.
        code: alternative label, what a file holds in most tables.
        definition: empty where NVS has an empty one.
        deprecated: read from NVS' string "true" or "false" (or a typed boolean).
        modified: date of the current version as NVS writes it, e.g. ``2026-03-10 02:00:00.0``; may be empty.
        version: version of the concept, a number as text; may be empty.
        links: IRIs of other concepts by relation (``broader``, ``narrower``, ``related``, ``same``), sorted.
    """

    iri: str
    table: str
    identifier: str
    label: str
    code: str
    definition: str
    deprecated: bool
    modified: str
    version: str
    links: Mapping[str, tuple[str, ...]]

    def linked(self, relation: str, table: str) -> tuple[str, ...]:
        """IRIs of the concepts of one table that this one is linked with."""
        start = f"{NVS}{table}/current/"
        return tuple(iri for iri in self.links.get(relation, ()) if iri.startswith(start))


@dataclass(frozen=True, slots=True)
class Table:
    """One NVS collection at one version.

    Attributes:
        id: e.g. ``R27``.
        iri: of the collection.
        version: e.g. ``25``.
        title: preferred label of the collection.
        name: its alternative label, the name of the NetCDF variable.
        description: what the table is for.
        creator: who writes it, as NVS says.
        modified: date of the current version, as NVS writes it.
        terms: by identifier, sorted.
    """

    id: str
    iri: str
    version: str
    title: str
    name: str
    description: str
    creator: str
    modified: str
    terms: Mapping[str, Term]


@dataclass(frozen=True, slots=True)
class Tables:
    """All tables of a vocabulary, by id, sorted."""

    by_id: Mapping[str, Table]

    def __iter__(self) -> Iterator[Table]:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)

    def get(self, table: str) -> Mapping[str, Term]:
        """Terms of a table by identifier; empty when the table is not there."""
        found = self.by_id.get(table)
        return found.terms if found else {}

    def terms(self) -> Iterator[Term]:
        """Every term, by table and identifier."""
        for table in self:
            yield from table.terms.values()

    def term(self, iri: str) -> Term | None:
        """The term of that IRI, or None."""
        named = parse_concept(iri)
        return self.get(named[0]).get(named[1]) if named else None


def read_table(triples: Iterable[ox.Triple], *, expected: str = "", where: str = "") -> Table:
    """Read one table from its triples and see that it is whole.

    Args:
        triples: exactly one skos:Collection and its concepts; others may be described too.
        expected: id that the table must have; empty when any will do.
        where: file or address, for messages.

    Raises:
        RefusedError: there is no collection or more than one, a member is not described or has no label, the version
            is missing, or the id is another than expected.
    """
    about: dict[str, dict[str, list[ox.NamedNode | ox.Literal]]] = defaultdict(lambda: defaultdict(list))
    for triple in triples:
        if isinstance(triple.subject, ox.NamedNode) and isinstance(triple.object, ox.NamedNode | ox.Literal):
            about[triple.subject.value][triple.predicate.value].append(triple.object)
    return _Reader(about, where or expected or "the table").table(expected)


_About = Mapping[str, Mapping[str, list[ox.NamedNode | ox.Literal]]]


class _Reader:
    """The description of every subject of one table, and what is read from it."""

    def __init__(self, about: _About, where: str) -> None:
        self._about = about
        self._where = where

    def table(self, expected: str) -> Table:
        iri, identifier = self._collection()
        if expected and identifier != expected:
            raise RefusedError(f"{self._where} holds table {identifier}, not {expected}.")
        version = self._text(iri, OWL + "versionInfo")
        if not re.fullmatch(r"[0-9]{1,9}", version):
            raise RefusedError(f"{self._where}: table {identifier} has no version number (owl:versionInfo).")
        return Table(
            identifier,
            iri,
            version,
            self._text(iri, SKOS + "prefLabel"),
            self._text(iri, SKOS + "altLabel"),
            self._text(iri, DCT + "description"),
            self._text(iri, DCT + "creator"),
            self._text(iri, DCT + "date"),
            self._terms(iri, identifier),
        )

    def _collection(self) -> tuple[str, str]:
        found = [iri for iri in self._about if self._is_a(iri, "Collection")]
        if len(found) != 1:
            raise RefusedError(
                f"{self._where} holds {len(found)} collections where one NVS table is expected.",
                hint="Ask NVS for one table with its own profile (_profile=nvs).",
            )
        match = re.fullmatch(re.escape(NVS) + r"([A-Z][A-Z0-9]{1,7})/current/", found[0])
        if not match:
            raise RefusedError(f"{self._where}: {found[0]!r} is not the IRI of an NVS collection.")
        return found[0], match[1]

    def _terms(self, iri: str, table: str) -> dict[str, Term]:
        members = {member.value for member in self._about[iri].get(SKOS + "member", ())}
        described = {one for one in self._about if self._is_a(one, "Concept") and one.startswith(iri)}
        if missing := members ^ described:
            raise RefusedError(
                f"{self._where}: table {table} is not whole: {len(members - described)} members are not described and "
                f"{len(described - members)} concepts are no members, e.g. {min(missing)}.",
                hint="The answer was probably cut; import it again.",
            )
        if not members:
            raise RefusedError(f"{self._where}: table {table} has no terms.")
        terms = {}
        for one in sorted(members):
            identifier = one.removeprefix(iri).removesuffix("/")
            if not _PLAIN.fullmatch(identifier) or not one.endswith("/"):
                raise RefusedError(f"{self._where}: {one!a} is not the IRI of a term of table {table}.")
            terms[identifier] = self._term(one, table, identifier)
        return terms

    def _term(self, iri: str, table: str, identifier: str) -> Term:
        label = self._text(iri, SKOS + "prefLabel")
        if not label:
            raise RefusedError(f"{self._where}: term {identifier} of table {table} has no preferred label.")
        deprecated = self._text(iri, OWL + "deprecated") or "false"
        if deprecated not in {"true", "false", "1", "0"}:
            raise RefusedError(f"{self._where}: term {identifier} of table {table}: owl:deprecated is {deprecated!r}.")
        links: dict[str, tuple[str, ...]] = {}
        for predicate, relation in RELATIONS.items():
            found = {_usual(one.value) for one in self._about[iri].get(predicate, ()) if isinstance(one, ox.NamedNode)}
            if found:
                links[relation] = tuple(sorted(found))
        return Term(
            iri,
            table,
            identifier,
            label,
            self._text(iri, SKOS + "altLabel"),
            self._text(iri, SKOS + "definition"),
            deprecated in {"true", "1"},
            self._text(iri, DCT + "date"),
            self._text(iri, OWL + "versionInfo"),
            links,
        )

    def _is_a(self, iri: str, kind: str) -> bool:
        return any(one.value == SKOS + kind for one in self._about[iri].get(RDF + "type", ()))

    def _text(self, iri: str, predicate: str) -> str:
        """A literal; where there are several languages, the English or untagged one, then the first in order."""
        found = [one for one in self._about[iri].get(predicate, ()) if isinstance(one, ox.Literal)]
        best = min(found, key=lambda one: ((one.language or "en") != "en", one.value), default=None)
        return best.value if best else ""


def _usual(iri: str) -> str:
    """NVS' own spelling of its IRIs; addresses with https circulate and mean the same term."""
    return f"http{iri[5:]}" if iri.startswith("https://vocab.nerc.ac.uk/collection/") else iri
