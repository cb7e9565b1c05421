"""What is kept for a time: files that removal lists took out of the archive, and files that were refused."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync.state.section import Section
from sync.state.times import iso, moment_of


@dataclass(frozen=True, slots=True)
class Removal:
    """One file that a removal list takes out of the archive.

    Attributes:
        item: the list.
        path: where the file is published.
        kept: where the hub keeps its bytes, below ``etc/removed/``.
        named: the list names it; False for what a GDAC makes itself of a float that the list empties.
        size: bytes that are kept; None before they are.
        sha256: of them; None likewise, and where nothing was there to be kept.
        removed: when that was done (UTC); None before.
        deleted: when the kept bytes were deleted (UTC); None before.
    """

    item: int
    path: str
    kept: str
    named: bool
    size: int | None = None
    sha256: bytes | None = None
    removed: datetime | None = None
    deleted: datetime | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """A refused file that went back to its DAC.

    Attributes:
        item: its id.
        name: its bare name.
        is_known: a DAC submits such a name; else it may lie in the reject folder under another one.
        sha256: of its bytes.
        ended: when its submission was done with (UTC); None while that is under way.
    """

    item: int
    name: str
    is_known: bool
    sha256: bytes
    ended: datetime | None


_COLUMNS = "item, path, kept, named, size, sha256, removed, deleted"


class RemovedState(Section):
    """Files that their DACs removed, and those that went back to them."""

    def returned(self, dac: str) -> Iterator[Returned]:
        """Refused files of a DAC that went back with their bytes, oldest first."""
        query = (
            "select id, name, kind is not null, sha256, ended from item join submission on submission = number"
            " where dac = ? and verdict = 'refused' and step = 'filed' and sha256 is not null order by id"
        )
        for item, name, is_known, sha256, ended in self._connection.execute(query, (dac,)):
            yield Returned(item, name, bool(is_known), bytes(sha256), moment_of(ended))

    def plan_removals(self, item: int, removals: Iterable[Removal]) -> None:
        """Keep what a list will take out, in place of what was kept for that list."""
        with self._transaction() as connection:
            connection.execute("delete from removal where item = ?", (item,))
            connection.executemany(
                "insert into removal (item, path, kept, named) values (?, ?, ?, ?)",
                [(item, one.path, one.kept, one.named) for one in removals],
            )

    def removals(self, item: int, *, after: str = "", most: int = 1000) -> list[Removal]:
        """What a list takes out, by path, a page at a time: those with a path greater than ``after``."""
        query = f"select {_COLUMNS} from removal where item = ? and path > ? order by path limit ?"
        return [_removal(row) for row in self._connection.execute(query, (item, after, most))]

    def keep_removed(self, done: Sequence[Removal]) -> None:
        """The bytes of planned removals lie in their places; see `Removal` for what is told."""
        with self._transaction() as connection:
            connection.executemany(
                "update removal set size = ?, sha256 = ?, removed = ? where item = ? and path = ?",
                [(one.size, one.sha256, iso(one.removed), one.item, one.path) for one in done],
            )

    def removed_before(self, when: datetime) -> Iterator[Removal]:
        """Removals done before a time whose bytes are still kept, by place."""
        query = (
            f"select {_COLUMNS} from removal where removed <= ? and deleted is null and sha256 is not null"
            " order by kept, item"
        )
        for row in self._connection.execute(query, (iso(when),)).fetchall():
            yield _removal(row)

    def kept_removals(self) -> Iterator[str]:
        """Places below ``etc/removed/`` at which bytes are kept, or were about to be."""
        for (kept,) in self._connection.execute("select kept from removal where deleted is null"):
            yield kept

    def forget_removed(self, gone: Iterable[Removal], now: datetime) -> None:
        """The kept bytes of removals were deleted; that they were removed stays known."""
        with self._transaction() as connection:
            connection.executemany(
                "update removal set deleted = ? where item = ? and path = ?",
                [(iso(now), one.item, one.path) for one in gone],
            )


def _removal(row: Sequence[object]) -> Removal:
    item, path, kept, named, size, sha256, removed, deleted = row
    assert isinstance(item, int)
    return Removal(
        item,
        str(path),
        str(kept),
        bool(named),
        size if isinstance(size, int) else None,
        sha256 if isinstance(sha256, bytes) else None,
        moment_of(str(removed)) if removed else None,
        moment_of(str(deleted)) if deleted else None,
    )
