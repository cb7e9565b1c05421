"""What every face must fulfil: RDF by our shapes, schema.org by the guidelines, DataCite, signposts.

Nothing is fetched. The schema that DataCite publishes is not part of the package; what is checked of DataCite here is
what its schema 4.5 requires, and our own rule that a serial has no DOI.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox
from pyshacl import validate
from rdflib import Graph, Namespace
from rdflib.namespace import RDF

from gdac.errors import UsageError
from policies.shapes import shapes_text
from vocab.faces.places import PAGE
from vocab.faces.reading import PageRead, absolute, description_triples, read_page
from vocab.faces.signposts import LINKSET_NAME, Signpost
from vocab.names import SH, Names
from vocab.preflight.finding import Finding, Severity
from vocab.preflight.shacl import check_shapes, provenance_shapes

_SH: Final = Namespace(SH)
#: A face is smaller than this, in bytes.
MAX_BYTES: Final = 8 << 20
_DATACITE_REQUIRED: Final = ("creators", "titles", "publisher", "publicationYear", "types", "schemaVersion")
#: Where a folder of faces is thought to lie while it is checked; any address would do.
_SOMEWHERE: Final = "https://example.org/manifest/about/"


def looks_like_faces(folder: Path) -> bool:
    """Whether a folder holds the faces of an archive or of a serial."""
    return (folder / PAGE).is_file() and (folder / LINKSET_NAME).is_file()


def check_faces(folder: Path, names: Names) -> list[Finding]:
    """Check the faces of an archive, and those of the serials that lie below, or those of one serial.

    Raises:
        UsageError: there are none.
    """
    if not looks_like_faces(folder):
        raise UsageError(f"{folder} holds no landing page with a linkset.", hint="They lie in TREE/manifest/about.")
    found = _check_one(folder, "", names)
    for below in sorted(folder.iterdir()):
        if below.is_dir() and below.name.isdecimal() and looks_like_faces(below):
            found += _check_one(below, f"{below.name}/", names)
    return found


def check_rdf(turtle: bytes, json_ld: bytes, names: Names) -> list[Finding]:
    """Both RDF faces: they can be read, say the same, and conform to the shapes of provenance."""
    graphs = []
    for data, syntax in ((turtle, ox.RdfFormat.TURTLE), (json_ld, ox.RdfFormat.JSON_LD)):
        try:
            graphs.append({quad.triple for quad in ox.parse(data, format=syntax)})
        except (SyntaxError, ValueError) as error:
            return [_error("rdf", f"the {syntax.name} face cannot be read: {error}.")]
    found = check_shapes(sorted(graphs[0], key=str), names, provenance_shapes(names))
    if graphs[0] != graphs[1]:
        lost, more = len(graphs[0] - graphs[1]), len(graphs[1] - graphs[0])
        found.append(_error("rdf", f"JSON-LD lacks {lost} triples of the Turtle and has {more} others."))
    return found


def check_page(page: bytes, base: str) -> list[Finding]:
    """The schema.org description inside a page, by the guidelines.

    Args:
        page: HTML.
        base: its address.
    """
    read = read_page(page)
    if read.broken or len(read.blocks) != 1:
        return [_error("schema.org", f"a page has one JSON-LD description; here {len(read.blocks)} can be read.")]
    return check_description(read.about, base)


def check_description(about: Mapping[str, Any], base: str) -> list[Finding]:
    """A schema.org description, by the guidelines."""
    try:
        triples = description_triples(about, base)
    except ValueError as error:
        return [_error("schema.org", f"the description cannot be read as JSON-LD: {error}.")]
    if not any(one.object == ox.NamedNode("https://schema.org/Dataset") for one in triples):
        wrong = any("schema.org" in str(one.object) and str(one.object).endswith("Dataset>") for one in triples)
        more = "; the context is not https://schema.org/" if wrong else ""
        return [_error("schema.org", f"the description is of no Dataset{more}.")]
    data = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
    shapes = Graph().parse(data=shapes_text("faces"), format="turtle")
    graph = Graph().parse(data=data, format="nt")
    _, report, _ = validate(graph, shacl_graph=shapes, inference="none", advanced=False)
    return sorted(_results(report), key=lambda one: (one.severity, one.subject, one.text))


def check_linkset(data: bytes) -> list[Finding]:
    """The form of a linkset: RFC 9264, section 4.2."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        return [_error("linkset", f"it is no JSON document: {error}.")]
    sets = document.get("linkset") if isinstance(document, dict) else None
    if not isinstance(sets, list) or set(document) != {"linkset"} or not sets:
        return [_error("linkset", "it is no object with the one member 'linkset', a list of contexts.")]
    return [_error("linkset", text) for context in sets for text in _context_errors(context)]


