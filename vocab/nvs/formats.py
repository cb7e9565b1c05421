"""Bytes of one table, in the three syntaxes that NVS serves, to triples; nothing else is fetched or expanded."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import pyoxigraph as ox

from gdac.errors import RefusedError
from vocab.table import Table, read_table

#: The largest table taken, in bytes; the largest Argo table today has 1.1 MB.
MAX_BYTES: Final = 64 << 20

#: The syntax of a file by the end of its name.
SUFFIXES: Final = {
    ".jsonld": ox.RdfFormat.JSON_LD,
    ".json": ox.RdfFormat.JSON_LD,
    ".ttl": ox.RdfFormat.TURTLE,
    ".rdf": ox.RdfFormat.RDF_XML,
    ".xml": ox.RdfFormat.RDF_XML,
    ".nt": ox.RdfFormat.N_TRIPLES,
}

#: The syntax of an answer by its media type.
MEDIA_TYPES: Final = {
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "application/json": ox.RdfFormat.JSON_LD,
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/xml": ox.RdfFormat.RDF_XML,
    "text/xml": ox.RdfFormat.RDF_XML,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
}


@dataclass(frozen=True, slots=True)
class Verbatim:
    """One table as it was received.

    Attributes:
        table: the table read.
        triples: its triples in canonical order, untouched.
        sha256: of the bytes.
        digest: sha256 of the sorted N-Triples: equal for equal content, whatever the syntax.
        origin: file name or address.
        retrieved: when the bytes were fetched (RFC 3339, UTC); empty for files of a folder that does not say.
    """

    table: Table
    triples: tuple[ox.Triple, ...]
    sha256: str
    digest: str
    origin: str
    retrieved: str = ""


def read_verbatim(
    data: bytes, syntax: ox.RdfFormat, *, origin: str, expected: str = "", retrieved: str = ""
) -> Verbatim:
    """Parse the bytes of one table and see that it is whole.

    Raises:
        RefusedError: too large, not UTF-8, bad syntax, a JSON-LD context that would have to be fetched, XML entities,
            or not one whole table (see `vocab.table.read_table`).
    """
    triples = parse_triples(data, syntax, where=origin)
    ordered = canonical(triples)
    text = "".join(f"{triple} .\n" for triple in ordered).encode()
    return Verbatim(
        read_table(ordered, expected=expected, where=origin),
        ordered,
        sha256(data).hexdigest(),
        sha256(text).hexdigest(),
        origin,
        retrieved,
    )


def parse_triples(data: bytes, syntax: ox.RdfFormat, *, where: str) -> list[ox.Triple]:
    """Triples of one document; see `read_verbatim` for what is refused."""
    if len(data) > MAX_BYTES:
        raise RefusedError(f"{where} has {len(data):,} bytes; a table may have {MAX_BYTES:,}.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedError(f"{where} is not UTF-8: byte {error.start}.") from error
    if syntax == ox.RdfFormat.JSON_LD:
        _check_contexts(text, where)
    elif syntax == ox.RdfFormat.RDF_XML and "<!" in text and ("<!ENTITY" in text or "<!DOCTYPE" in text):
        # Nested entities grow a few hundred bytes into gigabytes, and external ones are a door to the network.
        raise RefusedError(f"{where} declares XML entities or a document type; such RDF/XML is not read.")
    try:
        quads = list(ox.parse(text.encode(), format=syntax))
    except (SyntaxError, ValueError) as error:
        raise RefusedError(f"{where} is not {syntax.name}: {_one_line(error)}") from error
    return [quad.triple for quad in quads]


def canonical(triples: Iterable[ox.Triple]) -> tuple[ox.Triple, ...]:
    """Triples without repetition in an order that depends on nothing but themselves.

    Blank nodes, which no NVS table has today, get canonical labels (RDFC-1.0) first.
    """
    triples = list(triples)
    nodes = sum(isinstance(one, ox.BlankNode) for triple in triples for one in (triple.subject, triple.object))
    if nodes:
        if nodes > 10_000:  # labelling is exponential in the worst case
            raise RefusedError(f"a table with {nodes:,} blank nodes is not read.")
        dataset = ox.Dataset(ox.Quad(*triple) for triple in triples)
        dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
        triples = [quad.triple for quad in dataset]
    return tuple(one for _, one in sorted({str(triple): triple for triple in triples}.items()))


def _check_contexts(text: str, where: str) -> None:
    """A context given by address would be fetched by other readers of the file, and could change its meaning later."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"{where} is not JSON: {_one_line(error)}") from error
    waiting: list[Any] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            context = value.get("@context")
            contexts = context if isinstance(context, list) else [context]
            if any(isinstance(one, str) or (isinstance(one, dict) and "@import" in one) for one in contexts):
                raise RefusedError(
                    f"{where} names a JSON-LD context by address; contexts are never fetched.",
                    hint="Ask for Turtle, or for JSON-LD with its context inside.",
                )
            waiting.extend(value.values())


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
