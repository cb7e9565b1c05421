"""The web application: routes to pages, RDF, downloads and the SPARQL endpoint."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox
from aiohttp import web

from vocab.changes.page import diff_page
from vocab.changes.rdf import diff_triples
from vocab.changes.versions import VersionDiff
from vocab.export.flatten import by_subject, flat_table, flat_vocabulary
from vocab.export.ontoportal import serialize
from vocab.folder import RECORD
from vocab.query.answer import Limits
from vocab.query.questions import questions
from vocab.query.scan import QueryRefusedError
from vocab.serve.answering import (
    EDITOR_POLICY,
    FailedError,
    add_headers,
    failed,
    likes_pages,
    root_of,
    send,
    wanted,
)
from vocab.serve.archive import Archive
from vocab.serve.archive_routes import FloatRoutes
from vocab.serve.describe import (
    DOWNLOADS,
    landing_links,
    schema_org,
    service_description,
    signposts,
    table_links,
    term_links,
    void_description,
)
from vocab.serve.endpoint import answer, as_page, read_request
from vocab.serve.negotiate import HTML
from vocab.serve.pages import Pages, static_files
from vocab.serve.pool import Pool
from vocab.serve.site import Site
from vocab.table import Table

#: RDF that pages are offered as besides HTML.
RDF: Final = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
}
#: Seconds that a connection may stay without a whole request head.
IDLE: Final = 15.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Service:
    """What the handlers share.

    Attributes:
        site: the vocabulary as pages.
        quads: its N-Quads file.
        pool: what answers queries.
        limits: of a query.
        public: address by which the world knows the server; empty for that of each request.
        diff: what changed since an older version; None where none is named.
        archive: a sealed archive that is served beside it; None where none is named.
    """

    site: Site
    quads: Path
    pool: Pool
    limits: Limits
    public: str = ""
    diff: VersionDiff | None = None
    archive: Archive | None = None
    _made: dict[str, "asyncio.Task[bytes]"] = field(default_factory=dict)

    async def made(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Bytes that are made once, in a thread, when somebody wants them."""
        if name not in self._made:
            self._made[name] = asyncio.create_task(asyncio.to_thread(make))
        return await asyncio.shield(self._made[name])

    def known_sizes(self) -> dict[str, int]:
        """Bytes of the downloads that lie on the disk; the others are made when somebody wants them."""
        return {file.name: file.stat().st_size for file in (self.quads, self.quads.with_name(RECORD))}


def application(service: Service) -> web.Application:
    """The application, ready to run; starts and ends the workers with it."""
    handlers = _Handlers(service)

    async def workers(_app: web.Application) -> Any:
        await service.pool.start()
        yield
        await service.pool.close()

    app = web.Application(middlewares=[handlers.errors])
    app.cleanup_ctx.append(workers)
    app.on_response_prepare.append(add_headers)
    app.add_routes(handlers.archive_routes())
    app.add_routes(
        [
            web.get("/", handlers.home),
            web.get("/vocabulary", handlers.home),
            web.get("/vocabulary/version/{label}", handlers.version),
            web.get("/vocabulary/{table}", handlers.table),
            web.get("/collection/{table}/current/", handlers.table),
            web.get("/collection/{table}/current/{term}/", handlers.term),
            web.get("/collection/{table}/current/{term}", handlers.term),
            web.get("/search", handlers.search),
            web.get("/sparql", handlers.sparql),
            web.post("/sparql", handlers.sparql),
            web.get("/questions/{name}.rq", handlers.question),
            web.get("/download/{label}/{name}", handlers.download),
            web.get("/download/{label}/tables/{table}.ttl", handlers.table_file),
            web.get("/.well-known/void", handlers.void),
            web.get("/changes", handlers.changes),
            web.get("/static/{name:.+}", handlers.static),
            web.get("/logo.svg", handlers.logo),
            web.get("/health", handlers.health),
            web.get("/{path:(?:agent|graph|vocabulary)/.+}", handlers.resource),
            web.options("/{path:.*}", handlers.options),
            web.get("/{path:.*}", handlers.nothing),
        ]
    )
    return app


