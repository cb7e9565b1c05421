"""Prometheus metrics of a deployment, from its status; docs/daemon.md lists every name.

What a status tells (`status_metrics`) is the same whoever shows it: the daemon, or a server that reads the published
``status.json`` and never opens the state. What only the daemon knows is in `DaemonMetrics`.
"""

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from gdac import __version__
from policies.quarantine import Trouble
from sync.daemon.view import Phase, View
from sync.status.facts import AuditStatus, HubStatus, MirrorStatus, Status, Word
from sync.status.parts import CollectStatus, JobStatus

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_HUB: Final = "hub"

Row = tuple[Sequence[str], float | None]


def gauge(name: str, text: str, labels: Sequence[str], rows: Iterable[Row]) -> GaugeMetricFamily:
    """A gauge with its samples; a row without a value is left out."""
    family = GaugeMetricFamily(f"gdac_{name}", text, labels=list(labels))
    for values, number in rows:
        if number is not None:
            family.add_metric(list(values), number)
    return family


def counter(name: str, text: str, labels: Sequence[str], rows: Iterable[tuple[Sequence[str], float]]) -> Metric:
    """A counter with its samples; Prometheus adds ``_total`` to its name."""
    family = CounterMetricFamily(f"gdac_{name}", text, labels=list(labels))
    for values, number in rows:
        family.add_metric(list(values), number)
    return family


def status_metrics(status: Status) -> Iterator[Metric]:
    """Everything that a status tells; tell it as it is now (`sync.status.words.aged`)."""
    yield gauge("status_timestamp_seconds", "When the status was read.", (), [((), status.made.timestamp())])
    yield from _hub(status.hub)
    yield from _mirrors(status.mirrors)
    yield from _waiting(status)
    stores: list[HubStatus | MirrorStatus] = [status.hub, *status.mirrors]
    yield from _audits([(_name(one), one.audit) for one in stores if one.audit is not None])
    yield from _totals(status)
    yield from _jobs(status.jobs)
    if status.collect is not None:
        yield from _collect(status.collect)


def _name(one: HubStatus | MirrorStatus) -> str:
    return one.name if isinstance(one, MirrorStatus) else _HUB


def _hub(hub: HubStatus) -> Iterator[Metric]:
    def one(name: str, text: str, number: float | None) -> Metric:
        return gauge(f"hub_{name}", text, (), [((), number)])

    yield gauge("hub_state", "1 for the state word of the hub.", ("state",), _words((), hub.word))
    yield one("serial", "Serial that the hub shows.", hub.serial)
    yield one("files", "Files in its manifest.", hub.rows)
    yield one("bytes", "Bytes in its manifest.", hub.bytes)
    yield one("sealed_timestamp_seconds", "When its serial was sealed.", _seconds(hub.sealed))
    yield one("head_published_timestamp_seconds", "When its head was issued.", _seconds(hub.published))
    yield one("head_expires_timestamp_seconds", "When its head expires.", _seconds(hub.expires))
    yield one("newest_index_timestamp_seconds", "Newest stamp of its index files.", _seconds(hub.newest_index))
    yield one("last_success_timestamp_seconds", "When it was last brought up to date.", _seconds(hub.last_good))
    yield one("pending_files", "Files that are there and not yet sealed.", hub.pending)
    yield one("superseded_files", "Files out of the manifest and still readable.", hub.superseded)
    yield one("swept_files", "Files that a sweep found changed and that wait for the next run.", hub.swept)
    yield one("ingest_stopped", "1 while runs ingest nothing, as after a revert.", float(bool(hub.stopped)))
    newest = hub.deltas[-1] if hub.deltas else None
    counts = {} if newest is None else {
        "added": newest.added, "changed": newest.changed, "removed": newest.removed, "renamed": newest.renamed,
    }  # fmt: skip
    text = "Files that the newest delta changes."
    yield gauge("delta_files", text, ("change",), [((what,), number) for what, number in counts.items()])
    yield gauge("delta_bytes", "Bytes of the newest delta.", (), [((), newest.bytes if newest else None)])


