"""HTML of every page, from templates that escape whatever the tables hold."""

from importlib.resources import files
from typing import Any

import pyoxigraph as ox
from jinja2 import Environment, PackageLoader, StrictUndefined

from gdac.tables.model import CODED_BY_LABEL
from vocab.enrich.schemes import attribution
from vocab.faces.wording import bytes_text
from vocab.header import citation
from vocab.names import parse_concept
from vocab.serve.describe import DOWNLOADS
from vocab.serve.site import Link, Site, page_of
from vocab.table import Table, Term


def static_files() -> dict[str, tuple[bytes, str]]:
    """Every file that is served as it is: name, bytes and media type. Nothing else on the disk is ever served."""
    kinds = {"css": "text/css", "js": "text/javascript", "txt": "text/plain"}
    found = {}
    for folder, prefix in (("", ""), ("yasgui", "yasgui/")):
        for one in (files("vocab.serve") / "static" / folder).iterdir():
            kind = kinds.get(one.name.rpartition(".")[2])
            if one.is_file() and kind:
                found[prefix + one.name] = (one.read_bytes(), kind)
    return found


class Pages:
    """Renders the pages of one site."""

    def __init__(self, site: Site, *, changes: bool, archive: bool = False) -> None:
        self._site = site
        self._templates = Environment(
            loader=PackageLoader("vocab.serve"), autoescape=True, undefined=StrictUndefined, auto_reload=False
        )
        self._templates.globals.update(
            release=site.vocabulary.record.release,
            changes=changes,
            page_of=page_of,
            downloads=DOWNLOADS,
            archived=archive,
        )
        self._templates.filters["bytes"] = bytes_text

    def render(self, name: str, **values: Any) -> bytes:
        """A template with these values."""
        return self._templates.get_template(name).render(**values).encode()

    def home(self, about: dict[str, Any]) -> bytes:
        """The landing page; `about` is its schema.org description."""
        record, names = self._site.vocabulary.record, self._site.names
        version = names.version(record.release.label)
        return self.render(
            "home.html",
            about=about,
            tables=record.tables,
            enrichment=record.enrichment,
            terms=sum(one.terms for one in record.tables),
            deprecated=sum(one.deprecated for one in record.tables),
            citation=citation("Argo vocabulary", record.release, version),
            made="Made by argo-gdac: tables imported verbatim with their digests, enriched by stated rules, checked "
            "against shapes; the record of the build is among the downloads.",
        )

    def table(self, table: Table) -> bytes:
        """The page of a table."""
        scheme = self._site.names.scheme(table.id)
        return self.render("table.html", table=table, scheme=scheme, credit=attribution(table))

    def term(self, term: Term) -> bytes:
        """The page of a term."""
        site = self._site
        return self.render(
            "term.html",
            term=term,
            table=site.vocabulary.tables.by_id[term.table],
            code=term.label if term.table in CODED_BY_LABEL else term.code or term.identifier,
            fate=site.fate(term),
            values=list(site.values(term)),
            links=list(site.links(term)),
            replaced=site.replaced(term),
        )

    def resource(self, iri: str, triples: list[ox.Triple], held: int) -> bytes:
        """The page of any other IRI of ours."""
        rows = [(self._site.link(one.predicate.value), self._value(one.object)) for one in triples]
        return self.render("resource.html", iri=iri, rows=rows, held=held)

    def _value(self, value: Any) -> Link:
        if not isinstance(value, ox.NamedNode) or not value.value.startswith(("http://", "https://")):
            return Link("", getattr(value, "value", str(value)))
        iri, names = value.value, self._site.names
        here = page_of(iri) if parse_concept(iri) and self._site.vocabulary.tables.term(iri) else ""
        if iri.startswith(names.base):
            here = "/" + iri.removeprefix(names.base)
        return Link(iri, self._site.link(iri).label, here)
