"""From a URL to a store. An adapter's library is imported when its scheme is asked for."""

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from gdac.errors import UsageError
from gdac.paths import PathError, check_safe
from gdac.store import Store
from sync.places import from_home
from sync.stores.hosts import is_loopback
from sync.stores.settings import (
    AzureSettings,
    FtpSettings,
    GcsSettings,
    HttpSettings,
    S3Settings,
    SftpSettings,
    StoreSettings,
)

KNOWN: Final = "a plain path, file://, http://, https://, ftp://, ftps://, sftp://, s3://, gs://, az://"
T = TypeVar("T", HttpSettings, FtpSettings, SftpSettings)
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")


def open_store(
    url: str,
    settings: StoreSettings | None = None,
    *,
    name: str = "",
    environment: Mapping[str, str] | None = None,
) -> Store:
    """Make the store that a URL names; it connects when it is first used.

    Args:
        url: ``/path``, ``file:///path``, ``http(s)://host[:port]/path``, ``ftp(s)://host[:port]/path`` (relative to
            where the log-in lands; ``ftp://host/%2Fpath`` for an absolute one; ftps is explicit TLS),
            ``sftp://host[:port]/path`` (absolute; ``sftp://host/~/path`` is relative to where the log-in lands),
            ``s3://bucket[/prefix]``, ``gs://bucket[/prefix]`` or ``az://container[/prefix]``.
        settings: limits, timeouts, endpoint; secrets too, but better by the environment.
        name: the store's name in the configuration. With it, ``GDAC_<NAME>_USER`` and ``GDAC_<NAME>_PASSWORD`` give
            account and password (for S3: access key and secret key; for Azure: account and key); other
            characters than letters and digits are ``_`` there.
        environment: where to look for them; by default the process's own.

    Raises:
        UsageError: the scheme is unknown, or the URL is incomplete or holds a password.
    """
    settings = settings or StoreSettings()
    secrets = _Secrets(name, os.environ if environment is None else environment)
    scheme = _SCHEME.match(url)
    if scheme is None:
        return _local(url, settings)
    parts = _split(url)
    match parts.scheme:
        case "file":
            if parts.netloc not in {"", "localhost"}:
                raise UsageError(f"{url} names a machine: file URLs are for this one.", hint="Write file:///path.")
            return _local(unquote(parts.path), settings)
        case "http" | "https":
            return _http(url, parts, secrets.into(settings.http))
        case "ftp" | "ftps":
            return _ftp(parts, secrets.into(settings.ftp))
        case "sftp":
            return _sftp(parts, secrets.into(settings.sftp))
        case "s3":
            return _s3(parts, secrets.into_s3(settings.s3), secrets.environment)
        case "gs":
            return _gcs(parts, settings.gcs, secrets.environment)
        case "az":
            return _azure(parts, secrets.into_azure(settings.azure), secrets.environment)
        case unknown:
            raise UsageError(f"gdac does not know the scheme {unknown!r} of {url}.", hint=f"Known are {KNOWN}.")


