"""Any state of a sealed archive as a table, and what a table holds by DAC and kind."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import duckdb

from gdac.errors import RefusedError, UsageError
from gdac.manifest.chain import Past, survey
from gdac.manifest.files import load_delta
from gdac.manifest.head import Head
from gdac.manifest.rebuild import rebuild
from gdac.paths import ArchivePath, Kind

_BATCH: Final = 10_000
_DIR: Final = r"dac/[a-z][a-z0-9_-]{1,31}/(\d{7}|\d{5})/"
_PROFILE: Final = _DIR + r"profiles/[BSM]?[RD](\d{7}|\d{5})_(\d{3}|[1-9]\d{3})D?\.nc"
_FILE: Final = _DIR + r"(\d{7}|\d{5})_(meta|tech|prof|Sprof|Mprof|B?[RD]traj)\.nc"
_PROFILES: Final = {
    "R": Kind.PROFILE,
    "D": Kind.PROFILE,
    "B": Kind.BIO_PROFILE,
    "S": Kind.SYNTHETIC_PROFILE,
    "M": Kind.MERGED_PROFILE,
}
_FILES: Final = {
    "meta.nc": Kind.META,
    "tech.nc": Kind.TECH,
    "prof.nc": Kind.MULTI_PROFILE,
    "Sprof.nc": Kind.SYNTHETIC_MULTI_PROFILE,
    "Mprof.nc": Kind.MERGED_MULTI_PROFILE,
    "Rtraj.nc": Kind.TRAJECTORY,
    "Dtraj.nc": Kind.TRAJECTORY,
    "BRtraj.nc": Kind.BIO_TRAJECTORY,
    "BDtraj.nc": Kind.BIO_TRAJECTORY,
}
#: The WMO number in the file's name is that of its directory; asked of names that match.
_SAME_IN_PROFILE: Final = "(contains(path, 'R' || wmo || '_') or contains(path, 'D' || wmo || '_'))"
_SAME_IN_FILE: Final = "contains(path, '/' || wmo || '_')"
#: What says of which kind a path of the two common families is; null for all other paths. Matching a pattern is cheap,
#: taking groups out of it is not.
_WORD: Final = (
    f"case when regexp_full_match(path, '{_PROFILE}') then"
    f" case when {_SAME_IN_PROFILE} then left(split_part(path, '/', 5), 1) end"
    f" when regexp_full_match(path, '{_FILE}') then"
    f" case when {_SAME_IN_FILE} then split_part(split_part(path, '/', 4), '_', 2) end end"
)


def open_state(con: duckdb.DuckDBPyConnection, tree: Path, head: Head, serial: int, table: str) -> None:
    """Make the state of a serial, as a view; see `state_at`."""
    state_at(con, tree, head, serial, table)


def state_at(con: duckdb.DuckDBPyConnection, tree: Path, head: Head, when: int | date, table: str) -> int:
    """Make the state of a serial or a day, as a view of its full manifest, or of the nearest one and deltas.

    Args:
        con: an open connection.
        tree: a directory that holds ``manifest/``: a sealed archive, or copies of its sealed files. They must stay in
            place for as long as the view is used.
        head: the archive's newest head.
        when: a serial, or a day (UTC): its last serial is meant.
        table: name of the view to make; tables it needs begin with that name.

    Returns:
        The serial.

    Raises:
        UsageError: there is no such serial, or nothing was sealed by that day.
        RefusedError: what is at hand does not tell that state, or a file is not what it must be.
    """
    return open_past(con, survey_for(con, tree, head, when), when, table)


def survey_for(con: duckdb.DuckDBPyConnection, tree: Path, head: Head, when: int | date) -> Past:
    """As much of the past as a serial or day needs: what the head lists, or all that the chains tell.

    So an old delta that was damaged is no obstacle to a state that has nothing to do with it.
    """
    past = survey(con, tree, head, deep=False)
    try:
        serial = when if isinstance(when, int) else past.serial_on(when)
    except RefusedError:
        serial = None
    return past if serial is not None and past.way_to(serial) else survey(con, tree, head)


def open_past(con: duckdb.DuckDBPyConnection, past: Past, when: int | date, table: str) -> int:
    """As `state_at`, of a past that was surveyed before. A way by a damaged file is left for the other one."""
    serial = when if isinstance(when, int) else serial_of(past, when)
    if not 1 <= serial <= past.newest:
        raise UsageError(
            f"there is no serial {serial} in {past.folder}; the newest is {past.newest}.",
            hint="`gdac manifest log` lists serials.",
        )
    ways = past.ways_to(serial)
    if not ways:
        raise RefusedError(
            f"serial {serial} in {past.folder} cannot be rebuilt: neither its manifest nor the way to it is there.",
            hint="`gdac manifest log` lists those within reach.",
        )
    for way in ways[:-1]:
        try:
            rebuild(con, past, way, table)
        except RefusedError:
            continue
        return serial
    rebuild(con, past, ways[-1], table)
    return serial


def serial_of(past: Past, day: date) -> int:
    """The last serial sealed at or before the end of a day (UTC).

    Raises:
        UsageError: none was, by then.
        RefusedError: what is at hand does not say which.
    """
    serial = past.serial_on(day)
    if serial is None:
        first = min(past.times.values())
        raise UsageError(
            f"nothing was sealed by the end of {day} (UTC).", hint=f"The first serial was sealed on {first:%Y-%m-%d}."
        )
    return serial


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
    named = (
        f"(select path, size, dac, {_WORD} as word from (select path, size, split_part(path, '/', 2) as dac,"
        f" split_part(path, '/', 3) as wmo from {table} where ({where})))"
    )
    groups = con.cursor().execute(
        f"select word, dac, case when word is null then path end as other, count(*), sum(size)::bigint from {named}"
        " group by all"
    )
    while batch := groups.fetchmany(_BATCH):
        for word, dac, other, count, size in batch:
            if other is None:
                key = (dac, _FILES[word] if word in _FILES else _PROFILES[word])
            else:  # of neither family: a few per cent, through the parser itself
                parsed = ArchivePath.parse(other)
                key = (parsed.dac or "", parsed.kind)
            files[key] += count
            sizes[key] += size
    return [KindCount(dac, kind, files[dac, kind], sizes[dac, kind]) for dac, kind in sorted(files)]