def _mirrors(mirrors: Sequence[MirrorStatus]) -> Iterator[Metric]:
    def each(name: str, text: str, number: Callable[[MirrorStatus], float | None]) -> Metric:
        return gauge(f"mirror_{name}", text, ("mirror",), [((one.name,), number(one)) for one in mirrors])

    words = [row for one in mirrors for row in _words((one.name,), one.word)]
    yield gauge("mirror_state", "1 for the state word of a mirror.", ("mirror", "state"), words)
    yield each("serial", "Serial that it shows.", lambda one: one.serial)
    yield each("lag_serials", "Serials that it is behind the hub.", lambda one: one.behind_serials)
    yield each("lag_hours", "Hours since the hub sealed the first serial that it lacks.", lambda one: one.behind_hours)
    yield each("shown_timestamp_seconds", "Since when it shows its serial.", lambda one: _seconds(one.shown))
    text = "When the head that it shows expires."
    yield each("head_expires_timestamp_seconds", text, lambda one: _seconds(one.expires))
    text = "When it was last brought up to date."
    yield each("last_success_timestamp_seconds", text, lambda one: _seconds(one.last_good))
    yield each("failing", "1 while its last run failed.", lambda one: float(bool(one.last_error)))
    yield each("exceptions", "Sealed files that it cannot hold just now.", lambda one: one.missing_count)
    yield each("superseded_files", "Files out of its manifest and still readable.", lambda one: one.superseded)


def _waiting(status: Status) -> Iterator[Metric]:
    aside = status.quarantine
    rows: list[Row] = [((one.value,), aside.troubles.get(one.value, 0)) for one in Trouble]
    yield gauge("quarantine_files", "Files set aside, by kind of trouble.", ("trouble",), rows)
    text = "Files set aside, by DAC."
    yield gauge("quarantine_dac_files", text, ("dac",), [((dac,), count) for dac, count in aside.dacs.items()])
    text = "How long the file that waits longest has been set aside; 0 where none is."
    age = (status.made - aside.oldest).total_seconds() if aside.oldest else 0.0
    yield gauge("quarantine_oldest_age_seconds", text, (), [((), max(age, 0.0))])
    text = "Since when the file that waits longest has been set aside."
    yield gauge("quarantine_oldest_timestamp_seconds", text, (), [((), _seconds(aside.oldest))])
    open_holds = [one for one in status.holds if one.approved is None]
    stores = [_HUB, *(one.name for one in status.mirrors)]
    holds: list[Row] = [((store,), sum(one.store == store for one in open_holds)) for store in stores]
    yield gauge("brake_holds", "Plans that wait for approval.", ("store",), holds)
    oldest = min((one.made for one in open_holds), default=None)
    text = "Since when the hold that waits longest does."
    yield gauge("brake_hold_oldest_timestamp_seconds", text, (), [((), _seconds(oldest))])


def _audits(audits: Sequence[tuple[str, AuditStatus]]) -> Iterator[Metric]:
    def each(name: str, text: str, number: Callable[[AuditStatus], float | None]) -> Metric:
        return gauge(f"audit_{name}", text, ("store",), [((store,), number(one)) for store, one in audits])

    yield each("coverage_ratio", "Share of the parts audited in the last 31 days, 0 to 1.", lambda one: one.covered)
    yield each("last_timestamp_seconds", "When the last audit ended.", lambda one: _seconds(one.last))
    text = "When the part that was audited longest ago was."
    yield each("oldest_part_timestamp_seconds", text, lambda one: _seconds(one.oldest))
    yield each("files", "Files that the last audits of all parts looked at.", lambda one: one.files)
    yield each("differences_found", "Differences that they found, before mending.", lambda one: one.found)
    yield each("differences_left", "Differences that they left.", lambda one: one.left)


def _totals(status: Status) -> Iterator[Metric]:
    known: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
        "runs": ("runs", "Runs by kind and outcome.", ("kind", "outcome")),
        "failures": ("failures", "Failures by store and cause.", ("store", "cause")),
        "files": ("files_moved", "Files brought into a store.", ("store",)),
        "bytes": ("bytes_moved", "Bytes brought into a store.", ("store",)),
        "deleted": ("files_deleted", "Superseded files deleted after their grace.", ("store",)),
        "seals": ("seals", "New serials.", ("store",)),
    }
    for what, (name, text, labels) in known.items():
        found = [one for one in status.totals if one.what == what]
        yield counter(name, text, labels, [((one.who, one.how)[: len(labels)], one.number) for one in found])


def _jobs(jobs: Sequence[JobStatus]) -> Iterator[Metric]:
    def each(name: str, text: str, number: Callable[[JobStatus], float | None]) -> Metric:
        return gauge(name, text, ("job",), [((one.name,), number(one)) for one in jobs])

    text = "When the work of a job was done well last; set on success only."
    yield each("last_success_timestamp_seconds", text, lambda one: _seconds(one.last_good))
    yield each("job_last_start_timestamp_seconds", "When a job was started last.", lambda one: _seconds(one.last_start))
    yield each("job_last_end_timestamp_seconds", "When a job ended last.", lambda one: _seconds(one.last_end))
    yield each("job_next_timestamp_seconds", "When a job comes next.", lambda one: _seconds(one.next_due))
    yield each("job_running", "1 while a job is on.", lambda one: float(one.running_since is not None))
    rows: list[Row] = [((one.name, one.last_outcome), 1.0) for one in jobs if one.last_outcome]
    yield gauge("job_last_outcome", "1 for how a job ended last.", ("job", "outcome"), rows)


