"""The past of an archive as its chains tell it: which sealed files there were, when, and which of them are at hand.

A head lists its newest 100 deltas and a year of full manifests. Each delta names the one before it, so does each full
manifest. Each record (`gdac.manifest.record`) names the record before it, and the manifest and delta of its serial. All
by digest, so that the head vouches for all of them.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import RefusedError
from gdac.manifest.head import DeltaEntry, Head, ManifestEntry
from gdac.manifest.model import Link
from gdac.manifest.names import NameKind
from gdac.manifest.record import Record, parse_record
from gdac.manifest.trust import check_sealed, link_before
from gdac.paths import MANIFEST_DIR

#: Rows that a delta is taken to have where nothing says how many: a day of Argo.
_A_DAY: Final = 5_000
_records: Final[dict[str, Record]] = {}


@dataclass(frozen=True, slots=True)
class Way:
    """How a state is made: a full manifest, and the deltas between it and the state.

    Attributes:
        manifest: where to begin.
        deltas: in the order of their serials; empty where the manifest is of that very serial.
        forward: the deltas lead from the manifest to the state; else back from it.
    """

    manifest: Link
    deltas: tuple[Link, ...]
    forward: bool


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of an archive's past, and how far files at hand reach.

    Attributes:
        folder: where sealed files lie, by their names.
        archive: its id.
        newest: serial of the head.
        oldest: every state from this serial on can be told by deltas that are at hand.
        deltas: those known, by the serial they lead to.
        manifests: full manifests known, by serial; some of them may be gone for good.
        records: records known, by serial.
        rows: rows of deltas, where something says how many.
        times: when serials were sealed, where something says so.
        wanted: files that are not at hand and would make more of the past known.
    """

    folder: Path
    archive: str
    newest: int
    oldest: int
    deltas: Mapping[int, Link]
    manifests: Mapping[int, Link]
    records: Mapping[int, Link]
    rows: Mapping[int, int]
    times: Mapping[int, datetime]
    wanted: tuple[Link, ...]

    def file(self, link: Link) -> Path:
        """Where a sealed file lies, or would."""
        return self.folder / link.name

    def has(self, link: Link) -> bool:
        """Whether it is at hand."""
        return self.file(link).is_file()

    def way_to(self, serial: int, *, at_hand: bool = True, gone: Collection[str] = ()) -> Way | None:
        """The first of `ways_to`; None where there is none."""
        return next(iter(self.ways_to(serial, at_hand=at_hand, gone=gone)), None)

    def ways_to(self, serial: int, *, at_hand: bool = True, gone: Collection[str] = ()) -> list[Way]:
        """The ways to a state, from the nearest older manifest and from the nearest newer one, the shorter way first.

        Args:
            serial: the state.
            at_hand: only by files that are at hand; else by files that are known.
            gone: names of files that cannot be had.
        """

        def usable(link: Link) -> bool:
            return self.has(link) or not (at_hand or link.name in gone)

        older = max((one for one, link in self.manifests.items() if one <= serial and usable(link)), default=None)
        newer = min((one for one, link in self.manifests.items() if one >= serial and usable(link)), default=None)
        near = [one for one in dict.fromkeys((older, newer)) if one is not None]
        return sorted((way for one in near if (way := self._way(one, serial, usable))), key=self._work)

    def serial_on(self, day: date) -> int | None:
        """The last serial sealed at or before the end of a day (UTC); None where none was, by then.

        Raises:
            RefusedError: what is at hand does not say which it is.
        """
        until = datetime.combine(day, time.max, UTC)
        serial = max((known for known, sealed in self.times.items() if sealed <= until), default=0)
        if serial < self.newest and serial + 1 not in self.times:
            later = min((known for known, sealed in self.times.items() if sealed > until), default=self.newest)
            raise RefusedError(
                f"nothing at hand says when serials {serial + 1} to {later - 1} were sealed, so the last one of {day}"
                " is not known.",
                hint="Their records (manifest/*.record.json) say so: ask an archive that holds them.",
            )
        return serial or None

    def _way(self, known: int, serial: int, usable: Callable[[Link], bool]) -> Way | None:
        forward = known <= serial
        steps = range(known + 1, serial + 1) if forward else range(serial + 1, known + 1)
        links = [self.deltas.get(step) for step in steps]
        found = tuple(link for link in links if link is not None and usable(link))
        return Way(self.manifests[known], found, forward) if len(found) == len(links) else None

    def _work(self, way: Way) -> int:
        return sum(self.rows.get(link.serial, _A_DAY) for link in way.deltas)


