"""A web server as a read-only store (RFC 9110).

Bytes arrive as they lie on the server: no content coding is asked for and none undone. Redirects are followed on the
same host only and never from https to http. Where directories are shown (`sync.stores.autoindex`) it lists names.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Self
from urllib.parse import quote, urljoin, urlsplit

import aiohttp
from yarl import URL

from gdac import __version__
from gdac.errors import StoreError
from gdac.paths import PathError, check_safe
from gdac.store import Capabilities, ListingNotOfferedError, NotFoundError, ObjectInfo, TemporaryStoreError
from sync.stores.answers import shown
from sync.stores.autoindex import entries, is_listing
from sync.stores.bodies import cut_short
from sync.stores.reading import BaseReading
from sync.stores.readonly import ReadOnly
from sync.stores.settings import HttpSettings
from sync.stores.times import from_http, retry_after
from sync.stores.tls import trusting
from sync.stores.walk import Walk

#: Largest directory page that is read, in bytes: some 300,000 entries.
MAX_PAGE: Final = 64 << 20
_REDIRECTS: Final = 5
_CONTENT_RANGE: Final = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
#: Seconds for connections that the server has closed to say goodbye, or the loop would complain that it is closed.
_TLS_REST: Final = 0.05
_WIRE_ERRORS: Final = (aiohttp.ClientError, OSError, TimeoutError, ValueError)


class HttpReading(BaseReading):
    """An object being fetched, from its first byte or from a later one."""

    def __init__(self, info: ObjectInfo, place: str, response: aiohttp.ClientResponse, at: int = 0) -> None:
        super().__init__(info, place)
        self._response, self._at = response, at

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes. Raises `StoreError` when the connection ends before the announced length."""
        place, got = self._place, self._at
        try:
            async for piece in self._response.content.iter_any():
                got += len(piece)
                yield piece
        except aiohttp.ClientPayloadError as error:
            if self._info.size is not None:
                raise cut_short(got, self._info.size, place) from error
            raise TemporaryStoreError(f"{place} broke off after {got:,} bytes.", hint="Try again.") from error
        except _WIRE_ERRORS as error:
            raise TemporaryStoreError(
                f"{place} broke off after {got:,} bytes: {_reason(error)}.", hint="Try again."
            ) from error
        if self._info.size is not None and got != self._info.size:
            raise cut_short(got, self._info.size, place)


class HttpStore(ReadOnly):
    """A directory on a web server.

    Args:
        url: its URL, percent-encoded.
        settings: account, limits, timeouts, authority to trust.
        query: what to put behind every address, after a question mark, percent-encoded; for answers, not for archives.

    Raises:
        UsageError: the settings' ``ca_file`` cannot be used.
    """

    def __init__(self, url: str, settings: HttpSettings | None = None, *, query: str = "") -> None:
        super().__init__(url.rstrip("/"))
        self._base = self.name + "/"
        self._query = f"?{query}" if query else ""
        self._settings = settings or HttpSettings()
        self._trust = trusting(self._settings.ca_file) if url.lower().startswith("https:") else True
        self._opened: aiohttp.ClientSession | None = None
        self._root_lists: bool | None = None

    @property
    def capabilities(self) -> Capabilities:
        """Lists names where the server shows directories, else `list` raises `ListingNotOfferedError`."""
        return Capabilities(lists=True)

    async def stat(self, key: str) -> ObjectInfo:
        """Facts about one object by HEAD, or by GET without its body. Raises `NotFoundError`."""
        async with self._request("HEAD", key) as response:
            if response.status not in {405, 501}:
                return self._info(key, response)
        async with self._request("GET", key) as response:
            info = self._info(key, response)
            response.close()  # the body stays where it is
            return info

    @asynccontextmanager
    async def read(self, key: str, *, unless: str | None = None) -> AsyncIterator[HttpReading | None]:
        """Fetch an object; see `gdac.store.Store.read`.

        A strong ETag is checked by the server. A date is compared here, after HEAD: servers answer "not modified" to a
        file that was replaced by one with an older date.
        """
        headers = {}
        if unless is not None and unless.startswith('"'):
            headers["If-None-Match"] = unless
        elif unless is not None and (await self.stat(key)).validator == unless:
            yield None
            return
        async with self._request("GET", key, headers) as response:
            if headers and response.status == 304:
                yield None
                return
            info = self._info(key, response)
            if unless is not None and info.validator == unless:  # a server that ignores conditions
                response.close()
                yield None
                return
            yield HttpReading(info, self._at(key), response)

    @asynccontextmanager
    async def read_on(self, key: str, at: int, version: str) -> AsyncIterator[HttpReading | None]:
        """Fetch the rest of an object that has a strong ETag; see `gdac.store.Store.read_on`."""
        if not version.startswith('"'):
            yield None
            return
        async with self._request("GET", key, {"Range": f"bytes={at}-", "If-Range": version}) as response:
            if response.status not in {200, 206, 416}:
                raise self._refused(key, response)
            found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            begin, end, size = map(int, found.groups()) if found and response.status == 206 else (0, 0, 0)
            if (begin, end) != (at, size - 1) or response.headers.get("ETag") != version:
                response.close()  # all of it, or of another one
                yield None
                return
            yield HttpReading(ObjectInfo(key, size, None, version), self._at(key), response, at)

    async def has_folder(self, key: str) -> None:  # noqa: ARG002 - the port's shape
        """None: this protocol knows no folders."""
        return

    async def list(self, prefix: str, *, recursive: bool = False) -> AsyncIterator[ObjectInfo]:
        """Names below a directory, without sizes. Raises `ListingNotOfferedError`."""
        walk = Walk(prefix, self._entries, self._settings.connections)
        async for folder, found in walk.folders():
            for name, is_folder in found:
                key = f"{folder}/{name}" if folder else name
                if is_folder and not recursive:
                    continue
                if is_folder and _is_safe(key):
                    walk.enter(key)
                else:
                    yield ObjectInfo(key)

    async def __aenter__(self) -> Self:
        """Nothing to open: connections come with the first call."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close the connections."""
        if self._opened is not None:
            session, self._opened = self._opened, None
            await session.close()
            if self._base.startswith("https:"):
                await asyncio.sleep(_TLS_REST)

    # --- requests

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            settings = self._settings
            contact = f" ({settings.contact})" if settings.contact else ""
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=settings.connections, ssl=self._trust),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=settings.connect_seconds, sock_read=settings.read_seconds
                ),
                headers={
                    "Accept-Encoding": "identity",
                    "User-Agent": f"argo-gdac/{__version__}{contact}",
                    **_credentials(settings),
                },
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._opened

    @asynccontextmanager
    async def _request(
        self, method: str, key: str, headers: dict[str, str] | None = None, *, is_folder: bool = False
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if key or not is_folder:
            check_safe(key)
        url = self._base + quote(key) + ("/" if is_folder and key else "") + self._query
        try:
            response = await self._follow(method, key, url, headers or {})
        except _WIRE_ERRORS as error:
            raise self._broken(key, error) from error
        async with response:
            yield response

    def _broken(self, key: str, error: BaseException) -> StoreError:
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            said = getattr(error.certificate_error, "verify_message", "") or str(error.certificate_error)
            return StoreError(
                f"{self.name} shows no valid certificate: {shown(said)}.",
                hint="Check the host name; for an authority of your own give its certificate as ca_file.",
            )
        return TemporaryStoreError(
            f"{self.name} failed at {key or 'its root'}: {_reason(error)}.",
            hint="Check host and port, or try again later.",
        )

    async def _follow(self, method: str, key: str, url: str, headers: dict[str, str]) -> aiohttp.ClientResponse:
        for _ in range(_REDIRECTS):
            response = await self._session.request(
                method, URL(url, encoded=True), headers=headers, allow_redirects=False
            )
            if response.status not in {301, 302, 303, 307, 308}:
                return response
            response.close()
            target = urljoin(url, response.headers.get("Location", ""))
            if not _may_follow(url, target):
                raise StoreError(
                    f"{self.name} sends {key or 'its root'} to {shown(target)}, another host or an unprotected one.",
                    hint="If that is where the archive lies now, configure that URL.",
                )
            url = target
        raise StoreError(f"{self.name} sends {key or 'its root'} in circles.", hint="Configure the final URL.")

    def _info(self, key: str, response: aiohttp.ClientResponse) -> ObjectInfo:
        if response.status != 200:
            raise self._refused(key, response)
        coding = response.headers.get("Content-Encoding", "identity").lower()
        # Some servers label a .gz file "gzip"; its bytes are still those of the file.
        if coding != "identity" and not (coding in {"gzip", "x-gzip"} and key.endswith(".gz")):
            raise StoreError(
                f"{self.name} sends {key} {shown(coding)}-coded although it was asked not to.",
                hint="Switch compression off there: the bytes of the file cannot be known otherwise.",
            )
        size = response.headers.get("Content-Length", "")
        length = int(size) if size.isdecimal() else None
        date = response.headers.get("Last-Modified")
        tag = response.headers.get("ETag", "")
        validator = f"{length}-{date}" if date and length is not None else None
        if tag.startswith('"'):  # a weak one (W/"...") may stay while bytes change
            validator = tag
        return ObjectInfo(key, length, from_http(date), validator)

    def _at(self, key: str) -> str:
        return f"{key or 'the root'} on {self.name}"

    def _refused(self, key: str, response: aiohttp.ClientResponse) -> StoreError:
        status, said = response.status, shown(response.reason or "")
        where = self._at(key)
        if status in {404, 410}:
            return NotFoundError(f"{where} is not there ({status} {said}).")
        if status in {401, 403}:
            return StoreError(f"{where} is not for us ({status} {said}).", hint="Check the account and its rights.")
        if status in {408, 421, 425, 429} or status >= 500:
            return TemporaryStoreError(
                f"{where} is not served now ({status} {said}).",
                hint="Try again later.",
                after=retry_after(response.headers.get("Retry-After"), response.headers.get("Date")),
            )
        return StoreError(f"{where} was answered by {status} {said}, which gdac did not ask for.")

    # --- directories

    async def _entries(self, folder: str) -> "_Entries":
        async with self._request("GET", folder, is_folder=True) as response:
            if response.status == 404 and folder and await self._lists_root():
                return []
            if response.status in {401, 403, 404, 405}:
                raise self._no_listing(folder)
            if response.status != 200:
                raise self._refused(folder, response)
            if response.content_type not in {"text/html", "application/xhtml+xml"}:
                raise self._no_listing(folder)
            page = (await self._page(folder, response)).decode("utf-8", "surrogateescape")
            if not is_listing(page):
                raise self._no_listing(folder)
            return entries(page, str(response.url))

    async def _lists_root(self) -> bool:
        """Whether a 404 for a directory means that it is not there, not that no directory is ever shown."""
        if self._root_lists is None:
            try:
                await self._entries("")
            except ListingNotOfferedError:
                self._root_lists = False
            else:
                self._root_lists = True
        return self._root_lists

    async def _page(self, folder: str, response: aiohttp.ClientResponse) -> bytes:
        pieces = []
        size = 0
        async for piece in HttpReading(self._info(folder, response), self._at(folder), response).chunks():
            pieces.append(piece)
            size += len(piece)
            if size > MAX_PAGE:
                raise StoreError(f"the page of {folder or 'the root'} on {self.name} is over {MAX_PAGE:,} bytes.")
        return b"".join(pieces)

    def _no_listing(self, folder: str) -> ListingNotOfferedError:
        return ListingNotOfferedError(
            f"{self.name} does not list {folder or 'its root'}.",
            hint="Observe it by its index files, or use a protocol that lists (FTP, S3).",
        )


_Entries = list[tuple[str, bool]]


def _credentials(settings: HttpSettings) -> dict[str, str]:
    if settings.user is None:
        return {}
    return {"Authorization": aiohttp.encode_basic_auth(settings.user, settings.password, "utf-8")}


def _may_follow(url: str, target: str) -> bool:
    old, new = urlsplit(url), urlsplit(target)
    if old.hostname != new.hostname or new.scheme not in {"http", "https"}:
        return False
    if old.scheme == new.scheme:
        return old.port == new.port
    return (old.scheme, new.scheme) == ("http", "https") and old.port in {None, 80} and new.port in {None, 443}


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return shown(str(error)).rstrip(".") or "it closed the connection"


def _is_safe(key: str) -> bool:
    """Whether a directory may be asked for; the name of one that may not goes to the caller, who reports it."""
    try:
        check_safe(key)
    except PathError:
        return False
    return True
