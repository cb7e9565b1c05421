"""Clients for S3: one of obstore for the data, one of boto3 for what that cannot do; and S3's errors in words."""

from typing import Any, Final

from obstore.store import S3Store as Client

from sync.stores.objectclient import made
from sync.stores.settings import S3Settings

#: Standard variables that answer for settings left empty.
ANSWERS: Final = {
    "endpoint": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "access_key": ("AWS_ACCESS_KEY_ID",),
    "secret_key": ("AWS_SECRET_ACCESS_KEY",),
    "session_token": ("AWS_SESSION_TOKEN",),
}
HINTS: Final = {
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
_DEFAULT_REGION: Final = "us-east-1"


def connect(bucket: str, settings: S3Settings) -> Client:
    """Make the client of the data path; it connects when it is first used.

    Raises:
        UsageError: the endpoint is no http(s) URL, or would carry keys in the clear to another machine.
    """
    config: dict[str, Any] = {
        "region": settings.region or _DEFAULT_REGION,
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
    return made(Client, bucket, config, settings)


def connect_boto(settings: S3Settings) -> Any:
    """Make a boto3 client. Blocks, and its calls do: for threads."""
    import boto3  # noqa: PLC0415 - slow to import, seldom needed
    from botocore import UNSIGNED  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        connect_timeout=settings.connect_seconds,
        read_timeout=settings.read_seconds,
        retries={"total_max_attempts": settings.retries + 1, "mode": "standard"},
        s3={"addressing_style": "path" if _path_style(settings) else "virtual"},
        # Checksums that nobody asked for break servers that are not AWS.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    if settings.anonymous:
        config = config.merge(Config(signature_version=UNSIGNED))
    return boto3.session.Session().client(
        "s3",
        region_name=settings.region or _DEFAULT_REGION,
        endpoint_url=settings.endpoint or None,
        aws_access_key_id=settings.access_key or None,
        aws_secret_access_key=settings.secret_key or None,
        aws_session_token=settings.session_token or None,
        verify=settings.ca_file or None,
        config=config,
    )


def _path_style(settings: S3Settings) -> bool:
    return bool(settings.endpoint) if settings.path_style is None else settings.path_style
