"""Workers that die, hang or are interrupted: what is lost is one file."""

import sys
import time
from pathlib import Path

import pytest

from gdac.check import check_file, check_paths
from gdac.check.api import FEW, run
from gdac.check.finding import Verdict
from gdac.check.options import Options
from gdac.check.pool import Pool
from gdac.check.task import Settings, Task
from tests.rules.samples import sample

#: Stands in for a library that dies or hangs on a file: loaded by workers through the environment, by its file's name.
TRAP = """
import os, time
import gdac.check.work as work
checked = work._checked
def trapped(task, tables, options, hdf5):
    name = os.path.basename(task.path)
    if name == os.environ.get("TRAP_DIES"):
        os.abort()
    if name == os.environ.get("TRAP_DIES_ONCE") and not os.path.exists(os.environ["TRAP_MARK"]):
        open(os.environ["TRAP_MARK"], "w").close()
        os._exit(9)
    if name == os.environ.get("TRAP_HANGS"):
        time.sleep(600)
    return checked(task, tables, options, hdf5)
work._checked = trapped
"""


@pytest.fixture
def trapped(monkeypatch, tmp_path):
    """Workers start with the trap in place: `sitecustomize` is Python's own hook for that."""
    folder = tmp_path / "trap"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(TRAP)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    monkeypatch.setenv("TRAP_MARK", str(tmp_path / "mark"))
    return monkeypatch


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Sixty right files and some wrong ones among them."""
    folder = tmp_path_factory.mktemp("coriolis")
    for number in range(60):
        file = sample("core")
        file.name = f"R6980001_{number:03d}.nc"
        file.set("CYCLE_NUMBER", number)
        if number % 10 == 3:
            file.no_variable("LATITUDE")
        file.write(folder)
    (folder / "readme.txt").write_text("not NetCDF")
    return folder


def verdicts(results):
    return {Path(each.path).name: each.verdict for each in results}


def pooled(files, **settings):
    tasks = [Task(str(path), str(path), "coriolis") for path in sorted(files.iterdir())]
    return list(run(tasks, Settings(Options(format_only=True), **settings), 2))


def test_order_and_results_do_not_depend_on_the_number_of_workers(files):
    assert len(list(files.iterdir())) > FEW
    one, two, five = (list(check_paths([files], jobs=jobs, format_only=True)) for jobs in (1, 2, 5))
    assert one == two == five
    assert [each.path for each in one] == sorted(map(str, files.iterdir()))
    assert sum(each.verdict is Verdict.REJECTED for each in one) == 6
    assert one[-1].verdict is Verdict.SKIPPED
    here = [check_file(path, format_only=True) for path in sorted(files.iterdir())]
    assert here == one


def test_a_file_that_kills_its_worker_costs_itself_alone(files, trapped):
    expected = verdicts(pooled(files))
    trapped.setenv("TRAP_DIES", "R6980001_017.nc")
    found = pooled(files)
    assert verdicts(found) == expected | {"R6980001_017.nc": Verdict.CRASH}
    (crash,) = [each for each in found if each.verdict is Verdict.CRASH]
    assert [each.rule for each in crash.findings] == ["CHK-002"]
    assert [each.path for each in found] == sorted(each.path for each in found)


def test_a_worker_that_dies_once_costs_nothing(files, trapped):
    expected = verdicts(pooled(files))
    trapped.setenv("TRAP_DIES_ONCE", "R6980001_017.nc")
    assert verdicts(pooled(files)) == expected


def test_a_file_that_never_ends_costs_itself_alone(files, trapped):
    expected = verdicts(pooled(files))
    trapped.setenv("TRAP_HANGS", "R6980001_031.nc")
    began = time.monotonic()
    found = pooled(files, time_limit=3.0)
    assert time.monotonic() - began < 60
    assert verdicts(found) == expected | {"R6980001_031.nc": Verdict.TIMEOUT}


def test_every_file_may_kill_and_none_is_lost(files, trapped):
    trapped.setattr(sys, "path", [p for p in sys.path if "trap" not in p])
    folder = files.parent / "all-dying"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import gdac.check.work as work, os\nwork._checked = lambda *_: os._exit(3)"
    )
    trapped.setattr(sys, "path", [str(folder), *sys.path])
    tasks = [Task(str(path), str(path)) for path in sorted(files.iterdir())[:3]]
    with Pool(Settings(), 2) as pool:
        found = list(pool.run(tasks))
    assert [each.path for each in found] == [task.path for task in tasks]
    assert {each.verdict for each in found} == {Verdict.CRASH}


def test_leaving_early_leaves_no_process_and_no_old_result(files):
    tasks = [Task(str(path), str(path), "coriolis") for path in sorted(files.iterdir())]
    with Pool(Settings(), 2) as pool:
        results = pool.run(tasks)
        assert next(results).path == tasks[0].path
        results.close()
        assert [each.path for each in pool.run(tasks[5:8])] == [task.path for task in tasks[5:8]]
        processes = [worker.process for worker in pool._workers]
    assert all(process.poll() is not None for process in processes)


def test_tasks_are_drawn_no_further_than_needed(files):
    drawn = 0

    def endless():
        nonlocal drawn
        path = str(files / "R6980001_000.nc")
        while True:
            drawn += 1
            yield Task(path, path, "coriolis")

    with Pool(Settings(Options(format_only=True)), 2) as pool:
        results = pool.run(endless())
        for _ in range(40):
            next(results)
        assert drawn < 1000
        results.close()


def test_workers_that_do_not_start_are_one_clear_error(files, trapped, tmp_path):
    from gdac.errors import GdacError

    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text("import os\nos._exit(7)")
    trapped.setattr(sys, "path", [str(broken), *sys.path])
    with pytest.raises(GdacError, match="do not start"), Pool(Settings(), 2) as pool:
        list(pool.run([Task(str(files / "R6980001_000.nc"), "x")]))
