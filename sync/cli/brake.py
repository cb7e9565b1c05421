"""Brake and quarantine for people: what is held, what waits, and the words that let it go on."""

import getpass
import json
import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gdac.errors import UsageError
from sync.brakes.hold import preview_lines
from sync.progress import human_size

if TYPE_CHECKING:
    from sync.brakes.hold import Judgement
    from sync.state import KeptHold, State

_EXAMPLES = 5
_MOST_SHOWN = 50


def told_bytes(files: int, sized: int, size: int) -> str:
    """The bytes of a plan as far as listings told them."""
    if not sized:
        return ""
    return f", {human_size(size)}" + (f" in {sized:,} of them, the rest unknown" if sized < files else "")


def judgement_text(judgement: "Judgement | None") -> str:
    """What the brake would say, as lines."""
    if judgement is None or judgement.hold is None:
        return "  brake        would let it go\n"
    way = "would let it go: approved" if judgement.goes else "would HOLD it"
    reasons = "".join(f"    [{one.rule}] {one.text}\n" for one in judgement.hold.reasons)
    shown = "".join(f"    {line}\n" for line in preview_lines(judgement.preview or {}, _EXAMPLES))
    return f"  brake        {way}\n{reasons}{shown}"


def judgement_json(judgement: "Judgement | None") -> dict[str, Any]:
    """The same as plain JSON values."""
    if judgement is None or judgement.hold is None:
        return {"goes": True, "reasons": []}
    return {
        "goes": judgement.goes,
        "reasons": [asdict(one) for one in judgement.hold.reasons],
        "fingerprint": judgement.fingerprint,
        "preview": judgement.preview,
    }


def list_holds(state: "State", *, as_json: bool) -> None:
    """Write every open hold with its preview."""
    holds = state.open_holds()
    if as_json:
        sys.stdout.write(json.dumps({"holds": [hold_json(one) for one in holds]}) + "\n")
        return
    if not holds:
        sys.stdout.write("nothing is held.\n")
    for one in holds:
        approved = f", approved by {one.approved_by}; the next run goes ahead" if one.approved else ""
        sys.stdout.write(f"run {one.run} ({store_of(one)}), held since {one.made:%Y-%m-%dT%H:%M:%SZ}{approved}\n")
        for reason in one.hold.reasons:
            sys.stdout.write(f"  [{reason['rule']}] {reason['text']}\n")
        for line in preview_lines(one.hold.preview, _EXAMPLES):
            sys.stdout.write(f"  {line}\n")
        if not one.approved:
            sys.stdout.write(f"  to let it go: gdac sync approve {one.run}\n")


def approve_run(state: "State", run: int, now: datetime, *, as_json: bool) -> None:
    """Approve what a run is held for.

    Raises:
        UsageError: that run is not held.
    """
    if not state.approve(run, _who(), now):
        known = ", ".join(str(one.run) for one in state.open_holds()) or "none"
        raise UsageError(f"run {run} is not held.", hint=f"Held runs: {known}. `gdac sync approve` shows them.")
    if as_json:
        sys.stdout.write(json.dumps({"approved": [hold_json(one) for one in state.open_holds(run)]}) + "\n")
        return
    for one in state.open_holds(run):
        command = "gdac sync run" if store_of(one) == "hub" else f"gdac sync replicate {store_of(one)}"
        sys.stdout.write(
            f"approved: run {run} ({store_of(one)}). The next `{command}` goes ahead if its plan is still the same.\n"
        )


def list_quarantine(state: "State", now: datetime, *, as_json: bool) -> None:
    """Write the files set aside."""
    items = state.all_set_aside()
    if as_json:
        told = [
            {
                "path": one.path,
                "trouble": one.trouble.value,
                "reason": one.reason,
                "since": one.since.isoformat(),
                "age_hours": round((now - one.since).total_seconds() / 3600, 1),
                "tries": one.tries,
                "next_try": one.next_try.isoformat(),
            }
            for one in items
        ]
        sys.stdout.write(json.dumps({"set_aside": told}) + "\n")
        return
    if not items:
        sys.stdout.write("nothing is set aside.\n")
    for one in items[:_MOST_SHOWN]:
        when = f"not before {one.next_try:%Y-%m-%dT%H:%M:%SZ}" if one.next_try > now else "with the next run"
        sys.stdout.write(
            f"{one.path}: {one.trouble}, {_age(now - one.since)} old, {one.tries} tries, again {when}\n  {one.reason}\n"
        )
    if len(items) > _MOST_SHOWN:
        sys.stdout.write(f"and {len(items) - _MOST_SHOWN:,} more (--json lists all)\n")


def retry_quarantine(state: "State", which: str) -> None:
    """Let the next run ask for a file again, or for all of them.

    Raises:
        UsageError: no such file is set aside.
    """
    armed = state.retry(None if which == "all" else which)
    if not armed and which != "all":
        raise UsageError(f"{which!a} is not set aside.", hint="`gdac sync quarantine` lists what is.")


def _age(waited: Any) -> str:
    hours = int(waited.total_seconds() // 3600)
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without a user entry
        return "unknown"


def store_of(hold: "KeptHold") -> str:
    """What is held: ``hub``, or the name of a mirror."""
    return hold.hold.target.strip("()")


def hold_json(hold: "KeptHold") -> dict[str, Any]:
    """A hold as plain JSON values."""
    return {
        "run": hold.run,
        "store": store_of(hold),
        "made": hold.made.isoformat(),
        "fingerprint": hold.hold.fingerprint,
        "reasons": hold.hold.reasons,
        "preview": hold.hold.preview,
        "approved": hold.approved and hold.approved.isoformat(),
        "approved_by": hold.approved_by,
    }
