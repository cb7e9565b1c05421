"""How an archive, one of its serials or one of its DOI snapshots is cited: text, BibTeX, CSL-JSON and RIS.

Facts and sources: ``policies/data/citation.toml``. An archive whose DOI is not known there is cited by its own title.
Forms are pure: a `Citation` in, text out, escaped for the syntax it is in. Sources of the syntaxes: BibTeX 0.99d
("BibTeXing", sections 2 and 3), the CSL 1.0.2 schema of input data, the RIS format of 2011 (field tags, line rules).
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Protocol
from urllib.parse import quote

from gdac.manifest.head import Head, Licence
from policies.law import values

#: Where a DOI is resolved.
RESOLVER: Final = "https://doi.org/"


@dataclass(frozen=True, slots=True)
class Citation:
    """What a reader needs to find the very data again.

    Attributes:
        authors: organisations, as they sign; empty where none is known: then the title leads.
        year: of publication.
        title: as registered; of a snapshot with the words for the snapshot.
        publisher: who keeps it; None where nobody is named.
        doi: without resolver and without fragment; None where there is none.
        url: what leads there: the DOI's address, with the key of a snapshot as fragment; None where nothing does.
        key: key of the DOI snapshot that these data were proven to be or to hold; None otherwise.
        version: which state, such as ``serial 12, sealed 2026-11-22``; None for the archive as a whole.
        accessed: when the data were taken, or None.
        licence: under which licence.
    """

    authors: tuple[str, ...]
    year: int
    title: str
    publisher: str | None
    doi: str | None
    url: str | None
    key: str | None
    version: str | None
    accessed: date | None
    licence: Licence


class Keyed(Protocol):
    """A DOI snapshot, as `gdac.manifest.doi` has them."""

    @property
    def key(self) -> str:
        """The fragment after the DOI."""
        ...

    @property
    def title(self) -> str:
        """The snapshot's own title."""
        ...

    @property
    def date(self) -> date:
        """The day it shows."""
        ...


#: The sentence that publications are asked to carry, for the Argo archive.
ACKNOWLEDGEMENT: Final[str] = values("citation", "CIT-004")["text"]


def acknowledgement_for(doi: str | None) -> str | None:
    """The sentence asked of publications that use an archive; None where none is known."""
    return ACKNOWLEDGEMENT if doi is not None and _registered(doi) else None


def cite_archive(
    head: Head,
    *,
    serial: int | None = None,
    sealed: date | None = None,
    snapshot: Keyed | None = None,
    url: str | None = None,
    accessed: date | None = None,
) -> Citation:
    """The citation of an archive, of one of its serials, or of a DOI snapshot.

    Args:
        head: the archive's head: title, licence, DOI, id.
        serial: which serial; None for the archive as a whole.
        sealed: when it was sealed; of the head's own serial the head knows it.
        snapshot: the DOI snapshot that these data were *proven* to be or to hold. Never the nearest one.
        url: where an archive without DOI is shown to people.
        accessed: when the data were taken.
    """
    if sealed is None and serial in {None, head.serial}:
        sealed = head.sealed.date()
    version = None if serial is None else _version(head, serial, sealed)
    known = _registered(head.doi) if head.doi else None
    if known is None:
        address = RESOLVER + quote(head.doi, safe=_SAFE) if head.doi else url
        year = (sealed or head.sealed.date()).year
        return Citation((), year, head.title, None, head.doi, address, None, version, accessed, head.licence)
    doi = known["doi"]
    general = Citation(
        tuple(known["authors"]),
        known["year"],
        known["title"],
        known["publisher"],
        doi,
        RESOLVER + doi,
        None,
        version,
        accessed,
        head.licence,
    )
    if snapshot is None:
        return general
    return replace(
        general,
        year=snapshot.date.year,
        title=values("citation", "CIT-002")["title"].format(title=known["title"], snapshot=snapshot.title),
        url=snapshot_url(doi, snapshot.key),
        key=snapshot.key,
    )


def snapshot_url(doi: str, key: str) -> str:
    """The address of a DOI snapshot: the archive's DOI with the key as fragment."""
    template: str = values("citation", "CIT-002")["url"]
    return template.format(doi=quote(doi, safe=_SAFE), key=quote(key, safe=""))


def as_text(citation: Citation) -> str:
    """One line, as the archive words its own citation; what is not known is left out."""
    title = _one_line(citation.title)
    if citation.authors:
        parts = [f"{', '.join(map(_one_line, citation.authors))} ({citation.year})", title]
    else:
        parts = [f"{title} ({citation.year})"]
    if citation.version:
        parts.append(_capital(_one_line(citation.version)))
    if citation.publisher:
        parts.append(_one_line(citation.publisher))
    text = "".join(part + ("" if part.endswith((".", "!", "?")) else ".") + " " for part in parts)
    if citation.accessed:
        text += f"Accessed {citation.accessed.isoformat()}. "
    return (text + _address(citation.url or "")).rstrip()


