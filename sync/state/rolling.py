"""Rolling work: which part is next, what a sweep found, what the vault holds."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sync.state.section import Section
from sync.state.times import iso


class RollingState(Section):
    """Parts, swept files and vaulted bytes."""

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
                [(path, why, iso(now)) for path, why in rows],
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

    def remember_vaulted(self, sha256: bytes, size: int, now: datetime) -> None:
        """Record that the vault holds these bytes, and that they were needed until now."""
        with self._transaction() as connection:
            connection.execute(
                "insert or replace into vaulted (sha256, size, since) values (?, ?, ?)", (sha256, size, iso(now))
            )

    def has_vaulted(self) -> bool:
        """Whether the vault holds anything."""
        return self._connection.execute("select 1 from vaulted limit 1").fetchone() is not None

    def keep_vaulted(self, digests: Iterable[bytes], now: datetime) -> None:
        """Bytes were needed until now; those that the vault does not hold are passed over."""
        with self._transaction() as connection:
            connection.executemany(
                "update vaulted set since = ? where sha256 = ?", ((iso(now), one) for one in digests)
            )

    def vaulted_before(self, moment: datetime) -> list[bytes]:
        """Digests of bytes that were put into the vault before a moment and not again since."""
        rows = self._connection.execute("select sha256 from vaulted where since < ? order by since", (iso(moment),))
        return [bytes(row[0]) for row in rows]

    def forget_vaulted(self, digests: Iterable[bytes]) -> None:
        """Drop entries of bytes that were deleted."""
        with self._transaction() as connection:
            connection.executemany("delete from vaulted where sha256 = ?", [(one,) for one in digests])
