"""The daemon's clock: what time it is, and how it waits."""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the daemon asks for the time."""

    def now(self) -> datetime:
        """The time (UTC)."""
        ...

    async def sleep(self, seconds: float, woken: asyncio.Event) -> None:
        """Return after so many seconds, or when woken."""
        ...


class RealClock:
    """The machine's own."""

    def now(self) -> datetime:
        """See `Clock.now`."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float, woken: asyncio.Event) -> None:
        """See `Clock.sleep`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(woken.wait(), max(seconds, 0.0))
