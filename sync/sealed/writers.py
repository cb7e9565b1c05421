"""What keeps two writers of one head apart.

Where a probe saw that a store keeps preconditions, the head is written by compare-and-swap: nothing else is needed,
whoever else writes. Where it does not, two runs with one state exclude each other by the state's lock, and the operator
must say that no other state writes there (``single_writer``). That word is then held against a mark in the store: a
second state is found out, but for the moment between a look and a write, which no store without preconditions closes.
"""

import json
from collections.abc import AsyncIterable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

from gdac.errors import GdacError
from gdac.manifest.fields import load_json
from gdac.manifest.names import HEAD_KEY
from gdac.paths import MANIFEST_DIR
from gdac.records import StoreRecord
from gdac.store import Declared, Expect, NotFoundError, ObjectInfo, Probed, Store
from sync.state import KeptProbe, State
from sync.stores.wrapper import Wrapper

#: Who seals an archive whose store keeps no preconditions.
WRITER_KEY: Final = f"{MANIFEST_DIR}/writer.json"
WRITER_FORMAT: Final = "argo-gdac writer 1"
_MOST_BYTES: Final = 4096
#: A probe is believed for so long; servers change under us, but requests cost.
_BELIEVED: Final = timedelta(hours=24)
#: Part of every definition: probes by other rules than today's are not believed.
_RULES: Final = "1"


async def try_store(store: Store, name: str, definition: str, state: State, now: datetime) -> KeptProbe:
    """Have a store know what it honours: from the state where that is fresh, else by a probe.

    Args:
        store: opened, writable.
        name: its name in the state.
        definition: what tells it from another store that had the name before.
        state: remembers.
        now: the time (UTC).

    Raises:
        StoreError: it cannot be written.
    """
    definition = f"{_RULES} {definition}"
    known = state.probe_of(name)
    if known is not None and known.definition == definition and timedelta(0) <= now - known.when < _BELIEVED:
        await store.probe(known.seen)
        return known
    kept = KeptProbe(definition, await store.probe(), now)
    state.remember_probe(name, kept)
    return kept


async def take_hub(
    hub: Store,
    name: str,
    definition: str,
    state: State,
    now: Callable[[], datetime],
    *,
    single_writer: bool,
    lease: timedelta,
) -> Store:
    """The hub's store as whoever seals it must use it; nothing but a probe has been written then.

    Args:
        hub: opened, writable.
        name: its name in the state.
        definition: as for `try_store`.
        state: remembers probes, and is the writer.
        now: the clock (UTC).
        single_writer: the operator says that no other state seals there.
        lease: a writer that was not seen for so long has gone.

    Raises:
        GdacError: two writers could not be kept apart there, or another state is its writer.
        StoreError: it cannot be written.
    """
    await try_store(hub, name, definition, state, now())
    if hub.capabilities.compare_and_swap:
        return hub
    if not single_writer:
        raise GdacError(
            f"{hub.name} was seen not to keep preconditions, so two runs that seal it at once could publish two heads"
            " of one serial. Nothing was done.",
            hint="If every run that seals this archive uses the same state directory, say so: single_writer = true in"
            " [hub]. Else seal to a directory, or to a bucket that keeps If-Match and If-None-Match.",
        )
    fenced = Fenced(hub, state.identity(), lease, now)
    await fenced.claim()
    return fenced


class Fenced(Wrapper):
    """A store whose head is written by one state alone, as a mark beside the head says.

    Args:
        store: the store.
        owner: id of the state that writes.
        lease: a mark that was not renewed for so long binds nobody.
        now: the clock (UTC).
    """

    def __init__(self, store: Store, owner: str, lease: timedelta, now: Callable[[], datetime]) -> None:
        super().__init__(store)
        self._owner, self._lease, self._now = owner, lease, now
        self._turn = 0

    async def claim(self) -> None:
        """Become the writer, or go on being it.

        Raises:
            GdacError: another state is.
        """
        there = await self._mark()
        if there is not None and there["state"] != self._owner and self._now() - there["since"] < self._lease:
            raise self._taken(there)
        self._turn = (there["turn"] if there else 0) + 1
        mark = {
            "format": WRITER_FORMAT,
            "state": self._owner,
            "turn": self._turn,
            "since": self._now().isoformat(timespec="seconds"),
        }
        raw = (json.dumps(mark, indent=1, sort_keys=True) + "\n").encode()
        await self._store.write(WRITER_KEY, raw, Declared(len(raw), content_type="application/json"))
        await self._check()

    async def write(
        self,
        key: str,
        body: bytes | AsyncIterable[bytes],
        declared: Declared,
        *,
        expect: Expect | str = Expect.ANYTHING,
    ) -> ObjectInfo:
        """Write one object; before the head the mark is looked at again."""
        if key == HEAD_KEY:
            await self._check()
        return await self._store.write(key, body, declared, expect=expect)

    async def _check(self) -> None:
        there = await self._mark()
        if there is None or (there["state"], there["turn"]) != (self._owner, self._turn):
            raise self._taken(there)

    async def _mark(self) -> dict[str, Any] | None:
        raw = b""
        try:
            async with self._store.read(WRITER_KEY) as reading:
                assert reading is not None  # only a conditional read yields None
                async for chunk in reading.chunks():
                    raw += chunk
                    if len(raw) > _MOST_BYTES:
                        break
        except NotFoundError:
            return None
        try:
            found = load_json(raw)
            since = datetime.fromisoformat(found["since"])
            mark = {"state": str(found["state"]), "turn": int(found["turn"]), "since": since}
            if found["format"] != WRITER_FORMAT or since.tzinfo is None:
                raise ValueError
        except (ValueError, KeyError, TypeError) as error:
            raise GdacError(
                f"{WRITER_KEY} of {self.name} cannot be read, so its writer is unknown; nothing was sealed.",
                hint="If no other run seals this archive, delete it.",
            ) from error
        return mark

    def _taken(self, there: dict[str, Any] | None) -> GdacError:
        who = f"by the state {there['state']} since {there['since']:%Y-%m-%dT%H:%M:%SZ}" if there else "by another run"
        return GdacError(
            f"{self.name} is sealed {who}, although single_writer says that only this state does; its head was left as"
            " it is.",
            hint=f"Use that state directory. If it is lost for good, delete {WRITER_KEY}, or wait until its lease of"
            f" {self._lease.total_seconds() / 3600:g} hours has run out.",
        )


def guard_of(seen: Probed, *, single_writer: bool) -> str:
    """What keeps two writers of a store's head apart, in words."""
    if seen.honours_expectations:
        return "compare-and-swap"
    return "a single writer, as configured" if single_writer else "a look before it is written"


def store_record(name: str, probe: KeptProbe, *, single_writer: bool) -> StoreRecord:
    """What a run reports of a store that it wrote to."""
    guard = guard_of(probe.seen, single_writer=single_writer)
    return StoreRecord(name, guard, probe.seen, f"{probe.when:%Y-%m-%dT%H:%M:%SZ}")
