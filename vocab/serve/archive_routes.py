"""Routes of an archive beside the vocabulary: its descriptions and sealed files as stored, and a page per float."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Final, TypeVar

import pyoxigraph as ox
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from gdac.errors import GdacError
from vocab.faces.places import ABOUT, PAGE
from vocab.faces.reading import absolute, read_page
from vocab.faces.signposts import LINKSET, Signpost, absolute_linkset, link_header
from vocab.names import Names
from vocab.serve.answering import EDITOR_POLICY, FailedError, send, wanted
from vocab.serve.archive import Archive, FloatRead, forbidden, media_of
from vocab.serve.floats import float_links, float_rdf, float_values
from vocab.serve.negotiate import HTML
from vocab.serve.pages import Pages
from vocab.serve.site import Site

#: Questions about floats that run at a time; each opens the manifest.
MOST_AT_ONCE: Final = 2
#: Seconds that a client may take to take a file.
DOWNLOADING: Final = 600.0
_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_RDF: Final = {"text/turtle": "ttl", "application/ld+json": "jsonld"}

Found = TypeVar("Found")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serialise = Callable[[list[ox.Triple], str, str], bytes]


class _Download(web.FileResponse):
    """A file on its way; who does not take it in time is cut off."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        try:
            async with asyncio.timeout(DOWNLOADING):
                return await super().prepare(request)
        except TimeoutError as error:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError("the client was too slow") from error


class ArchiveRoutes:
    """Handlers of the archive itself, one per route.

    Args:
        archive: what is served.
        root: address of the server as a request knows it.
    """

    def __init__(self, archive: Archive, root: Callable[[web.Request], str]) -> None:
        self._archive, self._root = archive, root

    def routes(self) -> list[web.RouteDef]:
        """Everything that is served of the archive."""
        return [
            web.get("/archive", self.home),
            web.get("/archive/", self.home),
            web.get(f"/archive/{{id:{_UUID}}}", self.iri),
            web.get(f"/archive/{{id:{_UUID}}}/serial/{{serial:[1-9][0-9]{{0,8}}}}", self.iri),
            web.get(f"/archive/{ABOUT}/{{name:.+}}", self.description),
            web.get("/archive/{key:.+}", self.file),
        ]

    async def home(self, _request: web.Request) -> web.StreamResponse:
        """To the landing page, under its own name, so that its relative links hold."""
        raise web.HTTPSeeOther(f"/archive/{ABOUT}/{PAGE}")

    async def iri(self, request: web.Request) -> web.StreamResponse:
        """What the IRI of the archive or of a serial leads to: the page or the RDF, by negotiation."""
        head = (await self._told(self._archive.described)).head
        if request.match_info["id"] != head.archive:
            raise FailedError(HTTPStatus.NOT_FOUND, "this server holds another archive.")
        media = wanted(request, HTML, *_RDF)
        serial = request.match_info.get("serial", "")
        stem = "snapshot" if serial else "archive"
        name = PAGE if media == HTML else f"{stem}.{_RDF[media]}"
        name = f"{serial}/{name}" if serial else name
        if await self._told(lambda: self._archive.description(name)) is None:
            raise FailedError(HTTPStatus.NOT_FOUND, f"serial {serial} is not described here.")
        raise web.HTTPSeeOther(f"/archive/{ABOUT}/{name}", headers={"Vary": "Accept"})

    async def description(self, request: web.Request) -> web.StreamResponse:
        """A face as it is stored, with its links in the header; a linkset with absolute addresses."""
        name = request.match_info["name"]
        body = await self._told(lambda: self._archive.description(name))
        if body is None:
            raise FailedError(HTTPStatus.NOT_FOUND, "the archive has no such description.", "They begin at /archive/.")
        media = media_of(name)
        here = f"{self._root(request)}/archive/{ABOUT}/{name}"
        if media == HTML:
            links = [one for one in absolute(read_page(body).links, here) if one.relation != "icon"]
            headers = {"Link": link_header(links), "Content-Security-Policy": EDITOR_POLICY}
            return await send(request, body, media, headers=headers)
        if media == LINKSET:
            with suppress(ValueError):  # what is no linkset goes out as it lies
                body = absolute_linkset(body, here)
        back = [Signpost("describes", f"{here.rpartition('/')[0]}/{PAGE}", HTML)]
        back += [Signpost("linkset", f"{here.rpartition('/')[0]}/linkset.json", LINKSET)]
        return await send(request, body, media, headers={"Link": link_header(back)})

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A sealed file, or a file of the archive as it lies."""
        key = request.match_info["key"]
        refusal = forbidden(key)
        if refusal is not None and refusal.policy != "DIS-006":  # what is no path of an archive is not there
            raise FailedError(HTTPStatus.FORBIDDEN, f"{key!a} must not be published: {refusal}.")
        file = await self._told(lambda: self._archive.file(key))
        if file is None:
            raise FailedError(HTTPStatus.NOT_FOUND, "the archive has no such file.")
        page = f"{self._root(request)}/archive/{ABOUT}/{PAGE}"
        headers = {"Link": link_header([Signpost("collection", page, HTML)]), "Content-Type": media_of(key)}
        return _Download(file, headers=headers)

    async def _told(self, ask: Callable[[], Found]) -> Found:
        """What a thread found; an archive that cannot be read just now is an answer too."""
        try:
            return await asyncio.to_thread(ask)
        except GdacError as error:
            what = "the archive cannot be read just now."
            raise FailedError(HTTPStatus.SERVICE_UNAVAILABLE, what, "Try again in a while.") from error


class FloatRoutes(ArchiveRoutes):
    """The same, and pages of floats with terms of the vocabulary beside it.

    Args:
        archive: what is served.
        site: the vocabulary.
        pages: renders pages.
        root: address of the server as a request knows it.
        rdf: triples in a media type, described thing first.
        syntaxes: media types that `rdf` can write.
    """

    def __init__(
        self,
        archive: Archive,
        site: Site,
        pages: Pages,
        root: Callable[[web.Request], str],
        rdf: Serialise,
        syntaxes: tuple[str, ...],
    ) -> None:
        super().__init__(archive, root)
        self._site, self._pages, self._rdf, self._syntaxes = site, pages, rdf, syntaxes
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    def routes(self) -> list[web.RouteDef]:
        """Everything that is served of the archive and its floats."""
        return [web.get("/float/{wmo}", self.float), *super().routes()]

    async def float(self, request: web.Request) -> web.StreamResponse:
        """The page of a float, or its RDF."""
        wmo = request.match_info["wmo"]
        media = wanted(request, HTML, *self._syntaxes)
        if not re.fullmatch(r"\d{5}|\d{7}", wmo, re.ASCII):
            raise FailedError(HTTPStatus.NOT_FOUND, "a float has a WMO number of five or seven digits.")
        async with self._room:
            read = await self._told(lambda: self._archive.float(wmo))
        if read is None:
            raise FailedError(HTTPStatus.NOT_FOUND, f"the archive holds nothing of a float {wmo}.")
        root = self._root(request)
        links = {"Link": link_header(float_links(read, root))}
        body = await asyncio.to_thread(self._made, read, media, root)
        return await send(request, body, media, headers=links)

    def _made(self, read: FloatRead, media: str, root: str) -> bytes:
        if media != HTML:
            names: Names = read.described.names
            return self._rdf(float_rdf(read), media, names.wmo(read.wmo))
        values = float_values(read, self._site, root)
        return self._pages.render("float.html", links=float_links(read, root), **values)
