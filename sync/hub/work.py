"""What every piece of work on a hub beside the day's run is given."""

from collections.abc import Callable
from datetime import datetime

from gdac.store import Store
from sync.config import Config
from sync.options import StoreOptions
from sync.progress import Reporter
from sync.state import State


class HubWork:
    """A piece of work on one deployment; use once.

    Args:
        config: the deployment.
        state: its opened state.
        reporter: where progress goes.
        now: the clock (UTC).
        opened: makes the store of a section of the configuration.
    """

    def __init__(
        self,
        config: Config,
        state: State,
        reporter: Reporter,
        now: Callable[[], datetime],
        opened: Callable[[str, StoreOptions], Store],
    ) -> None:
        self._config, self._state, self._reporter, self._now, self._opened = config, state, reporter, now, opened
