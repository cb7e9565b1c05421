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
from sync.state.watched import WatchedState, count_up

STATE_NAME = "state.db"
_LOCK_NAME = "state.lock"


class State(
    IngestState, StoresState, Holds, RollingState, ProbesState, CollectState, RemovedState, MadeState, WatchedState
):
    """The opened state database; make it with `State.open`, which takes the lock of its directory."""

    def __init__(self, directory: Path, *, lock: sqlite3.Connection | None, database: sqlite_utils.Database) -> None:
        self.directory = directory
        self.boot = boot_id()
        self._lock, self._database = lock, database
        self._connection: sqlite3.Connection = database.conn
        #: Another process is at work with this state; only `look` finds that.
        self.is_busy = False

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
        opened = cls(directory, lock=_take_lock(directory), database=sqlite_utils.Database(directory / STATE_NAME))
        opened._connection.execute("pragma journal_mode=wal")
        opened._connection.execute("pragma synchronous=full")
        MIGRATIONS.apply(opened._database)
        return opened

    @classmethod
    def look(cls, directory: Path) -> Self:
        """Open the state only to read it, as it is now, whoever works with it meanwhile; nothing is made or changed.

        Where nothing is, it is an empty state. Close it soon: what is written meanwhile cannot be tidied up.

        Raises:
            GdacError: it is of an older gdac, and another process holds the lock.
        """
        file = directory / STATE_NAME
        if not file.is_file():
            empty = cls(directory, lock=None, database=sqlite_utils.Database(memory=True))
            MIGRATIONS.apply(empty._database)
            return empty
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
        found = cls(directory, lock=None, database=sqlite_utils.Database(connection))
        if MIGRATIONS.pending(found._database):
            found.close()
            return cls.open(directory)
        found.is_busy = _is_locked(directory)
        connection.execute("begin")
        return found

    def close(self) -> None:
        """Close the database and let go of the lock."""
        self._database.close()
        if self._lock is not None:
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
            kind = connection.execute("select kind from run where id = ?", (run,)).fetchone()
            count_up(connection, kind[0] if kind else "", outcome, summary)

    def runs(self, most: int = 10) -> list[dict[str, Any]]:
        """The newest runs, newest first."""
        found = self._database.query("select * from run order by id desc limit ?", (most,))
        return [{**row, "summary": json.loads(row["summary"] or "{}")} for row in found]


def _take_lock(directory: Path) -> sqlite3.Connection:
    """Hold an exclusive SQLite lock: the system lets go of it whichever way the process ends, on every platform."""
    # Not 0: those who only look whether it is held (`_is_locked`) hold a share of it for a moment.
    lock = sqlite3.connect(directory / _LOCK_NAME, timeout=0.25, isolation_level=None)
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


def _is_locked(directory: Path) -> bool:
    """Whether another process holds the lock of a state directory."""
    file = directory / _LOCK_NAME
    if not file.is_file():
        return False
    looking = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=0, isolation_level=None)
    try:
        looking.execute("select 1 from sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            return True
        raise
    finally:
        looking.close()
    return False
