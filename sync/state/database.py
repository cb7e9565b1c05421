"""The state database itself: opened, locked, migrated; and the runs it remembers."""

import json
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import sqlite_utils

from gdac.errors import GdacError
from sync.state.boot import boot_id
from sync.state.collect import CollectState
from sync.state.holds import Holds
from sync.state.ingest import IngestState
from sync.state.made import MadeState
from sync.state.probes import ProbesState
from sync.state.removed import RemovedState
from sync.state.rolling import RollingState
from sync.state.schema import MIGRATIONS
from sync.state.stores import StoresState
from sync.state.times import iso

STATE_NAME = "state.db"
_LOCK_NAME = "state.lock"


class State(IngestState, StoresState, Holds, RollingState, ProbesState, CollectState, RemovedState, MadeState):
    """The opened state database; make it with `State.open`, which takes the lock of its directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.boot = boot_id()
        self._lock = _take_lock(directory)
        self._database = sqlite_utils.Database(directory / STATE_NAME)
        self._connection: sqlite3.Connection = self._database.conn
        self._connection.execute("pragma journal_mode=wal")
        self._connection.execute("pragma synchronous=full")
        MIGRATIONS.apply(self._database)

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Open (or make) the state in ``directory`` and hold its lock until `close` or the end of the process.

        Raises:
            GdacError: another process holds the lock, or the directory cannot be written.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GdacError(f"cannot make the state directory {directory}: {error.strerror}.") from error
        return cls(directory)

    def close(self) -> None:
        """Close the database and let go of the lock."""
        self._database.close()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start_run(self, kind: str, now: datetime) -> int:
        """Record that a run begins; returns its id."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "insert into run (kind, started, outcome) values (?, ?, 'open')", (kind, iso(now))
            )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def end_run(self, run: int, now: datetime, outcome: str, summary: dict[str, Any]) -> None:
        """Record how a run ended."""
        with self._transaction() as connection:
            connection.execute(
                "update run set ended = ?, outcome = ?, summary = ? where id = ?",
                (iso(now), outcome, json.dumps(summary, sort_keys=True), run),
            )

    def runs(self, most: int = 10) -> list[dict[str, Any]]:
        """The newest runs, newest first."""
        found = self._database.query("select * from run order by id desc limit ?", (most,))
        return [{**row, "summary": json.loads(row["summary"] or "{}")} for row in found]


def _take_lock(directory: Path) -> sqlite3.Connection:
    """Hold an exclusive SQLite lock: the system lets go of it whichever way the process ends, on every platform."""
    lock = sqlite3.connect(directory / _LOCK_NAME, timeout=0, isolation_level=None)
    try:
        lock.execute("begin exclusive")
    except sqlite3.OperationalError as error:
        lock.close()
        if "locked" in str(error):
            raise GdacError(
                f"another gdac process is working with the state in {directory}.",
                hint="Wait for it to end, or give this one a state directory of its own.",
            ) from error
        raise GdacError(f"cannot lock the state directory {directory}: {error}.") from error
    return lock
