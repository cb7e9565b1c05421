"""What a server answers to an assessment: each address once per form, bounded; the assessments themselves are pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp

MAX_BYTES: Final = 64 * 1024 * 1024
TIMEOUT: Final = 60.0

HTML: Final = "text/html"
RDF: Final = ("text/turtle", "application/rdf+xml", "application/ld+json", "application/n-triples")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status (0 when nothing did), media type without parameters, body, Link header, final address."""

    status: int
    media: str
    body: bytes
    links: str
    address: str = ""


NOTHING: Final = Answer(0, "", b"", "")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers for IRIs which do not resolve yet.

    Attributes:
        base: what our IRIs start with.
        root: address of the server that stands in for it, with a slash at the end.
        answers: by address and the media type that was asked for.
    """

    base: str
    root: str
    answers: Mapping[tuple[str, str], Answer]

    def address(self, iri: str) -> str:
        """Where the server answers for an IRI."""
        return self.root + iri.removeprefix(self.base) if iri.startswith(self.base) else iri

    def get(self, iri: str, accept: str) -> Answer:
        """What was answered for an IRI."""
        return self.answers.get((self.address(iri), accept), NOTHING)

    @property
    def reason(self) -> str:
        """How far answers of a stand-in go."""
        return f"answered by the local server in place of {self.base}"


async def fetch_all(asked: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Answer]:
    """Ask for every (address, media type), one after the other."""
    found = {}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        for address, accept in dict.fromkeys(asked):
            found[address, accept] = await _fetch(session, address, accept)
    return found


async def _fetch(session: aiohttp.ClientSession, address: str, accept: str) -> Answer:
    try:
        async with session.get(address, headers={"Accept": accept}) as answer:
            body = bytearray()
            async for chunk in answer.content.iter_chunked(1 << 16):
                body += chunk
                if len(body) > MAX_BYTES:
                    return NOTHING
            links = ", ".join(answer.headers.getall("Link", []))
            return Answer(answer.status, answer.content_type, bytes(body), links, str(answer.url))
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
        return NOTHING
