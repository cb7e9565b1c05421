"""The API of an OntoPortal, as far as a submission needs it.

The key goes into the Authorization header and nowhere else: not into addresses (which land in logs), not over plain
HTTP to another machine, not along a redirect, and not into an error message, even where the portal repeats it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

import aiohttp

from gdac.errors import GdacError, StoreError, UsageError
from vocab.submit.plan import Artefact

#: Seconds for one request, uploads included, and bytes of an answer that are read.
TIMEOUT: Final = 120.0
MAX_ANSWER: Final = 1 << 20
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class PortalError(GdacError):
    """The portal refused; `fields` says which fields of the submission, where it told."""

    def __init__(self, what: str, fields: Mapping[str, str], *, hint: str = "") -> None:
        told = "".join(f"\n  {name}: {text}" for name, text in fields.items())
        super().__init__(what + told, hint=hint)
        self.fields = dict(fields)


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of an artefact.

    Attributes:
        acronym: of it.
        created: whether the artefact was new at the portal.
        number: of the submission; None when the portal did not say.
        states: of its processing, as the portal names them, e.g. ``UPLOADED`` and ``RDF``.
    """

    acronym: str
    created: bool
    number: int | None
    states: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Whether the portal could not process it."""
        return any(state.startswith("ERROR") for state in self.states)

    @property
    def parsed(self) -> bool:
        """Whether the portal has read the file."""
        return "RDF" in self.states


def check_portal(url: str) -> str:
    """The address of an API that may be given the key.

    Raises:
        UsageError: no address, one with a key or query in it, or plain HTTP to another machine.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"{url!a} is no address of an API.", hint="For instance https://data.earthportal.eu")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError("the address of the portal holds more than an address.", hint="Leave the key out of it.")
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise UsageError("the key is not sent over plain HTTP to another machine.", hint="Use https.")
    return url.rstrip("/")


class Portal:
    """One portal and one account."""

    def __init__(self, session: aiohttp.ClientSession, url: str, key: str) -> None:
        self._session = session
        self._url = url
        self._key = key

    async def submit(self, artefact: Artefact) -> Submitted:
        """Create the artefact if it is new, and submit the version.

        Raises:
            PortalError: the portal refuses; with its words for each field.
            StoreError: it cannot be reached or answers nonsense.
        """
        path = f"/ontologies/{quote(artefact.acronym, safe='')}"
        status, _ = await self._ask("GET", path, allowed={200, 404})
        if status == 404:
            await self._ask("PUT", path, allowed={200, 201}, json=dict(artefact.ontology))
        _, told = await self._ask("POST", f"{path}/submissions", allowed={200, 201}, data=_form(artefact))
        number = told.get("submissionId")
        return Submitted(artefact.acronym, status == 404, number if isinstance(number, int) else None, ())

    async def poll(self, one: Submitted, *, seconds: float, every: float) -> Submitted:
        """Ask for the states of processing until the file is read or refused, or the time is up."""
        end = asyncio.get_running_loop().time() + seconds
        last = "latest_submission" if one.number is None else f"submissions/{one.number}"
        path = f"/ontologies/{quote(one.acronym, safe='')}/{last}?display=submissionStatus,submissionId"
        while True:
            _, told = await self._ask("GET", path, allowed={200})
            states = told.get("submissionStatus")
            found = tuple(_state(state) for state in states) if isinstance(states, list) else ()
            one = Submitted(one.acronym, one.created, one.number, found)
            if one.failed or one.parsed or asyncio.get_running_loop().time() + every > end:
                return one
            await asyncio.sleep(every)

    async def _ask(self, method: str, path: str, *, allowed: set[int], **sent: Any) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"apikey token={self._key}", "Accept": "application/json"}
        try:
            async with self._session.request(
                method, self._url + path, headers=headers, allow_redirects=False, **sent
            ) as answer:
                data = await _bounded(answer)
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise StoreError(f"{self._url} does not answer: {self._clean(repr(error))}.") from error
        told = _object(data)
        if status not in allowed:
            raise self._refused(method, path, status, told)
        return status, told

    def _refused(self, method: str, path: str, status: int, told: Mapping[str, Any]) -> PortalError:
        hint = {
            401: "Is the key right? It is read from the environment variable ONTOPORTAL_API_KEY.",
            403: "This account may not do that.",
            409: "It exists already.",
        }.get(status, "")
        if 300 <= status < 400:
            hint = "The key is not sent along a redirect; give the address it leads to."
        fields = {self._clean(name)[:80]: self._clean(text)[:300] for name, text in _errors(told.get("errors"))}
        return PortalError(f"{method} {self._url}{path.partition('?')[0]} was refused: {status}.", fields, hint=hint)

    def _clean(self, text: str) -> str:
        """Without the key, and printable."""
        text = text.replace(self._key, "***")
        return text if text.isprintable() else ascii(text)


@asynccontextmanager
async def portal(url: str, key: str) -> AsyncIterator[Portal]:
    """A portal to talk to."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session:
        yield Portal(session, check_portal(url), key)


def _form(artefact: Artefact) -> aiohttp.FormData:
    """A multipart body; lists and objects are written as the API's framework reads them."""
    form = aiohttp.FormData()
    for name, value in artefact.submission.items():
        for field, text in _fields(name, value):
            form.add_field(field, text)
    form.add_field("file", artefact.file.read_bytes(), filename=artefact.name, content_type="text/turtle")
    return form


def _fields(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _fields(f"{name}[{key}]", inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _fields(f"{name}[]", inner)
    else:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for chunk in answer.content.iter_chunked(65536):
        data += chunk
        if len(data) > MAX_ANSWER:
            break
    return bytes(data)


def _object(data: bytes) -> dict[str, Any]:
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _errors(told: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Errors by field, in any of the shapes that the API has for them."""
    if isinstance(told, Mapping):
        for key, value in list(told.items())[:50]:
            yield from _errors(value, name or str(key))
    elif isinstance(told, list):
        for value in told[:50]:
            yield from _errors(value, name)
    elif told is not None:
        yield name or "error", str(told)


def _state(value: Any) -> str:
    """``http://data.portal.org/metadata/submission_statuses/RDF`` or ``RDF``."""
    return str(value).rstrip("/").rpartition("/")[2][:40]
