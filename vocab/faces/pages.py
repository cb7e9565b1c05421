"""The landing pages: HTML that stands alone, without scripts, and escapes whatever a head or a record may hold."""

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from policies.citation import as_bibtex, as_text
from vocab.faces.facts import MOST_SERIALS, ArchiveFacts, SerialFacts
from vocab.faces.places import Places
from vocab.faces.signposts import LINKSET, LINKSET_NAME, Signpost
from vocab.faces.wording import archive_text, bytes_text, claim_text, serial_text, serial_title
from vocab.names import doi_iri

#: Names of a run's counts, for people; others are shown as they are.
_COUNTS: Final = {
    "listed": "files listed by the sources",
    "fetched": "files fetched",
    "fetched_bytes": "bytes fetched",
    "set_aside": "files set aside",
    "gone": "files that left",
    "planned": "files to be fetched",
    "refused": "files refused",
    "unlisted": "files that no index lists, left out",
}
_RUNS: Final = {
    "sync": "a run that observed a source and took in what changed",
    "seal": "a seal of the tree where it lies",
    "revert": "an earlier serial, sealed again",
    "seed": "a DOI snapshot, read as a stream",
    "collect": "submissions of data centres, checked and accepted",
}
_WAYS: Final = {
    "index": "by its index files",
    "listing": "by a listing of its whole tree",
    "tree": "as a tree on the disk",
    "tar": "as one stream",
}
_ADDRESS: Final = re.compile(r"(?:https?|ftp|s3|sftp)://[^\s\"'<>]+")
_FOLLOWED: Final = ("http://", "https://", "ftp://")


def archive_page(archive: ArchiveFacts, places: Places, links: Iterable[Signpost], about: dict[str, Any]) -> bytes:
    """The page of an archive; `about` is its schema.org description."""
    one = archive.newest
    return _render(
        "archive.html",
        **_values(archive, one, places, links, about),
        title=archive.head.title,
        lead=archive_text(archive),
        citation=as_text(archive.citation(None)),
        bibtex=as_bibtex(archive.citation(None)),
        serial_citation=as_text(archive.citation(one)),
        stem="archive",
    )


def serial_page(
    archive: ArchiveFacts, one: SerialFacts, places: Places, links: Iterable[Signpost], about: dict[str, Any]
) -> bytes:
    """The page of a serial."""
    return _render(
        "serial.html",
        **_values(archive, one, places, links, about),
        title=serial_title(archive, one),
        lead=serial_text(archive, one),
        citation=as_text(archive.citation(one)),
        bibtex=as_bibtex(archive.citation(one)),
        before=archive.before(one),
        after=archive.find(one.serial + 1),
        stem="snapshot",
    )


def _values(
    archive: ArchiveFacts, one: SerialFacts, places: Places, links: Iterable[Signpost], about: dict[str, Any]
) -> dict[str, Any]:
    """What both pages show."""
    view = archive.head.view_of
    return {
        "archive": archive,
        "one": one,
        "places": places,
        "links": [*links, Signpost("linkset", places.own(LINKSET_NAME), LINKSET)],
        "about": about,
        "earlier": archive.serials[:MOST_SERIALS],
        "claim": claim_text(archive, one),
        "hub": archive.names.archive(view.archive) if view else "",
        "hub_serial": archive.names.snapshot(view.archive, one.serial) if view else "",
        "doi_address": doi_iri(archive.head.doi) if archive.head.doi else "",
        "address": places.public or "ADDRESS/",
    }


def address_of(text: str) -> str:
    """A text where it is an address that a browser may follow; empty otherwise, so that no scheme runs a script."""
    return text if _ADDRESS.fullmatch(text) and text.startswith(_FOLLOWED) else ""


def _many(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"


@lru_cache(maxsize=1)
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("vocab.faces"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (files("vocab.faces") / "templates" / "style.css").read_text(encoding="utf-8")
    made.globals.update(style=Markup(style), run_kinds=_RUNS, ways=_WAYS, count_names=_COUNTS)  # noqa: S704 - our file
    made.filters.update(bytes=bytes_text, address=address_of)
    made.globals["many"] = _many
    return made


def _render(name: str, **values: Any) -> bytes:
    return _templates().get_template(name).render(**values).encode()
