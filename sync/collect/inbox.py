"""A DAC's account: what waits in it, whole, and the folders for what goes back to the DAC.

A bucket shows an object when all of it is there. Elsewhere a file may still be growing: it is taken when its time is
as long ago as `Inbox.settle`, by the clock of the inbox itself (a file of ours is written there and its time read:
the two machines need not agree). Where a time is missing or lies in the future, the file must have looked the same for
so long, from one run to a later one. Names that begin with a dot are somebody's unfinished upload and are passed over;
names that end like one (``.filepart``, ``.part``, ``.tmp``) wait for a day.
"""

import asyncio
import os
import re
import stat
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from gdac.errors import StoreError, UsageError
from gdac.paths import PathError, check_safe
from gdac.store import Declared, ObjectInfo, Store
from sync.collect.section import CollectSection, InboxSection
from sync.collect.seen import GROWING, Seen, look_of
from sync.places import local_path
from sync.run import opened
from sync.stores.answers import shown

#: Names that one look takes in; who puts more into an inbox waits for the next look.
MOST_NAMES: Final = 250_000
#: Odd things that one look tells of.
_MOST_ODD: Final = 1000
_UNFINISHED: Final = re.compile(r".*\.(?:filepart|part|partial|tmp|crdownload)", re.IGNORECASE | re.DOTALL)
_PATIENCE: Final = timedelta(days=1)
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_CLOCK: Final = "gdac-clock"
_ODD_KINDS: Final = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_FOLDER: Final = "it is a folder; only files that lie directly in the inbox are taken"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file in an inbox.

    Attributes:
        name: bare name; every store may be asked for it.
        size: bytes.
        modified: UTC; None where the inbox does not tell.
        validator: the store's; None where it tells none.
    """

    name: str
    size: int
    modified: datetime | None
    validator: str | None

    @property
    def look(self) -> str:
        """What tells this version of the file from another one, as well as the inbox can."""
        return look_of(self.size, self.modified, self.validator)


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
        growing: names of files that may not be whole yet.
        odd: what can never be taken.
        more: there is more than one look takes in.
        kept: what to remember of growing files until the next look, by name.
    """

    whole: tuple[Waiting, ...]
    growing: tuple[str, ...]
    odd: tuple[Odd, ...]
    more: bool
    kept: Mapping[str, str]


class Inbox:
    """The account of one DAC.

    Args:
        dac: whose.
        store: the account, opened; ``submit/``, ``reject/`` and ``report/`` lie in it. Its deletes leave those there.
        options: its section of the configuration.
        settle: how long a file must not have changed before it is taken.
    """

    def __init__(self, dac: str, store: Store, options: InboxSection, settle: timedelta) -> None:
        self.dac, self.store, self.options, self.settle = dac, store, options, settle

    def key(self, name: str) -> str:
        """Where a file waits in the account."""
        return f"{self.options.submit}/{name}"

    async def waiting(self, known: Mapping[str, str], now: datetime) -> Look:
        """Look into the inbox.

        Args:
            known: what `sync.state.collect.CollectState.left_in_inbox` keeps of earlier looks.
            now: our own clock (UTC); the inbox's may be another.

        Raises:
            UsageError: the account can only be read.
            StoreError: it cannot be reached, listed or written.
        """
        if not self.store.capabilities.writes:
            hint = "An inbox is a local directory, FTP, SFTP or a bucket, with the right to write."
            raise UsageError(f"the account of {self.dac}, {self.store.name}, can only be read.", hint=hint)
        found, odd, more = await self._listed()
        if not found and await self.store.has_folder(self.options.submit) is False:
            raise StoreError(
                f"the inbox of {self.dac}, {self.options.submit}/ on {self.store.name}, is not there.",
                hint=f"Correct collect.inbox.{self.dac}.store, or have the folder made in the account.",
            )
        clock = None
        if found and self._asks_for_time:
            clock = await self._read_clock()
        whole: list[Waiting] = []
        growing: list[Waiting] = []
        for one in found:
            (whole if self._is_whole(one, known, clock, now) else growing).append(one)
        whole.sort(key=lambda one: (one.size == 0, one.modified or _LONG_AGO, one.name))
        kept = {one.name: _since(one, known, now) for one in growing if clock is None or not _is_past(one, clock)}
        return Look(tuple(whole), tuple(one.name for one in growing), tuple(odd), more, kept)

    @property
    def _asks_for_time(self) -> bool:
        return not self.store.capabilities.lists_whole

    def _is_whole(self, one: Waiting, known: Mapping[str, str], clock: datetime | None, now: datetime) -> bool:
        if not self._asks_for_time:
            return True
        patience = max(self.settle, _PATIENCE) if _UNFINISHED.fullmatch(one.name) else self.settle
        if not patience:
            return True
        if clock is not None and one.modified is not None and one.modified <= clock:
            return clock - one.modified >= patience
        before = Seen.read(known.get(one.name))
        return before is not None and before.look == one.look and now - before.since >= patience

    async def _read_clock(self) -> datetime | None:
        """What time it is where the inbox lies; None where that cannot be told.

        It also shows, before anything is taken, that what must go back can be put there.
        """
        key = f"{self.options.reject}/{_CLOCK}"
        written = await self.store.write(key, b"\n", Declared(1))
        await self.store.delete(key)
        return written.modified

    async def _listed(self) -> tuple[list[Waiting], list[Odd], bool]:
        strange = await asyncio.to_thread(self._look_on_disk)
        odd = {one.name: one for one in strange}
        found: list[Waiting] = []
        shown_so_far = 0
        above = f"{self.options.submit}/"
        # A bucket lists in pages only when asked for all below; elsewhere that would mean every folder in the inbox.
        async for info in self.store.list(self.options.submit, recursive=not self._asks_for_time):
            if shown_so_far == MOST_NAMES:
                return found, list(odd.values())[:_MOST_ODD], True
            shown_so_far += 1
            one = _judged(info.path.removeprefix(above), info)
            if isinstance(one, Odd):
                odd.setdefault(one.name, one)
            elif one is not None and one.name not in odd:
                found.append(one)
        return found, list(odd.values())[:_MOST_ODD], False

    def _look_on_disk(self) -> list[Odd]:
        """What a listing does not show of a local inbox: links, devices, folders. Does not follow any link."""
        folder = check_there(self.dac, self.options)
        return [] if folder is None else list(_odd_in(folder))


