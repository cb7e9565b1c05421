"""Doing one task in this process, and what is said of files that could not be checked at all."""

from pathlib import Path

from gdac.check.dataset import NeedsWorkerError
from gdac.check.file import check_bytes, check_here
from gdac.check.finding import Finding, Phase, Place, Result, Verdict
from gdac.check.options import Options
from gdac.check.plan import rule_called
from gdac.check.rule import Rule
from gdac.check.task import Task
from gdac.tables import Tables


def perform(task: Task, tables: Tables, options: Options, *, hdf5: bool = True) -> Result:
    """Do one task in this process.

    Raises:
        NeedsWorkerError: the file is NetCDF-4 and ``hdf5`` is False.
    """
    if task.refused:
        return _said(task, Verdict.REJECTED, "CHK-005", f"the archive cannot be used: {task.refused}")
    if not task.is_netcdf:
        return skipped(task)
    try:
        return _checked(task, tables, options, hdf5)
    except NeedsWorkerError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug in reading costs this file, not the run; the engine catches those in rules
        return crashed(task, f"{type(error).__name__}: {error}".replace(task.path, task.label))


def _checked(task: Task, tables: Tables, options: Options, hdf5: bool) -> Result:
    path = Path(task.path)
    if task.data is None:
        return check_here(path, tables, options, dac=task.dac, label=task.label, received=task.received, hdf5=hdf5)
    return check_bytes(
        task.data, path.name, tables, options, received=task.received or 0.0, dac=task.dac, label=task.label, hdf5=hdf5
    )


def skipped(task: Task) -> Result:
    """The result for a file that is not named ``.nc``."""
    return _said(task, Verdict.SKIPPED, "CHK-004", "the name does not end in .nc, so the file was not looked at")


def crashed(task: Task, how: str) -> Result:
    """The result for a file that ended the process which read it."""
    return _said(task, Verdict.CRASH, "CHK-002", f"reading the file ended the process ({how})")


def timed_out(task: Task, limit: float) -> Result:
    """The result for a file that took too long."""
    return _said(task, Verdict.TIMEOUT, "CHK-003", f"the check took longer than {limit:g} s")


def _said(task: Task, verdict: Verdict, rule_id: str, text: str) -> Result:
    rule = rule_called(rule_id)
    assert isinstance(rule, Rule)
    finding = Finding(rule_id, rule.severity, Place(), text, mend=rule.mend)
    failed = None if verdict is Verdict.SKIPPED else Phase.OPEN
    return Result(task.label, task.dac, verdict, (finding,), failed_in=failed)
