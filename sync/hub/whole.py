"""The plan where a whole tree was seen: against the indexes and against what we hold. Tables as in `sync.hub.plan`.

``seen`` holds every file of the tree. It is joined once with what we hold, and only what differs is kept and looked at
again: of 4 million files that is little on any day but the first, when nothing is held.
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
#: What a listing says of a file: ``same``, ``other``, or what is known only by one more look.
_LISTING_WORD: Final = (
    "case when s.path is null then 'vanished' when k.path is null then 'new' when s.size <> k.size then 'other'"
    f" when m.mark = s.mark and {BELONGS} then 'same'"
    f" when s.modified is not null then case when {_SAME_TIME} then 'same' else 'other' end"
    f" when s.etag = k.md5 then 'same' when m.mark <> s.mark and {BELONGS} then 'other'"
    " when s.etag is not null then 'other-etag' else 'unknown' end"
)
#: What a scan says; a tree in place tells times to the microsecond.
_TREE_WORD: Final = (
    "case when s.path is null then 'vanished' when k.path is null then 'new'"
    " when s.size <> k.size or s.modified is distinct from k.modified then 'other' else 'same' end"
)
_FLOAT: Final = "regexp_extract({0}path, '^dac/[^/]+/[^/]+')"


def compare_listing(connection: duckdb.DuckDBPyConnection) -> None:
    """Add to ``todo`` what a listing shows new or other than we hold it, to ``gone`` what it shows no more.

    Files that indexes list come and go by the indexes; a listing only adds those it shows replaced. Of the others, one
    of which neither time nor ETag is known is fetched. A float of which nothing is shown while indexes list its files
    is an accident of the listing and loses nothing.
    """
    _find_differing(
        connection, _LISTING_WORD, "left join marks m on s.path = m.path", ", s.etag is not null as has_etag"
    )
    _believe_etags(connection)
    _find_unlisted(connection)
    _take_differing(connection)
    connection.execute(
        "create or replace temp table leaving as select path, " + _FLOAT.format("") + " as folder from differing"
        " where word = 'vanished' and held_date is null and path not in (select path from wanted)"
        " and path not in (select path from gone)"
    )
    connection.execute(
        "create or replace temp table not_shown as select distinct folder from leaving"
        " where folder <> '' and folder not in (select folder from seen)"
    )
    if count(connection, "not_shown"):
        indexed = f"(select {_FLOAT.format('wanted.')} from wanted)"
        connection.execute(
            f"delete from leaving where folder in (select folder from not_shown) and folder in {indexed}"
        )
    connection.execute("insert into gone select path from leaving")


def compare_tree(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Make ``todo`` what of a tree in place has to be read, and add to ``gone`` what is no longer in it.

    A file that an index lists and the tree lacks leaves the manifest, as the brake lets it; but an R file whose D twin
    stands there unlisted is a rename that the index does not know yet, and stays until it does. Makes ``missing``: the
    listed files that are not in the tree.

    Returns:
        How many listed files are not in the tree, and how many of those stay for their twin.
    """
    _find_differing(connection, _TREE_WORD)
    connection.execute(
        "create or replace table missing as select path from todo anti join seen using (path)"
        " union select path from differing semi join wanted using (path) where word = 'vanished'"
    )
    connection.execute("delete from todo where path in (select path from missing)")
    _find_unlisted(connection)
    _take_differing(connection)
    connection.execute(
        "create or replace temp table vanished as select 'removed' as change, path from differing"
        " where word = 'vanished' and path not in (select path from gone)"
        " union all select 'added', path from unlisted"
    )
    pair_twins(connection, "vanished", "renaming")
    connection.execute(
        "insert into gone select path from vanished where change = 'removed'"
        " and path not in (select from_path from renaming)"
    )
    return count(connection, "missing"), count(connection, "renaming")


def _find_differing(connection: duckdb.DuckDBPyConnection, word: str, joins: str = "", columns: str = "") -> None:
    """Make ``differing`` (path, kind, held_date, word): what is not certainly held as it was seen."""
    connection.execute(
        "create or replace temp table differing as select * from (select coalesce(s.path, k.path) as path, s.kind,"
        f" k.date_update as held_date, {word} as word{columns} from seen s full join"
        f" (select * from known where contains(path, '/')) k on s.path = k.path {joins}) where word <> 'same'"
    )


def _believe_etags(connection: duckdb.DuckDBPyConnection) -> None:
    """ETags of the form of an MD5 are believed when at least half of them are the MD5 of what we hold."""
    others = count(connection, "differing where word = 'other-etag'")
    fits = count(connection, "seen where etag is not null") - count(connection, "differing where has_etag")
    word = "other" if fits >= others else "unknown"
    connection.execute(f"update differing set word = '{word}' where word = 'other-etag'")


def _find_unlisted(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "create or replace table unlisted as select path from differing anti join wanted using (path)"
        f" where word = 'new' and kind in ({_LISTED})"
        f" union select path from seen semi join gone using (path) where kind in ({_LISTED})"
    )


def _take_differing(connection: duckdb.DuckDBPyConnection) -> None:
    """Of the kinds that indexes list: what is held and certainly other. Of all others: what is not certainly held."""
    connection.execute(
        "insert into todo select d.path, case when w.path is null then d.held_date else w.date_update end,"
        " case when d.word = 'new' then 'new' else 'changed' end"
        " from (select path, kind, held_date, word from differing where"
        f" ((kind in ({_LISTED}) and word = 'other')"
        f" or (kind not in ({_LISTED}) and word in ('new', 'other', 'unknown')))"
        " and path not in (select path from todo) and path not in (select path from gone)) d"
        " left join wanted w on d.path = w.path"
    )
