"""A deployment whose hub lies elsewhere than in a directory of ours."""

from pathlib import Path
from typing import Any

from sync.config import Config, check_config
from tests.deployment import SECRETS, Deployment
from tests.servers import AZURITE_ACCOUNT, AZURITE_KEY, PASSWORD, USER, Server

#: Credentials of every server that `tests.servers` starts, for hubs and mirrors; sources are anonymous.
LOG_IN = {name: value for name, value in SECRETS.items() if not name.startswith("GDAC_SOURCE")}
LOG_IN |= {"GDAC_HUB_USER": USER, "GDAC_HUB_PASSWORD": PASSWORD}
#: The same where the hub lies on Azurite.
AZURE_LOG_IN = {"GDAC_HUB_USER": AZURITE_ACCOUNT, "GDAC_HUB_PASSWORD": AZURITE_KEY}


class Daemon(Deployment):
    """A deployment whose hub lies elsewhere."""

    hub_section: dict[str, Any]

    def __init__(self, root: Path, source: str, **hub: Any) -> None:
        super().__init__(root, source)
        self.hub_section = {"state": str(root / "state"), **hub}

    @property
    def config(self) -> Config:
        raw = {"hub": self.hub_section, "source": {"source": {"store": self.source}}, "mirror": self.mirrors}
        return check_config(raw, where="test")


def bucket(server: Server, **more: Any) -> dict[str, Any]:
    return {"store": f"{server.url}/hub", "endpoint": server.endpoint, "connections": 4, **more}
