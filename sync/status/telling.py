"""Parts of a status from what the state keeps: holds, quarantine, runs; and how their texts may be told."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from gdac.check.report.escape import printable
from sync.state import KeptHold, SetAside
from sync.state.watched import STOPPED
from sync.status.facts import MOST_FILES
from sync.status.parts import Aside, Held, HeldDac, Quarantine, RunStatus, Why

_MOST_TEXT: Final = 400
_MOST_NOTES: Final = 3
_MOST_REASONS: Final = 10
_MOST_DACS: Final = 20
_EXAMPLES: Final = 5
#: What of an address may give away a secret: user and password, and everything that is asked with it.
_SECRET: Final = re.compile(r"(?<=://)[^/\s]*@|(?<=[^\s])\?[^\s\"')>]*=[^\s\"')>]*")
_CHANGES: Final = ("removed", "changed", "added")
_COUNTS: Final = ("held", "added", "changed", "removed", "renamed")


def told(text: str) -> str:
    """A sentence as a status may tell it: one printable line, not too long, without what may be a secret."""
    line = _SECRET.sub("", text.strip().partition("\n")[0])
    line = printable(line)
    return line if len(line) <= _MOST_TEXT else f"{line[: _MOST_TEXT - 3]}..."


def held(one: KeptHold) -> Held:
    """A plan that waits for a person."""
    preview = one.hold.preview
    examples = {change: tuple(printable(path) for path in preview.get(change, ())[:_EXAMPLES]) for change in _CHANGES}
    dacs = sorted(preview.get("dacs", {}).items())[:_MOST_DACS]
    return Held(
        one.run,
        one.hold.target.strip("()"),
        one.made,
        one.approved,
        tuple(Why(why["rule"], told(why["text"])) for why in one.hold.reasons[:_MOST_REASONS]),
        tuple(HeldDac(dac, **{name: int(counts.get(name, 0)) for name in _COUNTS}) for dac, counts in dacs),
        **examples,
        command=f"gdac sync approve {one.run}",
    )


def quarantine(aside: Sequence[SetAside]) -> Quarantine:
    """Files set aside; ``aside`` is oldest first."""
    troubles: dict[str, int] = {}
    dacs: dict[str, int] = {}
    for one in aside:
        troubles[one.trouble.value] = troubles.get(one.trouble.value, 0) + 1
        parts = one.path.split("/")
        dac = parts[1] if parts[0] == "dac" and len(parts) > 2 else "(none)"
        dacs[dac] = dacs.get(dac, 0) + 1
    first = tuple(
        Aside(printable(one.path), one.trouble.value, told(one.reason), one.since, one.tries, one.next_try)
        for one in aside[:MOST_FILES]
    )
    return Quarantine(len(aside), aside[0].since if aside else None, troubles, dict(sorted(dacs.items())), first)


def run(row: dict[str, Any], *, busy: bool, newest: bool) -> RunStatus:
    """One run; an open one is under way where somebody is at work with the state and it is the newest."""
    summary: dict[str, Any] = row["summary"]
    seal, ingest = summary.get("seal") or {}, summary.get("ingest") or {}
    mirrors = summary.get("mirrors") or []
    outcome = row["outcome"]
    if outcome == "open":
        outcome = "under way" if busy and newest else "broken off"
    elif summary.get("cause") == STOPPED:
        outcome = "broken off"
    moved = ingest.get("moved") or {}
    return RunStatus(
        row["id"],
        row["kind"],
        datetime.fromisoformat(row["started"]),
        datetime.fromisoformat(row["ended"]) if row["ended"] else None,
        outcome,
        seal.get("serial"),
        bool(seal.get("new")),
        moved.get("files", 0),
        moved.get("bytes", 0),
        sum(one["moved"]["files"] for one in mirrors),
        sum(one["moved"]["bytes"] for one in mirrors),
        tuple(one["mirror"] for one in mirrors if one["way"] == "failed"),
        told(summary.get("error") or ""),
        tuple(told(note) for note in (summary.get("notes") or ())[:_MOST_NOTES]),
    )
