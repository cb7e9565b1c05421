"""A DAC's account: what waits in it, whole, and the folders for what goes back to the DAC."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from gdac.store import Store
from sync.collect.section import CollectSection, InboxSection
from sync.run import opened


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file in an inbox.

    Attributes:
        name: bare name.
        size: bytes.
        modified: UTC; None where the inbox does not tell.
        validator: the store's; None where it tells none.
    """

    name: str
    size: int
    modified: datetime | None
    validator: str | None


@dataclass(frozen=True, slots=True)
class Odd:
    """What lies in an inbox and can never be taken: a link, a device, a folder, a name that no store may be asked for.

    Attributes:
        name: made printable.
        why: one clause.
    """

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Look:
    """What one look into an inbox showed.

    Attributes:
        whole: files that may be taken, oldest first; empty ones last.
        growing: names of files that may not be whole yet, with what was seen of them and since when.
        odd: what can never be taken.
        more: there is more than one look takes in.
    """

    whole: tuple[Waiting, ...]
    growing: Mapping[str, str]
    odd: tuple[Odd, ...]
    more: bool


class Inbox:
    """The account of one DAC.

    Args:
        dac: whose.
        store: the account, opened; ``submit/``, ``reject/`` and ``report/`` lie in it.
        options: its section of the configuration.
        settle: how long a file must not have changed before it is taken.
    """

    def __init__(self, dac: str, store: Store, options: InboxSection, settle: timedelta) -> None:
        self.dac, self.store, self.options, self.settle = dac, store, options, settle

    async def waiting(self, known: Mapping[str, str]) -> Look:
        """Look into the inbox; ``known`` is what `sync.state.collect.CollectState.left_in_inbox` keeps."""
        raise NotImplementedError


@asynccontextmanager
async def opened_inbox(dac: str, section: CollectSection) -> AsyncIterator[Inbox]:
    """The inbox of a DAC, its store open for as long as the block lasts.

    Args:
        dac: whose; one of ``section.inbox``.
        section: how submissions are collected.
    """
    options = section.inbox[dac]
    async with opened(f"inbox_{dac}", options) as store:
        yield Inbox(dac, store, options, section.settle)
