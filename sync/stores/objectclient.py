"""What the clients of all object stores have in common: timeouts, tries, and no secrets in the clear."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from gdac.errors import UsageError
from sync.stores.hosts import is_loopback
from sync.stores.objecterrors import ERRORS, explain
from sync.stores.settings import ObjectSettings

C = TypeVar("C")

#: A whole request may take this long; silence is what ends it earlier.
_REQUEST: Final = timedelta(hours=1)


def options(settings: ObjectSettings) -> dict[str, Any]:
    """``client_options`` and ``retry_config`` of an obstore client.

    Raises:
        UsageError: the endpoint is no http(s) URL, or would carry keys in the clear to another machine; or the
            ``ca_file`` cannot be read.
    """
    client: dict[str, Any] = {
        "allow_http": _is_http(settings),
        "connect_timeout": timedelta(seconds=settings.connect_seconds),
        "read_timeout": timedelta(seconds=settings.read_seconds),
        "timeout": _REQUEST,
    }
    if settings.ca_file:
        try:
            client["root_certificate"] = Path(settings.ca_file).read_bytes()
        except OSError as error:
            raise UsageError(f"{settings.ca_file} cannot be used as ca_file: {error.strerror}.") from error
    retry = {"max_retries": settings.retries, "retry_timeout": timedelta(minutes=3)}
    return {"client_options": client, "retry_config": retry}


def made(client: Callable[..., C], bucket: str, config: Mapping[str, Any], settings: ObjectSettings) -> C:
    """A client of the data path.

    Raises:
        UsageError: as `options`; or the credentials cannot be used.
    """
    told = options(settings)
    try:
        return client(bucket, config=config, **told)
    except ERRORS as error:
        raise UsageError(
            f"the store of {bucket} cannot be opened: {explain(error, {}).said}.",
            hint="Check its credentials and its endpoint.",
        ) from None


def _is_http(settings: ObjectSettings) -> bool:
    if not settings.endpoint:
        return False
    try:
        parts = urlsplit(settings.endpoint)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or parts.scheme not in {"http", "https"} or "@" in parts.netloc:
        raise UsageError("the endpoint is not a URL of the form https://host[:port].", hint="Leave out all else.")
    if parts.scheme == "https":
        return False
    if not settings.allow_http and not is_loopback(host):
        raise UsageError(
            f"the endpoint {parts.scheme}://{host} would carry keys and data unprotected.",
            hint="Use https, or set allow_http if the network between is yours alone.",
        )
    return True
