"""The files that a GDAC makes out of what DACs submit: multi-profile files of floats, of days and of arrivals.

    files = float_files(Path("dac/aoml/13857"))
    merge(files, Path("dac/aoml/13857/13857_prof.nc"), order=Order.CYCLE, merged_at=now)

Rules: GDAC cookbook (doi 10.13155/46202) section 2.5, and what real merged files show (docs/merged-files.md). Synthetic
profiles (S files) are not made here.
"""

from gdac.merged.choose import float_files
from gdac.merged.merging import Merged, Order, merge
from gdac.merged.profile import MergeError

__all__ = ["MergeError", "Merged", "Order", "float_files", "merge"]
