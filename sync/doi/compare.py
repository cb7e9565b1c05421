"""How a DOI snapshot and the serials of an archive compare: in columns, from the newest manifest back through deltas.

How many files of the snapshot stand in a serial, byte for byte under the same path, is counted once for the newest
serial. Each delta then says by how much the serial before it differs: it is joined with the snapshot, not the archive.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from gdac.manifest.delta import count, fold
from gdac.manifest.doi import Relation
from gdac.manifest.head import Head
from gdac.paths import Kind
from sync.brakes.kinds import add_kinds
from sync.doi.table import Loaded


@dataclass(frozen=True, slots=True)
class Compared:
    """One serial beside the snapshot.

    Attributes:
        serial: of the archive.
        sealed: when it was sealed (UTC).
        rows: its files.
        matched: files of the snapshot that it holds, byte for byte, under the same path.
    """

    serial: int
    sealed: datetime
    rows: int
    matched: int

    def relation(self, loaded: Loaded) -> Relation | None:
        """What is proven of this serial; None when anything of the tar is not in it, or was not compared."""
        if loaded.torn or loaded.refused.count or not loaded.rows or self.matched != loaded.rows:
            return None
        return Relation.EQUAL if self.rows == loaded.rows else Relation.CONTAINED


@dataclass(frozen=True, slots=True)
class Lack:
    """Files of one kind that a snapshot has.

    Attributes:
        kind: what they are.
        files: how many the snapshot has.
        absent: of them, paths that the serial does not have.
        other: of them, paths where the serial has other bytes.
        example: the first path that is absent or other; empty where there is none.
    """

    kind: Kind
    files: int
    absent: int
    other: int
    example: str


def compare_newest(connection: duckdb.DuckDBPyConnection, snapshot: str, manifest: str, head: Head) -> Compared:
    """The newest serial beside the snapshot.

    Args:
        connection: holds both.
        snapshot: table of the snapshot, see `sync.doi.table`.
        manifest: view or table of the head's manifest.
        head: that head.
    """
    return Compared(
        head.serial,
        head.sealed,
        head.manifest.rows,
        _count(connection, f"{snapshot} s join {manifest} m on s.path = m.path and s.sha256 = m.sha256"),
    )


def compare_before(
    connection: duckdb.DuckDBPyConnection, snapshot: str, delta: str, after: Compared, sealed: datetime
) -> Compared:
    """The serial before a delta beside the snapshot.

    Args:
        connection: holds both tables.
        snapshot: table of the snapshot.
        delta: table of the delta that leads to ``after``.
        after: the serial that it leads to.
        sealed: when the serial before it was sealed (UTC).
    """
    came = _count(
        connection,
        f"{snapshot} s join {delta} d on s.path = d.path and s.sha256 = d.sha256 where d.change <> 'removed'",
    )
    went = _count(
        connection,
        f"{snapshot} s join {delta} d on s.path = coalesce(d.from_path, d.path) and s.sha256 = d.old_sha256"
        " where d.change <> 'added'",
    )
    counts = count(connection, delta)
    rows = after.rows - counts.added + counts.removed
    return Compared(after.serial - 1, sealed, rows, after.matched - came + went)


def lacks(
    connection: duckdb.DuckDBPyConnection, snapshot: str, manifest: str, deltas: Sequence[str]
) -> tuple[Lack, ...]:
    """What of the snapshot a serial lacks, by kind of file.

    Args:
        connection: holds the tables.
        snapshot: table of the snapshot.
        manifest: of the newest serial.
        deltas: tables of the deltas that lead from the serial to the newest one, in order; none for the newest.
    """
    state = f"select path, sha256 from {manifest}"
    if deltas:
        fold(connection, deltas, "doi_since")
        touched = "select path from doi_since union select from_path from doi_since where from_path is not null"
        state = (
            f"select path, sha256 from {manifest} where path not in ({touched}) union all"
            " select coalesce(from_path, path), old_sha256 from doi_since where change <> 'added'"
        )
    add_kinds(connection, snapshot, "doi_kinds")
    rows = connection.execute(
        "select kind, count(*), count(*) filter (here is null), count(*) filter (here <> sha256),"
        " coalesce(min(path) filter (here is distinct from sha256), '')"
        f" from (select s.path, s.sha256, k.kind, t.sha256 as here from {snapshot} s"
        f" join doi_kinds k on s.path = k.path left join ({state}) t on s.path = t.path) group by kind order by kind"
    ).fetchall()
    return tuple(Lack(Kind(kind), *rest) for kind, *rest in rows)


def nearest_first(compared: Sequence[Compared], day: date) -> list[Compared]:
    """By the days between the snapshot and the sealing, the earlier serial first."""
    return sorted(compared, key=lambda one: (abs((one.sealed.date() - day).days), one.serial))


def best(compared: Sequence[Compared], day: date) -> Compared:
    """The serial that holds most of the snapshot; of those the one nearest by date."""
    return min(nearest_first(compared, day), key=lambda one: -one.matched)


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    found = connection.execute(f"select count(*) from {query}").fetchone()
    assert found is not None
    return int(found[0])
