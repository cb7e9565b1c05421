"""Archives of a submission become items, member by member; a bad archive is one refused item.

Members are written under numbers, made durable, and entered all in one transaction; then they are moved to where items'
bytes lie. Whichever step a crash falls into, the next call goes on from there. A name that comes again in one archive:
the last one counts, as when tar itself unpacks it; an earlier one with other bytes is refused, and nothing of it is
kept. (Names that come again across archives and loose files are `sync.collect.decide`'s.)
"""

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from gdac.errors import GdacError
from gdac.store import Declared
from policies.law import values, version
from policies.submission import Submission as Kind
from policies.submission import recognise
from sync.collect.archive import ArchiveError, Member, members
from sync.collect.held import held_file, held_folder
from sync.collect.inbox import Waiting
from sync.collect.incoming import all_items, put_in_place, settle
from sync.collect.room import free_room, judge_size
from sync.state import State
from sync.state.collect import Decided
from sync.state.collected import Item, NewItem, Reason, RuleSet, Step, Submission, Verdict
from sync.stores.local import LocalStore

_SIZES: Final = values("acceptance", "ACC-008")
#: What all archives of one submission may hold together; one alone may fill it.
_MOST_BYTES: Final = int(_SIZES["total_bytes"])
_MOST_MEMBERS: Final = 4 * int(_SIZES["members"])
_TOGETHER: Final = "the archives of this submission hold together more than {:,} {}: send fewer at once"
_EMPTY: Final = Reason("ACC-008", "the file is empty")


async def unpack(state: State, directory: Path, submission: Submission, now: datetime) -> None:  # noqa: ARG001
    """Unpack every archive of a submission that is TAKEN: it is OPENED and DONE then, or REFUSED and DECIDED.

    Its members are TAKEN items; those that are empty or too large are REFUSED and DECIDED, without bytes.

    Args:
        state: the state.
        directory: the state's directory.
        submission: whose archives.
        now: when (UTC); members came when their archive did.

    Raises:
        GdacError: our own disk failed or has no room; what was being unpacked is gone from it.
    """
    folder = held_folder(directory, submission.number)
    archives, together = [], _Together()
    for item in all_items(state, submission.number):
        if item.kind is Kind.ARCHIVE and item.parent is None:
            archives.append(item)
        elif item.parent is not None:
            together.count(item.size if item.has_bytes else 0)
    for item in archives:
        if item.verdict is None and item.step is Step.TAKEN:
            unpacking = _Unpacking(state, directory, folder, item, submission.dac, together)
            if await unpacking.run():
                await _place_members(state, directory, folder, item)
        elif item.verdict is Verdict.OPENED and item.has_bytes:
            await _place_members(state, directory, folder, item)


@dataclass(slots=True)
class _Together:
    """What the archives of a submission hold together, so far."""

    members: int = 0
    size: int = 0

    def count(self, size: int) -> None:
        """Count a member. Raises `ArchiveError` when there are too many."""
        self.members, self.size = self.members + 1, self.size + size
        if self.members > _MOST_MEMBERS:
            raise ArchiveError(_TOGETHER.format(_MOST_MEMBERS, "members"))
        if self.size > _MOST_BYTES:
            raise ArchiveError(_TOGETHER.format(_MOST_BYTES, "bytes"))


@dataclass(slots=True)
class _Unpacking:
    """One archive, being unpacked."""

    state: State
    directory: Path
    folder: Path
    item: Item
    dac: str
    together: _Together
    found: list[NewItem] = field(default_factory=list)
    #: Where in ``found`` a name came last.
    places: dict[str, int] = field(default_factory=dict)

    async def run(self) -> bool:
        """Unpack it and enter its members; returns False when it was refused."""
        before = replace(self.together)
        incoming = self.folder / _incoming(self.item)
        await asyncio.to_thread(shutil.rmtree, incoming, ignore_errors=True)
        try:
            async with LocalStore(self.folder) as held:
                # Closed at once, and not when somebody collects garbage: it holds the archive open.
                async with aclosing(members(held_file(self.directory, self.item), self.item.size)) as found:
                    async for member in found:
                        await self._keep(member, held)
                await held.flush()
        except ArchiveError as error:
            self.together.members, self.together.size = before.members, before.size
            await asyncio.to_thread(shutil.rmtree, incoming, ignore_errors=True)
            told = Decided(self.item.id, Verdict.REFUSED, reasons=(error.reason,), rules=_rules())
            self.state.decided([told])
            return False
        except BaseException:
            shutil.rmtree(incoming, ignore_errors=True)
            raise
        self.state.unpacked(self.item.id, self.found, _rules())
        return True

    async def _keep(self, member: Member, held: LocalStore) -> None:
        reason = _EMPTY if not member.size else judge_size(self.dac, Waiting(member.name, member.size, None, None))
        if reason is not None:
            self.together.count(0)
            self._add(member, None, reason)
            return
        self.together.count(member.size)
        if free_room(self.directory) < member.size:
            raise GdacError(
                f"there is no room on the disk of {self.directory} to unpack {self.item.name}.",
                hint="Free some space and run again; nothing of the archive was kept.",
            )
        digest = hashlib.sha256()
        key = f"{_incoming(self.item)}/{len(self.found)}"
        await held.write(key, _passed_on(member, digest), Declared(member.size))
        before = self.places.get(member.name)
        if before is not None and self.found[before].sha256 == digest.digest():
            await held.delete(key)
            return
        if before is not None:
            await self._overtake(before, member, held)
        self.places[member.name] = len(self.found)
        self._add(member, digest.digest(), None)

    def _add(self, member: Member, sha256: bytes | None, reason: Reason | None) -> None:
        known = recognise(member.name)
        self.found.append(
            NewItem(
                member.name,
                f"{self.item.name}!{member.path}",
                member.size,
                sha256,
                known.kind if known else None,
                self.item.arrived,
                parent=self.item.id,
                step=Step.DECIDED if reason else Step.TAKEN,
                has_bytes=reason is None,
                verdict=Verdict.REFUSED if reason else None,
                reasons=(reason,) if reason else (),
                rules=_rules() if reason else RuleSet(),
            )
        )

    async def _overtake(self, before: int, member: Member, held: LocalStore) -> None:
        """An earlier member of the same name counts no more."""
        await held.delete(f"{_incoming(self.item)}/{before}")
        why = f"the name comes again in the same archive, with other bytes ({member.path}): the last one counts"
        self.found[before] = replace(
            self.found[before],
            step=Step.DECIDED,
            has_bytes=False,
            verdict=Verdict.REFUSED,
            reasons=(Reason("ACC-006", why),),
            rules=_rules(),
        )


async def _passed_on(member: Member, digest: "hashlib._Hash") -> AsyncIterator[bytes]:
    async for piece in member.chunks():
        digest.update(piece)
        yield piece


async def _place_members(state: State, directory: Path, folder: Path, archive: Item) -> None:
    """Move the members of an opened archive to where items' bytes lie; then the archive's own are not needed."""
    incoming = _incoming(archive)
    if (folder / incoming).is_dir():
        number = 0
        for item in all_items(state, archive.submission):
            if item.parent == archive.id:
                put_in_place(directory, item, folder / incoming / str(number))
                number += 1
        await settle(folder, incoming)
    held_file(directory, archive).unlink(missing_ok=True)
    state.move_items([archive.id], Step.DONE, has_bytes=False)


def _incoming(archive: Item) -> str:
    """Where the members of an archive lie until they are entered, each under its number among them."""
    return f"members-{archive.id}"


def _rules() -> RuleSet:
    return RuleSet(policies=version())
