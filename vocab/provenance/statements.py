"""Statements about one thing, and the things that many descriptions share: checksums, software, agents."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final

import pyoxigraph as ox

from vocab.names import DCAT, FOAF, PROV, RDFS, SPDX, XSD, A, Names, node, typed

#: A predicate's IRI and its value; None says nothing.
Pair = tuple[str, ox.NamedNode | ox.Literal | None]

_IRI: Final = re.compile(r"https?://[^\x00-\x20<>\"{}|\\^`\x7f-\x9f]+")
SHA256: Final = node(SPDX + "checksumAlgorithm_sha256")


def statements(subject: str, pairs: Iterable[Pair]) -> list[ox.Triple]:
    """Triples about one subject; pairs without a value are left out."""
    about = node(subject)
    return [ox.Triple(about, node(predicate), value) for predicate, value in pairs if value is not None]


def types(*iris: str) -> list[Pair]:
    """That the subject is of these classes."""
    return [(A.value, node(iri)) for iri in iris]


def number(value: int) -> ox.Literal:
    """A whole number."""
    return typed(str(value), "integer")


def size(value: int) -> ox.Literal:
    """Bytes, as DCAT wants them."""
    return typed(str(value), "nonNegativeInteger")


def moment(when: datetime | None) -> ox.Literal | None:
    """A time, UTC; a naive one is UTC already."""
    if when is None:
        return None
    utc = when if when.tzinfo is None else when.astimezone(UTC).replace(tzinfo=None)
    return typed(f"{utc.isoformat()}Z", "dateTime")


def day(when: date) -> ox.Literal:
    """A date."""
    return typed(when.isoformat(), "date")


def address(iri: str) -> ox.Literal:
    """An IRI as an identifier."""
    return ox.Literal(iri, datatype=node(XSD + "anyURI"))


def link(text: str | None) -> ox.NamedNode | None:
    """An IRI from outside as a node; None where it is none."""
    return node(text) if text and _IRI.fullmatch(text) else None


def checksum(subject: str, sha256: str) -> list[ox.Triple]:
    """The SHA-256 of bytes as SPDX has it; the checksum has an IRI of its own, there are no blank nodes."""
    own = f"{subject}#checksum"
    return [
        ox.Triple(node(subject), node(SPDX + "checksum"), node(own)),
        *statements(
            own,
            [
                *types(SPDX + "Checksum"),
                (SPDX + "algorithm", SHA256),
                (SPDX + "checksumValue", typed(sha256, "hexBinary")),
            ],
        ),
    ]


def software(names: Names, name: str, version: str) -> list[ox.Triple]:
    """One version of a program as an agent."""
    return statements(
        names.software(name, version),
        [
            *types(PROV + "SoftwareAgent"),
            (RDFS + "label", ox.Literal(f"{name} {version}")),
            (DCAT + "version", ox.Literal(version)),
        ],
    )


def organisation(names: Names, name: str) -> tuple[str, list[ox.Triple]]:
    """An organisation that is known by its name alone: its IRI, and what is said of it."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "unnamed"
    iri = f"{names.base}agent/{slug}"
    pairs: list[Pair] = [
        *types(PROV + "Organization", FOAF + "Organization"),
        (RDFS + "label", ox.Literal(name)),
        (FOAF + "name", ox.Literal(name)),
    ]
    return iri, statements(iri, pairs)