def as_bibtex(citation: Citation, note: str = "") -> str:
    """One ``@misc`` entry, UTF-8; ``url`` and ``doi`` are verbatim fields.

    BibTeX counts braces even behind a backslash, so a title's own braces are spelt out.
    """
    fields = {
        "author": " and ".join("{" + _tex(name) + "}" for name in citation.authors),
        "title": "{" + _tex(citation.title) + "}",
        "year": str(citation.year),
        "publisher": _tex(citation.publisher or ""),
        "version": _tex(citation.version or ""),
        "doi": _address(citation.doi or ""),
        "url": _address(citation.url or ""),
        "urldate": citation.accessed.isoformat() if citation.accessed else "",
        "copyright": _tex(citation.licence.spdx),
        "note": _tex(note),
    }
    lines = [f"  {name:<10}= {{{value}}}" for name, value in fields.items() if value]
    return f"@misc{{{identifier(citation)},\n" + ",\n".join(lines) + "\n}\n"


def as_csl(citation: Citation, note: str = "") -> dict[str, Any]:
    """One item of CSL's input data; `as_csl_json` makes the document."""
    item: dict[str, Any] = {
        "id": identifier(citation),
        "type": "dataset",
        "author": [{"literal": _one_line(name)} for name in citation.authors],
        "issued": {"date-parts": [[citation.year]]},
        "title": _one_line(citation.title),
        "publisher": _one_line(citation.publisher or ""),
        "version": _one_line(citation.version or ""),
        "DOI": citation.doi or "",
        "URL": _address(citation.url or ""),
        "note": _one_line(f"Licence: {citation.licence.spdx}. {note}"),
    }
    if citation.accessed:
        day = citation.accessed
        item["accessed"] = {"date-parts": [[day.year, day.month, day.day]]}
    return {name: value for name, value in item.items() if value}


def as_csl_json(citation: Citation, note: str = "") -> str:
    """A CSL-JSON document with the one item."""
    return json.dumps([as_csl(citation, note)], ensure_ascii=False, indent=1) + "\n"


def as_ris(citation: Citation, note: str = "") -> str:
    """One RIS record of type DATA: CRLF lines, one value a line, no asterisk in a name."""
    lines = [("TY", "DATA")]
    lines += [("AU", _one_line(name).replace("*", "")) for name in citation.authors]
    lines += [("PY", str(citation.year)), ("TI", _one_line(citation.title))]
    lines += [("PB", _one_line(citation.publisher or "")), ("ET", _one_line(citation.version or ""))]
    lines += [("DO", _address(citation.doi or "")), ("UR", _address(citation.url or ""))]
    lines += [("Y2", citation.accessed.strftime("%Y/%m/%d") if citation.accessed else "")]
    lines += [("C1", f"Licence: {_one_line(citation.licence.spdx)}"), ("N1", _one_line(note))]
    return "".join(f"{tag}  - {value}\r\n" for tag, value in lines if value) + "ER  - \r\n"


def identifier(citation: Citation) -> str:
    """The name of an entry: lower-case letters, digits and hyphens, the same for the same citation."""
    stem = (citation.authors or (citation.title,))[0]
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)[:3] or ["archive"]
    serial = re.match(r"serial (\d+)", citation.version or "")
    last = [re.sub(r"[^a-z0-9]+", "", citation.key.lower())] if citation.key else []
    return "-".join([*words, str(citation.year), *last, *([f"serial{serial[1]}"] if serial else [])])


#: Characters of an address that need no escape in any of the forms; ``%`` stands for itself.
_SAFE: Final = "/:?#@!$&'()*+,;=-._~%"
_TEX: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "$&#_%"},
}


def _registered(doi: str) -> Mapping[str, Any] | None:
    """The entry of the data whose DOI it is; DOIs do not tell upper from lower case."""
    argo = values("citation", "CIT-001")
    return argo if doi.lower() == argo["doi"] else None


def _version(head: Head, serial: int, sealed: date | None) -> str:
    """A view has the serials of its hub, and readers will look for the hub: that is named first."""
    when = f", sealed {sealed.isoformat()}" if sealed else ""
    where = head.archive if head.view_of is None else f"{head.view_of.archive}, view {head.archive}"
    return f"serial {serial} of archive {where}{when}"


def _one_line(text: str) -> str:
    """Without line breaks, control and format characters; blanks run together."""
    kept = "".join(one if unicodedata.category(one)[0] != "C" else " " for one in text)
    return " ".join(kept.split())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _tex(text: str) -> str:
    return "".join(_TEX.get(one, one) for one in _one_line(text))


def _address(text: str) -> str:
    """An address with whatever is no character of an address percent-encoded: braces and blanks above all."""
    return quote(text, safe=_SAFE, errors="replace")
