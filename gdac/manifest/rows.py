"""Row rules of manifests and deltas: order, uniqueness, nulls, digests, and the path grammar at column speed."""

from typing import Final

import duckdb

from gdac.manifest.model import VALUES, DeltaCounts, ManifestError
from gdac.manifest.twins import twin_sql
from gdac.paths import ArchivePath, PathError

_BATCH: Final = 10_000
#: Which values a delta row must have (True) and must not have (False): (path in the base, path in the new state).
_SHAPES: Final = {"added": (False, True), "changed": (True, True), "removed": (True, False), "renamed": (True, True)}


def plain_path_sql(path: str) -> str:
    """A SQL condition that is true only for paths which `ArchivePath.parse` accepts; false says nothing."""
    # The text of a blob spells every byte but printable ASCII (without backslash and quotes) in four letters: where it
    # is as long as the path there are no such bytes. Names that begin with . or / come before 0.
    return (
        f"strlen({path}) <= 255 AND strlen(encode({path})::VARCHAR) = strlen({path}) AND {path} >= '0' "
        f"AND NOT contains({path}, ' ') AND NOT contains({path}, '//') AND NOT contains({path}, '/.') "
        f"AND NOT suffix({path}, '/') AND {path} NOT BETWEEN 'manifest' AND 'manifesu'"
    )


def check_paths(con: duckdb.DuckDBPyConnection, table: str, where: str, column: str = "path") -> None:
    """Refuse a table that holds a path the grammar refuses.

    Args:
        con: an open connection.
        table: what to look at.
        where: names the file in messages.
        column: the column of paths; nulls are passed over.

    Raises:
        ManifestError: quotes the first such path met.
    """
    odd = con.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL AND NOT ({plain_path_sql(column)})")
    while batch := odd.fetchmany(_BATCH):
        for (path,) in batch:
            try:
                ArchivePath.parse(path)
            except PathError as error:
                raise ManifestError(f"{where} holds a path that no archive may hold: {error}") from error


def check_order(con: duckdb.DuckDBPyConnection, table: str, where: str) -> None:
    """Refuse rows that are not in strict byte order of their paths.

    Raises:
        ManifestError: quotes the first path that is out of order or there twice.
    """
    wrong = _first_disorder(con, table)
    if wrong:
        how = "is there twice" if wrong[1] else "is out of order (rows must be sorted by the bytes of their paths)"
        raise ManifestError(f"{where}: {wrong[0]!a} {how}.")


