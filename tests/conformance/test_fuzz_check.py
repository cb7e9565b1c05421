"""Damaged and truncated files of every kind: no traceback, no hang, no file lost, memory bounded."""

import resource
import sys
from collections import Counter
from dataclasses import replace

import pytest

from gdac.check.finding import Verdict
from gdac.check.options import Options
from gdac.check.pool import Pool
from gdac.check.task import Settings, Task
from tests.conformance.fuzz import damaged_files, truncated_files
from tests.rules.draft import Draft, _netcdf4
from tests.rules.samples import KINDS, sample

SETTINGS = Settings(Options(all_versions=True, null_warn=True), time_limit=30.0, memory_limit=4 << 30)


def right_files(shared=None):
    """Classic files: real ones of every type, or those of the sample archive."""
    if shared is None:
        return [(file.name, file.encode()) for file in map(sample, KINDS)]
    found = []
    for pattern in ("R*", "D*", "BR*", "BD*", "SD*", "*_meta", "*_tech", "*traj", "*_prof"):
        paths = sorted((shared / "gdac" / "dac").glob(f"*/*/profiles/{pattern}.nc")) or sorted(
            (shared / "gdac" / "dac").glob(f"*/*/{pattern}.nc")
        )
        found += paths[:: max(1, len(paths) // 6)][:6]
    return [(path.name, path.read_bytes()) for path in found if path.stat().st_size < 2_000_000]


def as_netcdf4(files):
    return [(name, _netcdf4(Draft.read(data, name, "coriolis", 1.6e9))) for name, data in files]


def judged(files, seconds=30.0):
    """Check all and prove what the module's first line says; verdicts by count."""
    tasks = [Task(name, f"{number}/{name}", "coriolis", 1.9e9, data) for number, (name, data) in enumerate(files)]
    with Pool(replace(SETTINGS, time_limit=seconds), 2) as pool:
        results = list(pool.run(tasks))
    assert [each.path for each in results] == [task.label for task in tasks]
    failed = [
        f"{each.path}: {finding.text}" for each in results for finding in each.findings if finding.rule == "CHK-001"
    ]
    assert failed == []
    assert all(each.findings for each in results if each.verdict is not Verdict.ACCEPTED)
    biggest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1 if sys.platform == "darwin" else 1024)
    assert biggest < 3000, f"a worker took {biggest} MB"
    return Counter(each.verdict for each in results)


def test_some_of_every_kind():
    classic = right_files()
    hdf5 = as_netcdf4(classic[:6])
    anywhere = damaged_files(classic, 40, 5, headers=False)
    found = judged([*damaged_files(classic, 120, 1), *anywhere, *truncated_files(classic, 24, 2)])
    assert set(found) <= {Verdict.ACCEPTED, Verdict.REJECTED}
    assert found[Verdict.REJECTED] > 80
    # One of these has the HDF5 library turn in circles until its time is over.
    judged([*damaged_files(hdf5, 16, 3), *truncated_files(hdf5, 8, 4)], seconds=5.0)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_twenty_thousand_damaged_headers(shared):
    classic = right_files(shared)
    found = Counter()
    for seed in range(10):
        found += judged(list(damaged_files(classic, 2_000, 100 + seed)))
    assert found.total() == 20_000
    assert set(found) <= {Verdict.ACCEPTED, Verdict.REJECTED}


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_five_thousand_files_damaged_anywhere(shared):
    assert judged(list(damaged_files(right_files(shared), 5_000, 11, headers=False))).total() == 5_000


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_two_thousand_truncated_files_and_as_many_damaged_ones_of_hdf5(shared):
    classic = right_files(shared)
    hdf5 = as_netcdf4(classic[::4])
    sprof = shared / "gdac" / "dac" / "coriolis" / "3902131" / "3902131_Sprof.nc"
    found = judged([*truncated_files(classic, 1_500, 7), *truncated_files(hdf5, 500, 8)])
    assert found.total() == 2_000
    judged(list(truncated_files([(sprof.name, sprof.read_bytes())], 20, 9)))
    assert judged(list(damaged_files(hdf5, 2_000, 10))).total() == 2_000
