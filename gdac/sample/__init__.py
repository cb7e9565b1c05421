"""A sample GDAC: valid Argo files and indexes of invented floats, the same bytes for the same seed.

    state = make_archive(root, floats=12, cycles=8, seed=1, day=date(2025, 3, 1))
    changes = next_day(root)           # new cycles, R -> D, corrections, removals; says exactly what changed

For demonstrations, tests and benchmarks. Nothing in it was measured at sea.
"""

from gdac.sample.archive import SampleChanges, SampleState, make_archive, next_day

__all__ = ["SampleChanges", "SampleState", "make_archive", "next_day"]
