"""Reading a landing page as a program does: its typed links, and its schema.org description as triples."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import pyoxigraph as ox

from vocab.faces.schema_org import CONTEXT
from vocab.faces.signposts import Signpost

#: Contexts that stand for schema.org and are never fetched.
_KNOWN = frozenset({"https://schema.org", "https://schema.org/", "http://schema.org", "http://schema.org/"})


@dataclass(frozen=True, slots=True)
class PageRead:
    """What a page says to programs.

    Attributes:
        links: its ``link`` elements.
        blocks: its JSON-LD, block by block; a block that is no JSON object is left out.
        broken: how many blocks were left out.
    """

    links: tuple[Signpost, ...]
    blocks: tuple[Mapping[str, Any], ...]
    broken: int

    @property
    def about(self) -> Mapping[str, Any]:
        """The first description; empty when there is none."""
        return self.blocks[0] if self.blocks else {}


def read_page(page: bytes) -> PageRead:
    """Read a page; whatever it holds, nothing of it is fetched or run."""
    reader = _Reader()
    reader.feed(page.decode("utf-8", errors="replace"))
    reader.close()
    blocks, broken = [], 0
    for text in reader.scripts:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            blocks.append(found)
        else:
            broken += 1
    return PageRead(tuple(reader.links), tuple(blocks), broken)


def description_triples(about: Mapping[str, Any], base: str) -> list[ox.Triple]:
    """A schema.org description as triples.

    Args:
        about: JSON-LD; a context that is an address of schema.org is replaced by ours, any other is not fetched.
        base: address of the page.

    Raises:
        ValueError: it is no JSON-LD, or its context would have to be fetched.
    """
    context = about.get("@context")
    document = {**about, "@context": CONTEXT} if isinstance(context, str) and context in _KNOWN else about
    text = json.dumps(document)
    try:
        found = {quad.triple for quad in ox.parse(text.encode(), format=ox.RdfFormat.JSON_LD, base_iri=base)}
    except SyntaxError as error:
        raise ValueError(str(error)) from error
    return sorted(found, key=str)


def absolute(signposts: tuple[Signpost, ...], base: str) -> tuple[Signpost, ...]:
    """The same links with absolute targets."""
    return tuple(Signpost(one.relation, urljoin(base, one.target), one.media) for one in signposts)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[Signpost] = []
        self.scripts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "link" and found.get("href"):
            self.links += [Signpost(one, found["href"], found.get("type", "")) for one in found.get("rel", "").split()]
        self._inside = tag == "script" and found.get("type", "").lower() == "application/ld+json"
        if self._inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[-1] += data
