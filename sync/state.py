"""The one state database: what a hub remembers between runs, and the lock of the run that is on.

SQLite through sqlite-utils, migrated by named steps, opened only here. Everything in it can be rebuilt from the head,
at the price of work done again: it holds no truth about what is published.

Tables:

- ``run``: one row per run, what it did and how it ended.
- ``source_index``: index files as last fetched, with the validator that makes the next fetch conditional.
- ``pending``: files that are in the hub's store and not yet sealed; the journal that makes a broken-off run resume.
- ``set_aside``: files that could not be had, with the reason; tried again at growing distances.
- ``hold``: plans that the brake holds or held, with previews and approvals.
- ``published``: the serial that each store showed last, and when it published it.
- ``superseded``: per store, paths that left the manifest and wait for the end of their grace.
- ``copied``: per mirror, files copied for a serial whose head is not yet there; the journal of replicate.
- ``mirror_exception``: per mirror, sealed paths that it cannot hold just now.
- ``part``: which part of rolling work (an audit of a store, the sweep of the source) is next.
- ``vaulted``: bytes in the vault by digest, and when they were put there last.
- ``swept``: files that a sweep found changed at the source; the next run's ingest takes them.
- ``ingest_stop``: why runs do not ingest for now (after a revert); at most one row.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import sqlite_utils

from gdac.errors import GdacError
from policies.quarantine import Trouble, next_try
from policies.retention import Superseded

STATE_NAME = "state.db"
_LOCK_NAME = "state.lock"

_migrations = sqlite_utils.Migrations("argo-gdac")


@_migrations(name="0001-first-mirror")
def _first_mirror(database: Any) -> None:
    database["run"].create(
        {"id": int, "kind": str, "started": str, "ended": str, "outcome": str, "summary": str}, pk="id"
    )
    database["source_index"].create(
        {"key": str, "validator": str, "size": int, "sha256": bytes, "md5": bytes, "modified": str, "fetched": str},
        pk="key",
    )
    database["pending"].create(
        {"path": str, "size": int, "sha256": bytes, "md5": bytes, "modified": str, "date_update": str}, pk="path"
    )
    database["set_aside"].create(
        {"path": str, "reason": str, "since": str, "tries": int, "date_update": str}, pk="path"
    )
    database["published"].create({"store": str, "serial": int, "archive": str, "published": str}, pk="store")
    database["superseded"].create({"store": str, "path": str, "since": str, "serial": int}, pk=("store", "path"))
    database["copied"].create({"store": str, "path": str, "sha256": bytes}, pk=("store", "path"))


@_migrations(name="0002-brakes")
def _brakes(database: Any) -> None:
    database.execute("alter table set_aside add column trouble text not null default 'broken'")
    database.execute("alter table set_aside add column next_try text")
    database["hold"].create(
        {
            "id": int,
            "run": int,
            "again": int,
            "target": str,
            "made": str,
            "fingerprint": str,
            "reasons": str,
            "preview": str,
            "approved": str,
            "approved_by": str,
            "closed": str,
            "serial": int,
        },
        pk="id",
    )


@_migrations(name="0002-audit-vault-sweep-revert")
def _audit_vault_sweep_revert(database: Any) -> None:
    database["part"].create({"work": str, "number": int, "of": int}, pk="work")
    database["vaulted"].create({"sha256": bytes, "size": int, "since": str}, pk="sha256")
    database["swept"].create({"path": str, "why": str, "found": str}, pk="path")
    database["ingest_stop"].create({"id": int, "why": str, "since": str}, pk="id")


@_migrations(name="0002-mirror-exceptions")
def _mirror_exceptions(database: Any) -> None:
    database["mirror_exception"].create({"store": str, "path": str, "reason": str, "since": str}, pk=("store", "path"))


@dataclass(frozen=True, slots=True)
class MirrorException:
    """A sealed path that a mirror cannot hold just now.

    Attributes:
        path: as the mirror has it.
        reason: one sentence.
        since: when it could not be had first (UTC).
    """

    path: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class KnownIndex:
    """An index file as last fetched from the source.

    Attributes:
        key: its path at the source.
        validator: opaque; equal means unchanged.
        size: bytes.
        sha256: digest of the bytes.
        md5: digest of the bytes.
        modified: UTC time at the source, or None.
    """

    key: str
    validator: str | None
    size: int
    sha256: bytes
    md5: bytes
    modified: datetime | None


@dataclass(frozen=True, slots=True)
class Ingested:
    """A file that is in the hub's store and not yet sealed."""

    path: str
    size: int
    sha256: bytes
    md5: bytes
    modified: datetime | None
    date_update: datetime | None


