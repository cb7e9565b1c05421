"""The files that a GDAC makes out of what DACs submit: multi-profile files of floats, of days and of arrivals.

    files = float_files(Path("dac/aoml/13857"))
    merge(files, Path("dac/aoml/13857/13857_prof.nc"), order=Order.CYCLE, merged_at=now)

    geo_members(con, "profile_index", day)         # what goes into geo/atlantic_ocean/2026/01/20260115_prof.nc
    latest_members(arrivals, today)                # what goes into latest_data/R20260115_prof_0.nc

Rules: GDAC cookbook (doi 10.13155/46202) section 2.5, and what real merged files show (docs/merged-files.md). Synthetic
profiles (S files) are not made here.
"""

from gdac.merged.choose import float_files
from gdac.merged.columns import (
    float_members_query,
    float_products_query,
    geo_members_query,
    latest_members_query,
)
from gdac.merged.days import geo_members, geo_path, geo_touched, latest_members
from gdac.merged.merging import Merged, Order, first_made, merge
from gdac.merged.profile import MergeError, NothingToMergeError

__all__ = [
    "MergeError",
    "Merged",
    "NothingToMergeError",
    "Order",
    "first_made",
    "float_files",
    "float_members_query",
    "float_products_query",
    "geo_members",
    "geo_members_query",
    "geo_path",
    "geo_touched",
    "latest_members",
    "latest_members_query",
    "merge",
]
