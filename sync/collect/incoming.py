"""Where the bytes of a submission lie until their items have numbers; nothing of a name that somebody else chose.

They are moved to `sync.collect.held.held_file` once the items are entered. Whoever resumes looks in both places, so a
move that a power cut undid is done again.
"""

import asyncio
import hashlib
import shutil
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from sync.collect.held import held_file
from sync.state import State
from sync.state.collected import Item, Step
from sync.stores.local import LocalStore

T = TypeVar("T")
INCOMING: Final = "incoming"
_PAGE: Final = 1000


def token(name: str) -> str:
    """What an incoming file of this name is called."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def put_in_place(directory: Path, item: Item, source: Path) -> None:
    """Move an item's bytes to where items' bytes lie; fine when they are there.

    Args:
        directory: the state's.
        item: whose bytes.
        source: where they came in.
    """
    target = held_file(directory, item)
    if target.exists() or not source.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)


async def settle(folder: Path, incoming: str) -> None:
    """See that items' bytes would lie in their places after a power cut; then nothing is incoming any more."""
    if not folder.is_dir():
        return
    async with LocalStore(folder) as held:
        await held.flush()
        await held.clean()
    await asyncio.to_thread(shutil.rmtree, folder / incoming, ignore_errors=True)


def all_items(state: State, number: int, step: Step | None = None) -> Iterator[Item]:
    """Items of a submission by id, fetched a page at a time."""
    after = 0
    while page := state.items(number, step=step, after=after, most=_PAGE):
        after = page[-1].id
        yield from page


def batches(whole: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most so many, in order."""
    rest = iter(whole)
    while batch := list(islice(rest, size)):
        yield batch
