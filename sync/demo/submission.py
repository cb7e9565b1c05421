"""The demo's submission: a data centre's files as they come, right ones and wrong ones, checked."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np

from gdac.check import check_paths
from gdac.check.finding import Result, Verdict
from gdac.check.report import Format, open_report
from gdac.netcdf import read_header


@dataclass(frozen=True, slots=True)
class Submitted:
    """What the check said of the demo's submission.

    Attributes:
        folder: the submission.
        report: an HTML page with all findings.
        text: the same for a terminal.
        spoiled: names of the files that were made wrong, each with what was done to it.
        results: verdicts, by file name.
    """

    folder: Path
    report: Path
    text: str
    spoiled: dict[str, str]
    results: dict[str, Result]

    @property
    def rejected(self) -> list[str]:
        """Names of the files that were not accepted."""
        return sorted(name for name, result in self.results.items() if result.verdict is not Verdict.ACCEPTED)


def submit(source: Path, directory: Path) -> Submitted:
    """Make a submission out of one float's files of the sample GDAC, spoil four of them, and check it.

    Args:
        source: the sample GDAC.
        directory: the demo's directory; gets ``submission/<dac>/`` and ``submission.html``.
    """
    floats = sorted(path.parent for path in source.glob("dac/*/*/*_meta.nc") if len(_profiles(path.parent)) >= _BAD)
    float_ = floats[0]
    folder = directory / "submission" / float_.parent.name
    folder.mkdir(parents=True)
    for file in [*_profiles(float_), *sorted(float_.glob("*.nc"))]:
        if not file.name.endswith("prof.nc"):
            shutil.copy2(file, folder / file.name)
    spoiled = dict(_spoil(path, number) for number, path in enumerate(_profiles(folder)[:_BAD]))
    report = directory / "submission.html"
    text = StringIO()
    results: dict[str, Result] = {}
    with ExitStack() as stack:
        page = stack.enter_context(report.open("w", encoding="utf-8", newline="\n"))
        written = [
            stack.enter_context(open_report(Format.TEXT, text)),
            stack.enter_context(open_report(Format.HTML, page)),
        ]
        for result in check_paths([folder]):
            results[Path(result.path).name] = result
            for each in written:
                each.add(result)
    return Submitted(folder, report, text.getvalue(), spoiled, results)


def _profiles(folder: Path) -> list[Path]:
    """The core profiles below a folder."""
    return sorted(path for path in folder.rglob("[RD]*_*.nc") if path.name[1:8].isdigit())


def _spoil(path: Path, number: int) -> tuple[str, str]:
    what, change = _SPOILERS[number]
    return change(path), what


def _overwrite(path: Path, variable: str, raw: bytes) -> str:
    """Write other bytes over the beginning of a variable; returns the file's name."""
    begin = read_header(path).variables[variable].begin
    assert begin is not None
    with path.open("r+b") as file:
        file.seek(begin)
        file.write(raw)
    return path.name


def _truncate(path: Path) -> str:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    return path.name


def _rename(path: Path) -> str:
    cycle = path.stem.split("_")[1]
    return path.rename(path.with_name(path.name.replace(f"_{cycle}", "_999"))).name


_FUTURE = np.array([73000.0], ">f8").tobytes()
_SPOILERS: Sequence[tuple[str, Callable[[Path], str]]] = (
    ("a quality flag that is none", lambda path: _overwrite(path, "TEMP_QC", b"7")),
    ("a date in the year 2149", lambda path: _overwrite(path, "JULD", _FUTURE)),
    ("cut off in the middle", _truncate),
    ("the name of another cycle", _rename),
)
_BAD = len(_SPOILERS)
