"""Make the status of a deployment from its configuration and its state; nothing is asked over the network."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from gdac import __version__
from gdac.check.report.escape import printable
from gdac.errors import GdacError
from gdac.manifest.head import Head, parse_head
from gdac.manifest.names import HEAD_KEY
from sync.brakes.hold import HUB
from sync.config import Config
from sync.places import local_path
from sync.state import State
from sync.state.watched import DayOfRuns, KeptAudit
from sync.status.facts import (
    MOST_DAYS,
    MOST_DELTAS,
    MOST_FILES,
    MOST_RUNS,
    AuditStatus,
    Day,
    Delta,
    HubStatus,
    MirrorStatus,
    Missing,
    Status,
    Word,
)
from sync.status.parts import JobStatus, Total
from sync.status.submitted import read_collect
from sync.status.telling import held, quarantine, run, told
from sync.status.words import aged, next_due

#: A part that was audited within this time counts as covered.
AUDITED_WITHIN: Final = timedelta(days=31)


def read_status(config: Config, state: State, now: datetime, jobs: Sequence[JobStatus] = ()) -> Status:
    """The status of a deployment.

    Args:
        config: the deployment.
        state: its state, opened or looked at.
        now: the time (UTC).
        jobs: of the daemon.
    """
    now = now.replace(microsecond=0)
    since = now.date() - timedelta(days=MOST_DAYS - 1)
    head, damage = _hub_head(config, state)
    days = state.days_of_mirrors(since)
    found = Status(
        now,
        f"argo-gdac {__version__}",
        _hub(config, state, now, head, damage),
        tuple(_mirror(config, state, now, name, head, days.get(name, ())) for name in config.mirror),
        tuple(held(one) for one in state.open_holds()),
        quarantine(state.all_set_aside()),
        tuple(run(row, busy=state.is_busy, newest=at == 0) for at, row in enumerate(state.runs(MOST_RUNS))),
        tuple(jobs),
        None if config.collect is None else read_collect(state, now, list(config.collect.inbox)),
        tuple(Total(*one) for one in state.totals()),
        next_due(jobs),
    )
    return aged(found, now)


def _hub_head(config: Config, state: State) -> tuple[Head | None, str]:
    """The hub's head, from its own directory where that is here; and what is wrong with it."""
    path = local_path(config.hub.store)
    try:
        if path is None:
            kept = state.head_of(HUB)
            return (parse_head(kept[0]) if kept else None), ""
        return parse_head((Path(path) / HEAD_KEY).read_bytes()), ""
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        return None, f"the hub's head cannot be read: {error.strerror or error}."
    except GdacError as error:
        return None, told(error.what)


def _hub(config: Config, state: State, now: datetime, head: Head | None, damage: str) -> HubStatus:
    tries, published, stop = state.tries_of_hub(), state.published(HUB), state.ingest_stop()
    kind = "collect" if config.collect is not None else "in place" if config.in_place else "source"
    return HubStatus(
        Word.NEVER,
        kind,
        config.source_name if kind == "source" else "",
        archive=head.archive if head else None,
        title=head.title if head else config.archive.title,
        serial=head.serial if head else published[0] if published else None,
        sealed=head.sealed if head else None,
        published=head.published if head else published[1] if published else None,
        expires=head.expires if head else None,
        rows=head.manifest.rows if head else None,
        bytes=head.manifest.bytes if head else None,
        newest_index=max((one.updated for one in head.indexes if one.updated), default=None) if head else None,
        last_try=tries.last,
        last_good=tries.good,
        last_error=damage or told(tries.error),
        pending=state.pending_count(),
        superseded=state.superseded_count(HUB),
        swept=state.swept_count(),
        stopped=told(stop[0]) if stop else "",
        audit=_audit(config, state.audits(HUB), now),
        days=_strip(state.days_of_hub(now.date() - timedelta(days=MOST_DAYS - 1)), now.date()),
        deltas=tuple(
            Delta(one.serial, one.sealed, one.added, one.changed, one.removed, one.renamed, one.bytes)
            for one in (head.deltas[-MOST_DELTAS:] if head else ())
        ),
    )


def _mirror(
    config: Config, state: State, now: datetime, name: str, head: Head | None, days: Iterable[DayOfRuns]
) -> MirrorStatus:
    published, missing = state.published(name), state.exceptions(name)
    serial = published[0] if published else None
    tries = state.tries_of_mirror(name, ever=serial is not None)
    lacks, since = _behind(serial, head)
    return MirrorStatus(
        name,
        Word.NEVER,
        _view_text(config, name),
        serial,
        published[1].replace(microsecond=0) if published else None,
        _expiry(state, name, serial),
        lacks,
        since,
        None if lacks is None else 0.0,
        tries.last,
        tries.good,
        told(tries.error),
        state.superseded_count(name),
        len(missing),
        tuple(Missing(printable(one.path), told(one.reason), one.since) for one in missing[:MOST_FILES]),
        _audit(config, state.audits(name), now),
        _strip(days, now.date()),
    )


def _behind(serial: int | None, head: Head | None) -> tuple[int | None, datetime | None]:
    """How many serials a mirror lacks, and when the hub sealed the first of them, as far as the head still tells."""
    if serial is None or head is None:
        return None, None
    if serial >= head.serial:
        return 0, None
    sealed = [one.sealed for one in head.deltas if one.serial > serial]
    return head.serial - serial, sealed[0] if sealed else head.sealed


def _expiry(state: State, name: str, serial: int | None) -> datetime | None:
    kept = state.head_of(name)
    if kept is None or serial is None:
        return None
    try:
        return parse_head(kept[0]).expires
    except GdacError:  # of another gdac: only its expiry is not known
        return None


def _view_text(config: Config, name: str) -> str:
    section = config.mirror[name]
    if section.view.is_plain:
        return ""
    parts = [] if section.layout == "gdac" else [f"layout {section.layout}"]
    return ", ".join([*parts, *([] if section.filter.as_filter().is_empty else ["a part"])])


def _audit(config: Config, kept: Sequence[KeptAudit], now: datetime) -> AuditStatus:
    parts = config.audit.parts
    whole = next((one for one in kept if one.of == 0), None)
    rolling = [one for one in kept if one.of == parts]
    if whole is not None and len([one for one in rolling if one.ended > whole.ended]) == parts:
        whole = None
    counted = [*rolling, *([whole] if whole else [])]
    fresh = [one for one in counted if now - one.ended <= AUDITED_WITHIN]
    covered = 1.0 if whole in fresh else len(fresh) / parts
    every = whole is not None or len(rolling) == parts
    return AuditStatus(
        parts,
        round(covered, 4),
        max((one.ended for one in counted), default=None),
        min((one.ended for one in counted), default=None) if every else None,
        sum(one.files for one in counted),
        sum(one.found for one in counted),
        sum(one.left for one in counted),
    )


def _strip(days: Iterable[DayOfRuns], today: date) -> tuple[Day, ...]:
    """Every day of the history, those without a run too."""
    known = {one.day: Day(one.day, one.good, one.failed, one.held) for one in days}
    every = (today - timedelta(days=back) for back in reversed(range(MOST_DAYS)))
    return tuple(known.get(day) or Day(day) for day in every)
