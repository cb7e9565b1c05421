"""F-UJI with metrics 0.8 (17 metrics, 26 points), re-implemented for landing pages: of the vocabulary, of an archive.

Metadata are what the page's schema.org block, its signposts and its RDF say; where a test asks the identifier system or
the internet, it is not assessed.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urljoin

from vocab.fair.outcome import Assessment, Check, Part, part
from vocab.fair.probe import HTML, RDF, Server

VERSION: Final = "F-UJI metrics 0.8"

_CORE: Final = ("creator", "name", "identifier", "datePublished", "publisher", "@type")
_BLOCK: Final = re.compile(rb'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)
_PERSISTENT: Final = re.compile(r"https?://(?:w3id\.org|doi\.org|purl\.org|hdl\.handle\.net)/\S+")
_OPEN: Final = frozenset({"text/turtle", "application/rdf+xml", "application/n-triples", "application/ld+json",
                          "application/n-quads", "application/json"})  # fmt: skip
#: Namespaces of registered vocabularies.
_REGISTERED: Final = (
    b"http://purl.org/dc/terms/",
    b"http://www.w3.org/2004/02/skos/core#",
    b"http://www.w3.org/ns/dcat#",
)
_PROVENANCE: Final = (b"http://www.w3.org/ns/prov#", b"http://purl.org/pav/")


def assess(server: Server, landing: str) -> Assessment:
    """The 17 metrics of the page that an IRI leads to."""
    page = server.get(landing, HTML)
    about = structured_data(page.body)
    rdf = server.get(landing, "text/turtle")
    files = [one for one in about.get("distribution", []) if isinstance(one, Mapping)]
    return Assessment(VERSION, landing, tuple(_metrics(server, landing, about, rdf.body, files)), by_points=True)


def structured_data(page: bytes) -> Mapping[str, Any]:
    """The first JSON-LD block of a page; empty when there is none that can be read."""
    match = _BLOCK.search(page)
    try:
        found = json.loads(match[1]) if match else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _metrics(
    server: Server, landing: str, about: Mapping[str, Any], rdf: bytes, files: list[Mapping[str, Any]]
) -> list[Check]:
    found = identifiers(about)
    identifier = next((one for one in found if _PERSISTENT.fullmatch(one)), found[0] if found else "")
    page = server.get(landing, HTML)
    addresses = [urljoin(page.address or landing, str(one["contentUrl"])) for one in files if one.get("contentUrl")]
    kinds = {str(one.get("encodingFormat", "")) for one in files}
    web = re.compile(r"https?://\S+")
    reached = any(server.get(one, "*/*").status == 200 for one in addresses)
    embedded, negotiated = bool(about), any(server.get(landing, one).media == one for one in RDF)
    missing = [one for one in _CORE if not about.get(one)]
    more = [one for one in ("description", "keywords") if not about.get(one)]
    registered = any(one in rdf for one in _REGISTERED)
    sized = any(one.get("contentSize") and one.get("encodingFormat") for one in files)
    related = [one for one in ("isBasedOn", "citation", "isPartOf") if about.get(one)]
    relations = ", ".join(related) or "no isBasedOn, citation or isPartOf"
    formats = ", ".join(sorted(kinds))[:80] or "no file has a format"
    if not kinds & _OPEN:
        formats += ": not among the open formats of the assessment, as far as they are known here"
    return [
        _metric("F1-01MD", "Unique identifier", ("syntax", bool(web.fullmatch(identifier)), identifier, 1)),
        _metric("F1-02MD", "Persistent identifier",
                ("syntax", bool(_PERSISTENT.fullmatch(identifier)), identifier, 0.5),
                ("registered", None, "the identifier system must redirect: needs the internet", 0.5)),
        _metric("F2-01M", "Descriptive metadata",
                ("citation", not missing, _lacks(missing) or "creator, title, identifier, date, publisher, type", 1),
                ("description", not missing + more, _lacks(missing + more) or "and summary, keywords", 1)),
        _metric("F3-01M", "Data identifier", ("addresses of files", bool(addresses), f"{len(addresses)} files", 1)),
        _metric("F4-01M", "Searchable", ("schema.org", embedded and "schema.org" in str(about.get("@context")),
                "JSON-LD in HTML", 2)),
        _metric("A1-01M", "Access information", ("access", "isAccessibleForFree" in about, "isAccessibleForFree", 1)),
        _metric("A1-02MD", "Retrievable", ("metadata", page.status == 200, server.reason, 1),
                ("data", reached, "a file of the page was fetched" if reached else "no file could be fetched", 1)),
        _metric("A1.1-01MD", "Standard protocol", ("metadata", bool(web.fullmatch(landing)), landing, 1),
                ("data", bool(addresses) and all(map(web.fullmatch, addresses)), "http(s)", 1)),
        _metric("A1.2-01MD", "Protocol with authentication", ("metadata", bool(web.fullmatch(landing)), "http(s)", 1),
                ("data", bool(addresses) and all(map(web.fullmatch, addresses)), "http(s)", 1)),
        _metric("I1-01M", "Formal representation", ("RDF", embedded or negotiated, "embedded and by negotiation", 2)),
        _metric("I2-01M", "Semantic resources", ("namespaces", registered, "DCT, SKOS, DCAT", 2)),
        _metric("I3-01M", "Related entities", ("typed links", bool(related), relations, 2)),
        _metric("R1-01M", "Content of the data", ("type", bool(about.get("@type")), str(about.get("@type", "")), 1),
                ("size and format", sized, "of files" if sized else "no file of the page has both", 1)),
        _metric("R1.1-01M", "Licence", ("licence", bool(about.get("license")), str(about.get("license", "none")), 1)),
        _metric("R1.2-01M", "Provenance", ("PROV or PAV, or dates and agents",
                any(one in rdf for one in _PROVENANCE) or bool(about.get("dateCreated")), "in RDF and page", 1)),
        _metric("R1.3-01M", "Community standard", ("SKOS, DCAT, Dublin Core", registered,
                "generic standards of the RDA catalogue", 1)),
        _metric("R1.3-02D", "File format", ("open format", bool(kinds & _OPEN), formats, 1)),
    ]  # fmt: skip


def identifiers(about: Mapping[str, Any]) -> list[str]:
    """Every identifier that a description states, as an address where it is a PropertyValue with one."""
    stated = about.get("identifier", "")
    found = []
    for one in stated if isinstance(stated, list) else [stated]:
        value = one.get("url") or one.get("value", "") if isinstance(one, Mapping) else one
        if value:
            found.append(str(value))
    return found


def _lacks(names: list[str]) -> str:
    """What a description does not say, as a reason; empty where it says everything."""
    return f"it does not state {', '.join(names)}" if names else ""


def _metric(name: str, title: str, *tests: tuple[str, bool | None, str, float]) -> Check:
    parts: list[Part] = [part(what, passed, reason or "not given", most) for what, passed, reason, most in tests]
    return Check(f"FsF-{name}", name.partition("-")[0], title, tuple(parts))
