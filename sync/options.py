"""Options of every store that a configuration names."""

import hashlib
import json
import re
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from sync.views.section import Section

Connections = Annotated[int, Field(ge=1, le=128)]

_BYTES: Final = re.compile(r"(\d+(?:\.\d+)?) ?(k|M|G)?B")
_FACTOR: Final = {None: 1, "k": 10**3, "M": 10**6, "G": 10**9}


def _as_bytes(found: Any) -> Any:
    """``"20MB"`` as a number."""
    said = _BYTES.fullmatch(found.strip()) if isinstance(found, str) else None
    return float(said[1]) * _FACTOR[said[2]] if said else found


class StoreOptions(Section):
    """Where an archive lies and how to reach it.

    Attributes:
        store: URL or path; see docs/stores.md for the schemes.
        endpoint: for ``s3://`` on another provider than AWS: its URL.
        region: for ``s3://``.
        anonymous: for buckets: sign nothing (public ones).
        allow_http: for buckets: talk to an endpoint on another machine without TLS.
        ca_file: certificates to trust instead of the system's, for HTTPS, FTPS and buckets.
        key_file: for ``sftp://``: the private key.
        known_hosts: for ``sftp://``: file of host keys; the user's own by default.
        fingerprint: for ``sftp://``: the host key's ``SHA256:...`` fingerprint, instead of a file.
        connections: most connections or transfers at once.
        requests_per_second: most operations begun in a second; None for no limit.
        bytes_per_second: most bytes in a second, both directions together; None for no limit.
        timeout: seconds without a byte after which a connection counts as dead.
    """

    store: str
    endpoint: str | None = None
    region: str | None = None
    anonymous: bool = False
    allow_http: bool = False
    ca_file: str = ""
    key_file: str = ""
    known_hosts: str = ""
    fingerprint: str = ""
    connections: Connections = 16
    requests_per_second: Annotated[float, Field(gt=0, le=1e6)] | None = None
    bytes_per_second: Annotated[float, BeforeValidator(_as_bytes), Field(ge=1024, le=1e12)] | None = None
    timeout: Annotated[float, Field(gt=0, le=3600)] = 60.0

    @property
    def is_local(self) -> bool:
        """It is a directory of this machine."""
        return "://" not in self.store or self.store.startswith("file:")

    @property
    def definition(self) -> str:
        """What tells this store from another one: what was learned of the one is not true of the other."""
        told = (self.store, self.endpoint, self.region, self.anonymous, self.key_file)
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