def _collect(collect: CollectStatus) -> Iterator[Metric]:
    dacs = collect.dacs
    text = "Submissions of the last 30 days."
    yield gauge("collect_submissions", text, ("dac",), [((one.dac,), one.submissions) for one in dacs])
    text = "Submissions under way."
    yield gauge("collect_open_submissions", text, ("dac",), [((one.dac,), one.open) for one in dacs])
    text = "When the last submission was taken."
    rows: list[Row] = [((one.dac,), _seconds(one.last)) for one in dacs]
    yield gauge("collect_last_submission_timestamp_seconds", text, ("dac",), rows)
    text = "Submitted files of the last 30 days, members of archives too, by what became of them."
    rows = [((one.dac, result), count) for one in dacs for result, count in one.results.items()]
    yield gauge("collect_files", text, ("dac", "result"), rows)
    text = "Checked files of the last 30 days, by verdict."
    rows = [((one.dac, verdict), count) for one in dacs for verdict, count in one.verdicts.items()]
    yield gauge("check_verdicts", text, ("dac", "verdict"), rows)
    text = "Share of the decided files of the last 30 days that was not refused, 0 to 1."
    yield gauge("collect_accepted_ratio", text, ("dac",), [((one.dac,), one.accepted) for one in dacs])


def build_info() -> Metric:
    """Which program this is."""
    labels = {"version": __version__, "python": platform.python_version()}
    return gauge("build_info", "Version of gdac and of Python.", tuple(labels), [(tuple(labels.values()), 1.0)])


class DaemonMetrics(Collector):
    """What a scrape of the daemon gets.

    Args:
        view: the daemon.
        now: the clock (UTC).
    """

    def __init__(self, view: View, now: Callable[[], datetime]) -> None:
        self._view, self._now = view, now

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client.registry.Collector.collect`."""
        view, tally = self._view, self._view.tally
        yield build_info()
        yield gauge("daemon_ready", "1 while this daemon has the state.", (), [((), float(view.is_ready))])
        phases: list[Row] = [((one.value,), float(one is view.phase)) for one in Phase]
        yield gauge("daemon_phase", "1 for what the daemon is at.", ("phase",), phases)
        text = "1 while the configuration in the file is the one in force."
        yield gauge("config_last_reload_successful", text, (), [((), float(not view.refused))])
        text = "When a configuration was taken last."
        yield gauge("config_last_reload_success_timestamp_seconds", text, (), [((), _seconds(view.reloaded))])
        text = "1 while the status can be read from the state."
        yield gauge("status_readable", text, (), [((), float(not view.unread))])
        text = "How often in a row a job has failed."
        yield gauge("job_failures", text, ("job",), [((job,), count) for job, count in view.failures.items()])
        text = "How long the last run of a job took."
        rows: list[Row] = [((job,), seconds) for job, seconds in tally.last_seconds.items()]
        yield gauge("job_last_duration_seconds", text, ("job",), rows)
        ends = [((job, ending.value), number) for (job, ending), number in tally.endings.items()]
        yield counter("job_runs", "Runs of jobs since the daemon began, by how they ended.", ("job", "outcome"), ends)
        durations = SummaryMetricFamily("gdac_job_duration_seconds", "How long jobs took.", labels=["job"])
        for job, seconds in tally.seconds.items():
            runs = sum(number for (name, _), number in tally.endings.items() if name == job)
            durations.add_metric([job], runs, seconds)
        yield durations
        status = view.told(self._now())
        if status is not None:
            yield from status_metrics(status)
        else:
            yield from _jobs(view.jobs)


class _StatusMetrics(Collector):
    def __init__(self, status: Status) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        yield build_info()
        yield from status_metrics(self._status)


def render_status_metrics(status: Status) -> bytes:
    """The text that a scrape gets from whoever has only the status."""
    registry = CollectorRegistry()
    registry.register(_StatusMetrics(status))
    return generate_latest(registry)


def daemon_registry(view: View, now: Callable[[], datetime]) -> CollectorRegistry:
    """What the daemon lets be scraped, with memory and processor time of its process."""
    registry = CollectorRegistry()
    registry.register(DaemonMetrics(view, now))
    ProcessCollector(registry=registry)
    return registry


def _words(labels: tuple[str, ...], word: Word) -> list[Row]:
    return [((*labels, one.value), float(one is word)) for one in Word]


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
