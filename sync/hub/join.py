"""What shards of a first mirror brought, put into the journal of the state that seals."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from gdac.errors import GdacError
from gdac.store import Store
from sync.audit.shares import Part
from sync.brakes.hold import HUB
from sync.hub.shard import check_unsealed
from sync.hub.shardfiles import Shown, drop_all, load_rows, shown_by
from sync.hub.work import HubWork
from sync.state.boot import DURABLE

#: Seconds between two looks at shards that are under way.
_PAUSE: Final = 30.0
_EXAMPLES: Final = 10
#: Beside the state: all shards are in its journal, and what they left may be deleted.
_JOINED: Final = "shards-joined"


@dataclass(frozen=True, slots=True)
class JoinRecord:
    """What was joined.

    Attributes:
        shards: how many.
        files, bytes: that they brought.
    """

    shards: int
    files: int
    bytes: int

    def as_json(self) -> dict[str, Any]:
        """The record as plain JSON values."""
        return asdict(self)


class Join(HubWork):
    """Joins the shards of a first mirror; use once."""

    async def join(self, of: int, *, wait: timedelta = timedelta(0), pause: float = _PAUSE) -> JoinRecord:
        """Put the rows of all shards into the journal; `gdac sync run` then seals.

        Args:
            of: how many shards there are.
            wait: how long to wait for those that are under way.
            pause: seconds between two looks.

        Raises:
            UsageError: the hub shows a head already.
            GdacError: a shard is not complete; nothing was joined.
            RefusedError: what a shard left is damaged.
        """
        async with AsyncExitStack() as stack:
            hub = await stack.enter_async_context(self._opened(HUB, self._config.hub))
            await check_unsealed(hub)
            joined = self._state.directory / _JOINED
            if not joined.exists():
                shown = await self._complete(hub, of, wait, pause)
                with TemporaryDirectory(dir=self._state.directory, prefix="work-") as folder:
                    await self._journal(hub, of, shown, Path(folder))
                record = JoinRecord(of, sum(one.files for one in shown), sum(one.bytes for one in shown))
                joined.write_text(f"{record.files} {record.bytes}\n", encoding="utf-8")
            files, size = (int(one) for one in joined.read_text(encoding="utf-8").split())
            await drop_all(hub)
        return JoinRecord(of, files, size)

    async def _complete(self, hub: Store, of: int, wait: timedelta, pause: float) -> list[Shown]:
        until = self._now() + wait
        while True:
            shown = [await shown_by(hub, Part(number, of)) for number in range(1, of + 1)]
            done = [one for one in shown if one is not None and one.is_complete]
            if len(done) == of:
                return self._of_one_source(done)
            if self._now() >= until:
                break
            self._reporter.note(f"{len(done)} of {of} shards are complete.")
            await asyncio.sleep(pause)
        missing = [str(n) for n, one in enumerate(shown, 1) if one is None or not one.is_complete]
        more = f" and {len(missing) - _EXAMPLES} more" if len(missing) > _EXAMPLES else ""
        raise GdacError(
            f"{len(missing)} of {of} shards are not complete: {', '.join(missing[:_EXAMPLES])}{more}.",
            hint="Run them (again): gdac sync shard --part K/N. What they fetched is not fetched again.",
        )

    def _of_one_source(self, shown: Sequence[Shown]) -> list[Shown]:
        source = self._config.the_source.store
        for one in shown:
            if one.source != source:
                raise GdacError(
                    f"shard {one.part} is of {one.source!a}, not of {source}.",
                    hint="Run it again with the configuration of the others.",
                )
        return list(shown)

    async def _journal(self, hub: Store, of: int, shown: Sequence[Shown], workdir: Path) -> None:
        with self._reporter.stage("join shards", sum(one.files for one in shown)) as stage:
            for number, one in enumerate(shown, 1):
                for batch in await load_rows(hub, one, Part(number, of), workdir):
                    self._state.journal(batch, DURABLE)
                    stage.advance(len(batch), sum(row.size for row in batch))
