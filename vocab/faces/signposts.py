"""FAIR Signposting: typed links from a page, as HTML elements, as a Link header, and as a linkset (RFC 9264)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin

from vocab.faces.facts import ArchiveFacts, SerialFacts
from vocab.faces.places import Places
from vocab.faces.schema_org import OTHER_FACES, PARQUET, SCHEMA, author_home, face_name
from vocab.names import doi_iri

LINKSET: Final = "application/linkset+json"
LINKSET_NAME: Final = "linkset.json"


@dataclass(frozen=True, slots=True)
class Signpost:
    """A typed link.

    Attributes:
        relation: of the IANA registry.
        target: address or IRI; relative ones are seen from the page.
        media: media type of the target; empty where there is none.
    """

    relation: str
    target: str
    media: str = ""


def archive_signposts(archive: ArchiveFacts, places: Places) -> list[Signpost]:
    """Links from the page of an archive."""
    newest, view = archive.newest, archive.head.view_of
    return [
        Signpost("cite-as", doi_iri(archive.doi) if archive.doi else archive.iri),
        *_common(archive, None, places, "archive"),
        *_items(newest, places),
        *([Signpost("collection", archive.names.archive(view.archive))] if view else []),
    ]


def serial_signposts(archive: ArchiveFacts, one: SerialFacts, places: Places) -> list[Signpost]:
    """Links from the page of a serial."""
    return [
        Signpost("cite-as", archive.equal_to(one) or one.iri),
        *_common(archive, one, places, "snapshot"),
        *_items(one, places),
        Signpost("collection", places.home, "text/html"),
    ]


def linkset(page: str, signposts: Iterable[Signpost]) -> dict[str, Any]:
    """The links as a linkset, both ways: from the page, and from what it describes back to it.

    Args:
        page: address of the page; relative addresses are seen from the linkset, which lies beside it.
        signposts: its links.
    """
    forth: dict[str, Any] = {"anchor": page}
    back: list[dict[str, Any]] = []
    for one in signposts:
        target = {"href": one.target, **({"type": one.media} if one.media else {})}
        forth.setdefault(one.relation, []).append(target)
        if one.relation == "item":
            back.append({"anchor": one.target, "collection": [{"href": page, "type": "text/html"}]})
        if one.relation == "describedby":
            back.append({"anchor": one.target, "describes": [{"href": page, "type": "text/html"}]})
    return {"linkset": [forth, *back]}


def absolute_linkset(data: bytes, base: str) -> bytes:
    """A linkset with every address absolute: a stored one is relative to where it lies, and some readers want more.

    Args:
        data: a linkset as it was stored.
        base: its address.

    Raises:
        ValueError: it is none.
    """
    document = json.loads(data)
    try:
        for context in document["linkset"]:
            context["anchor"] = urljoin(base, context["anchor"])
            for targets in context.values():
                for one in targets if isinstance(targets, list) else ():
                    one["href"] = urljoin(base, one["href"])
    except (KeyError, TypeError) as error:
        raise ValueError("it is no linkset") from error
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def link_header(signposts: Iterable[Signpost]) -> str:
    """A Link header (RFC 8288); targets are absolute addresses by then."""
    return ", ".join(
        f'<{one.target}>; rel="{one.relation}"' + (f'; type="{one.media}"' if one.media else "") for one in signposts
    )


def _common(archive: ArchiveFacts, one: SerialFacts | None, places: Places, stem: str) -> list[Signpost]:
    authors = [author_home(name) for name in archive.citation(one).authors]
    return [
        Signpost("type", SCHEMA + "AboutPage"),
        Signpost("type", SCHEMA + "Dataset"),
        *(Signpost("author", home) for home in authors if home),
        Signpost("license", archive.licence),
        *(Signpost("describedby", places.own(face_name(stem, ending)), media) for ending, media, _ in OTHER_FACES),
    ]


def _items(one: SerialFacts, places: Places) -> list[Signpost]:
    made = []
    if one.manifest is not None and one.kept:
        made.append(Signpost("item", places.sealed(one.manifest.name), PARQUET))
    if one.delta is not None:
        made.append(Signpost("item", places.sealed(one.delta.name), PARQUET))
    if one.record is not None:
        made.append(Signpost("item", places.sealed(one.record), "application/json"))
    return made
