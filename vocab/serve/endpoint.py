"""The SPARQL 1.1 protocol: what is asked by GET, by a form or directly, and in which form the answer is wanted."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

import pyoxigraph as ox
from aiohttp import web

from vocab.query.answer import Syntax, short
from vocab.query.process import request as worker_request
from vocab.query.scan import Form, QueryRefusedError, check_query
from vocab.serve.answering import FailedError, failed, read_body
from vocab.serve.negotiate import GRAPHS, HTML, RESULTS, SHORT, negotiate
from vocab.serve.pool import Pool
from vocab.serve.site import page_of

#: Rows that a page shows.
SHOWN: Final = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks.

    Attributes:
        query: the text.
        form: what it asks for.
        media: media type of the answer; text/html for a page.
        default_graphs, named_graphs: the dataset, where the request names one.
    """

    query: str
    form: Form
    media: str
    default_graphs: tuple[str, ...]
    named_graphs: tuple[str, ...]

    @property
    def syntax(self) -> Syntax:
        """How the worker writes the answer."""
        if self.media == HTML:
            return Syntax.TURTLE if self.form.graph else Syntax.JSON
        return GRAPHS[self.media] if self.form.graph else RESULTS[self.media]


async def read_request(request: web.Request) -> Asked | None:
    """What a request asks; None when it holds no query, as from a browser that comes for the page.

    Raises:
        FailedError: it breaks the protocol, updates, or is refused.
    """
    pairs = [(key, value) for key, value in request.query.items()]
    if request.method == "POST":
        pairs += await _posted(request)
    if any(key in {"update", "using-graph-uri", "using-named-graph-uri"} for key, _ in pairs):
        raise FailedError(HTTPStatus.FORBIDDEN, "updates are refused: the vocabulary is only read.")
    queries = [value for key, value in pairs if key == "query"]
    if not queries and request.method != "POST":
        return None
    if len(queries) != 1:
        raise FailedError(HTTPStatus.BAD_REQUEST, f"the request holds {len(queries)} queries where one is expected.")
    try:
        form = check_query(queries[0])
    except QueryRefusedError as error:
        raise failed(error) from error
    chosen = next((value for key, value in pairs if key in {"format", "output"}), "")
    return Asked(
        queries[0],
        form,
        _media(request, form, chosen),
        tuple(value for key, value in pairs if key == "default-graph-uri")[:100],
        tuple(value for key, value in pairs if key == "named-graph-uri")[:100],
    )


async def _posted(request: web.Request) -> list[tuple[str, str]]:
    body = await read_body(request)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise FailedError(HTTPStatus.BAD_REQUEST, "the request is not UTF-8.") from error
    if request.content_type == "application/sparql-query":
        return [("query", text)]
    if request.content_type == "application/sparql-update":
        return [("update", text)]
    if request.content_type == "application/x-www-form-urlencoded":
        try:
            return parse_qsl(text, keep_blank_values=True, max_num_fields=300)
        except ValueError as error:
            raise FailedError(HTTPStatus.BAD_REQUEST, "the form has too many fields.") from error
    raise FailedError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"a request of type {request.content_type!a} is not understood.",
        "Send application/sparql-query or application/x-www-form-urlencoded.",
    )  # fmt: skip


def _media(request: web.Request, form: Form, chosen: str) -> str:
    offers = (*(GRAPHS if form.graph else RESULTS), HTML)
    accept = ", ".join(request.headers.getall("Accept", []))
    if chosen:
        accept = SHORT.get(chosen, chosen)
        if form.graph and chosen == "json":
            accept = "application/ld+json"
    media = negotiate(accept, offers)
    if media is None:
        raise FailedError(
            HTTPStatus.NOT_ACCEPTABLE, f"the answer to {form.value} is offered as {', '.join(offers)}.",
            "Ask for one of them in Accept, or with the parameter format.",
        )  # fmt: skip
    return media


async def answer(pool: Pool, asked: Asked) -> bytes:
    """The answer of a worker.

    Raises:
        FailedError: the query is refused or ended.
    """
    try:
        return await pool.ask(worker_request(asked.query, asked.syntax, asked.default_graphs, asked.named_graphs))
    except QueryRefusedError as error:
        raise failed(error) from error


def as_page(asked: Asked, data: bytes) -> dict[str, Any]:
    """An answer as what the page of results shows."""
    page: dict[str, Any] = {"text": asked.query, "graph": None, "truth": None}
    if asked.form.graph:
        return {**page, "graph": data.decode()}
    found = json.loads(data)
    if asked.form is Form.ASK:
        return {**page, "truth": found["boolean"]}
    variables, rows = found["head"]["vars"], found["results"]["bindings"]
    shown = [[_cell(row.get(name)) for name in variables] for row in rows[:SHOWN]]
    return {**page, "variables": variables, "rows": rows, "shown": shown, "more": len(rows) > SHOWN}


def _cell(term: dict[str, Any] | None) -> dict[str, str]:
    """Text and address of a cell; only http(s) becomes a link."""
    if term is None:
        return {"text": "", "href": ""}
    value = term["value"] if isinstance(term["value"], str) else json.dumps(term["value"])
    if term["type"] != "uri":
        return {"text": value, "href": ""}
    href = page_of(value) or (value if value.startswith(("http://", "https://")) else "")
    return {"text": _short(value), "href": href}


def _short(iri: str) -> str:
    return short(ox.NamedNode(iri))
