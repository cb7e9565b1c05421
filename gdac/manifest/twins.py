"""R and D twins in SQL: the same pairs as `ArchivePath.twin`, at column speed.

The grammar of the two name families that have twins is repeated here as RE2 patterns for ASCII paths; a property test
holds them to `gdac.paths`. Paths with other characters are few and take the road through `ArchivePath`.
"""

from typing import Final

import duckdb

from gdac.paths import ArchivePath, PathError

_FLOAT: Final = r"dac/[a-z][a-z0-9_-]{1,31}/(\d{7}|\d{5})/"
#: Groups: 1 what stands before the mode letter, 2 and 4 the WMO number twice, 3 the mode, 5 what follows the letter.
_PROFILE: Final = rf"({_FLOAT}profiles/[BSM]?)([RD])((\d{{7}}|\d{{5}})_(?:\d{{3}}|[1-9]\d{{3}})D?\.nc)"
_TRAJECTORY: Final = rf"({_FLOAT}(\d{{7}}|\d{{5}})_B?)([RD])(traj\.nc)"


def twin_sql(path: str) -> str:
    """A SQL expression: the twin of an ASCII path in the column ``path``, or null where it has none."""
    return f"""CASE
        WHEN regexp_full_match({path}, '{_PROFILE}')
         AND regexp_extract({path}, '{_PROFILE}', 2) = regexp_extract({path}, '{_PROFILE}', 5)
        THEN concat(regexp_extract({path}, '{_PROFILE}', 1), {_flipped(path, _PROFILE, 3)},
                    regexp_extract({path}, '{_PROFILE}', 4))
        WHEN regexp_full_match({path}, '{_TRAJECTORY}')
         AND regexp_extract({path}, '{_TRAJECTORY}', 2) = regexp_extract({path}, '{_TRAJECTORY}', 3)
        THEN concat(regexp_extract({path}, '{_TRAJECTORY}', 1), {_flipped(path, _TRAJECTORY, 4)},
                    regexp_extract({path}, '{_TRAJECTORY}', 5))
        END"""


def _flipped(path: str, pattern: str, group: int) -> str:
    return f"CASE regexp_extract({path}, '{pattern}', {group}) WHEN 'R' THEN 'D' ELSE 'R' END"


def pair_twins(con: duckdb.DuckDBPyConnection, changes: str, out: str) -> None:
    """Make a temporary table (path, from_path) of the renames among added and removed paths.

    Args:
        con: an open connection.
        changes: a table with columns ``change`` and ``path``; only ``added`` and ``removed`` are looked at.
        out: name of the table to make.
    """
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {out} AS
        SELECT a.path AS path, r.path AS from_path
        FROM (SELECT path, {twin_sql("path")} AS twin FROM {changes} WHERE change = 'removed') r
        JOIN (SELECT path FROM {changes} WHERE change = 'added') a ON a.path = r.twin"""
    )
    odd = con.execute(
        f"SELECT path FROM {changes} WHERE change = 'removed' AND strlen(path) <> length(path) ORDER BY path"
    )
    pairs = []
    while batch := odd.fetchmany(10_000):
        pairs += [(twin, path) for (path,) in batch if (twin := _slow_twin(path)) is not None]
    for twin, path in pairs:
        con.execute(
            f"INSERT INTO {out} SELECT path, $2 FROM {changes} WHERE change = 'added' AND path = $1", [twin, path]
        )


def _slow_twin(path: str) -> str | None:
    try:
        twin = ArchivePath.parse(path).twin
    except PathError:
        return None
    return twin.text if twin is not None else None
