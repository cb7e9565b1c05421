"""The demo's final table: one column per day, one row per thing that moved or did not."""

from collections.abc import Callable, Iterator, Sequence

from sync.demo.story import DemoDay
from sync.progress import human_size


def rows(days: Sequence[DemoDay]) -> Iterator[tuple[str, ...]]:
    """The table's rows: a label, then a cell per day."""
    for label, cell in (*_SOURCE, *_SEAL):
        yield (label, *(cell(day) for day in days))
    names = [mirror.mirror for mirror in days[0].record.mirrors]
    for at, name in enumerate(names):
        yield (f"mirror {name}: copied", *(_copied(day, at) for day in days))
        yield ("  of all its files", *(_share(day, at) for day in days))
        yield ("  superseded, kept for the grace", *(f"{day.record.mirrors[at].superseded:,}" for day in days))
    yield ("requests to the source", *(f"{day.source_requests:,}" for day in days))
    yield ("requests to the bucket", *(f"{day.s3_requests:,}" for day in days))


def _indexes(day: DemoDay) -> str:
    done = day.record.ingest
    return f"{done.indexes_changed} of {done.indexes}" if done else ""


def _fetched(day: DemoDay) -> str:
    done = day.record.ingest
    return f"{done.moved.files:,} ({human_size(done.moved.bytes)})" if done else ""


def _skipped(day: DemoDay) -> str:
    done, seal = day.record.ingest, day.record.seal
    if not done or not seal:
        return ""
    indexes = done.indexes if seal.new else 0
    return f"{seal.rows - done.moved.files - indexes:,}" if done.listed else "all"


def _serial(day: DemoDay) -> str:
    seal = day.record.seal
    return (f"{seal.serial}" if seal.new else f"{seal.serial} (issued again)") if seal else ""


def _counts(name: str) -> Callable[[DemoDay], str]:
    return lambda day: f"{getattr(day.record.seal, name):,}"


def _copied(day: DemoDay, at: int) -> str:
    done = day.record.mirrors[at]
    return f"{done.moved.files:,} ({human_size(done.moved.bytes)})" if not done.error else "FAILED"


def _share(day: DemoDay, at: int) -> str:
    seal = day.record.seal
    return f"{100 * day.record.mirrors[at].moved.files / seal.rows:.1f} %" if seal else ""


_SOURCE = (
    ("index files that had changed", _indexes),
    ("files fetched", _fetched),
    ("  skipped: index row unchanged", _skipped),
)
_SEAL = (
    ("serial sealed", _serial),
    ("  added", _counts("added")),
    ("  changed", _counts("changed")),
    ("  renamed R -> D", _counts("renamed")),
    ("  removed", _counts("removed")),
)
