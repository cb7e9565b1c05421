"""The formats of a report, and how to open one."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TextIO

from gdac.check.finding import Result
from gdac.check.report.tally import Tally


class Format(StrEnum):
    """How a report is written."""

    TEXT = "text"
    JSONL = "jsonl"
    FILECHECK = "filecheck"
    JUNIT = "junit"
    SARIF = "sarif"
    GITHUB = "github"
    HTML = "html"


class Writer(Protocol):
    """What a format must be able to do."""

    def add(self, result: Result) -> None:
        """Write, or remember, one result."""

    def close(self, tally: Tally) -> None:
        """Write what comes last."""


class Report:
    """A report that is being written.

    Attributes:
        tally: counts of what was added so far.
    """

    def __init__(self, writer: Writer) -> None:
        self.tally = Tally()
        self._writer = writer

    def add(self, result: Result) -> None:
        """Add one result."""
        self.tally.add(result)
        self._writer.add(result)

    def close(self) -> None:
        """Write what comes last: sums, versions, closing brackets."""
        self._writer.close(self.tally)


@contextmanager
def open_report(format: Format, out: TextIO, *, folder: Path | None = None, **options: Any) -> Iterator[Report]:  # noqa: A002
    """Open a report; it is closed at the end, unless an error ends the run.

    Args:
        format: how it is written.
        out: where it goes.
        folder: for ``filecheck``: one document per file goes here instead of to ``out``.
        options: for ``text``: ``colour`` and ``every`` (list accepted files as well); for ``jsonl``: ``evidence``.
    """
    if format is Format.FILECHECK:
        options["folder"] = folder
    # A check of one file should not wait for the seven formats it does not write.
    writer: Writer = import_module(f"gdac.check.report.{format}").Writer(out, **options)
    report = Report(writer)
    yield report
    report.close()
