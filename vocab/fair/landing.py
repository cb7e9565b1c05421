"""F-UJI's metrics of the landing pages of an archive: stored ones, served on this machine, or those at an address."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

from aiohttp import web

from gdac.errors import StoreError, UsageError
from vocab.faces.places import ABOUT, PAGE
from vocab.faces.reading import PageRead, absolute, read_page
from vocab.fair import fuji
from vocab.fair.outcome import Assessment
from vocab.fair.probe import HTML, RDF, Server, fetch_all
from vocab.names import Names
from vocab.serve.answering import FailedError, root_of
from vocab.serve.archive import Archive
from vocab.serve.archive_routes import ArchiveRoutes, Handler

#: Files of a page that are fetched, to see whether one can be.
_TRIED: Final = 3
#: A larger file of a page is not fetched for that, in bytes.
_MOST: Final = 8 << 20


def assess_archive(tree: Path, names: Names | None = None) -> tuple[Assessment, ...]:
    """The page of a sealed archive and that of its newest serial, served on this machine while the tests run.

    Args:
        tree: root of the archive.
        names: IRIs; those of its hub by default.
    """
    archive = Archive(tree, names)
    serial = archive.described().head.serial

    async def ask() -> tuple[Assessment, ...]:
        async with _served(archive) as url:
            about = f"{url}/archive/{ABOUT}"
            return (await assess_page(f"{about}/{PAGE}"), await assess_page(f"{about}/{serial}/{PAGE}"))

    return asyncio.run(ask())


def assess_address(address: str) -> tuple[Assessment, ...]:
    """The page at an address; nobody but its server is asked."""
    return (asyncio.run(assess_page(address)),)


async def assess_page(address: str) -> Assessment:
    """The 17 metrics of one page.

    Args:
        address: where it is; what it describes names itself.

    Raises:
        StoreError: no page is there.
    """
    found = await fetch_all((address, media) for media in (HTML, *RDF))
    page = found[address, HTML]
    if page.status != 200 or page.media != HTML:
        raise StoreError(f"{address} shows no page (status {page.status}).", hint="Is the address that of a page?")
    read = read_page(page.body)
    base = page.address or address
    for link in absolute(read.links, base):
        if link.relation == "describedby" and link.media in RDF and found[address, link.media].media != link.media:
            # a store negotiates nothing, so the page's own signposts lead to its RDF
            answers = await fetch_all([(link.target, link.media)])
            found[address, link.media] = answers[link.target, link.media]
    found |= await fetch_all((one, "*/*") for one in _small_files(read, base))
    subject = str(read.about.get("@id", "")) or address
    assessment = fuji.assess(Server(address, address, found), address)
    return Assessment(assessment.name, subject, assessment.checks, assessment.by_points)


def _small_files(read: PageRead, base: str) -> Iterable[str]:
    """Addresses of a few files that the description offers, small ones first."""
    sized = []
    offered = read.about.get("distribution", [])
    for one in offered if isinstance(offered, list) else [offered]:
        if isinstance(one, dict) and one.get("contentUrl"):
            size = str(one.get("contentSize", "0")).partition(" ")[0]
            sized.append((int(size) if size.isdecimal() else 0, urljoin(base, str(one["contentUrl"]))))
    return [address for size, address in sorted(sized)[:_TRIED] if size <= _MOST]


@asynccontextmanager
async def _served(archive: Archive) -> AsyncIterator[str]:
    """The archive on a port of this machine."""
    app = web.Application(middlewares=[_plain_errors])
    app.add_routes(ArchiveRoutes(archive, lambda request: root_of(request, "")).routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        try:
            await site.start()
        except OSError as error:
            raise UsageError(f"127.0.0.1 cannot be listened on: {error.strerror or error}.") from error
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@web.middleware
async def _plain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except FailedError as error:
        return web.Response(status=error.status, text=f"{error.what}\n")
