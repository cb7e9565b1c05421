"""Which files go into which merged file, for many of them at once: queries over tables of the whole archive.

Each gives the columns ``product`` (path of a merged file) and ``path`` (of a member). The rules are those of
`gdac.merged.choose` and `gdac.merged.days`, which say them for one float or day. Table names are ours.
"""

from datetime import date, timedelta
from typing import Final

from gdac.index.grammar import certain, delayed_twin
from gdac.merged.days import LATEST_DAYS, OCEANS, PER_PART
from gdac.paths import Kind

#: SQL: the path is that of a core profile.
IS_CORE: Final = certain(frozenset({Kind.PROFILE}))
_FOLDER: Final = "left(path, strpos(path, '/profiles/') - 1)"
_PRODUCT_OF_FLOAT: Final = f"{_FOLDER} || '/' || split_part({_FOLDER}, '/', 3) || '_prof.nc'"
_MODE: Final = "substr(path, strpos(path, '/profiles/') + 10, 1)"


def float_products_query(paths: str) -> str:
    """SQL: the merged files (``product``) of the floats of which a table has core profiles."""
    return f"select distinct {_PRODUCT_OF_FLOAT} as product from {paths} where {IS_CORE}"


def float_members_query(held: str, products: str) -> str:
    """SQL: the members of floats' merged files: core profiles, an R file only where there is no D file of it.

    Args:
        held: table with the archive's paths.
        products: table of the merged files that are asked for (``product``).
    """
    return (
        f"with core as (select {_PRODUCT_OF_FLOAT} as product, path from {held}"
        f" where contains(path, '/profiles/') and {IS_CORE}),"
        f" chosen as materialized (select product, path from core semi join {products} using (product)),"
        f" twins as (select path, {delayed_twin()} as delayed from chosen)"
        " select product, path from chosen anti join"
        " (select path from twins where delayed <> path and delayed in (select path from chosen)) using (path)"
    )


def geo_members_query(rows: str, held: str) -> str:
    """SQL: the members of the files of days.

    Args:
        rows: table of the index rows of those days (path, date, ocean).
        held: table with the archive's paths: an R file that has a D file there is in none.
    """
    oceans = " ".join(f"when '{code}' then '{folder}'" for code, folder in OCEANS.items())
    known = ", ".join(f"'{code}'" for code in OCEANS)
    return (
        f"with placed as (select 'geo/' || case ocean {oceans} end || strftime(date, '/%Y/%m/%Y%m%d_prof.nc')"
        f" as product, path, {delayed_twin()} as delayed from {rows} where date is not null and ocean in ({known}))"
        f" select product, path from (select * from placed semi join {held} using (path)) where delayed = path"
        f" or delayed not in (select path from {held} where path in (select delayed from placed where delayed <> path))"
    )


def latest_members_query(arrivals: str, offsets: str, today: date, *, per_part: int = PER_PART) -> str:
    """SQL: the members of every file of ``latest_data/``.

    Args:
        arrivals: table of what came and is there (path, arrived as TIMESTAMP, UTC), each path once.
        offsets: table (day as DATE, mode, first): where the numbers of a day's parts begin, 0 where it says nothing.
        today: the last day (UTC) that has files.
        per_part: profiles of one file.
    """
    first = today - timedelta(days=LATEST_DAYS - 1)
    return (
        f"with core as (select path, cast(arrived as date) as day, {_MODE} as mode, {delayed_twin()} as delayed"
        f" from {arrivals} where {IS_CORE}),"
        " placed as (select path, day, mode, (row_number() over (partition by day, mode order by path) - 1)"
        f" // {int(per_part)} as part from core where day between date '{first}' and date '{today}'"
        " and (delayed = path or delayed not in (select path from core)))"
        " select 'latest_data/' || mode || strftime(day, '%Y%m%d') || '_prof_'"
        " || (part + coalesce(first, 0))::bigint || '.nc' as product, path"
        f" from placed left join {offsets} using (day, mode)"
    )
