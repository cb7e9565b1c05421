"""Any state of a sealed local tree as a table, and what a table holds by DAC and kind."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import RefusedError
from gdac.manifest.delta import apply
from gdac.manifest.files import load_delta
from gdac.manifest.head import Head
from gdac.manifest.local import open_manifest
from gdac.paths import ArchivePath, Kind

_BATCH: Final = 10_000
_FLOAT: Final = r"dac/([a-z][a-z0-9_-]{1,31})/(\d{7}|\d{5})/"
_PROFILE: Final = _FLOAT + r"profiles/([BSM]?)[RD](\d{7}|\d{5})_(?:\d{3}|[1-9]\d{3})D?\.nc"
_FILE: Final = _FLOAT + r"(\d{7}|\d{5})_(?:(meta|tech|prof|Sprof|Mprof)|(B?)[RD]traj)\.nc"
_PROFILES: Final = {
    "": Kind.PROFILE,
    "B": Kind.BIO_PROFILE,
    "S": Kind.SYNTHETIC_PROFILE,
    "M": Kind.MERGED_PROFILE,
}
_FILES: Final = {
    "meta": Kind.META,
    "tech": Kind.TECH,
    "prof": Kind.MULTI_PROFILE,
    "Sprof": Kind.SYNTHETIC_MULTI_PROFILE,
    "Mprof": Kind.MERGED_MULTI_PROFILE,
    "": Kind.TRAJECTORY,
    "B": Kind.BIO_TRAJECTORY,
}


def open_state(con: duckdb.DuckDBPyConnection, tree: Path, head: Head, serial: int, table: str) -> None:
    """Make the state of a serial, as a view of its full manifest or from an older one and the deltas since.

    Args:
        con: an open connection.
        tree: a sealed tree that holds the manifests and deltas its head lists.
        head: its head.
        serial: which state.
        table: name of the view or table to make.

    Raises:
        RefusedError: the head no longer lists enough to rebuild that serial, or a file is not what it must be.
    """
    full = {entry.serial: entry for entry in (*head.manifests, head.manifest)}
    deltas = {entry.serial: entry for entry in head.deltas}
    start = max((known for known in full if known <= serial), default=None)
    if start is None or serial > head.serial or any(step not in deltas for step in range(start + 1, serial + 1)):
        raise RefusedError(
            f"serial {serial} of {tree} cannot be rebuilt: its head lists neither its manifest nor the way to it.",
            hint=f"The newest serial is {head.serial}; `gdac manifest log` lists those within reach.",
        )
    steps = range(start + 1, serial + 1)
    names = [table if step == serial else f"{table}_{step}" for step in range(start, serial + 1)]
    open_manifest(con, tree, full[start], head.archive, names[0])
    for step, base, out in zip(steps, names, names[1:], strict=False):
        entry = deltas[step]
        load_delta(con, tree / entry.key, f"{out}_delta", expect_sha256=entry.sha256, archive=head.archive)
        apply(con, base, f"{out}_delta", out, serial=step)


def list_superseded(con: duckdb.DuckDBPyConnection, tree: Path, head: Head, table: str) -> None:
    """Make a table of the paths (``path``) that left with one of the deltas the head lists.

    Their bytes may still be there for a grace period. A path that came back is in the manifest, which decides.

    Raises:
        RefusedError: a delta is missing or not what the head says.
    """
    con.execute(f"CREATE OR REPLACE TABLE {table} (path VARCHAR)")
    for entry in head.deltas:
        step = f"{table}_delta"
        load_delta(con, tree / entry.key, step, expect_sha256=entry.sha256, archive=head.archive)
        con.execute(
            f"INSERT INTO {table} SELECT coalesce(from_path, path) FROM {step} WHERE change IN ('removed', 'renamed')"
        )
        con.execute(f"DROP TABLE {step}")


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many files of one kind one DAC has, and their bytes; ``dac`` is empty for paths of no DAC."""

    dac: str
    kind: Kind
    files: int
    bytes: int


def count_kinds(con: duckdb.DuckDBPyConnection, table: str, where: str = "true") -> list[KindCount]:
    """Count files by DAC and kind, sorted by both.

    Args:
        con: an open connection.
        table: has columns ``path`` and ``size``.
        where: SQL condition on them.
    """
    files: Counter[tuple[str, Kind]] = Counter()
    sizes: Counter[tuple[str, Kind]] = Counter()
    for known, pattern, kinds, key in (
        ("profile", _PROFILE, _PROFILES, "g.letter"),
        ("file", _FILE, _FILES, "concat(g.what, g.bio)"),
    ):
        groups = "['dac', 'wmo', 'letter', 'again']" if known == "profile" else "['dac', 'wmo', 'again', 'what', 'bio']"
        rows = con.execute(
            f"""SELECT g.dac, {key}, count(*), sum(size)::BIGINT
            FROM (SELECT size, regexp_extract(path, '{pattern}', {groups}) AS g FROM {table}
                  WHERE ({where}) AND regexp_full_match(path, '{pattern}'))
            WHERE g.wmo = g.again GROUP BY ALL"""
        ).fetchall()
        for dac, word, count, size in rows:
            files[dac, kinds[word]] += count
            sizes[dac, kinds[word]] += size
    _count_others(con, f"{table} WHERE ({where})", files, sizes)
    return [KindCount(dac, kind, files[dac, kind], sizes[dac, kind]) for dac, kind in sorted(files)]


def _count_others(
    con: duckdb.DuckDBPyConnection, source: str, files: Counter[tuple[str, Kind]], sizes: Counter[tuple[str, Kind]]
) -> None:
    """Paths outside the two common families: a few per cent, through the parser itself."""
    alike = " OR ".join(
        f"(regexp_full_match(path, '{pattern}') "
        f"AND regexp_extract(path, '{pattern}', 2) = regexp_extract(path, '{pattern}', {again}))"
        for pattern, again in ((_PROFILE, 4), (_FILE, 3))
    )
    others = con.cursor().execute(f"SELECT path, size FROM {source} AND NOT ({alike})")
    while batch := others.fetchmany(_BATCH):
        for path, size in batch:
            parsed = ArchivePath.parse(path)
            key = (parsed.dac or "", parsed.kind)
            files[key] += 1
            sizes[key] += size