class _Secrets:
    """Account and password of one named store, out of the environment."""

    def __init__(self, name: str, environment: Mapping[str, str]) -> None:
        self.environment = environment
        stem = "GDAC_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
        self._user = environment.get(f"{stem}_USER") if name else None
        self._password = environment.get(f"{stem}_PASSWORD") if name else None

    def into(self, settings: T) -> T:
        """The settings, with what the environment says in their place."""
        if self._user is not None:
            settings = replace(settings, user=self._user)
        return settings if self._password is None else replace(settings, password=self._password)

    def into_s3(self, settings: S3Settings) -> S3Settings:
        """The same, where an account is an access key."""
        if self._user is not None:
            settings = replace(settings, access_key=self._user)
        return settings if self._password is None else replace(settings, secret_key=self._password)

    def into_azure(self, settings: AzureSettings) -> AzureSettings:
        """The same, where an account is a storage account and its password the account's key."""
        if self._user is not None:
            settings = replace(settings, account=self._user)
        return settings if self._password is None else replace(settings, access_key=self._password)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for a port that is no number
    except ValueError as error:
        raise UsageError(f"a store's URL cannot be read: {error}.", hint="Write scheme://host[:port]/path.") from None
    if "@" in parts.netloc:
        # The URL itself must not be repeated: it holds the secret.
        raise UsageError(
            f"the {parts.scheme} URL for {parts.hostname} holds a user or password; such URLs end up in logs.",
            hint="Name the store in the configuration and set GDAC_<NAME>_USER and GDAC_<NAME>_PASSWORD.",
        )
    if parts.query or parts.fragment:
        raise UsageError(
            f"the {parts.scheme} URL for {parts.hostname} has a query or fragment; a store is a directory.",
            hint="Leave out what begins with ? or #.",
        )
    if parts.scheme != "file" and not parts.hostname:
        raise UsageError(f"{url} names no host or bucket.", hint="Write scheme://host/path.")
    return parts


def _local(path: str, settings: StoreSettings) -> Store:
    from sync.stores.local import LocalStore  # noqa: PLC0415 - lazy by design

    if not path:
        raise UsageError("a local store needs a directory.", hint="Write a path or file:///path.")
    return LocalStore(Path(from_home(path)), settings.local)


def _http(url: str, parts: SplitResult, settings: HttpSettings) -> Store:
    from sync.stores.http import HttpStore  # noqa: PLC0415 - lazy by design

    if settings.user is not None and parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise UsageError(f"{url} would send its password in the clear.", hint="Use https, or leave out the account.")
    return HttpStore(url, settings)


def _ftp(parts: SplitResult, settings: FtpSettings) -> Store:
    from sync.stores.ftp import FtpStore  # noqa: PLC0415 - lazy by design
    from sync.stores.ftpaccount import FtpAccount  # noqa: PLC0415

    kind = FtpAccount if settings.writes else FtpStore
    root = unquote(parts.path[1:])
    if root.strip("/"):
        _check_prefix(root.strip("/"))
    return kind(parts.hostname or "", parts.port or 21, root, settings, tls=parts.scheme == "ftps")


def _sftp(parts: SplitResult, settings: SftpSettings) -> Store:
    from sync.stores.sftp import SftpStore  # noqa: PLC0415 - lazy by design

    path = unquote(parts.path)
    root = path.removeprefix("/~/") if path.startswith("/~/") else path
    if root.strip("/"):
        _check_prefix(root.strip("/"))
    return SftpStore(parts.hostname or "", parts.port or 22, root, settings)


def _s3(parts: SplitResult, settings: S3Settings, environment: Mapping[str, str]) -> Store:
    from sync.stores.s3 import S3Store, from_environment  # noqa: PLC0415 - lazy by design

    return S3Store(parts.netloc, _prefix(parts), from_environment(settings, environment))


def _gcs(parts: SplitResult, settings: GcsSettings, environment: Mapping[str, str]) -> Store:
    from sync.stores.gcs import GcsStore, from_environment  # noqa: PLC0415 - lazy by design

    return GcsStore(parts.netloc, _prefix(parts), from_environment(settings, environment))


def _azure(parts: SplitResult, settings: AzureSettings, environment: Mapping[str, str]) -> Store:
    from sync.stores.azure import AzureStore, from_environment  # noqa: PLC0415 - lazy by design

    return AzureStore(parts.netloc, _prefix(parts), from_environment(settings, environment))


def _prefix(parts: SplitResult) -> str:
    prefix = parts.path.strip("/")
    if prefix:
        _check_prefix(prefix)
    return prefix


def _check_prefix(prefix: str) -> None:
    try:
        check_safe(prefix)
    except PathError as error:
        raise UsageError(f"a store cannot begin there: {error.what}") from error
