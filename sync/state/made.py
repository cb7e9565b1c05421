"""What the hub's own products were made of: so that one is made again when its members change, and only then."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sync.state.section import Section


@dataclass(frozen=True, slots=True)
class Made:
    """A product as it was made last.

    Attributes:
        path: archive path: a merged file, or an index file.
        members: digest of the paths and bytes that it was made of; empty for an index file.
        sha256: of the product.
    """

    path: str
    members: bytes
    sha256: bytes


class MadeState(Section):
    """Products of a hub that collects; whatever is unknown here is made again when it is touched."""

    def made(self) -> Iterator[tuple[str, str | None, str | None]]:
        """All of them: path, digest of the members and of the product in hex; both None for one that waits."""
        yield from self._connection.execute(
            "select path, iif(members is null, null, lower(hex(members))),"
            " iif(sha256 is null, null, lower(hex(sha256))) from made"
        )

    def made_digest(self, path: str) -> bytes | None:
        """SHA-256 of a product as it was made last; None where that is not known, or where it waits."""
        row = self._connection.execute("select sha256 from made where path = ?", (path,)).fetchone()
        return None if row is None or row[0] is None else bytes(row[0])

    def remember_made(self, made: Sequence[Made]) -> None:
        """Keep what products were made of."""
        with self._transaction() as connection:
            connection.executemany(
                "insert or replace into made (path, members, sha256) values (?, ?, ?)",
                [(one.path, one.members, one.sha256) for one in made],
            )

    def leave_stale(self, paths: Iterable[str]) -> None:
        """These products wait to be made by a later run, whether or not they are touched again."""
        with self._transaction() as connection:
            connection.executemany(
                "insert or replace into made (path, members, sha256) values (?, null, null)", ((one,) for one in paths)
            )

    def stale_count(self) -> int:
        """How many wait."""
        return int(self._connection.execute("select count(*) from made where members is null").fetchone()[0])

    def forget_made(self, paths: Iterable[str]) -> None:
        """These products are no more."""
        with self._transaction() as connection:
            connection.executemany("delete from made where path = ?", ((one,) for one in paths))
