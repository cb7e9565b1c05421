"""Which profiles go into the files of a day: of observation and ocean (``geo/``), or of arrival (``latest_data/``)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

import duckdb

from gdac.index.grammar import delayed_twin
from gdac.paths import ArchivePath, Kind

#: Folders of ``geo/`` by the ocean code of the profile index.
OCEANS: Final[Mapping[str, str]] = {"A": "atlantic_ocean", "I": "indian_ocean", "P": "pacific_ocean"}
#: ``latest_data/`` holds the arrivals of so many days, today's among them.
LATEST_DAYS: Final = 30
#: Profiles of one file of ``latest_data/``; beyond it another part begins. Ours: no source names the real number.
PER_PART: Final = 500


def geo_path(ocean: str, day: date) -> str:
    """The file of a day and ocean (``A``, ``I`` or ``P``), relative to the archive's root."""
    return f"geo/{OCEANS[ocean]}/{day:%Y/%m}/{day:%Y%m%d}_prof.nc"


def geo_members(con: duckdb.DuckDBPyConnection, table: str, day: date) -> dict[str, tuple[str, ...]]:
    """The profiles of a day's ``geo/`` files.

    Args:
        con: where the table is.
        table: the profile index of the archive, as `gdac.index.read.load_index` makes it.
        day: day (UTC) of the profiles' JULD.

    Returns:
        Paths of the members by the path of the merged file, for all three oceans: a file without members has nothing
        to hold (any more). Profiles without a good date or position are in no file; R files that have a D file neither.
    """
    found: dict[str, list[str]] = {geo_path(ocean, day): [] for ocean in OCEANS}
    replaced = f"SELECT 1 FROM {table} AS d WHERE d.path <> r.path AND d.path = {delayed_twin('r.path')}"
    query = (
        f"SELECT ocean, path FROM {table} AS r WHERE date >= ? AND date < ? AND ocean IN ('A', 'I', 'P') "
        f"AND NOT EXISTS ({replaced}) ORDER BY path"
    )
    for ocean, path in con.execute(query, [day, day + timedelta(days=1)]).fetchall():
        found[geo_path(ocean, day)].append(path)
    return {path: tuple(members) for path, members in found.items()}


def geo_touched(con: duckdb.DuckDBPyConnection, tables: Sequence[str], paths: Iterable[str]) -> tuple[date, ...]:
    """The days whose ``geo/`` files change when these profiles do.

    Args:
        con: where the tables are.
        tables: the profile index before and after: a profile may leave a day as well as come to it.
        paths: profiles that came, changed or went.
    """
    wanted = list(paths)
    each = " UNION ".join(f"SELECT path, date FROM {table}" for table in tables)
    query = (
        f"SELECT DISTINCT CAST(date AS DATE) FROM ({each}) WHERE date IS NOT NULL "
        "AND path IN (SELECT unnest(?::VARCHAR[])) ORDER BY ALL"
    )
    return tuple(day for (day,) in con.execute(query, [wanted]).fetchall())


def latest_members(
    arrivals: Iterable[tuple[ArchivePath, datetime]], today: date, *, per_part: int = PER_PART
) -> dict[str, tuple[str, ...]]:
    """The profiles of every file of ``latest_data/``.

    Args:
        arrivals: what came and when (aware); other kinds than core profiles are passed over.
        today: the last day (UTC) that has files; there are `LATEST_DAYS` of them.
        per_part: profiles of one file.

    Returns:
        Paths of the members by the path of the merged file, for files that have any: R and D files apart, by path. A
        profile that came again is in the file of its last arrival, an R file whose D file came is in none.
    """
    last: dict[str, tuple[ArchivePath, datetime]] = {}
    for path, arrived in arrivals:
        if path.kind is Kind.PROFILE and (path.text not in last or last[path.text][1] < arrived):
            last[path.text] = (path, arrived)
    days: dict[tuple[date, str], list[str]] = {}
    for text, (path, arrived) in sorted(last.items()):
        day = arrived.astimezone(UTC).date()
        if not today - timedelta(days=LATEST_DAYS) < day <= today:
            continue
        if path.mode == "R" and path.twin is not None and path.twin.text in last:
            continue
        days.setdefault((day, path.mode or "R"), []).append(text)
    return {
        f"latest_data/{mode}{day:%Y%m%d}_prof_{at // per_part}.nc": tuple(members[at : at + per_part])
        for (day, mode), members in sorted(days.items())
        for at in range(0, len(members), per_part)
    }