@dataclass(frozen=True, slots=True)
class SetAside:
    """A file that could not be had.

    Attributes:
        path: archive path.
        reason: one sentence.
        since: when it failed first (UTC).
        tries: how often it failed with this index row.
        date_update: what the index said when it failed last, or None.
        trouble: what kind of failure the last one was.
        next_try: not asked for again before (UTC).
    """

    path: str
    reason: str
    since: datetime
    tries: int
    date_update: datetime | None
    trouble: Trouble
    next_try: datetime


@dataclass(frozen=True, slots=True)
class NewHold:
    """A plan that the brake holds.

    Attributes:
        target: the store's name in the state.
        fingerprint: of the plan.
        reasons: `policies.deletion.Reason` as plain values.
        preview: plain JSON values; see `sync.facts.preview`.
    """

    target: str
    fingerprint: str
    reasons: list[dict[str, Any]]
    preview: dict[str, Any]


@dataclass(frozen=True, slots=True)
class KeptHold:
    """A hold as the state keeps it.

    Attributes:
        run: the run that was held; approvals name it.
        hold: what it holds.
        made: when (UTC).
        approved: when it was approved, or None.
        approved_by: by whom, or None.
    """

    run: int
    hold: NewHold
    made: datetime
    approved: datetime | None
    approved_by: str | None