def is_sorted(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether rows stand in strict byte order of their paths already."""
    return _first_disorder(con, table) is None


def _first_disorder(con: duckdb.DuckDBPyConnection, table: str) -> tuple[str, bool] | None:
    # A window without ORDER BY streams over the rows as they stand: no sort, no memory.
    found: tuple[str, bool] | None = con.execute(
        f"SELECT path, path = before FROM (SELECT path, lag(path) OVER () AS before FROM {table}) "
        "WHERE path <= before LIMIT 1"
    ).fetchone()
    return found


def check_manifest_rows(con: duckdb.DuckDBPyConnection, table: str, where: str, serial: int) -> tuple[int, int]:
    """Check every rule of a manifest's rows but their order.

    Args:
        con: an open connection.
        table: manifest-shaped table or view.
        where: names the file in messages.
        serial: the manifest's own; no row may have a later one.

    Returns:
        Rows, and the sum of their sizes in bytes.

    Raises:
        ManifestError: says which rule is broken.
    """
    row = con.execute(
        f"""SELECT count(*), coalesce(sum(size), 0)::BIGINT, {_sound_sql(serial)},
            count(*) FILTER (NOT ({plain_path_sql("path")})) FROM {table}"""
    ).fetchone()
    assert row is not None
    found, size, sound, odd = row
    if not sound:
        raise _wrong_values(con, table, where, serial)
    if odd:  # else one pass over the columns has judged them all
        check_paths(con, table, where)
    return found, size


def _sound_sql(serial: int) -> str:
    """SQL: all values of a manifest's rows are there and in their bounds (aggregates beat conditions per row)."""
    whole = " AND ".join(f"count({name}) = count(*)" for name in ("path", "size", "sha256", "md5", "serial"))
    digests = " AND ".join(
        f"min(octet_length({name})) = {size} AND max(octet_length({name})) = {size}"
        for name, size in (("sha256", 32), ("md5", 16))
    )
    bounds = f"min(size) >= 0 AND min(serial) >= 1 AND max(serial) <= {int(serial)}"
    return f"coalesce({whole} AND {digests} AND {bounds}, true)"  # NULL only where there are no rows


def _wrong_values(con: duckdb.DuckDBPyConnection, table: str, where: str, serial: int) -> ManifestError:
    wrong = con.execute(
        f"""SELECT count(*) FILTER (path IS NULL),
            count(*) FILTER (size IS NULL OR size < 0),
            count(*) FILTER (sha256 IS NULL OR octet_length(sha256) <> 32),
            count(*) FILTER (md5 IS NULL OR octet_length(md5) <> 16),
            count(*) FILTER (serial IS NULL OR serial < 1 OR serial > {int(serial)}) FROM {table}"""
    ).fetchone()
    assert wrong is not None
    bad, what = next(pair for pair in zip(wrong, ("path", "size", "sha256", "md5", "serial"), strict=True) if pair[0])
    return ManifestError(f"{where}: {bad:,} rows have no valid {what}.")


def check_delta_rows(con: duckdb.DuckDBPyConnection, table: str, where: str, from_serial: int) -> None:
    """Check every rule of a delta's rows but their order.

    Raises:
        ManifestError: says which rule is broken, and quotes the first path that breaks it.
    """
    for rule, condition in _delta_rules(from_serial).items():
        wrong = con.execute(f"SELECT path FROM {table} WHERE NOT coalesce({condition}, false) LIMIT 1").fetchone()
        if wrong:
            raise ManifestError(f"{where}: the row of {wrong[0]!a} {rule}.")
    check_paths(con, table, where)
    check_paths(con, table, where, "from_path")
    _check_renames(con, table, where)


def check_counts(stated: DeltaCounts, counted: DeltaCounts, where: str) -> None:
    """Refuse a delta whose metadata and rows disagree. Raises `ManifestError`."""
    if stated != counted:
        raise ManifestError(f"{where} says {stated}, but its rows are {counted}.")


def _delta_rules(from_serial: int) -> dict[str, str]:
    known = ", ".join(f"'{word}'" for word in _SHAPES)
    whole = "size >= 0 AND octet_length(sha256) = 32 AND octet_length(md5) = 16"
    old = (
        "old_size >= 0 AND octet_length(old_sha256) = 32 AND octet_length(old_md5) = 16 "
        f"AND old_serial BETWEEN 1 AND {int(from_serial)}"
    )
    none = " AND ".join(f"{name} IS NULL" for name in VALUES)
    no_old = " AND ".join(f"old_{name} IS NULL" for name in (*VALUES, "serial"))
    comes = ", ".join(f"'{word}'" for word, (_, new) in _SHAPES.items() if new)
    was = ", ".join(f"'{word}'" for word, (base, _) in _SHAPES.items() if base)
    differ = " OR ".join(f"{name} IS DISTINCT FROM old_{name}" for name in VALUES)
    return {
        "has no path": "path IS NOT NULL",
        "has an unknown change": f"change IN ({known})",
        "lacks valid new values": f"change NOT IN ({comes}) OR ({whole})",
        "has new values though it is removed": f"change IN ({comes}) OR ({none})",
        "lacks valid old values": f"change NOT IN ({was}) OR ({old})",
        "has old values though it is added": f"change IN ({was}) OR ({no_old})",
        "and its from_path do not agree": "(change = 'renamed') = (from_path IS NOT NULL)",
        "is changed into what it was": f"change <> 'changed' OR {differ}",
    }


def _check_renames(con: duckdb.DuckDBPyConnection, table: str, where: str) -> None:
    wrong = con.execute(
        f"""SELECT path FROM {table} WHERE change = 'renamed' AND strlen(path) = length(path)
            AND from_path IS DISTINCT FROM {twin_sql("path")} LIMIT 1"""
    ).fetchone()
    if wrong is None:
        odd = con.execute(
            f"SELECT path, from_path FROM {table} WHERE change = 'renamed' AND strlen(path) <> length(path)"
        )
        for path, from_path in odd.fetchall():
            if (twin := ArchivePath.parse(path).twin) is None or twin.text != from_path:
                wrong = (path,)
    if wrong:
        raise ManifestError(f"{where}: {wrong[0]!a} is said to be renamed from a path that is not its R/D twin.")
    # A path may leave only once: as the origin of one rename or as a row of its own, never both.
    twice = con.execute(f"SELECT d.path FROM {table} d SEMI JOIN {table} r ON r.from_path = d.path LIMIT 1").fetchone()
    if twice:
        raise ManifestError(f"{where}: {twice[0]!a} is the origin of a rename and has a row of its own.")
