"""Held runs: the brake's answer kept in the state until a person approves it.

A hold speaks of one store (the hub, or one mirror) and one exact plan, known by its fingerprint. An approval lets that
plan through once, whenever it comes again; a plan that differs is judged, and held, anew.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import duckdb

from gdac.errors import ExitCode, GdacError, RefusedError
from policies.deletion import Facts, Go, Hold, Limits, decide
from sync.brakes.facts import fingerprint, preview
from sync.hub import plan
from sync.state import NewHold, State

#: Name of the hub in the state; no mirror can be called so.
HUB: Final = "(hub)"
#: Rows of the preview that a message shows per list.
_TOLD: Final = 3


class HeldError(GdacError):
    """The brake holds a run for approval; hub and mirrors are as they were."""

    exit_code = ExitCode.HELD


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the brake says of one plan.

    Attributes:
        facts: what it looked at.
        hold: why it holds; None when it lets go.
        fingerprint: of the plan; empty when nothing is held.
        preview: for people, plain JSON values; empty when nothing is held.
        approval: id of the hold whose approval lets this plan through, or None.
    """

    facts: Facts
    hold: Hold | None = None
    fingerprint: str = ""
    preview: dict[str, Any] | None = None
    approval: int | None = None

    @property
    def goes(self) -> bool:
        """Whether the plan may go ahead."""
        return self.hold is None or self.approval is not None


class Brake:
    """Judges plans for one store and keeps its holds.

    Args:
        state: keeps holds and approvals.
        target: the store's name in the state.
        limits: what passes without asking.
        now: the clock (UTC).
    """

    def __init__(self, state: State, target: str, limits: Limits, now: Callable[[], datetime]) -> None:
        self._state, self._target, self._limits, self._now = state, target, limits, now

    def has_little_to_judge(self, connection: duckdb.DuckDBPyConnection, changes: str) -> bool:
        """Whether so few files are removed and changed that the numbers held need not be counted."""
        limits = self._limits
        every = (limits.dac_removals, limits.total_removals, limits.dac_changes, limits.total_changes)
        most = min(limit.floor for limit in every)
        touched = f"(select 1 from {changes} where change in ('removed', 'changed') limit {most + 1})"
        return plan.count(connection, touched) <= most

    def judge(self, connection: duckdb.DuckDBPyConnection, facts: Facts, serial: int | None) -> Judgement:
        """Decide on ``facts``, for which `sync.brakes.facts` has left its tables in ``connection``; writes nothing."""
        decision = decide(facts, self._limits)
        if isinstance(decision, Go):
            return Judgement(facts)
        plan_id = fingerprint(connection, decision, serial)
        approval = self._state.approval_for(self._target, plan_id)
        return Judgement(facts, decision, plan_id, preview(connection, facts), approval)

    def enforce(self, judgement: Judgement, *, called: str, beside: str = "") -> None:
        """Let a plan go, or keep the hold and stop.

        Args:
            judgement: of `judge`.
            called: what is held, for the message.
            beside: one more sentence for the message.

        Raises:
            HeldError: explains, shows a preview and names the command that approves.
        """
        if judgement.hold is None or judgement.approval is not None:
            return
        hold = NewHold(
            self._target,
            judgement.fingerprint,
            [asdict(reason) for reason in judgement.hold.reasons],
            judgement.preview or {},
        )
        run = self._state.keep_hold(hold, self._now())
        reasons = "\n".join(f"  [{one.rule}] {one.text}" for one in judgement.hold.reasons)
        shown = "\n".join(f"  {line}" for line in preview_lines(hold.preview, _TOLD))
        raise HeldError(
            f"the brake holds {called}; nothing was touched:\n{reasons}\npreview:\n{shown}{beside and chr(10)}{beside}",
            hint=f"If this is right: gdac sync approve {run}, then run again. If not: wait for the source to mend.",
        )

    def settle(self, judgement: Judgement | None = None, serial: int | None = None) -> None:
        """A plan was carried out: its approval is used up, and other holds of the store are overtaken.

        Args:
            judgement: of the plan; None when there was nothing to judge.
            serial: what was sealed or published with it.
        """
        self._state.settle_holds(self._target, serial, judgement.approval if judgement else None, self._now())

    def approved_serials(self, after: int, to: int) -> list[int]:
        """Serials of the hub, above ``after`` up to ``to``, that a person has approved there already."""
        return self._state.approved_serials(HUB, after, to)


def leave_out(connection: duckdb.DuckDBPyConnection, changes: str, deltas: Sequence[str]) -> str:
    """Name a view of ``changes`` without the paths of ``deltas``, both delta-shaped: those are approved."""
    if not deltas:
        return changes
    approved = " union all ".join(f"select unnest([path, from_path]) as path from {one}" for one in deltas)
    connection.execute(
        f"create or replace temp view brake_changes as with approved as ({approved})"
        f" select * from {changes} where not exists (from approved where approved.path = {changes}.path)"
    )
    return "brake_changes"


def check_public(connection: duckdb.DuckDBPyConnection, changes: str, indexes: Iterable[str] = ()) -> None:
    """Ask the distribution policy about every path that a delta-shaped table leaves in a mirror.

    Args:
        connection: holds the table.
        changes: its name.
        indexes: paths of the index files that would be published beside.

    Raises:
        RefusedError: one must not be public; names the policy.
    """
    connection.execute(f"create or replace temp view brake_new as select path from {changes} where change <> 'removed'")
    found = {**plan.private_paths(connection, "brake_new"), **plan.private_names(indexes)}
    if not found:
        return
    path, why = min(found.items())
    policy = why[1:].partition("]")[0]
    more = f" (and {len(found) - 1:,} more paths)" if len(found) > 1 else ""
    raise RefusedError(
        f"the hub's newest state holds {path!a}{more}, which must not be published: {why}. The mirror was not touched.",
        hint=f"Take the file out of the hub and seal it anew. `gdac policy explain {policy}` says more.",
    )


def preview_lines(preview: dict[str, Any], most: int) -> list[str]:
    """A preview for people."""
    lines = [
        f"{dac:<12} {numbers['held']:>9,} held: {numbers['removed']:,} leave, {numbers['changed']:,} change,"
        f" {numbers['added']:,} come, {numbers['renamed']:,} go from R to D or back"
        for dac, numbers in preview.get("dacs", {}).items()
    ]
    for change, word in (("removed", "leaves"), ("changed", "changes"), ("added", "comes")):
        lines += [f"{word}: {path}" for path in preview.get(change, [])[:most]]
    return lines or ["no file would come, change or leave"]