class State:
    """The opened state database; make it with `State.open`, which takes the lock of its directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock = _take_lock(directory)
        self._database = sqlite_utils.Database(directory / STATE_NAME)
        self._connection: sqlite3.Connection = self._database.conn
        self._connection.execute("pragma journal_mode=wal")
        self._connection.execute("pragma synchronous=full")
        _migrations.apply(self._database)

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

    # runs

    def start_run(self, kind: str, now: datetime) -> int:
        """Record that a run begins; returns its id."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "insert into run (kind, started, outcome) values (?, ?, 'open')", (kind, _iso(now))
            )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def end_run(self, run: int, now: datetime, outcome: str, summary: dict[str, Any]) -> None:
        """Record how a run ended."""
        with self._transaction() as connection:
            connection.execute(
                "update run set ended = ?, outcome = ?, summary = ? where id = ?",
                (_iso(now), outcome, json.dumps(summary, sort_keys=True), run),
            )

    def runs(self, most: int = 10) -> list[dict[str, Any]]:
        """The newest runs, newest first."""
        found = self._database.query("select * from run order by id desc limit ?", (most,))
        return [{**row, "summary": json.loads(row["summary"] or "{}")} for row in found]

    # index files of the source

    def known_index(self, key: str) -> KnownIndex | None:
        """An index file as last fetched, or None."""
        row = self._connection.execute(
            "select key, validator, size, sha256, md5, modified from source_index where key = ?", (key,)
        ).fetchone()
        if row is None:
            return None
        key_, validator, size, sha256, md5, modified = row
        return KnownIndex(key_, validator, size, sha256, md5, _time(modified))

    def remember_index(self, index: KnownIndex, now: datetime) -> None:
        """Keep what an index file is now."""
        with self._transaction() as connection:
            connection.execute(
                "insert or replace into source_index (key, validator, size, sha256, md5, modified, fetched)"
                " values (?, ?, ?, ?, ?, ?, ?)",
                (index.key, index.validator, index.size, index.sha256, index.md5, _iso(index.modified), _iso(now)),
            )

    # the journal of ingest

    def journal(self, done: Sequence[Ingested]) -> None:
        """Record files that are in the hub's store now, all in one transaction; forgets their set-aside entries."""
        with self._transaction() as connection:
            connection.executemany(
                "insert or replace into pending (path, size, sha256, md5, modified, date_update)"
                " values (?, ?, ?, ?, ?, ?)",
                [(one.path, one.size, one.sha256, one.md5, _iso(one.modified), _iso(one.date_update)) for one in done],
            )
            connection.executemany("delete from set_aside where path = ?", [(one.path,) for one in done])
            connection.executemany("delete from swept where path = ?", [(one.path,) for one in done])

    def pending(self) -> Iterator[tuple[str, int, str, str, str | None, str | None]]:
        """Files not yet sealed: path, size, sha256 hex, md5 hex, modified ISO, date_update ISO."""
        yield from self._connection.execute(
            "select path, size, lower(hex(sha256)), lower(hex(md5)), modified, date_update from pending"
        )

    def pending_count(self) -> int:
        """How many files wait for a seal."""
        return int(self._connection.execute("select count(*) from pending").fetchone()[0])

    def forget_pending(self, paths: Iterable[str] | None = None) -> None:
        """Drop journal entries: all of them after a seal, or those of ``paths``."""
        with self._transaction() as connection:
            if paths is None:
                connection.execute("delete from pending")
            else:
                connection.executemany("delete from pending where path = ?", [(path,) for path in paths])

    # files that could not be had

    def set_aside(
        self,
        path: str,
        reason: str,
        date_update: datetime | None,
        now: datetime,
        trouble: Trouble = Trouble.BROKEN,
    ) -> None:
        """Record one more failed try for a file; one whose index row has changed starts to count anew."""
        with self._transaction() as connection:
            tries = connection.execute(
                "insert into set_aside (path, reason, since, tries, date_update, trouble) values (?, ?, ?, 1, ?, ?)"
                " on conflict (path) do update set reason = excluded.reason, trouble = excluded.trouble,"
                " tries = case when date_update is excluded.date_update then tries + 1 else 1 end,"
                " date_update = excluded.date_update returning tries",
                (path, reason, _iso(now), _iso(date_update), trouble.value),
            ).fetchone()[0]
            connection.execute("update set_aside set next_try = ? where path = ?", (_iso(next_try(tries, now)), path))

    def waiting_count(self) -> int:
        """How many files are set aside."""
        return int(self._connection.execute("select count(*) from set_aside").fetchone()[0])

    def due_count(self, now: datetime) -> int:
        """How many files set aside may be asked for again."""
        query = "select count(*) from set_aside where next_try is null or next_try <= ?"
        return int(self._connection.execute(query, (_iso(now),)).fetchone()[0])

    def retry(self, path: str | None = None) -> int:
        """Let the next run ask for one file set aside, or for all; returns how many."""
        where, values = ("", ()) if path is None else (" where path = ?", (path,))
        with self._transaction() as connection:
            return int(connection.execute(f"update set_aside set next_try = null, tries = 0{where}", values).rowcount)

    def all_set_aside(self) -> list[SetAside]:
        """Every file set aside, oldest first."""
        rows = self._connection.execute(
            "select path, reason, since, tries, date_update, trouble, coalesce(next_try, since) from set_aside"
            " order by since, path"
        )
        return [
            SetAside(path, reason, _sure(since), tries, _time(date_update), Trouble(trouble), _sure(due))
            for path, reason, since, tries, date_update, trouble, due in rows
        ]

    def forget_set_aside(self, paths: Iterable[str]) -> None:
        """Drop entries of files that are no longer wanted."""
        with self._transaction() as connection:
            connection.executemany("delete from set_aside where path = ?", [(path,) for path in paths])

    # holds of the brake, and their approvals

    def keep_hold(self, hold: NewHold, now: datetime) -> int:
        """Keep a hold of the run that is on; other open holds of the same store are closed. Returns the run's id."""
        run = int(self._connection.execute("select max(id) from run").fetchone()[0])
        with self._transaction() as connection:
            connection.execute(
                "update hold set closed = ? where target = ? and fingerprint <> ? and closed is null",
                (_iso(now), hold.target, hold.fingerprint),
            )
            known = connection.execute(
                "update hold set again = ? where target = ? and closed is null", (run, hold.target)
            ).rowcount
            if not known:
                connection.execute(
                    "insert into hold (run, target, made, fingerprint, reasons, preview) values (?, ?, ?, ?, ?, ?)",
                    (
                        run,
                        hold.target,
                        _iso(now),
                        hold.fingerprint,
                        json.dumps(hold.reasons),
                        json.dumps(hold.preview),
                    ),
                )
        return run

    def open_holds(self, run: int | None = None) -> list[KeptHold]:
        """Holds that were neither carried out nor overtaken, of one run or all, oldest first."""
        rows = self._connection.execute(
            "select coalesce(again, run), target, fingerprint, reasons, preview, made, approved, approved_by from hold"
            " where closed is null and (? is null or run = ? or again = ?) order by id",
            (run, run, run),
        )
        return [
            KeptHold(
                number,
                NewHold(target, fingerprint, json.loads(reasons), json.loads(preview)),
                _sure(made),
                _time(approved),
                by,
            )
            for number, target, fingerprint, reasons, preview, made, approved, by in rows
        ]

    def approve(self, run: int, who: str, now: datetime) -> int:
        """Approve the open holds of a run; returns how many there were."""
        with self._transaction() as connection:
            return int(
                connection.execute(
                    "update hold set approved = ?, approved_by = ? where closed is null and (run = ? or again = ?)",
                    (_iso(now), who, run, run),
                ).rowcount
            )

    def approval_for(self, target: str, fingerprint: str) -> int | None:
        """The approved hold of this very plan that was not used yet, or None."""
        row = self._connection.execute(
            "select id from hold where target = ? and fingerprint = ? and approved is not null and closed is null",
            (target, fingerprint),
        ).fetchone()
        return row and int(row[0])

    def settle_holds(self, target: str, serial: int | None, used: int | None, now: datetime) -> None:
        """Close every hold of a store: its plan was carried out, or overtaken; ``used`` let through ``serial``."""
        with self._transaction() as connection:
            connection.execute("update hold set serial = ? where id = ?", (serial, used))
            connection.execute("update hold set closed = ? where target = ? and closed is null", (_iso(now), target))

    def approved_serials(self, target: str, after: int, to: int) -> list[int]:
        """Serials of a store that an approval let through, of those above ``after`` up to ``to``."""
        rows = self._connection.execute(
            "select distinct serial from hold where target = ? and approved is not null and serial > ? and serial <= ?",
            (target, after, to),
        )
        return [row[0] for row in rows]

    # what each store shows

    def published(self, store: str) -> tuple[int, datetime] | None:
        """Serial that a store showed last, with the time of its publication there; None when never seen."""
        row = self._connection.execute("select serial, published from published where store = ?", (store,)).fetchone()
        return (row[0], _sure(row[1])) if row else None

    def record_published(
        self,
        store: str,
        archive: str,
        serial: int,
        now: datetime,
        *,
        left: Iterable[str],
        came: Iterable[str],
    ) -> None:
        """Record that a store shows ``serial``: ``left`` are paths that are superseded now, ``came`` are back or new.

        One transaction, safe to repeat: a path keeps the time at which it was superseded first.
        """
        with self._transaction() as connection:
            connection.executemany(
                "insert or ignore into superseded (store, path, since, serial) values (?, ?, ?, ?)",
                ((store, path, _iso(now), serial) for path in left),
            )
            connection.executemany(
                "delete from superseded where store = ? and path = ?", ((store, path) for path in came)
            )
            connection.execute(
                "insert or replace into published (store, serial, archive, published) values (?, ?, ?, ?)",
                (store, serial, archive, _iso(now)),
            )
            connection.execute("delete from copied where store = ?", (store,))

    def superseded(self, store: str) -> Iterator[Superseded]:
        """Paths of a store that are readable and in no manifest, oldest first."""
        rows = self._connection.execute(
            "select path, since, serial from superseded where store = ? order by since, path", (store,)
        )
        for path, since, serial in rows:
            yield Superseded(path, _sure(since), serial)

    def superseded_count(self, store: str) -> int:
        """How many superseded files a store still holds."""
        query = "select count(*) from superseded where store = ?"
        return int(self._connection.execute(query, (store,)).fetchone()[0])

    def forget_superseded(self, store: str, paths: Iterable[str]) -> None:
        """Drop entries whose bytes are deleted, or whose path came back."""
        with self._transaction() as connection:
            connection.executemany(
                "delete from superseded where store = ? and path = ?", [(store, path) for path in paths]
            )

    # the journal of replicate

    def journal_copied(self, store: str, done: Sequence[tuple[str, bytes]]) -> None:
        """Record (path, sha256) of files that a mirror holds now for a head that it does not show yet."""
        with self._transaction() as connection:
            connection.executemany(
                "insert or replace into copied (store, path, sha256) values (?, ?, ?)",
                [(store, path, sha256) for path, sha256 in done],
            )

    def is_copied(self, store: str, path: str, sha256: bytes) -> bool:
        """Whether a broken-off replicate has already brought these bytes to the mirror."""
        query = "select 1 from copied where store = ? and path = ? and sha256 = ?"
        return self._connection.execute(query, (store, path, sha256)).fetchone() is not None

    def copied_paths(self, store: str) -> Iterator[str]:
        """Paths that a broken-off replicate has brought to a mirror already."""
        yield from (row[0] for row in self._connection.execute("select path from copied where store = ?", (store,)))

    # rolling work

    def next_part(self, work: str) -> tuple[int, int] | None:
        """Number and count of the part that is next; None when the work was never done."""
        found = self._connection.execute('select number, "of" from part where work = ?', (work,)).fetchone()
        return (found[0], found[1]) if found else None

    def remember_part(self, work: str, number: int, of: int) -> None:
        """Record which part is next."""
        with self._transaction() as connection:
            connection.execute('insert or replace into part (work, number, "of") values (?, ?, ?)', (work, number, of))

    def queue_swept(self, rows: Sequence[tuple[str, str]], now: datetime) -> None:
        """Queue (path, why) for the next run's ingest."""
        with self._transaction() as connection:
            connection.executemany(
                "insert or ignore into swept (path, why, found) values (?, ?, ?)",
                [(path, why, _iso(now)) for path, why in rows],
            )

    def swept(self, most: int) -> list[str]:
        """The paths that were queued first."""
        rows = self._connection.execute("select path from swept order by found, path limit ?", (most,))
        return [row[0] for row in rows]

    def swept_count(self) -> int:
        """How many paths are queued."""
        return int(self._connection.execute("select count(*) from swept").fetchone()[0])

    def forget_swept(self, paths: Iterable[str]) -> None:
        """Drop paths from the queue."""
        with self._transaction() as connection:
            connection.executemany("delete from swept where path = ?", [(path,) for path in paths])

    # the vault

    def remember_vaulted(self, sha256: bytes, size: int, now: datetime) -> None:
        """Record that the vault holds these bytes, and that they were needed until now."""
        with self._transaction() as connection:
            connection.execute(
                "insert or replace into vaulted (sha256, size, since) values (?, ?, ?)", (sha256, size, _iso(now))
            )

    def vaulted_before(self, moment: datetime) -> list[bytes]:
        """Digests of bytes that were put into the vault before a moment and not again since."""
        rows = self._connection.execute("select sha256 from vaulted where since < ? order by since", (_iso(moment),))
        return [bytes(row[0]) for row in rows]

    def forget_vaulted(self, digests: Iterable[bytes]) -> None:
        """Drop entries of bytes that were deleted."""
        with self._transaction() as connection:
            connection.executemany("delete from vaulted where sha256 = ?", [(one,) for one in digests])

    # the stop after a revert

    def ingest_stop(self) -> tuple[str, datetime] | None:
        """Why runs do not ingest for now, and since when; None when they do."""
        found = self._connection.execute("select why, since from ingest_stop").fetchone()
        return (found[0], _sure(found[1])) if found else None

    def stop_ingest(self, why: str, now: datetime) -> None:
        """Keep runs from ingesting."""
        with self._transaction() as connection:
            connection.execute("insert or replace into ingest_stop (id, why, since) values (1, ?, ?)", (why, _iso(now)))

    def allow_ingest(self) -> None:
        """Let runs ingest again."""
        with self._transaction() as connection:
            connection.execute("delete from ingest_stop")

    # sealed paths that a mirror cannot hold just now

    def exceptions(self, store: str) -> list[MirrorException]:
        """The exceptions of a mirror, by path."""
        rows = self._connection.execute(
            "select path, reason, since from mirror_exception where store = ? order by path", (store,)
        )
        return [MirrorException(path, reason, _sure(since)) for path, reason, since in rows]

    def set_exceptions(self, store: str, exceptions: Iterable[MirrorException]) -> None:
        """Replace the exceptions of a mirror."""
        with self._transaction() as connection:
            connection.execute("delete from mirror_exception where store = ?", (store,))
            connection.executemany(
                "insert into mirror_exception (store, path, reason, since) values (?, ?, ?, ?)",
                [(store, one.path, one.reason, _iso(one.since)) for one in exceptions],
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._connection:
            yield self._connection


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


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _sure(text: str) -> datetime:
    return datetime.fromisoformat(text)
