"""How much one claim may take: limits of a run, the DAC's quota of the day, room on our disk. Pure but for `free_room`.

What does not fit waits in the inbox, in its order; what must not be read at all is told once and stays where it is.
"""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from policies.acceptance import Candidate, Published, Refuse, decide, judge_quota
from sync.collect.inbox import Look, Waiting
from sync.collect.seen import TOLD, Seen
from sync.state.collected import Reason

#: Most bytes that one claim holds beside the state, archives as they came.
MOST_HELD: Final = 32 << 30
#: Room on the state's disk that collecting leaves to others.
_RESERVE: Final = 512 << 20
#: Names that one note lists.
_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Room:
    """What one claim may take.

    Attributes:
        files: of any kind.
        size: bytes.
        files_today, size_today: what was taken from the DAC earlier in the day.
    """

    files: int
    size: int
    files_today: int = 0
    size_today: int = 0


@dataclass(slots=True)
class Plan:
    """What becomes of what waits in an inbox.

    Attributes:
        take: files to be copied.
        empty: empty files: refused, and deleted unread.
        large: files that are too large to be read, and why; those that were told before are left out.
        notes: what the DAC should know.
        left: how many files wait for a later run.
    """

    take: list[Waiting] = field(default_factory=list)
    empty: list[Waiting] = field(default_factory=list)
    large: list[tuple[Waiting, Reason]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left: int = 0

    def wait(self, names: Iterable[str], why: str) -> None:
        """Some files wait."""
        waiting = list(names)
        if waiting:
            self.left += len(waiting)
            self.notes.append(f"{_files(waiting)} for a later run ({why}): {_named(waiting)}.")


def plan_claim(dac: str, look: Look, known: Mapping[str, str], room: Room) -> Plan:
    """Sort out what is taken.

    Args:
        dac: whose inbox.
        look: what is in it.
        known: what is remembered of earlier looks.
        room: what may be taken.
    """
    plan = Plan()
    files, size = 0, 0
    unread = []
    for one in look.whole:
        if one.size and (reason := judge_size(dac, one)) is not None:
            if not was_told(known, one.name, one.look):
                plan.large.append((one, reason))
            continue
        unread.append(one)
    for number, one in enumerate(unread):
        if why := _why_not(one, files, size, room):
            plan.wait((other.name for other in unread[number:]), why)
            break
        files, size = files + 1, size + one.size
        (plan.take if one.size else plan.empty).append(one)
    plan.wait(look.growing, "perhaps not whole yet")
    if look.more:
        plan.notes.append("The inbox holds more files than one look takes in; the rest was not looked at.")
    return plan


def judge_size(dac: str, one: Waiting) -> Reason | None:
    """Why a file is refused for its size alone (ACC-008); None while it is not."""
    told = decide(Candidate(dac, one.name, one.size), Published())
    reasons = told.reasons if isinstance(told, Refuse) else ()
    return next((Reason(reason.policy, reason.text) for reason in reasons if reason.policy == "ACC-008"), None)


def was_told(known: Mapping[str, str], name: str, look: str) -> bool:
    """Whether the DAC was told of this very thing in its inbox."""
    before = Seen.read(known.get(name))
    return before is not None and before.why == TOLD and before.look == look


def free_room(directory: Path) -> int:
    """Bytes that may still be written beside the state."""
    return max(0, shutil.disk_usage(directory).free - _RESERVE)


def _why_not(one: Waiting, files: int, size: int, room: Room) -> str:
    if files >= room.files:
        return f"one run takes no more than {room.files:,} files of a DAC"
    if size + one.size > room.size:
        return f"one run takes no more than {room.size:,} bytes of a DAC, or has no more room"
    refusal = judge_quota(room.files_today + files + 1, room.size_today + size + one.size)
    return f"{refusal.text} [{refusal.policy}]" if refusal is not None and one.size else ""


def _files(names: list[str]) -> str:
    return f"{len(names):,} files wait" if len(names) > 1 else "1 file waits"


def _named(names: list[str]) -> str:
    return ", ".join(names[:_MOST_NAMED]) + (", and others" if len(names) > _MOST_NAMED else "")
