"""Which of several forms a client wants: the Accept header of RFC 9110, section 12.5.1."""

import re
from collections.abc import Sequence
from typing import Final

from vocab.query.answer import Syntax

#: What tables of results are offered as, best first, and how each is written.
RESULTS: Final = {
    "application/sparql-results+json": Syntax.JSON,
    "application/sparql-results+xml": Syntax.XML,
    "text/csv": Syntax.CSV,
    "text/tab-separated-values": Syntax.TSV,
    "application/json": Syntax.JSON,
    "application/xml": Syntax.XML,
    "text/xml": Syntax.XML,
    "text/plain": Syntax.TSV,
}
#: The same for graphs.
GRAPHS: Final = {
    "text/turtle": Syntax.TURTLE,
    "application/ld+json": Syntax.JSONLD,
    "application/rdf+xml": Syntax.RDFXML,
    "application/n-triples": Syntax.NTRIPLES,
    "application/json": Syntax.JSONLD,
    "text/plain": Syntax.NTRIPLES,
}
#: Short names for links, ``?format=``.
SHORT: Final = {
    "html": "text/html",
    "ttl": "text/turtle",
    "jsonld": "application/ld+json",
    "rdf": "application/rdf+xml",
    "nt": "application/n-triples",
    "json": "application/sparql-results+json",
    "xml": "application/sparql-results+xml",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
}
HTML: Final = "text/html"

_QUALITY = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


def negotiate(accept: str, offers: Sequence[str]) -> str | None:
    """The offer that the client likes best; among equals the first; None when it takes none of them.

    Args:
        accept: header, or short names as ``?format=``; empty takes anything.
        offers: media types without parameters, best first.
    """
    ranges = _ranges(accept)
    if not ranges:
        return offers[0]
    best, liked = None, 0.0
    for offer in offers:
        quality = _quality(ranges, offer)
        if quality > liked:
            best, liked = offer, quality
    return best


def _ranges(accept: str) -> list[tuple[str, float]]:
    found = []
    for part in accept[:4096].split(","):
        media, *parameters = (one.strip().lower() for one in part.split(";"))
        if not media:
            continue
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                quality = float(value) if _QUALITY.fullmatch(value.strip()) else 0.0
        found.append((media, quality))
    return found


def _quality(ranges: Sequence[tuple[str, float]], offer: str) -> float:
    """That of the most specific range that fits."""
    kind = offer.partition("/")[0]
    for wanted in (offer, f"{kind}/*", "*/*"):
        fitting = [quality for media, quality in ranges if media == wanted]
        if fitting:
            return max(fitting)
    return 0.0