def survey(con: duckdb.DuckDBPyConnection, tree: Path, head: Head, *, deep: bool = True) -> Past:
    """Find out what is known of an archive's past from its head and the sealed files at hand.

    Args:
        con: an open connection.
        tree: a directory that holds ``manifest/``: a sealed archive, or copies of its sealed files.
        head: the archive's newest head.
        deep: follow the chains; else only what the head itself lists is known, and no file is looked into.

    Raises:
        ManifestError: a file at hand is not the one that the chain names.
        RefusedError: the chain is broken: two of its files name different ones.
    """
    return _Surveyor(con, tree / MANIFEST_DIR, head).survey(deep=deep)


class _Surveyor:
    """Walks the three chains; use once."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path, head: Head) -> None:
        self._con, self._folder, self._head = con, folder, head
        self._deltas = {entry.serial: _link(entry) for entry in head.deltas}
        self._manifests = {entry.serial: _link(entry) for entry in (*head.manifests, head.manifest)}
        self._times = {entry.serial: entry.sealed for entry in (*head.manifests, head.manifest)}
        self._times |= {entry.serial: entry.sealed for entry in head.deltas}
        self._rows = {entry.serial: entry.rows for entry in head.deltas}
        self._records: dict[int, Link] = {}
        self._wanted: list[Link] = []

    def survey(self, *, deep: bool) -> Past:
        if deep:
            self._follow()
        return Past(
            self._folder,
            self._head.archive,
            self._head.serial,
            self._reach(),
            self._deltas,
            self._manifests,
            self._records,
            self._rows,
            self._times,
            tuple(self._wanted),
        )

    def _follow(self) -> None:
        for record in self._walk_records():
            self._times[record.serial] = record.sealed
            if self._head.view_of is not None:  # its records are the hub's, and so are the files that they name
                continue
            self._know(self._manifests, Link(record.serial, record.manifest.name, record.manifest.sha256))
            if record.delta is not None:
                self._know(self._deltas, Link(record.serial, record.delta.name, record.delta.sha256))
                self._rows[record.serial] = record.delta.rows
        self._walk(self._deltas, NameKind.DELTA)
        self._walk(self._manifests, NameKind.MANIFEST)

    def _reach(self) -> int:
        oldest = self._head.serial
        while (link := self._deltas.get(oldest)) is not None and (self._folder / link.name).is_file():
            oldest -= 1
        return oldest

    def _walk_records(self) -> Iterator[Record]:
        newest, view = self._head.record, self._head.view_of
        link = None if newest is None else Link(newest.serial, newest.name, newest.sha256)
        while link is not None:
            file = self._folder / link.name
            self._records[link.serial] = link
            if not file.is_file():
                self._wanted.append(link)
                return
            record = _record(file, link, self._head.archive if view is None else view.archive)
            yield record
            link = record.previous

    def _walk(self, known: dict[int, Link], kind: NameKind) -> None:
        """Follow a chain from the oldest file that something else names, as far as files are at hand."""
        link: Link | None = known[min(known)] if known else None
        while link is not None:
            file = self._folder / link.name
            if not file.is_file():
                if kind is NameKind.DELTA:
                    self._wanted.append(link)
                return
            before = link_before(self._con, file, link, kind, self._head.archive)
            if before is None and kind is NameKind.DELTA and link.serial > 2:
                raise RefusedError(
                    f"the chain is broken: {file} names no delta before it, and serial 1 alone has none."
                )
            if before is not None:
                if before.serial >= link.serial or (kind is NameKind.DELTA and before.serial != link.serial - 1):
                    raise RefusedError(f"the chain is broken: {file} names {before.name} as the one before it.")
                self._know(known, before)
            link = before

    def _know(self, known: dict[int, Link], link: Link) -> None:
        if known.setdefault(link.serial, link) != link:
            raise RefusedError(
                f"the chain is broken: serial {link.serial} has {known[link.serial].name} and {link.name}.",
                hint="A sealed serial never changes: ask the operator of the archive before you trust either.",
            )


def _record(file: Path, link: Link, archive: str) -> Record:
    check_sealed(file, link.sha256)
    if link.sha256 not in _records:
        record = parse_record(file.read_bytes())
        if (record.archive, record.serial) != (archive, link.serial):
            raise RefusedError(f"{file} is the record of serial {record.serial} of archive {record.archive}.")
        _records[link.sha256] = record
    return _records[link.sha256]


def _link(entry: DeltaEntry | ManifestEntry) -> Link:
    return Link(entry.serial, entry.name, entry.sha256)
