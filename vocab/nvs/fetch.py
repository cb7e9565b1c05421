"""Tables from NVS over HTTP: asked politely, followed with care, read up to a limit."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import aiohttp
import pyoxigraph as ox
from yarl import URL

from gdac import __version__
from gdac.errors import GdacError, StoreError, UsageError
from vocab.nvs.formats import MAX_BYTES, MEDIA_TYPES

#: Where NVS is.
NVS_SERVER: Final = "https://vocab.nerc.ac.uk"
#: Syntaxes that a person may ask for, by their name on the command line.
SYNTAXES: Final = {"jsonld": "application/ld+json", "turtle": "text/turtle", "rdfxml": "application/rdf+xml"}

#: Tables that met no server at all, one after the other, before the rest is not asked for.
_ENOUGH: Final = 2
_AGAIN: Final = {408, 425, 429, 500, 502, 503, 504}
_REDIRECTS: Final = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class Politeness:
    """How hard a server may be asked.

    Attributes:
        together: requests at once.
        pause: seconds between the starts of two requests.
        tries: of one table, the first included.
        wait: seconds before the second try; doubled each time, with some jitter.
        longest_wait: seconds; a server that asks for more is left alone for this run.
        connect: seconds to get a connection.
        silence: seconds without a byte.
        total: seconds for one answer.
        size: bytes of one answer.
        size_together: bytes of all answers of a run.
    """

    together: int = 2
    pause: float = 0.1
    tries: int = 4
    wait: float = 1.0
    longest_wait: float = 120.0
    connect: float = 15.0
    silence: float = 30.0
    total: float = 180.0
    size: int = MAX_BYTES
    size_together: int = 4 * MAX_BYTES


@dataclass(frozen=True, slots=True)
class Known:
    """What is held of a table: the validators of its last answer; empty where there were none."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said of one table.

    Attributes:
        table: its id.
        unchanged: the copy held is still right (304).
        data: bytes of the table; empty when unchanged.
        syntax: of the bytes, by the answer's media type.
        media_type: as the server said.
        url: where the bytes came from, redirects followed.
        known: validators for the next time.
    """

    table: str
    unchanged: bool
    data: bytes
    syntax: ox.RdfFormat | None
    media_type: str
    url: str
    known: Known


class _TryAgainError(Exception):
    """The same request may succeed later; `after` seconds if the server said so."""

    def __init__(self, what: str, after: float | None = None) -> None:
        super().__init__(what)
        self.after = after


@dataclass(slots=True)
class _Pace:
    """What the requests of a run share.

    Starts keep a distance; a server that asks to wait is left alone by all of them; all answers together have a limit;
    and of a server that nobody reached the rest is not asked.
    """

    pause: float
    left: int
    reached: bool = False
    unreached: int = 0
    next_start: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def turn(self) -> None:
        async with self.lock:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(0.0, self.next_start - loop.time()))
            self.next_start = loop.time() + self.pause

    def leave_alone(self, seconds: float) -> None:
        """Nobody starts a request for that long."""
        self.next_start = max(self.next_start, asyncio.get_running_loop().time() + seconds)


async def fetch_tables(
    server: str, tables: Sequence[str], known: Mapping[str, Known], media_type: str, politeness: Politeness
) -> dict[str, Answer | GdacError]:
    """Ask for every table; a table that cannot be had gets its error, and the others go on.

    Args:
        server: address of NVS, e.g. ``https://vocab.nerc.ac.uk``.
        tables: ids.
        known: validators of what is held, by id; such a table is asked for only if it changed.
        media_type: the one preferred; whatever known syntax comes back is taken.
        politeness: limits.

    Raises:
        UsageError: the address is no http(s) address.
    """
    base = URL(server)
    if base.scheme not in {"http", "https"} or not base.host or base.user:
        raise UsageError(f"{server!a} is not the address of a vocabulary server.", hint="Such as https://example.org.")
    timeout = aiohttp.ClientTimeout(
        total=politeness.total, sock_connect=politeness.connect, sock_read=politeness.silence
    )
    headers = {"User-Agent": f"argo-gdac/{__version__}", "Accept": f"{media_type}, text/turtle;q=0.5, */*;q=0.1"}
    pace = _Pace(politeness.pause, politeness.size_together)
    together = asyncio.Semaphore(politeness.together)
    async with aiohttp.ClientSession(timeout=timeout, headers=headers, cookie_jar=aiohttp.DummyCookieJar()) as session:
        asker = _Asker(session, base, media_type, politeness, pace, together)
        answers = await asyncio.gather(*(asker.ask(table, known.get(table, Known())) for table in tables))
    return dict(zip(tables, answers, strict=True))


@dataclass(frozen=True, slots=True)
class _Asker:
    session: aiohttp.ClientSession
    base: URL
    media_type: str
    politeness: Politeness
    pace: _Pace
    together: asyncio.Semaphore

    async def ask(self, table: str, known: Known) -> Answer | GdacError:
        wait = self.politeness.wait
        last = ""
        cut_off = False
        for left in range(self.politeness.tries - 1, -1, -1):
            async with self.together:
                if self.pace.unreached >= _ENOUGH and not self.pace.reached:
                    return StoreError(f"table {table}: not asked: {self.base} cannot be reached.", hint="Try later.")
                await self.pace.turn()
                try:
                    return await self._once(table, known)
                except GdacError as error:
                    return error
                except (_TryAgainError, aiohttp.ClientError, TimeoutError, OSError) as error:
                    last = str(error) or type(error).__name__
                    cut_off = isinstance(error, aiohttp.ClientConnectorError)
                    after = error.after if isinstance(error, _TryAgainError) else None
            delay = after if after is not None else wait * (1 + random.random() / 2)  # noqa: S311 - jitter is no secret
            wait *= 2
            if delay > self.politeness.longest_wait:
                return StoreError(f"table {table}: the server asks to wait {delay:,.0f} s: {last}", hint="Try later.")
            if after is not None:
                self.pace.leave_alone(delay)
            if left:
                await asyncio.sleep(delay)
        self.pace.unreached += cut_off
        return StoreError(f"table {table}: no answer in {self.politeness.tries} tries: {last}", hint="Try later.")

    async def _once(self, table: str, known: Known) -> Answer:
        url = (self.base / "collection" / table / "current" / "").with_query(
            {"_profile": "nvs", "_mediatype": self.media_type}
        )
        headers = {}
        if known.etag:
            headers["If-None-Match"] = known.etag
        if known.last_modified:
            headers["If-Modified-Since"] = known.last_modified
        for _ in range(6):
            async with self.session.get(url, headers=headers, allow_redirects=False) as response:
                self.pace.reached = True
                if response.status in _REDIRECTS:
                    url = self._next(table, url, response)
                    continue
                return await self._read(table, response, known)
        raise StoreError(f"table {table}: more than five redirects from {self.base}.")

    def _next(self, table: str, url: URL, response: aiohttp.ClientResponse) -> URL:
        """A redirect stays with the server that was asked, and does not give up encryption."""
        try:
            target = url.join(URL(response.headers.get("Location", "")))
        except ValueError as error:
            raise StoreError(f"table {table}: a redirect of {url} leads nowhere.") from error
        if target.host != self.base.host or target.scheme not in {"http", "https"}:
            raise StoreError(
                f"table {table}: the server sends us on to {target.scheme}://{target.host}, another one than asked.",
                hint="If that is right, give it as the server.",
            )
        if url.scheme == "https" and target.scheme == "http":
            raise StoreError(f"table {table}: the server sends us on to an unencrypted address ({target}).")
        return target

    async def _read(self, table: str, response: aiohttp.ClientResponse, known: Known) -> Answer:
        status = response.status
        if status == HTTPStatus.NOT_MODIFIED and known != Known():
            return Answer(table, True, b"", None, "", str(response.url), known)
        if status in _AGAIN:
            raise _TryAgainError(f"{status} {response.reason or ''}".strip(), _retry_after(response))
        if status != HTTPStatus.OK:
            hint = {404: "Is the table's id right?", 406: "Ask for another syntax."}.get(status, "")
            raise StoreError(f"table {table}: the server answers {status} {response.reason or ''}.", hint=hint)
        media_type = response.content_type
        syntax = MEDIA_TYPES.get(media_type)
        if syntax is None:
            raise StoreError(
                f"table {table}: the server answers with {media_type!a} where RDF was asked for.",
                hint="Is that the address of NVS?",
            )
        data = bytearray()
        async for chunk in response.content.iter_chunked(1 << 16):
            data += chunk
            self.pace.left -= len(chunk)
            if len(data) > self.politeness.size:
                raise StoreError(f"table {table}: the answer has more than {self.politeness.size:,} bytes.")
            if self.pace.left < 0:
                raise StoreError(
                    f"table {table}: all answers together have more than {self.politeness.size_together:,} bytes.",
                    hint="Ask for fewer tables at once.",
                )
        validators = Known(response.headers.get("ETag", ""), response.headers.get("Last-Modified", ""))
        return Answer(table, False, bytes(data), syntax, media_type, str(response.url), validators)


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    """Seconds that the server asks to wait, given as a number or a date; None when it does not ask."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:
        then = parsedate_to_datetime(text)
        now = parsedate_to_datetime(response.headers.get("Date", ""))
        return max(0.0, (then - now).total_seconds())
    except (ValueError, TypeError):
        return None
