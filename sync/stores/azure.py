"""Azure Blob Storage as a store: ``az://container/prefix``; see `sync.stores.objects`.

Its ETags are no digests, so what went up is protected by TLS on the way and proved by an audit, not by the answer.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from obstore.store import AzureStore as Client

from gdac.errors import UsageError
from sync.stores.objectclient import made
from sync.stores.objects import ObjectStore
from sync.stores.settings import AzureSettings

_ANSWERS: Final = {
    "account": ("AZURE_STORAGE_ACCOUNT_NAME",),
    "access_key": ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY"),
    "sas_token": ("AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_SAS_KEY"),
}


class AzureStore(ObjectStore):
    """A container, or what lies in it under a prefix.

    Args:
        container: its name.
        prefix: where the archive begins in it, without slashes at the ends.
        settings: account, credentials, endpoint, sizes of parts, timeouts.

    Raises:
        UsageError: no account is named, or the endpoint speaks http and is not on this machine.
    """

    SCHEME = "az"
    HINTS = {  # noqa: RUF012 - a constant
        "ContainerNotFound": "Create the container first, or check its name and account.",
        "AuthenticationFailed": "Check the key: GDAC_<NAME>_PASSWORD or AZURE_STORAGE_ACCOUNT_KEY.",
        "AuthorizationFailure": "Give the account the right to read, write, list and delete in that container.",
        "ServerBusy": "Lower the number of concurrent transfers.",
    }

    def __init__(self, container: str, prefix: str = "", settings: AzureSettings | None = None) -> None:
        self._azure = settings or AzureSettings()
        super().__init__(_connect(container, self._azure), container, prefix, self._azure)

    def _account(self) -> tuple[str, ...]:
        return ("az", self._azure.endpoint, self._azure.account, str(self._azure.anonymous))


def _connect(container: str, settings: AzureSettings) -> Client:
    if not settings.account:
        raise UsageError(
            f"az://{container} names no storage account.",
            hint="Set account in the configuration, GDAC_<NAME>_USER or AZURE_STORAGE_ACCOUNT_NAME.",
        )
    config: dict[str, Any] = {"account_name": settings.account}
    if settings.endpoint:
        config["endpoint"] = settings.endpoint.rstrip("/")
    if settings.anonymous:
        config["skip_signature"] = True
    elif settings.access_key:
        config["account_key"] = settings.access_key
    elif settings.sas_token:
        config["sas_key"] = settings.sas_token.lstrip("?")
    return made(Client, container, config, settings)


def from_environment(settings: AzureSettings, environment: Mapping[str, str]) -> AzureSettings:
    """Fill what is empty in `settings` from the standard Azure variables."""
    changes = {
        field: next((environment[name] for name in names if environment.get(name)), "")
        for field, names in _ANSWERS.items()
        if not getattr(settings, field)
    }
    if settings.access_key or settings.sas_token:  # never mix our credential with somebody else's
        changes = {field: value for field, value in changes.items() if field == "account"}
    return replace(settings, **changes)  # type: ignore[arg-type] # the fields of _ANSWERS are strings
