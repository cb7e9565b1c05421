"""Google Cloud Storage as a store: ``gs://bucket/prefix``; see `sync.stores.objects`.

Its preconditions go by generation, so a validator is the ETag and the generation. Listings do not tell generations:
their entries have no validator.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from obstore.store import GCSStore as Client

from sync.stores.objectclient import made
from sync.stores.objects import ObjectStore, quoted
from sync.stores.settings import GcsSettings


class GcsStore(ObjectStore):
    """A bucket, or what lies in it under a prefix.

    Args:
        bucket: its name.
        prefix: where the archive begins in it, without slashes at the ends.
        settings: credentials, endpoint, sizes of parts, timeouts.

    Raises:
        UsageError: the endpoint speaks http and is not on this machine.
    """

    SCHEME = "gs"
    HINTS = {  # noqa: RUF012 - a constant
        "NoSuchBucket": "Create the bucket first, or check its name.",
        "AccessDenied": "Give the account the right to read, write, list and delete in that bucket.",
    }

    def __init__(self, bucket: str, prefix: str = "", settings: GcsSettings | None = None) -> None:
        settings = settings or GcsSettings()
        super().__init__(_connect(bucket, settings), bucket, prefix, settings)

    def _validator(self, meta: Any) -> str | None:
        etag, generation = quoted(meta["e_tag"]), meta.get("version")
        return f"{etag}#{generation}" if etag and generation else None

    def _etag(self, validator: str) -> str:
        return validator.rpartition("#")[0]

    def _swap(self, validator: str) -> Any:
        etag, _, generation = validator.rpartition("#")
        return {"e_tag": etag, "version": generation}


def _connect(bucket: str, settings: GcsSettings) -> Client:
    config: dict[str, Any] = {}
    if settings.endpoint:
        config["base_url"] = settings.endpoint.rstrip("/")
    if settings.anonymous:
        config["skip_signature"] = True
    elif settings.credentials_file:
        config["application_credentials"] = settings.credentials_file
    return made(Client, bucket, config, settings)


def from_environment(settings: GcsSettings, environment: Mapping[str, str]) -> GcsSettings:
    """Fill what is empty in `settings` from the standard Google variable."""
    if settings.credentials_file:
        return settings
    return replace(settings, credentials_file=environment.get("GOOGLE_APPLICATION_CREDENTIALS", ""))
