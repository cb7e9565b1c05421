"""The kind of a path in SQL: the usual names of a float's files by pattern, all others by the parser itself."""

from collections import Counter
from typing import Final

import duckdb

from gdac.columns import stream
from gdac.paths import ArchivePath, Kind

_FLOAT: Final = r"dac/[a-z][a-z0-9_-]{1,31}/([0-9]{7}|[0-9]{5})/"
_PROFILE: Final = _FLOAT + r"profiles/([BSM]?)[RD]([0-9]{7}|[0-9]{5})_(?:[0-9]{3}|[1-9][0-9]{3})D?\.nc"
_FILE: Final = _FLOAT + r"([0-9]{7}|[0-9]{5})_(meta|tech|prof|Sprof|Mprof|B?[RD]traj)\.nc"
_KINDS: Final = {
    "profiles/": Kind.PROFILE,
    "profiles/B": Kind.BIO_PROFILE,
    "profiles/S": Kind.SYNTHETIC_PROFILE,
    "profiles/M": Kind.MERGED_PROFILE,
    "meta": Kind.META,
    "tech": Kind.TECH,
    "prof": Kind.MULTI_PROFILE,
    "Sprof": Kind.SYNTHETIC_MULTI_PROFILE,
    "Mprof": Kind.MERGED_MULTI_PROFILE,
    "Rtraj": Kind.TRAJECTORY,
    "Dtraj": Kind.TRAJECTORY,
    "BRtraj": Kind.BIO_TRAJECTORY,
    "BDtraj": Kind.BIO_TRAJECTORY,
}
#: What decides the kind of a usual path, or null.
_WORD: Final = (
    f"case when regexp_full_match(path, '{_PROFILE}')"
    f" and regexp_extract(path, '{_PROFILE}', 1) = regexp_extract(path, '{_PROFILE}', 3)"
    f" then 'profiles/' || regexp_extract(path, '{_PROFILE}', 2)"
    f" when regexp_full_match(path, '{_FILE}')"
    f" and regexp_extract(path, '{_FILE}', 1) = regexp_extract(path, '{_FILE}', 2)"
    f" then regexp_extract(path, '{_FILE}', 3) end"
)


def add_kinds(connection: duckdb.DuckDBPyConnection, paths: str, out: str) -> None:
    """Make the temporary table ``out`` (path, kind) from a table with paths."""
    cases = " ".join(f"when '{word}' then '{kind}'" for word, kind in _KINDS.items())
    connection.execute(
        f"create or replace temp table {out} as select path, case word {cases} end as kind"
        f" from (select path, {_WORD} as word from {paths})"
    )
    odd = [
        (ArchivePath.parse(path).kind.value, path)
        for (path,) in stream(connection, f"select path from {out} where kind is null")
    ]
    if odd:
        connection.execute(
            f"update {out} set kind = odd.kind from"
            " (select unnest(?::varchar[]) as kind, unnest(?::varchar[]) as path) as odd where odd.path = "
            f"{out}.path",
            [[kind for kind, _ in odd], [path for _, path in odd]],
        )


def count_by_kind(connection: duckdb.DuckDBPyConnection, paths: str) -> Counter[Kind]:
    """How many paths of each kind a table has."""
    add_kinds(connection, paths, "kinds_counted")
    rows = connection.execute("select kind, count(*) from kinds_counted group by 1").fetchall()
    return Counter({Kind(kind): number for kind, number in rows})
