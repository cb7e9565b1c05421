"""How the server answers: bytes with validators, a deadline for slow readers, and errors in the client's own form."""

import asyncio
import re
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from aiohttp import web

from vocab.query.scan import QueryRefusedError, Why
from vocab.serve.negotiate import HTML, SHORT, negotiate

#: Seconds that a client may take to send a request's body, and to take an answer.
READING: Final = 10.0
SENDING: Final = 30.0
#: Bytes of a request's body.
MAX_BODY: Final = 256 * 1024

#: The status of a query that is refused or ended.
STATUS: Final = {
    Why.SIZE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Why.SYNTAX: HTTPStatus.BAD_REQUEST,
    Why.UPDATE: HTTPStatus.FORBIDDEN,
    Why.SERVICE: HTTPStatus.FORBIDDEN,
    Why.TIME: HTTPStatus.SERVICE_UNAVAILABLE,
    Why.MEMORY: HTTPStatus.SERVICE_UNAVAILABLE,
    Why.ROWS: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Why.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
}

#: Nothing but our own files; pages hold no script and no style of their own.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: The query editor sets styles on its elements while it runs.
EDITOR_POLICY: Final = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")

_SAFE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Link, ETag",
    "Content-Security-Policy": POLICY,
}


class FailedError(Exception):
    """A request that is answered with an error: status, sentence and hint."""

    def __init__(self, status: HTTPStatus, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.status = status
        self.what = what
        self.hint = hint


def failed(error: QueryRefusedError) -> FailedError:
    """The same error with the status of HTTP."""
    return FailedError(STATUS[error.why], error.what, error.hint)


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """A signal: headers of every answer, unless the handler set them."""
    for name, value in _SAFE.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "argo-gdac"


def root_of(request: web.Request, public: str) -> str:
    """Address of the server as the client knows it; a Host header that is no host is not repeated."""
    if public:
        return public
    host = request.host if re.fullmatch(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:]+\](:\d{1,5})?", request.host) else ""
    return f"{request.scheme}://{host or 'localhost'}"


def wanted(request: web.Request, *offers: str) -> str:
    """The media type to answer with: ``?format=`` where it is given, else by the Accept header.

    Raises:
        FailedError: the client takes none of them.
    """
    short = request.query.get("format", "")
    accept = SHORT.get(short, "none/none") if short else ", ".join(request.headers.getall("Accept", []))
    chosen = negotiate(accept, offers)
    if chosen is None:
        names = [name for name, media in SHORT.items() if media in offers]
        raise FailedError(
            HTTPStatus.NOT_ACCEPTABLE, f"this is offered as {', '.join(dict.fromkeys(offers))}.",
            f"Ask for one of them in Accept, or with ?format={'|'.join(names)}.",
        )  # fmt: skip
    return chosen


def likes_pages(request: web.Request) -> bool:
    """Whether the client is somebody with a browser."""
    return negotiate(", ".join(request.headers.getall("Accept", [])), ("text/plain", HTML)) == HTML


async def send(
    request: web.Request,
    body: bytes,
    media: str,
    *,
    status: int = HTTPStatus.OK,
    headers: dict[str, str] | None = None,
) -> web.StreamResponse:
    """Send bytes; a client that does not take them in time is cut off, one that has them already is told so."""
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    known = request.headers.get("If-None-Match", "")
    response = web.StreamResponse(status=status, headers=headers)
    response.headers["Vary"] = "Accept"
    if status == HTTPStatus.OK and request.method in {"GET", "HEAD"}:
        response.headers["ETag"] = tag
        response.headers["Cache-Control"] = "no-cache"
        if tag in re.split(r"\s*,\s*", known.replace("W/", "")):
            response.set_status(HTTPStatus.NOT_MODIFIED)
            await response.prepare(request)
            return response
    charset = "; charset=utf-8" if media.startswith("text/") else ""
    response.headers["Content-Type"] = media + charset
    response.content_length = len(body)
    try:
        async with asyncio.timeout(SENDING):
            await response.prepare(request)
            if request.method != "HEAD":
                for start in range(0, len(body), 65536):
                    await response.write(body[start : start + 65536])
            await response.write_eof()
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
    return response


async def read_body(request: web.Request) -> bytes:
    """The body of a request, bounded in size and time.

    Raises:
        FailedError: too large, or too slow.
    """
    too_large = FailedError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the request has more than {MAX_BODY:,} bytes.", "Write a shorter query."
    )
    if (request.content_length or 0) > MAX_BODY:
        raise too_large
    data = bytearray()
    try:
        async with asyncio.timeout(READING):
            async for chunk in request.content.iter_chunked(65536):
                data += chunk
                if len(data) > MAX_BODY:
                    raise too_large
    except TimeoutError as error:
        raise FailedError(HTTPStatus.REQUEST_TIMEOUT, f"the request did not arrive within {READING:g} s.") from error
    return bytes(data)