def check_there(dac: str, options: InboxSection) -> Path | None:
    """The folder of a local inbox; None for one elsewhere, which is not asked.

    Only who sets an account up makes these folders: a disk that is not mounted must not look like an inbox in which
    nothing waits.

    Args:
        dac: whose.
        options: its section of the configuration.

    Raises:
        StoreError: the account or its ``submit/`` is not there, or is no folder of its own.
    """
    root = local_path(options.store)
    if root is None:
        return None
    account = Path(root)
    _check_folder(f"the account of {dac}", account)
    folder = account / options.submit
    if folder.is_symlink():
        raise StoreError(f"{folder} is a symbolic link; an inbox must be a folder of its own: put a real one there.")
    _check_folder(f"the inbox of {dac}", folder)
    return folder


def _check_folder(what: str, folder: Path) -> None:
    try:
        mode = folder.stat().st_mode
    except FileNotFoundError as error:
        raise StoreError(f"{what}, {folder}, is not there: mount its disk, or make the folder.") from error
    except OSError as error:
        raise StoreError(f"{what}, {folder}, cannot be looked at: {error.strerror or error}.") from error
    if not stat.S_ISDIR(mode):
        raise StoreError(f"{what}, {folder}, is no folder: put one there.")


@asynccontextmanager
async def opened_inbox(dac: str, section: CollectSection) -> AsyncIterator[Inbox]:
    """The inbox of a DAC, its store open for as long as the block lasts.

    Args:
        dac: whose; one of ``section.inbox``.
        section: how submissions are collected.

    Raises:
        StoreError: the account is not there, or cannot be reached.
    """
    options = section.inbox[dac]
    await asyncio.to_thread(check_there, dac, options)
    async with opened(f"inbox_{dac}", options) as store:
        yield Inbox(dac, store, options, section.settle)


def _judged(name: str, info: ObjectInfo) -> Waiting | Odd | None:
    """What an entry of a listing is; None for what is passed over."""
    first, slash, _ = name.partition("/")
    if not first or first.startswith("."):
        return None
    if slash:
        return Odd(shown(first), _FOLDER)
    try:
        check_safe(name)
    except PathError as error:
        return Odd(shown(name), error.why)
    if info.size is None:
        return Odd(shown(name), "it is no plain file")
    return Waiting(name, info.size, info.modified, info.validator)


def _odd_in(folder: Path) -> Iterable[Odd]:
    with os.scandir(folder) as entries:
        for number, entry in enumerate(entries):
            if number == MOST_NAMES:
                return
            if entry.name.startswith(".") or entry.is_file(follow_symlinks=False):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield Odd(shown(entry.name), _FOLDER)
                continue
            try:
                kind = stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode)
            except FileNotFoundError:  # gone since the directory was read
                continue
            if kind != stat.S_IFREG:
                yield Odd(shown(entry.name), f"it is {_ODD_KINDS.get(kind, 'no plain file')}")


def _is_past(one: Waiting, clock: datetime) -> bool:
    return one.modified is not None and one.modified <= clock


def _since(one: Waiting, known: Mapping[str, str], now: datetime) -> str:
    """What to remember of a growing file: when it was first seen as it is now."""
    before = Seen.read(known.get(one.name))
    since = before.since if before is not None and before.look == one.look else now
    return Seen(GROWING, one.look, since).text
