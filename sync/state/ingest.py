"""The hub's side of the state: index files, the journal of ingest, files set aside, and the stop after a revert."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from policies.quarantine import Trouble, next_try
from sync.state.boot import DURABLE
from sync.state.records import Ingested, KnownIndex, SetAside
from sync.state.section import Section
from sync.state.times import iso, moment_of, sure


class IngestState(Section):
    """Index files as last fetched, files not yet sealed, files that could not be had."""

    def known_index(self, key: str) -> KnownIndex | None:
        """An index file as last fetched, or None."""
        row = self._connection.execute(
            "select key, validator, size, sha256, md5, modified from source_index where key = ?", (key,)
        ).fetchone()
        if row is None:
            return None
        key_, validator, size, sha256, md5, modified = row
        return KnownIndex(key_, validator, size, sha256, md5, moment_of(modified))

    def remember_index(self, index: KnownIndex, now: datetime) -> None:
        """Keep what an index file is now."""
        with self._transaction() as connection:
            connection.execute(
                "insert or replace into source_index (key, validator, size, sha256, md5, modified, fetched)"
                " values (?, ?, ?, ?, ?, ?, ?)",
                (index.key, index.validator, index.size, index.sha256, index.md5, iso(index.modified), iso(now)),
            )

    def journal(self, done: Sequence[Ingested], boot: str = DURABLE) -> None:
        """Record files that are in the hub's store now, all in one transaction; forgets their set-aside entries.

        Args:
            done: the files.
            boot: the boot that they are sure to outlast no longer than; see `sync.journal`.
        """
        with self._transaction() as connection:
            connection.executemany(
                "insert or replace into pending (path, size, sha256, md5, modified, date_update, boot)"
                " values (?, ?, ?, ?, ?, ?, ?)",
                [
                    (one.path, one.size, one.sha256, one.md5, iso(one.modified), iso(one.date_update), boot)
                    for one in done
                ],
            )
            connection.executemany("delete from set_aside where path = ?", [(one.path,) for one in done])
            connection.executemany("delete from swept where path = ?", [(one.path,) for one in done])

    def pending(self) -> Iterator[tuple[str, int, str, str, str | None, str | None]]:
        """Files not yet sealed: path, size, sha256 hex, md5 hex, modified ISO, date_update ISO."""
        yield from self._connection.execute(
            "select path, size, lower(hex(sha256)), lower(hex(md5)), modified, date_update from pending"
        )

    def pending_digest(self, path: str) -> bytes | None:
        """SHA-256 of a file that is not yet sealed; None where the journal has no such file."""
        row = self._connection.execute("select sha256 from pending where path = ?", (path,)).fetchone()
        return None if row is None else bytes(row[0])

    def pending_count(self) -> int:
        """How many files wait for a seal."""
        return int(self._connection.execute("select count(*) from pending").fetchone()[0])

    def doubtful_count(self) -> int:
        """How many of them were written at another boot and not made durable since."""
        query = "select count(*) from pending where boot not in (?, ?)"
        return int(self._connection.execute(query, (DURABLE, self.boot or DURABLE)).fetchone()[0])

    def doubtful(self, most: int) -> list[tuple[str, int, bytes]]:
        """Path, size and sha256 of the first of those."""
        query = "select path, size, sha256 from pending where boot not in (?, ?) order by path limit ?"
        return self._connection.execute(query, (DURABLE, self.boot or DURABLE, most)).fetchall()

    def trust(self, paths: Iterable[str]) -> None:
        """Doubtful files were found whole: this boot has read them from the disk."""
        with self._transaction() as connection:
            connection.executemany("update pending set boot = ? where path = ?", [(DURABLE, path) for path in paths])

    def distrust(self, paths: Iterable[str], now: datetime) -> None:
        """Doubtful files were found torn, or not at all: the next ingest fetches them whatever the indexes say."""
        with self._transaction() as connection:
            for path in paths:
                connection.execute("delete from pending where path = ?", (path,))
                connection.execute(
                    "insert or ignore into swept (path, why, found) values (?, 'lost with the system', ?)",
                    (path, iso(now)),
                )

    def forget_pending(self, paths: Iterable[str] | None = None) -> None:
        """Drop journal entries: all of them after a seal, or those of ``paths``."""
        with self._transaction() as connection:
            if paths is None:
                connection.execute("delete from pending")
            else:
                connection.executemany("delete from pending where path = ?", [(path,) for path in paths])

    def set_aside(
        self,
        path: str,
        reason: str,
        date_update: datetime | None,
        now: datetime,
        trouble: Trouble = Trouble.BROKEN,
        sha256: bytes | None = None,
    ) -> None:
        """Record one more failed try for a file; one whose index row has changed starts to count anew.

        Args:
            path: archive path.
            reason: one sentence.
            date_update: what the index says, or None.
            now: the time (UTC).
            trouble: what kind of failure it was.
            sha256: of the bytes that came and were not taken; None where none did.
        """
        with self._transaction() as connection:
            tries = connection.execute(
                "insert into set_aside (path, reason, since, tries, date_update, trouble, sha256, sent)"
                " values (?1, ?2, ?3, 1, ?4, ?5, ?6, iif(?6 is null, null, ?3))"
                " on conflict (path) do update set reason = excluded.reason, trouble = excluded.trouble,"
                " tries = case when date_update is excluded.date_update then tries + 1 else 1 end,"
                " sent = case when sha256 is excluded.sha256 then sent else excluded.sent end,"
                " sha256 = excluded.sha256, date_update = excluded.date_update returning tries",
                (path, reason, iso(now), iso(date_update), trouble.value, sha256),
            ).fetchone()[0]
            connection.execute("update set_aside set next_try = ? where path = ?", (iso(next_try(tries, now)), path))

    def sent_since(self, path: str, sha256: bytes) -> datetime | None:
        """Since when the source has sent these very bytes, which were not taken; None where it did not do so last."""
        found = self._connection.execute("select sent from set_aside where path = ? and sha256 = ?", (path, sha256))
        row = found.fetchone()
        return sure(row[0]) if row else None

    def waiting_count(self) -> int:
        """How many files are set aside."""
        return int(self._connection.execute("select count(*) from set_aside").fetchone()[0])

    def due_count(self, now: datetime) -> int:
        """How many files set aside may be asked for again."""
        query = "select count(*) from set_aside where next_try is null or next_try <= ?"
        return int(self._connection.execute(query, (iso(now),)).fetchone()[0])

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
            SetAside(path, reason, sure(since), tries, moment_of(date_update), Trouble(trouble), sure(due))
            for path, reason, since, tries, date_update, trouble, due in rows
        ]

    def forget_set_aside(self, paths: Iterable[str]) -> None:
        """Drop entries of files that are no longer wanted."""
        with self._transaction() as connection:
            connection.executemany("delete from set_aside where path = ?", [(path,) for path in paths])

    def ingest_stop(self) -> tuple[str, datetime] | None:
        """Why runs do not ingest for now, and since when; None when they do."""
        found = self._connection.execute("select why, since from ingest_stop").fetchone()
        return (found[0], sure(found[1])) if found else None

    def stop_ingest(self, why: str, now: datetime) -> None:
        """Keep runs from ingesting."""
        with self._transaction() as connection:
            connection.execute("insert or replace into ingest_stop (id, why, since) values (1, ?, ?)", (why, iso(now)))

    def allow_ingest(self) -> None:
        """Let runs ingest again."""
        with self._transaction() as connection:
            connection.execute("delete from ingest_stop")
