"""What a run is about to write into a store, noted before it writes: what makes a broken-off run mendable in all cases.

A journal says which files are there. It cannot speak of those that were written and not yet journalled when a process
died; and when the archive has moved on meanwhile, nobody else would look at them again: a file replaced in place would
keep the bytes of a serial that was never sealed, and a new one would stay for ever though no manifest names it. So the
paths are noted first, in one file beside the state, which stands until the head that they were meant for is published
(or nothing had to change). The next run looks at them again, and lets those that belong nowhere go after the grace.
"""

import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import RefusedError
from gdac.manifest.files import quoted, scan_of
from gdac.manifest.head import Head
from gdac.manifest.names import NameKind, parse_key
from gdac.paths import MANIFEST_DIR
from sync.sealed.grace import sealed_keys
from sync.state import State

_FOLDER: Final = "under-way"
_NO_RECORD: Final = 1 << 62


class UnderWay:
    """The paths under way into one store.

    Args:
        connection: for tables.
        state: of the deployment.
        store: the store's name in the state.
        over: serial of the head that it shows, 0 where it shows none.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, state: State, store: str, over: int) -> None:
        self._connection, self._state, self._store, self._over = connection, state, store, over
        self._folder = state.directory / _FOLDER / store
        self._broken = self.is_open

    @property
    def _file(self) -> Path:
        return self._folder / f"{self._over:09d}.parquet"

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.parquet"))

    @property
    def is_open(self) -> bool:
        """Whether a run broke off that was to write into the store."""
        return bool(self._files())

    @property
    def is_resumed(self) -> bool:
        """Whether a run broke off over the very head that the store shows."""
        return self._file.is_file()

    def load(self, table: str) -> None:
        """Make ``table`` (path) of what such a run may have written: it is not sure what lies there."""
        if self.is_resumed:
            self._connection.execute(f"create or replace temp table {table} as {_paths([self._file])}")
        else:
            self._connection.execute(f"create or replace temp table {table} (path varchar)")

    def begin(self, query: str | None = None, keys: Iterable[str] = ()) -> None:
        """Note what is about to be written, with what was noted before; returns once that is on the disk.

        Args:
            query: selects paths.
            keys: more of them, under ``manifest/`` too.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        parts = [query] if query else []
        parts += [_paths([self._file])] if self.is_resumed else []
        parts.append("select unnest($1::varchar[]) as path")
        part = self._file.with_suffix(".part")
        self._connection.execute(
            f"create or replace temp table under_way_now as select distinct path from ({' union all '.join(parts)})",
            [list(keys)],
        )
        self._connection.execute(f"copy under_way_now to {quoted(part)} (format parquet, compression zstd)")
        _force(part)
        part.replace(self._file)

    @property
    def has_broken(self) -> bool:
        """Whether a run before this one broke off: only then is there anything to look for."""
        return self._broken

    def settle(self, head: Head, manifest: str, now: datetime, chain: Collection[str]) -> None:
        """The store shows ``head``: what broken-off runs noted and is nowhere in it is superseded.

        Args:
            head: what it shows.
            manifest: table or view of its manifest, by the store's paths; not looked at when no run broke off.
            now: the time.
            chain: keys of records from the head's back (`sync.sealed.records.chain_keys`); may be empty when no run
                broke off. A record of a serial before those may be one of the chain, and stays.
        """
        files = self._files()
        if files and self._broken:
            query = f"select distinct path from ({_paths(files)}) where path not in (select path from {manifest})"
            sealed = sealed_keys(head)
            found = (path for (path,) in self._connection.execute(query).fetchall())
            reached = min(map(_serial_of_record, chain), default=head.serial)
            named = {*sealed, *chain}
            left = [path for path in found if path not in named and _serial_of_record(path) >= reached]
            self._state.add_superseded(self._store, left, head.serial, now)
        for file in files:
            file.unlink()


def _paths(files: list[Path]) -> str:
    return " union all ".join(f"select path from {scan_of(one)}" for one in files)


def _serial_of_record(path: str) -> int:
    """The serial that a path is the record of; of anything else a number beyond all serials."""
    if path.startswith(f"{MANIFEST_DIR}/"):
        with suppress(RefusedError):  # no sealed name
            name = parse_key(path)
            if name.kind is NameKind.RECORD:
                return name.serial
    return _NO_RECORD


def _force(file: Path) -> None:
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())
