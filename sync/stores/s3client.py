"""The data path to S3, configured; and its errors in words."""

import re
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from obstore.store import S3Store as Client

from gdac.errors import UsageError
from sync.stores.answers import shown
from sync.stores.hosts import is_loopback
from sync.stores.settings import S3Settings

#: Standard variables that answer for settings left empty.
ANSWERS: Final = {
    "endpoint": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "access_key": ("AWS_ACCESS_KEY_ID",),
    "secret_key": ("AWS_SECRET_ACCESS_KEY",),
    "session_token": ("AWS_SESSION_TOKEN",),
}
#: A whole request may take this long; silence is what ends it earlier.
_REQUEST: Final = timedelta(hours=1)
_STATUS: Final = re.compile(r"status code: (\d{3}[^:\n]*)")
_CODE: Final = re.compile(r"<Code>([^<]*)</Code>")
_MESSAGE: Final = re.compile(r"<Message>([^<]*)</Message>")
_SYSTEM: Final = re.compile(r'message: "([^"]+)"')
_HINTS: Final = {
    "NoSuchBucket": "Create the bucket first, or check its name and region.",
    "InvalidAccessKeyId": "Check the access key: GDAC_<NAME>_USER or AWS_ACCESS_KEY_ID.",
    "SignatureDoesNotMatch": "Check the secret key: GDAC_<NAME>_PASSWORD or AWS_SECRET_ACCESS_KEY.",
    "AccessDenied": "Give the account the right to read, write, list and delete in that bucket.",
    "PermanentRedirect": "The bucket lies in another region: set it.",
    "AuthorizationHeaderMalformed": "The bucket lies in another region: set it.",
    "RequestTimeTooSkewed": "Set this machine's clock.",
    "ExpiredToken": "Renew the temporary credentials.",
    "SlowDown": "Lower the number of concurrent transfers.",
}


def connect(bucket: str, settings: S3Settings) -> Client:
    """Make a client; it connects when it is first used.

    Raises:
        UsageError: the endpoint is no http(s) URL, or would carry keys in the clear to another machine.
    """
    config: dict[str, Any] = {
        "region": settings.region or "us-east-1",
        "virtual_hosted_style_request": not _path_style(settings),
        # One DELETE per key: every server has it, and it says which key failed.
        "disable_bulk_delete": True,
    }
    if settings.endpoint:
        config["endpoint"] = settings.endpoint.rstrip("/")
    if settings.anonymous:
        config["skip_signature"] = True
    elif settings.access_key:
        config |= {"access_key_id": settings.access_key, "secret_access_key": settings.secret_key}
        if settings.session_token:
            config["session_token"] = settings.session_token
    return Client(
        bucket,
        config=config,  # type: ignore[arg-type] # a TypedDict, filled by case
        client_options={
            "allow_http": _is_http(settings),
            "connect_timeout": timedelta(seconds=settings.connect_seconds),
            "read_timeout": timedelta(seconds=settings.read_seconds),
            "timeout": _REQUEST,
        },
        retry_config={"max_retries": settings.retries, "retry_timeout": timedelta(minutes=3)},
    )


def _path_style(settings: S3Settings) -> bool:
    return bool(settings.endpoint) if settings.path_style is None else settings.path_style


def _is_http(settings: S3Settings) -> bool:
    if not settings.endpoint:
        return False
    try:
        parts = urlsplit(settings.endpoint)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or parts.scheme not in {"http", "https"} or "@" in parts.netloc:
        raise UsageError("the S3 endpoint is not a URL of the form https://host[:port].", hint="Leave out all else.")
    if parts.scheme == "https":
        return False
    if not settings.allow_http and not is_loopback(host):
        raise UsageError(
            f"the S3 endpoint {parts.scheme}://{host} would carry keys and data unprotected.",
            hint="Use https, or set allow_http if the network between is yours alone.",
        )
    return True


def explain(error: Exception) -> tuple[str, str]:
    """What went wrong in words, and a hint; never the request's headers, which the full text may quote."""
    text = str(error)
    status, code, message = _STATUS.search(text), _CODE.search(text), _MESSAGE.search(text)
    if code:
        said = code[1] + (f", {message[1]}" if message else "")
        return shown(said).rstrip("."), _HINTS.get(code[1], "")
    if status:
        return f"the server answered {shown(status[1])}", "Try again later." if status[1][0] == "5" else ""
    system = _SYSTEM.search(text)
    if "TimedOut" in text or "timed out" in text:
        return "it did not answer in time", "Check the endpoint, or try again later."
    if system:
        return shown(system[1]), "Check the endpoint, or try again later."
    return shown(text.partition("\n")[0].rpartition(" - ")[2]).rstrip("."), ""
