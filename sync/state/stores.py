"""What each store shows: its serial, its superseded files, and a mirror's journal and exceptions."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from policies.retention import Superseded
from sync.state.boot import DURABLE
from sync.state.records import MirrorException
from sync.state.section import Section
from sync.state.times import iso, sure


class StoresState(Section):
    """Serials, grace, journals and exceptions, per store."""

    def published(self, store: str) -> tuple[int, datetime] | None:
        """Serial that a store showed last, with the time of its publication there; None when never seen."""
        row = self._connection.execute("select serial, published from published where store = ?", (store,)).fetchone()
        return (row[0], sure(row[1])) if row else None

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
                ((store, path, iso(now), serial) for path in left),
            )
            connection.executemany(
                "delete from superseded where store = ? and path = ?", ((store, path) for path in came)
            )
            connection.execute(
                "insert or replace into published (store, serial, archive, published) values (?, ?, ?, ?)",
                (store, serial, archive, iso(now)),
            )
            connection.execute("delete from copied where store = ?", (store,))

    def described(self, store: str) -> tuple[int, str] | None:
        """Serial and fingerprint that a store's descriptions were made from last; None when they never were."""
        row = self._connection.execute("select serial, fingerprint from described where store = ?", (store,)).fetchone()
        return (int(row[0]), str(row[1])) if row else None

    def remember_described(self, store: str, serial: int, fingerprint: str) -> None:
        """Keep what a store's descriptions were made from."""
        query = "insert or replace into described (store, serial, fingerprint) values (?, ?, ?)"
        with self._transaction() as connection:
            connection.execute(query, (store, serial, fingerprint))

    def forget_described(self, store: str) -> None:
        """A store shows nothing: whatever was described there is gone."""
        with self._transaction() as connection:
            connection.execute("delete from described where store = ?", (store,))

    def superseded(self, store: str) -> Iterator[Superseded]:
        """Paths of a store that are readable and in no manifest, oldest first."""
        rows = self._connection.execute(
            "select path, since, serial from superseded where store = ? order by since, path", (store,)
        )
        for path, since, serial in rows:
            yield Superseded(path, sure(since), serial)

    def add_superseded(self, store: str, paths: Iterable[str], serial: int, now: datetime) -> None:
        """Record paths that lie in a store and in no manifest, beside those that `record_published` told."""
        with self._transaction() as connection:
            connection.executemany(
                "insert or ignore into superseded (store, path, since, serial) values (?, ?, ?, ?)",
                ((store, path, iso(now), serial) for path in paths),
            )

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

    def journal_copied(self, store: str, done: Sequence[tuple[str, bytes]], boot: str = DURABLE) -> None:
        """Record (path, sha256) of files that a mirror holds now for a head that it does not show yet.

        Args:
            store: the mirror.
            done: the files.
            boot: the boot that they are sure to outlast no longer than; see `sync.journal`.
        """
        with self._transaction() as connection:
            connection.executemany(
                "insert or replace into copied (store, path, sha256, boot) values (?, ?, ?, ?)",
                [(store, path, sha256, boot) for path, sha256 in done],
            )

    def is_copied(self, store: str, path: str, sha256: bytes) -> bool | None:
        """Whether a broken-off replicate has already brought these bytes to the mirror.

        None: it has, but at another boot, and they were not made durable: they must be looked at.
        """
        query = "select boot from copied where store = ? and path = ? and sha256 = ?"
        found = self._connection.execute(query, (store, path, sha256)).fetchone()
        if found is None:
            return False
        return True if found[0] in {DURABLE, self.boot} else None

    def copied(self, store: str) -> Iterator[tuple[str, bytes]]:
        """Path and sha256 of what a broken-off replicate has brought to a mirror."""
        yield from self._connection.execute("select path, sha256 from copied where store = ?", (store,))

    def forget_copied(self, store: str, paths: Iterable[str] | None = None) -> None:
        """Drop journal entries of a mirror: all of them, or those of ``paths``."""
        with self._transaction() as connection:
            if paths is None:
                connection.execute("delete from copied where store = ?", (store,))
            else:
                connection.executemany(
                    "delete from copied where store = ? and path = ?", [(store, path) for path in paths]
                )

    def copied_paths(self, store: str) -> Iterator[str]:
        """Paths that a broken-off replicate has brought to a mirror already."""
        yield from (row[0] for row in self._connection.execute("select path from copied where store = ?", (store,)))

    def exceptions(self, store: str) -> list[MirrorException]:
        """The exceptions of a mirror, by path."""
        rows = self._connection.execute(
            "select path, reason, since from mirror_exception where store = ? order by path", (store,)
        )
        return [MirrorException(path, reason, sure(since)) for path, reason, since in rows]

    def set_exceptions(self, store: str, exceptions: Iterable[MirrorException]) -> None:
        """Replace the exceptions of a mirror."""
        with self._transaction() as connection:
            connection.execute("delete from mirror_exception where store = ?", (store,))
            connection.executemany(
                "insert into mirror_exception (store, path, reason, since) values (?, ?, ?, ?)",
                [(store, one.path, one.reason, iso(one.since)) for one in exceptions],
            )
