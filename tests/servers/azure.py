"""Azure Blob Storage: Azurite."""

import base64
import email.utils
import hmac
import os
import secrets
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from tests.servers.running import Server, free_port, installed, runs

#: The account of every Azurite, and its key: published, no secret.
AZURITE_ACCOUNT = "devstoreaccount1"
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@contextmanager
def azure_azurite() -> Iterator[Server]:
    """Azure Blob Storage by Azurite (npm), found on the path or by ``ARGO_GDAC_AZURITE``; with a fresh container."""
    binary = os.environ.get("ARGO_GDAC_AZURITE") or installed("azurite-blob")
    port = free_port()
    command = [binary, "--silent", "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"]
    container = f"gdac{secrets.token_hex(4)}"
    with runs([*command, "--blobPort", str(port)], port):
        endpoint = f"http://127.0.0.1:{port}/{AZURITE_ACCOUNT}"
        _make_container(endpoint, container)
        yield Server(f"az://{container}", None, [], endpoint)


def _make_container(endpoint: str, container: str) -> None:
    """Create a container, signed by shared key as Azure's REST reference says."""
    date = email.utils.formatdate(usegmt=True)
    headers = {"x-ms-date": date, "x-ms-version": "2021-12-02"}
    told = "".join(f"{name}:{value}\n" for name, value in headers.items())
    signed = "PUT" + "\n" * 12 + f"{told}/{AZURITE_ACCOUNT}/{AZURITE_ACCOUNT}/{container}\nrestype:container"
    digest = hmac.new(base64.b64decode(AZURITE_KEY), signed.encode(), "sha256").digest()
    headers["Authorization"] = f"SharedKey {AZURITE_ACCOUNT}:{base64.b64encode(digest).decode()}"
    url = f"{endpoint}/{container}?restype=container"
    urllib.request.urlopen(urllib.request.Request(url, method="PUT", headers=headers)).close()
