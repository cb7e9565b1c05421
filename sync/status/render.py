"""The status for a terminal: lines that can be read aloud."""

from collections.abc import Iterator
from datetime import datetime

from sync.status import wording
from sync.status.facts import HubStatus, MirrorStatus, Status
from sync.status.parts import Held, RunStatus

_MOST_RUNS = 10
_MOST_ASIDE = 20


def render_text(status: Status) -> str:
    """The lines of a status, with a final newline."""
    lines = [
        f"{wording.headline(status)}.",
        *_hub(status.hub),
        *(line for one in status.mirrors for line in _mirror(one)),
        *(line for one in status.holds for line in _held(one)),
        *_aside(status),
        *_submissions(status),
        *(line for one in status.runs[:_MOST_RUNS] for line in _run(one)),
        *(
            f"job       {one.name}: {one.schedule}, {_ended(one.last_outcome, one.last_end)}{_next(one.next_due)}"
            for one in status.jobs
        ),
    ]
    return "\n".join(lines) + "\n"


def _hub(hub: HubStatus) -> Iterator[str]:
    shown = "shows nothing yet" if hub.serial is None else f"serial {hub.serial}, published {_time(hub.published)}"
    more = {"superseded": hub.superseded, "fetched and not yet sealed": hub.pending, "found by a sweep": hub.swept}
    told = "".join(f", {number:,} {name}" for name, number in more.items() if number)
    files = "" if hub.rows is None else f", {hub.rows:,} files, {wording.size_text(hub.bytes)}"
    yield f"hub       {hub.word}: {shown}{files}{told}; last good run {_time(hub.last_good)}"
    if hub.expires is not None:
        yield f"          its head is fresh until {_time(hub.expires)}; audited {wording.audited_text(hub.audit)}"
    if hub.last_error:
        yield f"          last run FAILED: {hub.last_error}"
    if hub.stopped:
        yield f"          runs take nothing in: {hub.stopped} (gdac sync revert --release)"


def _mirror(one: MirrorStatus) -> Iterator[str]:
    shown = "shows nothing yet" if one.serial is None else f"serial {one.serial}"
    behind = f", behind by {wording.behind_text(one)}" if one.behind_serials else ""
    more = {"superseded": one.superseded, "exceptions (see manifest/mirror.json)": one.missing_count}
    told = "".join(f", {number:,} {name}" for name, number in more.items() if number)
    view = f" ({one.view})" if one.view else ""
    yield (
        f"mirror    {one.name}{view} {one.word}: {shown}{behind}{told}; last good run {_time(one.last_good)},"
        f" audited {wording.audited_text(one.audit)}"
    )
    if one.last_error:
        yield f"          last try FAILED: {one.last_error}"


def _held(one: Held) -> Iterator[str]:
    yield f"held  run {one.run} ({one.store}) since {_time(one.made)}"
    yield from (f"          [{why.rule}] {why.text}" for why in one.reasons)
    for dac in one.dacs:
        told = ", ".join(
            f"{number:,} {word}"
            for word, number in (("leave", dac.removed), ("change", dac.changed), ("come", dac.added))
            if number
        )
        yield f"          {dac.dac}: {told or 'only R to D'} of {dac.held:,} held"
    approved = "approved: the next run goes ahead" if one.approved else f"to let it go: {one.command}"
    yield f"          {approved}"


def _aside(status: Status) -> Iterator[str]:
    aside = status.quarantine
    if not aside.count:
        return
    count, troubles = wording.many(aside.count, "file", "files"), wording.counts_text(aside.troubles)
    yield f"set aside {count} ({troubles}), the oldest since {_time(aside.oldest)}"
    for one in aside.first[:_MOST_ASIDE]:
        yield f"          {one.path} ({one.tries} tries): {one.reason}"
    if aside.count > _MOST_ASIDE:
        yield f"          and {aside.count - _MOST_ASIDE:,} more (gdac sync quarantine)"


def _submissions(status: Status) -> Iterator[str]:
    if status.collect is None:
        return
    yield f"collect   last good run {_time(status.collect.last_good)}"
    if status.collect.last_error:
        yield f"          last run FAILED: {status.collect.last_error}"
    for one in status.collect.dacs:
        count = wording.many(one.submissions, "submission", "submissions")
        decided = (
            f": {wording.counts_text(one.results)}; accepted {wording.share_text(one.accepted)}" if one.results else ""
        )
        yield f"          {one.dac}: {count} in 30 days{decided}"


def _run(one: RunStatus) -> Iterator[str]:
    took = f" in {wording.took_text(one.ended - one.started)}" if one.ended else ""
    sealed = f", sealed serial {one.serial}" if one.is_new else ""
    fetched = f", fetched {one.fetched_files:,} files" if one.fetched_files else ""
    failed = f", could not: {', '.join(one.failed)}" if one.failed else ""
    yield f"run       {one.id} {one.kind} {_time(one.started)}: {one.outcome}{took}{sealed}{fetched}{failed}"
    if one.error:
        yield f"          {one.error}"


def _ended(outcome: str, ended: datetime | None) -> str:
    return f"last {outcome} {_time(ended)}" if outcome else "not run yet"


def _next(due: datetime | None) -> str:
    return f", next {_time(due)}" if due else ""


def _time(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
