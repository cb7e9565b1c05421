"""The plan where a whole tree was seen: against the indexes and against what we hold. Tables as in `sync.hub.plan`.

``seen`` holds every file of the tree. What no index lists of the kinds that indexes list stays *unlisted*.
"""

from typing import Final

import duckdb

from gdac.manifest.twins import pair_twins
from gdac.paths import Kind
from sync.hub.marks import BELONGS
from sync.hub.plan import count

_LISTED: Final = ", ".join(f"'{kind.value}'" for kind in Kind if kind.is_listed)
_SECOND: Final = "date_trunc('second', {0}.modified)"
#: Equal times; to the second where one side knows no more.
_SAME_TIME: Final = (
    f"(s.modified = k.modified or ({_SECOND.format('s')} = {_SECOND.format('k')}"
    f" and ({_SECOND.format('s')} = s.modified or {_SECOND.format('k')} = k.modified)))"
)
#: ETags of the form of an MD5 are believed when at least half of them are the MD5 of what we hold.
_ETAGS_ARE_MD5: Final = (
    "select count(*) filter (s.etag = k.md5) * 2 >= count(*) from seen s join known k using (path)"
    " where s.etag is not null and s.size = k.size"
)


def compare_listing(connection: duckdb.DuckDBPyConnection) -> None:
    """Add to ``todo`` what a listing shows new or other than we hold it, to ``gone`` what it shows no more.

    Files that indexes list come and go by the indexes; a listing only adds those it shows replaced. Of the others, one
    of which neither time nor ETag is known is fetched. A float of which nothing is shown while indexes list its files
    is an accident of the listing and loses nothing.
    """
    _find_unlisted(connection)
    found = connection.execute(_ETAGS_ARE_MD5).fetchone()
    by_etag = "s.etag is not null" if found and found[0] else "false"
    connection.execute(
        "create or replace temp table judged as select s.path, s.kind, k.path is null as is_new, w.date_update,"
        " w.path is not null as is_wanted, k.date_update as held_date,"
        " case when k.path is null or s.size <> k.size then 'other'"
        f" when m.mark = s.mark and {BELONGS} then 'same'"
        f" when s.modified is not null then case when {_SAME_TIME} then 'same' else 'other' end"
        f" when s.etag = k.md5 then 'same' when {by_etag} or (m.mark <> s.mark and {BELONGS}) then 'other'"
        " else 'unknown' end as word"
        " from seen s left join known k on s.path = k.path left join wanted w on s.path = w.path"
        " left join marks m on s.path = m.path"
    )
    _take_judged(connection)
    connection.execute("drop table judged")
    connection.execute(
        "insert into gone select path from known where date_update is null and contains(path, '/')"
        " and path not in (select path from seen) and path not in (select path from wanted)"
        " and path not in (select path from gone) and not coalesce(regexp_extract(path, '^dac/[^/]+/[^/]+') in"
        " (select regexp_extract(path, '^dac/[^/]+/[^/]+') from wanted where regexp_extract(path, '^dac/[^/]+/[^/]+')"
        " not in (select folder from seen)), false)"
    )


def compare_tree(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Make ``todo`` what of a tree in place has to be read, and add to ``gone`` what is no longer in it.

    A file that an index lists and the tree lacks leaves the manifest, as the brake lets it; but an R file whose D twin
    stands there unlisted is a rename that the index does not know yet, and stays until it does.

    Returns:
        How many listed files are not in the tree, and how many of those stay for their twin.
    """
    _find_unlisted(connection)
    connection.execute("delete from todo where path not in (select path from seen)")
    connection.execute(
        "create or replace temp table judged as select s.path, s.kind, k.path is null as is_new, w.date_update,"
        " w.path is not null as is_wanted, k.date_update as held_date,"
        " case when k.path is null or s.size <> k.size or s.modified <> k.modified or k.modified is null"
        " then 'other' else 'same' end as word"
        " from seen s left join known k on s.path = k.path left join wanted w on s.path = w.path"
    )
    _take_judged(connection)
    connection.execute("drop table judged")
    connection.execute(
        "create or replace temp table vanished as select 'removed' as change, path from known"
        " where contains(path, '/') and path not in (select path from seen) and path not in (select path from gone)"
    )
    connection.execute("insert into vanished select 'added', path from unlisted")
    pair_twins(connection, "vanished", "renaming")
    connection.execute(
        "insert into gone select path from vanished where change = 'removed'"
        " and path not in (select from_path from renaming)"
    )
    kept = count(connection, "renaming")
    return count(connection, "(select path from wanted where path not in (select path from seen))"), kept


def _find_unlisted(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        f"create or replace table unlisted as select path from seen anti join wanted using (path)"
        f" where kind in ({_LISTED})"
    )


def _take_judged(connection: duckdb.DuckDBPyConnection) -> None:
    """Of the kinds that indexes list: what is held and certainly other. Of all others: what is not certainly held."""
    connection.execute(
        "insert into todo select path, case when is_wanted then date_update else held_date end,"
        " case when is_new then 'new' else 'changed' end from judged"
        f" where ((kind in ({_LISTED}) and not is_new and word = 'other')"
        f" or (kind not in ({_LISTED}) and (is_new or word <> 'same')))"
        " and path not in (select path from todo) and path not in (select path from gone)"
    )
