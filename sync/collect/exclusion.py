"""Sensor exclusion lists: kept by digest beside the state with all their versions, compared, and never published.

The lists are restricted since 2025-06-30 (policies ACC-012, DIS-001, DIS-002). What they say stays in their files:
reports and logs tell how many rows came, went and changed, and never which.
"""

import csv
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gdac.errors import GdacError
from sync.state import State
from sync.state.collect import Exclusion
from sync.state.collected import Item

_FOLDER: Final = "collect/exclusion"
#: Columns of real lists; the first three name a row.
_COLUMNS: Final = ("PLATFORM_CODE", "PARAMETER_NAME", "START_DATE", "END_DATE", "QUALITY_CODE", "COMMENT", "DAC")
_KEY: Final = 3
_WMO_DIGITS: Final = (5, 7)
#: The usual one first.
_DELIMITERS: Final = (",", ";", "\t")
#: Characters of a line that are looked at; `csv` gives up on longer fields.
_LONGEST: Final = 100_000

_Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """How a version of a list differs from the one before, in rows; never what they say.

    Attributes:
        since: when the version before was received (UTC); None for the first one.
        rows: rows of this version, repeated ones once.
        added, removed: rows of float, parameter and start that only one of the two has.
        changed: rows of the same float, parameter and start that say something else now.
        unread: lines that name no float; kept as they are.
        is_comparable: False where the bytes of the version before are not there any more; then nothing came or went.
    """

    since: datetime | None
    rows: int
    added: int
    removed: int
    changed: int
    unread: int
    is_comparable: bool = True

    def as_json(self) -> dict[str, Any]:
        """The changes as plain JSON values."""
        return {
            "since": self.since.isoformat() if self.since else None,
            "rows": self.rows,
            "added": self.added,
            "removed": self.removed,
            "changed": self.changed,
            "unread": self.unread,
            "comparable": self.is_comparable,
        }

    def __str__(self) -> str:
        rows = f"{self.rows:,} {'row' if self.rows == 1 else 'rows'}"
        unread = f"; lines that name no float: {self.unread:,}" if self.unread else ""
        if self.since is None:
            return f"{rows}, the first version of the list{unread}"
        if not self.is_comparable:
            return f"{rows}; the version of {self.since:%Y-%m-%d} is not there any more to compare with{unread}"
        counts = f"{self.added:,} added, {self.removed:,} removed, {self.changed:,} changed"
        return f"{rows}; {counts} since the version of {self.since:%Y-%m-%d}{unread}"


def exclusion_file(directory: Path, dac: str, sha256: bytes) -> Path:
    """Where a version of a DAC's list lies below a state directory."""
    return directory / _FOLDER / dac / sha256.hex()


def keep_exclusion(state: State, directory: Path, item: Item, dac: str, raw: bytes | None, now: datetime) -> bool:
    """Keep a list as the newest version of its DAC's; only the user who runs gdac may read it. Again is fine.

    Args:
        state: gets the version.
        directory: the state directory.
        item: the list.
        dac: whose it is.
        raw: its bytes; None where they were lost.
        now: when it was received (UTC).

    Returns:
        Whether it is kept: False when the bytes were lost before they were.
    """
    assert item.sha256 is not None  # bytes that were taken have one
    target = exclusion_file(directory, dac, item.sha256)
    if not target.exists():
        if raw is None:
            return False
        _write(target, raw)
    state.add_exclusion(Exclusion(dac, item.sha256, now, item.id))
    return True


def _write(target: Path, raw: bytes) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")  # what a run that was killed left of it is written over
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as made:
        made.write(raw)
        made.flush()
        os.fsync(made.fileno())
    part.replace(target)


def changes_of(state: State, directory: Path, item: Item, dac: str) -> Changes | None:
    """How the version that an item brought differs from the one before.

    Returns:
        None when the item brought none, or its bytes are not there any more.

    Raises:
        GdacError: a version cannot be read.
    """
    versions = state.exclusions(dac)
    at = next((number for number, one in enumerate(versions) if one.item == item.id), None)
    if at is None:
        return None
    after = _kept(directory, versions[at])
    if after is None:
        return None
    before = versions[at + 1] if at + 1 < len(versions) else None
    return compare(_kept(directory, before) if before else None, after, before.received if before else None)


def compare(before: bytes | None, after: bytes, since: datetime | None) -> Changes:
    """How two versions of a list differ; a row that occurs twice counts once.

    Args:
        before: the version before; None where there is none, or none any more.
        after: the newer one.
        since: when the version before was received (UTC); None for the first one.
    """
    rows, unread = _rows(after)
    if before is None and since is not None:
        return Changes(since, len(rows), 0, 0, 0, unread, is_comparable=False)
    others = _rows(before)[0] if before is not None else set()
    came, went = (Counter(one[:_KEY] for one in some) for some in (rows - others, others - rows))
    changed = (came & went).total()
    return Changes(since, len(rows), came.total() - changed, went.total() - changed, changed, unread)


def why_no_list(raw: bytes) -> str | None:
    """Why bytes cannot be a sensor exclusion list; None when they can. Says nothing of what they hold."""
    if b"\0" in raw:
        return "the list is no plain text"
    rows, unread = _rows(raw)
    if rows or _has_header(raw):
        return None
    if unread:
        return "no line of the list begins with the number of a float"
    return "the list has neither rows nor the row of column names"


def _kept(directory: Path, version: Exclusion) -> bytes | None:
    """Bytes of a version; None where somebody has taken them away."""
    file = exclusion_file(directory, version.dac, version.sha256)
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GdacError(
            f"a version of {version.dac}'s sensor exclusion list cannot be read: {file}: {error.strerror or error}.",
            hint="Mend the permissions or the disk of the state directory, and run again.",
        ) from error


def _has_header(raw: bytes) -> bool:
    return any(_is_header(fields) for fields in _lines(raw))


def _is_header(fields: list[str]) -> bool:
    return _COLUMNS[0] in (field.upper() for field in fields)


def _rows(raw: bytes) -> tuple[set[_Row], int]:
    """Rows with their columns in the usual order, and how many lines name no float."""
    order = tuple(range(len(_COLUMNS)))
    rows: set[_Row] = set()
    unread = 0
    for fields in _lines(raw):
        if _is_header(fields):
            order = _order([field.upper() for field in fields])
            continue
        row = tuple(fields[at] if 0 <= at < len(fields) else "" for at in order)
        if len(row[0]) in _WMO_DIGITS and row[0].isdecimal():
            rows.add(row)
        else:
            unread += 1
    return rows, unread


def _order(header: list[str]) -> tuple[int, ...]:
    return tuple(header.index(name) if name in header else -1 for name in _COLUMNS)


def _lines(raw: bytes) -> Iterator[list[str]]:
    """Lines with something in them, as stripped fields, comments apart; commas, semicolons or tabs between them."""
    lines = [line for line in _text(raw).splitlines() if line.strip() and not line.startswith("#")]
    delimiter = max(_DELIMITERS, key=lines[0].count) if lines else ","
    for line in lines:  # one by one: a quote that is left open must not swallow the rest
        for fields in csv.reader([line[:_LONGEST]], delimiter=delimiter):
            yield [field.strip() for field in fields]


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
