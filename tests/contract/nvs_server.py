"""A server that behaves like NVS on 127.0.0.1, and misbehaves on demand."""

import gzip
import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyoxigraph as ox

from tests.unit.vocab.nvs_tables import Word, as_bytes, table

SYNTAXES = {
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
}


@dataclass
class NvsLike:
    """What the server holds, how it misbehaves, and what it was asked.

    Attributes:
        words: terms by table.
        version: of every table.
        faults: per table, one fault for each of the next requests.
        etags: whether it sends ETags.
        requests: path, and whether the request was conditional.
        busiest: most requests at one time.
    """

    words: dict[str, list[Word]]
    version: int = 1
    faults: dict[str, list[str]] = field(default_factory=dict)
    etags: bool = True
    requests: list[tuple[str, bool]] = field(default_factory=list)
    active: int = 0
    busiest: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""
    stop: threading.Event = field(default_factory=threading.Event)

    def document(self, name: str) -> dict[str, Any]:
        return table(name, self.words[name], version=self.version)

    def asked(self, name: str) -> int:
        return sum(f"/{name}/" in path for path, _ in self.requests)


class _Handler(BaseHTTPRequestHandler):
    nvs: NvsLike
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        nvs = self.nvs
        with nvs.lock:
            nvs.active += 1
            nvs.busiest = max(nvs.busiest, nvs.active)
            conditional = bool(self.headers.get("If-None-Match") or self.headers.get("If-Modified-Since"))
            nvs.requests.append((self.path, conditional))
        try:
            self._answer()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with nvs.lock:
                nvs.active -= 1

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        steps = parts.path.strip("/").split("/")
        if len(steps) != 3 or steps[0] not in {"collection", "moved"} or steps[2] != "current":
            return self._plain(404, b"no such page")
        name = steps[1]
        waiting = self.nvs.faults.get(name, [])
        fault = waiting.pop(0) if waiting and steps[0] == "collection" else ""
        if fault and not self._misbehave(fault, name, parts.query):
            return None
        if name not in self.nvs.words:
            return self._plain(404, b"no such collection")
        return self._table(name, parse_qs(parts.query), fault)

    def _misbehave(self, fault: str, name: str, query: str) -> bool:
        """Act out a fault; True when the normal answer follows."""
        kind, _, value = fault.partition(" ")
        if kind == "status":
            number, _, after = value.partition(" ")
            self._plain(int(number), b"sorry", {"Retry-After": after} if after else {})
        elif kind == "redirect":
            self._plain(302, b"", {"Location": value.format(url=self.nvs.url, name=name, query=query)})
        elif kind == "hang":
            self.nvs.stop.wait(30)
            self.close_connection = True
        elif kind == "close":
            self.close_connection = True
        elif kind == "html":
            self._plain(200, b"<html>NVS is being serviced</html>", {"Content-Type": "text/html"})
        elif kind == "endless":
            self._endless()
        else:
            return True
        return False

    def _endless(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/ld+json")
        self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        block = gzip.compress(b" " * 1_000_000)
        while not self.nvs.stop.is_set():
            self.wfile.write(block)

    def _table(self, name: str, query: dict[str, list[str]], fault: str) -> None:
        media = query.get("_mediatype", [self.headers.get("Accept", "").split(",")[0]])[0]
        if media not in SYNTAXES:
            return self._plain(406, b"not acceptable")
        document = self.nvs.document(name)
        if fault == "cut":  # half of the terms are not described, and the document is whole otherwise
            document["@graph"] = document["@graph"][len(document["@graph"]) // 2 :]
        data = as_bytes(document)
        if SYNTAXES[media] is not ox.RdfFormat.JSON_LD:
            triples = [quad.triple for quad in ox.parse(data, format=ox.RdfFormat.JSON_LD)]
            data = ox.serialize(triples, format=SYNTAXES[media]) or b""
        if fault == "broken":
            data = data[: len(data) // 2]
        etag = f'W/"{hashlib.sha256(data).hexdigest()[:16]}"'
        if self.nvs.etags and self.headers.get("If-None-Match") == etag:
            return self._plain(304, b"")
        headers = {"Content-Type": f"{media}; charset=utf-8", "Last-Modified": "Tue, 10 Mar 2026 02:00:00 GMT"}
        if self.nvs.etags:
            headers["ETag"] = etag
        if fault == "truncated":
            self._plain(200, data[: len(data) // 2], headers, length=len(data))
            self.close_connection = True
            return None
        if fault == "dripping":
            return self._drip(data, headers)
        return self._plain(200, data, headers)

    def _drip(self, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(200)
        for key, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(key, value)
        self.end_headers()
        for byte in range(len(data)):
            if self.nvs.stop.is_set():
                break
            self.wfile.write(data[byte : byte + 1])
            self.wfile.flush()
            time.sleep(0.02)

    def _plain(
        self, status: int, data: bytes, headers: dict[str, str] | None = None, length: int | None = None
    ) -> None:
        self.send_response(status)
        for key, value in {"Content-Type": "text/plain", **(headers or {})}.items():
            self.send_header(key, value)
        if status != 304:
            self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def nvs_like(words: dict[str, list[Word]]) -> Iterator[NvsLike]:
    """The server, in a thread, on a free port."""
    nvs = NvsLike(words)
    handler = type("Handler", (_Handler,), {"nvs": nvs})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients leave when they like
        server.daemon_threads = True
        nvs.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield nvs
        finally:
            nvs.stop.set()
            server.shutdown()
            thread.join()
