"""Google Cloud Storage by a small server of our own, written from the reference of its XML API: none of the emulators
(fake-gcs-server 1.x, gcp-storage-emulator) takes the data path's PUT. It is no proof of what Google does.

Kept: generations and ``x-goog-if-generation-match`` under one lock, custom metadata, ETags that are no digests,
listings (version 2), copies, uploads in parts. Not kept: signatures and tokens.
"""

import http.server
import json
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.servers.running import Server
from tests.servers.web import http_server

_META = "x-goog-meta-"


@dataclass
class _Stored:
    data: bytes
    generation: int
    headers: dict[str, str]
    when: float = field(default_factory=time.time)

    @property
    def etag(self) -> str:
        return f'"{self.generation:x}g"'


@dataclass
class _Bucket:
    """The one bucket and what is under way to it."""

    name: str
    objects: dict[str, _Stored] = field(default_factory=dict)
    parts: dict[str, tuple[dict[str, str], dict[int, bytes]]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    generation: int = 1_700_000_000_000_000

    def put(self, key: str, data: bytes, headers: dict[str, str], expect: str | None) -> _Stored | None:
        """Store; None where the generation that is there is not the expected one."""
        with self.lock:
            there = self.objects.get(key)
            if expect is not None and str(there.generation if there else 0) != expect:
                return None
            self.generation += 1
            self.objects[key] = _Stored(data, self.generation, headers)
            return self.objects[key]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bucket: _Bucket
    requests: list[str]

    def log_message(self, *args: Any) -> None:
        pass

    def _begin(self) -> tuple[str, dict[str, str], bytes]:
        """Key, query and body of the request; the key is empty for the bucket itself."""
        self.requests.append(f"{self.command} {self.path}")
        parts = urlsplit(self.path)
        bucket, _, key = parts.path[1:].partition("/")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        return (unquote(key) if unquote(bucket) == self.bucket.name else "\0"), query, body

    def _end(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", headers.pop("length", None) or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(self, status: int, code: str) -> None:
        self._end(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())

    def _kept(self) -> dict[str, str]:
        kept = {name.lower(): value for name, value in self.headers.items() if name.lower().startswith(_META)}
        return {**kept, "content-type": self.headers.get("Content-Type", "application/octet-stream")}

    def do_PUT(self) -> None:
        key, query, body = self._begin()
        if "uploadId" in query:
            self.bucket.parts[query["uploadId"]][1][int(query["partNumber"])] = body
            self._end(200, ETag=f'"{secrets.token_hex(8)}"')
            return
        headers = self._kept()
        source = self.headers.get("x-goog-copy-source")
        if source is not None:
            there = self.bucket.objects.get(unquote(source).removeprefix(f"{self.bucket.name}/"))
            if there is None:
                self._refuse(404, "NoSuchKey")
                return
            body, headers = there.data, there.headers
        self._store(key, body, headers)

    def _store(self, key: str, body: bytes, headers: dict[str, str]) -> None:
        if key == "\0":
            self._refuse(404, "NoSuchBucket")
            return
        made = self.bucket.put(key, body, headers, self.headers.get("x-goog-if-generation-match"))
        if made is None:
            self._refuse(412, "PreconditionFailed")
            return
        answer = f"<CompleteMultipartUploadResult><ETag>{escape(made.etag)}</ETag></CompleteMultipartUploadResult>"
        self._end(200, answer.encode(), ETag=made.etag, x_goog_generation=str(made.generation))

    def do_POST(self) -> None:
        key, query, _ = self._begin()
        if "uploads" in query:
            name = secrets.token_hex(8)
            self.bucket.parts[name] = (self._kept(), {})
            self._end(
                200,
                "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key>"
                f"<UploadId>{name}</UploadId></InitiateMultipartUploadResult>".encode(),
            )
            return
        headers, parts = self.bucket.parts.pop(query["uploadId"])
        self._store(key, b"".join(parts[number] for number in sorted(parts)), headers)

    def do_GET(self) -> None:
        key, query, _ = self._begin()
        if not key:
            self._list(query.get("prefix", ""), query.get("delimiter", ""), query.get("continuation-token", ""))
            return
        there = self.bucket.objects.get(key)
        if there is None:
            self._refuse(404, "NoSuchBucket" if key == "\0" else "NoSuchKey")
            return
        facts = {**there.headers, "ETag": there.etag, "x-goog-generation": str(there.generation)}
        facts["Last-Modified"] = formatdate(there.when, usegmt=True)
        if self.headers.get("If-None-Match") == there.etag:
            self._end(304, ETag=there.etag)
            return
        if self.headers.get("If-Match") not in {None, there.etag}:
            self._refuse(412, "PreconditionFailed")
            return
        begin = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if begin:
            size = len(there.data)
            facts["Content-Range"] = f"bytes {begin[1]}-{size - 1}/{size}"
            self._end(206, there.data[int(begin[1]) :], **facts)
            return
        self._end(200, there.data, **facts)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _list(self, prefix: str, delimiter: str, after: str) -> None:
        found, folders = [], set()
        for key, there in sorted(self.bucket.objects.items()):
            if not key.startswith(prefix) or key <= after:
                continue
            folder, cut, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            if cut:
                folders.add(f"{prefix}{folder}{delimiter}")
            else:
                found.append((key, there))
        page, more = found[:1000], found[1000:]
        when = "%Y-%m-%dT%H:%M:%S.000Z"
        lines = [
            f"<Contents><Key>{escape(key)}</Key><Size>{len(one.data)}</Size><ETag>{escape(one.etag)}</ETag>"
            f"<LastModified>{time.strftime(when, time.gmtime(one.when))}</LastModified></Contents>"
            for key, one in page
        ]
        lines += [f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>" for one in sorted(folders)]
        if more:
            lines.append(f"<NextContinuationToken>{escape(page[-1][0])}</NextContinuationToken>")
        self._end(200, f"<ListBucketResult>{''.join(lines)}</ListBucketResult>".encode())

    def do_DELETE(self) -> None:
        key, query, _ = self._begin()
        if "uploadId" in query:
            self.bucket.parts.pop(query["uploadId"], None)
        elif self.bucket.objects.pop(key, None) is None:
            self._refuse(404, "NoSuchKey")
            return
        self._end(204)


def _private_key() -> str:
    """What a file of credentials holds, though nothing is signed with it here."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@contextmanager
def gcs_own(root: Path) -> Iterator[Server]:
    """A bucket of a server of our own; `Server.key` is a file of credentials that need no token."""
    bucket, log = _Bucket(f"gdac-{secrets.token_hex(4)}"), []
    handler = type("Handler", (_Handler,), {"bucket": bucket, "requests": log})
    with http_server(handler) as port:
        endpoint = f"http://127.0.0.1:{port}"
        credentials = root.parent / f"{root.name}-credentials.json"
        account = {"type": "service_account", "gcs_base_url": endpoint, "disable_oauth": True}
        account |= {"client_email": "tester@example.org", "private_key": _private_key(), "private_key_id": "1"}
        credentials.write_text(json.dumps(account))
        yield Server(f"gs://{bucket.name}", None, log, endpoint, key=str(credentials))