class _Handlers:
    """One method per route."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._site = service.site
        self._vocabulary = service.site.vocabulary
        self._pages = Pages(service.site, changes=service.diff is not None, archive=service.archive is not None)
        self._static = static_files()
        self._logo = (files("vocab.ontology") / "logo.svg").read_bytes()

    def archive_routes(self) -> list[web.RouteDef]:
        """Routes of the archive that is served beside the vocabulary; none where there is none."""
        if self._service.archive is None:
            return []
        made = FloatRoutes(self._service.archive, self._site, self._pages, self._root, self._rdf, tuple(RDF))
        return made.routes()

    @web.middleware
    async def errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Errors as clear text, or as a page for those who like pages."""
        try:
            return await handler(request)
        except FailedError as error:
            told = error
        except QueryRefusedError as error:
            told = failed(error)
        except web.HTTPException as error:
            if error.status < HTTPStatus.BAD_REQUEST:
                raise
            told = FailedError(HTTPStatus(error.status), _SENTENCES.get(HTTPStatus(error.status), error.reason), "")
        headers = {"Retry-After": "5"} if told.status == HTTPStatus.SERVICE_UNAVAILABLE else {}
        if told.status in {HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_TIMEOUT}:
            headers["Connection"] = "close"
        if likes_pages(request):
            body = self._pages.render(
                "error.html", status=int(told.status), heading=told.status.phrase, what=_sentence(told.what),
                hint=told.hint,
            )  # fmt: skip
            return await send(request, body, HTML, status=told.status, headers=headers)
        text = f"{told.what}\n{told.hint}".rstrip() + "\n"
        return await send(request, text.encode(), "text/plain", status=told.status, headers=headers)

    async def home(self, request: web.Request) -> web.StreamResponse:
        media = wanted(request, HTML, *RDF)
        root = self._root(request)
        links = {"Link": signposts(landing_links(self._vocabulary, root))}
        if media == HTML:
            about = schema_org(self._vocabulary, root, self._service.known_sizes())
            return await send(request, self._pages.home(about), HTML, headers=links)
        name = next(name for name, (kind, _) in DOWNLOADS.items() if kind == media)
        return await send(request, await self._whole(name), media, headers=links)

    async def version(self, request: web.Request) -> web.StreamResponse:
        self._check_label(request)
        return await self.home(request)

    async def table(self, request: web.Request) -> web.StreamResponse:
        table = self._table(request)
        media = wanted(request, HTML, *RDF)
        links = {"Link": signposts(table_links(self._vocabulary, table, self._root(request)))}
        body = self._pages.table(table) if media == HTML else await self._table_rdf(table, media)
        return await send(request, body, media, headers=links)

    async def term(self, request: web.Request) -> web.StreamResponse:
        table = self._table(request)
        term = table.terms.get(request.match_info["term"])
        if term is None:
            raise FailedError(HTTPStatus.NOT_FOUND, f"table {table.id} has no term of that name.", "Search for it.")
        path = request.path if request.path.endswith("/") else request.path + "/"
        media = wanted(request, HTML, *RDF)
        links = {"Link": signposts(term_links(term, path, self._root(request)))}
        body = self._pages.term(term) if media == HTML else self._rdf(self._site.describe(term.iri), media, term.iri)
        return await send(request, body, media, headers=links)

    async def search(self, request: web.Request) -> web.StreamResponse:
        asked = request.query.get("q", "")[:200]
        hits, found = self._site.search(asked)
        return await send(request, self._pages.render("search.html", asked=asked, hits=hits, found=found), HTML)

    async def sparql(self, request: web.Request) -> web.StreamResponse:
        asked = await read_request(request)
        if asked is not None:
            data = await answer(self._service.pool, asked)
            if asked.media == HTML:
                data = self._pages.render("results.html", **as_page(asked, data))
            return await send(request, data, asked.media)
        media = wanted(request, *RDF, HTML)
        if media != HTML:
            triples = service_description(self._vocabulary, self._root(request))
            return await send(request, self._rdf(triples, media, f"{self._root(request)}/sparql"), media)
        return await self._query_page(request)

    async def _query_page(self, request: web.Request) -> web.StreamResponse:
        known = questions(self._site.names)
        name = request.query.get("question", "models")
        text = request.query.get("edit", "") or next((one.text for one in known if one.name == name), known[0].text)
        body = self._pages.render(
            "query.html",
            questions=known,
            text=text,
            root=self._root(request),
            seconds=f"{self._service.limits.seconds:g}",
            rows=self._service.limits.rows,
        )
        return await send(request, body, HTML, headers={"Content-Security-Policy": EDITOR_POLICY})

    async def question(self, request: web.Request) -> web.StreamResponse:
        for one in questions(self._site.names):
            if one.name == request.match_info["name"]:
                return await send(request, one.text.encode(), "application/sparql-query")
        raise FailedError(HTTPStatus.NOT_FOUND, "there is no question of that name.")

    async def download(self, request: web.Request) -> web.StreamResponse:
        self._check_label(request)
        name = request.match_info["name"]
        if name not in DOWNLOADS:
            raise FailedError(HTTPStatus.NOT_FOUND, "there is no download of that name.", "They are on the first page.")
        return await send(request, await self._whole(name), DOWNLOADS[name][0])

    async def table_file(self, request: web.Request) -> web.StreamResponse:
        self._check_label(request)
        return await send(request, await self._table_rdf(self._table(request), "text/turtle"), "text/turtle")

    async def void(self, request: web.Request) -> web.StreamResponse:
        media = wanted(request, *RDF)
        triples = void_description(self._vocabulary, self._root(request))
        return await send(request, self._rdf(triples, media, self._site.names.vocabulary), media)

    async def changes(self, request: web.Request) -> web.StreamResponse:
        if self._service.diff is None:
            raise FailedError(HTTPStatus.NOT_FOUND, "no older version is known here.", "Start with --since FOLDER.")
        diff = self._service.diff
        media = wanted(request, HTML, *RDF)
        if media == HTML:
            # The page stands alone and brings its own style.
            headers = {"Content-Security-Policy": EDITOR_POLICY}
            return await send(request, diff_page(diff).encode(), HTML, headers=headers)
        return await send(request, self._rdf(diff_triples(diff, self._site.names), media), media)

    async def static(self, request: web.Request) -> web.StreamResponse:
        found = self._static.get(request.match_info["name"])
        if found is None:
            raise FailedError(HTTPStatus.NOT_FOUND, "there is no such file.")
        return await send(request, *found)

    async def logo(self, request: web.Request) -> web.StreamResponse:
        return await send(request, self._logo, "image/svg+xml")

    async def health(self, request: web.Request) -> web.StreamResponse:
        return await send(request, b"ok\n", "text/plain")

    async def resource(self, request: web.Request) -> web.StreamResponse:
        """Any other IRI under our base: graphs, agents, placeholders, replacements."""
        iri = self._site.names.base + request.match_info["path"]
        try:
            triples = self._site.describe(iri)
        except ValueError:  # no IRI
            triples = []
        if not triples:
            raise FailedError(HTTPStatus.NOT_FOUND, "nothing is known of that address.")
        media = wanted(request, HTML, *RDF)
        graph = self._site.graph(iri)
        if media == HTML:
            return await send(request, self._pages.resource(iri, triples, len(graph)), HTML)
        return await send(request, self._rdf([*triples, *graph], media, iri), media)

    async def nothing(self, _request: web.Request) -> web.StreamResponse:
        raise FailedError(HTTPStatus.NOT_FOUND, "there is nothing at this address.", "The first page lists the tables.")

    async def options(self, _request: web.Request) -> web.StreamResponse:
        headers = {
            "Allow": "GET, HEAD, POST, OPTIONS",
            "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
            "Access-Control-Allow-Headers": "Accept, Content-Type, If-None-Match",
            "Access-Control-Max-Age": "86400",
        }
        return web.Response(status=HTTPStatus.NO_CONTENT, headers=headers)

    def _root(self, request: web.Request) -> str:
        return root_of(request, self._service.public)

    def _check_label(self, request: web.Request) -> None:
        label = self._vocabulary.record.release.label
        if request.match_info["label"] != label:
            raise FailedError(HTTPStatus.NOT_FOUND, f"this server holds version {label} and no other.")

    def _table(self, request: web.Request) -> Table:
        found = self._vocabulary.tables.by_id.get(request.match_info["table"])
        if found is None:
            raise FailedError(HTTPStatus.NOT_FOUND, "there is no table of that name.", "They are on the first page.")
        return found

    def _rdf(self, triples: Any, media: str, first: str = "") -> bytes:
        return serialize(triples, RDF[media], self._site.names, first=first)

    async def _whole(self, name: str) -> bytes:
        """A download of everything."""
        if name == "vocabulary.nq":
            return await self._service.made(name, self._service.quads.read_bytes)
        if name == "vocabulary.json":
            return await self._service.made(name, self._service.quads.with_name(name).read_bytes)
        syntax = RDF[DOWNLOADS[name][0]]
        first = self._site.names.vocabulary
        return await self._service.made(
            name, lambda: serialize(flat_vocabulary(self._vocabulary), syntax, self._site.names, first=first)
        )

    async def _table_rdf(self, table: Table, media: str) -> bytes:
        def make() -> bytes:
            triples = flat_table(self._vocabulary, table.id, by_subject(self._vocabulary))
            return self._rdf(triples, media, self._site.names.scheme(table.id))

        return await self._service.made(f"{table.id} {media}", make)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


_SENTENCES: Final = {
    HTTPStatus.METHOD_NOT_ALLOWED: "this address does not take that method; the vocabulary is only read.",
}
