"""What a run is about to write into a store, noted before it writes: what makes a broken-off run mendable in all cases.

A journal says which files are there. It cannot speak of those that were written and not yet journalled when a process
died; and when the archive has moved on meanwhile, nobody else would look at them again: a file replaced in place would
keep the bytes of a serial that was never sealed, and a new one would stay for ever though no manifest names it. So the
paths are noted first, in one file beside the state, which stands until the head that they were meant for is published
(or nothing had to change). The next run looks at them again, and lets those that belong nowhere go after the grace.
"""

import os
from collections.abc import Iterable
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

    def settle(self, head: Head, manifest: str, now: datetime) -> None:
        """The store shows ``head``: what broken-off runs noted and is nowhere in it is superseded.

        Args:
            head: what it shows.
            manifest: table or view of its manifest, by the store's paths; not looked at when no run broke off.
            now: the time.
        """
        files = self._files()
        if files and self._broken:
            query = f"select distinct path from ({_paths(files)}) where path not in (select path from {manifest})"
            sealed = sealed_keys(head)
            found = (path for (path,) in self._connection.execute(query).fetchall())
            left = [path for path in found if path not in sealed and not _is_older_record(path, head.serial)]
            self._state.add_superseded(self._store, left, head.serial, now)
        for file in files:
            file.unlink()


def _paths(files: list[Path]) -> str:
    return " union all ".join(f"select path from {scan_of(one)}" for one in files)


def _is_older_record(path: str, serial: int) -> bool:
    """Whether a path is that of a record of an earlier serial: the chain names it, not the head."""
    if not path.startswith(f"{MANIFEST_DIR}/"):
        return False
    with suppress(RefusedError):  # no sealed name
        name = parse_key(path)
        return name.kind is NameKind.RECORD and name.serial < serial
    return False


def _force(file: Path) -> None:
    with file.open("rb+") as opened:
        os.fsync(opened.fileno())