def check_signposts(read: PageRead, linkset: bytes, base: str) -> list[Finding]:
    """FAIR Signposting, level 1 in the page and level 2 in the linkset, and that both say the same."""
    links = absolute(read.links, base)
    counts: dict[str, int] = {}
    for one in links:
        counts[one.relation] = counts.get(one.relation, 0) + 1
    found = []
    if counts.get("cite-as", 0) != 1:
        found.append(_error("signposting", f"a page has one cite-as link; this one has {counts.get('cite-as', 0)}."))
    if counts.get("license", 0) > 1:
        found.append(_error("signposting", "a page has at most one license link."))
    found += [
        _error("signposting", f"the page has no {one} link.") for one in ("type", "describedby") if one not in counts
    ]
    found += [
        _error("signposting", f"the {one.relation} link to {one.target} has no media type.")
        for one in links
        if one.relation in {"describedby", "item"} and not one.media
    ]
    from_page = {one for one in links if one.relation not in {"linkset", "icon"}}
    if (other := _from_page(linkset, base)) != from_page:
        found.append(_error("signposting", f"{len(from_page ^ other)} links are in the page or the linkset alone."))
    return found


def check_datacite(data: bytes, *, serial: bool) -> list[Finding]:
    """What DataCite's schema 4.5 requires, and that no serial and no fragment passes for a DOI."""
    try:
        record = json.loads(data)
    except (ValueError, RecursionError) as error:
        return [_error("datacite", f"it is no JSON document: {error}.")]
    if not isinstance(record, dict):
        return [_error("datacite", "it is no JSON object.")]
    found = [_error("datacite", f"{name!r} is missing.") for name in _DATACITE_REQUIRED if not record.get(name)]
    if not re.fullmatch(r"\d{4}", str(record.get("publicationYear", ""))):
        found.append(_error("datacite", "publicationYear is not four digits."))
    if serial and "doi" in record:
        found.append(_error("datacite", f"a serial has no DOI, but {record['doi']!r} is stated."))
    dois = [record.get("doi", "")]
    related = [one for one in record.get("relatedIdentifiers", []) if isinstance(one, dict)]
    dois += [one.get("relatedIdentifier", "") for one in related if one.get("relatedIdentifierType") == "DOI"]
    found += [_error("datacite", f"{one!r} is no DOI: it has a fragment.") for one in dois if "#" in str(one)]
    return found


def _check_one(folder: Path, label: str, names: Names) -> list[Finding]:
    stem = "archive" if (folder / "archive.ttl").is_file() else "snapshot"
    names_of = (PAGE, LINKSET_NAME, "datacite.json", f"{stem}.ttl", f"{stem}.jsonld")
    data = {name: _read(folder / name) for name in names_of}
    base = f"{_SOMEWHERE}{label}{PAGE}"
    missing = [Finding("faces", Severity.ERROR, label + name, "is missing.") for name, one in data.items() if not one]
    if missing:
        return missing
    read = read_page(data[PAGE])
    by_file = {
        f"{stem}.ttl": check_rdf(data[f"{stem}.ttl"], data[f"{stem}.jsonld"], names),
        PAGE: [*check_page(data[PAGE], base), *check_signposts(read, data[LINKSET_NAME], base)],
        LINKSET_NAME: check_linkset(data[LINKSET_NAME]),
        "datacite.json": check_datacite(data["datacite.json"], serial=stem == "snapshot"),
    }
    return [
        Finding(one.check, one.severity, one.subject or label + name, one.text)
        for name, found in by_file.items()
        for one in found
    ]


def _read(file: Path) -> bytes:
    if not file.is_file() or file.stat().st_size > MAX_BYTES:
        return b""
    return file.read_bytes()


def _results(report: Graph) -> Iterable[Finding]:
    for result in report.subjects(RDF.type, _SH.ValidationResult):
        recommended = report.value(result, _SH.resultSeverity) == _SH.Warning
        focus = str(report.value(result, _SH.focusNode))
        yield Finding(
            "schema.org",
            Severity.WARNING if recommended else Severity.ERROR,
            focus if focus.startswith("http") else "",
            f"{report.value(result, _SH.resultMessage)}.",
        )


def _context_errors(context: object) -> Iterable[str]:
    if not isinstance(context, dict):
        yield "a context is no object."
        return
    if not isinstance(context.get("anchor", ""), str):
        yield "an anchor is no text."
    for relation, targets in context.items():
        if relation == "anchor":
            continue
        if not isinstance(targets, list) or not targets:
            yield f"{relation!r} is no list of targets."
            continue
        for one in targets:
            if not isinstance(one, dict) or not isinstance(one.get("href"), str) or not one["href"]:
                yield f"a target of {relation!r} has no href."


def _from_page(linkset: bytes, base: str) -> set[Signpost]:
    """Links of the linkset whose anchor is the page."""
    try:
        contexts = json.loads(linkset)["linkset"]
        found = [
            (relation, one["href"], one.get("type", ""))
            for context in contexts
            if absolute((Signpost("", context.get("anchor", "")),), base)[0].target == base
            for relation, targets in context.items()
            if relation != "anchor"
            for one in targets
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return set()
    return set(absolute(tuple(Signpost(*one) for one in found), base))


def _error(check: str, text: str) -> Finding:
    return Finding(check, Severity.ERROR, "", text)
