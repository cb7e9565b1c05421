"""``daemon.json`` beside the state: what the daemon remembers of its jobs, in place of the database it never holds."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sync.daemon.schedule import Ending, JobFacts

BOOK_NAME: Final = "daemon.json"
_FORMAT: Final = "argo-gdac daemon 1"
_MOST_BYTES: Final = 1 << 20
_MOMENTS: Final = {"started", "ended", "good", "again"}


@dataclass(frozen=True, slots=True)
class KeptBook:
    """The daemon's memory.

    Attributes:
        since: when it was begun (UTC).
        jobs: by name.
    """

    since: datetime
    jobs: Mapping[str, JobFacts] = field(default_factory=dict)


class BrokenBookError(Exception):
    """The file cannot be read as a book; nothing depends on it but when jobs come."""


def read_book(directory: Path) -> KeptBook | None:
    """The book in a state directory; None where there is none.

    Raises:
        BrokenBookError: it is there and cannot be read.
    """
    try:
        with (directory / BOOK_NAME).open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BrokenBookError(str(error)) from error
    try:
        if len(raw) > _MOST_BYTES:
            raise ValueError("it is too long")
        found = json.loads(raw)
        if found["format"] != _FORMAT:
            raise ValueError("it has another format")
        jobs = {str(name): _facts(one) for name, one in found["jobs"].items()}
        return KeptBook(_moment(found["since"]), jobs)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BrokenBookError(f"{type(error).__name__}: {error}") from error


def write_book(directory: Path, book: KeptBook) -> None:
    """Put a book into a state directory, whole or not at all.

    Raises:
        OSError: the disk does not take it; the older one is still there.
    """
    jobs = {name: asdict(one) for name, one in sorted(book.jobs.items())}
    told = {"format": _FORMAT, "since": book.since, "jobs": jobs}
    raw = json.dumps(told, indent=1, default=_plain).encode() + b"\n"
    fresh = directory / f"{BOOK_NAME}.new"
    with fresh.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(directory / BOOK_NAME)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    assert isinstance(value, StrEnum)
    return value.value


def _facts(found: dict[str, Any]) -> JobFacts:
    known = {one.name for one in fields(JobFacts)}
    values = {name: value for name, value in found.items() if name in known}
    for name in _MOMENTS & values.keys():
        values[name] = None if values[name] is None else _moment(values[name])
    ending = values.get("ending")
    values |= {"ending": Ending(ending) if ending else None, "failures": max(0, int(values.get("failures", 0)))}
    values |= {name: str(values.get(name, "")) for name in ("run", "error")}
    return JobFacts(**values)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment
