"""What has to move: indexes and listings against the last manifest, decided in columns, without a network.

Tables, all in one DuckDB connection:

- ``base``: the last sealed manifest (a view), or an empty table of its shape.
- ``pending``: files fetched since, not yet sealed (the journal).
- ``known``: what the hub holds now: ``base`` overlaid with ``pending``.
- ``doubtful``: paths that a broken-off run may have written without entering them into the journal.
- ``wanted``: what the indexes list (path, date_update).
- ``seen``: what listings of the changed floats showed (path, size, modified, kind).
- ``todo``: files to fetch (path, date_update, why); ``gone``: paths that leave the manifest.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb

from gdac.columns import stream
from gdac.manifest.model import MANIFEST_COLUMNS
from gdac.paths import MANIFEST_DIR, ArchivePath, Kind
from policies.distribution import judge_text
from policies.publishing import forbidden_paths
from sync.brakes.kinds import add_kinds
from sync.spool import Spool
from sync.state import KnownIndex, SetAside, State

#: Columns of a manifest row as the hub's tables have them.
ROW: Final = {name: kind for name, kind in MANIFEST_COLUMNS.items() if name != "serial"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file to fetch.

    Attributes:
        path: archive path.
        date_update: what the index says (UTC, without zone); None for files that no index lists.
    """

    path: str
    date_update: datetime | None


def load_pending(connection: duckdb.DuckDBPyConnection, state: State, workdir: Path) -> None:
    """Make the table ``pending`` out of the journal."""
    columns = {**ROW, "sha256": "HEX", "md5": "HEX"}
    with Spool(workdir / "pending.tsv") as spool:
        spool.extend(_without_zone(row) for row in state.pending())
        spool.load(connection, "pending", columns)


def _without_zone(row: tuple[str, int, str, str, str | None, str | None]) -> tuple[object, ...]:
    path, size, sha256, md5, modified, date_update = row
    return (path, size, sha256, md5, modified and modified[:26], date_update and date_update[:26])


def overlay(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the view ``known``: what the hub's store holds now. Nothing is doubtful until `find_doubtful` says so."""
    chosen = ", ".join(ROW)
    connection.execute("create temp table if not exists doubtful (path varchar)")
    connection.execute(
        f"create or replace view known as select {chosen} from base anti join pending using (path)"
        f" union all select {chosen} from pending"
    )


def find_doubtful(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``doubtful`` out of ``under_way`` (`sync.sealed.underway`): what the journal does not vouch for."""
    connection.execute(
        "create or replace temp table doubtful as select path from under_way anti join pending using (path)"
        f" where not starts_with(path, '{MANIFEST_DIR}/')"
    )


def fetch_doubtful(connection: duckdb.DuckDBPyConnection) -> None:
    """Add to ``todo`` what is doubtful and stays in the archive, whatever indexes and listings say of it."""
    connection.execute(
        "insert into todo (path, date_update, why) select d.path, w.date_update,"
        " case when k.path is null then 'new' else 'changed' end"
        " from doubtful d left join wanted w on d.path = w.path left join known k on d.path = k.path"
        " where contains(d.path, '/') and (w.path is not null or (k.path is not null and k.date_update is null))"
        " and d.path not in (select path from todo) and d.path not in (select path from gone)"
    )


def unsure_indexes(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Index files of which a broken-off run may have put other bytes into the hub."""
    rows = connection.execute("select path from under_way where not contains(path, '/')").fetchall()
    return {row[0] for row in rows}


def pending_lost(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Paths of the journal that are not in ``held_here`` (path, size), a listing of the hub."""
    query = "select path from pending anti join held_here using (path, size)"
    return [row[0] for row in connection.execute(query).fetchall()]


def pending_again(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Paths of the journal that are to be fetched again."""
    return [row[0] for row in connection.execute("select path from pending semi join todo using (path)").fetchall()]


def compare_listed(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``todo`` and ``gone`` from ``wanted`` and ``known``: one hash join, no assumption about order."""
    connection.execute(
        "create or replace temp table joined as"
        " select coalesce(wanted.path, known.path) as path, wanted.date_update,"
        " known.path is null as is_new, wanted.path is null as is_gone"
        " from wanted full join known on wanted.path = known.path"
        " where (wanted.path is null and known.date_update is not null)"
        " or (wanted.path is not null and wanted.date_update is distinct from known.date_update)"
    )
    connection.execute(
        "create or replace table todo as select path, date_update,"
        " case when is_new then 'new' else 'changed' end as why from joined where not is_gone"
    )
    connection.execute("create or replace table gone as select path from joined where is_gone")
    connection.execute("drop table joined")


def keep_uncovered(connection: duckdb.DuckDBPyConnection, covered: Set[Kind]) -> int:
    """Take out of ``gone`` what no index of this visit could have listed; returns how many paths stay for it.

    A missing index deletes nothing until the operator retires it.
    """
    add_kinds(connection, "gone", "gone_kinds")
    before = count(connection, "gone")
    connection.execute(
        "delete from gone where path in (select path from gone_kinds where kind not in (select unnest(?::varchar[])))",
        [[kind.value for kind in covered]],
    )
    connection.execute("drop table gone_kinds")
    return before - count(connection, "gone")


def refuse_private(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Take out of ``todo`` what must not be public; returns what and why, one sentence each."""
    refused = private_paths(connection, "todo")
    connection.execute("delete from todo where path in (select unnest(?::varchar[]))", [list(refused)])
    return [f"{path!a}: {why}" for path, why in refused.items()]


def private_paths(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Paths of a table that must not be public, with the policy and the reason."""
    return {path: str(refusal) for path, refusal in forbidden_paths(connection, table).items()}


def private_names(paths: Iterable[str]) -> dict[str, str]:
    """Those of a few paths that must not be public, with the policy and the reason."""
    return {path: str(refusal) for path in paths if (refusal := judge_text(path))}


def leave_waiting(connection: duckdb.DuckDBPyConnection, aside: Iterable[SetAside], now: datetime) -> list[str]:
    """Take out of ``todo`` what was set aside and is not due yet; returns those paths.

    A file whose index row has changed since is due at once.
    """
    waiting = [one for one in aside if one.next_try > now]
    connection.execute(
        "create or replace temp table waiting as"
        " select unnest(?::varchar[]) as path, unnest(?::timestamp[]) as date_update",
        [[one.path for one in waiting], [one.date_update and one.date_update.replace(tzinfo=None) for one in waiting]],
    )
    found = connection.execute(
        "select todo.path from todo join waiting on todo.path = waiting.path"
        " and todo.date_update is not distinct from waiting.date_update"
    ).fetchall()
    left = [row[0] for row in found]
    connection.execute("delete from todo where path in (select unnest(?::varchar[]))", [left])
    return left


def known_bytes(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """How many files of ``todo`` have a size that a listing told, and their bytes."""
    found = connection.execute(
        "select count(*), coalesce(sum(size), 0)::bigint from todo join seen using (path) where size is not null"
    ).fetchone()
    assert found is not None
    return int(found[0]), int(found[1])


def changed_floats(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Directories (``dac/<dac>/<wmo>``) of floats of which a listed file comes, changes or goes, in order.

    Files of the journal count too, and doubtful ones: their run broke off and may not have looked at their float.
    """
    rows = connection.execute(
        r"select distinct regexp_extract(path, '^dac/[^/]+/[^/]+') as folder"
        " from (select path from todo union all select path from gone union all select path from pending"
        " union all select path from doubtful)"
        r" where path like 'dac/%/%/%' order by folder"
    ).fetchall()
    return [row[0] for row in rows]


def add_seen(connection: duckdb.DuckDBPyConnection, spool: Spool) -> None:
    """Make the table ``seen`` out of what listings showed."""
    spool.load(
        connection,
        "seen",
        {"path": "VARCHAR", "size": "BIGINT", "modified": "TIMESTAMP", "kind": "VARCHAR", "folder": "VARCHAR"},
    )


def compare_seen(connection: duckdb.DuckDBPyConnection) -> None:
    """Add to ``todo`` what no index lists and listings show newer than we hold it; make ``unlisted``.

    Derived files and files outside the grammar are fetched when size or time differ from what we hold (to the second:
    listings know no more), or when the listing tells neither.
    """
    listed = ", ".join(f"'{kind.value}'" for kind in Kind if kind.is_listed)
    connection.execute(
        f"create or replace table unlisted as select seen.path from seen anti join wanted using (path)"
        f" where seen.kind in ({listed})"
    )
    connection.execute(
        f"insert into todo select seen.path, null, case when known.path is null then 'new' else 'changed' end"
        f" from seen left join known on seen.path = known.path where seen.kind not in ({listed})"
        " and (known.path is null or seen.size is distinct from known.size"
        " or date_trunc('second', seen.modified) is distinct from date_trunc('second', known.modified)"
        " or seen.modified is null)"
    )


def derived_gone(connection: duckdb.DuckDBPyConnection, folders: Sequence[str], *, listed: bool) -> None:
    """Add to ``gone`` what no index lists, is held of the visited floats and was not seen there.

    A listing that shows nothing of a float whose files are indexed is an accident and takes nothing away. Without
    listings (``listed`` False) only ``_prof`` and ``_Sprof`` were asked for, so only those can have gone.
    """
    asked_for = "" if listed else r" and regexp_matches(known.path, '_S?prof\.nc$')"
    folder = "regexp_extract({}.path, '^dac/[^/]+/[^/]+')"
    connection.execute("create or replace temp table folders as select unnest(?::varchar[]) as folder", [list(folders)])
    connection.execute(
        "insert into gone select known.path from known join folders"
        f" on {folder.format('known')} = folders.folder"
        f" where known.date_update is null and known.path not in (select path from seen){asked_for}"
        " and known.path not in (select path from wanted) and known.path not in (select path from gone)"
        " and (folders.folder in (select folder from seen)"
        f" or folders.folder not in (select distinct {folder.format('wanted')} from wanted))"
    )


def keep_twins(connection: duckdb.DuckDBPyConnection, failed: Iterable[str]) -> int:
    """Take out of ``gone`` the R/D twins of files that could not be had: a profile must not vanish between its modes.

    Returns how many paths stay for it.
    """
    twins = [twin.text for path in failed if (twin := ArchivePath.parse(path).twin)]
    before = count(connection, "gone")
    connection.execute("delete from gone where path in (select unnest(?::varchar[]))", [twins])
    return before - count(connection, "gone")


def new_state(
    connection: duckdb.DuckDBPyConnection, indexes: Sequence[KnownIndex], kept: Collection[str], workdir: Path
) -> None:
    """Make the manifest-shaped view ``new_state``: ``known`` without ``gone``, with the index files as they are now.

    Args:
        connection: holds ``base``, ``pending`` and ``gone``.
        indexes: the source's index files.
        kept: keys of index files that stay as they are, because the source lacks them just now.
        workdir: for a temporary file.
    """
    with Spool(workdir / "indexes.tsv") as spool:
        for one in indexes:
            modified = one.modified.replace(tzinfo=None) if one.modified else None
            spool.add(one.key, one.size, one.sha256.hex(), one.md5.hex(), modified, None)
        spool.load(connection, "index_rows", {**ROW, "sha256": "HEX", "md5": "HEX"})
    connection.execute("create or replace table kept_indexes as select unnest(?::varchar[]) as path", [list(kept)])
    chosen = ", ".join(ROW)
    connection.execute(
        f"create or replace view new_state as select {chosen} from known anti join gone using (path)"
        " where contains(path, '/') or path in (select path from kept_indexes)"
        f" union all select {chosen} from index_rows"
    )


def no_longer_wanted(connection: duckdb.DuckDBPyConnection, paths: Sequence[str]) -> list[str]:
    """Those of ``paths`` that are not in ``todo``."""
    found = connection.execute(
        "select path from (select unnest(?::varchar[]) as path) anti join todo using (path)", [list(paths)]
    )
    return [row[0] for row in found.fetchall()]


def first_paths(connection: duckdb.DuckDBPyConnection, table: str, most: int) -> list[str]:
    """The first paths of a table."""
    return [row[0] for row in connection.execute(f"select path from {table} order by path limit {most}").fetchall()]


def take_todo(connection: duckdb.DuckDBPyConnection) -> Iterator[Wanted]:
    """The files to fetch, by path, a batch in memory at a time."""
    for path, date_update in stream(connection, "select path, date_update from todo order by path"):
        yield Wanted(path, date_update)


def count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Rows of a table."""
    found = connection.execute(f"select count(*) from {table}").fetchone()
    assert found is not None
    return int(found[0])
